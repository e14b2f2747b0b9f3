//! An invitation: one printable string with which a department's connector finds its hub, knows it
//! is the right one, and joins once.
//!
//! `zerotrip-invite:` and then base64url (no padding) of a JSON object. It carries two secrets:
//! hand it over like a password. The hub is shown the token when the invited joins; the binding
//! secret it never sees, so it can neither change nor add to what the invited sends through it to
//! the authority ([`binding_tag`]).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;
use ring::hmac;
use serde::{Deserialize, Serialize};
use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::Key;

use crate::digest::{self, Digest, RandomError, sha256};
use crate::identity::Identity;

/// What every invitation begins with.
pub const PREFIX: &str = "zerotrip-invite:";
/// Most characters of an invitation.
pub const INVITATION_CHARS: usize = 2048;
/// Most characters of its address.
const URL_CHARS: usize = 255;

/// Where to join, how to know the hub, and the right to join as one named system, once.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    /// `https://<host>[:<port>]`, without a path.
    pub url: String,
    /// SHA-256 over the root certificate's DER: see [`crate::tls::pinned_client_config`].
    pub ca_sha256: Digest,
    /// 32 random bytes; the hub knows only their SHA-256.
    pub token: [u8; 32],
    /// 32 random bytes for the invited and the authority alone: the key of [`binding_tag`].
    pub binding: [u8; 32],
    /// The system that the invited will be.
    pub system: Identity,
    /// The hub to join at.
    pub hub: Identity,
}

/// Why a text is not an invitation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// It does not begin as one, or is too long.
    #[error(
        "an invitation begins with `{PREFIX}` and has at most {INVITATION_CHARS} characters; copy \
         it whole"
    )]
    NotOne,
    /// Damaged in copying.
    #[error("the invitation is damaged; copy it whole, or ask for a new one")]
    Damaged,
    /// A part of it is wrong.
    #[error("the invitation's {0} is wrong; ask for a new one")]
    Wrong(&'static str),
}

/// The JSON inside, with one spelling for each value.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    url: String,
    ca_sha256: String,
    token: String,
    binding: String,
    system: String,
    hub: String,
}

impl Invitation {
    /// A new invitation with new secrets.
    pub fn generate(
        url: &str,
        ca_sha256: Digest,
        system: Identity,
        hub: Identity,
    ) -> Result<Self, InvitationMakeError> {
        let (token, binding) = (digest::random()?, digest::random()?);
        let invitation = Self { url: url.to_owned(), ca_sha256, token, binding, system, hub };
        invitation.check()?;
        Ok(invitation)
    }

    /// SHA-256 of the token: what the authority announces to the hub.
    pub fn token_digest(&self) -> Digest {
        sha256(&self.token)
    }

    /// What binds the invited system's request and keys to this invitation: see [`binding_tag`].
    pub fn binding_tag(&self, csr: &[u8], keys: &[Key]) -> Digest {
        binding_tag(&self.binding, &self.system.uri(), csr, keys)
    }

    fn check(&self) -> Result<(), InvitationError> {
        if !is_address(&self.url) {
            return Err(InvitationError::Wrong("address"));
        }
        if self.system.member().is_none() {
            return Err(InvitationError::Wrong("system"));
        }
        if !self.hub.is_hub() || self.hub.trust_domain() != self.system.trust_domain() {
            return Err(InvitationError::Wrong("hub"));
        }
        Ok(())
    }
}

/// HMAC-SHA-256 (RFC 2104) under the binding secret over domain, the system's URI, its certificate
/// request and each of its keys, encoded; each part is preceded by its length in bytes (u64,
/// big-endian).
pub fn binding_tag(secret: &[u8; 32], system: &str, csr: &[u8], keys: &[Key]) -> Digest {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &bound(system, csr, keys));
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

/// Whether the tag is the one of exactly these papers; in constant time.
pub fn verify_binding(
    secret: &[u8; 32],
    system: &str,
    csr: &[u8],
    keys: &[Key],
    tag: &[u8],
) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), &bound(system, csr, keys), tag).is_ok()
}

fn bound(system: &str, csr: &[u8], keys: &[Key]) -> Vec<u8> {
    let mut message = Vec::new();
    let mut frame = |part: &[u8]| {
        message.extend((part.len() as u64).to_be_bytes());
        message.extend(part);
    };
    frame(hash_domain::JOIN.as_bytes());
    frame(system.as_bytes());
    frame(csr);
    keys.iter().for_each(|key| frame(&key.encode_to_vec()));
    message
}

