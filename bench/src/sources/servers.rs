//! Tables on servers.

use std::fs;
use std::path::Path;
use std::time::Instant;

use futures::TryStreamExt as _;
use mysql_async::prelude::Queryable as _;
use zerotrip_test_servers::{ADMINISTRATOR, Mariadb, PASSWORD, Postgres};
use zerotrip_tests::deployment::{Failure, fail};

use super::{LOOK_UPS, Taken, describe, key_numbers, median, ours, print, rate, row, spellings};

/// Rows to one insert.
const CHUNK: usize = 5000;

fn inserts(rows: usize) -> impl Iterator<Item = Result<String, Failure>> {
    (0..rows).step_by(CHUNK).map(move |from| {
        let literals = (from..(from + CHUNK).min(rows))
            .map(|number| Ok(format!("('{}')", row(number)?.join("','"))));
        Ok(format!(
            "insert into t values {}",
            literals.collect::<Result<Vec<_>, Failure>>()?.join(",")
        ))
    })
}

fn password(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = folder.join("password");
    fs::write(&file, PASSWORD)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

/// PostgreSQL; or the same through its ODBC driver, which is compared with the same statements
/// without it: our own driver alone.
pub async fn postgres(rows: usize, folder: &Path, by_odbc: bool) -> Result<(), Failure> {
    let server = Postgres::start()?;
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(server.port())
        .user(ADMINISTRATOR)
        .password(PASSWORD)
        .dbname("postgres");
    let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    client.batch_execute("create table t (sfzh text, zt text, rq date, dz text)").await?;
    for insert in inserts(rows) {
        client.batch_execute(&insert?).await?;
    }
    client.batch_execute("create index i on t (sfzh)").await?;
    client.batch_execute("vacuum analyze t").await?;
    password(folder)?;
    let port = server.port();
    let place = if by_odbc {
        format!(
            "kind = \"odbc\"\ndriver = \"PostgreSQL Unicode\"\nschema = \"public\"\nattributes = \
             {{ Server = \"127.0.0.1\", Port = \"{port}\", Database = \"postgres\", SSLmode = \
             \"disable\" }}"
        )
    } else {
        format!(
            "kind = \"postgres\"\nhost = \"127.0.0.1\"\nport = {port}\ndatabase = \
             \"postgres\"\ntls = \"off\""
        )
    };
    let section = format!(
        "{place}\ntable = \"t\"\nuser = \"{ADMINISTRATOR}\"\npassword_file = \
         \"password\"\nprofile_every = \"1h\""
    );
    let (source, dataset) = describe(folder, &section)?;
    let taken = ours(&*source, &dataset, rows).await?;
    drop(source);
    let by_key = client
        .prepare(
            "select sfzh::text, zt::text, rq::text, dz::text from t where sfzh = any($1::text[])",
        )
        .await?;
    let texts = |row: &tokio_postgres::Row| {
        (0..4).map(|at| row.try_get::<_, Option<String>>(at)).collect::<Result<Vec<_>, _>>()
    };
    let ask = async |values: Vec<String>| -> Result<usize, Failure> {
        let found = client.query(&by_key, &[&values]).await?;
        Ok(found.iter().map(texts).collect::<Result<Vec<_>, _>>()?.len())
    };
    let look_up = median(rows, async |number| {
        if ask(spellings(std::iter::once(number))?).await? == 1 {
            Ok(())
        } else {
            fail("not found")
        }
    })
    .await?;
    let values = spellings(key_numbers(rows))?;
    let begun = Instant::now();
    for values in values.chunks(16_384) {
        ask(values.to_vec()).await?;
    }
    let keys = begun.elapsed();
    let begun = Instant::now();
    let none: [&str; 0] = [];
    let stream =
        client.query_raw("select sfzh::text, zt::text, rq::text, dz::text from t", none).await?;
    tokio::pin!(stream);
    let mut count = 0;
    while let Some(row) = stream.try_next().await? {
        count += texts(&row)?.len() / 4;
    }
    let alone = Taken { look_up, keys, scan: rate(count, begun), resident: (0, 0) };
    print(if by_odbc { "odbc (beside no ODBC)" } else { "postgres" }, rows, &taken, &alone, None);
    Ok(())
}

/// MariaDB.
pub async fn mysql(rows: usize, folder: &Path) -> Result<(), Failure> {
    let server = Mariadb::start()?;
    let options = || {
        let options =
            mysql_async::OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(server.port());
        options.user(Some(ADMINISTRATOR)).pass(Some(PASSWORD)).prefer_socket(false)
    };
    let mut connection = mysql_async::Conn::new(options()).await?;
    connection.query_drop("create database d charset utf8mb4").await?;
    connection.query_drop("use d").await?;
    connection
        .query_drop("create table t (sfzh varchar(18), zt varchar(4), rq date, dz varchar(60))")
        .await?;
    for insert in inserts(rows) {
        connection.query_drop(insert?).await?;
    }
    connection.query_drop("create index i on t (sfzh)").await?;
    password(folder)?;
    let section = format!(
        "kind = \"mysql\"\nhost = \"127.0.0.1\"\nport = {}\ndatabase = \"d\"\ntable = \"t\"\nuser \
         = \"{ADMINISTRATOR}\"\npassword_file = \"password\"\ntls = \"off\"\nprofile_every = \
         \"1h\"",
        server.port()
    );
    let (source, dataset) = describe(folder, &section)?;
    let taken = ours(&*source, &dataset, rows).await?;
    drop(source);
    let texts = |row: mysql_async::Row| {
        (0..4).map(|at| row.get::<Option<String>, _>(at).flatten()).collect::<Vec<_>>()
    };
    let fields = "select sfzh, zt, cast(rq as char), dz from t";
    let mut times = Vec::with_capacity(LOOK_UPS);
    for number in 0..LOOK_UPS {
        let values = spellings(std::iter::once(number * 7919 % rows))?;
        let sql = format!("{fields} where sfzh in ({})", vec!["?"; values.len()].join(","));
        let begun = Instant::now();
        let found: Vec<mysql_async::Row> = connection.exec(sql, values).await?;
        let found: Vec<_> = found.into_iter().map(texts).collect();
        if found.len() != 1 {
            return fail("not found");
        }
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let look_up = times.get(LOOK_UPS / 2).copied().unwrap_or_default();
    let values = spellings(key_numbers(rows))?;
    let begun = Instant::now();
    for values in values.chunks(512) {
        let sql = format!("{fields} where sfzh in ({})", vec!["?"; values.len()].join(","));
        let found: Vec<mysql_async::Row> = connection.exec(sql, values.to_vec()).await?;
        found.into_iter().map(texts).for_each(drop);
    }
    let keys = begun.elapsed();
    let begun = Instant::now();
    let mut stream = connection.exec_stream::<mysql_async::Row, _, _>(fields, ()).await?;
    let mut count = 0;
    while let Some(row) = stream.try_next().await? {
        count += texts(row).len() / 4;
    }
    drop(stream);
    let alone = Taken { look_up, keys, scan: rate(count, begun), resident: (0, 0) };
    print("mysql", rows, &taken, &alone, None);
    Ok(())
}
