//! The hub's command line.

mod past;
mod segment_row;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use clap::{Parser, Subcommand};
use tokio::sync::watch;
use zerotrip_trust::tls::install_provider;

use crate::config::Config;
use crate::hub::Hub;
use crate::init;
use crate::orders;
use crate::port::Port;
use crate::signals::signalled;
use crate::state::log_keys;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The inter-department data-exchange hub.
///
/// `init` makes the hub's keys; the data authority enrols it with `zerotrip authority enrol-hub`;
/// `serve` opens its one port, for departments' connectors that dial in and for clients that ask.
#[derive(Parser)]
#[command(name = "zerotrip-hub", version, max_term_width = 100)]
struct Cli {
    /// Print results as JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the hub's keys, and `enrolment.toml` for the authority to sign.
    Init {
        /// The hub's folder; made if missing.
        #[arg(long)]
        dir: PathBuf,
        /// The authority's trust domain, such as `data.hangzhou.example`.
        #[arg(long)]
        trust_domain: String,
        /// The hub's name: lower-case letters, digits, hyphens.
        #[arg(long, default_value = "hub-1")]
        name: String,
    },
    /// Serve until SIGTERM or Ctrl-C; exchanges under way are finished. Bounds are set in
    /// `hub.toml` in the hub's folder.
    Serve {
        /// The hub's folder.
        #[arg(long)]
        dir: PathBuf,
        /// Where to listen; with port 0 the system chooses, and the choice is printed.
        #[arg(long, default_value = "127.0.0.1:7443")]
        listen: SocketAddr,
        /// Folder with one folder for each check, which holds its definition.
        #[arg(long)]
        definitions: PathBuf,
        /// Folder for the store and, in `ledger/` below it, its public tiles and checkpoint.
        /// Default: the hub's folder.
        #[arg(long)]
        store: Option<PathBuf>,
    },
    /// Copy the store, also while the hub serves, and verify the copy from its first entry on.
    Backup {
        /// The hub's folder: its ledger key signs the tree head that the copy is of.
        #[arg(long)]
        dir: PathBuf,
        /// The folder to make; it must not exist.
        #[arg(long)]
        to: PathBuf,
        /// Folder of the store, where it is not the hub's.
        #[arg(long)]
        store: Option<PathBuf>,
    },
    /// Put a backup in the place of the store of a hub that is stopped; what was there is set
    /// aside. Afterwards start the hub, and have the authority run `zerotrip authority refresh`
    /// before anything else. Nothing is erased until `hold confirm`: holds that were placed since
    /// the backup are not in it.
    Restore {
        /// The hub's folder.
        #[arg(long)]
        dir: PathBuf,
        /// The folder that `backup` made.
        #[arg(long)]
        from: PathBuf,
        /// Folder of the store, where it is not the hub's.
        #[arg(long)]
        store: Option<PathBuf>,
    },
    /// What has moved out of the store: list it, verify it, drop the bodies of a part.
    ///
    /// Exchanges that are finished move into segments after `move_after_minutes` (hub.toml). A
    /// segment is two files in `segments/` of the store's folder: `.entries` has what the log's
    /// leaves say, and stays; `.bodies` has requests, answers and receipts, each under a key of its
    /// own, which is in the store. With `[segments]` in hub.toml those that are full move to an
    /// object store.
    #[command(subcommand)]
    Segments(past::Segments),
    /// Erase bodies of exchanges: request, answer, receipts, and the fact behind the outcome.
    ///
    /// The log stays whole, and what it says of the exchange stays: who asked, when, under which
    /// grant, and how it ended. Certificates that were issued still verify. What a hold keeps is
    /// not erased. A backup of before still has it: see `docs/operate.md`.
    Erase(past::Erase),
    /// Legal holds: what must not be erased, by whose word and why.
    #[command(subcommand)]
    Hold(past::Holds),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    install_provider();
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        // A log that cannot be written (a full disk under standard error) would be reported there
        // too, in a panic.
        .log_internal_errors(false)
        .init();
    let json = cli.json;
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let text = error.to_string();
            let line = if json {
                serde_json::json!({ "error": text }).to_string()
            } else {
                format!("zerotrip-hub: {text}")
            };
            // If standard error is gone, the exit code still says it.
            let _gone = writeln!(std::io::stderr(), "{line}");
            ExitCode::from(2)
        }
    }
}

