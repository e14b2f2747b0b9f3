//! The connector's command line: joining, the owner's desk, checking a dataset, and serving.

mod approving;
mod signing;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{Parser, Subcommand};
use tokio::sync::watch;
use zerotrip_channel::{SystemHome, files, join};
use zerotrip_proto::v1::KeyUsage;
use zerotrip_trust::ending::utc;
use zerotrip_trust::invitation::Invitation;
use zerotrip_trust::tls::install_provider;

use crate::adjudicate::Form;
use crate::agent::Agent;
use crate::count::Count;
use crate::inspect::Inspect;
use crate::output::{Failure, say};
use crate::progress::with_progress;
use crate::{adjudicate, check, count, desk, dialler, inspect, renewing};
use zerotrip_text::shown;

/// Time between two tries to fetch a key directory.
const RETRY: Duration = Duration::from_secs(1);
/// Time after which it is said again that none can be had.
const SAY_AGAIN: Duration = Duration::from_secs(60);
/// Time that work under way on other threads has to end.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// The department's agent: attaches its systems, unchanged, to the exchange hub.
///
/// The usual order is: `join` with the authority's invitation, `inspect` each system for a first
/// dataset file, `check` each dataset file, `sign` it as its owner, `approve` the checks
/// that may ask it, then `serve`. The connector dials the hub; the department opens no inbound
/// port. Nothing is served that the owner has not approved here.
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
    /// Join the hub as the invited system: makes keys in DIR, files them, waits to be admitted.
    Join {
        /// Folder for keys, certificates and state; made if missing.
        #[arg(long)]
        dir: PathBuf,
        /// A file that holds the invitation, or `-` for standard input.
        #[arg(long)]
        invitation: PathBuf,
        /// Seconds to wait for the authority to admit this system.
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        wait: u64,
    },
    /// Have this connector's certificate renewed in place, before it ends or after: keys, signed
    /// datasets, approvals and what is remembered stay as they are.
    ///
    /// A connector that serves asks by itself from 60 days before the end, and takes up what came.
    /// The authority renews with `zerotrip authority refresh`, or, once the certificate has
    /// ended, with `zerotrip member renew`.
    Renew {
        /// The connector's folder.
        #[arg(long)]
        dir: PathBuf,
        /// Seconds to wait for the authority to renew it.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
        wait: u64,
    },
    /// Look at a system and propose a dataset file for one of its tables. Changes nothing in it.
    ///
    /// A database's tables are listed first; choose one with --table. Every row is looked at, and
    /// no value is printed whole: the proposal says of each column what it seems to hold, how
    /// sure that is, and why. What only the owner can know stands in it as FILL_IN, with which
    /// no dataset file is accepted; `check` names what is left.
    Inspect(Inspect),
    /// Prove a dataset file end to end: read it, open its source, look at every row, try its
    /// look-ups. Changes nothing.
    ///
    /// Says what is wrong with the data by column, with masked examples; what share of the rows
    /// could make an answer unavailable; what is sent to the system for a look-up, and how long
    /// that takes with persons of its own, whom it never shows. What it copies of a
    /// file drop meanwhile stands in a folder of its own under TMPDIR, and is removed. The last
    /// line is the verdict; exit code 0 if the dataset would be served, 1 if not.
    Check {
        /// The dataset file.
        file: PathBuf,
    },
    /// Count what a dataset holds, by what its codes, dates and amounts mean. Changes nothing;
    /// names nobody.
    ///
    /// What the system can do itself it does: it leaves out rows by their codes and dates, and
    /// sends rows that are alike once. What cells mean is decided here, so that `1`, ` 1` and
    /// `现势` count as one where the dataset file says so. A row whose cell cannot be read and
    /// would have decided it is counted apart.
    Count(Count),
    /// Sign dataset files as their owner, and attach them to this connector.
    ///
    /// What is signed is the whole file, and the file of known persons that it names: after any
    /// change sign it again. A running `serve` takes it up by itself. Of several files all are
    /// signed, or none; a dataset that no check of the hub asks is refused, for then its id is
    /// most likely misspelled.
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
    /// Decide whom rows that cannot be read can concern, one by one or all of a form, and sign it
    /// as their owner.
    ///
    /// One row without a usable id makes every absence unprovable, for it could be anybody's. Each
    /// answer is kept at once in DIR/adjudications, so that the work can be stopped and taken
    /// up again; a running `serve` takes up what was signed. A ruling covers the rows that are
    /// there now: an equal one that is entered later is undecided again, and so are the others like
    /// it.
    ///
    /// Many rows of one form, such as public housing without an owner: `--cell
    /// owner_id=000000000000000000 --where 'district=330106' --where 'registered_on<1998-01-01'
    /// --concerns nobody --grounds 'file 1998-12: housing of the bureau'`.
    Adjudicate(Adjudicate),
    /// Approve a check's scans of this department's datasets, as their owner.
    ///
    /// Each requester is served for each purpose named here, beside whoever was approved before;
    /// approve twice to serve one member for one purpose and another for another. A scan is
    /// served in its newest approved form only: where the check has changed, whoever is to be
    /// served on must be named again, and who gains and who loses is said before anything is asked.
    Approve(approving::Approve),
    /// Withdraw approvals of a check, as their owner: needs no hub, and holds at once.
    ///
    /// A running `serve` takes it up within a second, and ends scans under way that are no longer
    /// approved. Without requesters or purposes, for all of them.
    Withdraw(approving::Withdraw),
    /// List who may ask what, for which purpose, by this owner's approvals.
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

