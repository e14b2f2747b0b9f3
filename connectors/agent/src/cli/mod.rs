//! The connector's command line: one file for each command, or for a few that belong together.

mod adjudicate;
mod approve;
mod check;
mod count;
mod inspect;
mod join;
mod output;
mod progress;
mod scratch;
mod serve;
mod sign;
mod statements;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use zerotrip_trust::tls::install_provider;

use self::adjudicate::Adjudicate;
use self::count::Count;
use self::inspect::Inspect;
use self::output::Failure;

/// Time that work under way on other threads has to end.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// The department's agent: attaches its systems, unchanged, to the exchange hub.
///
/// The usual order is: `join` with the authority's invitation, `inspect` each system for a first
/// dataset file, `check` each dataset file, `sign` it as its owner, `approve` the checks that may
/// ask it, then `serve`. The connector dials the hub; the department opens no inbound port. Only
/// what the owner has approved here is served.
#[derive(Parser)]
#[command(name = "zerotrip-connector", version, max_term_width = 100)]
struct Cli {
    /// Print results as JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Join the hub as the invited system: makes keys in DIR, sends the public ones, and waits to
    /// be admitted.
    Join {
        /// Folder for keys, certificates and state; it is made if it is missing.
        #[arg(long)]
        dir: PathBuf,
        /// A file that holds the invitation, or `-` for standard input.
        #[arg(long)]
        invitation: PathBuf,
        /// Seconds to wait for the authority to admit this system.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        wait: u64,
    },
    /// Have this connector's certificate renewed in place, before or after its end. Keys, signed
    /// datasets, approvals and state stay as they are.
    ///
    /// A connector that serves asks by itself from 60 days before the end, and takes up the new
    /// certificate. The authority renews it with `zerotrip authority refresh` or, once the
    /// certificate has ended, with `zerotrip member renew`.
    Renew {
        /// The connector's folder.
        #[arg(long)]
        dir: PathBuf,
        /// Seconds to wait for the authority to renew it.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
        wait: u64,
    },
    /// Read a system and propose a dataset file for one of its tables. Changes nothing in it.
    ///
    /// A database's tables are listed first; choose one with --table. Every row is read, and no
    /// value is printed whole: the proposal says of each column what it seems to hold, how sure
    /// that is, and why. Where only the owner can know, it says FILL_IN. A dataset file with
    /// FILL_IN in it is refused; `check` names those that are left.
    Inspect(Inspect),
    /// Try a dataset file end to end: read it, open its source, read every row, try its look-ups.
    /// Changes nothing.
    ///
    /// Prints the faults of the data by column, with masked examples; the share of rows that could
    /// make an answer unavailable; what is sent to the system for a look-up; and how long look-ups
    /// of persons from the register take. These persons are never shown. A copy of a file drop is
    /// kept in a private folder under TMPDIR meanwhile, and then removed. The last line is the
    /// verdict; the exit code is 0 if the dataset would be served, 1 if not.
    ///
    /// What the file states is held against the rows: what they refute, and what they speak
    /// against, is printed with its numbers. `sign` refuses the first, and takes the second only
    /// with a reason in the file (`[accepted]`).
    Check {
        /// The dataset file.
        file: PathBuf,
    },
    /// Count a dataset's rows by the meaning of codes, dates and amounts. Changes nothing, and
    /// names no person.
    ///
    /// The system does what it can: it leaves out rows by their codes and dates, and sends equal
    /// rows once. The meaning of cells is decided here, so that `1`, ` 1` and `现势` count as one
    /// where the dataset file says so. A row is counted apart if a cell that decides about it
    /// cannot be read.
    Count(Count),
    /// Sign dataset files as their owner, and attach them to this connector.
    ///
    /// The signature covers the whole file, and the file of known persons that it names. After any
    /// change, sign it again. A running `serve` takes it up by itself. Of several files, all are
    /// signed or none. A dataset that no check of the hub asks is refused: most likely its id is
    /// misspelled. So is one whose rows refute what is stated, or speak against it without a reason
    /// in the file (`[accepted]`).
    Sign {
        /// The connector's folder.
        #[arg(long)]
        dir: PathBuf,
        /// Dataset files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Sign though no check of the hub asks these datasets yet.
        #[arg(long)]
        not_asked_yet: bool,
    },
    /// Decide which persons unreadable rows can concern, one by one or all of one form, and sign
    /// the rulings as their owner.
    ///
    /// One row without a usable id makes every absence unprovable, because it could be any
    /// person's. Each answer is saved at once in DIR/adjudications, so that the work can be
    /// interrupted and resumed. A running `serve` takes up what was signed. A ruling covers the
    /// rows that are there now: if an equal row is entered later, all rows like it are undecided
    /// again.
    ///
    /// Example for many rows of one form, public housing without an owner: `--cell
    /// owner_id=000000000000000000 --where 'district=330106' --where 'registered_on<1998-01-01'
    /// --concerns nobody --grounds 'file 1998-12: housing of the bureau'`.
    Adjudicate(Adjudicate),
    /// Approve a check's scans of this department's datasets, as their owner.
    ///
    /// Each requester is served for each purpose that is named here, in addition to earlier
    /// approvals. To serve one member for one purpose and another member for another, approve
    /// twice. A scan is served in its newest approved form only: after a check has changed, name
    /// all members that are to be served on. The command lists who gains and who loses before it
    /// asks.
    Approve(approve::Approve),
    /// Withdraw approvals of a check, as their owner. Needs no hub, and takes effect at once.
    ///
    /// A running `serve` takes it up within a second, and ends scans under way that are no longer
    /// approved. Without requesters or purposes, it withdraws from all of them.
    Withdraw(approve::Withdraw),
    /// List which members may ask which checks, and for which purposes, by this owner's approvals.
    Approvals {
        /// The connector's folder.
        #[arg(long)]
        dir: PathBuf,
    },
    /// Serve until SIGTERM or Ctrl-C.
    Serve {
        /// The connector's folder.
        #[arg(long)]
        dir: PathBuf,
    },
}

