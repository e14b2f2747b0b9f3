//! `adjudicate`: the owner decides which persons unreadable rows can concern.

mod walk;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use zerotrip_channel::{SystemHome, files};

use self::walk::Form;
use crate::cli::output::{Failure, confirmed, say};
use crate::cli::progress::with_progress;
use crate::cli::sign;
use crate::owner_store::{adjudications, datasets};

/// Which rows to decide, and how.
#[derive(Args)]
pub struct Adjudicate {
    /// The connector's folder.
    #[arg(long)]
    dir: PathBuf,
    /// The dataset file.
    file: PathBuf,
    /// Rule on every undecided row with this text in this column, as the source has it (`COLUMN=`
    /// for a blank). Repeat for more cells; all must fit.
    #[arg(long = "cell", value_name = "COLUMN=TEXT")]
    cells: Vec<String>,
    /// Only rows whose other columns meet this condition, as in `count --where`. Repeat for more.
    #[arg(long = "where", value_name = "CONDITION", requires = "cells")]
    only: Vec<String>,
    /// The persons that all of these rows can concern: `nobody`, resident ids with commas, `born
    /// 1952`, `born 1950-1955`.
    #[arg(long, requires = "cells")]
    concerns: Option<String>,
    /// The grounds for the ruling: a file number, a source.
    #[arg(long, default_value = "", requires = "concerns")]
    grounds: String,
    /// Sign what has been decided without asking.
    #[arg(long)]
    yes: bool,
}

/// Walks through the undecided rows, or rules on all of one form; then signs.
pub async fn run(arguments: &Adjudicate, json: bool) -> Result<(), Failure> {
    let Adjudicate { dir, file, cells, only, concerns, grounds, yes } = arguments;
    let home = SystemHome::load(dir)?;
    let dataset = datasets::read_owned(&home, file)?;
    let form = match (concerns, cells.is_empty() && only.is_empty()) {
        (None, true) => None,
        (concerns, _) => {
            let concerns = concerns.as_deref().ok_or(
                "the ruling is missing. Say with `--concerns` which persons such rows can concern",
            )?;
            Some(Form::parse(cells, only, concerns, grounds, &dataset.columns)?)
        }
    };
    let signed = adjudications::load(dir, &dataset.id)?
        .map_or_else(Arc::default, |(signed, _)| Arc::new(signed));
    let base = files::folder_of(file);
    let (described, base, state) = (dataset.clone(), base.to_owned(), dir.join("state"));
    let opening = tokio::task::spawn_blocking(move || {
        zerotrip_sources::open(&described, &base, &state, signed)
    });
    let opened = with_progress("opening the source", opening).await??;
    let screen = &mut std::io::stderr();
    let progress = match &form {
        Some(form) => walk::by_form(dir, &dataset, &*opened, form, screen).await?,
        None => walk::walk(dir, &dataset, &*opened, &mut std::io::stdin().lock(), screen).await?,
    };
    eprintln!("\ndecided {} rows now; {} are still undecided", progress.decided, progress.open);
    let is_signed = progress.ruled > 0 && (*yes || confirmed("sign these decisions")?);
    let signed = if is_signed { walk::sign(&home, &dataset.id)? } else { 0 };
    let text = match signed {
        0 => "nothing was signed; what was decided is kept".to_owned(),
        rulings => {
            format!("signed {rulings} rulings on {}; {}", dataset.id, sign::taken_up(dir)?)
        }
    };
    say(
        json,
        &text,
        &serde_json::json!({ "dataset": dataset.id, "progress": progress, "signed": signed }),
    )
}
