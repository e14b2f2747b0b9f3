//! What needs no font.

use proptest::prelude::*;

use super::*;
use crate::cms::Cms;
use crate::layout::Metrics;

#[test]
fn a_cms_has_one_spelling() {
    let cms = Cms::sign([7; 32], &WORLD.seal, &WORLD.certificate).unwrap();
    let der = cms.write().unwrap();
    assert_eq!(Cms::read(&der).as_ref(), Some(&cms));
    assert!(cms.verify(WORLD.seal.public()));
    for place in 0..der.len() {
        let mut other = der.clone();
        other[place] ^= 1;
        let counts = Cms::read(&other).is_some_and(|cms| {
            cms.digest == [7; 32]
                && cms.certificate == WORLD.certificate
                && cms.verify(WORLD.seal.public())
        });
        assert!(!counts, "byte {place}");
    }
    assert!(Cms::read(&[der.as_slice(), &[0]].concat()).is_none());
}

struct Even;

impl Metrics for Even {
    fn advance(&self, c: char) -> Result<i64, PaperError> {
        Ok(if c.is_ascii() { 500 } else { 1_000 })
    }
}

proptest! {
    /// No line begins with what closes where there is any other place to break, and nothing is
    /// lost.
    #[test]
    fn no_line_begins_with_what_closes(text in "[一-三a-c0-2，。、）”：（《 ]{0,80}") {
        let broken = crate::layout::break_lines(&text, 1_000, 12 * 1_000_000, &Even);
        prop_assert_eq!(broken.concat(), text);
        for pair in broken.windows(2) {
            let first = pair[1].chars().next().unwrap();
            let before: Vec<char> = pair[0].chars().collect();
            let has_better =
                before.windows(2).any(|two| crate::characters::can_break_in_need(two[0], two[1]));
            prop_assert!(!"，。、）”：".contains(first) || !has_better, "{:?}", broken);
        }
    }

    #[test]
    fn no_bytes_are_taken_for_a_signature(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Cms::read(&bytes).is_none());
    }
}
