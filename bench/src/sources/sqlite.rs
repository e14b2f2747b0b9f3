//! An SQLite file: a department's own, and what every snapshot is compared with.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, Row, params_from_iter};
use zerotrip_tests::deployment::{Failure, fail};

use super::{Taken, describe, key_numbers, median, ours, print, rate, row, spellings};

/// A live table.
pub async fn live(rows: usize, folder: &Path) -> Result<(), Failure> {
    let path = write(rows, folder)?;
    let (source, dataset) =
        describe(folder, "kind = \"sqlite\"\npath = \"t.db\"\ntable = \"t\"\nas_of = \"live\"")?;
    let taken = ours(&*source, &dataset, rows).await?;
    print("sqlite", rows, &taken, &alone(rows, &path).await?, None);
    Ok(())
}

/// The rows in a table with an index.
pub fn write(rows: usize, folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join("t.db");
    let _old = fs::remove_file(&path);
    let mut database = Connection::open(&path)?;
    database.execute_batch(
        "create table t (sfzh text, zt text, rq text, dz text); create index i on t (sfzh)",
    )?;
    let write = database.transaction()?;
    for number in 0..rows {
        write.prepare_cached("insert into t values (?1, ?2, ?3, ?4)")?.execute(row(number)?)?;
    }
    write.commit()?;
    Ok(path)
}

/// The same statements through the driver alone.
pub async fn alone(rows: usize, path: &Path) -> Result<Taken, Failure> {
    let reader = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.set_prepared_statement_cache_capacity(64);
    let texts = |row: &Row<'_>| {
        (0..4).map(|at| row.get::<_, Option<String>>(at)).collect::<Result<Vec<_>, _>>()
    };
    let ask = |values: &[String]| -> Result<usize, Failure> {
        let sql = format!(
            "select sfzh, zt, rq, dz from t where sfzh in (?{})",
            ",?".repeat(values.len() - 1)
        );
        let mut statement = reader.prepare_cached(&sql)?;
        let found =
            statement.query_map(params_from_iter(values), texts)?.collect::<Result<Vec<_>, _>>()?;
        Ok(found.len())
    };
    let look_up = median(rows, async |number| {
        if ask(&spellings(std::iter::once(number))?)? == 1 { Ok(()) } else { fail("not found") }
    })
    .await?;
    let values = spellings(key_numbers(rows))?;
    let begun = Instant::now();
    for values in values.chunks(256) {
        ask(values)?;
    }
    let keys: Duration = begun.elapsed();
    let begun = Instant::now();
    let mut statement = reader.prepare("select sfzh, zt, rq, dz from t")?;
    let mut count = 0;
    for row in statement.query_map([], texts)? {
        count += row?.len() / 4;
    }
    Ok(Taken { look_up, keys, scan: rate(count, begun), resident: (0, 0) })
}
