//! What a paper says: the blocks of a record, and nothing that is not in it.

use zerotrip_text::Bilingual;

use crate::bounds::{CHARACTERS, TEXT_CHARACTERS, WATERMARK_CHARACTERS};
use crate::characters::is_printable;
use crate::error::PaperError;
use crate::layout::{Block, Content, Metrics, Page, Pictures, Style, lay_out, points};
use crate::record::Record;
use crate::words::{self, Form};

const TITLE: Style =
    Style { size: 2_200, shade: 0, is_centred: true, is_heading: true, above: points(14) };
const TITLE_EN: Style =
    Style { size: 1_200, shade: 40, is_centred: true, is_heading: false, above: points(2) };
const SUBTITLE: Style =
    Style { size: 850, shade: 110, is_centred: true, is_heading: false, above: points(2) };
const STATEMENT: Style =
    Style { size: 1_300, shade: 0, is_centred: false, is_heading: false, above: points(16) };
const STATEMENT_EN: Style =
    Style { size: 1_050, shade: 40, is_centred: false, is_heading: false, above: points(4) };
const SPACE: Style =
    Style { size: 850, shade: 110, is_centred: false, is_heading: false, above: points(10) };
const HEADING: Style =
    Style { size: 1_200, shade: 0, is_centred: false, is_heading: true, above: points(14) };
const STEP: Style =
    Style { size: 1_000, shade: 0, is_centred: false, is_heading: false, above: points(5) };
const STEP_EN: Style =
    Style { size: 900, shade: 60, is_centred: false, is_heading: false, above: points(1) };

/// Lays out what a record says: the pages of its paper.
pub fn lay_out_record(
    record: &Record,
    form: Form,
    pictures: &Pictures,
    metrics: &dyn Metrics,
) -> Result<Vec<Page>, PaperError> {
    lay_out(&content(record, form)?, pictures, metrics)
}

/// What a record says on paper.
pub(crate) fn content(record: &Record, form: Form) -> Result<Content, PaperError> {
    let mut blocks = vec![
        text(&record.title.zh, TITLE),
        text(&record.title.en, TITLE_EN),
        text(words::SUBTITLE, SUBTITLE),
        text(&record.statement.zh, STATEMENT),
        text(&record.statement.en, STATEMENT_EN),
        text(words::IN_FILE, SPACE),
    ];
    blocks.extend(fields(record));
    blocks.push(text(words::SOURCES, HEADING));
    blocks.push(sources(record));
    let [on_paper, on_paper_en] = form.on_paper();
    let lines = [words::IN_FILE_EN, on_paper, on_paper_en].map(str::to_owned);
    blocks.push(Block::Pictures { lines: lines.to_vec() });
    blocks.push(Block::NewPage);
    blocks.push(text(words::HOW, HEADING));
    for (place, step) in form.steps().iter().enumerate() {
        blocks.push(text(step, if place % 2 == 0 { STEP } else { STEP_EN }));
    }
    blocks.push(text("", SPACE));
    blocks.extend(proofs(record));
    let purpose = record.purpose.as_deref();
    let until = record.until.get(..10).unwrap_or(&record.until);
    let content = Content {
        blocks,
        watermark: words::watermark(purpose, record.case_number.as_deref(), until),
        foot: format!("SHA-256 {} ...", record.digest.get(..32).unwrap_or_default()),
    };
    check(&content)?;
    Ok(content)
}

/// The title of the document.
pub fn title_of(record: &Record) -> String {
    format!("{} / {}", record.title.zh, record.title.en)
}

fn text(text: &str, style: Style) -> Block {
    Block::Text { text: text.to_owned(), style }
}

fn field(name: &str, value: &str) -> Block {
    Block::Field { name: name.to_owned(), values: vec![value.to_owned()] }
}

/// A digest on two lines: whatever its digits are, it takes as much room.
fn halves(name: &str, digest: &str) -> Block {
    let (first, second) = digest.split_at_checked(32).unwrap_or((digest, ""));
    let values = [first, second].map(str::to_owned).into_iter().filter(|half| !half.is_empty());
    Block::Field { name: name.to_owned(), values: values.collect() }
}

fn both(words: &Bilingual) -> Vec<String> {
    if words.en == words.zh {
        vec![words.zh.clone()]
    } else {
        vec![words.zh.clone(), words.en.clone()]
    }
}

