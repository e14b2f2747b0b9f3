//! The whole log, read from the hub.

use std::process::ExitCode;

use zerotrip_channel::SystemHome;
use zerotrip_client::audit::Audit;
use zerotrip_client::{Session, answered};
use zerotrip_proto::v1::{EntryOpening, GetEntriesRequest};

use super::head::{fetch_head, keep, seen};
use super::report;
use crate::render::{Failure, Screen};

/// Entries asked for at once.
const PAGE: u32 = 1000;

pub(super) async fn verify(home: &SystemHome, screen: &Screen) -> Result<ExitCode, Failure> {
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
    report::show(&head, &report, screen)
}
