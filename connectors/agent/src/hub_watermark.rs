//! The high-water mark of this connector's hub: the largest signed tree head, and the highest
//! version of the grants. A hub that is behind it was set back: what was revoked since may be valid
//! again there, and what was acknowledged may be lost. Such a hub is not answered.
//!
//! Each channel begins with nothing shown, and its scans are refused until the hub has proven on it
//! that its log continues what was seen. A hub that shows a longer log without proof hears how much
//! was seen, and brings the proof with its next description.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{DescribeRequest, ErrorCode, ScanTicket};
use zerotrip_trust::Digest;
use zerotrip_trust::note::{Checkpoint, SeenLogError};

/// Below the connector's `state`.
const FILE: &str = "hub-seen.toml";
/// Time after which the same is logged again.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// The mark, and the file that keeps it.
#[derive(Debug)]
pub struct HubWatermark {
    file: PathBuf,
    /// One comparison at a time: the file is read, compared and written under it.
    heard: Mutex<Heard>,
}

/// What this process heard from the hub beside its tree heads.
#[derive(Debug, Default)]
struct Heard {
    /// The highest version of the grants, and the most leaves, that it spoke of.
    grants: u64,
    leaves: u64,
    /// Those leaves as the last comparison ended. A head that was already on its way may be behind
    /// what scans spoke of since.
    settled: u64,
    /// What was said of a hub that is refused, and when: it opens the next channel within a
    /// second.
    said: Option<(String, Instant)>,
}

/// What the hub has shown on one channel, and so whether it is answered there.
#[derive(Debug)]
pub struct ChannelProof(Mutex<Result<(), Refusal>>);

impl Default for ChannelProof {
    fn default() -> Self {
        let why = "the hub has not shown on this channel that its log continues what was seen here";
        Self(Mutex::new(Err(Refusal::new(ErrorCode::StaleBundle, why))))
    }
}

impl ChannelProof {
    /// Refuses a scan of a hub that has not shown enough.
    pub fn require(&self) -> Result<(), Refusal> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the newest comparison, and returns what the hub hears of it. A missing proof is not an
    /// error: the hub can still bring it.
    pub fn record(&self, compared: Result<Continuity, Refusal>) -> Result<(), Refusal> {
        let (shown, heard) = match compared {
            Ok(Continuity::Proven) => (Ok(()), Ok(())),
            Ok(Continuity::ProofMissing) => (Self::default().require(), Ok(())),
            Err(refusal) => (Err(refusal.clone()), Err(refusal)),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = shown;
        heard
    }
}

/// What a comparison came to, where nothing speaks against the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Its log is the one that was seen, or that one grown.
    Proven,
    /// Its log is longer, and no proof came with it.
    ProofMissing,
}

/// A file must have every field: one that was emptied or cut is an error, and nothing is served
/// until it is fixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Watermark {
    origin: String,
    size: u64,
    /// Hexadecimal.
    root: String,
    grants_version: u64,
}

impl Heard {
    fn say(&mut self, why: &str) {
        if self.said.as_ref().is_none_or(|(known, at)| known != why || at.elapsed() >= SAY_AGAIN) {
            tracing::error!("nothing is answered: {why}");
            self.said = Some((why.to_owned(), Instant::now()));
        }
    }
}