/// Why no invitation could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvitationMakeError {
    /// A part of it.
    #[error(transparent)]
    Invalid(#[from] InvitationError),
    /// The machine is out of random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl FromStr for Invitation {
    type Err = InvitationError;

    fn from_str(text: &str) -> Result<Self, InvitationError> {
        let text = text.trim();
        let body = text
            .strip_prefix(PREFIX)
            .filter(|_| text.len() <= INVITATION_CHARS)
            .ok_or(InvitationError::NotOne)?;
        let json = URL_SAFE_NO_PAD.decode(body).map_err(|_| InvitationError::Damaged)?;
        let wire: Wire = serde_json::from_slice(&json).map_err(|_| InvitationError::Damaged)?;
        let mut ca_sha256 = [0; 32];
        hex::decode_to_slice(&wire.ca_sha256, &mut ca_sha256)
            .map_err(|_| InvitationError::Wrong("ca digest"))?;
        let secret = |text: &str| {
            URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        };
        let invitation = Self {
            url: wire.url,
            ca_sha256,
            token: secret(&wire.token).ok_or(InvitationError::Wrong("token"))?,
            binding: secret(&wire.binding).ok_or(InvitationError::Wrong("binding"))?,
            system: wire.system.parse().map_err(|_| InvitationError::Wrong("system"))?,
            hub: wire.hub.parse().map_err(|_| InvitationError::Wrong("hub"))?,
        };
        invitation.check()?;
        Ok(invitation)
    }
}

impl fmt::Display for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = Wire {
            url: self.url.clone(),
            ca_sha256: hex::encode(self.ca_sha256),
            token: URL_SAFE_NO_PAD.encode(self.token),
            binding: URL_SAFE_NO_PAD.encode(self.binding),
            system: self.system.uri(),
            hub: self.hub.uri(),
        };
        let json = serde_json::to_vec(&wire).map_err(|_| fmt::Error)?;
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invitation({} at {} {}, secrets not shown)", self.system, self.hub, self.url)
    }
}

