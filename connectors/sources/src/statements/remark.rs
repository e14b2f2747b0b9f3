//! What rows suggest against a statement.

use serde::{Serialize, Serializer};
use zerotrip_datasets::suspicion::Suspicion;

/// One suspicion, with its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Which one.
    #[serde(rename = "name", serialize_with = "as_name")]
    pub suspicion: Suspicion,
    /// What was seen, with its numbers, and what to look at.
    pub text: String,
    /// Why its owner says that the statement holds all the same; none where that is not said.
    pub accepted: Option<String>,
}

fn as_name<S: Serializer>(suspicion: &Suspicion, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(suspicion.name())
}
