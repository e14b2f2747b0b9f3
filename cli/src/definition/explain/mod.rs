//! `definition explain`: the definition, for a lawyer who reads no SQL. Everything is taken from
//! the definition; `kinds.rs` has the kinds of statement that it can rest on.

mod asked;
mod counted;
mod kinds;
pub(crate) mod parameters;
mod proven;
mod statements;
#[cfg(test)]
mod tests;

use std::time::Duration;

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use zerotrip_checks::definition::{Definition, ExpectedDataset, Scan};
use zerotrip_text::{Bilingual, shown};

use super::Whole;
use crate::render::{Failure, Screen};

pub(super) fn explain(dir: &Path, screen: &Screen) -> Result<ExitCode, Failure> {
    let Whole { definition, .. } = Whole::read(dir)?;
    let sections = explanation(&definition);
    let value = json!({
        "check": definition.name,
        "definition_digest": hex::encode(definition.digest),
        "sections": sections.iter().map(Section::value).collect::<Vec<Value>>(),
    });
    // Both languages, whatever the screen's: the reader and the author of a definition can differ.
    let text = [text(&sections, |text| &text.zh), text(&sections, |text| &text.en)].join("\n\n");
    screen.show(&text, &value)?;
    Ok(ExitCode::SUCCESS)
}

/// A part of the explanation.
pub(super) struct Section {
    pub(super) title: Bilingual,
    pub(super) lines: Vec<Bilingual>,
}

impl Section {
    fn value(&self) -> Value {
        let both = |text: &Bilingual| json!({ "en": text.en, "zh": text.zh });
        json!({
            "title": both(&self.title),
            "lines": self.lines.iter().map(both).collect::<Vec<Value>>(),
        })
    }
}

/// What is asked of whom, variant by variant; what each owner must mean; what a no says.
pub(super) fn explanation(definition: &Definition) -> Vec<Section> {
    let mut sections = vec![asked::overview(definition)];
    sections.extend(definition.variants.iter().map(|variant| asked::variant(definition, variant)));
    sections.extend(definition.datasets.iter().map(|shape| statements::owner(definition, shape)));
    sections.push(asked::reasons(definition));
    sections
}

fn text(sections: &[Section], pick: impl Fn(&Bilingual) -> &str) -> String {
    let parts = sections.iter().map(|section| {
        let lines = section.lines.iter().map(|line| format!("  - {}", shown(pick(line))));
        let title = shown(pick(&section.title));
        std::iter::once(title).chain(lines).collect::<Vec<_>>().join("\n")
    });
    parts.collect::<Vec<_>>().join("\n\n")
}

/// The scans of a dataset, with their variants and steps.
fn scans<'a>(
    definition: &'a Definition,
    dataset: &'a str,
) -> impl Iterator<Item = (&'a str, &'a str, &'a Scan)> {
    definition.variants.iter().flat_map(move |variant| {
        let scans = variant.scans().filter(move |(_, scan)| scan.dataset == dataset);
        scans.map(move |(name, scan)| (variant.name.as_str(), name, scan))
    })
}

/// A dataset as its owner and a reader know it.
fn dataset_name(shape: &ExpectedDataset) -> Bilingual {
    named(&shape.id, shape.title.as_ref())
}

/// What a column, or a meaning of its codes (`<column>.<meaning>`), says.
fn word(shape: &ExpectedDataset, name: &str) -> Bilingual {
    let last = name.rsplit('.').next().unwrap_or(name);
    named(last, shape.words.get(name))
}

/// ``what it says (`name`)``; the name alone where the definition has no words for it.
fn named(name: &str, words: Option<&Bilingual>) -> Bilingual {
    match words {
        Some(words) => {
            Bilingual::new(format!("{} (`{name}`)", words.en), format!("{}（`{name}`）", words.zh))
        }
        None => Bilingual::new(format!("`{name}`"), format!("`{name}`")),
    }
}

/// Several in a row.
fn joined(texts: &[Bilingual]) -> Bilingual {
    let en: Vec<&str> = texts.iter().map(|text| text.en.as_str()).collect();
    let zh: Vec<&str> = texts.iter().map(|text| text.zh.as_str()).collect();
    Bilingual::new(en.join(", "), zh.join("、"))
}

/// A length of time in its largest whole unit.
fn age(age: Duration) -> (String, String) {
    let seconds = age.as_secs();
    let units = [(86_400, "days", "天"), (3600, "hours", "小时"), (60, "minutes", "分钟")];
    let whole = units.into_iter().find(|(unit, ..)| seconds.is_multiple_of(*unit));
    let (unit, en, zh) = whole.unwrap_or((1, "seconds", "秒"));
    (format!("{} {en}", seconds / unit), format!("{} {zh}", seconds / unit))
}
