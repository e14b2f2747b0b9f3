//! Certificates of one announcement: each step of theirs is one transaction.

use std::collections::BTreeSet;
use std::time::SystemTime;

use zerotrip_certificates::Profile;

use super::copies::sealed;
use super::entry::Entry;
use super::errand::Beside;
use super::error::RegisterError;
use super::register::{Ground, Register, begin, recorded, reserve};

/// A certificate that is sealed, without copies.
#[derive(Clone, Copy, Debug)]
pub struct SealedToken<'a> {
    /// Its number.
    pub serial: &'a str,
    /// The certificate.
    pub token: &'a str,
    /// When it was sealed, and until when it is valid.
    pub times: (SystemTime, SystemTime),
}

impl Register {
    /// As [`Register::reserve`], for each of these grounds, in their order.
    pub fn reserve_together(
        &mut self,
        grounds: &[Ground<'_>],
        profile: Profile,
        year: u16,
    ) -> Result<Vec<Entry>, RegisterError> {
        self.is_newest()?;
        let Self { connection, settings, issuer, .. } = self;
        let transaction = begin(connection)?;
        let number = |ground: &Ground<'_>| {
            reserve(&transaction, (settings, issuer), *ground, (profile, year))
        };
        let entries = grounds.iter().map(number).collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok(entries)
    }

    /// Keeps certificates that were sealed, before anybody hears of them. Those beside which
    /// another counts for the same errand are left out, and told by their numbers.
    pub fn sealed_together(
        &mut self,
        all: &[SealedToken<'_>],
    ) -> Result<BTreeSet<String>, RegisterError> {
        let transaction = begin(&mut self.connection)?;
        let mut left = BTreeSet::new();
        for SealedToken { serial, token, times } in all {
            match sealed(&transaction, serial, (&[token], Beside::None), *times) {
                Err(RegisterError::AlreadyIssued(_)) => drop(left.insert((*serial).to_owned())),
                kept => kept?,
            }
        }
        transaction.commit()?;
        Ok(left)
    }

    /// Notes that the hub has recorded them.
    pub fn recorded_together(&mut self, serials: &[&str], index: u64) -> Result<(), RegisterError> {
        let transaction = begin(&mut self.connection)?;
        for serial in serials {
            recorded(&transaction, serial, index)?;
        }
        Ok(transaction.commit()?)
    }
}
