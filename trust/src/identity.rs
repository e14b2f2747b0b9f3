//! Names of systems, hubs and the authority, as URIs in certificates, requests and the directory.
//!
//! `spiffe://<trust domain>/member/<member>/system/<system>`, `spiffe://<td>/hub/<hub>`,
//! `spiffe://<td>/authority`. There is exactly one spelling of each identity: what parses prints
//! the same again, so URIs may be compared as text.

use std::fmt;
use std::str::FromStr;
use zerotrip_text::{cut, is_invisible};

/// Most characters of a trust domain: it is also the organisation's name in the root certificate
/// (RFC 5280, ub-organization-name).
pub const TRUST_DOMAIN_CHARS: usize = 64;

/// Who a certificate or a key belongs to. Build it by parsing or with the constructors, which check
/// the names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Identity {
    /// A member's information system.
    System {
        /// Lower-case DNS labels.
        trust_domain: String,
        /// The department.
        member: String,
        /// Its system.
        system: String,
    },
    /// A hub.
    Hub {
        /// Lower-case DNS labels.
        trust_domain: String,
        /// Its name.
        hub: String,
    },
    /// The data authority itself.
    Authority {
        /// Lower-case DNS labels.
        trust_domain: String,
    },
}

/// The text is not an identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an identity; write `spiffe://<trust domain>/member/<member>/system/<system>`, \
     `…/hub/<hub>` or `…/authority`, with names of 1 to 32 lower-case letters, digits and hyphens"
)]
pub struct IdentityError(String);

impl Identity {
    /// A system's identity.
    pub fn system(trust_domain: &str, member: &str, system: &str) -> Result<Self, IdentityError> {
        format!("spiffe://{trust_domain}/member/{member}/system/{system}").parse()
    }

    /// A hub's identity.
    pub fn hub(trust_domain: &str, hub: &str) -> Result<Self, IdentityError> {
        format!("spiffe://{trust_domain}/hub/{hub}").parse()
    }

    /// The authority's identity.
    pub fn authority(trust_domain: &str) -> Result<Self, IdentityError> {
        format!("spiffe://{trust_domain}/authority").parse()
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &str {
        match self {
            Self::System { trust_domain, .. }
            | Self::Hub { trust_domain, .. }
            | Self::Authority { trust_domain } => trust_domain,
        }
    }

    /// The member, of a system.
    pub fn member(&self) -> Option<&str> {
        match self {
            Self::System { member, .. } => Some(member),
            Self::Hub { .. } | Self::Authority { .. } => None,
        }
    }

    /// Whether it is a hub's.
    pub fn is_hub(&self) -> bool {
        matches!(self, Self::Hub { .. })
    }

    /// The URI.
    pub fn uri(&self) -> String {
        self.to_string()
    }
}

pub use zerotrip_proto::names::is_member as is_name;

/// Whether it can be a purpose, a legal basis and the like: texts that are compared byte for
/// byte, and so may not hold invisible characters ([`is_invisible`]). 1 to 64 characters, no blanks
/// at the ends.
pub fn is_term(text: &str) -> bool {
    (1..=zerotrip_proto::bounds::TEXT_CHARS).contains(&text.chars().count())
        && !text.chars().any(is_invisible)
        && text.trim() == text
}

/// Whether it may name a trust domain: lower-case DNS labels (RFC 1035, 2.3.1, digits allowed
/// first), 64 characters in all.
pub fn is_trust_domain(text: &str) -> bool {
    text.len() <= TRUST_DOMAIN_CHARS
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

impl FromStr for Identity {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        parse(text).ok_or_else(|| IdentityError(cut(text)))
    }
}

fn parse(text: &str) -> Option<Identity> {
    let (trust_domain, path) = text.strip_prefix("spiffe://")?.split_once('/')?;
    if !is_trust_domain(trust_domain) {
        return None;
    }
    let trust_domain = trust_domain.to_owned();
    let mut segments = path.split('/');
    let parts =
        (segments.next(), segments.next(), segments.next(), segments.next(), segments.next());
    match parts {
        (Some("member"), Some(member), Some("system"), Some(system), None)
            if is_name(member) && is_name(system) =>
        {
            Some(Identity::System {
                trust_domain,
                member: member.to_owned(),
                system: system.to_owned(),
            })
        }
        (Some("hub"), Some(hub), None, ..) if is_name(hub) => {
            Some(Identity::Hub { trust_domain, hub: hub.to_owned() })
        }
        (Some("authority"), None, ..) => Some(Identity::Authority { trust_domain }),
        _ => None,
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System { trust_domain, member, system } => {
                write!(f, "spiffe://{trust_domain}/member/{member}/system/{system}")
            }
            Self::Hub { trust_domain, hub } => write!(f, "spiffe://{trust_domain}/hub/{hub}"),
            Self::Authority { trust_domain } => write!(f, "spiffe://{trust_domain}/authority"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_three_shapes_parse() {
        let system: Identity =
            "spiffe://city.example/member/police/system/household".parse().unwrap();
        assert_eq!(system.member(), Some("police"));
        assert_eq!(system, Identity::system("city.example", "police", "household").unwrap());
        assert!("spiffe://city.example/hub/main".parse::<Identity>().unwrap().is_hub());
        assert_eq!(Identity::authority("city.example").unwrap().member(), None);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "spiffe://",
            "spiffe://city",
            "spiffe://city/",
            "spiffe:///authority",
            "SPIFFE://city/authority",
            "https://city/authority",
            "spiffe://City/authority",
            "spiffe://city./authority",
            "spiffe://-city/authority",
            "spiffe://city:443/authority",
            "spiffe://user@city/authority",
            "spiffe://city/authority/",
            "spiffe://city/authority?x",
            "spiffe://city/authority/hub/a",
            "spiffe://city/hub/",
            "spiffe://city/hub/a/b",
            "spiffe://city/hub/A",
            "spiffe://city/hub/a%62",
            "spiffe://city/hub/城",
            "spiffe://city/hub/a ",
            "spiffe://city/hub/abcdefghijabcdefghijabcdefghijabc",
            "spiffe://city/member/a/system/",
            "spiffe://city/member//system/b",
            "spiffe://city/member/a/system/b/c",
            "spiffe://city/member/a/System/b",
            "spiffe://city/member/../system/b",
            "spiffe://city//member/a/system/b",
        ] {
            assert!(text.parse::<Identity>().is_err(), "{text}");
        }
        assert!(Identity::system("city", "a/system/b", "c").is_err());
        assert!(
            !is_trust_domain(&"a".repeat(64))
                && is_trust_domain(&format!("{}.{}", "a".repeat(32), "b".repeat(31)))
        );
    }

    proptest! {
        #[test]
        fn what_parses_prints_the_same(text in "spiffe://[a-z0-9.-]{1,8}/(member/[a-z0-9-]{0,4}/system/[a-z0-9A-]{0,4}|hub/[a-z-]{0,3}|authority)/?") {
            if let Ok(identity) = text.parse::<Identity>() {
                prop_assert_eq!(identity.to_string(), text);
            }
        }
    }
}
