//! The signed head of the hub's log, and the last one that was seen here.

use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::json;
use zerotrip_certificates::{checkpoint_origin, open_checkpoint};
use zerotrip_channel::SystemHome;
use zerotrip_channel::files::{self, Secrecy};
use zerotrip_client::audit::{AuditError, kept_head};
use zerotrip_client::seen::FILE as SEEN;
use zerotrip_client::{Session, answered};
use zerotrip_proto::v1::{GetCheckpointRequest, ProveConsistencyRequest};
use zerotrip_text::Explain as _;
use zerotrip_trust::note::Checkpoint;

use crate::render::{Failure, Language, Screen, USAGE};

pub(super) async fn checkpoint(home: &SystemHome, screen: &Screen) -> Result<ExitCode, Failure> {
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
    let value = json!({
        "origin": head.origin, "size": head.size, "root": hex::encode(head.root),
        "continues": continues, "note": note,
    });
    screen.show(&format!("{}{more}", note.trim_end()), &value)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn fetch_head(session: &Session) -> Result<(String, Checkpoint), Failure> {
    let note = answered(session.connection().ledger().get_checkpoint(GetCheckpointRequest {}))
        .await?
        .checkpoint;
    let hub = session.connection().home().hub.uri();
    let head = open_checkpoint(&note, session.directory(), &hub, SystemTime::now())
        .map_err(|error| Failure::unverified(&error))?;
    Ok((note, head))
}

pub(super) fn seen(home: &SystemHome, head: &Checkpoint) -> Result<Option<Checkpoint>, Failure> {
    let path = home.folder.join(SEEN);
    if !files::is_there(&path) {
        return Ok(None);
    }
    let kept = kept_head(&files::read_text(&path)?).map_err(|error| {
        let path = path.display();
        let said = error.explain().within(&format!("`{path}`: "), &format!("`{path}`："));
        Failure::of(USAGE, said)
    })?;
    if kept.origin != head.origin {
        let en = format!(
            "`{}` is of the ledger `{}`, not of `{}`",
            path.display(),
            kept.origin,
            head.origin
        );
        let zh = format!("`{}` 属于台账 `{}`，并非 `{}`", path.display(), kept.origin, head.origin);
        return Err(Failure::new(USAGE, en, zh).remedy(
            "move it away only where the authority confirms that this system now asks another \
                 hub",
            "仅当数据主管部门确认本系统已改接另一枢纽时，方可将其移走",
        ));
    }
    Ok(Some(kept))
}

pub(super) fn keep(home: &SystemHome, note: &str) -> Result<(), Failure> {
    debug_assert!(
        note.lines().next().is_some_and(|origin| origin == checkpoint_origin(&home.hub.uri()))
    );
    Ok(files::write(&home.folder.join(SEEN), note.as_bytes(), Secrecy::Public)?)
}
