//! The values that a yes comes with where its check asked that the person was identified: by whom,
//! at which level, when. They are facts like those of a definition, so a certificate shows them or
//! withholds them as it does those.

use chrono::{DateTime, Utc};
use zerotrip_identification::{Identification, Level, Providers};
use zerotrip_proto::v1::{FactTerms, FactWord};
use zerotrip_text::Bilingual;

use crate::facts::{Fact, FactValue, TIME, TIME_FORMAT};

const BY: &str = "identified_by";
const LEVEL: &str = "identity_level";
const AT: &str = "identified_at";
/// Their names.
pub const IDENTIFIED: [&str; 3] = [BY, LEVEL, AT];

/// What people call each of them.
pub fn identified_titles() -> [(&'static str, Bilingual); 3] {
    [
        (BY, Bilingual::new("identified by", "身份核验机构")),
        (LEVEL, Bilingual::new("level of the identification", "身份核验级别")),
        (AT, Bilingual::new("identified at", "身份核验时间")),
    ]
}

/// The values of an identification. The answer names every provider that is trusted: who withholds
/// which one it was must not tell it by the list.
pub fn identified(identification: &Identification, trusted: &Providers) -> Vec<Fact> {
    let word = |word: &str, text: &Bilingual| FactWord {
        word: word.to_owned(),
        text_en: text.en.clone(),
        text_zh: text.zh.clone(),
    };
    let at = DateTime::<Utc>::from(identification.at).format(TIME_FORMAT).to_string();
    identified_titles()
        .into_iter()
        .map(|(name, title)| {
            let (kind, words, value) = match name {
                BY => {
                    let words = trusted.names().map(|(id, name)| word(id, name)).collect();
                    ("code", words, identification.provider.clone())
                }
                LEVEL => {
                    let words = Level::ALL.map(|level| word(level.name(), &level.words()));
                    ("code", words.to_vec(), identification.level.name().to_owned())
                }
                _ => (TIME, Vec::new(), at.clone()),
            };
            let terms = FactTerms {
                name: name.to_owned(),
                r#type: kind.to_owned(),
                title_en: title.en,
                title_zh: title.zh,
                optional: false,
                words,
            };
            Fact { terms, value: Some(FactValue::Text(value)) }
        })
        .collect()
}
