//! The values that a proven fact comes with: what each is, and how an answer fixes it. A value is a
//! salted disclosure (RFC 9901) that only the requester can open; the answer has its digest, and a
//! certificate on the answer lets its holder show it or not.

use std::collections::BTreeMap;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime};
use serde_json::Value;
use zerotrip_checks::definition::{ClaimTerms, ClaimType, Definition};
use zerotrip_datasets::CivilMonth;
use zerotrip_proto::CHINA_OFFSET_SECONDS;
use zerotrip_proto::v1::{Claim, FactTerms, FactWord};
use zerotrip_text::{Bilingual, is_invisible};
use zerotrip_trust::digest::RandomError;

use crate::sdjwt;
use crate::terms::TermsError;

/// Longest name that is a value, in characters.
const MOST_NAME: usize = 64;
/// Digits of a division code (GB/T 2260).
const REGION_DIGITS: usize = 6;

/// The type of a moment: RFC 3339, in whole seconds of UTC.
pub(crate) const TIME: &str = "time";
/// How it is spelled.
pub(crate) const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// One value of a proven fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What it is.
    pub terms: FactTerms,
    /// `None` where it has none, and there is a proof without it.
    pub value: Option<FactValue>,
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactValue {
    /// A day (`2026-11-30`), a month (`2026-11`), a word, a division code or a name.
    Text(String),
    /// Months, fen, or how many.
    Number(u64),
}

impl FactValue {
    /// As a certificate has it.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.clone().into(),
            Self::Number(number) => (*number).into(),
        }
    }

    /// As text.
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Fact {
    /// A value as JSON, if it is of its type; `null` for none, where there need not be one.
    pub fn read(terms: &FactTerms, value: &Value) -> Option<Self> {
        let value = match value {
            Value::Null if terms.optional => None,
            Value::String(text) if !is_number(terms) && is_of_type(terms, text) => {
                Some(FactValue::Text(text.clone()))
            }
            Value::Number(number) if is_number(terms) => Some(FactValue::Number(number.as_u64()?)),
            _ => return None,
        };
        Some(Self { terms: terms.clone(), value })
    }

    /// The same, of its text.
    pub fn read_text(terms: &FactTerms, text: &str) -> Option<Self> {
        if is_number(terms) {
            let number: u64 = text.parse().ok()?;
            // In the one spelling.
            (number.to_string() == text).then(|| Self::read(terms, &number.into()))?
        } else {
            Self::read(terms, &text.into())
        }
    }

    /// What people read.
    pub fn in_words(&self) -> Bilingual {
        let Some(value) = &self.value else {
            return Bilingual { en: "none on record".into(), zh: "无记录".into() };
        };
        let text = value.to_text();
        let word = self.terms.words.iter().find(|word| word.word == text);
        match (word, value, self.terms.r#type.as_str()) {
            (Some(word), ..) => Bilingual { en: word.text_en.clone(), zh: word.text_zh.clone() },
            (None, FactValue::Number(months), "months") => {
                Bilingual { en: format!("{months} months"), zh: format!("{months} 个月") }
            }
            (None, FactValue::Number(fen), "fen") => {
                let yuan = format!("{}.{:02}", fen / 100, fen % 100);
                Bilingual { en: format!("CNY {yuan}"), zh: format!("{yuan} 元") }
            }
            (None, FactValue::Text(_), TIME) => {
                let text = in_china(&text).unwrap_or(text);
                Bilingual { en: text.clone(), zh: text }
            }
            _ => Bilingual { en: text.clone(), zh: text },
        }
    }
}

/// A moment in its one spelling.
fn read_time(text: &str) -> Option<NaiveDateTime> {
    let time = NaiveDateTime::parse_from_str(text, TIME_FORMAT).ok()?;
    (time.format(TIME_FORMAT).to_string() == text).then_some(time)
}

/// A moment as clocks in China show it, where whoever reads it is.
fn in_china(text: &str) -> Option<String> {
    let here = FixedOffset::east_opt(CHINA_OFFSET_SECONDS.into())?;
    let time = read_time(text)?.and_utc().with_timezone(&here);
    Some(time.format("%Y-%m-%d %H:%M:%S (UTC+8)").to_string())
}

