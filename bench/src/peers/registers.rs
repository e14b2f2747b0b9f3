//! The four registers: whose they are, and how their dataset files change when they move to a
//! server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio_postgres::Client;
use zerotrip_test_servers::{ADMINISTRATOR, PASSWORD, Postgres};
use zerotrip_tests::deployment::{Failure, TestDeployment, fail, run};

/// The database of either server.
pub const DATABASE: &str = "city";

/// One register: who owns it, and where the city and the servers keep it.
pub struct Register {
    pub member: &'static str,
    pub dataset: &'static str,
    /// Its dataset file, its SQLite file and its secrets, without their endings.
    pub stem: &'static str,
    pub table: &'static str,
    /// Columns that are looked up. Each has an index.
    pub keys: &'static [&'static str],
    /// What a row that is added to it names in these: a person of its own, the spouse, no one.
    added_rows: &'static [&'static str],
    /// The columns that the peer adds to it in which a person is named (`family.sql`,
    /// `housing.sql`).
    added: &'static [&'static str],
    /// Whether it is an extract, which says itself when it began.
    pub extract: bool,
}

/// On the server that answers the peer's question.
pub const FAMILY: [Register; 2] = [
    Register {
        member: "police",
        dataset: "police.household",
        stem: "household",
        table: "T_RKXX",
        keys: &["SFZH", "FQSFZH", "MQSFZH"],
        added_rows: &["id", "null", "null"],
        added: &["person_id", "father_id", "mother_id"],
        extract: false,
    },
    Register {
        member: "civil",
        dataset: "civil.marriage",
        stem: "marriage",
        table: "T_HYDJ",
        keys: &["NFSFZH", "NVFSFZH"],
        added_rows: &["id", "spouse"],
        added: &["man_id", "woman_id"],
        extract: false,
    },
];
/// On the server that it reaches through postgres_fdw.
pub const HOUSING: [Register; 2] = [
    Register {
        member: "estate",
        dataset: "estate.ownership",
        stem: "ownership",
        table: "T_FDCQ",
        keys: &["QLRSFZH"],
        added_rows: &["id"],
        added: &["owner_id"],
        extract: true,
    },
    Register {
        member: "housing",
        dataset: "housing.presale",
        stem: "presale",
        table: "T_YSHT",
        keys: &["GMRSFZH"],
        added_rows: &["id"],
        added: &["buyer_id"],
        extract: false,
    },
];
/// Where an extract says when it began.
pub const EXTRACT_INFO: &str = "extract_info";

impl Register {
    /// Rewrites the dataset file: its register is a table on this server now. The files of password
    /// and authority lie beside it.
    pub fn describe(
        &self,
        city: &Path,
        server: &Postgres,
        connections: u32,
    ) -> Result<(), Failure> {
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

    /// So many rows more, about persons whom the city does not know: each is a row that is there,
    /// with other ids.
    pub async fn more(&self, client: &Client, rows: u32) -> Result<String, Failure> {
        const COLUMNS: &str = "select column_name::text from information_schema.columns where \
                               table_name = $1 order by ordinal_position";
        let own = self.keys.first().copied().unwrap_or_default();
        let mut columns = Vec::new();
        for row in client.query(COLUMNS, &[&self.table]).await? {
            let name: String = row.try_get(0)?;
            let place = self.keys.iter().position(|key| *key == name);
            let cell = place.and_then(|place| self.added_rows.get(place).copied());
            columns.push(cell.map_or(format!("pattern.\"{name}\""), str::to_owned));
        }
        let (table, columns) = (self.table, columns.join(", "));
        Ok(format!(
            "{}insert into \"{table}\" select {columns} from (select * from \"{table}\" where \
             \"{own}\" ~ '^[0-9]{{17}}[0-9X]$' limit 1) as pattern, (select another_id(2 * n) as \
             id, another_id(2 * n + 1) as spouse from generate_series(1, {rows}) as n) as persons;",
            include_str!("another_id.sql")
        ))
    }

    pub fn sign(&self, town: &TestDeployment) -> Result<(), Failure> {
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
    use zerotrip_tests::city::{self, Spec, System, stated_day};

    use super::super::copy::read;
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
}