/// Runs the command line. Exit codes: 0 done; 1 the answer is no (`check`, `renew`); 2 usage or
/// configuration.
pub fn main() -> ExitCode {
    install_provider();
    let cli = Cli::parse();
    // Commands other than `serve` print what they do.
    let level = if matches!(cli.command, Command::Serve { .. }) { "info" } else { "warn" };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        // A log that cannot be written (a full disk under standard error) would be reported there
        // too, in a panic.
        .log_internal_errors(false)
        .init();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(32)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, cli.json),
    };
    let done = runtime.block_on(run(cli.command, cli.json));
    // A thread that waits for a source that does not answer is left behind: stopping must not
    // wait for it.
    runtime.shutdown_timeout(SHUTDOWN);
    match done {
        Ok(code) => code,
        Err(error) => fail(error.as_ref(), cli.json),
    }
}

fn fail(error: &dyn std::error::Error, json: bool) -> ExitCode {
    let text = error.to_string();
    let line = if json {
        serde_json::json!({ "error": text }).to_string()
    } else {
        format!("zerotrip-connector: {text}")
    };
    // If standard error is closed, the exit code still says it.
    let _gone = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(2)
}

async fn run(command: Command, json: bool) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { file } => return check::run(&file, json).await,
        Command::Count(arguments) => return count::run(arguments, json).await,
        Command::Inspect(arguments) => inspect::run(arguments, json).await,
        Command::Join { dir, invitation, wait } => {
            join::join_hub(&dir, &invitation, wait, json).await
        }
        Command::Renew { dir, wait } => {
            return join::renew(&dir, Duration::from_secs(wait), json).await;
        }
        Command::Sign { dir, files, not_asked_yet } => {
            sign::sign(&dir, &files, not_asked_yet, json).await
        }
        Command::Adjudicate(arguments) => adjudicate::run(&arguments, json).await,
        Command::Approve(arguments) => approve::approve(&arguments, json).await,
        Command::Withdraw(arguments) => approve::withdraw(&arguments, json),
        Command::Approvals { dir } => approve::list(&dir, json),
        Command::Serve { dir } => serve::serve(&dir, json).await,
    }?;
    Ok(ExitCode::SUCCESS)
}
