//! Which kind of certificate it is, by what it has. Nothing in a certificate claims a profile: it
//! has all that one asks for, or it is of none.

use std::fmt;

use crate::status::StatusValue;

/// A named profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A serial number, and a place in a status list. It is bound to no key, and can be suspended.
    National,
    /// The same, bound to its holder's key, with the sealing key's certificate along (OpenID4VC
    /// High Assurance Interoperability Profile 1.0, 6.1). A revocation is all that can become of
    /// it.
    Haip,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::National, Self::Haip];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::Haip => "haip-1.0",
        }
    }

    /// By name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// What can become of a certificate of this profile, beside nothing.
    pub fn statuses(self) -> &'static [StatusValue] {
        match self {
            Self::National => {
                &[StatusValue::Revoked, StatusValue::Suspended, StatusValue::Superseded]
            }
            Self::Haip => &[StatusValue::Revoked],
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
