//! Lists and their places. A place is drawn at random among those that are free, so that it tells
//! nothing of when a certificate was issued, nor of how many there are; decoys see to it that what
//! is published does not tell it either.

use rusqlite::{OptionalExtension as _, Transaction, params};
use zerotrip_certificates::Profile;
use zerotrip_certificates::status::{Bits, StatusReference, StatusValue};
use zerotrip_trust::digest;

use super::bounds::{DECOYS, DRAWS, FULL, MORE_DECOYS, PLACES};
use super::error::RegisterError;
use super::settings::{StatusSettings, list_name};

/// How many values a place needs in lists of a profile.
fn bits(profile: Profile) -> Bits {
    match profile {
        // Valid, revoked, suspended, superseded.
        Profile::National => Bits::Two,
        // Valid, revoked.
        Profile::Haip => Bits::One,
    }
}

/// Draws a place for a certificate, in a list that has room; opens a new one where none has.
pub(super) fn draw_place(
    transaction: &Transaction<'_>,
    settings: &StatusSettings,
    profile: Profile,
    serial: &str,
) -> Result<(i64, StatusReference), RegisterError> {
    let open: Option<(i64, String)> = transaction
        .prepare_cached(
            "SELECT number, uri FROM list WHERE profile = ? AND used < ? ORDER BY number DESC \
             LIMIT 1",
        )?
        .query_row(params![profile.name(), signed(FULL)?], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (list, uri) = match open {
        Some(open) => open,
        None => new_list(transaction, settings, profile)?,
    };
    let place = draw(transaction, list, StatusValue::Valid, Some(serial))?;
    Ok((list, StatusReference { uri, place }))
}

/// A list with its first decoys. Its address tells nothing of when it was opened, and how many
/// there are.
fn new_list(
    transaction: &Transaction<'_>,
    settings: &StatusSettings,
    profile: Profile,
) -> Result<(i64, String), RegisterError> {
    let name = list_name(&digest::random()?);
    let uri = format!("{}/{name}", settings.uri);
    let bits = i64::from(bits(profile).number());
    transaction.execute(
        "INSERT INTO list (name, uri, profile, bits, places, used, revision, published) VALUES \
         (?, ?, ?, ?, ?, 0, 0, -1)",
        params![name, uri, profile.name(), bits, signed(PLACES)?],
    )?;
    let list = transaction.last_insert_rowid();
    add_decoys(transaction, (list, profile), DECOYS + random_below(DECOYS)?)?;
    Ok((list, uri))
}

/// A few more decoys, so that a list that was published anew does not show by how many certificates
/// it differs; and at least one, by which a register is known that does not know of it.
pub(super) fn more_decoys(
    transaction: &Transaction<'_>,
    list: (i64, Profile),
) -> Result<(), RegisterError> {
    let used: i64 =
        transaction
            .query_row("SELECT used FROM list WHERE number = ?", [list.0], |row| row.get(0))?;
    // From then on nothing is drawn: what is free must stay the larger part.
    if used >= signed(PLACES / 4 * 3)? {
        return Ok(());
    }
    add_decoys(transaction, list, 1 + random_below(MORE_DECOYS - 1)?)
}

fn add_decoys(
    transaction: &Transaction<'_>,
    (list, profile): (i64, Profile),
    count: u64,
) -> Result<(), RegisterError> {
    let values = profile.statuses();
    for _ in 0..count {
        let at = usize::try_from(random_below(values.len() as u64)?).unwrap_or_default();
        let value = values.get(at).copied().unwrap_or(StatusValue::Revoked);
        draw(transaction, list, value, None)?;
    }
    Ok(())
}

/// Takes a free place, each with the same chance.
fn draw(
    transaction: &Transaction<'_>,
    list: i64,
    value: StatusValue,
    serial: Option<&str>,
) -> Result<u64, RegisterError> {
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO place (list, place, value, revision, serial) VALUES (?, ?, ?, 0, ?)",
    )?;
    for _ in 0..DRAWS {
        let place = random_below(PLACES)?;
        if insert.execute(params![list, signed(place)?, value.number(), serial])? == 1 {
            transaction.execute("UPDATE list SET used = used + 1 WHERE number = ?", [list])?;
            return Ok(place);
        }
    }
    Err(RegisterError::Full)
}

/// A number below `end`. Of powers of two, each with the same chance; of others nearly so.
fn random_below(end: u64) -> Result<u64, RegisterError> {
    Ok(u64::from_le_bytes(digest::random()?) % end.max(1))
}

fn signed(number: u64) -> Result<i64, RegisterError> {
    i64::try_from(number).map_err(|_| RegisterError::Content("place"))
}
