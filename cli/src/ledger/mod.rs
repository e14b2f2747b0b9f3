//! `ledger`: the signed head, and the whole log recomputed, over the wire or from its files.

mod fact;
mod files;
mod head;
mod hub;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use zerotrip_proto::v1::GetFactRequest;

use crate::folders::SystemDir;
use crate::render::{Failure, Screen};
use crate::renewals;

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
        /// Of an exchange about many persons: the place of one, as the answer shows it, from 0.
        #[arg(long)]
        place: Option<u32>,
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
            head::checkpoint(&renewals::open_home(&system.dir, screen)?, screen).await
        }
        LedgerCommand::Fact { system, exchange, place } => {
            let home = renewals::open_home(&system.dir, screen)?;
            fact::fact(&home, GetFactRequest { exchange_id: exchange, place }, screen).await
        }
        LedgerCommand::Verify { files: Some(folder), key: Some(key), .. } => {
            let (head, report) = files::verify(&folder, &key)?;
            report::show(&head, &report, screen)
        }
        LedgerCommand::Verify { dir, .. } => {
            hub::verify(&renewals::open_home(&dir.unwrap_or_default(), screen)?, screen).await
        }
    }
}
