//! What an owner states of rows that cannot be read: which persons they can and cannot concern, row
//! by row or for all rows of one form. Without it one paper-era row without an id makes every
//! absence unprovable; with it, only those that it can concern.
//!
//! A row is identified by the digest of its cells, not by its place: tomorrow's drop has it on
//! another line. A row with a changed cell is another row, and needs a new ruling. A ruling is
//! bound to the number of such rows: an equal row that is entered later is not covered. Nothing
//! tells it from the others, so none of them is covered then.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use chrono::NaiveDate;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_datasets::Key;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{self, Envelope};
use zerotrip_text::toml_fault;
use zerotrip_trust::digest::Digest;
use zerotrip_trust::dsse::payload_digest;
use zerotrip_trust::signed::{self, Signed};

use crate::owner_store::error::OwnerStoreError;
use crate::owner_store::signed_file::signing_lock;
use crate::owner_store::versions::Versioned;
use zerotrip_sources::rulings::{Concerns, MOST_PERSONS, Rulings, Stated};

/// Most rows of one dataset that rulings cover: as many as can be unreadable before the register
/// counts as broken.
pub const MOST_RULED: usize = 10_000;

/// What is stated of rows that are alike, or of one form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruling {
    /// The rows that were there when it was decided.
    pub rows: Vec<RuledRow>,
    /// The first row's locator, for people.
    pub locator: String,
    /// What the rows have in common, where it was decided of several at once: for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub form: String,
    /// The persons that they can concern.
    pub concerns: Concerns,
    /// The clerk's grounds.
    pub grounds: String,
}

/// Rows that are alike, cell by cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuledRow {
    /// SHA-256 of the row's cells, in hexadecimal.
    pub digest: String,
    /// How many of them there were.
    pub count: u64,
}

/// The clerk's file: `<connector's folder>/adjudications/<dataset>.toml`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worksheet {
    /// In the order in which they were decided.
    #[serde(default, rename = "ruling")]
    pub rulings: Vec<Ruling>,
}

impl Worksheet {
    /// What has been decided so far; nothing, if there is no file.
    pub fn read(folder: &Path, dataset: &str) -> Result<Self, OwnerStoreError> {
        let path = worksheet_path(folder, dataset);
        if !files::is_there(&path) {
            return Ok(Self::default());
        }
        let damaged = |why: String| OwnerStoreError::Config(path.display().to_string(), why);
        let text = files::read_text(&path)?;
        let sheet: Self =
            toml::from_str(&text).map_err(|error| damaged(toml_fault(&text, &error)))?;
        if sheet.ruled() > MOST_RULED {
            return Err(damaged(format!(
                "it has rulings on over {MOST_RULED} rows. So many unreadable rows mean a broken \
                 register. Repair the register"
            )));
        }
        for ruling in &sheet.rulings {
            let is_digest = |row: &RuledRow| {
                row.count > 0
                    && <Digest>::try_from(hex::decode(&row.digest).unwrap_or_default()).is_ok()
            };
            let known = !ruling.rows.is_empty() && ruling.rows.iter().all(is_digest);
            let persons =
                if let Concerns::Persons(persons) = &ruling.concerns { persons.len() } else { 0 };
            if !known || persons > MOST_PERSONS {
                return Err(damaged(format!(
                    "the ruling on `{}` is damaged. Remove it and adjudicate the row again",
                    ruling.locator
                )));
            }
        }
        Ok(sheet)
    }

    /// Of how many different rows something is decided.
    pub fn ruled(&self) -> usize {
        self.rulings.iter().map(|ruling| ruling.rows.len()).sum()
    }

    /// Of how many rows with this digest something is decided.
    pub fn decided(&self, digest: &str) -> u64 {
        let rows =
            self.rulings.iter().flat_map(|ruling| &ruling.rows).filter(|row| row.digest == digest);
        rows.map(|row| row.count).max().unwrap_or(0)
    }

