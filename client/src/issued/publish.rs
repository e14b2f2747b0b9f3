//! Publishing: each list is signed anew and takes the place of its file, whole. A static host does
//! the rest.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, params};
use zerotrip_certificates::Profile;
use zerotrip_certificates::status::{
    Bits, StatusList, StatusToken, StatusValue, sign_certified_list, sign_cwt_list,
};
use zerotrip_channel::files::{self, Secrecy};

use super::bounds::{LIFE, STALE, TTL};
use super::error::RegisterError;
use super::lists::more_decoys;
use super::register::{Register, begin};
use super::sealer::Sealer;
use super::time::seconds;

/// The ending of a list's CWT, beside its JWT.
const CWT: &str = "cwt";
/// The ending of a list.
const JWT: &str = "jwt";

/// Which lists are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Each of them.
    All,
    /// Those that an order has changed, that were never published, or not for half a day.
    Needed,
    /// Each of them, also where what was published last is gone or is no list of this register: the
    /// operator has seen to it that the register is the newest.
    Anew,
}

/// A list that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its address.
    pub uri: String,
    /// Its file.
    pub file: PathBuf,
    /// Until when it is good.
    pub until: SystemTime,
}

/// A list's row.
struct Row {
    number: i64,
    name: String,
    uri: String,
    profile: Profile,
    bits: Bits,
    places: u64,
    /// Seconds since 1970.
    published_at: Option<i64>,
}

impl Register {
    /// Publishes lists, signed with the system's sealing key.
    pub fn publish(
        &mut self,
        sealer: &Sealer,
        now: SystemTime,
        due: Due,
    ) -> Result<Vec<Published>, RegisterError> {
        let folder = self.settings.folder.clone();
        if !folder.is_dir() {
            return Err(RegisterError::NoFolder(folder.display().to_string()));
        }
        // One after the other: an older list never replaces a newer one.
        let _held = files::lock(&self.lock)?;
        let mut lists = Vec::new();
        for row in self.due(now, due)? {
            let (list, revision) = self.project(&row)?;
            lists.push((row, list, revision));
        }
        // All of them are looked at before any is written.
        for (row, list, _) in &lists {
            let file = folder.join(&row.name);
            let before = published(&file, row).and_then(|token| {
                let list = token.map(|token| token.claimed_list()).transpose();
                list.map_err(|error| unseen(&file, error.to_string()))
            });
            match before {
                Err(RegisterError::Unseen { .. }) if due == Due::Anew => {}
                Ok(None) => {}
                Ok(Some(before)) => self.not_set_back(&file, row, (&before, list))?,
                Err(error) => return Err(error),
            }
        }
        let mut published = Vec::new();
        for (row, list, revision) in lists {
            let file = folder.join(&row.name);
            let leaf = match row.profile {
                Profile::National => None,
                Profile::Haip => Some(sealer.certificate(&self.home)?),
            };
            let seal = (&sealer.key, leaf);
            let token = sign_certified_list(seal, (&row.uri, &list), now, (LIFE, TTL))?;
            // The same list for verifiers that read CBOR. Nothing is compared with it: the JWT,
            // which is written last, is what was published.
            let cwt = sign_cwt_list(&sealer.key, (&row.uri, &list), now, (LIFE, TTL))?;
            files::write(&file.with_extension(CWT), &cwt, Secrecy::Public)?;
            files::write(&file, token.as_bytes(), Secrecy::Public)?;
            self.connection.execute(
                "UPDATE list SET published = ?, published_at = ? WHERE number = ?",
                params![revision, seconds(now), row.number],
            )?;
            published.push(Published { uri: row.uri, file, until: now + LIFE });
        }
        Ok(published)
    }

    /// Refuses to go on where a list was published that this register does not know of: it was
    /// lost, or put back from a copy, and would give a number away that another certificate has. A
    /// list that was written just before a crash is known by its decoys. What cannot be read shows
    /// nothing.
    pub(super) fn is_newest(&self) -> Result<(), RegisterError> {
        // First: a list is in the register before it is published.
        let files = self.published_files()?;
        let rows = self.rows(None)?;
        for path in files {
            let is_known = rows.iter().any(|row| path.file_name() == Some(row.name.as_ref()));
            if !is_known && self.is_ours(&path)? {
                return Err(RegisterError::Older(path.display().to_string()));
            }
        }
        for row in rows {
            let file = self.settings.folder.join(&row.name);
            let Some(token) = published(&file, &row)? else { continue };
            let signed = token.claimed_issue().ok().map(seconds);
            if signed.is_some() && signed <= row.published_at {
                continue;
            }
            let before = token.claimed_list().map_err(|why| unseen(&file, why.to_string()))?;
            match self.not_set_back(&file, &row, (&before, &self.values(&row)?)) {
                Err(RegisterError::SetBack { .. }) => {
                    return Err(RegisterError::Older(file.display().to_string()));
                }
                known => known?,
            }
        }
        Ok(())
    }

