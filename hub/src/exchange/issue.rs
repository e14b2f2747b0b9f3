//! Records certificates before they are handed out. Each rests on one answered check of the same
//! member, once; of a check about many subjects, on one subject's answer, once for each. Those of
//! one announcement are recorded all or none.

use std::time::{Duration, SystemTime};

use prost::Message;
use prost::bytes::Bytes;
use prost_types::Timestamp;
use zerotrip_certificates::SEAL_WITHIN;
use zerotrip_channel::deadline::Deadline;
use zerotrip_datasets::Argument;
use zerotrip_ledger::{Asking, Certificates, ExchangeState, Issued, Reader};
use zerotrip_policies::{Action, Decision};
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::entry_content;
use zerotrip_proto::v1::subject_answer::Outcome as SubjectOutcome;
use zerotrip_proto::v1::{ErrorCode, ExchangeOutcome, IdentityRecord, SubjectAnswer, SubjectLeaf};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::entry;

use super::announced::{announced, each};
use super::check_many::MANY;
use super::identify::{Identified, required_time};
use super::outcome::Outcome;
use super::pipeline::{IdentityAsked, Kind};
use crate::catalog::Catalog;
use crate::dispatch::Dispatcher;
use crate::hub::Hub;
use crate::state::Version;
use crate::unrecorded::ledger_refusal;

/// What the certificates rest on.
pub struct IssueRequest {
    /// `<check>/<variant>` of the answer that they rest on.
    check: String,
    certificates: Certificates,
    /// By which the answer tells them.
    digest: Digest,
    /// Where its check asks that the person was identified: what was kept of the assertion.
    identified_by: Option<IdentityRecord>,
}

impl Kind for IssueRequest {
    const ACTION: Action = Action::Issue;

    fn of(hub: &Hub, identified: &Identified, now: SystemTime) -> Result<Self, Refusal> {
        let announced = announced(identified.request.body.as_ref())?;
        let row = hub.ledger.exchange(announced.exchange).map_err(ledger_refusal)?;
        // Another system's is as if it were not: a department knows the ids of exchanges in which
        // it was asked.
        let row = row.filter(|row| row.issuer == identified.request.issuer).ok_or_else(|| {
            Refusal::bilingual(
                ErrorCode::UnknownName,
                "this system has asked nothing under that id",
                "本系统没有该编号的交换",
            )
        })?;
        let ExchangeState::Closed { outcome, answered_at, answer, .. } = row.state else {
            return Err(not_true());
        };
        let check = match (outcome, &announced.issued) {
            (ExchangeOutcome::AnsweredTrue, Issued::One(_)) => row.action.as_str(),
            (ExchangeOutcome::AnsweredMany, Issued::Of(_)) => {
                row.action.strip_prefix(MANY).ok_or_else(not_true)?
            }
            (ExchangeOutcome::AnsweredTrue, Issued::Of(_)) => {
                return Err(not_issuable(
                    "it was asked about one subject, and has no places",
                    "该次交换只针对一名当事人，没有序位",
                ));
            }
            (ExchangeOutcome::AnsweredMany, Issued::One(_)) => {
                return Err(not_issuable(
                    "it was asked about many subjects; name the place of one",
                    "该次交换为批量核验；请注明当事人的序位",
                ));
            }
            _ => return Err(not_true()),
        };
        // The same one again: its issuer may not have heard that it is recorded.
        let mut new = Vec::new();
        for (place, digest) in each(&announced.issued) {
            let carried = match place {
                None => row.certificate_digest,
                Some(place) => hub.ledger.issued(&row.id, place).map_err(ledger_refusal)?,
            };
            match carried {
                Some(carried) if carried == *digest => {}
                Some(_) => return Err(issued_already(place)),
                None => new.push(place),
            }
        }
        let this = Self {
            check: check.to_owned(),
            identified_by: identified_by(hub, check, row.intent_index)?,
            digest: announced.digest,
            certificates: Certificates { check_id: row.id, issued: announced.issued },
        };
        if new.is_empty() {
            return Ok(this);
        }
        let Some(answer) = answer else {
            return Err(not_issuable(
                "what is kept of it was erased; ask again",
                "其内容已被擦除；请重新核验",
            ));
        };
        let places: Vec<u32> = new.into_iter().flatten().collect();
        if !are_yes(answer, &places) {
            return Err(not_issuable(
                "its answer about the subject in that place was not true",
                "其对该序位当事人的答复并非“符合”",
            ));
        }
        if now.duration_since(answered_at).unwrap_or_default() > SEAL_WITHIN {
            return Err(not_issuable(
                "its answer is more than an hour old; ask again",
                "其答复已超过一小时；请重新核验",
            ));
        }
        check_validity(&hub.catalog, check, announced.valid_until, answered_at)?;
        Ok(this)
    }

    fn check(&self) -> &str {
        &self.check
    }

    fn action(&self) -> String {
        format!("issue {}", self.check)
    }

    /// No one is asked about anew.
    fn arguments(&self) -> &[Argument] {
        &[]
    }

    /// As many requests as there are certificates.
    fn subjects(&self) -> u32 {
        u32::try_from(each(&self.certificates.issued).count()).unwrap_or(u32::MAX)
    }

