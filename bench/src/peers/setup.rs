//! Both sides' tables: two PostgreSQL servers that hold one city's registers, and an installation
//! whose connectors ask them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::SinkExt as _;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};
use zerotrip_test_servers::{ADMINISTRATOR, PASSWORD, Postgres};
use zerotrip_tests::city::{self, City, Spec, System};
use zerotrip_tests::deployment::{Failure, Plan, Running, TestDeployment, fail, run, wait_until};

use crate::load::HUB_SETTINGS;

/// The database of either server.
pub const DATABASE: &str = "city";
/// What both servers run with beside the kit's own settings: room for the peer's connections and
/// the connectors', the whole city in memory, and nothing that runs by itself while it is measured.
const SETTINGS: [&str; 5] = [
    "max_connections=200",
    "shared_buffers=256MB",
    "random_page_cost=1.1",
    "jit=off",
    "autovacuum=off",
];
/// Bytes of rows that are sent to a server at once.
const CHUNK: usize = 1 << 20;
/// Time that the connectors have for reading the tables once.
const ATTACH: Duration = Duration::from_secs(300);
/// The city's seed: every measurement here is of the same one.
const SEED: u64 = 7;

/// One register: who owns it, and where the city and the servers keep it.
struct Register {
    member: &'static str,
    dataset: &'static str,
    /// Its dataset file, its SQLite file and its secrets, without their endings.
    stem: &'static str,
    table: &'static str,
    /// Columns that are looked up. Each has an index.
    keys: &'static [&'static str],
    /// The columns that the peer adds to it in which a person is named (`family.sql`,
    /// `housing.sql`).
    added: &'static [&'static str],
    /// Whether it is an extract, which says itself when it began.
    extract: bool,
}

/// On the server that answers the peer's question.
const FAMILY: [Register; 2] = [
    Register {
        member: "police",
        dataset: "police.household",
        stem: "household",
        table: "T_RKXX",
        keys: &["SFZH", "FQSFZH", "MQSFZH"],
        added: &["person_id", "father_id", "mother_id"],
        extract: false,
    },
    Register {
        member: "civil",
        dataset: "civil.marriage",
        stem: "marriage",
        table: "T_HYDJ",
        keys: &["NFSFZH", "NVFSFZH"],
        added: &["man_id", "woman_id"],
        extract: false,
    },
];
/// On the server that it reaches through postgres_fdw.
const HOUSING: [Register; 2] = [
    Register {
        member: "estate",
        dataset: "estate.ownership",
        stem: "ownership",
        table: "T_FDCQ",
        keys: &["QLRSFZH"],
        added: &["owner_id"],
        extract: true,
    },
    Register {
        member: "housing",
        dataset: "housing.presale",
        stem: "presale",
        table: "T_YSHT",
        keys: &["GMRSFZH"],
        added: &["buyer_id"],
        extract: false,
    },
];
/// Where an extract says when it began.
const EXTRACT_INFO: &str = "extract_info";

/// The two servers.
pub struct Servers {
    /// The household and marriage registers', which answers the peer's question.
    pub family: Postgres,
    /// The housing registers'.
    pub housing: Postgres,
}

impl Servers {
    fn start() -> Result<Self, Failure> {
        Ok(Self {
            family: Postgres::start_with(&SETTINGS)?,
            housing: Postgres::start_with(&SETTINGS)?,
        })
    }

    /// Their first processes.
    pub fn ids(&self) -> Vec<u32> {
        [&self.family, &self.housing].into_iter().filter_map(Postgres::id).collect()
    }
}

/// Both sides, running. The installation ends before the servers that it asks.
pub struct Site {
    pub town: TestDeployment,
    pub city: Arc<City>,
    pub spec: Spec,
    pub servers: Servers,
}

