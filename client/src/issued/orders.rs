//! Orders: to revoke a certificate, to put another in its place, to suspend it, to lift that. Each
//! is durable, with its reason, before it is published.

use std::time::SystemTime;

use rusqlite::{Transaction, params};
use zerotrip_certificates::Profile;
use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::status::StatusValue;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_text::{cut, is_invisible};

use super::bounds::REASON_CHARS;
use super::copies::set_all;
use super::entry::{Entry, Stage};
use super::errand::counts_instead;
use super::error::RegisterError;
use super::register::{Register, begin, by_serial};
use super::time::seconds;

/// What is ordered of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// It counts no more, for ever.
    Revoke,
    /// The same, for something has taken its place: the certificate with this number, or, without
    /// one, what was registered later.
    Supersede(Option<String>),
    /// It counts no more until that is lifted.
    Suspend,
    /// It counts again.
    Lift,
}

/// What came of an order.
#[derive(Clone, Debug)]
pub struct Done {
    /// The certificate now.
    pub entry: Entry,
    /// Whether anything changed: what is so already is left as it is.
    pub changed: bool,
}

impl Order {
    fn name(&self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Supersede(_) => "supersede",
            Self::Suspend => "suspend",
            Self::Lift => "lift",
        }
    }

    /// What becomes of a certificate of a profile by it.
    fn value(&self, profile: Profile) -> StatusValue {
        match self {
            Self::Revoke => StatusValue::Revoked,
            Self::Supersede(_) if profile == Profile::Haip => StatusValue::Revoked,
            Self::Supersede(_) => StatusValue::Superseded,
            Self::Suspend => StatusValue::Suspended,
            Self::Lift => StatusValue::Valid,
        }
    }
}

impl Register {
    /// Carries out an order, durably. It is in the published list after the next
    /// [`Register::publish`].
    pub fn order(
        &mut self,
        serial: &str,
        order: &Order,
        reason: &str,
        now: SystemTime,
    ) -> Result<Done, RegisterError> {
        let is_reason = (1..=REASON_CHARS).contains(&reason.chars().count())
            && !reason.trim().is_empty()
            && !reason.chars().any(is_invisible);
        if !is_reason {
            return Err(RegisterError::Reason);
        }
        let transaction = begin(&mut self.connection)?;
        let known = |serial: &str| {
            by_serial(&transaction, serial)?.ok_or_else(|| RegisterError::Unknown(cut(serial)))
        };
        let entry = known(serial)?;
        if let Order::Supersede(Some(successor)) = order {
            let next = known(successor)?;
            let fits = next.serial != entry.serial
                && next.question == entry.question
                && is_about_the_same(&next, &entry)
                && next.stage == Stage::Recorded
                && next.status == StatusValue::Valid;
            if !fits {
                return Err(RegisterError::NoSuccessor(next.serial));
            }
        }
        if !may_change(&entry, order)? {
            return Ok(Done { entry, changed: false });
        }
        if *order == Order::Lift
            && let Some(other) = counts_instead(&transaction, serial, now)?
        {
            return Err(RegisterError::AlreadyIssued(other));
        }
        let reason = match order {
            Order::Supersede(Some(successor)) => format!("{reason} ({successor})"),
            _ => reason.to_owned(),
        };
        set(&transaction, serial, order.value(entry.profile), (order.name(), &reason, now))?;
        let entry = known(serial)?;
        transaction.commit()?;
        Ok(Done { entry, changed: true })
    }

    /// Gives up a certificate that was sealed and that the hub did not record, with the code by
    /// which it refused: it was never handed out, and counts as revoked.
    pub fn give_up(
        &mut self,
        serial: &str,
        refusal: Option<ErrorCode>,
        now: SystemTime,
    ) -> Result<(), RegisterError> {
        let refusal = refusal.map(ErrorCode::name);
        let reason = match refusal {
            Some(code) => format!("the hub did not record it: {code}"),
            None => "the hub did not record it".to_owned(),
        };
        let transaction = begin(&mut self.connection)?;
        let stages = (Stage::GivenUp.number(), Stage::Recorded.number());
        let changed = transaction.execute(
            "UPDATE certificate SET stage = ?, refusal = ? WHERE serial = ? AND stage <> ?",
            params![stages.0, refusal, serial, stages.1],
        )?;
        if changed == 1 {
            set(&transaction, serial, StatusValue::Revoked, ("give up", &reason, now))?;
        }
        Ok(transaction.commit()?)
    }
}

/// Whether both are about the same person, enterprise or thing, by what they say. What says
/// nothing of it is about somebody else.
fn is_about_the_same(one: &Entry, other: &Entry) -> bool {
    let subjects = |entry: &Entry| {
        let token = SdJwt::parse(entry.token.as_deref()?).ok()?;
        Some(token.subjects()).filter(|subjects| !subjects.is_empty())
    };
    subjects(one).is_some_and(|one| Some(one) == subjects(other))
}

/// Whether the order changes anything; an error where it is not possible.
fn may_change(entry: &Entry, order: &Order) -> Result<bool, RegisterError> {
    match (entry.profile, order) {
        (_, Order::Revoke | Order::Supersede(_)) => {}
        (Profile::National, Order::Suspend | Order::Lift) => {}
        (profile @ Profile::Haip, Order::Suspend | Order::Lift) => {
            return Err(RegisterError::NotInProfile { serial: entry.serial.clone(), profile });
        }
    }
    match (entry.status, order) {
        (StatusValue::Revoked | StatusValue::Superseded, Order::Suspend | Order::Lift) => {
            Err(RegisterError::Final(entry.serial.clone()))
        }
        (StatusValue::Revoked | StatusValue::Superseded, Order::Revoke | Order::Supersede(_))
        | (StatusValue::Suspended, Order::Suspend)
        | (StatusValue::Valid, Order::Lift) => Ok(false),
        (StatusValue::Valid, Order::Revoke | Order::Supersede(_) | Order::Suspend)
        | (StatusValue::Suspended, Order::Revoke | Order::Supersede(_) | Order::Lift) => Ok(true),
    }
}

fn set(
    transaction: &Transaction<'_>,
    serial: &str,
    value: StatusValue,
    (what, reason, now): (&str, &str, SystemTime),
) -> Result<(), RegisterError> {
    set_all(transaction, serial, value)?;
    transaction.execute(
        "INSERT INTO event (serial, at, what, reason) VALUES (?, ?, ?, ?)",
        params![serial, seconds(now), what, reason],
    )?;
    Ok(())
}
