//! An audit of a whole ledger: recomputes the root from every entry, compares it with the signed
//! head and with the last head seen here, and reports what the entries say that are opened to the
//! auditor: all to the authority. Pure: entries come in, a report or a fault comes out.

use std::collections::BTreeMap;
use zerotrip_text::cut;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde::Serialize;
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::ledger_entry::Body as Leaf;
use zerotrip_proto::v1::{EntryOpening, ExchangeOutcome, LedgerEntry};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::entry;
use zerotrip_trust::merkle::{CompactRange, leaf_hash};
use zerotrip_trust::note::{Checkpoint, SeenLogError};

/// Exchange ids that a report names; more are counted.
const NAMED: usize = 20;

/// Entries so far.
#[derive(Debug)]
pub struct Audit {
    range: CompactRange,
    seen: Option<Checkpoint>,
    open: BTreeMap<u64, String>,
    counts: Counts,
    /// Whether every entry must be opened, and every completion have its intent: to the authority.
    whole: bool,
}

/// How many entries of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Entries that are not opened here: of other systems.
    pub sealed: u64,
    /// Requests before dispatch.
    pub intents: u64,
    /// Answered: yes.
    pub answered_true: u64,
    /// Answered: no.
    pub answered_false: u64,
    /// Not answered.
    pub unavailable: u64,
    /// Denied.
    pub denied: u64,
    /// Answered about many subjects, each with an outcome of its own.
    pub answered_many: u64,
    /// Certificates recorded.
    pub recorded: u64,
    /// Requests refused before they were exchanges.
    pub refusals: u64,
    /// New directories and grants.
    pub bundles: u64,
    /// Intents that a crash left open, closed at the next start.
    pub reconciliations: u64,
}

/// What a whole ledger says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// Its size.
    pub size: u64,
    /// Its entries.
    pub counts: Counts,
    /// Intents without completion: exchanges under way, or lost. The first 20 ids.
    pub open: Vec<String>,
    /// How many there are.
    pub open_count: u64,
    /// The size of the head seen before, which this ledger continues; `None` where none was seen.
    pub continues: Option<u64>,
}

