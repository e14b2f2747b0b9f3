//! `door.toml` in a system's folder: under which address the door is reached, and what a verifier
//! asks wallets for.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use zerotrip_certificates::VCT_PREFIX;
use zerotrip_channel::files;
use zerotrip_client::issued::COPIES;
use zerotrip_text::{Bilingual, is_invisible, toml_fault};

use crate::bounds::{FILE, KINDS};
use crate::error::DoorError;

/// What the door is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorSettings {
    /// The address by which wallets reach it: scheme, host, port.
    pub uri: String,
    /// What follows the scheme.
    pub authority: String,
    /// What wallets show as the organ's name.
    pub name: Option<Bilingual>,
    /// Certificate chain and key (PEM), where the door itself ends TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Most copies of a certificate that a wallet gets, each for another key of its holder.
    pub copies: usize,
    /// With it, wallets and their keys must be attested.
    pub attestation: Option<AttestationSettings>,
    /// With it, the door asks wallets for presentations.
    pub verifier: Option<VerifierSettings>,
}

/// By whom wallets and their keys must be attested, and what of keys.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationSettings {
    /// Certificates (PEM) of those who certify attesters: roots.
    pub attesters: PathBuf,
    /// How keys are kept, by the values of OpenID4VCI 1.0, D.2: one of these. Any, where empty.
    #[serde(default)]
    pub key_storage: Vec<String>,
    /// How their use is released, likewise.
    #[serde(default)]
    pub user_authentication: Vec<String>,
}

/// What a verifier is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierSettings {
    /// Certificate and key (PEM, P-256) that requests are signed with.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// Where the organs' status lists are kept as they were fetched, each under the last part of
    /// its address.
    pub lists: PathBuf,
    /// What can be asked.
    pub kinds: Vec<Kind>,
}

/// What a wallet is asked for, and no more than that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// What it is called here.
    pub name: String,
    /// The certificate's type.
    pub vct: String,
    /// The variants that will do.
    pub variants: Vec<String>,
    /// The purpose that it must show.
    pub purpose: String,
    /// What else of it must be shown, such as `applicant`.
    #[serde(default)]
    pub claims: Vec<String>,
    /// Whether wallets are told by which authority it must be certified: the one of this system.
    #[serde(default)]
    pub authority: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    uri: String,
    name: Option<Bilingual>,
    tls: Option<Tls>,
    copies: Option<usize>,
    attestation: Option<AttestationSettings>,
    verifier: Option<Verifier>,
    #[serde(default, rename = "request")]
    requests: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    certificate: PathBuf,
    key: PathBuf,
    lists: PathBuf,
}

impl DoorSettings {
    /// The settings in a system's folder. Paths are from there.
    pub fn read(home: &Path) -> Result<Self, DoorError> {
        let path = home.join(FILE);
        if !files::is_there(&path) {
            return Err(DoorError::NoSettings(path));
        }
        let text = files::read_text(&path)?;
        Self::parse(&text, home).map_err(|why| DoorError::Settings { path, why })
    }

    fn parse(text: &str, home: &Path) -> Result<Self, String> {
        let content: Content = toml::from_str(text).map_err(|error| toml_fault(text, &error))?;
        let mut faults = Vec::new();
        let authority = authority(&content.uri).map(str::to_owned);
        if authority.is_none() {
            faults.push(
                "`uri` must be `https://` and a host in lower case, with a port where it is not \
                 443, and nothing after it; `http://` is for this machine alone"
                    .to_owned(),
            );
        }
        let copies = content.copies.unwrap_or(1);
        if !(1..=COPIES).contains(&copies) {
            faults.push(format!("`copies` is 1 to {COPIES}"));
        }
        faults.extend(content.attestation.iter().flat_map(AttestationSettings::faults));
        if content.requests.len() > KINDS {
            faults.push(format!("at most {KINDS} `[[request]]`"));
        }
        if content.verifier.is_none() && !content.requests.is_empty() {
            faults.push("`[[request]]` needs `[verifier]`".to_owned());
        }
        for (at, kind) in content.requests.iter().enumerate() {
            faults.extend(kind.faults());
            if content.requests.iter().take(at).any(|before| before.name == kind.name) {
                faults.push(format!("`{}` is there twice", kind.name));
            }
        }
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        let verifier = content.verifier.map(|one| VerifierSettings {
            certificate: home.join(one.certificate),
            key: home.join(one.key),
            lists: home.join(one.lists),
            kinds: content.requests,
        });
        Ok(Self {
            authority: authority.unwrap_or_default(),
            uri: content.uri,
            name: content.name,
            tls: content.tls.map(|tls| (home.join(tls.certificate), home.join(tls.key))),
            copies,
            attestation: content
                .attestation
                .map(|one| AttestationSettings { attesters: home.join(&one.attesters), ..one }),
            verifier,
        })
    }
}

impl AttestationSettings {
    fn faults(&self) -> Vec<String> {
        let known = |c: char| c.is_ascii_graphic();
        let is_value = |one: &String| (1..=256).contains(&one.len()) && one.chars().all(known);
        let lists = [
            ("key_storage", &self.key_storage),
            ("user_authentication", &self.user_authentication),
        ];
        let faulty = lists.into_iter().filter(|(_, list)| {
            list.len() > KINDS || is_doubled(list) || !list.iter().all(is_value)
        });
        faulty.map(|(name, _)| format!("`{name}` is a list of different values")).collect()
    }
}