#[derive(clap::Args)]
struct Adjudicate {
    /// The connector's folder.
    #[arg(long)]
    dir: PathBuf,
    /// The dataset file.
    file: PathBuf,
    /// Rule on every undecided row in whose column this stands, as the source has it (`COLUMN=`
    /// for a blank); repeat for more that must.
    #[arg(long = "cell", value_name = "COLUMN=TEXT")]
    cells: Vec<String>,
    /// And of whose other columns this holds, by their meaning, as in `count --where`; repeat for
    /// more.
    #[arg(long = "where", value_name = "CONDITION", requires = "cells")]
    only: Vec<String>,
    /// Whom all of these rows can concern: `nobody`, resident ids with commas, `born 1952`, `born
    /// 1950-1955`.
    #[arg(long, requires = "cells")]
    concerns: Option<String>,
    /// The grounds for it: a file number, a source.
    #[arg(long, default_value = "", requires = "concerns")]
    grounds: String,
    /// Sign what has been decided without asking.
    #[arg(long)]
    yes: bool,
}

/// Runs the command line; the exit codes are the design's: 0 done, 1 not so, 2 usage or
/// configuration.
pub fn main() -> ExitCode {
    install_provider();
    let cli = Cli::parse();
    // What a command does, it says itself.
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
    // What still reads a source that does not answer is left behind: stopping must not wait for it.
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
    // If standard error is gone, the exit code still says it.
    let _gone = writeln!(std::io::stderr(), "{line}");
    ExitCode::from(2)
}

async fn run(command: Command, json: bool) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { file } => return check::run(&file, json).await,
        Command::Count(arguments) => return count::run(arguments, json).await,
        Command::Inspect(arguments) => inspect::run(arguments, json).await,
        Command::Join { dir, invitation, wait } => join_hub(&dir, &invitation, wait, json).await,
        Command::Renew { dir, wait } => return renew(&dir, Duration::from_secs(wait), json).await,
        Command::Sign { dir, files, not_asked_yet } => {
            signing::sign(&dir, &files, not_asked_yet, json).await
        }
        Command::Adjudicate(arguments) => adjudicate_rows(&arguments, json).await,
        Command::Approve(arguments) => approving::approve(&arguments, json).await,
        Command::Withdraw(arguments) => approving::withdraw(&arguments, json),
        Command::Approvals { dir } => approving::list(&dir, json),
        Command::Serve { dir } => serve(&dir, json).await,
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn join_hub(dir: &Path, invitation: &Path, wait: u64, json: bool) -> Result<(), Failure> {
    let text = if invitation.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        files::read_text(invitation)?
    };
    let invitation: Invitation = text.trim().parse()?;
    let mut progress = |line: &str| eprintln!("{line}");
    let home = join(
        &invitation,
        dir,
        &[KeyUsage::Sign, KeyUsage::Approve],
        Duration::from_secs(wait),
        &mut progress,
    )
    .await?;
    let text = format!("joined {} as {}", home.hub, home.system);
    say(json, &text, &serde_json::json!({ "joined": home.hub.uri(), "system": home.uri() }))
}

