//! The hub's store as years use it: every step it is copied as it is at that moment, open and
//! written to, and the copy is what goes on, as after a kill -9. A model beside it, of what was
//! acknowledged alone, says what must still be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;
use zerotrip_client::audit::Audit;
use zerotrip_ledger::{
    BundleKind, Completed, DecidedUnder, Ledger, LedgerError, LogKeys, OpenError, Reader, Recovered,
};
use zerotrip_proto::v1::entry_content::Body;
use zerotrip_proto::v1::{
    Completion, Envelope, ErrorCode, ExchangeOutcome, Intent, LedgerReceipt, Refusal,
};
use zerotrip_trust::Digest;
use zerotrip_trust::entry;
use zerotrip_trust::merkle::{CompactRange, leaf_hash, path_from_bytes, verify_consistency};
use zerotrip_trust::note::{Checkpoint, open_checkpoint};

use super::{at, copy_folder};

const ORIGIN: &str = "city.example/hub/main";

/// What was acknowledged, by those to whom it was.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    /// Every signed head that left, by its size.
    heads: BTreeMap<u64, Digest>,
    /// Every leaf that left.
    leaves: BTreeMap<u64, Digest>,
    /// Where each intent stands that was recorded before anything was asked.
    intents: BTreeMap<u64, String>,
    /// Those without completion.
    open: BTreeSet<u64>,
}

/// The store, open.
pub struct Log {
    folder: PathBuf,
    keys: LogKeys,
    ledger: Option<Ledger>,
    runtime: Runtime,
    pub acknowledged: Acknowledged,
    exchanges: u64,
}

/// A copy of the store, and what had been acknowledged by then.
#[derive(Clone)]
pub struct Copy {
    pub folder: PathBuf,
    pub acknowledged: Acknowledged,
}

impl Log {
    pub fn begin(folder: PathBuf, keys: LogKeys) -> Self {
        let mut log = Self::closed(folder, keys);
        log.ledger = Some(log.try_open(&log.folder).unwrap().0);
        log
    }

