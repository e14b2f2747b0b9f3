//! What is read into a snapshot. A look-up and a scan are compared with the same in an SQLite file
//! alone; the reading, with the format's own reader.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use bytes::Bytes;
use encoding_rs::GB18030;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use quick_xml::events::Event;
use tokio::net::{TcpListener, TcpStream};
use zerotrip_datasets::Manifest;
use zerotrip_test_servers::files::{Book, Dbf, OldBook};
use zerotrip_tests::deployment::{Failure, fail};
use zerotrip_trust::digest::sha256;

use super::{FIELDS, ReadIn, describe, ours, print, rate, row, sqlite};

/// Rows of an old workbook, of which the tests' own writer makes small ones.
pub const MOST_IN_XLS: usize = 20_000;

/// A file of this kind.
pub async fn dropped(kind: &str, rows: usize, folder: &Path) -> Result<(), Failure> {
    let name = format!("t.{kind}");
    let path = folder.join(&name);
    fs::write(&path, written(kind, rows)?)?;
    let bytes = fs::read(&path)?;
    let manifest = Manifest {
        as_of: chrono::Local::now().fixed_offset(),
        rows: rows as u64,
        sha256: hex::encode(sha256(&bytes)),
    };
    drop(bytes);
    fs::write(folder.join(format!("{name}.manifest.toml")), manifest.to_text())?;
    let encoding = match kind {
        "csv" => "encoding = \"utf-8\"\n",
        "dbf" => "encoding = \"gb18030\"\n",
        _ => "",
    };
    let begun = Instant::now();
    let (source, dataset) = describe(
        folder,
        &format!("kind = \"{kind}\"\npath = \"{name}\"\n{encoding}as_of = \"manifest\""),
    )?;
    let read_in = rate(rows, begun);
    let taken = ours(&*source, &dataset, rows).await?;
    drop(source);
    let begun = Instant::now();
    let read = match kind {
        "csv" => Some(csv(&path)?),
        "dbf" => Some(dbf(&path)?),
        "parquet" => Some(columns(&path)?),
        "xlsx" => Some(workbook(&path)?),
        // Nothing else here reads that one.
        _ => None,
    };
    let alone = read.map(|read| rate(read, begun));
    if let Some(read) = read.filter(|read| *read != rows) {
        return fail(format!("{read} rows of {rows} were read"));
    }
    let read_in = ReadIn { ours: read_in, alone };
    print(
        kind,
        rows,
        &taken,
        &sqlite::alone(rows, &sqlite::write(rows, folder)?).await?,
        Some(&read_in),
    );
    Ok(())
}

fn written(kind: &str, rows: usize) -> Result<Vec<u8>, Failure> {
    let cells = || (0..rows).map(|number| row(number).map(Vec::from));
    Ok(match kind {
        "csv" => {
            let mut text = ::csv::Writer::from_writer(Vec::new());
            text.write_record(FIELDS)?;
            for row in cells() {
                text.write_record(row?)?;
            }
            text.into_inner()?
        }
        "parquet" => {
            let rows = cells().collect::<Result<Vec<_>, Failure>>()?;
            let columns = FIELDS.iter().enumerate().map(|(place, name)| {
                let texts: StringArray =
                    rows.iter().map(|row| row.get(place).map(String::as_str)).collect();
                (*name, Arc::new(texts) as ArrayRef)
            });
            let batch = RecordBatch::try_from_iter(columns)?;
            let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None)?;
            writer.write(&batch)?;
            writer.into_inner()?
        }
        "dbf" => Dbf::of(&FIELDS, &cells().collect::<Result<Vec<_>, _>>()?, GB18030).bytes(),
        "xls" => OldBook::of(&FIELDS, &cells().collect::<Result<Vec<_>, _>>()?).bytes(),
        _ => Book::of(&FIELDS, &cells().collect::<Result<Vec<_>, _>>()?).bytes(),
    })
}

fn csv(path: &Path) -> Result<usize, Failure> {
    let mut reader = ::csv::Reader::from_reader(BufReader::new(File::open(path)?));
    let (mut count, mut record) = (0, ::csv::StringRecord::new());
    while reader.read_record(&mut record)? {
        count += usize::from(record.iter().map(str::to_owned).count() == FIELDS.len());
    }
    Ok(count)
}

