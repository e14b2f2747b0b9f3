//! Legacy systems for tests: writers of file formats by other hands than those that read them
//! ([`files`]), real database servers with throw-away data, and an HTTP interface ([`Rest`]). Each
//! server listens on a free loopback port and ends with the value that stands for it, also when a
//! test panics; a database's shows a certificate made on the spot and keeps its data in a temporary
//! folder.
//!
//! It knows nothing of the rest of the workspace, and speaks neither server's language: tests bring
//! their own drivers.

mod certificate;
pub mod files;
mod mariadb;
mod postgres;
mod process;
mod rest;

pub use mariadb::Mariadb;
pub use postgres::Postgres;
pub use rest::{Rest, TOKEN};

/// The administrator of every server made here.
pub const ADMINISTRATOR: &str = "administrator";
/// Its password.
pub const PASSWORD: &str = "only for tests, guards nothing";

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The system has no such program.
    #[error("no `{0}` here; `tests/outside/install.sh` installs it")]
    Missing(String),
    /// A program could not be run, or a file not be written.
    #[error("`{what}`: {error}")]
    Io {
        /// Which.
        what: String,
        /// Why.
        error: std::io::Error,
    },
    /// The certificate.
    #[error("no certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// It ended instead of serving; its own words.
    #[error("`{what}` did not start: {log}")]
    Ended {
        /// Which.
        what: String,
        /// The end of its log.
        log: String,
    },
}