/// What is certified, of whom and for what.
fn fields(record: &Record) -> Vec<Block> {
    let shown = |value: &Option<String>| value.clone().unwrap_or(words::NOT_SHOWN.to_owned());
    let mut fields = vec![field(words::PERSONS, &both(&record.persons).join(" / "))];
    let parameters = record.parameters.iter();
    fields.extend(parameters.map(|(name, value)| field(words::parameter(name), value)));
    for (title, value) in &record.facts {
        let name = format!("{} {}", title.zh, title.en);
        fields.push(field(&name, &both(value).join(" / ")));
    }
    fields.push(field(words::VARIANT, &record.variant));
    if !record.regions.is_empty() {
        fields.push(field(words::REGIONS, &record.regions.join("、")));
    }
    fields.push(field(words::PURPOSE, &shown(&record.purpose)));
    fields.push(field(words::CASE, &shown(&record.case_number)));
    if record.withheld > 0 {
        fields.push(field(words::WITHHELD, &record.withheld.to_string()));
    }
    let serial = record.serial.as_deref().unwrap_or(words::NO_SERIAL);
    fields.push(field(words::SERIAL, serial));
    fields.push(field(words::ISSUER, &record.issuer));
    fields.push(field(words::ISSUED, &record.issued));
    fields.push(field(words::UNTIL, &record.until));
    fields
}

fn sources(record: &Record) -> Block {
    let row = |source: &crate::record::Source| {
        vec![
            vec![source.dataset.clone()],
            vec![source.owner.clone()],
            vec![source.as_of.clone()],
            both(&source.coverage),
        ]
    };
    Block::Table {
        titles: words::COLUMNS.map(str::to_owned).to_vec(),
        rows: record.sources.iter().map(row).collect(),
    }
}

/// What a sceptic checks.
fn proofs(record: &Record) -> Vec<Block> {
    let mut fields = vec![
        halves(words::DIGEST, &record.digest),
        field(words::SIZE, &format!("{} 字节 bytes", record.bytes)),
        field(words::TYPE, &record.vct),
        field(words::KEY, &record.key_id),
        halves(words::DEFINITION, &record.definition),
        field(words::HUB, &record.hub),
        field(words::EXCHANGE, &record.exchange),
        field(words::ANSWERED, &record.answered),
        field(words::INDEX, &record.index.to_string()),
        field(words::TREE, &record.tree_size),
        field(words::ORIGIN, &record.origin),
    ];
    if record.request {
        fields.push(field(words::REQUEST, words::REQUEST_SHOWN));
    }
    fields.push(match &record.status {
        Some((place, address)) => {
            let values = vec![address.clone(), format!("位置 place {place}")];
            Block::Field { name: words::STATUS.to_owned(), values }
        }
        None => field(words::STATUS, words::NO_STATUS),
    });
    fields
}

/// Every text is within its bound, and every character one that can be printed.
fn check(content: &Content) -> Result<(), PaperError> {
    let mut total = 0;
    let mut one = |text: &str, place: &'static str| {
        let count = text.chars().count();
        total += count;
        if count > TEXT_CHARACTERS {
            return Err(PaperError::TooMany("characters in one text", TEXT_CHARACTERS));
        }
        if total > CHARACTERS {
            return Err(PaperError::TooMany("characters", CHARACTERS));
        }
        match text.chars().find(|c| !is_printable(*c)) {
            Some(c) => Err(PaperError::Unprintable(c.into(), place)),
            None => Ok(()),
        }
    };
    for block in &content.blocks {
        match block {
            Block::Text { text, .. } => one(text, "title, statement")?,
            Block::Field { name, values } => {
                one(name, "name of a value")?;
                values.iter().try_for_each(|value| one(value, "value"))?;
            }
            Block::Table { titles, rows } => {
                titles.iter().try_for_each(|title| one(title, "sources"))?;
                rows.iter().flatten().flatten().try_for_each(|text| one(text, "sources"))?;
            }
            Block::Pictures { lines } => lines.iter().try_for_each(|line| one(line, "words"))?,
            Block::NewPage => {}
        }
    }
    if content.watermark.iter().any(|line| line.chars().count() > WATERMARK_CHARACTERS) {
        return Err(PaperError::TooMany("characters in the watermark", WATERMARK_CHARACTERS));
    }
    content.watermark.iter().try_for_each(|line| one(line, "purpose, case_number"))
}
