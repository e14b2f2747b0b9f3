//! What a dataset's rows say of its owner's statement, for `check` and `sign`: what they refute is
//! not signed, and what they speak against only with the owner's reason.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use zerotrip_channel::files;
use zerotrip_datasets::DatasetFile;
use zerotrip_sources::{Remark, Survey};
use zerotrip_text::shown;

use crate::cli::output::Failure;
use crate::cli::progress::with_progress;
use crate::cli::scratch::Scratch;

/// Looks at every row of a dataset. An error if they could not be read.
pub async fn survey(dataset: &DatasetFile, file: &Path) -> Result<Survey, Failure> {
    let scratch = Scratch::new()?;
    let (described, state, base) =
        (dataset.clone(), scratch.path().to_owned(), files::folder_of(file).to_owned());
    let opening = tokio::task::spawn_blocking(move || {
        zerotrip_sources::open(&described, &base, &state, Arc::default())
    });
    let opened = with_progress("opening the source", opening).await??;
    Ok(with_progress("looking at every row", opened.survey()).await?)
}

/// Why the dataset file cannot be signed as it is, if so.
pub fn refusal(survey: &Survey) -> Option<String> {
    if let Some(contradiction) = survey.contradictions.first() {
        return Some(contradiction.clone());
    }
    let open: Vec<&Remark> =
        survey.suspicions.iter().filter(|remark| remark.accepted.is_none()).collect();
    let (texts, lines): (Vec<&str>, Vec<String>) = open
        .iter()
        .map(|remark| (remark.text.as_str(), format!("`{} = \"…\"`", remark.suspicion.name())))
        .unzip();
    (!open.is_empty()).then(|| {
        format!(
            "its rows speak against what is stated: {}. Where the statement holds all the same, \
             say why under `[accepted]` of the dataset file: {}",
            texts.join("; "),
            lines.join(", ")
        )
    })
}

/// What was found, a line each; nothing where there is nothing.
pub fn in_words(dataset: &DatasetFile, survey: &Survey) -> String {
    let mut text = String::new();
    let mut line = |what: &str, said: &str| {
        // Writing into a string does not fail.
        let _written = write!(text, "\n  {what}: {}", shown(said));
    };
    for contradiction in &survey.contradictions {
        line("refuted", contradiction);
    }
    for Remark { suspicion, text, accepted } in &survey.suspicions {
        let name = suspicion.name();
        match accepted {
            None => line("speaks against the statement", &format!("{text} ({name})")),
            Some(why) => line("accepted", &format!("{name}, because: {why}. Found: {text}")),
        }
    }
    for suspicion in dataset.accepted.keys() {
        if !survey.suspicions.iter().any(|found| found.suspicion == *suspicion) {
            let name = suspicion.name();
            line("note", &format!("`{name}` is accepted, and was not found: take it out"));
        }
    }
    for note in &survey.notes {
        line("note", note);
    }
    text
}