impl Site {
    /// Starts the servers, fills them, and has the connectors of a new installation ask them.
    pub fn set_up(
        folder: &Path,
        residents: usize,
        connections: u32,
        runtime: &Runtime,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Self, Failure> {
        if folder.join("town.json").exists() || folder.join("authority").exists() {
            return fail(format!(
                "`{}` holds an installation already; use another --dir",
                folder.display()
            ));
        }
        let now = Plan::now(residents, SEED);
        let spec = Spec { systems: [System::Sqlite; 4], ..now.spec };
        let plan = Plan { spec, hub_settings: HUB_SETTINGS.into() };
        tell("starting two PostgreSQL servers");
        let servers = Servers::start()?;
        let mut town = TestDeployment::start(folder, &plan, tell)?;
        tell("putting the four registers on the two servers");
        let city = town.folder.join("city");
        runtime.block_on(fill(&servers, &city))?;
        tell("each owner signs its dataset anew: its register is on a server now");
        let all = || FAMILY.iter().chain(&HOUSING);
        for register in all() {
            town.stop_connector(register.member)?;
            town.wait_detached(register.dataset)?;
        }
        for (registers, server) in [(&FAMILY, &servers.family), (&HOUSING, &servers.housing)] {
            for register in registers {
                register.describe(&city, server, connections)?;
                register.sign(&town)?;
                town.start_connector(register.member)?;
            }
        }
        let datasets: Vec<&str> = all().map(|register| register.dataset).collect();
        wait_until(ATTACH, "the four registers attached from their servers", || {
            Ok(town.wait_attached(&datasets).is_ok())
        })?;
        let city = Arc::new(city::imagine(&plan.spec)?);
        Ok(Self { town, city, spec: plan.spec, servers })
    }

    /// The connectors' processes.
    pub fn connectors(&self) -> Vec<u32> {
        let members = FAMILY.iter().chain(&HOUSING).map(|register| register.member);
        members.filter_map(|member| self.town.connector(member)).map(Running::id).collect()
    }
}

/// The tables of both servers, and what the peer adds to them.
async fn fill(servers: &Servers, city: &Path) -> Result<(), Failure> {
    let common = include_str!("common.sql");
    // This one first: the other one's statistics are of its tables too.
    let housing = create(&servers.housing, &HOUSING, city).await?;
    housing.batch_execute(&format!("{common}{}", include_str!("housing.sql"))).await?;
    housing.batch_execute("vacuum analyze").await?;
    let family = create(&servers.family, &FAMILY, city).await?;
    let peer = include_str!("family.sql")
        .replace("{port}", &servers.housing.port().to_string())
        .replace("{database}", DATABASE)
        .replace("{user}", ADMINISTRATOR)
        .replace("{password}", PASSWORD);
    family.batch_execute(&format!("{common}{peer}")).await?;
    family.batch_execute("vacuum analyze").await?;
    family.batch_execute("analyze peer.titles, peer.contracts").await?;
    Ok(())
}

/// A connection to a server, in clear text.
pub async fn connect(server: &Postgres, database: &str, options: &str) -> Result<Client, Failure> {
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(server.port())
        .user(ADMINISTRATOR)
        .password(PASSWORD)
        .dbname(database)
        .options(options);
    let (client, connection) = config.connect(NoTls).await?;
    // How it ends, its requests say themselves.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

async fn create(server: &Postgres, registers: &[Register], city: &Path) -> Result<Client, Failure> {
    let administrator = connect(server, "postgres", "").await?;
    administrator.batch_execute(&format!("create database {DATABASE}")).await?;
    let client = connect(server, DATABASE, "").await?;
    for register in registers {
        let file = city.join(register.member).join(format!("{}.db", register.stem));
        copy(&client, &file, register.table).await?;
        for key in register.keys {
            let index = format!("create index on \"{}\" (\"{key}\")", register.table);
            client.batch_execute(&index).await?;
        }
        if register.extract {
            copy(&client, &file, EXTRACT_INFO).await?;
        }
    }
    Ok(client)
}

/// Makes the table of an SQLite file on a server, with the same columns and rows.
async fn copy(client: &Client, file: &Path, table: &str) -> Result<(), Failure> {
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
fn read(file: &Path, table: &str) -> Result<(Vec<String>, Vec<Bytes>), Failure> {
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

impl Register {
    /// Rewrites the dataset file: its register is a table on this server now. The files of password
    /// and authority lie beside it.
    fn describe(&self, city: &Path, server: &Postgres, connections: u32) -> Result<(), Failure> {
        let folder = city.join(self.member);
        let password = folder.join(format!("{}.password", self.stem));
        fs::write(&password, PASSWORD)?;
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600))?;
        fs::copy(server.ca_file(), folder.join(format!("{}-ca.pem", self.stem)))?;
        let file = folder.join(format!("{}.toml", self.stem));
        let described = self.moved(&fs::read_to_string(&file)?, server.port(), connections);
        let Some(text) = described else {
            return fail(format!("`{}` lacks `[source]` or `[coverage]`", file.display()));
        };
        fs::write(&file, text)?;
        Ok(())
    }

    /// The text of the dataset file with another source. The columns that the peer adds name the
    /// persons of the look-ups once more, and the file says so.
    fn moved(&self, text: &str, port: u16, connections: u32) -> Option<String> {
        let (before, _) = text.split_once("[source]\n")?;
        let (_, after) = text.split_once("[coverage]\n")?;
        let as_of = if self.extract {
            format!("{{ table = \"{EXTRACT_INFO}\", column = \"began_at\" }}")
        } else {
            "\"live\"".to_owned()
        };
        let added: String = self
            .added
            .iter()
            .map(|column| format!("{column} = \"made by the server from an id looked up here\"\n"))
            .collect();
        Some(format!(
            "{before}[source]\nkind = \"postgres\"\nhost = \"127.0.0.1\"\nport = {port}\ndatabase = \
             \"{DATABASE}\"\ntable = \"{table}\"\nuser = \"{ADMINISTRATOR}\"\npassword_file = \
             \"{stem}.password\"\nca_file = \"{stem}-ca.pem\"\nconnections = {connections}\nas_of \
             = {as_of}\n\n[coverage]\n{after}\n[not_about]\n{added}",
            table = self.table,
            stem = self.stem,
        ))
    }

    fn sign(&self, town: &TestDeployment) -> Result<(), Failure> {
        let file = town.path(&format!("city/{}/{}.toml", self.member, self.stem));
        let arguments = ["sign", "--dir", &town.path(self.member), &file];
        run("zerotrip-connector", &arguments, &town.folder)?.expect(0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

    use zerotrip_datasets::DatasetFile;
    use zerotrip_datasets::file::Source;
    use zerotrip_tests::city::stated_day;

    use super::*;

    #[test]
    fn every_register_of_the_city_is_found_and_described_as_a_table_on_a_server() {
        let folder = tempfile::tempdir().unwrap();
        let systems = [System::Sqlite; 4];
        let spec = Spec { systems, ..Spec::on(60, 3, stated_day()) };
        let city = city::generate(&spec, folder.path()).unwrap();
        for register in FAMILY.iter().chain(&HOUSING) {
            let place = folder.path().join(register.member);
            let file = format!("{}.toml", register.stem);
            let text = fs::read_to_string(place.join(&file)).unwrap();
            let moved = register.moved(&text, 5433, 6).unwrap();
            let dataset = DatasetFile::parse(&moved, &file).unwrap();
            assert_eq!(dataset.id, register.dataset);
            let Source::Postgres(spec) = dataset.source else { panic!("{moved}") };
            assert_eq!((spec.port, spec.connections), (5433, 6));
            let named: Vec<&str> = dataset.not_about.keys().map(String::as_str).collect();
            let mut added = register.added.to_vec();
            added.sort_unstable();
            assert_eq!(named, added);

            let database = place.join(format!("{}.db", register.stem));
            let (columns, chunks) = read(&database, register.table).unwrap();
            assert!(register.keys.iter().all(|key| columns.iter().any(|column| column == key)));
            let lines: usize = chunks
                .iter()
                .map(|chunk| chunk.iter().filter(|byte| **byte == b'\n').count())
                .sum();
            assert_eq!(Some(&lines), city.rows.get(register.dataset));
            let is_extract = read(&database, EXTRACT_INFO).is_ok();
            assert_eq!(is_extract, register.extract, "{}", register.dataset);
        }
    }

    #[test]
    fn a_cell_is_written_as_copy_reads_it() {
        let mut text = String::new();
        write_cell(&mut text, None);
        write_cell(&mut text, Some("a\tb\\N\r\n民"));
        assert_eq!(text, "\\Na\\tb\\\\N\\r\\n民");
    }
}
