//! One table of a TOML file while it is being read: remembers which keys were asked for, so that
//! whatever is left over is unknown, and collects faults instead of stopping at the first.

use toml::{Table, Value};

use super::Fault;
use crate::nearest::nearest;

const MOST_TEXT_CHARS: usize = 200;
/// Characters of a reason: a word is none.
const FEWEST_OF_REASON: usize = 4;

pub(super) struct Section<'a> {
    path: String,
    /// What its owner calls it, where the path only has its number.
    named: String,
    table: &'a Table,
    asked: Vec<&'static str>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Section<'a> {
    pub(super) fn new(path: impl Into<String>, table: &'a Table) -> Self {
        Self {
            path: path.into(),
            named: String::new(),
            table,
            asked: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// One of an array's tables: `column "status", field "zt"`.
    fn numbered(path: &str, key: &str, at: usize, table: &'a Table) -> Self {
        let text = |of: &str| table.get(of).and_then(Value::as_str).filter(|text| is_text(text));
        let said = |word: &str, of: &str| text(of).map(|text| format!("{word} \"{text}\""));
        let named: Vec<String> =
            said(key, "name").into_iter().chain(said("field", "field")).collect();
        Self { named: named.join(", "), ..Self::new(format!("{path}[{}]", at + 1), table) }
    }

    /// The value, if the key is there.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Value> {
        self.asked.push(key);
        self.table.get(key)
    }

    /// The value; a fault if the key is missing.
    pub(super) fn need(&mut self, key: &'static str, remedy: &str) -> Option<&'a Value> {
        let value = self.get(key);
        if value.is_none() {
            self.fault(key, None, format!("missing; {remedy}"));
        }
        value
    }

    /// A non-empty text without control characters, at most 200 characters.
    pub(super) fn text(&mut self, key: &'static str, remedy: &str) -> Option<&'a str> {
        let value = self.need(key, remedy)?;
        match value.as_str().filter(|text| is_text(text)) {
            Some(text) => Some(text),
            None => {
                self.fault(
                    key,
                    Some(value),
                    format!("must be a text of 1 to {MOST_TEXT_CHARS} characters; {remedy}"),
                );
                None
            }
        }
    }

    /// A value that `read` understands; a fault with the remedy if it doesn't. `default` stands for
    /// a missing key.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        remedy: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = self.get(key) else {
            if default.is_none() {
                self.fault(key, None, format!("missing; {remedy}"));
            }
            return default;
        };
        let got = read(value);
        if got.is_none() {
            self.fault(key, Some(value), remedy.to_owned());
        }
        got
    }

    /// A sub-table; it is to be given back with [`Section::close`].
    pub(super) fn section(&mut self, key: &'static str, remedy: &str) -> Option<Section<'a>> {
        let value = self.need(key, remedy)?;
        let path = self.key(key);
        match value.as_table() {
            Some(table) => Some(Section { named: self.named.clone(), ..Section::new(path, table) }),
            None => {
                self.fault(key, Some(value), format!("must be a table; {remedy}"));
                None
            }
        }
    }

    /// The tables of an array; none if the key is missing.
    pub(super) fn sections(&mut self, key: &'static str, most: usize) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let tables: Option<Vec<&'a Table>> =
            value.as_array().and_then(|array| array.iter().map(Value::as_table).collect());
        match tables {
            Some(tables) if tables.len() <= most => {
                let path = self.key(key);
                tables
                    .into_iter()
                    .enumerate()
                    .map(|(at, table)| Section::numbered(&path, key, at, table))
                    .collect()
            }
            Some(tables) => {
                self.fault(
                    key,
                    None,
                    format!("there are {}, and at most {most} are allowed", tables.len()),
                );
                Vec::new()
            }
            None => {
                self.fault(key, Some(value), format!("write each as its own `[[{key}]]`"));
                Vec::new()
            }
        }
    }

    /// Takes over a sub-section's faults, unknown keys included.
    pub(super) fn close(&mut self, section: Section<'a>) {
        self.faults.extend(section.finish());
    }

    /// Every fault, unknown keys included.
    pub(super) fn finish(mut self) -> Vec<Fault> {
        for (key, value) in self.table {
            if !self.asked.contains(&key.as_str()) {
                let remedy = match nearest(key, self.asked.iter().copied()) {
                    Some(known) => format!("unknown key; did you mean `{known}`?"),
                    None => format!("unknown key; known here: {}", self.asked.join(", ")),
                };
                self.fault(key, Some(value), remedy);
            }
        }
        self.faults
    }

    pub(super) fn fault(&mut self, key: &str, value: Option<&Value>, remedy: String) {
        let value = match value {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Table(_)) => "{…}".to_owned(),
            Some(other) => other.to_string(),
        };
        self.fault_in(key, value, remedy);
    }

    /// The same of a part of the value, such as one code of many.
    pub(super) fn fault_in(&mut self, key: &str, value: String, remedy: String) {
        let value = if value.chars().count() > 60 {
            value.chars().take(59).chain(['…']).collect()
        } else {
            value
        };
        self.faults.push(Fault { key: self.key(key), named: self.named.clone(), value, remedy });
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

pub(super) fn is_text(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MOST_TEXT_CHARS
        && !text.chars().any(char::is_control)
}

/// Whether a text is an owner's reason: some words, and none that was left to be filled in.
pub(super) fn is_reason(text: &str) -> bool {
    is_text(text) && text.chars().count() >= FEWEST_OF_REASON && text != "FILL_IN"
}

pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
}