    /// Adds a ruling, which takes the place of what was decided of the same rows before.
    pub fn decide(&mut self, ruling: Ruling) {
        for before in &mut self.rulings {
            before.rows.retain(|row| !ruling.rows.iter().any(|new| new.digest == row.digest));
        }
        self.rulings.retain(|before| !before.rows.is_empty());
        self.rulings.push(ruling);
    }

    /// Writes what has been decided. Only the department can read the file: rows can name persons.
    pub fn write(&self, folder: &Path, dataset: &str) -> Result<(), OwnerStoreError> {
        let path = worksheet_path(folder, dataset);
        let text = toml::to_string(self).map_err(|error| {
            OwnerStoreError::Config(path.display().to_string(), error.to_string())
        })?;
        Ok(files::write(&path, text.as_bytes(), Secrecy::Private)?)
    }

    /// Signs it with the owner's key. A running connector takes it up.
    pub fn sign(&self, home: &SystemHome, dataset: &str) -> Result<usize, OwnerStoreError> {
        let _one = files::lock(&signing_lock(&home.folder))?;
        let before = load(&home.folder, dataset)?.map_or(0, |(signed, _)| signed.version);
        let message = v1::Adjudications {
            dataset: dataset.to_owned(),
            version: Versioned::Adjudications(dataset).next(&home.folder, before)?,
            signed_at: Some(to_timestamp(SystemTime::now())),
            rulings: self.rulings.iter().map(to_message).collect(),
        };
        let envelope = signed::seal(&message, &home.key("approve")?)?;
        files::write(
            &signed_path(&home.folder, dataset),
            &envelope.encode_to_vec(),
            Secrecy::Private,
        )?;
        Versioned::Adjudications(dataset).remember(&home.folder, message.version)?;
        Ok(message.rulings.len())
    }
}

/// The owner's signed rulings on a dataset, if there are any. The signature is not verified: that
/// takes the directory in force.
pub fn load(folder: &Path, dataset: &str) -> Result<Option<(Rulings, Envelope)>, OwnerStoreError> {
    let path = signed_path(folder, dataset);
    if !files::is_there(&path) {
        return Ok(None);
    }
    let remedy =
        "Remove it, then run `zerotrip-connector adjudicate` again: what was decided is kept";
    let damaged =
        |why: String| OwnerStoreError::Damaged { path: path.display().to_string(), why, remedy };
    let envelope = Envelope::decode(files::read(&path)?.as_slice())
        .map_err(|error| damaged(error.to_string()))?;
    let message = Signed::<v1::Adjudications>::new(&envelope)
        .and_then(|signed| signed.unverified())
        .map_err(|error| damaged(error.to_string()))?;
    let ruled = message.rulings.iter().map(|ruling| ruling.rows.len()).sum::<usize>();
    if message.dataset != dataset || ruled > MOST_RULED {
        return Err(damaged(format!(
            "it is about `{}`, with rulings on {ruled} rows",
            message.dataset
        )));
    }
    let mut rulings = HashMap::new();
    for ruling in message.rulings {
        rulings.extend(
            from_message(ruling).ok_or_else(|| damaged("a ruling that cannot be read".into()))?,
        );
    }
    Ok(Some((
        Rulings { version: message.version, digest: payload_digest(&envelope).to_vec(), rulings },
        envelope,
    )))
}

fn to_message(ruling: &Ruling) -> v1::Ruling {
    let (mut persons, mut born) = (Vec::new(), (String::new(), String::new()));
    match &ruling.concerns {
        Concerns::Nobody => {}
        Concerns::Persons(named) => {
            persons = named.iter().map(|id| id.as_str().to_owned()).collect();
        }
        Concerns::Born { from, to } => {
            born = (format!("{from:04}-01-01"), format!("{to:04}-12-31"))
        }
    }
    v1::Ruling {
        rows: ruling.rows.iter().map(to_row).collect(),
        persons,
        born_from: born.0,
        born_to: born.1,
        grounds: ruling.grounds.clone(),
    }
}

fn to_row(row: &RuledRow) -> v1::RuledRow {
    v1::RuledRow { digest: hex::decode(&row.digest).unwrap_or_default(), count: row.count }
}

