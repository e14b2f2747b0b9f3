//! Verifying the past: each file, each block and each body against what the log commits to.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use prost::Message as _;
use rusqlite::Connection;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::entry_content::Body as Said;
use zerotrip_proto::v1::{Completion, EntryContent, ExchangeBody};
use zerotrip_trust::digest::{commit, sha256};

use super::block::{Block, Leaf};
use super::body::Body;
use super::elsewhere::{Archive, of_place};
use super::error::SegmentError;
use super::file::{Segment, all};
use super::objects::all_objects;
use super::place::Place;
use super::reading::{BLOCK_COLUMNS, BlockRow, block_of, moved, past};
use crate::error::{LedgerError, OpenError};
use crate::nodes::number;
use crate::schema;

/// What was verified, and what is wrong; whole where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Segments.
    pub segments: u64,
    /// Blocks of entries whose leaves have the root that the tree keeps for them.
    pub blocks: u64,
    /// Bodies that open, and are what their completions commit to.
    pub bodies: u64,
    /// Bodies that are erased.
    pub erased: u64,
    /// Objects below the log's name in the place of the settings that the store does not know: of
    /// before a backup was put back, or of a former store. Nothing here needs them.
    pub strangers: Vec<String>,
    /// What is missing, cut, swapped or altered, each by name.
    pub faults: Vec<String>,
}

/// Most faults that are told.
const FAULTS: usize = 100;
/// Most objects that are looked at for strangers.
const OBJECTS: usize = 1_000_000;

/// Verifies every segment of the store in `folder`, also while a hub has it open: in another
/// process, which only reads. `place`: where segments are elsewhere.
pub fn verify(
    folder: &Path,
    origin: &str,
    place: Option<Arc<dyn Place>>,
) -> Result<Checked, OpenError> {
    let connection = schema::open_reading_past(folder)?;
    let mut checked = check(&connection, &Archive::new(folder, origin, place.clone()), true)?;
    if let Some(place) = place {
        checked.look_for_strangers(&connection, &*place, origin)?;
    }
    Ok(checked)
}

/// With `all`, bodies that are elsewhere too; else only those here.
pub(crate) fn check(
    connection: &Connection,
    archive: &Archive,
    all_bodies: bool,
) -> Result<Checked, LedgerError> {
    // Blocks are only added: those of the beginning are looked at, each as it is when its turn
    // comes.
    let beginning = connection.unchecked_transaction()?;
    let segments = all(&beginning, archive.store(), archive.origin())?;
    let moved = moved(&beginning)?;
    let newest: Option<i64> =
        beginning.query_row("SELECT max(first) FROM block", [], |row| row.get(0))?;
    drop(beginning);
    let is_older = |row: &&BlockRow| {
        newest.is_some_and(|newest| number(row.first).is_ok_and(|first| first <= newest))
    };
    let mut checked = Checked::default();
    let mut expected = 0;
    for Segment { number: segment, .. } in segments {
        checked.segments += 1;
        let select = format!("SELECT {BLOCK_COLUMNS} FROM block WHERE segment = ?1 ORDER BY first");
        let rows = connection
            .prepare(&select)?
            .query_map([segment], block_of)?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        for row in rows.iter().filter(is_older) {
            if row.first != expected {
                checked.fault(format!("the leaves {expected} to {} are in no block", row.first));
            }
            expected = row.end;
            let found = whole_block(connection, archive, segment, row, all_bodies)?;
            checked.add(found);
        }
    }
    if moved != expected {
        checked.fault(format!("the leaves {expected} to {moved} are in no block"));
    }
    Ok(checked)
}

/// What is wrong with a block, wherever its files are by then.
fn whole_block(
    connection: &Connection,
    archive: &Archive,
    number: i64,
    row: &BlockRow,
    all_bodies: bool,
) -> Result<Checked, LedgerError> {
    loop {
        let transaction = connection.unchecked_transaction()?;
        let segment = archive.segment(&transaction, number)?;
        let mut found = Checked::default();
        // What is read of a block stays at hand while it is verified.
        let reading = archive.for_one_answer();
        found.block(&transaction, &reading, &segment, row, all_bodies)?;
        drop(transaction);
        // What moved or was dropped while it was looked at is looked at again, where it is now.
        let is_where_it_was = || -> Result<bool, LedgerError> {
            Ok(archive.segment(connection, number)?.whereabouts() == segment.whereabouts())
        };
        if found.faults.is_empty() || is_where_it_was()? {
            return Ok(found);
        }
    }
}

impl Checked {
    fn add(&mut self, found: Self) {
        self.blocks += found.blocks;
        self.bodies += found.bodies;
        self.erased += found.erased;
        found.faults.into_iter().for_each(|fault| self.fault(fault));
    }

    fn fault(&mut self, what: impl ToString) {
        let what = what.to_string();
        if self.faults.len() < FAULTS && !self.faults.contains(&what) {
            self.faults.push(what);
        }
    }