/// Whether something is there twice.
fn is_doubled(list: &[String]) -> bool {
    list.iter().enumerate().any(|(at, one)| list.iter().skip(at + 1).any(|other| one == other))
}

impl Kind {
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let name = &self.name;
        if !is_name(name) {
            faults.push("a request's `name` is made of a-z, 0-9 and `-`".to_owned());
        }
        if !self.vct.starts_with(VCT_PREFIX) {
            faults.push(format!("`{name}`: `vct` begins with `{VCT_PREFIX}`"));
        }
        let lists = [("variants", &self.variants), ("claims", &self.claims)];
        for (member, list) in lists {
            if list.len() > KINDS || is_doubled(list) || !list.iter().all(|one| is_claim(one)) {
                faults.push(format!("`{name}`: `{member}` is a list of different names"));
            }
        }
        if self.variants.is_empty() {
            faults.push(format!("`{name}`: `variants` names at least one"));
        }
        if self.claims.iter().any(|one| one == "purpose") {
            faults.push(format!("`{name}`: `purpose` is asked for anyway"));
        }
        let purpose = self.purpose.chars();
        if !(1..=64).contains(&purpose.clone().count()) || purpose.clone().any(is_invisible) {
            faults.push(format!("`{name}`: `purpose` has 1 to 64 visible characters"));
        }
        faults
    }
}

/// Of a name that people give.
pub(crate) fn is_name(text: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&text.len()) && text.chars().all(known)
}

fn is_claim(text: &str) -> bool {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(known)
}

/// Host and port of an address in its one spelling.
fn authority(uri: &str) -> Option<&str> {
    let (rest, is_plain) = match uri.strip_prefix("https://") {
        Some(rest) => (rest, false),
        None => (uri.strip_prefix("http://")?, true),
    };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_host = host.len() <= 253
        && host.split('.').all(|part| !part.is_empty() && part.chars().all(known));
    let standard = if is_plain { 80 } else { 443 };
    let is_port = port.is_none_or(|port| {
        port.parse::<u16>().is_ok_and(|number| number != standard && number.to_string() == port)
    });
    let is_here = host == "127.0.0.1" || host == "localhost";
    (is_host && is_port && (!is_plain || is_here)).then_some(rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const GOOD: &str = "uri = \"https://wallets.example:8443\"\nname = { en = \"Fund\", zh = \
                        \"公积金中心\" }\n[verifier]\ncertificate = \"a.pem\"\nkey = \"a.key\"\nlists = \
                        \"lists\"\n[[request]]\nname = \"loan\"\nvct = \
                        \"urn:zerotrip:certificate:no-property:1\"\nvariants = \
                        [\"couple\"]\npurpose = \"loan\"\nclaims = [\"applicant\"]\n";

    #[test]
    fn settings_are_read_and_each_fault_is_named() {
        let read = |text: &str| DoorSettings::parse(text, Path::new("/home"));
        let good = read(GOOD).unwrap();
        assert_eq!(good.authority, "wallets.example:8443");
        let verifier = good.verifier.unwrap();
        assert_eq!((verifier.key, verifier.kinds.len()), ("/home/a.key".into(), 1));
        for (from, to, said) in [
            ("https://wallets.example:8443", "http://wallets.example", "`uri`"),
            ("https://wallets.example:8443", "https://wallets.example/", "`uri`"),
            ("https://wallets.example:8443", "https://Wallets.example", "`uri`"),
            ("https://wallets.example:8443", "https://wallets.example:443", "`uri`"),
            ("https://wallets.example:8443", "https://a@wallets.example", "`uri`"),
            ("name = \"loan\"", "name = \"Loan\"", "`name`"),
            ("[\"couple\"]", "[]", "at least one"),
            ("[\"couple\"]", "[\"couple\", \"couple\"]", "different"),
            ("[\"applicant\"]", "[\"purpose\"]", "anyway"),
            ("purpose = \"loan\"", "purpose = \"\"", "visible"),
            ("urn:zerotrip:", "urn:other:", "`vct`"),
            ("lists", "other", "other"),
        ] {
            let refused = read(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(refused.contains(said), "{from}: {refused}");
        }
        let plain = read("uri = \"http://127.0.0.1:8080\"").unwrap();
        assert_eq!((plain.copies, plain.attestation, plain.verifier), (1, None, None));
        let with = |more: &str| read(&format!("uri = \"https://a.example\"\n{more}"));
        let attested = with("copies = 32\n[attestation]\nattesters = \"a.pem\"").unwrap();
        let settings = attested.attestation.unwrap();
        assert_eq!((attested.copies, settings.attesters), (32, "/home/a.pem".into()));
        for (more, said) in [
            ("copies = 0", "`copies`"),
            ("copies = 33", "`copies`"),
            ("[attestation]", "attesters"),
            ("[attestation]\nattesters = \"a\"\nkey_storage = [\"\"]", "`key_storage`"),
            ("[attestation]\nattesters = \"a\"\nuser_authentication = [\"a\", \"a\"]", "different"),
            ("[attestation]\nattesters = \"a\"\nwallets = true", "wallets"),
        ] {
            let refused = with(more).unwrap_err();
            assert!(refused.contains(said), "{more}: {refused}");
        }
        let twice = GOOD.replacen(
            "[[request]]",
            "[[request]]\nname = \"loan\"\nvct = \
                     \"urn:zerotrip:certificate:a:1\"\nvariants = [\"a\"]\npurpose = \
                     \"p\"\n[[request]]",
            1,
        );
        assert!(read(&twice).unwrap_err().contains("twice"));
    }
}
