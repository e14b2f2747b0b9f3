//! What this connector saw of its hub: the largest signed tree head, and the highest version of the grants. A hub that is behind was set
//! back: what was revoked since may hold again there, and what was acknowledged may be lost. It is asked nothing more of here.
//!
//! A hub that shows a longer log and no proof is not refused for that: what is not proven is not kept either, so that it is compared again.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zerotrip_channel::files::{self, FileError, Secrecy};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::{DescribeRequest, ErrorCode};
use zerotrip_trust::Digest;
use zerotrip_trust::merkle;
use zerotrip_trust::note::Checkpoint;

/// Below the connector's `state`.
const FILE: &str = "hub-seen.toml";
/// Time after which the same is said again.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// What was seen, and where it is kept.
#[derive(Debug)]
pub struct Seen {
    file: PathBuf,
    /// Why the hub is not answered now.
    behind: Mutex<Option<String>>,
    /// What was said of that last, and when: a hub that is refused opens the next channel within a second.
    said: Mutex<Option<(String, Instant)>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(default)]
    origin: String,
    #[serde(default)]
    size: u64,
    /// Hexadecimal.
    #[serde(default)]
    root: String,
    #[serde(default)]
    grants_version: u64,
}

impl Seen {
    /// Of the connector in this folder.
    pub fn new(folder: &Path) -> Self {
        Self { file: folder.join("state").join(FILE), behind: Mutex::default(), said: Mutex::default() }
    }

    /// Leaves of the largest tree that was seen.
    pub fn size(&self) -> u64 {
        self.read().map_or(0, |kept| kept.size)
    }

    /// Compares what the hub shows with what was seen, and keeps what is newer and proven. `head` is its tree head, whose signature was
    /// verified. What it is refused for, it is refused for until it shows better.
    pub fn compare(&self, head: &Checkpoint, shown: &DescribeRequest) -> Result<(), Refusal> {
        let compared = self.weigh(head, shown);
        *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = compared.as_ref().err().cloned();
        if let Err(why) = &compared {
            self.say(why);
        }
        compared.map_err(|why| Refusal::new(ErrorCode::StaleBundle, why))
    }

    /// Refuses a scan of a hub that is behind.
    pub fn is_not_behind(&self) -> Result<(), Refusal> {
        match self.behind.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(why) => Err(Refusal::new(ErrorCode::StaleBundle, why.clone())),
            None => Ok(()),
        }
    }

    fn say(&self, why: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.as_ref().is_none_or(|(known, at)| known != why || at.elapsed() >= SAY_AGAIN) {
            tracing::error!("nothing is answered: {why}");
            *said = Some((why.to_owned(), Instant::now()));
        }
    }

    fn weigh(&self, head: &Checkpoint, shown: &DescribeRequest) -> Result<(), String> {
        let kept = self.read().map_err(|why| format!("what was seen of the hub cannot be read: {why}"))?;
        let remedy = format!(
            "tell the authority; only where it confirms that a backup of the hub was put back, and has run `zerotrip authority refresh` \
             since, remove `{}`",
            self.file.display()
        );
        if shown.grants_version < kept.grants_version {
            return Err(format!(
                "the hub was set back: its grants are version {}, and version {} was seen here, so that what was revoked may hold there; \
                 the authority sends the newest with `zerotrip authority refresh`",
                shown.grants_version, kept.grants_version
            ));
        }
        if kept.size > 0 && kept.origin != head.origin {
            return Err(format!("the hub's log is `{}`, and that of `{}` was seen here; {remedy}", head.origin, kept.origin));
        }
        if head.size < kept.size {
            return Err(format!("the hub was set back: its log has {} entries, and {} were seen here; {remedy}", head.size, kept.size));
        }
        let rewritten =
            || format!("the hub's log is not the one that was seen here: its first {} entries were rewritten; {remedy}", kept.size);
        let root = hex::decode(&kept.root).ok().and_then(|bytes| Digest::try_from(bytes).ok());
        let mut next = kept.clone();
        next.grants_version = shown.grants_version;
        if kept.size == 0 {
            next = Kept { origin: head.origin.clone(), size: head.size, root: hex::encode(head.root), ..next };
        } else if head.size == kept.size {
            if root != Some(head.root) {
                return Err(rewritten());
            }
        } else if !shown.consistency.is_empty() {
            let root = root.ok_or_else(rewritten)?;
            let path = merkle::path_from_bytes(&shown.consistency).ok_or_else(rewritten)?;
            merkle::verify_consistency(kept.size, head.size, &root, &head.root, &path).map_err(|_| rewritten())?;
            next = Kept { size: head.size, root: hex::encode(head.root), ..next };
        }
        if next == kept {
            return Ok(());
        }
        let written = self.write(&next);
        written.map_err(|error| format!("what was seen of the hub cannot be kept: {error}"))
    }

    fn read(&self) -> Result<Kept, String> {
        if !self.file.exists() {
            return Ok(Kept::default());
        }
        let text = files::read_text(&self.file).map_err(|error| error.to_string())?;
        toml::from_str(&text).map_err(|error| format!("`{}`: {}", self.file.display(), error.message()))
    }

    fn write(&self, kept: &Kept) -> Result<(), FileError> {
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
        let path = if from == 0 || from >= to { Vec::new() } else { consistency_path(nodes, from, to).unwrap() };
        let consistency = path.iter().map(|digest| digest.to_vec()).collect();
        DescribeRequest { consistency, grants_version, ..DescribeRequest::default() }
    }

    #[test]
    fn a_hub_that_is_behind_is_refused_until_it_shows_better() {
        let folder = tempfile::tempdir().unwrap();
        let seen = Seen::new(folder.path());
        let compare = |size: u64, other: u64, grants: u64| {
            let (head, nodes) = log(size, other);
            seen.compare(&head, &shown(&nodes, seen.size(), size, grants)).map_err(|refusal| refusal.en)
        };
        compare(5, 99, 3).unwrap();
        compare(5, 99, 3).unwrap();
        compare(9, 99, 4).unwrap();
        assert_eq!(seen.size(), 9);
        // Set back, whole or in part; then with other entries in the place of those that were lost.
        assert!(compare(8, 99, 4).unwrap_err().contains("its log has 8 entries, and 9 were seen here"));
        assert!(seen.is_not_behind().is_err());
        assert!(compare(9, 99, 3).unwrap_err().contains("its grants are version 3, and version 4 was seen"));
        assert!(compare(9, 7, 4).unwrap_err().contains("rewritten"));
        assert!(compare(12, 7, 5).unwrap_err().contains("rewritten"));
        // After a restart too.
        let again = Seen::new(folder.path());
        let (head, nodes) = log(8, 99);
        assert!(again.compare(&head, &shown(&nodes, 9, 8, 9)).is_err());
        // A longer one without proof changes nothing of what is compared next.
        let (head, nodes) = log(12, 99);
        seen.compare(&head, &shown(&nodes, 0, 12, 5)).unwrap();
        assert_eq!(seen.size(), 9);
        seen.compare(&head, &shown(&nodes, 9, 12, 5)).unwrap();
        assert_eq!(seen.size(), 12);
        seen.is_not_behind().unwrap();
        // By its owner's hand, where the authority confirmed it.
        std::fs::remove_file(folder.path().join("state").join(FILE)).unwrap();
        compare(3, 99, 1).unwrap();
    }
}