    fn look_for_strangers(
        &mut self,
        connection: &Connection,
        place: &dyn Place,
        origin: &str,
    ) -> Result<(), OpenError> {
        // An object's row is there before it is: what is listed first, and is on record
        // afterwards, is no stranger, however long the listing took.
        let listed = place.list(origin, OBJECTS);
        let known: HashSet<String> =
            all_objects(connection)?.into_iter().map(|object| object.name).collect();
        match listed {
            Ok(names) => {
                let mut strangers: Vec<_> =
                    names.into_iter().filter(|name| !known.contains(name)).collect();
                strangers.sort();
                strangers.truncate(FAULTS);
                let shown = strangers.into_iter().map(|name| format!("{}/{name}", place.url()));
                self.strangers = shown.collect();
            }
            Err(error) => self.fault(of_place(format!("{}/{origin}", place.url()), error)),
        }
        Ok(())
    }

    fn block(
        &mut self,
        connection: &Connection,
        archive: &Archive,
        segment: &Segment,
        row: &BlockRow,
        all_bodies: bool,
    ) -> Result<(), LedgerError> {
        let Segment { entries, bodies, .. } = segment;
        let with_bodies = !segment.dropped && (all_bodies || bodies.object.is_none());
        let entries_part = (row.entries_at, row.entries_bytes);
        let bodies_part = (row.bodies_at, row.bodies_bytes);
        let parts = [
            Some((entries, segment.entries_end, entries_part, &row.entries_digest)),
            Some((bodies, segment.bodies_end, bodies_part, &row.bodies_digest))
                .filter(|_| with_bodies),
        ];
        for (file, end, part, digest) in parts.into_iter().flatten() {
            let wrong = match archive.bytes_now(file, end, part, row.first) {
                Ok(found) if sha256(&found).as_slice() == digest.as_slice() => continue,
                Ok(_) => {
                    let what = format!("the block of the leaves {} to {}", row.first, row.end);
                    SegmentError::altered(&file.shown(), what)
                }
                Err(LedgerError::Segment(error)) => error,
                Err(error) => return Err(error),
            };
            self.fault(wrong);
        }
        let block = match archive.load(connection, row) {
            Ok(block) => block,
            Err(LedgerError::Segment(error)) => {
                self.fault(error);
                return Ok(());
            }
            // Why it is not here is told already.
            Err(LedgerError::Elsewhere(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        self.blocks += 1;
        if !with_bodies && !segment.dropped {
            return Ok(());
        }
        for leaf in block.exchanges.keys() {
            let index = row.first.saturating_add((*leaf).into());
            self.body(connection, archive, &block, index)?;
        }
        Ok(())
    }

    fn body(
        &mut self,
        connection: &Connection,
        archive: &Archive,
        block: &Block,
        index: u64,
    ) -> Result<(), LedgerError> {
        let Some(kept) = block.kept(index) else { return Ok(()) };
        let (id, completion) = match said(block, index) {
            Some(Said::Completion(completion)) => {
                (completion.exchange_id.clone(), Some(completion))
            }
            Some(Said::Reconciliation(end)) => (end.exchange_id, None),
            _ => {
                self.fault(format!(
                    "the leaf {index} ends no exchange, and something is kept of it"
                ));
                return Ok(());
            }
        };
        let Some(past) = past(connection, &id)?.filter(|past| past.leaf == index) else {
            self.fault(format!("the store does not know the exchange that the leaf {index} ends"));
            return Ok(());
        };
        let body = match archive.body(connection, &past, kept) {
            Ok(body) => body,
            Err(LedgerError::Segment(error)) => {
                self.fault(error);
                return Ok(());
            }
            Err(LedgerError::Elsewhere(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        match (body, completion) {
            (None, _) => self.erased += u64::from(kept.body_bytes > 0),
            (Some(body), Some(completion)) if is_committed(&body, &completion) => self.bodies += 1,
            (Some(_), _) => self.fault(format!(
                "the body of the exchange that ends in the leaf {index} is not what the leaf \
                 commits to"
            )),
        }
        Ok(())
    }
}

fn said(block: &Block, index: u64) -> Option<Said> {
    match block.leaf(index)? {
        Leaf::Sealed { content, .. } => EntryContent::decode(content.as_slice()).ok()?.body,
        Leaf::Open { .. } => None,
    }
}

/// Whether a completion commits to what is kept of its exchange.
fn is_committed(body: &Body, completion: &Completion) -> bool {
    let fact = completion.fact_commitment == commit(hash_domain::FACT, &body.fact_salt, &body.fact);
    let Ok(kept) = ExchangeBody::decode(body.answer.as_slice()) else { return false };
    let answer = kept.answer.is_some_and(|answer| {
        completion.answer_commitment
            == commit(hash_domain::ANSWER, &kept.answer_salt, &answer.payload)
    });
    fact && answer
}
