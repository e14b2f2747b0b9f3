//! The same in two languages.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A text in English and Chinese. In TOML and JSON: `{ en = "…", zh = "…" }`, and nothing else in
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct Bilingual {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Bilingual {
    /// From an English and a Chinese text.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }
}

impl TryFrom<BTreeMap<String, String>> for Bilingual {
    type Error = &'static str;

    /// By name only: a list of two texts does not say which is which.
    fn try_from(mut texts: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        match (texts.remove("en"), texts.remove("zh"), texts.is_empty()) {
            (Some(en), Some(zh), true) => Ok(Self { en, zh }),
            _ => Err("write a text as `{ en = \"…\", zh = \"…\" }`, and nothing else in it"),
        }
    }
}
