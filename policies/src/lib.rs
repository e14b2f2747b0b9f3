//! Who may ask what: the Cedar policies as text (`policies/`), and the engine around them. The
//! *authorise* step of an exchange.
//!
//! Pure: facts in, decision out. Nothing here reads a clock, a file or a network. Grants are data
//! of one immutable entity snapshot that all requests share; a new directory or grant bundle makes
//! a new [`Snapshot`], swapped whole. Whatever goes wrong while deciding (a policy that errors, an
//! unknown system) is a denial that says so, and every denial names the policies that made it.

mod bounds;
mod decide;
mod error;
mod grants;
mod packed;
mod snapshot;

pub use bounds::{CHECKS, GRANTS, GRANTS_PER_CHECK, SUBJECTS, TERMS, VARIANTS};
pub use decide::{Action, Decision, EVALUATION_ERROR, Facts, UNKNOWN_OBLIGATION};
pub use error::{GrantFault, PolicyError};
pub use grants::{open_grants, seal_grants};
pub use packed::read_grants;
pub use snapshot::{Snapshot, Unserved};

#[cfg(test)]
mod tests;
