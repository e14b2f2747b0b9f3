//! What of an exchange ended without a conclusion, counted by why.

use std::collections::BTreeMap;

use zerotrip_ledger::Unconcluded;
use zerotrip_proto::names;
use zerotrip_proto::v1::{ErrorCode, ExchangeFact};

/// Facts, each with how many subjects it is of: those that are alike, together.
pub(super) fn unconcluded(facts: Vec<(&ExchangeFact, u32)>) -> Vec<Unconcluded> {
    let mut alike: BTreeMap<(i32, &str), u32> = BTreeMap::new();
    for (fact, subjects) in facts {
        let count = alike.entry((fact.code, &fact.dataset)).or_default();
        *count = count.saturating_add(subjects);
    }
    let row = |((code, dataset), subjects): ((i32, &str), u32)| Unconcluded {
        code: ErrorCode::try_from(code).unwrap_or_default(),
        dataset: dataset.to_owned(),
        owner: names::owner_of(dataset).unwrap_or_default().to_owned(),
        subjects,
    };
    alike.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_that_are_alike_are_counted_together_by_whose_dataset_it_is() {
        let fact = |code: ErrorCode, dataset: &str| ExchangeFact {
            code: code.into(),
            dataset: dataset.to_owned(),
        };
        let (undated, down) = (
            fact(ErrorCode::Undated, "estate.ownership"),
            fact(ErrorCode::SourceUnreachable, "housing.presale"),
        );
        let row = |code, dataset: &str, owner: &str, subjects| Unconcluded {
            code,
            dataset: dataset.to_owned(),
            owner: owner.to_owned(),
            subjects,
        };
        assert_eq!(
            unconcluded(vec![(&undated, 1), (&down, 3), (&undated, 1)]),
            [
                row(ErrorCode::SourceUnreachable, "housing.presale", "housing", 3),
                row(ErrorCode::Undated, "estate.ownership", "estate", 2),
            ]
        );
        assert_eq!(
            unconcluded(vec![(&fact(ErrorCode::Internal, ""), 1)]),
            [row(ErrorCode::Internal, "", "", 1)],
            "nobody's, and so the authority's alone to read"
        );
    }
}