fn say(json: bool, text: &str, value: &serde_json::Value) -> Result<(), Failure> {
    let line = if json { value.to_string() } else { text.to_owned() };
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// A connection is an open file, and so is a handshake under way: where the machine allows too few,
/// a flood leaves none for others.
fn make_room_for(connections: usize) {
    // Handshakes twice, those known once, strangers a quarter, those turned away once; the store
    // and the log.
    let wanted = connections.saturating_mul(5).saturating_add(256) as u64;
    match rlimit::increase_nofile_limit(wanted) {
        Ok(most) if most >= wanted => {}
        Ok(most) => tracing::warn!(
            "at most {most} files may be open here, and `connections` = {connections} needs \
             {wanted}: a flood of connections can keep others out; raise the limit (`LimitNOFILE` \
             of the service), or lower `connections` in hub.toml"
        ),
        Err(error) => tracing::warn!(%error, "how many files may be open here is not known"),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Init { dir, trust_domain, name } => {
            let identity = init::init(&dir, &trust_domain, &name)?;
            let text = format!(
                "made keys for {identity}; now the authority runs `zerotrip authority enrol-hub \
                 --hub-dir {}`",
                dir.display()
            );
            say(
                cli.json,
                &text,
                &serde_json::json!({ "hub": identity.uri(), "enrolment": dir.join("enrolment.toml").display().to_string() }),
            )
        }
        Command::Serve { dir, listen, definitions, store } => {
            let config = Config::read(&dir, definitions, store)?;
            make_room_for(config.connections);
            let hub = Arc::new(Hub::open(&dir, config).await?);
            let port = Port::open(&hub, listen).await?;
            let address = port.address()?;
            say(
                cli.json,
                &format!("{} listens on https://{address}", hub.identity.uri),
                &serde_json::json!({ "listening": format!("https://{address}"), "hub": hub.identity.uri }),
            )?;
            let (stop, stopped) = watch::channel(false);
            tokio::spawn(async move {
                if signalled().await.is_ok() {
                    tracing::info!("stopping: exchanges under way are finished first");
                }
                stop.send_replace(true);
            });
            port.run(stopped).await;
            hub.ledger.clone().close().await?;
            tracing::info!("stopped");
            Ok(())
        }
        Command::Backup { dir, to, store } => {
            let (origin, keys) = log_keys(&dir)?;
            let place = past::place_of(&dir)?;
            let store = store.unwrap_or(dir);
            let now = SystemTime::now();
            let head = zerotrip_ledger::backup(&store, &to, &origin, &keys, now, place)?;
            let elsewhere = zerotrip_ledger::inspect(&to, &origin)?.figures.elsewhere_bytes;
            let mut text = format!(
                "copied to `{}` and verified: {} entries, tree head {}",
                to.display(),
                head.size,
                hex::encode(head.root)
            );
            if elsewhere > 0 {
                text += &format!(
                    "\n{} KiB of segments are in the object store and not in this copy: it needs \
                     them there\n另有 {} KiB 分段在对象存储中，不在本备份内；恢复后仍须从该处读取",
                    elsewhere >> 10,
                    elsewhere >> 10
                );
            }
            let value = serde_json::json!({
                "backup": to.display().to_string(), "size": head.size,
                "root": hex::encode(head.root), "elsewhere_bytes": elsewhere,
            });
            say(cli.json, &text, &value)
        }
        Command::Restore { dir, from, store } => {
            let (origin, keys) = log_keys(&dir)?;
            let place = past::place_of(&dir)?;
            let store = store.unwrap_or(dir);
            let now = SystemTime::now();
            let (head, aside) =
                zerotrip_ledger::restore(&from, &store, &origin, &keys, now, place)?;
            orders::remove_all(&store)?;
            let since = zerotrip_ledger::inspect(&store, &origin)?.unconfirmed;
            let since = since.and_then(|holds| holds.since);
            let text = format!(
                "the store is back with {} entries; what was there is in `{}`. Rights that were \
                 withdrawn since the backup are in force again until the authority's next word: \
                 start the hub, and have the authority run `zerotrip authority refresh` before \
                 anything else. Holds that were placed since {} are not in force: nothing is \
                 erased until they are placed again (`zerotrip-hub hold add`), and \
                 `zerotrip-hub hold confirm` says that none is missing",
                head.size,
                aside.display(),
                since.map_or("the backup was made".to_owned(), orders::shown)
            );
            let value = serde_json::json!({
                "size": head.size, "root": hex::encode(head.root),
                "set_aside": aside.display().to_string(),
                "holds_unconfirmed_since": since.map(orders::seconds),
                "next": "zerotrip authority refresh", "then": "zerotrip-hub hold confirm",
            });
            say(cli.json, &text, &value)
        }
        Command::Segments(command) => past::segments(command, cli.json).await,
        Command::Erase(command) => past::erase(command, cli.json).await,
        Command::Hold(command) => past::hold(command, cli.json).await,
    }
}

/// Where a command finds the hub.
#[derive(clap::Args)]
struct Place {
    /// The hub's folder.
    #[arg(long)]
    dir: PathBuf,
    /// Folder of the store, where it is not the hub's.
    #[arg(long)]
    store: Option<PathBuf>,
}
