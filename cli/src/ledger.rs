//! `ledger`: the signed head, and the whole log recomputed, over the wire or from its files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use prost::Message as _;
use serde_json::json;
use zerotrip_certificates::{checkpoint_origin, open_checkpoint};
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_proto::v1::{
    EntryOpening, ErrorCode, ExchangeFact, GetCheckpointRequest, GetEntriesRequest, GetFactRequest,
    ProveConsistencyRequest,
};
use zerotrip_trust::keys::{Algorithm, PublicKey};
use zerotrip_trust::note::{self, Checkpoint};
use zerotrip_trust::tiles::{self, TILE_WIDTH};

use crate::folders::SystemDir;
use crate::render::zh;
use crate::render::{Failure, Language, Screen, USAGE};
use crate::renewals;
use zerotrip_client::Session;
use zerotrip_client::answered;
use zerotrip_client::audit::{Audit, AuditError, AuditReport, kept_head};
use zerotrip_client::seen::FILE as SEEN;

/// Entries asked for at once.
const PAGE: u32 = 1000;

#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    /// Fetch the signed head, and prove that it continues the last one seen here.
    Checkpoint {
        #[command(flatten)]
        system: SystemDir,
    },
    /// What an unavailable answer came to in full: which records of which dataset. For the
    /// authority, and for the owner of that dataset, who may tell the person concerned.
    Fact {
        #[command(flatten)]
        system: SystemDir,
        /// The number of the exchange, as the answer shows it.
        #[arg(long)]
        exchange: String,
    },
    /// Read every entry, recompute the root, compare it with the signed head and with the last one
    /// seen here.
    Verify {
        /// The folder of a system that joined: reads over the wire.
        #[arg(long, env = "ZEROTRIP_DIR", required_unless_present = "files")]
        dir: Option<PathBuf>,
        /// The ledger's folder: reads its files, offline.
        #[arg(long, requires = "key")]
        files: Option<PathBuf>,
        /// With --files: the ledger's verifier key, `<origin>+<hash>+<key>`, from someone you
        /// trust.
        #[arg(long)]
        key: Option<String>,
    },
}

pub(super) async fn ledger(command: LedgerCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        LedgerCommand::Checkpoint { system } => {
            checkpoint(&renewals::open_home(&system.dir, screen)?, screen).await
        }
        LedgerCommand::Fact { system, exchange } => {
            fact(&renewals::open_home(&system.dir, screen)?, exchange, screen).await
        }
        LedgerCommand::Verify { files: Some(folder), key: Some(key), .. } => {
            let (head, report) = verify_files(&folder, &key)?;
            tell(&head, &report, screen)
        }
        LedgerCommand::Verify { dir, .. } => {
            verify_hub(&renewals::open_home(&dir.unwrap_or_default(), screen)?, screen).await
        }
    }
}

async fn checkpoint(home: &SystemHome, screen: &Screen) -> Result<ExitCode, Failure> {
    let session = Session::connect(home).await?;
    let (note, head) = fetch_head(&session).await?;
    let seen = seen(home, &head)?;
    if let Some(seen) = seen.as_ref().filter(|seen| seen.size > 0) {
        let path = if (1..head.size).contains(&seen.size) {
            let request = ProveConsistencyRequest { from_size: seen.size, to_size: head.size };
            answered(session.connection().ledger().prove_consistency(request)).await?.path
        } else {
            Vec::new()
        };
        head.continues(seen, &path).map_err(AuditError::from)?;
    }
    keep(home, &note)?;
    let continues = seen.map(|seen| seen.size);
    let more = match (continues, screen.language) {
        (Some(size), Language::Zh) => format!("\n已证明延续上次所见的 {size} 条"),
        (Some(size), _) => format!("\nproven to continue the {size} entries seen before"),
        (None, _) => String::new(),
    };
    let value = json!({ "origin": head.origin, "size": head.size, "root": hex::encode(head.root), "continues": continues, "note": note });
    screen.show(&format!("{}{more}", note.trim_end()), &value)?;
    Ok(ExitCode::SUCCESS)
}

async fn fact(
    home: &SystemHome,
    exchange_id: String,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let session = Session::connect(home).await?;
    let request = GetFactRequest { exchange_id: exchange_id.clone() };
    let reply = answered(session.connection().ledger().get_fact(request)).await?;
    let fact = ExchangeFact::decode(reply.fact.as_slice())
        .map_err(|_| Failure::unverified(&"the fact cannot be read"))?;
    let (en, zh) = fact_words(fact.code());
    let name = fact.code().name();
    let head = screen.pick("what the exchange came to:", "该次交换的具体情况：");
    let mut lines = vec![format!("{head} {} [{name}]", screen.pick(en, zh))];
    if !fact.dataset.is_empty() {
        lines.push(format!("  {} {}", screen.pick("source:", "数据源："), fact.dataset));
    }
    let value = json!({ "exchange": exchange_id, "code": name, "dataset": fact.dataset, "text_en": en, "text_zh": zh });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}

