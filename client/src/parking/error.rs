//! Why a question cannot be parked, or asked again.

use std::path::PathBuf;

use zerotrip_channel::files::FileError;

use super::file::MOST;
use crate::session::SessionError;

/// Why a question cannot be parked, or asked again.
#[derive(Debug, thiserror::Error)]
pub enum ParkingError {
    /// A file or folder.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file's content. It never repeats what is in it.
    #[error("`{}` is no parked question: {why}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The same question waits already.
    #[error("the same question is parked already, as `{0}`")]
    Already(String),
    /// No more are kept.
    #[error("{MOST} questions are parked in this folder already")]
    Full,
    /// Not of one that is parked here.
    #[error("no question is parked as `{0}`")]
    Unknown(String),
    /// Another process asks it.
    #[error("another process waits for `{0}`")]
    Busy(String),
    /// It could not be asked, for a reason that does not pass by itself; it stays parked.
    #[error(transparent)]
    Session(#[from] SessionError),
}