/// What is wrong with a ledger.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Not an entry.
    #[error("entry {0} cannot be read")]
    Unreadable(u64),
    /// What the hub says that an entry holds is not what it commits to.
    #[error("entry {0} does not commit to what the hub says it holds")]
    NotCommitted(u64),
    /// An entry is withheld from the authority.
    #[error("the hub does not open entry {0} to the authority, which may read all")]
    Withheld(u64),
    /// A completion or reconciliation without its intent.
    #[error("entry {index} completes exchange `{exchange}`, which has no open intent at {intent}")]
    WithoutIntent {
        /// Of the completion.
        index: u64,
        exchange: String,
        /// Where the intent should be.
        intent: u64,
    },
    /// Fewer or more entries than the head says.
    #[error("the signed head says {expected} entries, but there are {found}")]
    WrongSize {
        /// The head's.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The entries are not those that were signed.
    #[error("the entries do not lead to the signed root: one of them was altered")]
    WrongRoot,
    /// Not the log that was seen before.
    #[error(transparent)]
    Seen(#[from] SeenLogError),
    /// A kept head that cannot be read.
    #[error("the head that was kept from the last look cannot be read")]
    KeptHead,
}

impl Audit {
    /// Begins; `seen` is the head of the last audit. `whole`: the auditor may read all, so every
    /// entry must be opened.
    pub fn new(seen: Option<Checkpoint>, whole: bool) -> Self {
        Self {
            range: CompactRange::new(),
            seen,
            open: BTreeMap::new(),
            counts: Counts::default(),
            whole,
        }
    }

    /// How many entries so far.
    pub fn size(&self) -> u64 {
        self.range.size()
    }

    /// The next entry, exactly as hashed, and what opens it.
    pub fn push(&mut self, leaf: &[u8], opening: Option<&EntryOpening>) -> Result<(), AuditError> {
        let index = self.range.size();
        match LedgerEntry::decode(leaf)
            .ok()
            .and_then(|entry| entry.body)
            .ok_or(AuditError::Unreadable(index))?
        {
            Leaf::Bundle(_) => self.counts.bundles += 1,
            Leaf::Sealed(_) => match opening {
                Some(opening) => {
                    let content =
                        entry::open(leaf, opening).map_err(|_| AuditError::NotCommitted(index))?;
                    self.count(index, content.body.ok_or(AuditError::Unreadable(index))?)?;
                }
                None if self.whole => return Err(AuditError::Withheld(index)),
                None => self.counts.sealed += 1,
            },
        }
        self.range.append(leaf_hash(leaf));
        match &self.seen {
            Some(seen) if seen.size == self.range.size() && seen.root != self.range.root() => {
                Err(SeenLogError::Forked(seen.size).into())
            }
            _ => Ok(()),
        }
    }

    /// Whether all that came is what the signed head says.
    pub fn finish(self, head: &Checkpoint) -> Result<AuditReport, AuditError> {
        if let Some(seen) = self.seen.as_ref().filter(|seen| seen.size > head.size) {
            return Err(SeenLogError::Shrunk { seen: seen.size, now: head.size }.into());
        }
        if self.range.size() != head.size {
            return Err(AuditError::WrongSize { expected: head.size, found: self.range.size() });
        }
        if self.range.root() != head.root {
            return Err(AuditError::WrongRoot);
        }
        Ok(AuditReport {
            size: head.size,
            counts: self.counts,
            open_count: self.open.len() as u64,
            open: self.open.into_values().take(NAMED).collect(),
            continues: self.seen.map(|seen| seen.size),
        })
    }

    fn count(&mut self, index: u64, body: Body) -> Result<(), AuditError> {
        match body {
            Body::Intent(intent) => {
                self.counts.intents += 1;
                self.open.insert(index, intent.exchange_id);
            }
            Body::Completion(completion) => {
                *match completion.outcome() {
                    ExchangeOutcome::AnsweredTrue => &mut self.counts.answered_true,
                    ExchangeOutcome::AnsweredFalse => &mut self.counts.answered_false,
                    ExchangeOutcome::Unavailable => &mut self.counts.unavailable,
                    ExchangeOutcome::Denied => &mut self.counts.denied,
                    ExchangeOutcome::AnsweredMany => &mut self.counts.answered_many,
                    ExchangeOutcome::Recorded => &mut self.counts.recorded,
                    ExchangeOutcome::Unspecified => return Err(AuditError::Unreadable(index)),
                } += 1;
                self.close(index, completion.intent_index, completion.exchange_id)?;
            }
            Body::Refusal(_) => self.counts.refusals += 1,
            Body::Reconciliation(closed) => {
                self.counts.reconciliations += 1;
                self.close(index, closed.intent_index, closed.exchange_id)?;
            }
        }
        Ok(())
    }

    fn close(&mut self, index: u64, intent: u64, exchange: String) -> Result<(), AuditError> {
        match self.open.remove(&intent) {
            Some(opened) if opened == exchange => Ok(()),
            // Its intent is not opened here.
            None if !self.whole => Ok(()),
            _ => Err(AuditError::WithoutIntent { index, exchange: cut(&exchange), intent }),
        }
    }
}

/// The head in a note that was kept here; its signature was verified when it was kept.
pub fn kept_head(note: &str) -> Result<Checkpoint, AuditError> {
    let mut lines = note.lines();
    let mut read = || {
        let (origin, size, root) =
            (lines.next()?.to_owned(), lines.next()?.parse().ok()?, lines.next()?);
        let root = Digest::try_from(STANDARD.decode(root).ok()?).ok()?;
        Some(Checkpoint { origin, size, root })
    };
    read().ok_or(AuditError::KeptHead)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use zerotrip_proto::v1::{BundleChange, Completion, Intent, Reconciliation};

    /// A leaf, and what opens it.
    type Entry = (Vec<u8>, Option<EntryOpening>);

    fn sealed(body: Body) -> Entry {
        let (leaf, opening) = entry::seal(body, std::time::SystemTime::UNIX_EPOCH).unwrap();
        (leaf, Some(opening))
    }

    fn intent(id: &str) -> Entry {
        sealed(Body::Intent(Intent { exchange_id: id.into(), ..Intent::default() }))
    }

    fn completion(id: &str, at: u64) -> Entry {
        let outcome = ExchangeOutcome::AnsweredTrue.into();
        sealed(Body::Completion(Completion {
            exchange_id: id.into(),
            intent_index: at,
            outcome,
            ..Completion::default()
        }))
    }

    fn reconciled(id: &str, at: u64) -> Entry {
        sealed(Body::Reconciliation(Reconciliation { exchange_id: id.into(), intent_index: at }))
    }

    fn bundle(version: u64) -> Entry {
        let body = BundleChange { version, ..BundleChange::default() };
        (LedgerEntry { at: None, body: Some(Leaf::Bundle(body)) }.encode_to_vec(), None)
    }

    fn head(entries: &[Entry]) -> Checkpoint {
        let mut range = CompactRange::new();
        entries.iter().for_each(|(leaf, _)| range.append(leaf_hash(leaf)));
        Checkpoint { origin: "o".into(), size: range.size(), root: range.root() }
    }

    fn audit(
        seen: Option<Checkpoint>,
        entries: &[Entry],
        head: &Checkpoint,
    ) -> Result<AuditReport, AuditError> {
        audit_as(true, seen, entries, head)
    }

    fn audit_as(
        whole: bool,
        seen: Option<Checkpoint>,
        entries: &[Entry],
        head: &Checkpoint,
    ) -> Result<AuditReport, AuditError> {
        let mut audit = Audit::new(seen, whole);
        entries.iter().try_for_each(|(leaf, opening)| audit.push(leaf, opening.as_ref()))?;
        audit.finish(head)
    }

    #[test]
    fn counts_and_open_intents_are_told() {
        let entries = [
            bundle(1),
            intent("a"),
            intent("b"),
            completion("a", 1),
            intent("c"),
            reconciled("c", 4),
        ];
        let report = audit(None, &entries, &head(&entries)).unwrap();
        assert_eq!(
            (
                report.counts.intents,
                report.counts.answered_true,
                report.counts.reconciliations,
                report.counts.bundles
            ),
            (3, 1, 1, 1)
        );
        assert_eq!(
            (report.open, report.open_count, report.continues),
            (vec!["b".to_owned()], 1, None)
        );
    }

    #[test]
    fn what_is_not_opened_is_counted_by_a_member_and_refused_by_the_authority() {
        let [own, done, other] = [intent("a"), completion("a", 1), completion("b", 0)];
        let withheld = |(leaf, _): &Entry| (leaf.clone(), None);
        let entries = [withheld(&intent("b")), own.clone(), done, withheld(&other), bundle(1)];
        let report = audit_as(false, None, &entries, &head(&entries)).unwrap();
        assert_eq!(
            (
                report.counts.sealed,
                report.counts.intents,
                report.counts.answered_true,
                report.counts.bundles
            ),
            (2, 1, 1, 1)
        );
        assert_eq!(audit(None, &entries, &head(&entries)), Err(AuditError::Withheld(0)));
        // The opening of another entry.
        let swapped = [(own.0, other.1)];
        assert_eq!(
            audit_as(false, None, &swapped, &head(&swapped)),
            Err(AuditError::NotCommitted(0))
        );
    }

    #[test]
    fn every_kind_of_tampering_is_named() {
        let entries = vec![bundle(1), intent("a"), completion("a", 1)];
        let good = head(&entries);
        assert_eq!(
            audit(None, &entries[..2], &good),
            Err(AuditError::WrongSize { expected: 3, found: 2 })
        );
        let altered = vec![bundle(2), entries[1].clone(), entries[2].clone()];
        assert_eq!(audit(None, &altered, &good), Err(AuditError::WrongRoot));
        assert_eq!(
            audit(Some(head(&entries[..2])), &altered, &head(&altered)),
            Err(SeenLogError::Forked(2).into())
        );
        let shorter = &entries[..2];
        assert_eq!(
            audit(Some(good.clone()), shorter, &head(shorter)),
            Err(SeenLogError::Shrunk { seen: 3, now: 2 }.into())
        );
        assert_eq!(audit(Some(head(&entries[..1])), &entries, &good).unwrap().continues, Some(1));
        let stray = [bundle(1), completion("a", 0)];
        assert!(matches!(
            audit(None, &stray, &head(&stray)),
            Err(AuditError::WithoutIntent { index: 1, .. })
        ));
        let twice = [intent("a"), completion("a", 0), completion("a", 0)];
        assert!(matches!(
            audit(None, &twice, &head(&twice)),
            Err(AuditError::WithoutIntent { index: 2, .. })
        ));
        assert_eq!(audit(None, &[(vec![0xff], None)], &good), Err(AuditError::Unreadable(0)));
        assert_eq!(kept_head(&format!("{good}\n— o AAAA\n")).unwrap(), good);
        assert_eq!(kept_head("o\nx\n"), Err(AuditError::KeptHead));
    }

    proptest! {
        #[test]
        fn any_rewriting_of_what_was_seen_is_noticed(size in 1usize..40, seen in 1usize..40, at in 0usize..40) {
            let entries: Vec<Entry> = (0..size as u64).map(bundle).collect();
            let seen = seen.min(size);
            let kept = head(&entries[..seen]);
            prop_assert!(audit(Some(kept.clone()), &entries, &head(&entries)).is_ok());
            let mut rewritten = entries;
            let at = at % seen;
            rewritten[at] = bundle(1000);
            prop_assert_eq!(audit(Some(kept), &rewritten, &head(&rewritten)), Err(SeenLogError::Forked(seen as u64).into()));
        }
    }
}