fn is_number(terms: &FactTerms) -> bool {
    [ClaimType::Months, ClaimType::Fen, ClaimType::Count]
        .iter()
        .any(|number| number.name() == terms.r#type)
}

fn is_of_type(terms: &FactTerms, text: &str) -> bool {
    match terms.r#type.as_str() {
        "date" => NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .is_ok_and(|day| day.format("%Y-%m-%d").to_string() == text),
        "month" => CivilMonth::parse(text).is_some(),
        TIME => read_time(text).is_some(),
        "code" => terms.words.iter().any(|word| word.word == text),
        "region" => text.len() == REGION_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()),
        "name" => {
            let length = text.chars().count();
            (1..=MOST_NAME).contains(&length)
                && text.trim() == text
                && !text.chars().any(|one| one.is_control() || is_invisible(one))
        }
        _ => false,
    }
}

/// The values that a variant's proof can come with; those of an identification are beside them
/// ([`crate::identified`]).
pub fn fact_terms(definition: &Definition, variant: &str) -> Vec<FactTerms> {
    let Some(variant) = definition.variant(variant) else { return Vec::new() };
    definition.claims.iter().filter(|claim| variant.tells(claim)).map(terms_of).collect()
}

fn terms_of(claim: &ClaimTerms) -> FactTerms {
    let word = |(word, text): (&String, &Bilingual)| FactWord {
        word: word.clone(),
        text_en: text.en.clone(),
        text_zh: text.zh.clone(),
    };
    FactTerms {
        name: claim.name.clone(),
        r#type: claim.kind.name().to_owned(),
        title_en: claim.title.en.clone(),
        title_zh: claim.title.zh.clone(),
        optional: claim.optional,
        words: claim.words.iter().map(word).collect(),
    }
}

/// The digests of an answer's facts, ascending, and what opens them.
pub fn fix_facts(facts: &[Fact]) -> Result<(Vec<Vec<u8>>, Vec<String>), RandomError> {
    let (mut digests, mut openings) = (Vec::new(), Vec::new());
    for fact in facts {
        // Also where there is no value: that there is none must not show.
        let value = fact.value.as_ref().map_or(Value::Null, FactValue::to_json);
        let opening = sdjwt::disclosure(&fact.terms.name, &value)?;
        digests.push(sdjwt::digest_of(&opening).to_vec());
        openings.push(opening);
    }
    // The order of digests tells nothing.
    digests.sort();
    Ok((digests, openings))
}

/// The facts of a yes, opened: each by one opening, each of its type, in the order of the
/// definition. Other openings are the terms' of a certificate.
pub fn open_facts(
    terms: &[FactTerms],
    digests: &[Vec<u8>],
    openings: &[String],
) -> Result<Vec<Fact>, TermsError> {
    let is_fact = |opening: &&String| {
        let digest = sdjwt::digest_of(opening);
        digests.iter().any(|fact| *fact == digest)
    };
    let own = openings.iter().filter(is_fact).map(String::as_str);
    if digests.is_empty() && terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut opened: BTreeMap<String, Value> = crate::terms::open(digests, own)?.values;
    let mut facts = Vec::with_capacity(terms.len());
    for terms in terms {
        let value = opened.remove(&terms.name).ok_or(TermsError::OtherNames)?;
        facts.push(Fact::read(terms, &value).ok_or(TermsError::Fact(terms.name.clone()))?);
    }
    if opened.is_empty() { Ok(facts) } else { Err(TermsError::OtherNames) }
}

