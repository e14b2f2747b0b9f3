//! The register: who has which number and place, and the certificates themselves.

use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::status::StatusValue;
use zerotrip_certificates::{Profile, Serial};
use zerotrip_channel::SystemHome;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::digest::Digest;
use zerotrip_trust::identity::Identity;

use super::bounds::LISTED;
use super::entry::{COLUMNS, Entry, Event, Stage};
use super::errand::{Beside, ErrandKey, can_count, newest_for};
use super::error::RegisterError;
use super::lists::draw_place;
use super::schema;
use super::settings::StatusSettings;
use super::time::seconds;

/// A system's register of the certificates that it issued.
#[derive(Debug)]
pub struct Register {
    pub(super) connection: Connection,
    pub(super) settings: StatusSettings,
    pub(super) issuer: Identity,
    pub(super) lock: std::path::PathBuf,
    /// The system's folder.
    pub(super) home: std::path::PathBuf,
}

/// What a certificate rests on.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// The exchange.
    pub exchange: &'a str,
    /// Of one about many: the subject's place, from 0.
    pub subject: Option<u64>,
    /// `<check>/<variant>`.
    pub question: &'a str,
}

/// Which certificates are listed.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Whose number begins so.
    pub serial: Option<String>,
    /// That rest on this exchange.
    pub exchange: Option<String>,
    /// Of which something has become, or nothing.
    pub status: Option<StatusValue>,
    /// At most so many, the newest first.
    pub most: u32,
}

impl Register {
    /// The register of a system that has settings for it; `None` where it has none.
    pub fn open(home: &SystemHome) -> Result<Option<Self>, RegisterError> {
        Self::open_in(&home.folder, &home.system)
    }

    /// The same by folder and identity.
    pub(super) fn open_in(
        folder: &std::path::Path,
        issuer: &Identity,
    ) -> Result<Option<Self>, RegisterError> {
        let Some(settings) = StatusSettings::read(folder)? else { return Ok(None) };
        let connection = schema::open(folder)?;
        // Certificates name their list's address for as long as they live.
        let former: Option<String> = connection
            .query_row(
                "SELECT uri FROM list WHERE uri <> ?1 || '/' || name LIMIT 1",
                [&settings.uri],
                |row| row.get(0),
            )
            .optional()?;
        if let Some(before) = former {
            return Err(RegisterError::Moved { now: settings.uri, before });
        }
        let lock = schema::folder_of(folder).join("publish.lock");
        let home = folder.to_owned();
        Ok(Some(Self { connection, settings, issuer: issuer.clone(), lock, home }))
    }

    /// Held by whoever issues to a whole list, from looking who has a certificate to the last one.
    pub fn batch_lock(&self) -> std::path::PathBuf {
        self.lock.with_file_name("batch.lock")
    }

    /// Gives a certificate its number and its place, once for each ground: the same again where it
    /// has them.
    pub fn reserve(
        &mut self,
        ground: Ground<'_>,
        profile: Profile,
        year: u16,
    ) -> Result<Entry, RegisterError> {
        self.is_newest()?;
        let Self { connection, settings, issuer, .. } = self;
        let transaction = begin(connection)?;
        let entry = reserve(&transaction, (settings, issuer), ground, (profile, year))?;
        transaction.commit()?;
        Ok(entry)
    }

    /// Keeps a certificate that was sealed, before anybody hears of it.
    pub fn sealed(
        &mut self,
        serial: &str,
        token: &str,
        times: (SystemTime, SystemTime),
    ) -> Result<(), RegisterError> {
        self.sealed_copies(serial, &[token], times, Beside::None)
    }

    /// Notes that the hub has recorded it; also where another process has announced the same and
    /// noted it first.
    pub fn recorded(&mut self, serial: &str, index: u64) -> Result<(), RegisterError> {
        recorded(&self.connection, serial, index)
    }