/// Its records, each field as text: no other reader of this format is used here.
fn dbf(path: &Path) -> Result<usize, Failure> {
    let mut file = BufReader::new(File::open(path)?);
    let mut head = [0; 32];
    file.read_exact(&mut head)?;
    let [_, _, _, _, c1, c2, c3, c4, h1, h2, w1, w2, ..] = head;
    let mut fields = vec![0; usize::from(u16::from_le_bytes([h1, h2])).saturating_sub(32)];
    file.read_exact(&mut fields)?;
    let widths: Vec<usize> = fields
        .chunks_exact(32)
        .filter_map(|field| field.get(16).copied().map(usize::from))
        .collect();
    let mut record = vec![0; u16::from_le_bytes([w1, w2]).into()];
    let mut count = 0;
    for _ in 0..u32::from_le_bytes([c1, c2, c3, c4]) {
        file.read_exact(&mut record)?;
        let mut rest = record.get(1..).unwrap_or_default();
        for width in &widths {
            let Some((cell, more)) = rest.split_at_checked(*width) else { break };
            rest = more;
            std::hint::black_box(GB18030.decode_without_bom_handling(cell).0.trim_end().to_owned());
        }
        count += 1;
    }
    Ok(count)
}

fn columns(path: &Path) -> Result<usize, Failure> {
    let mut count = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()? {
        let batch = batch?;
        count += batch.num_rows();
        for column in batch.columns() {
            column
                .as_string::<i32>()
                .iter()
                .flatten()
                .for_each(|text| drop(std::hint::black_box(text.to_owned())));
        }
    }
    Ok(count)
}

/// Its parts unpacked, every element and text of the sheet and of the shared texts seen.
fn workbook(path: &Path) -> Result<usize, Failure> {
    let mut archive = zip::ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut rows = 0_usize;
    for part in ["xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"] {
        let mut reader = quick_xml::Reader::from_reader(BufReader::new(archive.by_name(part)?));
        let mut buffer = Vec::new();
        loop {
            match reader.read_event_into(&mut buffer)? {
                Event::Start(element) if element.name().as_ref() == "row" => rows += 1,
                Event::Text(text) => drop(std::hint::black_box(text.into_owned())),
                Event::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
    }
    // Its header is a row as well.
    Ok(rows.saturating_sub(1))
}

/// A collection over HTTP, in one answer.
pub async fn rest(rows: usize, folder: &Path) -> Result<(), Failure> {
    let data = (0..rows).map(|number| {
        Ok(FIELDS.into_iter().zip(row(number)?).collect::<std::collections::BTreeMap<_, _>>())
    });
    let data = data.collect::<Result<Vec<_>, Failure>>()?;
    let body =
        Bytes::from(serde_json::to_vec(&serde_json::json!({ "total": rows, "data": data }))?);
    drop(data);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let served = body.clone();
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let body = served.clone();
            let answer = move |_: Request<hyper::body::Incoming>| {
                let body = body.clone();
                async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
            };
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), hyper::service::service_fn(answer));
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    let section = format!(
        "kind = \"rest\"\nurl = \"http://127.0.0.1:{port}/rows\"\ntls = \"off\"\nrows = \
         \"/data\"\npaging = {{ kind = \"whole\", total = \"/total\" }}\nrefresh_every = \
         \"1h\"\nlive = \"a server of this measurement's own\"\nnothing_hidden = \"it knows \
         nobody who asks\""
    );
    let begun = Instant::now();
    let (source, dataset) = describe(folder, &section)?;
    let read_in = rate(rows, begun);
    let taken = ours(&*source, &dataset, rows).await?;
    drop(source);
    let begun = Instant::now();
    let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(
        TcpStream::connect(("127.0.0.1", port)).await?,
    ))
    .await?;
    let connection = tokio::spawn(async move { drop(connection.await) });
    let asked = Request::get("/rows").header("host", "127.0.0.1").body(Full::new(Bytes::new()))?;
    let answer = client.send_request(asked).await?.into_body().collect().await?.to_bytes();
    let parsed: serde_json::Value = serde_json::from_slice(&answer)?;
    let read = parsed.get("data").and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    let read_in = ReadIn { ours: read_in, alone: Some(rate(read, begun)) };
    drop(client);
    connection.abort();
    serving.abort();
    if read != rows {
        return fail(format!("{read} rows of {rows} were read"));
    }
    print(
        "rest",
        rows,
        &taken,
        &sqlite::alone(rows, &sqlite::write(rows, folder)?).await?,
        Some(&read_in),
    );
    Ok(())
}