    /// What could be a list in the folder of published lists.
    fn published_files(&self) -> Result<Vec<PathBuf>, RegisterError> {
        let folder = &self.settings.folder;
        if !folder.is_dir() {
            return Err(RegisterError::NoFolder(folder.display().to_string()));
        }
        let unseen = |why: std::io::Error| RegisterError::Unseen {
            file: folder.display().to_string(),
            why: why.to_string(),
        };
        let mut found = Vec::new();
        for file in std::fs::read_dir(folder).map_err(unseen)? {
            let path = file.map_err(unseen)?.path();
            if path.extension().is_some_and(|ending| ending == JWT) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Whether a published list is one of this system's.
    fn is_ours(&self, path: &Path) -> Result<bool, RegisterError> {
        let token = read_token(path)?;
        let address = token.claimed_address().unwrap_or_default();
        Ok(address.starts_with(&format!("{}/", self.settings.uri)))
    }

    /// Refuses to take back what was published and what no order of this register undid: one that
    /// was put back from an old copy does not know of it.
    fn not_set_back(
        &self,
        file: &Path,
        row: &Row,
        (before, list): (&StatusList, &StatusList),
    ) -> Result<(), RegisterError> {
        let value = |list: &StatusList, place| list.get(place).and_then(StatusValue::of);
        for place in 0..before.places() {
            let (was, is) = (value(before, place), value(list, place));
            if was == is || was == Some(StatusValue::Valid) {
                continue;
            }
            let is_suspended = was == Some(StatusValue::Suspended);
            if !is_suspended || !self.was_ordered_since(row, place)? {
                return Err(RegisterError::SetBack { file: file.display().to_string(), place });
            }
        }
        Ok(())
    }

    /// Whether the place has its value by an order that is not published yet.
    fn was_ordered_since(&self, row: &Row, place: u64) -> Result<bool, RegisterError> {
        let place = i64::try_from(place).map_err(|_| RegisterError::Content("place"))?;
        let mut select = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM place p JOIN list l ON l.number = p.list WHERE p.list = \
             ?1 AND p.place = ?2 AND p.revision > l.published)",
        )?;
        Ok(select.query_row(params![row.number, place], |row| row.get(0))?)
    }

    fn due(&self, now: SystemTime, due: Due) -> Result<Vec<Row>, RegisterError> {
        self.rows((due == Due::Needed).then_some(now))
    }

    /// The lists; with a time, those that are to be published by then.
    fn rows(&self, due: Option<SystemTime>) -> Result<Vec<Row>, RegisterError> {
        let mut select = self.connection.prepare_cached(
            "SELECT number, name, uri, profile, bits, places, published_at FROM list WHERE ?1 IS \
             NULL OR published < revision OR published_at IS NULL OR published_at <= ?2 OR \
             published_at > ?1 ORDER BY number",
        )?;
        // One of the future was published by a clock that was wrong.
        let stale = due.map(|now| seconds(now - STALE));
        let mut rows = select.query(params![due.map(seconds), stale])?;
        let mut found = Vec::new();
        let wrong = RegisterError::Content;
        while let Some(row) = rows.next()? {
            let number = |value: i64, name| u64::try_from(value).map_err(|_| wrong(name));
            found.push(Row {
                number: row.get(0)?,
                name: row.get(1)?,
                uri: row.get(2)?,
                profile: Profile::of(&row.get::<_, String>(3)?).ok_or(wrong("profile"))?,
                bits: Bits::new(number(row.get(4)?, "bits")?).ok_or(wrong("bits"))?,
                places: number(row.get(5)?, "places")?,
                published_at: row.get(6)?,
            });
        }
        Ok(found)
    }

    /// The list as it is now with a few more decoys, and up to which order.
    fn project(&mut self, row: &Row) -> Result<(StatusList, i64), RegisterError> {
        let transaction = begin(&mut self.connection)?;
        more_decoys(&transaction, (row.number, row.profile))?;
        let revision = transaction.query_row(
            "SELECT revision FROM list WHERE number = ?",
            [row.number],
            |row| row.get(0),
        )?;
        let list = values(&transaction, row)?;
        transaction.commit()?;
        Ok((list, revision))
    }

    fn values(&self, row: &Row) -> Result<StatusList, RegisterError> {
        values(&self.connection, row)
    }
}

/// What is in each place of a list.
fn values(connection: &Connection, row: &Row) -> Result<StatusList, RegisterError> {
    let mut list = StatusList::new(row.bits, row.places)?;
    let mut select = connection
        .prepare_cached("SELECT place, value FROM place WHERE list = ? AND value <> 0")?;
    let mut rows = select.query([row.number])?;
    while let Some(row) = rows.next()? {
        let place = u64::try_from(row.get::<_, i64>(0)?);
        let value = u8::try_from(row.get::<_, i64>(1)?);
        let (Ok(place), Ok(value)) = (place, value) else {
            return Err(RegisterError::Content("value"));
        };
        list.set(place, value)?;
    }
    Ok(list)
}

/// What was published before, whoever signed it: a key can have been renewed. Where it cannot be
/// seen, nothing shows that the register is the newest.
fn published(file: &Path, row: &Row) -> Result<Option<StatusToken>, RegisterError> {
    if !files::is_there(file) {
        return match row.published_at {
            Some(_) => Err(unseen(file, "it is not there".into())),
            None => Ok(None),
        };
    }
    let token = read_token(file)?;
    if token.claimed_address() != Some(&row.uri) {
        return Err(unseen(file, "it is a list of another address".into()));
    }
    Ok(Some(token))
}

fn read_token(file: &Path) -> Result<StatusToken, RegisterError> {
    let text = files::read_text(file).map_err(|error| unseen(file, error.to_string()))?;
    StatusToken::parse(&text).map_err(|error| unseen(file, error.to_string()))
}

fn unseen(file: &Path, why: String) -> RegisterError {
    RegisterError::Unseen { file: file.display().to_string(), why }
}
