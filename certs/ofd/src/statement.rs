//! The issuer's statement: whose electronic seal its certificate is under.
//!
//! A certificate of SM2 says an organ's name, and the record says a system of the hub; nothing in
//! either says that they are the same. So the issuer signs, with the key that seals its records,
//! for which record and which files of the package it uses which SM2 certificate, and when. It is a
//! JWT (RFC 7519) with the issuer's certificate (`x5c`), so that any tool can verify it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use zerotrip_trust::keys::{PublicKey, SigningKey};
use zerotrip_trust::x509::CertificateDer;

use crate::bounds::STATEMENT_BYTES;
use crate::sm2::{Sm3Digest, sm3};
use crate::zip::Entry;

/// What the statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The system that issued the record.
    pub(crate) issuer: String,
    /// In seconds from 1970.
    pub(crate) at: i64,
    /// SHA-256 of the record, hexadecimal.
    pub(crate) record: String,
    /// SM3 of the list of the package's files: see [`list_of`].
    pub(crate) package: Sm3Digest,
    /// SM3 of the SM2 certificate that signs.
    pub(crate) signer: Sm3Digest,
}

/// A statement with its signature.
#[derive(Clone, Debug)]
pub(crate) struct SignedStatement {
    pub(crate) statement: Statement,
    pub(crate) certificate: CertificateDer<'static>,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    x5c: [String; 1],
    #[serde(rename = "alg")]
    _alg: String,
    #[serde(rename = "typ")]
    _typ: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    iss: String,
    iat: i64,
    record_sha256: String,
    package_sm3: String,
    signer_sm3: String,
}

/// SM3 of each file and its name, as `openssl dgst -sm3 -r` writes them: a line each.
fn list_of(entries: &[Entry]) -> String {
    let line = |entry: &Entry| format!("{} *{}\n", hex::encode(sm3(&entry.bytes)), entry.name);
    entries.iter().map(line).collect()
}

/// SM3 of the list of these files.
pub(crate) fn digest_of(entries: &[Entry]) -> Sm3Digest {
    sm3(list_of(entries).as_bytes())
}

impl Statement {
    /// Signs it. `None` where the key does not.
    pub(crate) fn sign(
        &self,
        key: &SigningKey,
        certificate: &CertificateDer<'_>,
    ) -> Option<String> {
        let input = self.input(certificate);
        let signature = key.sign(input.as_bytes()).ok()?;
        Some(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn input(&self, certificate: &CertificateDer<'_>) -> String {
        let head = format!(
            "{{\"alg\":\"ES256\",\"typ\":\"zerotrip-seal-use+jwt\",\"x5c\":[\"{}\"]}}",
            STANDARD.encode(certificate)
        );
        let body = format!(
            "{{\"iss\":{},\"iat\":{},\"record_sha256\":\"{}\",\"package_sm3\":\"{}\",\
             \"signer_sm3\":\"{}\"}}",
            serde_json::Value::from(self.issuer.as_str()),
            self.at,
            self.record,
            hex::encode(self.package),
            hex::encode(self.signer)
        );
        format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(body))
    }
}

impl SignedStatement {
    /// Reads a statement that [`Statement::sign`] would write so. It is not verified yet.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= STATEMENT_BYTES)?;
        let (input, _) = text.rsplit_once('.')?;
        let (head, body) = input.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        let head: Head = serde_json::from_slice(&decode(head)?).ok()?;
        let body: Body = serde_json::from_slice(&decode(body)?).ok()?;
        let [certificate] = head.x5c;
        let certificate = CertificateDer::from(STANDARD.decode(certificate).ok()?);
        let digest = |text: String| hex::decode(text).ok()?.try_into().ok();
        let statement = Statement {
            issuer: body.iss,
            at: body.iat,
            record: body.record_sha256,
            package: digest(body.package_sm3)?,
            signer: digest(body.signer_sm3)?,
        };
        (statement.input(&certificate) == input).then_some(())?;
        Some(Self { statement, certificate, text: text.to_owned() })
    }

    /// Whether this key signed it.
    pub(crate) fn verifies(&self, key: &PublicKey) -> bool {
        let verify = || {
            let (input, signature) = self.text.rsplit_once('.')?;
            let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
            key.verify(input.as_bytes(), &signature).ok()
        };
        verify().is_some()
    }
}
