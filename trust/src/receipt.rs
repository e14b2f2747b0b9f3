//! What a source's signed receipt shows of the values that may travel on as keys: salted
//! commitments, and nothing else.
//!
//! The connector commits to each distinct value of a supplied column. The hub, which alone gets the
//! secret, can open single ones to the next department's connector, which thus learns that *this*
//! value came from *that* column, and nothing of the others or their number beyond the next
//! multiple of eight.

use std::collections::BTreeSet;

use prost::Message as _;
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{ScanFacts, ScanReceipt, ScanTemplate, SuppliedColumn};

use crate::digest::{self, Digest, RandomError, sha256, sha256_parts};

/// Commitments come in multiples of this, and at least once.
pub const PADDING: usize = 8;
/// Most distinct values of a supplied column.
pub const SUPPLIED_VALUES: usize = 4096;

/// Why no column can be supplied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SupplyError {
    /// Over the bound.
    #[error("column `{column}` supplies {count} values, of at most {SUPPLIED_VALUES}")]
    TooMany {
        /// The column.
        column: String,
        /// How many there are.
        count: usize,
    },
    /// The machine is out of random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The salt of one value: HMAC-SHA256 (RFC 2104) under the scan's secret, over domain, column and
/// value, each framed by its length.
pub fn value_salt(secret: &[u8; 32], column: &str, value: &str) -> [u8; 32] {
    let message = sha256_parts(hash_domain::SUPPLIED_SALT, &[column.as_bytes(), value.as_bytes()]);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let mut salt = [0; 32];
    salt.copy_from_slice(ring::hmac::sign(&key, &message).as_ref());
    salt
}

/// The commitment to one value.
pub fn value_commitment(column: &str, salt: &[u8; 32], value: &str) -> Digest {
    sha256_parts(hash_domain::SUPPLIED_VALUE, &[salt, column.as_bytes(), value.as_bytes()])
}

/// Commits to the values, with random bytes beside them up to a multiple of eight: no values look
/// like eight. In the order of their bytes, so that the place of one tells nothing of the rows.
pub fn supply(
    secret: &[u8; 32],
    column: &str,
    values: &BTreeSet<String>,
) -> Result<SuppliedColumn, SupplyError> {
    if values.len() > SUPPLIED_VALUES {
        return Err(SupplyError::TooMany { column: column.to_owned(), count: values.len() });
    }
    let commitment = |value: &String| {
        value_commitment(column, &value_salt(secret, column, value), value).to_vec()
    };
    let mut commitments: Vec<Vec<u8>> = values.iter().map(commitment).collect();
    let padded = commitments.len().max(1).next_multiple_of(PADDING);
    // Drawn at once: each draw is a call to the kernel.
    let padding = digest::random::<{ 32 * PADDING }>()?;
    commitments
        .extend(padding.chunks_exact(32).take(padded - commitments.len()).map(<[u8]>::to_vec));
    commitments.sort_unstable();
    Ok(SuppliedColumn { column: column.to_owned(), commitments })
}

/// Whether the receipt commits to `value` in this column. Verify the receipt's signature first:
/// unsigned, this proves nothing.
pub fn open(receipt: &ScanReceipt, column: &str, salt: &[u8], value: &str) -> bool {
    let mut columns = receipt.supplied.iter().filter(|supplied| supplied.column == column);
    let (Some(supplied), None) = (columns.next(), columns.next()) else { return false };
    let Ok(salt) = <&[u8; 32]>::try_from(salt) else { return false };
    let commitment = value_commitment(column, salt, value);
    // In their order: of a list in another, which would tell of the rows, nothing is opened.
    supplied
        .commitments
        .binary_search_by(|known| known.as_slice().cmp(commitment.as_slice()))
        .is_ok()
}

/// SHA-256 over the encoding of the facts. They hold 32 random bytes of salt, so the digest alone
/// tells nothing.
pub fn facts_commitment(facts: &ScanFacts) -> Digest {
    sha256(&facts.encode_to_vec())
}

