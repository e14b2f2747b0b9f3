//! Sealing a certificate on a kept answer and having the hub record it: what the door does when a
//! wallet has brought its key.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use zerotrip_certificates::HolderKey;
use zerotrip_channel::SystemHome;
use zerotrip_client::issued::RegisterError;
use zerotrip_client::reply::KeptOne;
use zerotrip_client::{Issue, Session, SessionError};

/// What sealing and recording promises.
pub type Sealing<'a> = Pin<Box<dyn Future<Output = Result<Vec<String>, NotSealed>> + Send + 'a>>;

/// Seals certificates on kept answers.
///
/// An implementation verifies the answer again, seals at most one certificate on it, in a copy
/// bound to each of these keys, and gives the copies back, in the keys' order, only when the hub
/// has recorded it. When it is called again for the same answer and keys, because an earlier call
/// did not come to its end, it gives back the same copies; for other keys, none. It can be dropped
/// at any moment.
pub trait Seals: Send + Sync + 'static {
    /// Seals one and has it recorded.
    fn seal<'a>(&'a self, kept: KeptOne, holders: &'a [HolderKey]) -> Sealing<'a>;
}

/// Why there is no certificate.
#[derive(Debug)]
pub enum NotSealed {
    /// There can be one later: the hub was not reached, or did not answer.
    Later(String),
    /// There will be none on this answer.
    Never(String),
}

/// As `zerotrip issue` does, with the keys of a system's folder and a session with its hub.
#[derive(Clone, Debug)]
pub struct SealsWithHub {
    home: PathBuf,
}

impl SealsWithHub {
    /// For the system in this folder. It is read anew for each certificate, so that a certificate
    /// that was renewed meanwhile counts.
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    async fn issue(&self, kept: KeptOne, holders: &[HolderKey]) -> Result<Issue, SessionError> {
        let home = SystemHome::load(&self.home)?;
        Session::connect(&home).await?.issue_offered(kept, holders).await
    }
}

impl Seals for SealsWithHub {
    fn seal<'a>(&'a self, kept: KeptOne, holders: &'a [HolderKey]) -> Sealing<'a> {
        Box::pin(async move {
            match self.issue(kept, holders).await {
                Ok(Issue::Issued(issued)) => {
                    Ok(std::iter::once(issued.token).chain(issued.others).collect())
                }
                Ok(Issue::NotIssued(_)) => {
                    Err(NotSealed::Never("the hub did not record it".to_owned()))
                }
                Err(error) if is_final(&error) => Err(NotSealed::Never(error.to_string())),
                Err(error) => Err(NotSealed::Later(error.to_string())),
            }
        })
    }
}

/// Whether trying again with the same answer and key can come to nothing else.
fn is_final(error: &SessionError) -> bool {
    match error {
        SessionError::Kept(_)
        | SessionError::Seal(_)
        | SessionError::OtherQuestion { .. }
        | SessionError::Request(_) => true,
        // The hub did not record it, and it was given up.
        SessionError::Register(RegisterError::NotIssued(_)) => true,
        SessionError::Refused(refusal) => !refusal.code.passes(),
        _ => false,
    }
}
