//! What the database knows of segments' files that are elsewhere: one row for each object that was
//! ever begun, until it is known to be gone. So whatever a crash leaves in a place is found again.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::copies::demand_confirmed;
use super::kind::Kind;
use crate::error::LedgerError;
use crate::fault::Fault;
use crate::nodes::number;

/// The state of an object, as its row has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It may be there, whole or not; the file in the store's folder is what counts.
    Begun = 0,
    /// It is there, and compared; the file in the store's folder may be left.
    Moved = 1,
    /// It is there, and nothing in the store's folder.
    Alone = 2,
    /// It is to be removed.
    Leaving = 3,
    /// The file is back in the store's folder, and it is left for backups of when it was not.
    Left = 4,
}

impl State {
    fn of(value: i64) -> Option<Self> {
        [Self::Begun, Self::Moved, Self::Alone, Self::Leaving, Self::Left]
            .into_iter()
            .find(|state| *state as i64 == value)
    }
}

/// An object, as its row has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) segment: i64,
    pub(super) kind: Kind,
    /// The place's URL.
    pub(super) place: String,
    pub(super) name: String,
    /// An upload that may have left something.
    pub(super) upload: Option<String>,
    pub(super) state: State,
}

impl Object {
    pub(super) fn shown(&self) -> String {
        format!("{}/{}", self.place, self.name)
    }
}

/// A change of such a row, in the writer's transaction.
#[derive(Clone, Debug)]
pub(crate) struct ObjectWork {
    pub(super) object: Object,
    pub(super) step: ObjectStep,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ObjectStep {
    /// Before anything is in the place.
    Begin,
    /// An upload has this name there; `None`: nothing is left of it.
    Upload(Option<String>),
    /// It is there, and compared: from now on it is what counts.
    There,
    /// The file in the store's folder is gone.
    Alone,
    /// It is back in the store's folder, compared, and stays there; the object is left.
    Back,
    /// It is gone from its place.
    Gone,
}

/// Refused as [`LedgerError::MovedOn`] where the row is no longer as the work takes it to be.
pub(crate) fn apply_object(connection: &Connection, work: &ObjectWork) -> Result<(), Fault> {
    let ObjectWork { object, step } = work;
    let Object { segment, kind, place, name, .. } = object;
    let change = |set: &str, from: &[State]| {
        let from: Vec<String> = from.iter().map(|state| (*state as i64).to_string()).collect();
        let update =
            format!("UPDATE object SET {set} WHERE name = ?1 AND state IN ({})", from.join(", "));
        connection.prepare_cached(&update)?.execute([name])
    };
    let changed = match step {
        ObjectStep::Begin => connection
            .prepare_cached(
                "INSERT INTO object (name, segment, kind, place, state) SELECT ?1, ?2, ?3, ?4, 0 \
                 FROM segment WHERE number = ?2 AND number NOT IN (SELECT segment FROM stay) AND \
                 number < (SELECT max(number) FROM segment) AND NOT (?3 = 'bodies' AND dropped_at \
                 IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM object WHERE segment = ?2 AND kind = \
                 ?3 AND state < 3)",
            )?
            .execute(params![name, segment, kind.name(), place])?,
        ObjectStep::Upload(upload) => connection
            .prepare_cached("UPDATE object SET upload = ?2 WHERE name = ?1")?
            .execute(params![name, upload])?,
        ObjectStep::There => change("state = 1, upload = NULL", &[State::Begun])?,
        ObjectStep::Alone => change("state = 2", &[State::Moved])?,
        ObjectStep::Back => {
            let stays = "INSERT OR IGNORE INTO stay (segment) VALUES (?1)";
            connection.prepare_cached(stays)?.execute([segment])?;
            change("state = 4", &[State::Moved, State::Alone])?
        }
        ObjectStep::Gone => {
            // A copy does not know what the store that it is of still has there.
            demand_confirmed(connection)?;
            connection
                .prepare_cached("DELETE FROM object WHERE name = ?1 AND state = 3")?
                .execute([name])?
        }
    };
    if changed == 1 { Ok(()) } else { Err(LedgerError::MovedOn.into()) }
}

/// Within the transaction that erases the last body of a segment.
pub(super) fn bodies_leave(connection: &Connection, segment: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE object SET state = 3 WHERE segment = ?1 AND kind = 'bodies'")?
        .execute([segment])
        .map(drop)
}

const COLUMNS: &str = "segment, kind, place, name, upload, state";

fn object_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Object> {
    let (kind, state): (String, i64) = (row.get(1)?, row.get(5)?);
    let unknown = || rusqlite::Error::IntegralValueOutOfRange(5, state);
    Ok(Object {
        segment: row.get(0)?,
        kind: Kind::of(&kind).ok_or_else(unknown)?,
        place: row.get(2)?,
        name: row.get(3)?,
        upload: row.get(4)?,
        state: State::of(state).ok_or_else(unknown)?,
    })
}

/// Those in this state, oldest segment first.
pub(super) fn in_state(connection: &Connection, state: State) -> rusqlite::Result<Vec<Object>> {
    let select =
        format!("SELECT {COLUMNS} FROM object WHERE state = ?1 ORDER BY segment, kind, name");
    connection.prepare_cached(&select)?.query_map([state as i64], object_of)?.collect()
}

/// All objects, for a listing.
pub(super) fn all_objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let select = format!("SELECT {COLUMNS} FROM object ORDER BY segment, kind, name");
    connection.prepare_cached(&select)?.query_map([], object_of)?.collect()
}

/// The one that counts in place of a segment's file.
pub(super) fn counting(
    connection: &Connection,
    segment: i64,
    kind: Kind,
) -> rusqlite::Result<Option<Object>> {
    let select = format!(
        "SELECT {COLUMNS} FROM object WHERE segment = ?1 AND kind = ?2 AND state IN (1, 2)"
    );
    connection
        .prepare_cached(&select)?
        .query_row(params![segment, kind.name()], object_of)
        .optional()
}

/// Has a copied database know an object that counts in the store that it is of.
pub(super) fn known_there(copied: &Connection, object: &Object) -> rusqlite::Result<()> {
    let Object { segment, kind, place, name, .. } = object;
    copied
        .execute(
            "INSERT INTO object (name, segment, kind, place, state) VALUES (?1, ?2, ?3, ?4, 2) \
             ON CONFLICT (name) DO UPDATE SET state = 2, upload = NULL",
            params![name, segment, kind.name(), place],
        )
        .map(drop)
}

/// A file that is written to no more, and is in the store's folder alone: the oldest behind `after`
/// that may move.
pub(super) fn next_here(
    connection: &Connection,
    after: u64,
) -> Result<Option<(i64, Kind)>, LedgerError> {
    let found: Option<(i64, String)> = connection
        .prepare_cached(
            "SELECT number, kind FROM segment, (SELECT 'entries' AS kind UNION ALL SELECT \
             'bodies') AS kinds WHERE number > ?1 AND number < (SELECT max(number) FROM segment) \
             AND number NOT IN (SELECT segment FROM stay) AND NOT (kind = 'bodies' AND dropped_at \
             IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM object WHERE object.segment = \
             segment.number AND object.kind = kinds.kind AND state < 3) ORDER BY number, kind \
             DESC LIMIT 1",
        )?
        .query_row([number(after)?], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.and_then(|(segment, kind)| Some((segment, Kind::of(&kind)?))))
}
