//! What a source's signed receipt shows of the values that may travel on as keys: salted commitments, and nothing else.
//!
//! The connector commits to each distinct value of a supplied column. The hub, which alone gets the secret, can open single ones to the
//! next department's connector, which thus learns that *this* value came from *that* column, and nothing of the others or their number
//! beyond the next multiple of eight.

use std::collections::HashSet;

use prost::Message as _;
use zerotrip_proto::v1::{ScanFacts, ScanReceipt, ScanTemplate, SuppliedColumn};

use crate::digest::{self, Digest, RandomError, sha256, sha256_parts};

/// Commitments come in multiples of this, and at least once.
pub const PADDING: usize = 8;
/// Most distinct values of a supplied column.
pub const SUPPLIED_VALUES: usize = 4096;

const SALT_DOMAIN: &str = "zerotrip/supplied-salt/v1";
const VALUE_DOMAIN: &str = "zerotrip/supplied-value/v1";

/// Why no column can be supplied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SupplyError {
    /// One of the values came twice; no value is shown, they are personal.
    #[error("a value of column `{0}` comes twice; supply distinct values")]
    Twice(String),
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

/// The salt of one value: HMAC-SHA256 (RFC 2104) under the scan's secret, over domain, column and position, each framed by its length.
pub fn value_salt(secret: &[u8; 32], column: &str, position: u32) -> [u8; 32] {
    let message = sha256_parts(SALT_DOMAIN, &[column.as_bytes(), &position.to_be_bytes()]);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let mut salt = [0; 32];
    salt.copy_from_slice(ring::hmac::sign(&key, &message).as_ref());
    salt
}

/// The commitment to one value.
pub fn value_commitment(column: &str, salt: &[u8; 32], value: &str) -> Digest {
    sha256_parts(VALUE_DOMAIN, &[salt, column.as_bytes(), value.as_bytes()])
}

/// Commits to distinct values in this order, padded with random bytes to a multiple of eight: no values look like eight.
pub fn supply<V: AsRef<str>>(secret: &[u8; 32], column: &str, values: &[V]) -> Result<SuppliedColumn, SupplyError> {
    if values.len() > SUPPLIED_VALUES {
        return Err(SupplyError::TooMany { column: column.to_owned(), count: values.len() });
    }
    let distinct: HashSet<&str> = values.iter().map(AsRef::as_ref).collect();
    if distinct.len() != values.len() {
        return Err(SupplyError::Twice(column.to_owned()));
    }
    let mut commitments: Vec<Vec<u8>> = (0..)
        .zip(values)
        .map(|(position, value)| value_commitment(column, &value_salt(secret, column, position), value.as_ref()).to_vec())
        .collect();
    let padded = commitments.len().max(1).next_multiple_of(PADDING);
    // Drawn at once: each draw is a call to the kernel.
    let padding = digest::random::<{ 32 * PADDING }>()?;
    commitments.extend(padding.chunks_exact(32).take(padded - commitments.len()).map(<[u8]>::to_vec));
    Ok(SuppliedColumn { column: column.to_owned(), commitments })
}

/// Whether the receipt commits to `value` at this place. Verify the receipt's signature first: unsigned, this proves nothing.
pub fn open(receipt: &ScanReceipt, column: &str, position: u32, salt: &[u8], value: &str) -> bool {
    let mut columns = receipt.supplied.iter().filter(|supplied| supplied.column == column);
    let (Some(supplied), None) = (columns.next(), columns.next()) else { return false };
    let Ok(salt) = <&[u8; 32]>::try_from(salt) else { return false };
    let commitment = usize::try_from(position).ok().and_then(|position| supplied.commitments.get(position));
    commitment.is_some_and(|commitment| commitment.as_slice() == value_commitment(column, salt, value))
}

/// SHA-256 over the encoding of the facts. They hold 32 random bytes of salt, so the digest alone tells nothing.
pub fn facts_commitment(facts: &ScanFacts) -> Digest {
    sha256(&facts.encode_to_vec())
}