impl HubWatermark {
    /// Of the connector in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { file: folder.join("state").join(FILE), heard: Mutex::default() }
    }

    /// Leaves of the largest tree that was seen.
    pub fn size(&self) -> u64 {
        self.read().map_or(0, |kept| kept.size)
    }

    /// Compares a ticket's grants version with the highest that was seen; the ticket's signature
    /// was verified. The leaves that it states are a lower bound for the tree heads to come.
    pub fn compare_ticket(&self, ticket: &ScanTicket) -> Result<(), Refusal> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.leaves = heard.leaves.max(ticket.ledger_size);
        if ticket.grants_version < heard.grants {
            let why = format!(
                "the hub asks under grants version {}, and version {} was seen here",
                ticket.grants_version, heard.grants
            );
            return Err(Refusal::new(ErrorCode::StaleBundle, why));
        }
        heard.grants = ticket.grants_version;
        Ok(())
    }

    /// Compares what the hub shows with what was seen, and keeps what is newer and proven. `head`
    /// is its tree head, whose signature was verified.
    pub fn compare(
        &self,
        head: &Checkpoint,
        shown: &DescribeRequest,
    ) -> Result<Continuity, Refusal> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let compared = self.compare_with(head, shown, &mut heard);
        heard.settled = heard.leaves;
        if let Err(why) = &compared {
            heard.say(why);
        }
        compared.map_err(|why| Refusal::new(ErrorCode::StaleBundle, why))
    }

    fn compare_with(
        &self,
        head: &Checkpoint,
        shown: &DescribeRequest,
        heard: &mut Heard,
    ) -> Result<Continuity, String> {
        let kept =
            self.read().map_err(|why| format!("what was seen of the hub cannot be read: {why}"))?;
        if kept == Watermark::default() {
            // Nothing was seen yet, or its owner begins anew.
            (heard.grants, heard.leaves, heard.settled) = (0, 0, 0);
        }
        let remedy = format!(
            "Tell the authority. Only if it confirms that a backup of the hub was put back, \
             and has run `zerotrip authority refresh` since, remove `{}`",
            self.file.display()
        );
        let grants = kept.grants_version.max(heard.grants);
        if shown.grants_version < grants {
            return Err(format!(
                "the hub was set back: its grants are version {}, and version {} was seen here, \
                 so that what was revoked may be valid there. The authority sends the newest \
                 with `zerotrip authority refresh`",
                shown.grants_version, grants
            ));
        }
        if kept.size > 0 && kept.origin != head.origin {
            return Err(format!(
                "the hub's log is `{}`, and that of `{}` was seen here. {remedy}",
                head.origin, kept.origin
            ));
        }
        if head.size < heard.settled {
            let shrunk = SeenLogError::Shrunk { seen: heard.settled, now: head.size };
            return Err(format!("the hub was set back: {shrunk}. {remedy}"));
        }
        if kept.size > 0 && head.size > kept.size && shown.consistency.is_empty() {
            return Ok(Continuity::ProofMissing);
        }
        let root = hex::decode(&kept.root).ok().and_then(|bytes| Digest::try_from(bytes).ok());
        let seen = Checkpoint {
            origin: kept.origin.clone(),
            size: kept.size,
            root: root.unwrap_or_default(),
        };
        head.continues(&seen, &shown.consistency)
            .map_err(|error| format!("the hub was set back: {error}. {remedy}"))?;
        let root = hex::encode(head.root);
        let next = Watermark {
            origin: head.origin.clone(),
            size: head.size,
            root,
            grants_version: shown.grants_version,
        };
        if next != kept {
            self.write(&next)
                .map_err(|error| format!("what was seen of the hub cannot be kept: {error}"))?;
        }
        heard.grants = shown.grants_version;
        Ok(Continuity::Proven)
    }

    fn read(&self) -> Result<Watermark, String> {
        if !files::is_there(&self.file) {
            return Ok(Watermark::default());
        }
        let text = files::read_text(&self.file).map_err(|error| error.to_string())?;
        toml::from_str(&text)
            .map_err(|error| format!("`{}`: {}", self.file.display(), error.message()))
    }

    fn write(&self, kept: &Watermark) -> Result<(), FileError> {
        let text = toml::to_string(kept).unwrap_or_default();
        files::write(&self.file, text.as_bytes(), Secrecy::Public)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::collections::HashMap;

    use zerotrip_trust::merkle::{CompactRange, NodeReader, consistency_path, leaf_hash};

    use super::*;

    struct Nodes(HashMap<(u32, u64), Digest>);

    impl NodeReader for Nodes {
        fn node(&self, level: u32, index: u64) -> Option<Digest> {
            self.0.get(&(level, index)).copied()
        }
    }

    /// A log of leaves 0, 1, …, of which those from `other` on are others.
    fn log(size: u64, other: u64) -> (Checkpoint, Nodes) {
        let (mut range, mut nodes) = (CompactRange::new(), HashMap::new());
        for index in 0..size {
            let leaf = leaf_hash(&[u8::try_from(index).unwrap(), u8::from(index >= other)]);
            range.append_with(leaf, |level, index, digest| {
                nodes.insert((level, index), digest);
            });
        }
        (Checkpoint { origin: "o".into(), size, root: range.root() }, Nodes(nodes))
    }

    fn shown(nodes: &Nodes, from: u64, to: u64, grants_version: u64) -> DescribeRequest {
        let path = if from == 0 || from >= to {
            Vec::new()
        } else {
            consistency_path(nodes, from, to).unwrap()
        };
        let consistency = path.iter().map(|digest| digest.to_vec()).collect();
        DescribeRequest { consistency, grants_version, ..DescribeRequest::default() }
    }

    #[test]
    fn a_hub_is_answered_on_a_channel_once_it_has_shown_that_it_is_not_behind() {
        let folder = tempfile::tempdir().unwrap();
        let seen = HubWatermark::new(folder.path());
        let channel = ChannelProof::default();
        // Nothing was shown on it yet.
        assert!(channel.require().is_err());
        let describe = |size: u64, other: u64, from: u64, grants: u64| {
            let (head, nodes) = log(size, other);
            channel
                .record(seen.compare(&head, &shown(&nodes, from, size, grants)))
                .map_err(|refusal| refusal.en)
        };
        let compare =
            |size: u64, other: u64, grants: u64| describe(size, other, seen.size(), grants);
        compare(5, 99, 3).unwrap();
        compare(5, 99, 3).unwrap();
        compare(9, 99, 4).unwrap();
        channel.require().unwrap();
        assert_eq!(seen.size(), 9);
        // Set back, whole or in part; then with other entries in the place of those that were lost.
        assert!(
            compare(8, 99, 4).unwrap_err().contains("9 entries were seen before, now it has 8")
        );
        assert!(channel.require().unwrap_err().en.contains("now it has 8"));
        assert!(
            compare(9, 99, 3)
                .unwrap_err()
                .contains("its grants are version 3, and version 4 was seen")
        );
        assert!(compare(9, 7, 4).unwrap_err().contains("rewritten"));
        assert!(compare(12, 7, 5).unwrap_err().contains("rewritten"));
        // A longer one without proof, an honest one and one with other entries: neither is
        // answered, nor kept.
        for other in [99, 7] {
            describe(12, other, 0, 5).unwrap();
            assert!(channel.require().is_err());
            assert_eq!(seen.size(), 9);
        }
        // After a restart too; and what another channel was shown counts on that one alone.
        let again = HubWatermark::new(folder.path());
        let (head, nodes) = log(8, 99);
        assert!(again.compare(&head, &shown(&nodes, 9, 8, 9)).is_err());
        compare(12, 99, 5).unwrap();
        assert_eq!(seen.size(), 12);
        channel.require().unwrap();
        assert!(ChannelProof::default().require().is_err());
        // What scans spoke of since the last comparison counts at once.
        let scan = |ledger_size: u64, grants_version: u64| ScanTicket {
            ledger_size,
            grants_version,
            ..ScanTicket::default()
        };
        assert!(
            seen.compare_ticket(&scan(15, 4)).unwrap_err().en.contains("version 5 was seen"),
            "as it was shown"
        );
        seen.compare_ticket(&scan(15, 6)).unwrap();
        seen.compare_ticket(&scan(14, 6)).unwrap();
        assert!(seen.compare_ticket(&scan(16, 5)).unwrap_err().en.contains("version 6 was seen"));
        // A head that was on its way while they came is not that of a hub that was set back; the
        // next one would be.
        compare(13, 99, 6).unwrap();
        assert!(
            compare(13, 99, 6).unwrap_err().contains("16 entries were seen before, now it has 13")
        );
        assert!(compare(17, 99, 5).unwrap_err().contains("version 6 was seen"));
        compare(17, 99, 6).unwrap();
        channel.require().unwrap();
        // A file that was emptied or cut is no missing file.
        let file = folder.path().join("state").join(FILE);
        let whole = std::fs::read_to_string(&file).unwrap();
        for cut in [0, 1, whole.len() / 2, whole.find("grants_version").unwrap()] {
            std::fs::write(&file, &whole[..cut]).unwrap();
            assert!(compare(17, 99, 6).unwrap_err().contains("cannot be read"), "{cut}");
            assert!(channel.require().is_err());
        }
        // By its owner's hand, where the authority confirmed it.
        std::fs::remove_file(folder.path().join("state").join(FILE)).unwrap();
        compare(3, 99, 1).unwrap();
    }
}
