//! Both sides' tables: two PostgreSQL servers that hold one city's registers, and an installation
//! whose connectors ask them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};
use zerotrip_test_servers::{ADMINISTRATOR, PASSWORD, Postgres};
use zerotrip_tests::city::{self, City, Spec, System};
use zerotrip_tests::deployment::{Failure, Plan, Running, TestDeployment, fail, wait_until};

use super::copy::copy;
use super::registers::{DATABASE, EXTRACT_INFO, FAMILY, HOUSING, Register};
use crate::load::HUB_SETTINGS;

/// What both servers run with beside the kit's own settings: room for the peer's connections and
/// the connectors', the whole city in memory, and nothing that runs by itself while it is measured.
const SETTINGS: [&str; 5] = [
    "max_connections=200",
    "shared_buffers=256MB",
    "random_page_cost=1.1",
    "jit=off",
    "autovacuum=off",
];
/// Time that the connectors have for reading the tables once.
const ATTACH: Duration = Duration::from_secs(300);
/// The city's seed: every measurement here is of the same one.
const SEED: u64 = 7;

/// The two servers.
pub struct Servers {
    /// The household and marriage registers', which answers the peer's question.
    pub family: Postgres,
    /// The housing registers'.
    pub housing: Postgres,
}

/// The datasets, in the order of [`Site::connectors`].
pub fn datasets() -> impl Iterator<Item = &'static str> {
    FAMILY.iter().chain(&HOUSING).map(|register| register.dataset)
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
        (residents, more_rows): (usize, u32),
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
        runtime.block_on(fill(&servers, &city, more_rows))?;
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
        let datasets: Vec<&str> = datasets().collect();
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
async fn fill(servers: &Servers, city: &Path, more_rows: u32) -> Result<(), Failure> {
    let common = include_str!("common.sql");
    // This one first: the other one's statistics are of its tables too.
    let housing = create(&servers.housing, &HOUSING, (city, more_rows)).await?;
    housing.batch_execute(&format!("{common}{}", include_str!("housing.sql"))).await?;
    housing.batch_execute("vacuum analyze").await?;
    let family = create(&servers.family, &FAMILY, (city, more_rows)).await?;
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

async fn create(
    server: &Postgres,
    registers: &[Register],
    (city, more_rows): (&Path, u32),
) -> Result<Client, Failure> {
    let administrator = connect(server, "postgres", "").await?;
    administrator.batch_execute(&format!("create database {DATABASE}")).await?;
    let client = connect(server, DATABASE, "").await?;
    for register in registers {
        let file = city.join(register.member).join(format!("{}.db", register.stem));
        copy(&client, &file, register.table).await?;
        if more_rows > 0 {
            client.batch_execute(&register.more(&client, more_rows).await?).await?;
        }
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