fn from_message(ruling: v1::Ruling) -> Option<Vec<(Digest, Stated)>> {
    let year = |text: &str| {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| chrono::Datelike::year(&day))
    };
    let concerns =
        match (ruling.persons.is_empty(), ruling.born_from.is_empty() && ruling.born_to.is_empty())
        {
            (true, true) => Concerns::Nobody,
            (false, true) if ruling.persons.len() <= MOST_PERSONS => {
                let persons: Option<Vec<Key>> =
                    ruling.persons.iter().map(|text| Key::canonical(text)).collect();
                Concerns::Persons(persons?)
            }
            (true, false) => {
                Concerns::Born { from: year(&ruling.born_from)?, to: year(&ruling.born_to)? }
            }
            _ => return None,
        };
    let stated = |row: v1::RuledRow| {
        let digest = Digest::try_from(row.digest).ok().filter(|_| row.count > 0)?;
        Some((digest, Stated { concerns: concerns.clone(), rows: row.count }))
    };
    Some(ruling.rows.into_iter().map(stated).collect::<Option<Vec<_>>>()?)
        .filter(|rows| !rows.is_empty())
}

fn worksheet_path(folder: &Path, dataset: &str) -> std::path::PathBuf {
    folder.join("adjudications").join(format!("{dataset}.toml"))
}

fn signed_path(folder: &Path, dataset: &str) -> std::path::PathBuf {
    folder.join("signed").join(format!("{dataset}.adjudications.dsse"))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "tests"
    )]

    use super::*;

    const LI: &str = "11010519491231002X";

    #[test]
    fn a_worksheet_comes_back_as_it_was_written_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let rows = vec![RuledRow { digest: hex::encode([7; 32]), count: 2 }];
        let ruling = |concerns| Ruling {
            rows: rows.clone(),
            locator: "row 7".into(),
            form: String::new(),
            concerns,
            grounds: "档案 1987-12".into(),
        };
        let concerns = [
            Concerns::Nobody,
            Concerns::Persons(vec![Key::canonical(LI).unwrap()]),
            Concerns::Born { from: 1950, to: 1955 },
        ];
        let sheet = Worksheet { rulings: concerns.into_iter().map(ruling).collect() };
        sheet.write(folder.path(), "estate.ownership").unwrap();
        let read = Worksheet::read(folder.path(), "estate.ownership").unwrap();
        assert_eq!(read.rulings, sheet.rulings);
        for message in read.rulings.iter().map(to_message) {
            let read = from_message(message.clone()).unwrap();
            let [(row, stated)] = read.as_slice() else { panic!("{} rows", read.len()) };
            assert_eq!((row, stated.rows), (&[7; 32], 2));
            assert!(sheet.rulings.iter().any(|ruling| ruling.concerns == stated.concerns));
            for rows in [
                vec![],
                vec![v1::RuledRow { digest: vec![7; 31], count: 1 }],
                vec![v1::RuledRow { digest: vec![7; 32], count: 0 }],
            ] {
                assert_eq!(from_message(v1::Ruling { rows, ..message.clone() }), None);
            }
            for persons in [vec!["1101051949123100".into()], vec![LI.into(), LI.to_lowercase()]] {
                let not_ids = v1::Ruling { persons, ..message.clone() };
                assert_eq!(
                    from_message(not_ids),
                    None,
                    "a person that is not read is not left out"
                );
            }
            assert_eq!(from_message(v1::Ruling { born_from: "1950".into(), ..message }), None);
        }
        let text = toml::to_string(&sheet).unwrap();
        for (from, to) in [(LI, "110105194912310021"), ("0707", "07"), ("nobody", "everybody")] {
            std::fs::write(
                worksheet_path(folder.path(), "estate.ownership"),
                text.replacen(from, to, 1),
            )
            .unwrap();
            assert!(Worksheet::read(folder.path(), "estate.ownership").is_err(), "{from} → {to}");
        }
    }
}