/// What a department looks for in its records. Never shown to a requester.
fn fact_words(code: ErrorCode) -> (&'static str, &'static str) {
    match code {
        ErrorCode::Unspecified => ("it was answered", "已有明确答复"),
        ErrorCode::SourceUnreadable => (
            "a record that could concern the persons cannot be read; correct it, or adjudicate it \
             with `zerotrip-connector adjudicate`",
            "存在可能涉及当事人但无法识读的记录；请更正，或用 `zerotrip-connector adjudicate` \
             作出认定",
        ),
        ErrorCode::OutsideCoverage => (
            "the register does not know about everyone concerned; their registers elsewhere must \
             be asked",
            "当事人不全在该登记的覆盖范围内，需向其登记地核实",
        ),
        ErrorCode::HandOverGap => (
            "since the moment of the register's data a record ended or was handed over elsewhere, \
             and what became of it does not show yet",
            "在该登记的数据时点之后，有记录终止或移交，其去向尚未体现",
        ),
        ErrorCode::NoCommonMoment => (
            "the register does not keep what has ended, so it proves nothing beside the others",
            "该登记不保留已终止的记录，无法与其他登记共同证明“无记录”",
        ),
        ErrorCode::Undated => (
            "a record ended on a day that the register does not say",
            "存在未注明终止日期的已终止记录",
        ),
        ErrorCode::Undetermined => (
            "a record settles nothing: something is in progress, or records contradict one another",
            "存在状态未定（如办理中）或相互矛盾的记录",
        ),
        ErrorCode::DefinitionLimit => (
            "the question concerns more persons or records than the check allows for",
            "涉及的人员或记录超过该核验事项的上限",
        ),
        _ => ("the requester was told the same", "与请求方所获告知相同"),
    }
}

async fn verify_hub(home: &SystemHome, screen: &Screen) -> Result<ExitCode, Failure> {
    let session = Session::connect(home).await?;
    let (note, head) = fetch_head(&session).await?;
    // To an administrator of the authority the hub opens all; to another system what concerns it.
    let mut audit =
        Audit::new(seen(home, &head)?, session.directory().is_administrator(&home.system));
    let mut ledger = session.connection().ledger();
    while audit.size() < head.size {
        let count = u32::try_from(head.size - audit.size()).unwrap_or(PAGE).min(PAGE);
        let reply =
            answered(ledger.get_entries(GetEntriesRequest { start: audit.size(), count })).await?;
        if reply.entries.is_empty() {
            break;
        }
        for (at, entry) in reply.entries.iter().enumerate().take(count as usize) {
            audit.push(
                entry,
                reply.openings.get(at).filter(|opening| **opening != EntryOpening::default()),
            )?;
        }
    }
    let report = audit.finish(&head)?;
    keep(home, &note)?;
    tell(&head, &report, screen)
}

async fn fetch_head(session: &Session) -> Result<(String, Checkpoint), Failure> {
    let note = answered(session.connection().ledger().get_checkpoint(GetCheckpointRequest {}))
        .await?
        .checkpoint;
    let hub = session.connection().home().hub.uri();
    let head = open_checkpoint(&note, session.directory(), &hub, SystemTime::now())
        .map_err(|error| Failure::unverified(&error))?;
    Ok((note, head))
}

fn seen(home: &SystemHome, head: &Checkpoint) -> Result<Option<Checkpoint>, Failure> {
    let path = home.folder.join(SEEN);
    if !files::is_there(&path) {
        return Ok(None);
    }
    let kept = kept_head(&files::read_text(&path)?).map_err(|error| {
        let path = path.display();
        Failure::new(
            USAGE,
            format!("`{path}`: {error}"),
            format!("`{path}`：{}", zh::audit(&error)),
        )
    })?;
    if kept.origin != head.origin {
        let en = format!(
            "`{}` is of the ledger `{}`, not of `{}`; move it away to begin anew",
            path.display(),
            kept.origin,
            head.origin
        );
        let zh = format!(
            "`{}` 属于台账 `{}`，并非 `{}`；如需重新开始请将其移走",
            path.display(),
            kept.origin,
            head.origin
        );
        return Err(Failure::new(USAGE, en, zh));
    }
    Ok(Some(kept))
}