/// SHA-256 over the encoding of a scan template: what an owner approves, a grant names, and a receipt repeats.
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

    #[test]
    fn an_opening_holds_only_for_its_own_value_column_and_place() {
        let receipt = receipt(vec![supply(&SECRET, "father_id", &["a", "b"]).unwrap(), supply(&SECRET, "mother_id", &["a", "c"]).unwrap()]);
        let salt = value_salt(&SECRET, "father_id", 1);
        assert!(open(&receipt, "father_id", 1, &salt, "b"));
        assert!(!open(&receipt, "father_id", 1, &salt, "c"));
        assert!(!open(&receipt, "father_id", 0, &salt, "b"));
        assert!(!open(&receipt, "mother_id", 1, &salt, "b"));
        assert!(!open(&receipt, "father_id", 1, &value_salt(&SECRET, "mother_id", 1), "b"));
        assert!(!open(&receipt, "father_id", 1, &value_salt(&[8; 32], "father_id", 1), "b"));
        assert!(!open(&receipt, "father_id", 1, &salt[..31], "b"));
        assert!(!open(&receipt, "father_id", u32::MAX, &salt, "b"));
        assert!(!open(&receipt, "absent", 1, &salt, "b"));
    }

    #[test]
    fn a_doubled_column_opens_nothing() {
        let column = supply(&SECRET, "id", &["a"]).unwrap();
        let salt = value_salt(&SECRET, "id", 0);
        assert!(open(&receipt(vec![column.clone()]), "id", 0, &salt, "a"));
        assert!(!open(&receipt(vec![column.clone(), column]), "id", 0, &salt, "a"));
    }

    #[test]
    fn equal_values_look_different_and_numbers_are_hidden() {
        let none = supply::<&str>(&SECRET, "id", &[]).unwrap();
        assert_eq!(none.commitments.len(), 8);
        assert_ne!(none, supply::<&str>(&SECRET, "id", &[]).unwrap());
        let one = supply(&SECRET, "id", &["a", "b"]).unwrap();
        assert_eq!(one.commitments[0], supply(&SECRET, "id", &["a"]).unwrap().commitments[0]);
        assert_ne!(one.commitments[0], supply(&[8; 32], "id", &["a"]).unwrap().commitments[0]);
        assert_ne!(one.commitments[0], supply(&SECRET, "di", &["a"]).unwrap().commitments[0]);
    }

    #[test]
    fn doubled_and_too_many_values_are_refused_without_showing_them() {
        let error = supply(&SECRET, "id", &["11010119900307", "11010119900307"]).unwrap_err();
        assert_eq!(error, SupplyError::Twice("id".into()));
        assert!(!error.to_string().contains("11010119900307"));
        let many: Vec<String> = (0..=SUPPLIED_VALUES).map(|n| n.to_string()).collect();
        assert!(matches!(supply(&SECRET, "id", &many), Err(SupplyError::TooMany { .. })));
    }

    #[test]
    fn digests_see_every_field() {
        let template = ScanTemplate { check: "no-property/family".into(), max_keys: 3, ..ScanTemplate::default() };
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
        fn every_supplied_value_opens_at_its_place_only(
            values in proptest::collection::hash_set("[0-9X]{0,4}", 0..20), secret in any::<[u8; 32]>(),
        ) {
            let values: Vec<String> = values.into_iter().collect();
            let column = supply(&secret, "id", &values).unwrap();
            prop_assert_eq!(column.commitments.len(), values.len().max(1).next_multiple_of(8));
            let receipt = receipt(vec![column]);
            for (position, value) in (0u32..).zip(&values) {
                for (at, _) in (0u32..).zip(&receipt.supplied[0].commitments) {
                    prop_assert_eq!(open(&receipt, "id", at, &value_salt(&secret, "id", at), value), at == position);
                }
            }
        }
    }
}
