//! Certificates that were offered at the counter and wait for their wallets, in the system's
//! folder: the check's answer, and by what it is claimed.
//!
//! An offer is claimed in two steps, each once: its code, with the digits that were told apart,
//! gives an access token; the token gives the certificate. Of code, digits and token only digests
//! are kept. The answer, which names the person, is encrypted under a key that the code opens, and
//! after it the token: the folder alone tells nothing of it. What has ended is erased.

mod file;
mod folder;
mod types;

pub(crate) use folder::{Held, NotClaimed};
pub use folder::{Made, Offers};
pub use types::configuration;