/// The facts of one subject of many: each that the answer names, in its order.
pub fn read_facts(terms: &[FactTerms], claims: &[Claim]) -> Option<Vec<Fact>> {
    let mut given = claims.iter();
    let mut facts = Vec::with_capacity(terms.len());
    for terms in terms {
        let claim = given.next().filter(|claim| claim.name == terms.name)?;
        let none = claim.value.is_empty() && terms.optional;
        facts.push(match none {
            true => Fact { terms: terms.clone(), value: None },
            false => Fact::read_text(terms, &claim.value)?,
        });
    }
    given.next().is_none().then_some(facts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn terms(name: &str, kind: &str) -> FactTerms {
        let word = |word: &str| FactWord {
            word: word.into(),
            text_en: word.to_uppercase(),
            text_zh: "字".into(),
        };
        FactTerms {
            name: name.into(),
            r#type: kind.into(),
            words: if kind == "code" { vec![word("valid"), word("lapsed")] } else { Vec::new() },
            ..FactTerms::default()
        }
    }

    #[test]
    fn each_type_has_one_spelling_and_nothing_else_is_a_value() {
        for (kind, good, bad) in [
            (
                "date",
                vec!["2024-02-29"],
                vec!["2023-02-29", "2024-2-29", "20240229", "", " 2024-02-29"],
            ),
            ("month", vec!["2024-02"], vec!["2024-13", "2024-2", "202402", "", "2024-02-01"]),
            (
                "time",
                vec!["2026-11-30T12:00:00Z"],
                vec!["2026-11-30T12:00:00+00:00", "2026-11-30 12:00:00Z", "2026-11-30T12:00:00.0Z"],
            ),
            ("code", vec!["valid"], vec!["Valid", "other", ""]),
            ("region", vec!["330106"], vec!["33010", "3301061", "33010x", ""]),
            (
                "name",
                vec!["张三", "O'Neil"],
                vec!["", " 张三", "张\u{202e}三", "张\n三", &"长".repeat(65)[..]],
            ),
            ("months", vec![], vec!["24"]),
            ("other", vec![], vec!["x"]),
        ] {
            let terms = terms("claim", kind);
            for text in good {
                assert!(Fact::read(&terms, &json!(text)).is_some(), "{kind} {text}");
            }
            for text in bad {
                assert_eq!(Fact::read(&terms, &json!(text)), None, "{kind} {text:?}");
            }
            assert_eq!(Fact::read(&terms, &Value::Null), None);
            assert_eq!(Fact::read(&terms, &json!([1])), None);
        }
        for kind in ["months", "fen", "count"] {
            let terms = terms("claim", kind);
            assert!(Fact::read(&terms, &json!(24)).is_some());
            for bad in [json!(-1), json!(1.5), json!("1"), json!(1e40)] {
                assert_eq!(Fact::read(&terms, &bad), None, "{bad}");
            }
            for (text, is_one) in [("24", true), ("024", false), ("+24", false), ("", false)] {
                assert_eq!(Fact::read_text(&terms, text).is_some(), is_one, "{text}");
            }
        }
        let optional = FactTerms { optional: true, ..terms("claim", "date") };
        assert_eq!(Fact::read(&optional, &Value::Null).unwrap().value, None);
    }

    #[test]
    fn facts_are_opened_each_once_by_their_own_openings() {
        let fact =
            |name: &str, kind: &str, value: Value| Fact::read(&terms(name, kind), &value).unwrap();
        let facts =
            [fact("since", "date", json!("2020-01-02")), fact("months", "months", json!(24))];
        let (fact_digests, openings) = fix_facts(&facts).unwrap();
        let terms_of: Vec<FactTerms> = facts.iter().map(|fact| fact.terms.clone()).collect();
        let open = |openings: &[String]| open_facts(&terms_of, &fact_digests, openings);
        assert_eq!(open(&openings).unwrap(), facts);
        let other = sdjwt::disclosure("since", &json!("2021-01-02")).unwrap();
        let swapped = [other, openings[1].clone()];
        assert_eq!(open(&swapped), Err(TermsError::Incomplete));
        assert_eq!(open(&openings[..1]), Err(TermsError::Incomplete));
        let twice = [&openings[..], &openings[..1]].concat();
        assert_eq!(open(&twice), Err(TermsError::Twice("since".into())));
        let renamed = [terms("since", "date")];
        assert_eq!(open_facts(&renamed, &fact_digests, &openings), Err(TermsError::OtherNames));
        let mut retyped = terms_of.clone();
        retyped[1].r#type = "date".into();
        assert_eq!(
            open_facts(&retyped, &fact_digests, &openings),
            Err(TermsError::Fact("months".into()))
        );
        assert_eq!(open_facts(&[], &[], &openings).unwrap(), []);
    }

    #[test]
    fn what_people_read_has_units_and_words() {
        let words = |kind: &str, value: Value| {
            let read = Fact::read(&terms("claim", kind), &value).unwrap().in_words();
            (read.en, read.zh)
        };
        assert_eq!(words("months", json!(24)), ("24 months".into(), "24 个月".into()));
        assert_eq!(words("fen", json!(1_234_506)), ("CNY 12345.06".into(), "12345.06 元".into()));
        assert_eq!(words("code", json!("valid")), ("VALID".into(), "字".into()));
        assert_eq!(words("date", json!("2024-02-29")).0, "2024-02-29");
        let time = words("time", json!("2026-11-30T20:00:00Z"));
        assert_eq!(time.0, "2026-12-01 04:00:00 (UTC+8)");
    }
}
