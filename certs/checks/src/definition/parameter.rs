//! What the requester must say: the `[[parameter]]`s of a definition.

use std::collections::BTreeMap;

use serde::Deserialize;
use zerotrip_datasets::ParameterType;
use zerotrip_proto::v1;
use zerotrip_proto::v1::parameter_terms::Type as Wire;
use zerotrip_text::Bilingual;

/// The keys of each type, beside `name`, `type` and `title`: all of them are given, and no other.
const KEYS: [(&str, &[&str]); 11] = [
    ("resident_id", &[]),
    ("enterprise", &[]),
    ("vessel", &[]),
    ("vehicle", &[]),
    ("property_unit", &[]),
    ("uscc", &[]),
    ("date", &["not_before", "not_after"]),
    ("period", &["not_after", "most_months"]),
    ("number", &["min", "max"]),
    ("region", &["level"]),
    ("code", &["words"]),
];

/// One thing the requester must say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What people call it; every parameter has one but the person asked about, who needs none.
    pub title: Option<Bilingual>,
    /// What its text is read as.
    pub declared: ParameterType,
    /// Of a code: what people read for each word.
    pub words: BTreeMap<String, Bilingual>,
}

/// A parameter as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawParameter {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) declared: String,
    pub(super) title: Option<Bilingual>,
    not_before: Option<String>,
    not_after: Option<String>,
    most_months: Option<u32>,
    min: Option<i64>,
    max: Option<i64>,
    level: Option<String>,
    words: Option<BTreeMap<String, Bilingual>>,
}

impl RawParameter {
    /// The type that it declares; or what is wrong, and the remedy.
    pub(super) fn declared(&self) -> Result<ParameterType, (String, String)> {
        let declared = &self.declared;
        let Some((_, wanted)) = KEYS.iter().find(|(name, _)| name == declared) else {
            let known = ParameterType::NAMES.join("`, `");
            return Err((format!("type `{declared}` is not known"), format!("use `{known}`")));
        };
        let given = [
            ("not_before", self.not_before.is_some()),
            ("not_after", self.not_after.is_some()),
            ("most_months", self.most_months.is_some()),
            ("min", self.min.is_some()),
            ("max", self.max.is_some()),
            ("level", self.level.is_some()),
            ("words", self.words.is_some()),
        ];
        let given: Vec<&str> =
            given.into_iter().filter_map(|(key, is_given)| is_given.then_some(key)).collect();
        if given != *wanted {
            let wanted = match wanted.join("`, `") {
                none if none.is_empty() => "none of them".to_owned(),
                keys => format!("`{keys}`"),
            };
            return Err((
                format!("of a `{declared}`, the bounds given are {given:?}"),
                format!("give {wanted}, and nothing else"),
            ));
        }
        match self.wire() {
            None => Ok(match declared.as_str() {
                "enterprise" => ParameterType::Enterprise,
                "vessel" => ParameterType::Vessel,
                "vehicle" => ParameterType::Vehicle,
                "property_unit" => ParameterType::PropertyUnit,
                _ => ParameterType::ResidentId,
            }),
            Some(wire) => ParameterType::from_terms(&wire).ok_or_else(|| {
                let what = "its bounds are not understood, or nothing lies between them";
                (what.to_owned(), "docs/definitions.md has the bounds of each type".to_owned())
            }),
        }
    }

    /// Its type in a template; `None` of whom is asked about: a scan's origins name them.
    fn wire(&self) -> Option<Wire> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Some(match self.declared.as_str() {
            "uscc" => Wire::Uscc(v1::EnterpriseTerms {}),
            "date" => Wire::Date(v1::DateTerms {
                not_before: text(&self.not_before),
                not_after: text(&self.not_after),
            }),
            "period" => Wire::Period(v1::PeriodTerms {
                most_months: self.most_months.unwrap_or_default(),
                not_after: text(&self.not_after),
            }),
            "number" => Wire::Number(v1::NumberTerms {
                min: self.min.unwrap_or_default(),
                max: self.max.unwrap_or_default(),
            }),
            "region" => Wire::Region(v1::RegionTerms { level: text(&self.level) }),
            "code" => {
                let words = self.words.iter().flatten().map(|(word, title)| v1::CodeWord {
                    word: word.clone(),
                    title_en: title.en.clone(),
                    title_zh: title.zh.clone(),
                });
                Wire::Code(v1::CodeTerms { words: words.collect() })
            }
            _ => return None,
        })
    }

    pub(super) fn words(&self) -> BTreeMap<String, Bilingual> {
        self.words.clone().unwrap_or_default()
    }
}

impl Parameter {
    /// As a scan's template binds it; `None` of the person asked about, whom its origins name.
    pub fn terms(&self) -> Option<v1::ParameterTerms> {
        let wire = match &self.declared {
            ParameterType::ResidentId
            | ParameterType::Enterprise
            | ParameterType::Vessel
            | ParameterType::Vehicle
            | ParameterType::PropertyUnit => return None,
            ParameterType::Uscc => Wire::Uscc(v1::EnterpriseTerms {}),
            ParameterType::Date(bounds) => Wire::Date(v1::DateTerms {
                not_before: bounds.not_before.to_string(),
                not_after: bounds.not_after_text(),
            }),
            ParameterType::Period(bounds) => Wire::Period(v1::PeriodTerms {
                most_months: bounds.most_months,
                not_after: bounds.not_after.name().to_owned(),
            }),
            ParameterType::Number(bounds) => {
                Wire::Number(v1::NumberTerms { min: bounds.min, max: bounds.max })
            }
            ParameterType::Region(level) => {
                Wire::Region(v1::RegionTerms { level: level.name().to_owned() })
            }
            ParameterType::Code(_) => {
                let words = self.words.iter().map(|(word, title)| v1::CodeWord {
                    word: word.clone(),
                    title_en: title.en.clone(),
                    title_zh: title.zh.clone(),
                });
                Wire::Code(v1::CodeTerms { words: words.collect() })
            }
        };
        let title = self.title.clone().unwrap_or_default();
        Some(v1::ParameterTerms {
            name: self.name.clone(),
            title_en: title.en,
            title_zh: title.zh,
            r#type: Some(wire),
        })
    }
}