    fn identity(&self) -> IdentityAsked<'_> {
        self.identified_by.as_ref().map_or(IdentityAsked::Nothing, IdentityAsked::Answered)
    }

    fn asking(&self, _: &Identified, _: &Decision) -> Vec<Asking> {
        Vec::new()
    }

    /// No department is asked.
    fn deadline(&self, _: &Identified, _: SystemTime) -> Deadline {
        Deadline::after(Duration::ZERO)
    }

    async fn run(&self, _: &Hub, _: &Dispatcher<'_>, _: SystemTime) -> Outcome {
        Outcome::recorded(self.certificates.clone(), &self.digest)
    }
}

/// On which assertion an answer rests, where its check asks that the person was identified: what
/// the intent has of it; nothing that counts where it has nothing.
fn identified_by(hub: &Hub, check: &str, intent: u64) -> Result<Option<IdentityRecord>, Refusal> {
    let name = check.split_once('/').map_or(check, |(name, _)| name);
    let asks = |version: &Version| version.definition.identity.is_some();
    if !hub.catalog.version(name).is_some_and(asks) {
        return Ok(None);
    }
    let entries = hub.ledger.entries(intent, 1, &Reader::Authority).map_err(ledger_refusal)?;
    let opened = entries.first().and_then(|one| entry::open(&one.leaf, one.opening.as_ref()?).ok());
    let record = match opened.and_then(|content| content.body) {
        Some(entry_content::Body::Intent(intent)) => intent.identity,
        _ => None,
    };
    Ok(Some(record.unwrap_or_default()))
}

/// Of an `ExchangeBody`, its leaves, each as it is encoded: of up to 10,000 one is read, for each
/// certificate anew.
#[derive(Clone, PartialEq, Message)]
struct EncodedLeaves {
    #[prost(bytes = "bytes", repeated, tag = "7")]
    leaves: Vec<Bytes>,
}

/// Whether what is kept of an answer about many has a yes in each of these places.
fn are_yes(kept: Vec<u8>, places: &[u32]) -> bool {
    if places.is_empty() {
        return true;
    }
    let Ok(body) = EncodedLeaves::decode(Bytes::from(kept)) else { return false };
    let is_yes = |place: u32| {
        let leaf = body.leaves.get(usize::try_from(place).ok()?)?;
        let SubjectLeaf { payload, .. } = SubjectLeaf::decode(leaf.clone()).ok()?;
        let outcome = SubjectAnswer::decode(&*payload).ok()?.outcome;
        Some(matches!(outcome, Some(SubjectOutcome::Yes(_))))
    };
    places.iter().all(|place| is_yes(*place) == Some(true))
}

fn issued_already(place: Option<u32>) -> Refusal {
    let (en, zh) = place.map_or_else(Default::default, |place| {
        (format!(", to the subject in place {place}"), format!("，当事人序位为 {place}"))
    });
    not_issuable(&format!("one was issued on it already{en}"), &format!("已据此签发过证明{zh}"))
}

fn not_true() -> Refusal {
    not_issuable("its answer was not true", "其答复并非“符合”")
}

fn not_issuable(why: &str, zh: &str) -> Refusal {
    let en = format!("no certificate may rest on this exchange: {why}");
    Refusal::bilingual(ErrorCode::NotIssuable, en, format!("不能依据此次交换签发证明：{zh}"))
}

fn check_validity(
    catalog: &Catalog,
    check: &str,
    valid_until: Option<&Timestamp>,
    answered_at: SystemTime,
) -> Result<(), Refusal> {
    let valid_until = required_time(valid_until, "valid_until")?;
    let name = check.split_once('/').map_or(check, |(name, _)| name);
    let version = catalog.version(name).ok_or_else(|| {
        Refusal::bilingual(
            ErrorCode::UnknownName,
            "its check is no longer defined",
            "其核验事项已不再提供",
        )
    })?;
    let definition = &version.definition;
    // A minute of grace: the issuer counts from its own clock when it seals.
    let most = answered_at + definition.certificate.validity + Duration::from_secs(60);
    if valid_until > most {
        let days = definition.certificate.validity.as_secs() / 86_400;
        return Err(Refusal::bilingual(
            ErrorCode::NotIssuable,
            format!("it would be valid for longer than the {days} days of its definition"),
            format!("其有效期将超过定义所许的 {days} 天"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use zerotrip_proto::v1::{ExchangeBody, SubjectNo, SubjectYes};

    use super::*;

    #[test]
    fn only_a_yes_in_that_place_is_one() {
        let leaf = |outcome| SubjectLeaf {
            payload: SubjectAnswer { outcome, ..SubjectAnswer::default() }.encode_to_vec(),
            ..SubjectLeaf::default()
        };
        let yes = Some(SubjectOutcome::Yes(SubjectYes::default()));
        let no = Some(SubjectOutcome::No(SubjectNo::default()));
        let leaves = vec![leaf(no), leaf(yes), leaf(None)];
        let body = ExchangeBody { leaves, ..ExchangeBody::default() }.encode_to_vec();
        let found: Vec<bool> = (0..5).map(|place| are_yes(body.clone(), &[place])).collect();
        assert_eq!(found, [false, true, false, false, false]);
        assert!(!are_yes(body.clone(), &[1, 0]), "each of them");
        assert!(!are_yes(body, &[1, 3]), "each of them");
        assert!(!are_yes(vec![0xff; 9], &[0]));
    }
}
