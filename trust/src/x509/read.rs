//! What a certificate says, once it is asked the right questions.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_SIG_ED25519};
use x509_parser::prelude::FromDer as _;

use super::{CERTIFICATE_BYTES, DOCUMENT_SIGNING, TlsKey, X509Error};
use crate::digest::{Digest, sha256};
use crate::identity::Identity;
use crate::keys::{Algorithm, PublicKey};

/// SHA-256 over the certificate's DER: what an invitation pins.
pub fn fingerprint(cert: &CertificateDer<'_>) -> Digest {
    sha256(cert)
}

/// The holder that a certificate names: by exactly one URI, and it is not a CA's. Its signer is not
/// checked here.
pub fn identity_of(cert: &CertificateDer<'_>) -> Result<Identity, X509Error> {
    let cert = parse(cert)?;
    if is_ca(&cert)? {
        return Err(X509Error::IsCa);
    }
    holder(&cert)
}

/// SHA-256 of the public key (SubjectPublicKeyInfo, DER) that a certificate is over.
pub fn key_digest(cert: &CertificateDer<'_>) -> Result<Digest, X509Error> {
    Ok(sha256(parse(cert)?.public_key().raw))
}

/// Whether the certificate is over this key.
pub fn is_over_key(cert: &CertificateDer<'_>, key: &TlsKey) -> Result<bool, X509Error> {
    Ok(parse(cert)?.public_key().subject_public_key.data == key.0.public_key_raw())
}

/// Whether the certificate is over this P-256 key.
pub fn is_over_signing_key(cert: &CertificateDer<'_>, key: &PublicKey) -> Result<bool, X509Error> {
    let cert = parse(cert)?;
    let spki = cert.public_key();
    let curve = spki.algorithm.parameters.as_ref().and_then(|found| found.as_oid().ok());
    let is_p256 =
        spki.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == Some(OID_EC_P256);
    let same = spki.subject_public_key.data.as_ref() == key.bytes();
    Ok(is_p256 && same && key.algorithm() == Algorithm::Es256)
}

/// Whether this root signed the certificate. Says nothing of when it holds.
pub fn check_issued_by(
    cert: &CertificateDer<'_>,
    ca: &CertificateDer<'_>,
) -> Result<(), X509Error> {
    let (cert, ca) = (parse(cert)?, parse(ca)?);
    check_parsed_ca(&ca)?;
    if is_ca(&cert)? {
        return Err(X509Error::IsCa);
    }
    if cert.issuer().as_raw() != ca.subject().as_raw()
        || cert.verify_signature(Some(ca.public_key())).is_err()
    {
        return Err(X509Error::BadSignature("certificate"));
    }
    Ok(())
}

/// The DNS and IP names by which its holder is reached; a hub's only.
pub fn names_of(cert: &CertificateDer<'_>) -> Result<(Vec<String>, Vec<IpAddr>), X509Error> {
    let cert = parse(cert)?;
    let names =
        cert.subject_alternative_name().map_err(|_| X509Error::Unreadable("certificate"))?;
    let (mut dns, mut ips) = (Vec::new(), Vec::new());
    for name in names.map_or(&[][..], |found| &found.value.general_names) {
        match name {
            GeneralName::DNSName(name) => dns.push((*name).to_owned()),
            GeneralName::IPAddress(octets) => {
                ips.push(ip(octets).ok_or(X509Error::Unreadable("certificate"))?)
            }
            GeneralName::URI(_) => {}
            other => {
                return Err(X509Error::NameNotAllowed(
                    other.to_string().chars().take(100).collect(),
                ));
            }
        }
    }
    Ok((dns, ips))
}

/// From when until when a certificate holds, both inclusive to the second.
pub fn validity_of(cert: &CertificateDer<'_>) -> Result<(SystemTime, SystemTime), X509Error> {
    let cert = parse(cert)?;
    let time = |seconds: i64| {
        u64::try_from(seconds)
            .ok()
            .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
            .ok_or(X509Error::BadValidity)
    };
    Ok((
        time(cert.validity().not_before.timestamp())?,
        time(cert.validity().not_after.timestamp())?,
    ))
}

