//! The identity assertion that is sent with a question.

use std::path::{Path, PathBuf};

use clap::Args;
use zerotrip_channel::files;
use zerotrip_client::{IdentityAssertion, RequestId, SessionError};

use crate::render::Failure;
use crate::request_id;

/// With what a question is asked whose person was identified for it.
#[derive(Args)]
pub(super) struct IdentityArgs {
    /// Ask under this id, which `identity challenge` drew.
    #[arg(long, value_name = "ID", requires = "identity", value_parser = request_id)]
    request_id: Option<RequestId>,
    /// A file with the ID token that the identity provider signed, with the nonce of `identity
    /// challenge`, for a check that asks that the person was identified.
    // What is parked, and what is asked about many, goes under other ids.
    #[arg(
        long,
        value_name = "FILE",
        requires = "request_id",
        conflicts_with_all = ["subjects", "park"]
    )]
    identity: Option<PathBuf>,
}

impl IdentityArgs {
    pub(super) fn read(&self) -> Result<Option<IdentityAssertion>, Failure> {
        assertion(self.request_id.as_ref(), self.identity.as_deref())
    }
}

/// The assertion of a file, for the request of that id.
pub(super) fn assertion(
    id: Option<&RequestId>,
    file: Option<&Path>,
) -> Result<Option<IdentityAssertion>, Failure> {
    let Some((id, file)) = id.zip(file) else { return Ok(None) };
    let read = IdentityAssertion::new(id.clone(), &files::read_text(file)?);
    Ok(Some(read.map_err(SessionError::from)?))
}
