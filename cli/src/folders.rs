//! The folders that commands work on.

use std::path::PathBuf;

use clap::Args;

/// The authority's folder.
#[derive(Args)]
pub(super) struct AuthorityDir {
    /// The authority's folder, as `zerotrip authority init` made it.
    #[arg(long, env = "ZEROTRIP_AUTHORITY_DIR")]
    pub(super) dir: PathBuf,
}

/// The folder of a system that joined.
#[derive(Args)]
pub(super) struct SystemDir {
    /// The system's folder, as `zerotrip join` made it.
    #[arg(long, env = "ZEROTRIP_DIR")]
    pub(super) dir: PathBuf,
}