/// Exit code 1: asked, and not renewed yet.
async fn renew(dir: &Path, wait: Duration, json: bool) -> Result<ExitCode, Failure> {
    let home = SystemHome::load(dir)?;
    let started = std::time::Instant::now();
    loop {
        if let Some(ends) = home.renew(SystemTime::now()).await? {
            let ends = utc(ends);
            say(
                json,
                &format!("renewed: the certificate of {} holds until {ends}", home.system),
                &serde_json::json!({ "renewed": home.uri(), "until": ends }),
            )?;
            return Ok(ExitCode::SUCCESS);
        }
        if started.elapsed() >= wait {
            let text = "asked for; the authority has not renewed it yet: it does with `zerotrip \
                        authority refresh`, or with `zerotrip member renew`. Then give the same \
                        command again";
            say(json, text, &serde_json::json!({ "renewed": null, "asked": home.uri() }))?;
            return Ok(ExitCode::from(1));
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn adjudicate_rows(arguments: &Adjudicate, json: bool) -> Result<(), Failure> {
    let Adjudicate { dir, file, cells, only, concerns, grounds, yes } = arguments;
    let home = SystemHome::load(dir)?;
    let dataset = desk::read_owned(&home, file)?;
    let form = match (concerns, cells.is_empty() && only.is_empty()) {
        (None, true) => None,
        (concerns, _) => {
            let concerns =
                concerns.as_deref().ok_or("say whom such rows can concern, with `--concerns`")?;
            Some(Form::parse(cells, only, concerns, grounds, &dataset.columns)?)
        }
    };
    let signed = crate::adjudications::load(dir, &dataset.id)?
        .map_or_else(Arc::default, |(signed, _)| Arc::new(signed));
    let base = files::folder_of(file);
    let (described, base, state) = (dataset.clone(), base.to_owned(), dir.join("state"));
    let opening = tokio::task::spawn_blocking(move || {
        zerotrip_sources::open(&described, &base, &state, signed)
    });
    let opened = with_progress("opening the source", opening).await??;
    let screen = &mut std::io::stderr();
    let progress = match &form {
        Some(form) => adjudicate::by_form(dir, &dataset, &*opened, form, screen).await?,
        None => {
            adjudicate::walk(dir, &dataset, &*opened, &mut std::io::stdin().lock(), screen).await?
        }
    };
    eprintln!("\ndecided {} rows now; {} are still undecided", progress.decided, progress.open);
    let is_signed = progress.ruled > 0 && (*yes || confirmed("sign these decisions")?);
    let signed = if is_signed { adjudicate::sign(&home, &dataset.id)? } else { 0 };
    let text = match signed {
        0 => "nothing was signed; what was decided is kept".to_owned(),
        rulings => {
            format!("signed {rulings} rulings on {}; {}", dataset.id, signing::taken_up(dir)?)
        }
    };
    say(
        json,
        &text,
        &serde_json::json!({ "dataset": dataset.id, "progress": progress, "signed": signed }),
    )
}

fn confirmed(what: &str) -> Result<bool, Failure> {
    eprint!("{what}? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn serve(dir: &Path, json: bool) -> Result<(), Failure> {
    let folder = dir.to_owned();
    make_current(&SystemHome::load(dir)?).await?;
    let opening = tokio::task::spawn_blocking(move || Agent::open(&folder));
    let agent = Arc::new(with_progress("opening the datasets", opening).await??);
    let (datasets, unserved) = (agent.served(), agent.unserved());
    let implausible = with_progress("looking known persons up", agent.prove()).await;
    let named = if datasets.is_empty() {
        "no dataset (attach one with `sign`)".to_owned()
    } else {
        datasets.join(", ")
    };
    let approved = match agent.approved() {
        0 => "no approved scan (see `approve`)".to_owned(),
        scans => format!("{scans} approved scans"),
    };
    let text = format!("serving {named} with {approved}; dialling {}", agent.home().address);
    say(
        json,
        &text,
        &serde_json::json!({ "serving": datasets, "not_served": unserved, "implausible": implausible, "approved": agent.approved(), "hub": agent.home().address.to_string() }),
    )?;
    for (dataset, why) in &unserved {
        eprintln!(
            "{}",
            shown(&format!(
                "not served: {dataset}: {why}; once that is fixed, `sign` its file or start \
                 `serve` again"
            ))
        );
    }
    for (dataset, why) in &implausible {
        eprintln!("{}", shown(&format!("not answered: {dataset}: {why}")));
    }
    for path in desk::left_behind(dir)? {
        eprintln!("{}", shown(&signing::left(&path)));
    }
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        if wait_for_signal().await.is_ok() {
            tracing::info!("stopping: scans under way may finish");
        }
        stop.send_replace(true);
    });
    let following = Arc::clone(&agent);
    tokio::spawn(async move { following.follow_owner().await });
    // These end with the process.
    tokio::spawn(renewing::keep(Arc::clone(&agent)));
    let looking = Arc::clone(&agent);
    tokio::spawn(async move { looking.keep_looking().await });
    // On a worker thread, beside the scans that it carries: on this one, every frame would cross
    // threads.
    tokio::spawn(async move { dialler::run(&agent, stopped).await }).await??;
    Ok(())
}

/// Sees to it that a key directory in force is kept here: a department that was switched off for
/// longer than one lives starts by itself, as soon as its hub can be reached.
async fn make_current(home: &SystemHome) -> Result<(), Failure> {
    let mut said: Option<(String, std::time::Instant)> = None;
    loop {
        match home.current_directory(SystemTime::now()).await {
            Ok(_) => return Ok(()),
            Err(error) if error.passes() => {
                let why = error.to_string();
                if said
                    .as_ref()
                    .is_none_or(|(known, at)| *known != why || at.elapsed() >= SAY_AGAIN)
                {
                    tracing::warn!(
                        why,
                        "the kept key directory has expired, and no newer one can be had of the \
                         hub; trying until it can: the authority publishes one with `zerotrip \
                         authority refresh`"
                    );
                    said = Some((why, std::time::Instant::now()));
                }
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

async fn wait_for_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
