//! The whole log, read from the ledger's own files.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zerotrip_channel::files;
use zerotrip_client::audit::{Audit, AuditError, AuditReport};
use zerotrip_trust::keys::{Algorithm, PublicKey};
use zerotrip_trust::note::{self, Checkpoint};
use zerotrip_trust::tiles::{self, TILE_WIDTH};

use crate::render::{Failure, USAGE};

/// The ledger's own files: `checkpoint`, and the bundles of its entries.
pub(super) fn verify(folder: &Path, key: &str) -> Result<(Checkpoint, AuditReport), Failure> {
    files::check_folder(folder)?;
    let (origin, key) = verifier_key(key)?;
    let note = files::read_text(&folder.join("checkpoint"))?;
    let head =
        note::open_checkpoint(&note, &origin, &key).map_err(|error| Failure::unverified(&error))?;
    // The files hold leaves alone: what opens them is the hub's to give.
    let mut audit = Audit::new(None, false);
    while audit.size() < head.size {
        let index = audit.size() / TILE_WIDTH;
        let wanted = usize::try_from((head.size - audit.size()).min(TILE_WIDTH)).unwrap_or(0);
        let entries = read_bundle(folder, index, head.size)?;
        if entries.len() < wanted {
            return Err(AuditError::WrongSize {
                expected: head.size,
                found: audit.size() + entries.len() as u64,
            }
            .into());
        }
        for entry in entries.iter().take(wanted) {
            audit.push(entry, None)?;
        }
    }
    let report = audit.finish(&head)?;
    Ok((head, report))
}

fn read_bundle(folder: &Path, index: u64, size: u64) -> Result<Vec<Vec<u8>>, Failure> {
    let width = tiles::tile_width(0, index, size).flatten();
    let whole = folder.join(tiles::entries_path(index, None));
    // A log that has grown since the head was signed may have replaced the partial bundle by the
    // full one.
    let path = if width.is_some() && whole.exists() {
        whole
    } else {
        folder.join(tiles::entries_path(index, width))
    };
    let bytes = files::read(&path)?;
    tiles::decode_entries(&bytes)
        .map_err(|error| Failure::unverified(&format!("`{}`: {error}", path.display())))
}

/// `<origin>+<key hash>+<base64(type || key)>`: the hash must be the one that follows from the
/// rest.
fn verifier_key(text: &str) -> Result<(String, PublicKey), Failure> {
    let read = || {
        let mut parts = text.trim().splitn(3, '+');
        let (origin, _hash, encoded) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = STANDARD.decode(encoded).ok()?;
        let key = PublicKey::new(Algorithm::Ed25519, bytes.strip_prefix(&[1])?).ok()?;
        (note::verifier_key(origin, &key).ok()? == text.trim()).then(|| (origin.to_owned(), key))
    };
    read().ok_or_else(|| {
        Failure::new(
            USAGE,
            "--key: not a verifier key, which has the form `<origin>+<8 hexadecimal \
             digits>+<base64>`",
            "--key：不是有效的验证公钥，应形如 `<名称>+<8位十六进制>+<base64>`",
        )
        .remedy("copy it whole", "请完整复制")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use prost::Message as _;
    use zerotrip_channel::files::Secrecy;

    use super::*;
    use zerotrip_proto::v1::ledger_entry::Body;
    use zerotrip_proto::v1::{BundleChange, LedgerEntry};
    use zerotrip_trust::keys::SigningKey;
    use zerotrip_trust::merkle::{CompactRange, leaf_hash};

    fn entry(version: u64) -> Vec<u8> {
        LedgerEntry {
            at: None,
            body: Some(Body::Bundle(BundleChange { version, ..BundleChange::default() })),
        }
        .encode_to_vec()
    }

    #[test]
    fn a_ledgers_files_verify_and_a_changed_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let entries: Vec<Vec<u8>> = (0..300).map(entry).collect();
        let mut range = CompactRange::new();
        entries.iter().for_each(|entry| range.append(leaf_hash(entry)));
        let head =
            Checkpoint { origin: "c.example/hub/main".into(), size: 300, root: range.root() };
        let note = note::sign_checkpoint(&head, &key).unwrap();
        let put = |name: &str, bytes: &[u8]| {
            files::write(&folder.path().join(name), bytes, Secrecy::Public).unwrap()
        };
        put("checkpoint", note.as_bytes());
        put("tile/entries/000", &tiles::encode_entries(entries.get(..256).unwrap()).unwrap());
        put("tile/entries/001.p/44", &tiles::encode_entries(entries.get(256..).unwrap()).unwrap());
        let vkey = note::verifier_key(&head.origin, key.public()).unwrap();
        let (found, report) = verify(folder.path(), &vkey).unwrap();
        assert_eq!((found, report.counts.bundles), (head, 300));
        let mut altered = entries.clone();
        altered.swap(3, 4);
        put("tile/entries/000", &tiles::encode_entries(altered.get(..256).unwrap()).unwrap());
        assert_eq!(verify(folder.path(), &vkey).unwrap_err(), Failure::from(AuditError::WrongRoot));
        put("tile/entries/000", &tiles::encode_entries(entries.get(..200).unwrap()).unwrap());
        assert!(
            verify(folder.path(), &vkey).unwrap_err().said.what.en.contains("but there are 200")
        );
        let stranger = note::verifier_key(
            "c.example/hub/main",
            SigningKey::generate(Algorithm::Ed25519).unwrap().public(),
        )
        .unwrap();
        assert!(
            verify(folder.path(), &stranger)
                .unwrap_err()
                .said
                .what
                .en
                .contains("no signature of the log's key")
        );
        assert_eq!(verifier_key("x").unwrap_err().exit, USAGE);
        assert!(verifier_key(&vkey.replace("c.example", "d.example")).is_err());
    }
}
