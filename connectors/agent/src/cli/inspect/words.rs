//! Words and columns of a proposal.

use zerotrip_datasets::guess::Guess;
use zerotrip_text::shown;

use zerotrip_sources::catalogue::InspectedColumn;

/// The placeholder for what the owner must decide.
pub const PLACEHOLDER: &str = "FILL_IN";

/// A column, and what it seems to be.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Its name on the hub.
    pub name: String,
    /// As it was seen.
    pub seen: InspectedColumn,
    /// As it is understood.
    pub guess: Guess,
}

pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A name of theirs in a comment: it cannot end the line, nor turn what is read.
pub(super) fn comment(text: &str) -> String {
    shown(&text.chars().take(200).collect::<String>())
}
