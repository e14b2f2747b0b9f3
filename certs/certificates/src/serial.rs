//! The number that a certificate is known by at the organ that issued it:
//! `<member>-<system>-<year>-<number>`. It is printed on the certificate.

use std::fmt;

use zerotrip_trust::identity::Identity;

/// Fewest digits of the number; smaller ones are filled up with zeros.
const DIGITS: usize = 6;
/// Longest serial number, in bytes.
const BYTES: usize = 96;

/// A certificate's serial number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Serial(String);

impl Serial {
    /// The `number`th certificate of a system in a year, from 1. `None` for what is no system.
    pub fn new(issuer: &Identity, year: u16, number: u64) -> Option<Self> {
        let Identity::System { member, system, .. } = issuer else { return None };
        let text = format!("{member}-{system}-{year:04}-{number:0DIGITS$}");
        Self::read(&text, &issuer.uri())
    }

    /// One that this issuer can have given.
    pub fn read(text: &str, issuer: &str) -> Option<Self> {
        let Ok(Identity::System { member, system, .. }) = issuer.parse() else { return None };
        let rest = text.strip_prefix(&format!("{member}-{system}-"))?;
        let (year, number) = rest.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = year.len() == 4
            && (DIGITS..=18).contains(&number.len())
            // One spelling: zeros only fill up.
            && (number.len() == DIGITS || !number.starts_with('0'))
            && digits(year)
            && digits(number)
            && number.bytes().any(|byte| byte != b'0')
            && text.len() <= BYTES;
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_serial_number_has_one_spelling_and_one_issuer() {
        let fund: Identity = "spiffe://c.example/member/fund/system/desk".parse().unwrap();
        let serial = Serial::new(&fund, 2026, 7).unwrap();
        assert_eq!(serial.as_str(), "fund-desk-2026-000007");
        assert_eq!(Serial::read(serial.as_str(), &fund.uri()), Some(serial));
        assert!(Serial::new(&fund, 2026, 1_234_567).is_some());
        let hub: Identity = "spiffe://c.example/hub/main".parse().unwrap();
        assert_eq!((Serial::new(&hub, 2026, 7), Serial::new(&fund, 2026, 0)), (None, None));
        for text in [
            "tax-desk-2026-000007",
            "fund-desk-2026-7",
            "fund-desk-2026-0000007",
            "fund-desk-26-000007",
            "fund-desk-2026-00000a",
            "fund-desk-2026-000000",
            "fund-desk-2026-000007 ",
            "fund-desk-2026-000007-1",
            "fund-desk--2026-000007",
        ] {
            assert_eq!(Serial::read(text, &fund.uri()), None, "{text}");
        }
    }
}
