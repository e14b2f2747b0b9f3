//! Certificates of one announcement: each step of theirs is one transaction.

use std::time::SystemTime;

use zerotrip_certificates::Profile;

use super::copies;
use super::entry::Entry;
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

    /// Keeps certificates that were sealed, before anybody hears of them: all of them, or none.
    pub fn sealed_together(&mut self, sealed: &[SealedToken<'_>]) -> Result<(), RegisterError> {
        let transaction = begin(&mut self.connection)?;
        for SealedToken { serial, token, times } in sealed {
            copies::sealed(&transaction, serial, &[token], *times)?;
        }
        Ok(transaction.commit()?)
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
