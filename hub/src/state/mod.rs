//! What the running hub holds beside its ledger: keys, bundles in force, who waits for a
//! certificate.

mod callers;
mod definition_folder;
mod definitions;
mod error;
mod identity;
mod in_force;
mod lifecycle;
mod renewals;

pub use callers::CallersEnds;
pub use definition_folder::DefinitionFolder;
pub use definitions::{Version, read_definitions};
pub use error::OpenError;
pub use identity::{HubIdentity, log_keys};
pub use in_force::{InForce, warn_of_unserved};
pub use lifecycle::{Lifecycle, Stage, Sunset};
pub use renewals::{Papers, PapersError, Renewals, not_renewed};
