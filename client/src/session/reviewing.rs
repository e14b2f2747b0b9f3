//! Which certificates of this system are in force on a question, so that it can be asked again
//! whether what they state is still so.

use std::time::SystemTime;

use zerotrip_certificates::status::StatusValue;
use zerotrip_certificates::{TrustRoot, verify};

use super::asking::Session;
use super::error::SessionError;
use super::recording::asks_the_same;
use crate::issued::{Entry, Register, RegisterError, Stage};
use crate::request::{APPLICANT, CheckQuestion};

/// A certificate that counts, or is suspended.
#[derive(Clone, Debug)]
pub struct InForce {
    /// What the register has of it.
    pub entry: Entry,
    /// Whom it is about.
    pub subject: String,
}

impl Session {
    /// The certificates on this question that are recorded, have not ended and were not revoked,
    /// for whatever errand they were issued; each as its own seal has it. `question` does not name
    /// the person.
    pub fn in_force_on(
        &self,
        register: &Register,
        question: &CheckQuestion,
        now: SystemTime,
    ) -> Result<Vec<InForce>, SessionError> {
        let name = format!("{}/{}", question.check, question.variant);
        let mut found = Vec::new();
        for entry in register.issued_on(&name, now)? {
            let counts = matches!(entry.status, StatusValue::Valid | StatusValue::Suspended);
            if entry.stage != Stage::Recorded || !counts {
                continue;
            }
            let (Some(token), Some(issued_at)) = (&entry.token, entry.issued_at) else {
                return Err(RegisterError::Content("token").into());
            };
            // As of when it was issued: a key can have been renewed since.
            let root = TrustRoot::Directory(&self.directory);
            let certificate = verify(token, root, issued_at)?;
            let subject = certificate.disclosed.claims.get(APPLICANT).cloned();
            if let Some(subject) = subject.filter(|_| asks_the_same(&certificate, question)) {
                found.push(InForce { entry, subject });
            }
        }
        Ok(found)
    }
}
