//! Publishing: each list is signed anew and takes the place of its file, whole. A static host does
//! the rest.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::params;
use zerotrip_certificates::Profile;
use zerotrip_certificates::status::{
    Bits, StatusList, StatusToken, StatusValue, sign_certified_list, sign_cwt_list,
};
use zerotrip_channel::files::{self, Secrecy};

use super::bounds::{LIFE, STALE, TTL};
use super::error::RegisterError;
use super::lists::more_decoys;
use super::register::{Register, begin, seconds};
use super::sealer::Sealer;

/// The ending of a list's CWT, beside its JWT.
const CWT: &str = "cwt";

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
    was_published: bool,
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
            not_set_back(&folder.join(&row.name), row, list, due)?;
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

    fn due(&self, now: SystemTime, due: Due) -> Result<Vec<Row>, RegisterError> {
        let mut select = self.connection.prepare_cached(
            "SELECT number, name, uri, profile, bits, places, published_at IS NOT NULL FROM list \
             WHERE ?1 OR published < revision OR published_at IS NULL OR published_at <= ?2 OR \
             published_at > ?3 \
             ORDER BY number",
        )?;
        // One of the future was published by a clock that was wrong.
        let stale = seconds(now - STALE);
        let mut rows = select.query(params![due != Due::Needed, stale, seconds(now)])?;
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
                was_published: row.get(6)?,
            });
        }
        Ok(found)
    }

    /// The list as it is now, and up to which order.
    fn project(&mut self, row: &Row) -> Result<(StatusList, i64), RegisterError> {
        let mut list = StatusList::new(row.bits, row.places)?;
        let transaction = begin(&mut self.connection)?;
        more_decoys(&transaction, (row.number, row.profile))?;
        let revision = transaction.query_row(
            "SELECT revision FROM list WHERE number = ?",
            [row.number],
            |row| row.get(0),
        )?;
        {
            let mut select = transaction
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
        }
        transaction.commit()?;
        Ok((list, revision))
    }
}

/// Refuses to take back what was published as revoked: a register that was put back from an old
/// copy does not know of it. What was published says so whoever signed it: a key can have been
/// renewed. Where it cannot be seen, nothing shows that the register is the newest.
fn not_set_back(file: &Path, row: &Row, list: &StatusList, due: Due) -> Result<(), RegisterError> {
    let unseen = |why: String| match due {
        Due::Anew => Ok(()),
        _ => Err(RegisterError::Unseen { file: file.display().to_string(), why }),
    };
    if !files::is_there(file) {
        return if row.was_published { unseen("it is not there".into()) } else { Ok(()) };
    }
    let before = files::read_text(file).map_err(|error| error.to_string()).and_then(|text| {
        let token = StatusToken::parse(&text).map_err(|error| error.to_string())?;
        if token.claimed_address() != Some(&row.uri) {
            return Err("it is a list of another address".into());
        }
        token.claimed_list().map_err(|error| error.to_string())
    });
    let before = match before {
        Ok(before) => before,
        Err(why) => return unseen(why),
    };
    let is_final = |list: &StatusList, place| {
        let value = list.get(place).and_then(StatusValue::of);
        matches!(value, Some(StatusValue::Revoked | StatusValue::Superseded))
    };
    let lost =
        (0..before.places()).find(|place| is_final(&before, *place) && !is_final(list, *place));
    match lost {
        Some(place) => Err(RegisterError::SetBack { file: file.display().to_string(), place }),
        None => Ok(()),
    }
}
