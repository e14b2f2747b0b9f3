//! A certificate's copies: sealed on one answer, under one number, each for another key of its
//! holder and with a place of its own. They are one certificate: what is ordered of it holds for
//! all.

use std::time::SystemTime;

use rusqlite::{Connection, Transaction, params};
use zerotrip_certificates::Profile;
use zerotrip_certificates::status::{StatusReference, StatusValue};

use super::bounds::COPIES;
use super::entry::Stage;
use super::errand::{Beside, ErrandKey, can_count, newest_for};
use super::error::RegisterError;
use super::lists::draw_place;
use super::register::{Register, begin, by_serial};
use super::time::seconds;

/// One of a certificate's copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Where it is published what has become of it.
    pub reference: StatusReference,
    /// The copy, once it is sealed.
    pub token: Option<String>,
}

impl Register {
    /// A place for each of so many copies of a certificate that has its number: the same again
    /// where they have them. Nothing is drawn once it is sealed.
    pub fn places(
        &mut self,
        serial: &str,
        count: usize,
    ) -> Result<Vec<StatusReference>, RegisterError> {
        if !(1..=COPIES).contains(&count) {
            return Err(RegisterError::Copies(count));
        }
        let transaction = begin(&mut self.connection)?;
        let unknown = || RegisterError::Unknown(zerotrip_text::cut(serial));
        let entry = by_serial(&transaction, serial)?.ok_or_else(unknown)?;
        let mut copies = all(&transaction, serial)?;
        if entry.stage == Stage::Reserved {
            for number in copies.len()..count {
                let drawn = draw_place(&transaction, &self.settings, entry.profile, serial)?;
                let (list, reference) = drawn;
                transaction.execute(
                    "INSERT INTO copy (serial, number, list, place) VALUES (?, ?, ?, ?)",
                    params![serial, signed(number)?, list, signed(reference.place)?],
                )?;
                copies.push(Copy { reference, token: None });
            }
        }
        transaction.commit()?;
        let mut places: Vec<StatusReference> =
            copies.into_iter().map(|copy| copy.reference).collect();
        if places.len() < count {
            return Err(RegisterError::Copies(count));
        }
        places.truncate(count);
        Ok(places)
    }

    /// All copies of a certificate, the first first: it is the one of its entry.
    pub fn copies(&self, serial: &str) -> Result<Vec<Copy>, RegisterError> {
        all(&self.connection, serial)
    }

    /// Keeps the copies of a certificate that were sealed, before anybody hears of them. A place
    /// that was drawn for a copy more than these is given up with them: nobody has it.
    ///
    /// Where another certificate counts for the same errand, as each says itself, nothing is kept:
    /// that is decided here, for every process that issues. What is bound to keys of wallets is not
    /// compared: it is told apart by its keys.
    pub fn sealed_copies(
        &mut self,
        serial: &str,
        tokens: &[&str],
        times: (SystemTime, SystemTime),
        beside: Beside,
    ) -> Result<(), RegisterError> {
        let transaction = begin(&mut self.connection)?;
        sealed(&transaction, serial, (tokens, beside), times)?;
        Ok(transaction.commit()?)
    }
}

/// Keeps the copies of a certificate. Nothing is changed where another counts for its errand.
pub(super) fn sealed(
    transaction: &Transaction<'_>,
    serial: &str,
    (tokens, beside): (&[&str], Beside),
    (issued_at, valid_until): (SystemTime, SystemTime),
) -> Result<(), RegisterError> {
    let Some((first, others)) = tokens.split_first() else {
        return Err(RegisterError::Copies(0));
    };
    let unknown = || RegisterError::Unknown(serial.to_owned());
    let entry = by_serial(transaction, serial)?.ok_or_else(unknown)?;
    let errand = match entry.profile {
        Profile::National => Some(ErrandKey::of_token(first, entry.subject.is_some())?),
        Profile::Haip => None,
    };
    if let (Some(errand), Beside::None) = (&errand, beside) {
        let other = newest_for(transaction, errand, issued_at)?;
        if let Some(other) = other.filter(|other| can_count(other) && other.serial != serial) {
            return Err(RegisterError::AlreadyIssued(other.serial));
        }
    }
    let mut update = transaction.prepare_cached(
        "UPDATE certificate SET token = ?, errand = ?, issued_at = ?, valid_until = ?, stage = ? \
         WHERE serial = ? AND stage = ?",
    )?;
    let changed = update.execute(params![
        first,
        errand.as_ref().map(ErrandKey::as_str),
        seconds(issued_at),
        seconds(valid_until),
        Stage::Sealed.number(),
        serial,
        Stage::Reserved.number(),
    ])?;
    if changed != 1 {
        return Err(unknown());
    }
    for (token, number) in others.iter().zip(1..) {
        let changed = transaction.execute(
            "UPDATE copy SET token = ? WHERE serial = ? AND number = ? AND token IS NULL",
            params![token, serial, number],
        )?;
        if changed != 1 {
            return Err(unknown());
        }
    }
    // What stays of it is a place with no certificate, as a decoy is.
    let mut others =
        transaction.prepare_cached("DELETE FROM copy WHERE serial = ? AND token IS NULL")?;
    others.execute([serial])?;
    Ok(())
}

fn all(connection: &Connection, serial: &str) -> Result<Vec<Copy>, RegisterError> {
    let mut select = connection.prepare_cached(
        "SELECT l.uri, t.place, t.token FROM (SELECT 0 AS number, list, place, token FROM \
         certificate WHERE serial = ?1 UNION ALL SELECT number, list, place, token FROM copy WHERE \
         serial = ?1) t JOIN list l ON l.number = t.list ORDER BY t.number",
    )?;
    let mut rows = select.query([serial])?;
    let mut copies = Vec::new();
    while let Some(row) = rows.next()? {
        let place = u64::try_from(row.get::<_, i64>(1)?);
        let place = place.map_err(|_| RegisterError::Content("place"))?;
        let reference = StatusReference { uri: row.get(0)?, place };
        copies.push(Copy { reference, token: row.get(2)? });
    }
    Ok(copies)
}

/// Sets the value of each place of a certificate, and counts the order in each of their lists.
pub(super) fn set_all(
    connection: &Connection,
    serial: &str,
    value: StatusValue,
) -> Result<(), RegisterError> {
    const PLACES: &str = "SELECT list, place FROM certificate WHERE serial = ?1 UNION ALL SELECT \
                          list, place FROM copy WHERE serial = ?1";
    let copies = all(connection, serial)?.len();
    connection.execute(
        &format!(
            "UPDATE list SET revision = revision + 1 WHERE number IN (SELECT list FROM ({PLACES}))"
        ),
        [serial],
    )?;
    let changed = connection.execute(
        &format!(
            "UPDATE place SET value = ?2, revision = (SELECT revision FROM list WHERE number = \
             place.list) WHERE (list, place) IN ({PLACES})"
        ),
        params![serial, value.number()],
    )?;
    if changed != copies || copies == 0 {
        return Err(RegisterError::Content("place"));
    }
    Ok(())
}

fn signed(number: impl TryInto<i64>) -> Result<i64, RegisterError> {
    number.try_into().map_err(|_| RegisterError::Content("copy"))
}