/// SHA-256 over the encoding of a scan template: what an owner approves, a grant names, and a
/// receipt repeats.
pub fn template_digest(template: &ScanTemplate) -> Digest {
    sha256(&template.encode_to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const SECRET: [u8; 32] = [7; 32];

    fn receipt(supplied: Vec<SuppliedColumn>) -> ScanReceipt {
        ScanReceipt { supplied, ..ScanReceipt::default() }
    }

    fn set(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn an_opening_holds_only_for_its_own_value_and_column() {
        let father = supply(&SECRET, "father_id", &set(&["a", "b"])).unwrap();
        let receipt =
            receipt(vec![father, supply(&SECRET, "mother_id", &set(&["a", "c"])).unwrap()]);
        let salt = value_salt(&SECRET, "father_id", "b");
        assert!(open(&receipt, "father_id", &salt, "b"));
        assert!(!open(&receipt, "father_id", &salt, "a"));
        assert!(!open(&receipt, "father_id", &salt, "c"));
        assert!(!open(&receipt, "mother_id", &salt, "b"));
        assert!(!open(&receipt, "father_id", &value_salt(&SECRET, "mother_id", "b"), "b"));
        assert!(!open(&receipt, "father_id", &value_salt(&[8; 32], "father_id", "b"), "b"));
        assert!(!open(&receipt, "father_id", &salt[..31], "b"));
        assert!(!open(&receipt, "absent", &salt, "b"));
    }

    #[test]
    fn of_a_list_that_is_not_sorted_not_all_is_opened() {
        let values = set(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let mut column = supply(&SECRET, "id", &values).unwrap();
        column.commitments.reverse();
        let receipt = receipt(vec![column]);
        assert!(values.iter().any(|value| !open(
            &receipt,
            "id",
            &value_salt(&SECRET, "id", value),
            value
        )));
    }

    #[test]
    fn a_doubled_column_opens_nothing() {
        let column = supply(&SECRET, "id", &set(&["a"])).unwrap();
        let salt = value_salt(&SECRET, "id", "a");
        assert!(open(&receipt(vec![column.clone()]), "id", &salt, "a"));
        assert!(!open(&receipt(vec![column.clone(), column]), "id", &salt, "a"));
    }

    #[test]
    fn equal_values_look_different_and_numbers_are_hidden() {
        let none = supply(&SECRET, "id", &set(&[])).unwrap();
        assert_eq!(none.commitments.len(), 8);
        assert_ne!(none, supply(&SECRET, "id", &set(&[])).unwrap());
        let of = |secret: &[u8; 32], column: &str| {
            value_commitment(column, &value_salt(secret, column, "a"), "a")
        };
        assert_ne!(of(&SECRET, "id"), of(&[8; 32], "id"));
        assert_ne!(of(&SECRET, "id"), of(&SECRET, "di"));
    }

    /// Where the commitment of the later spouse lies does not tell that there was an earlier one.
    #[test]
    fn the_place_of_a_commitment_tells_nothing_of_the_rows() {
        let (mut first_of_two, mut only) = (0, 0);
        for n in 0..400_u16 {
            let secret = sha256(&n.to_be_bytes());
            let place = |values: &[&str]| {
                let supplied = supply(&secret, "woman_id", &set(values)).unwrap();
                let ours = value_commitment(
                    "woman_id",
                    &value_salt(&secret, "woman_id", "later"),
                    "later",
                );
                supplied.commitments.iter().position(|known| known.as_slice() == ours).unwrap()
            };
            first_of_two += place(&["earlier", "later"]);
            only += place(&["later"]);
        }
        // Uniform over eight places: the mean is 3.5, its deviation over 400 draws 0.115.
        for sum in [first_of_two, only] {
            assert!((1200..1600).contains(&sum), "{sum}");
        }
    }

    #[test]
    fn too_many_values_are_refused() {
        let many: BTreeSet<String> = (0..=SUPPLIED_VALUES).map(|n| n.to_string()).collect();
        assert!(matches!(supply(&SECRET, "id", &many), Err(SupplyError::TooMany { .. })));
    }

    #[test]
    fn digests_see_every_field() {
        let template = ScanTemplate {
            check: "no-property/family".into(),
            max_keys: 3,
            ..ScanTemplate::default()
        };
        let mut other = template.clone();
        other.max_keys = 4;
        assert_ne!(template_digest(&template), template_digest(&other));
        let facts = ScanFacts { salt: vec![1; 32], rows: 0, ..ScanFacts::default() };
        let mut salted = facts.clone();
        salted.salt = vec![2; 32];
        assert_ne!(facts_commitment(&facts), facts_commitment(&salted));
    }

    proptest! {
        #[test]
        fn every_supplied_value_opens_and_no_other(
            values in proptest::collection::btree_set("[0-9X]{0,4}", 0..20), other in "[0-9X]{0,4}", secret in any::<[u8; 32]>(),
        ) {
            let column = supply(&secret, "id", &values).unwrap();
            prop_assert_eq!(column.commitments.len(), values.len().max(1).next_multiple_of(8));
            let receipt = receipt(vec![column]);
            for value in values.iter().chain([&other]) {
                prop_assert_eq!(open(&receipt, "id", &value_salt(&secret, "id", value), value), values.contains(value));
            }
        }
    }
}