    /// The certificate for an errand that has not ended and is in no wallet: the one that counts or
    /// can count again, or else the newest, whatever has become of it. One that is sealed, and not
    /// known to be recorded, is told where there is no other.
    pub fn newest_for(
        &self,
        errand: &ErrandKey,
        now: SystemTime,
    ) -> Result<Option<Entry>, RegisterError> {
        newest_for(&self.connection, errand, now)
    }

    /// The one of these that counts, or does so again once its suspension is lifted.
    pub fn counting_for(
        &self,
        errand: &ErrandKey,
        now: SystemTime,
    ) -> Result<Option<Entry>, RegisterError> {
        Ok(self.newest_for(errand, now)?.filter(can_count))
    }

    /// The certificate with this number.
    pub fn entry(&self, serial: &str) -> Result<Entry, RegisterError> {
        by_serial(&self.connection, serial)?
            .ok_or_else(|| RegisterError::Unknown(zerotrip_text::cut(serial)))
    }

    /// The certificate on this ground, if there is one.
    pub fn on(&self, exchange: &str, subject: Option<u64>) -> Result<Option<Entry>, RegisterError> {
        by_ground(&self.connection, exchange, subject_number(subject)?)
    }

    /// The certificate with this number, once it is this one (by its signed part), is recorded, and
    /// nothing has become of it. Only then can more be made of it.
    pub fn in_force(&self, serial: &str, digest: &Digest) -> Result<Entry, RegisterError> {
        let entry = self.entry(serial)?;
        let (Some(_), Stage::Recorded) = (&entry.token, entry.stage) else {
            return Err(RegisterError::NotIssued(entry.serial));
        };
        let mut tokens = self.copies(serial)?.into_iter().filter_map(|copy| copy.token);
        if !tokens.any(|token| SdJwt::parse(&token).is_ok_and(|read| read.digest() == *digest)) {
            return Err(RegisterError::OtherCertificate(entry.serial));
        }
        match entry.status {
            StatusValue::Valid => Ok(entry),
            status => Err(RegisterError::NotInForce { serial: entry.serial, status }),
        }
    }

    /// What was ordered of it, the first first.
    pub fn events(&self, serial: &str) -> Result<Vec<Event>, RegisterError> {
        let mut select = self.connection.prepare_cached(
            "SELECT at, what, reason FROM event WHERE serial = ? ORDER BY number LIMIT ?",
        )?;
        let mut rows = select.query(params![serial, LISTED])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            let at = u64::try_from(row.get::<_, i64>(0)?);
            let at = at.map_err(|_| RegisterError::Content("at"))?;
            let at = UNIX_EPOCH + std::time::Duration::from_secs(at);
            events.push(Event { at, what: row.get(1)?, reason: row.get(2)? });
        }
        Ok(events)
    }

    /// The certificates that are searched for, the newest first.
    pub fn entries(&self, search: &Search) -> Result<Vec<Entry>, RegisterError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE (?1 IS NULL OR substr(c.serial, 1, length(?1)) = ?1) AND (?2 \
             IS NULL OR c.exchange = ?2) AND (?3 IS NULL OR p.value = ?3) ORDER BY c.year DESC, \
             c.number DESC LIMIT ?4"
        ))?;
        let status = search.status.map(|status| i64::from(status.number()));
        let most = search.most.min(LISTED);
        let mut rows = select.query(params![search.serial, search.exchange, status, most])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(Entry::read(row)?);
        }
        Ok(entries)
    }
}

