//! Tables of SQLite files, copied to a server.

use std::path::Path;

use bytes::Bytes;
use futures::SinkExt as _;
use tokio_postgres::Client;
use zerotrip_tests::deployment::Failure;

/// Bytes of rows that are sent to a server at once.
const CHUNK: usize = 1 << 20;

/// Makes the table of an SQLite file on a server, with the same columns and rows.
pub async fn copy(client: &Client, file: &Path, table: &str) -> Result<(), Failure> {
    let (columns, chunks) = read(file, table)?;
    let columns: Vec<String> = columns.iter().map(|name| format!("\"{name}\"")).collect();
    let create =
        format!("create table \"{table}\" ({} varchar(300))", { columns.join(" varchar(300), ") });
    client.batch_execute(&create).await?;
    let statement = format!("copy \"{table}\" ({}) from stdin", columns.join(", "));
    let sink = client.copy_in::<str, Bytes>(&statement).await?;
    tokio::pin!(sink);
    for chunk in chunks {
        sink.send(chunk).await?;
    }
    sink.as_mut().finish().await?;
    Ok(())
}

/// The columns' names, and the rows in the text format of `copy`.
pub fn read(file: &Path, table: &str) -> Result<(Vec<String>, Vec<Bytes>), Failure> {
    let database = rusqlite::Connection::open(file)?;
    let mut statement = database.prepare(&format!("select * from \"{table}\""))?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let (mut chunks, mut chunk) = (Vec::new(), String::new());
    while let Some(row) = rows.next()? {
        for place in 0..columns.len() {
            if place > 0 {
                chunk.push('\t');
            }
            write_cell(&mut chunk, row.get::<_, Option<String>>(place)?.as_deref());
        }
        chunk.push('\n');
        if chunk.len() >= CHUNK {
            chunks.push(Bytes::from(std::mem::take(&mut chunk)));
        }
    }
    chunks.push(Bytes::from(chunk));
    Ok((columns, chunks))
}

fn write_cell(to: &mut String, cell: Option<&str>) {
    let Some(text) = cell else {
        to.push_str("\\N");
        return;
    };
    for character in text.chars() {
        match character {
            '\\' => to.push_str("\\\\"),
            '\t' => to.push_str("\\t"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            other => to.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_written_as_copy_reads_it() {
        let mut text = String::new();
        write_cell(&mut text, None);
        write_cell(&mut text, Some("a\tb\\N\r\n民"));
        assert_eq!(text, "\\Na\\tb\\\\N\\r\\n民");
    }
}
