//! What is wrong with a definition: every fault at once, each naming the file, the thing in it and
//! the remedy.

mod claims;
mod datasets;
mod fault;
mod identity;
mod months;
mod parameters;
mod scans;
mod steps;
mod variants;

use std::time::Duration;

use zerotrip_text::{Bilingual, cut};

use super::bounds::MOST_VERSION;
use super::container::{CHECK_FILE, REASONS_FILE};
use super::dataset::ExpectedDataset;
use super::model::Definition;
use super::names::{is_code, is_name};

pub use fault::{DefinitionError, Fault};

/// Longest type of a certificate, in bytes.
const MOST_VCT: usize = 256;
/// Most characters of a text that people read.
const MOST_WORDS: usize = 1000;

/// What was found so far.
pub(super) struct Faults<'a> {
    origin: &'a str,
    found: Vec<Fault>,
}

impl<'a> Faults<'a> {
    /// `origin` names the folder.
    pub(super) fn new(origin: &'a str) -> Self {
        Self { origin, found: Vec::new() }
    }

    /// The definition, if nothing was found in it.
    pub(super) fn none_in(self, definition: Definition) -> Result<Definition, DefinitionError> {
        if self.found.is_empty() { Ok(definition) } else { Err(DefinitionError(self.found)) }
    }

    /// A fault of `check.toml`.
    pub(super) fn add(&mut self, place: &str, what: impl AsRef<str>, remedy: impl AsRef<str>) {
        self.add_in(CHECK_FILE, place, what, remedy);
    }

    pub(super) fn add_in(
        &mut self,
        file: &str,
        place: &str,
        what: impl AsRef<str>,
        remedy: impl AsRef<str>,
    ) {
        let file = format!("{}/{file}", self.origin);
        self.found.push(Fault::new(&file, place, what.as_ref(), remedy.as_ref()));
    }

    /// What people read, and what goes into certificates and answers under the check's name.
    pub(super) fn check_words(&mut self, definition: &Definition) {
        self.text(CHECK_FILE, "check.title", &definition.title);
        for variant in &definition.variants {
            let at = format!("variant `{}`: title", cut(&variant.name));
            self.text(CHECK_FILE, &at, &variant.title);
        }
        for shape in &definition.datasets {
            let at = format!("dataset `{}`", cut(&shape.id));
            if let Some(title) = &shape.title {
                self.text(CHECK_FILE, &format!("{at}: title"), title);
            }
            for (name, words) in &shape.words {
                self.text(CHECK_FILE, &format!("{at}: words `{}`", cut(name)), words);
                if !is_described(definition, shape, name) {
                    self.add(
                        &at,
                        format!("words `{}` are of no column and no meaning", cut(name)),
                        "name a column, or `<column>.<meaning>`",
                    );
                }
            }
        }
        let titled = definition.variants.iter().flat_map(|variant| &variant.steps);
        for (name, title) in titled.filter_map(|step| Some((&step.name, step.title.as_ref()?))) {
            self.text(CHECK_FILE, &format!("step `{}`: title", cut(name)), title);
        }
        for reason in &definition.reasons {
            let at = format!("reason `{}`", cut(&reason.code));
            for code in [Some(&reason.code), reason.requester_code.as_ref()]
                .into_iter()
                .flatten()
                .filter(|code| !is_code(code))
            {
                self.add_in(
                    REASONS_FILE,
                    &at,
                    format!("`{}` is not a code", cut(code)),
                    "use upper-case letters, digits and `_`, at most 64, a letter first",
                );
            }
            self.text(REASONS_FILE, &format!("{at}: requester"), &reason.requester);
            self.text(REASONS_FILE, &format!("{at}: citizen"), &reason.citizen);
        }
        self.text(CHECK_FILE, "certificate.statement", &definition.certificate.statement);
        let vct = &definition.certificate.vct;
        if !(1..=MOST_VCT).contains(&vct.len()) || !vct.bytes().all(|byte| byte.is_ascii_graphic())
        {
            self.add(
                "certificate.vct",
                format!("`{}` is not a type", cut(vct)),
                format!("use 1 to {MOST_VCT} visible ASCII characters, no blanks"),
            );
        }
        let of_version = format!(":{}:{}", definition.base, definition.version);
        if definition.version > 1 && !vct.ends_with(&of_version) {
            self.add(
                "certificate.vct",
                format!("`{}` is not the type of version {}", cut(vct), definition.version),
                format!("let it end with `{of_version}`: each version's certificates are its own"),
            );
        }
    }

    fn text(&mut self, file: &str, key: &str, text: &Bilingual) {
        for (language, text) in [("en", &text.en), ("zh", &text.zh)] {
            if text.trim().is_empty()
                || text.chars().count() > MOST_WORDS
                || text.chars().any(char::is_control)
            {
                self.add_in(
                    file,
                    &format!("{key}.{language}"),
                    "this text is empty, too long, or more than a line",
                    format!("write 1 to {MOST_WORDS} characters in one line"),
                );
            }
        }
    }

    pub(super) fn name(&mut self, key: &str, name: &str) {
        if !is_name(name) {
            self.add(
                key,
                format!("`{}` is not a name", cut(name)),
                "use lower-case letters, digits, `-` and `_`, at most 64, a letter first",
            );
        }
    }

    pub(super) fn version(&mut self, version: u32) {
        if !(1..=MOST_VERSION).contains(&version) {
            self.add(
                "check.version",
                format!("`{version}` is not a version"),
                format!("number the versions from 1 to {MOST_VERSION}"),
            );
        }
    }

    pub(super) fn duration(&mut self, key: &str, text: &str, most: Duration) -> Duration {
        match zerotrip_text::duration(text) {
            Some(duration) if !duration.is_zero() && duration <= most => duration,
            _ => {
                self.add(
                    key,
                    format!("`{}` is not a duration of 1s to {}s", cut(text), most.as_secs()),
                    "write for example `10s` or `30d`",
                );
                Duration::ZERO
            }
        }
    }
}

/// Whether words are of a column of the dataset, or of a meaning of its codes.
fn is_described(definition: &Definition, shape: &ExpectedDataset, name: &str) -> bool {
    let (column, meaning) = match name.split_once('.') {
        Some((column, meaning)) => (column, Some(meaning)),
        None => (name, None),
    };
    let known = shape.columns.contains_key(column)
        || shape.lookup.values().flatten().any(|known| known == column);
    let means = |meaning: &str| {
        let mut codes = definition.codes.iter();
        codes.any(|code| {
            code.dataset == shape.id && code.column == column && code.meanings.contains(meaning)
        })
    };
    known && meaning.is_none_or(means)
}
