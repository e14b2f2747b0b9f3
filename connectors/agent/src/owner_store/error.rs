//! What can be wrong with the owner's files.

use zerotrip_channel::HomeError;
use zerotrip_channel::files::FileError;
use zerotrip_datasets::FileError as DatasetError;
use zerotrip_trust::digest::RandomError;
use zerotrip_trust::dsse::DsseError;

/// Most datasets of one connector.
pub const MOST_DATASETS: usize = 64;

/// What is wrong with the owner's files, or with what the owner asks for.
#[derive(Debug, thiserror::Error)]
pub enum OwnerStoreError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset file.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A signed file.
    #[error("`{path}` is damaged: {why}. {remedy}")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        why: String,
        /// What fixes it, as a sentence.
        remedy: &'static str,
    },
    /// Not a member's name.
    #[error(
        "`{0}` cannot be a member's name. Give `--requester` a member's id: 1 to 32 lower-case \
         letters, digits and hyphens"
    )]
    Requester(String),
    /// A name that no member has.
    #[error(
        "no member `{0}` in the key directory (version {1}): an approval for it would serve a \
         member that takes this name later. Name one of: {2}"
    )]
    Stranger(String, u64, String),
    /// Not a purpose.
    #[error(
        "`{0}` cannot be a purpose. Write 1 to 64 characters, without control characters and \
         without blanks at the ends"
    )]
    Purpose(String),
    /// `connector.toml`.
    #[error("`{0}`: {1}")]
    Config(String, String),
    /// The owner has not signed it.
    #[error("dataset `{0}` is not signed. Run `zerotrip-connector sign` on its file")]
    Unsigned(String),
    /// Changed since.
    #[error(
        "the dataset file{1} was changed after its owner signed it, so nothing of `{0}` is \
         served. Sign it again with `zerotrip-connector sign`"
    )]
    Changed(String, &'static str),
    /// A dataset of another member.
    #[error("dataset `{0}` belongs to member `{1}`, and this connector is member `{2}`'s")]
    NotOurs(String, String, String),
    /// Another run of the command changed them.
    #[error(
        "the approvals were changed by another command meanwhile, so nothing was signed. Run the \
         command again and read what it says now"
    )]
    Meanwhile,
    /// Not what the owner signed.
    #[error(
        "the hub's catalog asks dataset `{0}` for what its signed statement does not have: {1}"
    )]
    Misfit(String, String),
    /// An older copy: what was withdrawn since would be valid again.
    #[error(
        "{what} here: version {version}, and version {highest} was signed: an older copy was put \
         back. {remedy}"
    )]
    Older {
        /// What it is that has versions.
        what: String,
        /// The version that was found.
        version: u64,
        /// The highest version that was ever signed or in force here.
        highest: u64,
        /// What to do.
        remedy: String,
    },
    /// A statement that does not bind everything that is served.
    #[error(
        "the statement of dataset `{0}` was signed by an older release, which did not bind the \
         whole dataset file. Run `zerotrip-connector sign` on it again"
    )]
    Unbound(String),
    /// The file that names known persons.
    #[error("the known persons of dataset `{0}`: {1}")]
    Probes(String, String),
    /// No check asks it, by that id.
    #[error(
        "no check of the hub asks a dataset `{0}`{1}; nothing was signed. Correct `dataset.id` in \
         `{2}`, or add `--not-asked-yet` where the check's definition is yet to be deployed"
    )]
    NotAsked(String, String, String),
    /// Randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Two files for one dataset: the connector does not guess which of them is meant.
    #[error(
        "`{0}` is attached already, as `{1}` describes it. Change that file, or remove its line \
         from `connector.toml`"
    )]
    Twice(String, String),
    /// A day in the future cannot be stated.
    #[error("`{key}` of `{dataset}` is {day}, which is yet to come. Name {remedy}")]
    YetToCome {
        /// The dataset.
        dataset: String,
        /// The key of its file.
        key: &'static str,
        /// What it says.
        day: chrono::NaiveDate,
        /// What it should say.
        remedy: &'static str,
    },
    /// Without that date, nothing follows from the rows.
    #[error(
        "column `{1}` of `{0}` is `absent`, and the check `{2}` takes it to be {3}, without which \
         nothing follows from a row. Only an end can be absent, and a column that the check does \
         not need. A register without such a date cannot be asked by this check. Name the field \
         that holds it"
    )]
    CannotBeAbsent(String, &'static str, &'static str, &'static str),
    /// More datasets than one connector serves.
    #[error("over {MOST_DATASETS} datasets. Attach the others through a second connector")]
    TooMany,
    /// Keys.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Signing.
    #[error(transparent)]
    Sign(#[from] DsseError),
}