/// The identifier of the key that a certificate is over (RFC 5280, 4.2.1.2), by which the
/// certificates that it signed name it.
pub fn subject_key_id(cert: &CertificateDer<'_>) -> Result<Vec<u8>, X509Error> {
    let cert = parse(cert)?;
    let mut ids = cert.extensions().iter().filter_map(|one| match one.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    });
    ids.next().filter(|id| !id.is_empty()).ok_or(X509Error::Unreadable("key identifier"))
}

/// Whether it is a self-signed CA certificate that may sign certificates.
pub fn check_ca(ca: &CertificateDer<'_>) -> Result<(), X509Error> {
    check_parsed_ca(&parse(ca)?)
}

/// The authority's signing key, from its certificate, which this CA signed. The validity is *not*
/// looked at: for evidence of the past.
pub fn authority_key_of(
    cert: &CertificateDer<'_>,
    ca: &CertificateDer<'_>,
) -> Result<PublicKey, X509Error> {
    check_issued_by(cert, ca)?;
    let (cert, ca) = (parse(cert)?, parse(ca)?);
    let found = holder(&cert)?;
    let expected = Identity::Authority { trust_domain: trust_domain(&ca)? };
    if found != expected {
        return Err(X509Error::WrongHolder { expected: expected.uri(), found: found.uri() });
    }
    let spki = cert.public_key();
    if spki.algorithm.algorithm != OID_SIG_ED25519 {
        return Err(X509Error::WrongAlgorithm("authority's certificate", "Ed25519"));
    }
    Ok(PublicKey::new(Algorithm::Ed25519, &spki.subject_public_key.data)?)
}

/// As [`authority_key_of`], and both certificates hold at `at`.
pub fn authority_key_at(
    cert: &CertificateDer<'_>,
    ca: &CertificateDer<'_>,
    at: SystemTime,
) -> Result<PublicKey, X509Error> {
    let key = authority_key_of(cert, ca)?;
    for each in [cert, ca] {
        let (not_before, not_after) = validity_of(each)?;
        if at < not_before || at > not_after {
            return Err(X509Error::NotValidNow);
        }
    }
    Ok(key)
}

/// Holder and key of a certificate for sealing documents, and for nothing else: a system's, over a
/// P-256 key. Its signer and its validity are *not* looked at.
pub fn sealing_key_of(cert: &CertificateDer<'_>) -> Result<(Identity, PublicKey), X509Error> {
    let cert = parse(cert)?;
    if is_ca(&cert)? {
        return Err(X509Error::IsCa);
    }
    let usage = cert.extended_key_usage().map_err(|_| X509Error::Unreadable("certificate"))?;
    let only_seals = usage.is_some_and(|found| {
        let other = &found.value.other;
        let seals = other.first().and_then(|oid| oid.iter()).is_some_and(|mut arcs| {
            DOCUMENT_SIGNING.iter().all(|arc| arcs.next() == Some(*arc)) && arcs.next().is_none()
        });
        let found = found.value;
        let more = found.any
            || found.server_auth
            || found.client_auth
            || found.code_signing
            || found.email_protection
            || found.time_stamping
            || found.ocsp_signing;
        other.len() == 1 && seals && !more
    });
    if !only_seals {
        return Err(X509Error::NotForSealing);
    }
    let key = p256_key("sealing certificate", &cert)?;
    let holder = holder(&cert)?;
    if holder.member().is_none() {
        return Err(X509Error::NotForSealing);
    }
    Ok((holder, key))
}

