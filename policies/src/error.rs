//! Why grants or policies are not taken.

use zerotrip_identification::ProviderFault;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_trust::dsse::DsseError;

use crate::bounds::{GRANTS, GRANTS_PER_CHECK, SUBJECTS, TERMS, VARIANTS};

/// Why a new snapshot is refused. The one in force stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not the authority's, or not a grant bundle.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// Older than what is in force: a rollback.
    #[error("grant bundle version {found} is older than {at_least}, which is in force")]
    RolledBack {
        /// The envelope's.
        found: u64,
        /// What it must be at least.
        at_least: u64,
    },
    /// Everything that is wrong with the bundle.
    #[error("the grant bundle is refused whole: {}", list(.0))]
    Faults(Vec<GrantFault>),
    /// Grants that cannot be packed, or unpacked.
    #[error("the packed grants of the bundle are not taken: {0}")]
    Packed(&'static str),
    /// More checks than one hub serves, or a name that is not `<check>/<variant>`.
    #[error("the check `{0}` cannot be served; write `<check>/<variant>`, at most 1,000 of them")]
    Check(String),
    /// The schema or a policy does not parse.
    #[error("the policies cannot be read: {0}")]
    Unreadable(String),
    /// The policies do not hold against the schema.
    #[error("the policies do not hold against their schema: {0}")]
    Invalid(String),
    /// Every policy needs `@id`, `@reason_en` and `@reason_zh`, and ids differ.
    #[error("the policy `{id}` lacks `@{annotation}`, or has it like another policy")]
    Annotation {
        /// Its id, or its number where it has none.
        id: String,
        /// Which annotation.
        annotation: &'static str,
    },
    /// An annotation that means nothing here: a misspelt obligation would demand nothing.
    #[error(
        "the policy `{id}` has an unknown annotation `@{annotation}`; write `@id`, `@reason_en`, \
         `@reason_zh` or `@obligations`"
    )]
    UnknownAnnotation {
        /// The policy's id, or its number where it has none.
        id: String,
        /// As the policy has it.
        annotation: String,
    },
    /// Directory and grants do not make entities.
    #[error("the grants cannot be put before the policies: {0}")]
    Entities(String),
}

impl PolicyError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Envelope(error) => error.code(),
            Self::RolledBack { .. } => ErrorCode::StaleBundle,
            Self::Faults(_) | Self::Packed(_) => ErrorCode::Malformed,
            Self::Check(_)
            | Self::Unreadable(_)
            | Self::Invalid(_)
            | Self::Annotation { .. }
            | Self::UnknownAnnotation { .. } => ErrorCode::Misconfigured,
            Self::Entities(_) => ErrorCode::Internal,
        }
    }
}

/// Something wrong in a grant bundle. Names out of it are cut to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantFault {
    /// Versions start at 1.
    #[error("version 0")]
    NoVersion,
    /// The bundle's time of issue is missing or impossible.
    #[error("the time of issue")]
    IssuedAt,
    /// Over the bundle's bound.
    #[error("{0} grants, of at most {GRANTS}")]
    TooMany(usize),
    /// Not a name.
    #[error("grant id `{0}`: 1 to 32 lower-case letters, digits and hyphens")]
    Id(String),
    /// Two grants of one id.
    #[error("grant `{0}` comes twice")]
    Twice(String),
    /// The directory knows no such member.
    #[error("member `{member}` of grant `{grant}` is not in the directory")]
    UnknownMember {
        /// The grant.
        grant: String,
        /// As the grant has it.
        member: String,
    },
    /// Not `<check>/<variant>`.
    #[error(
        "`{check}` of grant `{grant}` names no check; write `<check>/<variant>`, such as \
         `no-property/couple`"
    )]
    Check {
        /// The grant.
        grant: String,
        /// As the grant has it.
        check: String,
    },
    /// None, too many, twice the same, or one that is not of 1 to 64 visible characters.
    #[error(
        "{what} of grant `{grant}`: 1 to {TERMS} different ones of 1 to 64 characters each, \
         without control characters and without blanks at either end"
    )]
    Terms {
        /// The grant.
        grant: String,
        /// Purposes or legal bases.
        what: &'static str,
    },
    /// More variants than there can be.
    #[error("grant `{grant}` allows {found} variants for each subject, of at most {VARIANTS}")]
    Variants {
        /// The grant.
        grant: String,
        /// How many it says.
        found: u32,
    },
    /// More subjects than one request can be about.
    #[error("grant `{grant}` allows {found} subjects in one request, of at most {SUBJECTS}")]
    Subjects {
        /// The grant.
        grant: String,
        /// How many it says.
        found: u32,
    },
    /// A time is missing, or the end is not after the beginning.
    #[error("times of grant `{0}`")]
    Times(String),
    /// One of those who can say that a person was identified.
    #[error("identity provider `{provider}`: {fault}")]
    Provider {
        /// Its id.
        provider: String,
        /// What is wrong with it.
        fault: ProviderFault,
    },
    /// Each of them is weighed in every request.
    #[error(
        "member `{member}` holds too many grants on check `{check}`, of at most {GRANTS_PER_CHECK}"
    )]
    TooManyOnCheck {
        /// Who.
        member: String,
        /// On what.
        check: String,
    },
}

fn list(faults: &[GrantFault]) -> String {
    let shown: Vec<_> = faults.iter().take(10).map(ToString::to_string).collect();
    let more = if faults.len() > shown.len() {
        format!(" and {} more", faults.len() - shown.len())
    } else {
        String::new()
    };
    format!("{}{more}", shown.join("; "))
}