impl Register {
    /// What was sealed on this question, has not ended and was not given up: each with its token,
    /// the newest first. What is not known to be recorded comes behind what is.
    pub fn issued_on(&self, question: &str, now: SystemTime) -> Result<Vec<Entry>, RegisterError> {
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} WHERE c.question = ? AND c.stage IN (?, ?) AND c.valid_until > ? \
             ORDER BY c.stage DESC, c.year DESC, c.number DESC"
        ))?;
        let stages = (Stage::Sealed.number(), Stage::Recorded.number());
        let mut rows = select.query(params![question, stages.0, stages.1, seconds(now)])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(Entry::read(row)?);
        }
        Ok(entries)
    }

    /// Whether the hub refused to record it because the answer has another certificate, or none can
    /// be issued on it: nothing can be sealed on that answer any more.
    pub fn is_refused(&self, serial: &str) -> Result<bool, RegisterError> {
        let mut select =
            self.connection.prepare_cached("SELECT refusal FROM certificate WHERE serial = ?")?;
        let refusal: Option<Option<String>> =
            select.query_row([serial], |row| row.get(0)).optional()?;
        Ok(refusal.flatten().is_some_and(|code| code == ErrorCode::NotIssuable.name()))
    }
}

/// The number and the place of the certificate on a ground.
pub(super) fn reserve(
    transaction: &Transaction<'_>,
    (settings, issuer): (&StatusSettings, &Identity),
    ground: Ground<'_>,
    (profile, year): (Profile, u16),
) -> Result<Entry, RegisterError> {
    let subject = subject_number(ground.subject)?;
    if let Some(entry) = by_ground(transaction, ground.exchange, subject)? {
        return Ok(entry);
    }
    let mut last = transaction
        .prepare_cached("SELECT COALESCE(MAX(number), 0) FROM certificate WHERE year = ?")?;
    let number = last.query_row([year], |row| row.get::<_, i64>(0))? + 1;
    let serial = u64::try_from(number).ok().and_then(|number| Serial::new(issuer, year, number));
    let serial = serial.ok_or(RegisterError::NoSystem)?;
    let (list, reference) = draw_place(transaction, settings, profile, serial.as_str())?;
    let place = i64::try_from(reference.place).map_err(|_| RegisterError::Content("place"))?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO certificate (serial, year, number, exchange, subject, question, list, place, \
         stage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        serial.as_str(),
        year,
        number,
        ground.exchange,
        subject,
        ground.question,
        list,
        place,
        Stage::Reserved.number(),
    ])?;
    by_serial(transaction, serial.as_str())?.ok_or(RegisterError::Content("certificate"))
}

/// Notes that the hub has recorded a certificate that is sealed; also where another process has
/// noted it first.
pub(super) fn recorded(
    connection: &Connection,
    serial: &str,
    index: u64,
) -> Result<(), RegisterError> {
    let index = i64::try_from(index).map_err(|_| RegisterError::Content("record_index"))?;
    let mut update = connection.prepare_cached(
        "UPDATE certificate SET stage = ?, record_index = ? WHERE serial = ? AND stage = ?",
    )?;
    let stages = (Stage::Recorded.number(), Stage::Sealed.number());
    let changed = update.execute(params![stages.0, index, serial, stages.1])?;
    let is_recorded = || by_serial(connection, serial).map(|entry| entry.map(|entry| entry.stage));
    if changed == 1 || is_recorded()? == Some(Stage::Recorded) {
        return Ok(());
    }
    Err(RegisterError::Unknown(serial.to_owned()))
}

/// A transaction that writes: it waits for others at once, and not in its midst.
pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, RegisterError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

pub(super) fn by_serial(
    connection: &Connection,
    serial: &str,
) -> Result<Option<Entry>, RegisterError> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} WHERE c.serial = ?"))?;
    select.query_row([serial], |row| Ok(Entry::read(row))).optional()?.transpose()
}

fn by_ground(
    connection: &Connection,
    exchange: &str,
    subject: i64,
) -> Result<Option<Entry>, RegisterError> {
    let mut select = connection
        .prepare_cached(&format!("SELECT {COLUMNS} WHERE c.exchange = ? AND c.subject = ?"))?;
    select.query_row(params![exchange, subject], |row| Ok(Entry::read(row))).optional()?.transpose()
}

fn subject_number(subject: Option<u64>) -> Result<i64, RegisterError> {
    let number = subject.map_or(Ok(-1), i64::try_from);
    number.map_err(|_| RegisterError::Content("subject"))
}
