//! The signed files in a connector's folder, and what is wrong with them.

use std::path::{Path, PathBuf};

use prost::Message as _;
use zerotrip_channel::HomeError;
use zerotrip_channel::files::{self, FileError};
use zerotrip_datasets::FileError as DatasetError;
use zerotrip_proto::SignedMessage;
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::Signed;
use zerotrip_trust::digest::RandomError;
use zerotrip_trust::dsse::DsseError;

/// Most datasets of one connector.
pub const MOST_DATASETS: usize = 64;

/// What is wrong at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A dataset file.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A signed file.
    #[error("`{path}` is damaged: {why}; {remedy}")]
    Damaged {
        /// Which.
        path: String,
        /// Why.
        why: String,
        /// What mends it.
        remedy: &'static str,
    },
    /// Not a member's name.
    #[error(
        "`{0}` cannot be a member's name; `--requester` takes a member's id, 1 to 32 lower-case \
         letters, digits and hyphens"
    )]
    Requester(String),
    /// A name that nobody bears.
    #[error(
        "no member `{0}` in the key directory (version {1}): an approval for it would serve \
         whoever is called so later; there are: {2}"
    )]
    Stranger(String, u64, String),
    /// Not a purpose.
    #[error(
        "`{0}` cannot be a purpose: 1 to 64 characters, no control characters, no blanks at the \
         ends"
    )]
    Purpose(String),
    /// `connector.toml`.
    #[error("`{0}`: {1}")]
    Config(String, String),
    /// Nobody signed it.
    #[error("dataset `{0}` is not signed; run `zerotrip-connector sign` on its file")]
    Unsigned(String),
    /// Changed since.
    #[error(
        "the dataset file{1} was changed after its owner signed it: nothing of `{0}` is served \
         until it is signed again with `zerotrip-connector sign`"
    )]
    Changed(String, &'static str),
    /// Not ours.
    #[error("dataset `{0}` belongs to member `{1}`, and this connector is member `{2}`'s")]
    NotOurs(String, String, String),
    /// Somebody else at the same desk.
    #[error(
        "the approvals were changed by somebody else meanwhile, and nothing was signed; run the \
         command again and read what it says now"
    )]
    Meanwhile,
    /// Not what the owner signed.
    #[error(
        "the hub's catalog asks dataset `{0}` for what its signed statement does not have: {1}"
    )]
    Misfit(String, String),
    /// What was unsaid since would hold again.
    #[error(
        "{what} here: version {version}, and version {highest} was signed: an older copy was put \
         back. {remedy}"
    )]
    Older {
        /// What it is that has versions.
        what: String,
        /// As it lies there.
        version: u64,
        /// The highest that was ever here.
        highest: u64,
        /// What to do.
        remedy: String,
    },
    /// A statement by which less is bound than is served.
    #[error(
        "the statement of dataset `{0}` was signed by an older release, which did not bind the \
         whole dataset file; run `zerotrip-connector sign` on it again"
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
    /// Two files for one dataset: which of them is meant is not ours to guess.
    #[error(
        "`{0}` is attached already, as `{1}` describes it; change that file, or take its line out \
         of `connector.toml`"
    )]
    Twice(String, String),
    /// Nobody knows what will have ended, nor from when on nothing will be missing.
    #[error("`{key}` of `{dataset}` is {day}, which is yet to come: name {remedy}")]
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
    /// Without that day, nothing follows from the rows.
    #[error(
        "column `{1}` of `{0}` is `absent`, and the check `{2}` takes it to be {3}, without which \
         nothing follows from a row: name the field that holds it; a register that has none \
         cannot be asked by this check. Only an end can be absent, and a column that the check \
         can do without"
    )]
    CannotBeAbsent(String, &'static str, &'static str, &'static str),
    /// Over the bound.
    #[error("over {MOST_DATASETS} datasets; attach the others through a second connector")]
    TooMany,
    /// Keys.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// Signing.
    #[error(transparent)]
    Sign(#[from] DsseError),
}

/// An envelope that at least looks like one of this kind; whether its signature holds, the
/// directory in force says.
pub fn envelope<M: SignedMessage>(
    path: &Path,
    remedy: &'static str,
) -> Result<Envelope, DeskError> {
    let damaged =
        |why: String| DeskError::Damaged { path: path.display().to_string(), why, remedy };
    let envelope = Envelope::decode(files::read(path)?.as_slice())
        .map_err(|error| damaged(error.to_string()))?;
    Signed::<M>::new(&envelope).map_err(|error| damaged(error.to_string()))?;
    Ok(envelope)
}

/// Held while the owner's files are replaced: a statement and its salt belong together.
pub fn signing_lock(folder: &Path) -> PathBuf {
    folder.join("signed").join("sign.lock")
}