fn keep(home: &SystemHome, note: &str) -> Result<(), Failure> {
    debug_assert!(
        note.lines().next().is_some_and(|origin| origin == checkpoint_origin(&home.hub.uri()))
    );
    Ok(files::write(&home.folder.join(SEEN), note.as_bytes(), Secrecy::Public)?)
}

/// The ledger's own files: `checkpoint`, and the bundles of its entries.
fn verify_files(folder: &Path, key: &str) -> Result<(Checkpoint, AuditReport), Failure> {
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
            "--key: not a verifier key; it is of the form `<origin>+<8 hexadecimal \
             digits>+<base64>`: copy it whole",
            "--key：不是有效的验证公钥，形如 `<名称>+<8位十六进制>+<base64>`，请完整复制",
        )
    })
}

fn tell(head: &Checkpoint, report: &AuditReport, screen: &Screen) -> Result<ExitCode, Failure> {
    let counts = &report.counts;
    let (yes, no, none, denied, recorded) = (
        counts.answered_true,
        counts.answered_false,
        counts.unavailable,
        counts.denied,
        counts.recorded,
    );
    let mut lines = match screen.language {
        Language::Zh => vec![
            format!("台账 {} 完好：共 {} 条，重算的根与签名一致", head.origin, report.size),
            format!("  其他系统的密封记录 {}（其内容不向本系统公开）", counts.sealed),
            format!(
                "  请求 {}：符合 {yes}，不符合 {no}，暂不可用 {none}，不予受理 {denied}，证明登记 \
                 {recorded}",
                counts.intents
            ),
            format!(
                "  拒收 {}，目录与授权变更 {}，启动时补记 {}",
                counts.refusals, counts.bundles, counts.reconciliations
            ),
            format!("  未完成的请求 {}", report.open_count),
        ],
        _ => vec![
            format!(
                "ledger {} is whole: {} entries lead to the signed root",
                head.origin, report.size
            ),
            format!(
                "  {} sealed entries of other systems (what they say is not opened here)",
                counts.sealed
            ),
            format!(
                "  {} intents: {yes} yes, {no} no, {none} unavailable, {denied} denied, \
                 {recorded} certificates recorded",
                counts.intents
            ),
            format!(
                "  {} refusals, {} directories and grants, {} reconciliations",
                counts.refusals, counts.bundles, counts.reconciliations
            ),
            format!(
                "  {} intents without completion (under way, or lost in a crash not yet \
                 reconciled)",
                report.open_count
            ),
        ],
    };
    lines.extend(report.open.iter().map(|id| format!("    {id}")));
    match (report.continues, screen.language) {
        (Some(size), Language::Zh) => lines.push(format!("  延续上次所见的 {size} 条")),
        (Some(size), _) => lines.push(format!("  continues the {size} entries seen before")),
        (None, _) => {}
    }
    let value = json!({ "origin": head.origin, "root": hex::encode(head.root), "whole": true, "report": report });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
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
        let (found, report) = verify_files(folder.path(), &vkey).unwrap();
        assert_eq!((found, report.counts.bundles), (head, 300));
        let mut altered = entries.clone();
        altered.swap(3, 4);
        put("tile/entries/000", &tiles::encode_entries(altered.get(..256).unwrap()).unwrap());
        assert_eq!(
            verify_files(folder.path(), &vkey).unwrap_err(),
            Failure::from(AuditError::WrongRoot)
        );
        put("tile/entries/000", &tiles::encode_entries(entries.get(..200).unwrap()).unwrap());
        assert!(verify_files(folder.path(), &vkey).unwrap_err().en.contains("but there are 200"));
        let stranger = note::verifier_key(
            "c.example/hub/main",
            SigningKey::generate(Algorithm::Ed25519).unwrap().public(),
        )
        .unwrap();
        assert!(
            verify_files(folder.path(), &stranger)
                .unwrap_err()
                .en
                .contains("no signature of the log's key")
        );
        assert_eq!(verifier_key("x").unwrap_err().exit, USAGE);
        // Every code that a requester is not told has words of its own for those who are.
        let untold = (0..600)
            .filter_map(|code| ErrorCode::try_from(code).ok())
            .filter(|code| code.as_told() != *code);
        let said: std::collections::BTreeSet<_> = untold.map(|code| fact_words(code).0).collect();
        assert!(
            said.len() == 7 && !said.contains(fact_words(ErrorCode::SourceTimeout).0),
            "{said:?}"
        );
        assert!(verifier_key(&vkey.replace("c.example", "d.example")).is_err());
    }
}
