//! The record: what a certificate says, read from its text alone. **Nothing here is verified**: a
//! paper shows what its record says, and the record is verified where it always is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, FixedOffset, Utc};
use prost::Message as _;
use serde_json::{Map, Value};
use zerotrip_certificates::Fact;
use zerotrip_certificates::sdjwt::{CompactJws, SdJwt, TOKEN_BYTES, opened};
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::{Answer, Envelope, FactTerms};
use zerotrip_text::Bilingual;
use zerotrip_trust::digest::sha256;

use crate::bounds::SOURCES;
use crate::error::PaperError;

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct Record {
    /// SHA-256 of the text, hexadecimal.
    pub digest: String,
    pub(crate) bytes: usize,
    pub(crate) title: Bilingual,
    pub(crate) statement: Bilingual,
    pub(crate) persons: Bilingual,
    /// The system that issued it, as it says.
    pub issuer: String,
    pub(crate) key_id: String,
    pub(crate) vct: String,
    pub(crate) variant: String,
    pub(crate) issued: String,
    /// The same, in seconds from 1970.
    pub issued_at: i64,
    pub(crate) until: String,
    pub(crate) serial: Option<String>,
    /// Place and address of its status.
    pub(crate) status: Option<(u64, String)>,
    pub(crate) regions: Vec<String>,
    pub(crate) case_number: Option<String>,
    pub(crate) purpose: Option<String>,
    /// Whether the request is shown.
    pub(crate) request: bool,
    /// Parameters of the question, by name.
    pub(crate) parameters: Vec<(String, String)>,
    /// Values of the fact, by title.
    pub(crate) facts: Vec<(Bilingual, Bilingual)>,
    /// How many disclosures are left out.
    pub(crate) withheld: usize,
    pub(crate) sources: Vec<Source>,
    pub(crate) definition: String,
    pub(crate) hub: String,
    pub(crate) exchange: String,
    pub(crate) answered: String,
    pub(crate) index: u64,
    /// The ledger's name, from its checkpoint.
    pub(crate) origin: String,
    pub(crate) tree_size: String,
}

/// A register that was asked.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) dataset: String,
    pub(crate) owner: String,
    pub(crate) as_of: String,
    pub(crate) coverage: Bilingual,
}

impl Record {
    /// Reads the text of a certificate: exactly one line, as it was sealed, without a proof of its
    /// holder.
    pub fn read(text: &str) -> Result<Self, PaperError> {
        if text.len() > TOKEN_BYTES || !text.ends_with('~') {
            return Err(PaperError::NotARecord);
        }
        let token = SdJwt::parse(text).map_err(PaperError::Record)?;
        if token.to_string() != text {
            return Err(PaperError::NotARecord);
        }
        let CompactJws { header, payload: plain, .. } =
            CompactJws::parse(token.jwt()).map_err(PaperError::Record)?;
        let claims = Claims(&plain);
        let evidence = claims.object("evidence")?;
        let receipt = Claims(&evidence).object("receipt")?;
        let checkpoint = Claims(&receipt).text("checkpoint")?;
        let mut head = checkpoint.lines();
        let (Some(origin), Some(tree_size)) = (head.next(), head.next()) else {
            return Err(PaperError::Claim("evidence"));
        };
        let answer = answer(&evidence)?;
        let mut record = Self {
            digest: hex::encode(sha256(text.as_bytes())),
            bytes: text.len(),
            title: claims.bilingual("title")?,
            statement: claims.bilingual("statement")?,
            persons: claims.bilingual("persons")?,
            issuer: claims.text("iss")?,
            key_id: Claims(&header).text("kid")?,
            vct: claims.text("vct")?,
            variant: claims.text("variant")?,
            issued: time(claims.seconds("iat")?)?,
            issued_at: claims.seconds("iat")?,
            until: time(claims.seconds("exp")?)?,
            serial: plain.get("serial").and_then(Value::as_str).map(str::to_owned),
            status: claims.status()?,
            regions: claims.regions()?,
            case_number: None,
            purpose: None,
            request: false,
            parameters: Vec::new(),
            facts: Vec::new(),
            withheld: 0,
            sources: claims.sources()?,
            definition: claims.text("definition_digest")?,
            hub: answer.hub.clone(),
            exchange: answer.request_id.clone(),
            answered: shown_time(&Claims(&evidence).text("answered_at")?),
            index: receipt
                .get("index")
                .and_then(Value::as_u64)
                .ok_or(PaperError::Claim("evidence"))?,
            origin: origin.to_owned(),
            tree_size: tree_size.to_owned(),
        };
        record.disclose(&token, &facts_of(&answer))?;
        let referred = plain.get("_sd").and_then(Value::as_array).map_or(0, Vec::len);
        record.withheld = referred.saturating_sub(token.disclosures().count());
        Ok(record)
    }

