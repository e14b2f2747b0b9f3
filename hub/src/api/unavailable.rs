//! What ended without a conclusion, between the wire and the ledger.

use tonic::Status;
use zerotrip_ledger::{After, Alike, Ended, Which};
use zerotrip_proto::v1::{ErrorCode, UnavailableCount, UnavailableExchange, UnavailableFilter};
use zerotrip_proto::{Refusal, bounds, from_timestamp, to_timestamp};

/// Which are meant; of an owner, those by the doing of its own datasets.
pub(super) fn which(filter: UnavailableFilter, owner: Option<String>) -> Result<Which, Status> {
    let malformed = |en: &str| Refusal::new(ErrorCode::Malformed, en).to_status();
    let code = ErrorCode::try_from(filter.code).map_err(|_| malformed("there is no such code"))?;
    let name = |text: String| match text.chars().count() {
        0 => Ok(None),
        length if length <= bounds::TEXT_CHARS * 2 => Ok(Some(text)),
        _ => Err(malformed("a name is too long")),
    };
    let since = from_timestamp(filter.since.as_ref());
    if since.is_none() && filter.since.is_some() {
        return Err(malformed("`since` is no time"));
    }
    Ok(Which {
        since,
        code: Some(code).filter(|code| *code != ErrorCode::Unspecified),
        dataset: name(filter.dataset)?,
        check: name(filter.check)?,
        owner,
    })
}

/// Behind the last one of a page.
pub(super) fn after(last: UnavailableExchange) -> After {
    After { leaf: last.index, code: last.code, dataset: last.dataset }
}

/// Behind this one.
pub(super) fn behind(last: &Ended) -> After {
    After { leaf: last.leaf, code: last.code.into(), dataset: last.dataset.clone() }
}

pub(super) fn count(alike: Alike) -> UnavailableCount {
    UnavailableCount {
        code: alike.code.into(),
        dataset: alike.dataset,
        check: alike.action,
        exchanges: alike.exchanges,
        subjects: alike.subjects,
        first: Some(to_timestamp(alike.first)),
        last: Some(to_timestamp(alike.last)),
    }
}

pub(super) fn exchange(ended: Ended) -> UnavailableExchange {
    UnavailableExchange {
        exchange_id: ended.exchange,
        code: ended.code.into(),
        dataset: ended.dataset,
        check: ended.action,
        at: Some(to_timestamp(ended.at)),
        subjects: ended.subjects,
        index: ended.leaf,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_a_filter_says_and_cannot_mean_is_refused_and_never_widens_it() {
        let seconds = |seconds| prost_types::Timestamp { seconds, nanos: 0 };
        let read = |filter| which(filter, Some("estate".into()));
        let nothing = read(UnavailableFilter::default()).unwrap();
        assert_eq!(nothing, Which { owner: Some("estate".into()), ..Which::default() });
        let narrow = UnavailableFilter {
            since: Some(seconds(7)),
            code: ErrorCode::Undated.into(),
            dataset: "estate.ownership".into(),
            check: "no-property".into(),
        };
        let read_narrow = read(narrow.clone()).unwrap();
        assert_eq!(
            (read_narrow.code, read_narrow.dataset.as_deref(), read_narrow.check.as_deref()),
            (Some(ErrorCode::Undated), Some("estate.ownership"), Some("no-property"))
        );
        assert!(read_narrow.since.is_some());
        for wrong in [
            UnavailableFilter { since: Some(seconds(-1)), ..narrow.clone() },
            UnavailableFilter { code: 999, ..narrow.clone() },
            UnavailableFilter { dataset: "x".repeat(129), ..narrow.clone() },
            UnavailableFilter { check: "x".repeat(129), ..narrow },
        ] {
            assert_eq!(read(wrong).unwrap_err().code(), tonic::Code::InvalidArgument);
        }
    }
}