/// The P-256 key that a certificate is over, whoever holds it, for signing statements: not a CA's,
/// nor one for TLS, mail, programs or time stamps, nor with a demand that is not understood. Its
/// signer and its validity are *not* looked at.
pub fn signing_key_of(cert: &CertificateDer<'_>) -> Result<PublicKey, X509Error> {
    let cert = parse(cert)?;
    if is_ca(&cert)? {
        return Err(X509Error::IsCa);
    }
    for extension in cert.extensions() {
        let is_for_signing = match extension.parsed_extension() {
            ParsedExtension::KeyUsage(usage) => usage.digital_signature(),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                !(usage.server_auth
                    || usage.client_auth
                    || usage.code_signing
                    || usage.email_protection
                    || usage.time_stamping
                    || usage.ocsp_signing)
            }
            ParsedExtension::BasicConstraints(_)
            | ParsedExtension::SubjectAlternativeName(_)
            | ParsedExtension::SubjectKeyIdentifier(_)
            | ParsedExtension::AuthorityKeyIdentifier(_) => true,
            _ => !extension.critical,
        };
        if !is_for_signing {
            return Err(X509Error::NotForSigning);
        }
    }
    p256_key("certificate", &cert)
}

fn p256_key(what: &'static str, cert: &X509Certificate<'_>) -> Result<PublicKey, X509Error> {
    let spki = cert.public_key();
    let curve = spki.algorithm.parameters.as_ref().and_then(|found| found.as_oid().ok());
    if spki.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY || curve != Some(OID_EC_P256) {
        return Err(X509Error::WrongAlgorithm(what, "P-256"));
    }
    Ok(PublicKey::new(Algorithm::Es256, &spki.subject_public_key.data)?)
}

pub(super) fn parse<'a>(cert: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, X509Error> {
    if cert.len() > CERTIFICATE_BYTES {
        return Err(X509Error::Unreadable("certificate"));
    }
    match X509Certificate::from_der(cert) {
        Ok(([], cert)) => Ok(cert),
        _ => Err(X509Error::Unreadable("certificate")),
    }
}

pub(super) fn is_ca(cert: &X509Certificate<'_>) -> Result<bool, X509Error> {
    let constraints = cert.basic_constraints().map_err(|_| X509Error::Unreadable("certificate"))?;
    let usage = cert.key_usage().map_err(|_| X509Error::Unreadable("certificate"))?;
    Ok(constraints.is_some_and(|found| found.value.ca)
        || usage.is_some_and(|found| found.value.key_cert_sign()))
}

pub(super) fn check_parsed_ca(cert: &X509Certificate<'_>) -> Result<(), X509Error> {
    let constraints = cert.basic_constraints().map_err(|_| X509Error::Unreadable("certificate"))?;
    let usage = cert.key_usage().map_err(|_| X509Error::Unreadable("certificate"))?;
    let may_sign = constraints.is_some_and(|found| found.value.ca)
        && usage.is_some_and(|found| found.value.key_cert_sign());
    if may_sign
        && cert.subject().as_raw() == cert.issuer().as_raw()
        && cert.verify_signature(None).is_ok()
    {
        Ok(())
    } else {
        Err(X509Error::NotACa)
    }
}

/// The root's own URI is `spiffe://<trust domain>` (SPIFFE X.509-SVID, 2).
pub(super) fn trust_domain(ca: &X509Certificate<'_>) -> Result<String, X509Error> {
    let uri = only_uri(ca)?;
    match uri.strip_prefix("spiffe://") {
        Some(domain) if crate::identity::is_trust_domain(domain) => Ok(domain.to_owned()),
        _ => Err(X509Error::NotACa),
    }
}

fn holder(cert: &X509Certificate<'_>) -> Result<Identity, X509Error> {
    Ok(only_uri(cert)?.parse()?)
}

fn only_uri<'a>(cert: &'a X509Certificate<'_>) -> Result<&'a str, X509Error> {
    let names =
        cert.subject_alternative_name().map_err(|_| X509Error::Unreadable("certificate"))?;
    let names = names.map_or(&[][..], |found| &found.value.general_names);
    let mut uris = names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    if names.iter().any(|name| matches!(name, GeneralName::Invalid(..))) {
        return Err(X509Error::Unreadable("certificate"));
    }
    match (uris.next(), uris.count()) {
        (Some(uri), 0) => Ok(uri),
        (None, _) => Err(X509Error::NotOneUri(0)),
        (Some(_), more) => Err(X509Error::NotOneUri(more + 1)),
    }
}

pub(super) fn ip(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}