/// `https://<host>[:<port>]`: nothing else can be dialled, so nothing else is let in.
fn is_address(url: &str) -> bool {
    let Some(authority) = url.strip_prefix("https://").filter(|_| url.len() <= URL_CHARS) else {
        return false;
    };
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => match v6.split_once(']') {
            Some((host, rest)) if host.parse::<std::net::Ipv6Addr>().is_ok() => (host, rest),
            _ => return false,
        },
        None => match authority.find(':') {
            Some(at) => authority.split_at(at),
            None => (authority, ""),
        },
    };
    let host_is_fine = !host.is_empty()
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    let port_is_fine = port.is_empty()
        || port.strip_prefix(':').is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|number| number > 0)
        });
    host_is_fine && port_is_fine
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn invitation(token: [u8; 32]) -> Invitation {
        Invitation {
            url: "https://hub.city.example:8443".into(),
            ca_sha256: [7; 32],
            token,
            binding: [3; 32],
            system: Identity::system("city.example", "police", "household").unwrap(),
            hub: Identity::hub("city.example", "main").unwrap(),
        }
    }

    fn wrap(json: &str) -> String {
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    fn json_of(invitation: &Invitation) -> String {
        String::from_utf8(
            URL_SAFE_NO_PAD.decode(invitation.to_string().strip_prefix(PREFIX).unwrap()).unwrap(),
        )
        .unwrap()
    }

    #[test]
    fn round_trips_and_hides_its_token() {
        let one = Invitation::generate(
            "https://[::1]:1",
            [1; 32],
            invitation([0; 32]).system,
            invitation([0; 32]).hub,
        )
        .unwrap();
        let text = one.to_string();
        assert_eq!(text.parse::<Invitation>().unwrap(), one);
        assert_eq!(format!(" {text}\n").parse::<Invitation>().unwrap(), one);
        assert!(text.chars().all(|character| character.is_ascii_graphic()));
        let shown = format!("{one:?}");
        for secret in [one.token, one.binding] {
            assert!(
                !shown.contains(&hex::encode(secret))
                    && !shown.contains(&URL_SAFE_NO_PAD.encode(secret))
            );
        }
        assert_ne!(one.token, one.binding);
        assert_eq!(one.token_digest(), sha256(&one.token));
    }

    #[test]
    fn anything_wrong_is_named() {
        let good = invitation([9; 32]);
        let json = json_of(&good);
        assert_eq!(wrap(&json).parse::<Invitation>().unwrap(), good);
        let wrong =
            |from: &str, to: &str| wrap(&json.replace(from, to)).parse::<Invitation>().unwrap_err();
        assert_eq!(wrong("https://", "http://"), InvitationError::Wrong("address"));
        assert_eq!(wrong(":8443", ":8443/path"), InvitationError::Wrong("address"));
        assert_eq!(wrong(":8443", ":0"), InvitationError::Wrong("address"));
        assert_eq!(wrong(":8443", ":+1"), InvitationError::Wrong("address"));
        assert_eq!(wrong("hub.city", "user@hub.city"), InvitationError::Wrong("address"));
        assert_eq!(wrong("/hub/main", "/authority"), InvitationError::Wrong("hub"));
        assert_eq!(
            wrong("spiffe://city.example/hub", "spiffe://other.example/hub"),
            InvitationError::Wrong("hub")
        );
        assert_eq!(
            wrong("/member/police/system/household", "/hub/main"),
            InvitationError::Wrong("system")
        );
        assert_eq!(wrong("0707", "07"), InvitationError::Wrong("ca digest"));
        assert_eq!(
            wrong(&URL_SAFE_NO_PAD.encode([9; 32]), &URL_SAFE_NO_PAD.encode([9; 31])),
            InvitationError::Wrong("token")
        );
        assert_eq!(
            wrong(&URL_SAFE_NO_PAD.encode([3; 32]), &URL_SAFE_NO_PAD.encode([3; 31])),
            InvitationError::Wrong("binding")
        );
        assert_eq!(wrong("\"binding\"", "\"bound\""), InvitationError::Damaged);
        assert_eq!(wrong("{", "{\"more\":1,"), InvitationError::Damaged);
        assert_eq!(wrong("\"hub\"", "\"hubs\""), InvitationError::Damaged);
        assert_eq!(format!("{}=", good).parse::<Invitation>(), Err(InvitationError::Damaged));
        assert_eq!("https://hub".parse::<Invitation>(), Err(InvitationError::NotOne));
        assert_eq!(
            format!("{PREFIX}{}", "A".repeat(INVITATION_CHARS)).parse::<Invitation>(),
            Err(InvitationError::NotOne)
        );
    }

    #[test]
    fn a_tag_binds_system_request_and_every_key() {
        let key = |byte: u8| Key { id: "k".into(), public_key: vec![byte; 32], ..Key::default() };
        let one = invitation([1; 32]);
        let (uri, keys) = (one.system.uri(), vec![key(1), key(2)]);
        let tag = one.binding_tag(b"csr", &keys);
        let holds = |secret: &[u8; 32], system: &str, csr: &[u8], keys: &[Key]| {
            verify_binding(secret, system, csr, keys, &tag)
        };
        assert!(holds(&[3; 32], &uri, b"csr", &keys));
        // The hub knows the token; with it nothing can be tagged.
        assert!(!holds(&one.token, &uri, b"csr", &keys));
        assert!(!holds(
            &[3; 32],
            "spiffe://city.example/member/police/system/other",
            b"csr",
            &keys
        ));
        assert!(!holds(&[3; 32], &uri, b"another", &keys));
        for tampered in [
            vec![key(1)],
            vec![key(1), key(2), key(3)],
            vec![key(2), key(1)],
            vec![key(1), key(3)],
            vec![],
        ] {
            assert!(!holds(&[3; 32], &uri, b"csr", &tampered));
        }
        for cut in [&[][..], &tag[..31]] {
            assert!(!verify_binding(&[3; 32], &uri, b"csr", &keys, cut));
        }
    }

    #[test]
    fn a_tag_is_what_the_protocol_says() {
        // RFC 2104 over the framing of authority.proto, written out by hand.
        let mut flat = Vec::new();
        for part in [
            b"zerotrip join v1".as_slice(),
            b"u",
            b"c",
            &Key { id: "k".into(), ..Key::default() }.encode_to_vec(),
        ] {
            flat.extend((part.len() as u64).to_be_bytes());
            flat.extend(part);
        }
        let pad = |with: u8| [[3 ^ with; 32], [with; 32]].concat();
        let inner = sha256(&[pad(0x36), flat].concat());
        let expected = sha256(&[pad(0x5c), inner.to_vec()].concat());
        assert_eq!(
            binding_tag(&[3; 32], "u", b"c", &[Key { id: "k".into(), ..Key::default() }]),
            expected
        );
    }

    proptest! {
        #[test]
        fn every_token_round_trips_and_no_cut_parses(token in any::<[u8; 32]>(), cut in 0usize..300) {
            let text = invitation(token).to_string();
            prop_assert_eq!(text.parse::<Invitation>().unwrap(), invitation(token));
            if cut < text.len() {
                prop_assert!(text.get(..cut).unwrap().parse::<Invitation>().is_err());
            }
        }
    }
}