    fn disclose(&mut self, token: &SdJwt, facts: &[FactTerms]) -> Result<(), PaperError> {
        for (name, encoded) in token.disclosures() {
            let (_, value) = opened(encoded).map_err(PaperError::Record)?;
            if let Some(terms) = facts.iter().find(|terms| terms.name == name) {
                let fact =
                    Fact::read(terms, &value).ok_or(PaperError::Disclosure(name.to_owned()))?;
                let title = Bilingual::new(terms.title_en.clone(), terms.title_zh.clone());
                self.facts.push((title, fact.in_words()));
                continue;
            }
            let Value::String(text) = value else {
                return Err(PaperError::Disclosure(name.to_owned()));
            };
            match name {
                "case_number" => self.case_number = Some(text),
                "purpose" => self.purpose = Some(text),
                "request" => self.request = true,
                _ => self.parameters.push((name.to_owned(), text)),
            }
        }
        Ok(())
    }
}

fn facts_of(answer: &Answer) -> Vec<FactTerms> {
    match &answer.outcome {
        Some(Outcome::Answered(answered)) => answered.facts.clone(),
        Some(Outcome::Many(many)) => many.facts.clone(),
        _ => Vec::new(),
    }
}

fn answer(evidence: &Map<String, Value>) -> Result<Answer, PaperError> {
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(evidence.get("answer")?.as_str()?).ok()?;
        Answer::decode(Envelope::decode(bytes.as_slice()).ok()?.payload.as_slice()).ok()
    };
    read().ok_or(PaperError::Claim("evidence"))
}

struct Claims<'a>(&'a Map<String, Value>);

impl Claims<'_> {
    fn text(&self, name: &'static str) -> Result<String, PaperError> {
        let text = self.0.get(name).and_then(Value::as_str).ok_or(PaperError::Claim(name))?;
        Ok(text.to_owned())
    }

    fn seconds(&self, name: &'static str) -> Result<i64, PaperError> {
        self.0.get(name).and_then(Value::as_i64).ok_or(PaperError::Claim(name))
    }

    fn object(&self, name: &'static str) -> Result<Map<String, Value>, PaperError> {
        self.0.get(name).and_then(Value::as_object).cloned().ok_or(PaperError::Claim(name))
    }

    fn bilingual(&self, name: &'static str) -> Result<Bilingual, PaperError> {
        let members = self.object(name)?;
        let read = |language| members.get(language)?.as_str().map(str::to_owned);
        match (read("en"), read("zh")) {
            (Some(en), Some(zh)) => Ok(Bilingual { en, zh }),
            _ => Err(PaperError::Claim(name)),
        }
    }

    fn status(&self) -> Result<Option<(u64, String)>, PaperError> {
        let Some(status) = self.0.get("status") else { return Ok(None) };
        let read = || {
            let list = status.get("status_list")?;
            Some((list.get("idx")?.as_u64()?, list.get("uri")?.as_str()?.to_owned()))
        };
        read().map(Some).ok_or(PaperError::Claim("status"))
    }

    fn regions(&self) -> Result<Vec<String>, PaperError> {
        let scope = self.object("scope")?;
        let Some(regions) = scope.get("regions") else { return Ok(Vec::new()) };
        let read = || {
            regions
                .as_array()?
                .iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect::<Option<_>>()
        };
        read().ok_or(PaperError::Claim("scope"))
    }

    fn sources(&self) -> Result<Vec<Source>, PaperError> {
        const NAME: &str = "sources";
        let list = self.0.get(NAME).and_then(Value::as_array).ok_or(PaperError::Claim(NAME))?;
        if list.len() > SOURCES {
            return Err(PaperError::TooMany("sources", SOURCES));
        }
        let one = |value: &Value| {
            let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
            let words = |language: &str| value.get("coverage")?.get(language)?.as_str();
            Some(Source {
                dataset: text("dataset")?,
                owner: text("owner")?,
                as_of: shown_time(&text("as_of")?),
                coverage: Bilingual::new(words("en")?, words("zh")?),
            })
        };
        list.iter().map(one).collect::<Option<Vec<_>>>().ok_or(PaperError::Claim(NAME))
    }
}

/// Beijing time, which all of China has.
fn beijing() -> Option<FixedOffset> {
    FixedOffset::east_opt(8 * 3600)
}

fn time(seconds: i64) -> Result<String, PaperError> {
    DateTime::<Utc>::from_timestamp(seconds, 0).and_then(written).ok_or(PaperError::Claim("iat"))
}

/// A time of RFC 3339 as papers write it; any other text as it is.
fn shown_time(text: &str) -> String {
    let time = DateTime::parse_from_rfc3339(text).ok();
    time.and_then(|time| written(time.to_utc())).unwrap_or_else(|| text.to_owned())
}

fn written(time: DateTime<Utc>) -> Option<String> {
    Some(time.with_timezone(&beijing()?).format("%Y-%m-%d %H:%M:%S +08:00").to_string())
}