    fn closed(folder: PathBuf, keys: LogKeys) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self {
            folder,
            keys,
            ledger: None,
            runtime,
            acknowledged: Acknowledged::default(),
            exchanges: 0,
        }
    }

    /// The store goes on under other keys; a copy of it goes on under those of before, in `to`.
    pub fn hand_over(&mut self, to: &Path, keys: LogKeys, second: u64) -> Self {
        self.ledger = None;
        copy_folder(&self.folder, to);
        let mut former = Self::closed(to.to_owned(), std::mem::replace(&mut self.keys, keys));
        (former.acknowledged, former.exchanges) = (self.acknowledged.clone(), self.exchanges);
        former.open(second);
        self.open(second);
        former
    }

    /// Another test's child process holds every file that is open here until it has become its
    /// program, the store's lock too.
    fn try_open(&self, folder: &Path) -> Result<(Ledger, Recovered), OpenError> {
        let begun = std::time::Instant::now();
        loop {
            match Ledger::open(folder, ORIGIN, self.keys.clone()) {
                Err(OpenError::InUse(_)) if begun.elapsed().as_secs() < 5 => {
                    std::thread::yield_now()
                }
                opened => return opened,
            }
        }
    }

    fn ledger(&self) -> &Ledger {
        self.ledger.as_ref().unwrap()
    }

    /// The newest signed head.
    pub fn head(&self) -> Checkpoint {
        open_checkpoint(&self.note(), ORIGIN, self.keys.sign.public()).unwrap()
    }

    /// The same, as it is signed.
    pub fn note(&self) -> String {
        self.ledger().checkpoint().unwrap()
    }

    /// Proof that it continues one of that size, as the hub sends it.
    pub fn consistency(&self, seen: u64) -> Vec<Vec<u8>> {
        let size = self.head().size;
        if (1..size).contains(&seen) {
            self.ledger().consistency(seen, size).unwrap()
        } else {
            Vec::new()
        }
    }

    pub fn bundle(&self, kind: BundleKind) -> Option<(u64, Envelope)> {
        self.ledger().bundle(kind).unwrap()
    }

    pub fn put_bundle(&mut self, kind: BundleKind, version: u64, envelope: &Envelope, second: u64) {
        let put = self.ledger().put_bundle(kind, version, envelope.clone(), at(second));
        let receipt = self.runtime.block_on(put).unwrap();
        self.take(&receipt);
        // What is older or equal is never put in force, and leaves no entry.
        let size = self.head().size;
        let again = self.runtime.block_on(self.ledger().put_bundle(
            kind,
            version,
            envelope.clone(),
            at(second),
        ));
        assert!(matches!(again, Err(LedgerError::StaleBundle { .. })), "{again:?}");
        assert_eq!(self.head().size, size);
    }

    fn take(&mut self, receipt: &LedgerReceipt) {
        let head = open_checkpoint(&receipt.checkpoint, ORIGIN, self.keys.sign.public()).unwrap();
        let leaf = leaf_hash(&receipt.entry);
        assert!(
            self.acknowledged.leaves.insert(receipt.index, leaf).is_none(),
            "entry {} is given out twice",
            receipt.index
        );
        self.acknowledged.heads.insert(head.size, head.root);
    }

    /// Records an intent, as before anything is asked: a kill may leave it open.
    pub fn intend(&mut self, issuer: &str, second: u64) -> (String, u64) {
        self.exchanges += 1;
        let id = format!("01900000-0000-7000-8000-{:012x}", self.exchanges);
        let intent = Intent {
            exchange_id: id.clone(),
            issuer: issuer.into(),
            action: super::CHECK.into(),
            ..Intent::default()
        };
        let index = self
            .runtime
            .block_on(self.ledger().intend(intent, at(second), at(second + 300)))
            .unwrap();
        assert!(
            self.acknowledged.intents.insert(index, id.clone()).is_none(),
            "entry {index} is given out twice"
        );
        self.acknowledged.open.insert(index);
        (id, index)
    }

    fn complete(
        &mut self,
        id: &str,
        index: u64,
        outcome: ExchangeOutcome,
        under: Option<DecidedUnder>,
        second: u64,
    ) -> bool {
        let completion = Completion {
            exchange_id: id.into(),
            intent_index: index,
            outcome: outcome.into(),
            ..Completion::default()
        };
        let completed =
            Completed { completion, answer: b"answer".to_vec(), ..Completed::default() };
        match self.runtime.block_on(self.ledger().complete(completed, at(second), under)) {
            Ok(receipt) => {
                self.take(&receipt);
                self.acknowledged.open.remove(&index);
                true
            }
            Err(LedgerError::Superseded(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Records an answer of which everything is kept.
    pub fn answer(&mut self, completion: Completion, second: u64) -> LedgerReceipt {
        let index = completion.intent_index;
        let completed = Completed { completion, ..Completed::default() };
        let receipt =
            self.runtime.block_on(self.ledger().complete(completed, at(second), None)).unwrap();
        self.take(&receipt);
        self.acknowledged.open.remove(&index);
        receipt
    }

    /// A whole exchange. What was decided under a bundle that was replaced meanwhile is not
    /// answered.
    pub fn exchange(&mut self, issuer: &str, answered: bool, second: u64) {
        let (id, index) = self.intend(issuer, second);
        let version = |kind| self.bundle(kind).map_or(0, |(version, _)| version);
        let under = DecidedUnder {
            directory: version(BundleKind::Directory),
            grants: version(BundleKind::Grants),
        };
        if answered {
            let before = DecidedUnder { directory: under.directory - 1, ..under };
            assert!(
                !self.complete(&id, index, ExchangeOutcome::AnsweredTrue, Some(before), second),
                "answered under what was replaced"
            );
            assert!(self.complete(&id, index, ExchangeOutcome::AnsweredTrue, Some(under), second));
        } else {
            assert!(self.complete(&id, index, ExchangeOutcome::Denied, None, second));
        }
    }

    pub fn refuse(&mut self, second: u64) {
        let refusal = Refusal { code: ErrorCode::BadSignature.into(), ..Refusal::default() };
        let receipt = self
            .runtime
            .block_on(self.ledger().append(Body::Refusal(refusal), at(second)))
            .unwrap();
        self.take(&receipt);
    }

    /// The files as they are at this moment, with the store open and its WAL unfolded.
    ///
    /// This process opens and closes the files that SQLite holds, which lets go of its locks (see
    /// `zerotrip_ledger`'s `held`). It is the last that this process does with them, and no
    /// other has them open.
    pub fn copy(&self, to: &Path) -> Copy {
        copy_folder(&self.folder, to);
        Copy { folder: to.to_owned(), acknowledged: self.acknowledged.clone() }
    }

    /// As a kill -9 leaves the store; then it is opened as the hub opens it.
    pub fn kill(&mut self, second: u64) {
        let aside = self.folder.with_extension("killed");
        copy_folder(&self.folder, &aside);
        self.ledger = None;
        fs::remove_dir_all(&self.folder).unwrap();
        fs::rename(&aside, &self.folder).unwrap();
        self.open(second);
    }

    /// Opens what lies in the folder: nothing acknowledged is missing, and what a kill left open is
    /// what was open.
    fn open(&mut self, second: u64) {
        let (ledger, recovered) = self.try_open(&self.folder).unwrap();
        let orphaned: BTreeSet<u64> =
            recovered.orphaned.iter().map(|orphan| orphan.intent_index).collect();
        assert_eq!(orphaned, self.acknowledged.open, "what a kill left open");
        self.ledger = Some(ledger);
        self.continues(&self.acknowledged).unwrap();
        self.runtime.block_on(self.ledger().reconcile(recovered.orphaned, at(second))).unwrap();
        self.acknowledged.open.clear();
    }

    /// Whether the newest head that left, and an older one, are prefixes of this log.
    pub fn continues(&self, acknowledged: &Acknowledged) -> Result<(), String> {
        let now = self.head();
        let older = acknowledged.heads.iter().nth(acknowledged.heads.len() / 2);
        for (size, root) in acknowledged.heads.last_key_value().into_iter().chain(older) {
            if now.size < *size {
                return Err(format!(
                    "{size} entries were acknowledged, and there are {}",
                    now.size
                ));
            }
            let path = self.ledger().consistency(*size, now.size).unwrap();
            let path = path_from_bytes(&path).unwrap();
            verify_consistency(*size, now.size, root, &now.root, &path)
                .map_err(|_| format!("the first {size} entries are others"))?;
        }
        Ok(())
    }

    /// From the first entry on: every head that left is a prefix, every leaf and intent that left
    /// is where it was said to be, and the authority's own audit finds it whole.
    pub fn is_whole(&self) {
        let Acknowledged { heads, leaves, intents, .. } = &self.acknowledged;
        let (mut range, head) = (CompactRange::new(), self.head());
        let mut audit = Audit::new(
            heads.last_key_value().map(|(size, root)| Checkpoint {
                size: *size,
                root: *root,
                ..head.clone()
            }),
            true,
        );
        while range.size() < head.size {
            for found in self
                .ledger()
                .entries(range.size(), zerotrip_ledger::ENTRIES, &Reader::Authority)
                .unwrap()
            {
                let (index, leaf) = (range.size(), leaf_hash(&found.leaf));
                assert!(
                    leaves.get(&index).is_none_or(|known| *known == leaf),
                    "entry {index} is another than was acknowledged"
                );
                if let Some(id) = intents.get(&index) {
                    let content =
                        entry::open(&found.leaf, found.opening.as_ref().unwrap()).unwrap().body;
                    assert!(
                        matches!(content, Some(Body::Intent(intent)) if intent.exchange_id == *id),
                        "the intent at {index}"
                    );
                }
                audit.push(&found.leaf, found.opening.as_ref()).unwrap();
                range.append(leaf);
                assert!(
                    heads.get(&range.size()).is_none_or(|root| *root == range.root()),
                    "the head over {}",
                    range.size()
                );
            }
        }
        let last = |kept: Option<&u64>| kept.is_none_or(|index| *index < head.size);
        assert!(
            last(leaves.keys().next_back()) && last(intents.keys().next_back()),
            "an acknowledged entry is missing"
        );
        let report = audit.finish(&head).unwrap();
        assert_eq!(
            (report.open_count, report.counts.intents),
            (self.acknowledged.open.len() as u64, intents.len() as u64)
        );
    }

    /// The database of an older copy under today's mark and checkpoint: refused by name.
    pub fn refuses_older_database(&self, copy: &Copy, scratch: &Path) {
        copy_folder(&self.folder, scratch);
        for part in ["store.sqlite", "store.sqlite-wal", "store.sqlite-shm"] {
            let (from, to) = (copy.folder.join(part), scratch.join(part));
            let _none = fs::remove_file(&to);
            if from.exists() {
                fs::copy(&from, &to).unwrap();
            }
        }
        let same =
            copy.acknowledged.heads.last_key_value() == self.acknowledged.heads.last_key_value();
        match self.try_open(scratch) {
            Err(OpenError::Lost { .. } | OpenError::Shrunk { .. } | OpenError::Forked(_)) => {}
            Ok(_) if same => {}
            other => panic!(
                "an older database opens under a newer mark: {:?}",
                other.map(|(_, recovered)| recovered)
            ),
        }
        fs::remove_dir_all(scratch).unwrap();
    }

    /// The whole of an older copy in the store's place; gives what had been acknowledged, for
    /// [`Self::bring_back`].
    pub fn set_back_to(&mut self, copy: &Copy, second: u64) -> Acknowledged {
        self.ledger = None;
        fs::rename(&self.folder, self.folder.with_extension("newest")).unwrap();
        copy_folder(&copy.folder, &self.folder);
        let newest = std::mem::replace(&mut self.acknowledged, copy.acknowledged.clone());
        self.open(second);
        newest
    }

    /// What [`Self::set_back_to`] put aside comes back.
    pub fn bring_back(&mut self, newest: Acknowledged, second: u64) {
        self.ledger = None;
        fs::remove_dir_all(&self.folder).unwrap();
        fs::rename(self.folder.with_extension("newest"), &self.folder).unwrap();
        self.acknowledged = newest;
        self.open(second);
    }

    /// `zerotrip-hub backup`.
    pub fn back_up(&self, to: &Path, second: u64) -> Copy {
        let _none = fs::remove_dir_all(to);
        let head = zerotrip_ledger::backup(&self.folder, to, ORIGIN, &self.keys, at(second), None)
            .unwrap();
        assert!(
            head.size >= self.acknowledged.heads.keys().next_back().copied().unwrap_or_default()
        );
        Copy { folder: to.to_owned(), acknowledged: self.acknowledged.clone() }
    }

    /// `zerotrip-hub restore`: what was acknowledged since the backup is knowingly given up; gives
    /// what had been.
    pub fn restore(&mut self, backup: &Copy, second: u64) -> Acknowledged {
        self.ledger = None;
        let (_, aside) = zerotrip_ledger::restore(
            &backup.folder,
            &self.folder,
            ORIGIN,
            &self.keys,
            at(second),
            None,
        )
        .unwrap();
        fs::remove_dir_all(aside).unwrap();
        let given_up = std::mem::replace(&mut self.acknowledged, backup.acknowledged.clone());
        self.open(second);
        given_up
    }
}
