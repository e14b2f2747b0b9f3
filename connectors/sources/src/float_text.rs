//! Floating-point numbers as text: no digit is written that the number does not hold.

/// Beyond this a number was rounded on its way, by a spreadsheet to 15 digits, by anything else to
/// what a double holds.
const EXACT_BELOW: f64 = 1e15;
/// The same for a single-precision number.
const SINGLE_EXACT_BELOW: f32 = 1e7;

/// A number of at most 15 digits before its point in full. A larger one has lost its last digits:
/// in exponent form it is not an identifier, but shows whose it could be. These are the fewest
/// digits that mean this number, so that where an id was rounded up into the next thousand, say,
/// nothing follows the thousand.
pub fn double(number: f64) -> String {
    if number.abs() < EXACT_BELOW { number.to_string() } else { format!("{number:e}") }
}

/// A number in single precision, of which 7 digits are left.
pub fn single(number: f32) -> String {
    if number.abs() < SINGLE_EXACT_BELOW { number.to_string() } else { format!("{number:.6e}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use chrono::{Days, NaiveDate};
    use proptest::prelude::*;
    use zerotrip_datasets::Reading;
    use zerotrip_datasets::resident_id::{ResidentId, could_match, parse};

    use super::*;

    fn anybody() -> impl Strategy<Value = ResidentId> {
        // Those at the end of a day's are rounded into the next day.
        let sequence = prop_oneof![0_u16..=999, 995_u16..=999];
        let day = (0_u64..73_000)
            .prop_map(|days| NaiveDate::from_ymd_opt(1900, 1, 1).unwrap() + Days::new(days));
        (110_000_u32..=990_000, day, sequence).prop_map(|(division, day, sequence)| {
            ResidentId::from_parts(division, day, sequence).unwrap()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn an_id_that_became_a_number_is_nobodys_and_could_be_its_own(id in anybody()) {
            let Ok(number) = id.as_str().parse::<f64>() else { return Ok(()) };
            for text in [double(number), single(number as f32)] {
                prop_assert_eq!(parse(&text), Reading::Unreadable, "{}", text);
                prop_assert!(could_match(&text, &id), "{} {}", text, id.as_str());
            }
        }

        #[test]
        fn an_old_id_is_exact_in_a_double(id in anybody()) {
            let Some(old) = id.first_generation() else { return Ok(()) };
            let number = old.parse::<f64>().unwrap();
            prop_assert_eq!(double(number), old.as_str());
            prop_assert!(could_match(&single(number as f32), &id));
        }
    }

    #[test]
    fn numbers_are_written_as_far_as_they_go() {
        let written = [
            0.1,
            -7.0,
            123_456_789_012_345.0,
            999_999_999_999_999.0,
            1e15,
            440_524_188_001_010_014.0,
        ]
        .map(double);
        assert_eq!(
            written,
            ["0.1", "-7", "123456789012345", "999999999999999", "1e15", "4.4052418800101e17"]
        );
        assert_eq!([1.5, 9_999_999.0, 1.101_05e14].map(single), ["1.5", "9999999", "1.101050e14"]);
    }
}
