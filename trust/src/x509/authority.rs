//! The root: its key stays with the authority, and no hub ever holds it.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zerotrip_text::cut;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData,
    SerialNumber, SignatureAlgorithm,
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::read::{check_parsed_ca, parse, trust_domain};
use super::request::{Checked, alternative_names, subject};
use super::{DOCUMENT_SIGNING, X509Error, pem};
use crate::digest;
use crate::identity::Identity;
use crate::keys::{Algorithm, KeyError, PublicKey};

/// The trust domain's root CA with its private key: P-256, path length 0, so that it signs holders
/// and no further CA.
pub struct CertificateAuthority {
    cert: CertificateDer<'static>,
    trust_domain: String,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// A new root for a trust domain, valid from `not_before` for `validity`. Its own URI is
    /// `spiffe://<trust domain>`.
    pub fn generate(
        trust_domain: &str,
        not_before: SystemTime,
        validity: Duration,
    ) -> Result<Self, X509Error> {
        Identity::authority(trust_domain)?;
        let mut name = DistinguishedName::new();
        name.push(DnType::OrganizationName, trust_domain);
        name.push(DnType::CommonName, "Zerotrip root");
        let mut params =
            params(not_before, not_before.checked_add(validity).ok_or(X509Error::BadValidity)?)?;
        params.distinguished_name = name;
        params.subject_alt_names =
            alternative_names(&format!("spiffe://{trust_domain}"), &[], &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let cert = params.self_signed(&key)?.der().clone();
        Self::new(cert, key)
    }

    /// From a certificate and its private key (PKCS #8), both PEM.
    pub fn from_pem(cert: &str, key: &str) -> Result<Self, X509Error> {
        let cert = pem::certificate(cert)?;
        let key = pem::decode_one(key, pem::PRIVATE_KEY)?;
        let key = KeyPair::from_pkcs8_der_and_sign_algo(
            &PrivatePkcs8KeyDer::from(key),
            &PKCS_ECDSA_P256_SHA256,
        )
        .map_err(|_| X509Error::WrongAlgorithm("private key", "P-256 in PKCS #8"))?;
        Self::new(cert, key)
    }

    /// The certificate.
    pub fn cert_der(&self) -> &CertificateDer<'static> {
        &self.cert
    }

    /// The certificate in PEM.
    pub fn cert_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.cert)
    }

    /// The private key in PEM. This is the root of all trust: write it readable to its owner only.
    pub fn key_pem(&self) -> String {
        pem::encode(pem::PRIVATE_KEY, self.issuer.key().serialized_der())
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// A certificate for a system or hub, over the key of its request (PKCS #10, DER).
    ///
    /// The request's own signature verifies, its one URI is `expected`'s, it asks for no CA and no
    /// unusual extension, and for no DNS or IP name that is not in `dns` and `ips`. The
    /// certificate carries exactly `dns` and `ips`; only a hub may have any.
    pub fn sign_csr(
        &self,
        csr: &[u8],
        expected: &Identity,
        dns: &[String],
        ips: &[IpAddr],
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> Result<CertificateDer<'static>, X509Error> {
        let request = Checked::read(csr)?;
        if request.identity != *expected {
            return Err(X509Error::WrongHolder {
                expected: expected.uri(),
                found: request.identity.uri(),
            });
        }
        if expected.trust_domain() != self.trust_domain
            || matches!(expected, Identity::Authority { .. })
        {
            let expected_holder = format!("a system or hub of spiffe://{}", self.trust_domain);
            return Err(X509Error::WrongHolder {
                expected: expected_holder,
                found: expected.uri(),
            });
        }
        let refused_dns = request.dns.iter().find(|name| !dns.contains(name)).cloned();
        let refused_ip = request.ips.iter().find(|ip| !ips.contains(ip)).map(ToString::to_string);
        let not_a_hub = (!expected.is_hub())
            .then(|| dns.first().cloned().or_else(|| ips.first().map(ToString::to_string)))
            .flatten();
        if let Some(name) = refused_dns.or(refused_ip).or(not_a_hub) {
            return Err(X509Error::NameNotAllowed(cut(&name)));
        }
        let mut params = self.leaf_params(expected, dns, ips, not_before, not_after)?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        Ok(params.signed_by(&SubjectKey(&request.public_key), &self.issuer)?.der().clone())
    }

    /// The certificate of the authority's signing key (Ed25519), with which directories and grants
    /// are sealed. No TLS peer takes it.
    pub fn sign_authority_key(
        &self,
        key: &PublicKey,
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> Result<CertificateDer<'static>, X509Error> {
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(X509Error::WrongAlgorithm("authority's certificate", "Ed25519"));
        }
        let holder = Identity::authority(&self.trust_domain)?;
        let mut params = self.leaf_params(&holder, &[], &[], not_before, not_after)?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())];
        Ok(params.signed_by(&SubjectKey(key), &self.issuer)?.der().clone())
    }

    /// A certificate of a system's sealing key (P-256), for those who trust this root and know no
    /// key directory. No TLS peer takes it.
    pub fn sign_seal_key(
        &self,
        key: &PublicKey,
        holder: &Identity,
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> Result<CertificateDer<'static>, X509Error> {
        if key.algorithm() != Algorithm::Es256 {
            return Err(X509Error::WrongAlgorithm("sealing certificate", "P-256"));
        }
        if holder.trust_domain() != self.trust_domain || holder.member().is_none() {
            return Err(X509Error::WrongHolder {
                expected: format!("a system of spiffe://{}", self.trust_domain),
                found: holder.uri(),
            });
        }
        let mut params = self.leaf_params(holder, &[], &[], not_before, not_after)?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::Other(DOCUMENT_SIGNING.to_vec())];
        Ok(params.signed_by(&SubjectKey(key), &self.issuer)?.der().clone())
    }

    fn new(cert: CertificateDer<'static>, key: KeyPair) -> Result<Self, X509Error> {
        let parsed = parse(&cert)?;
        check_parsed_ca(&parsed)?;
        if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
            return Err(X509Error::KeyMismatch);
        }
        let trust_domain = trust_domain(&parsed)?;
        let issuer = Issuer::from_ca_cert_der(&cert, key)?;
        Ok(Self { cert, trust_domain, issuer })
    }

    fn leaf_params(
        &self,
        holder: &Identity,
        dns: &[String],
        ips: &[IpAddr],
        not_before: SystemTime,
        not_after: SystemTime,
    ) -> Result<CertificateParams, X509Error> {
        let mut params = params(not_before, not_after)?;
        params.distinguished_name = subject(holder);
        params.subject_alt_names = alternative_names(&holder.uri(), dns, ips)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        Ok(params)
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateAuthority({})", self.trust_domain)
    }
}

/// A public key as rcgen wants it.
struct SubjectKey<'a>(&'a PublicKey);

impl PublicKeyData for SubjectKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.0.algorithm() {
            Algorithm::Ed25519 => &PKCS_ED25519,
            Algorithm::Es256 => &PKCS_ECDSA_P256_SHA256,
        }
    }
}

/// Validity and serial number; the rest is the caller's.
fn params(not_before: SystemTime, not_after: SystemTime) -> Result<CertificateParams, X509Error> {
    const YEAR_10000: u64 = 253_402_300_800;
    let since_1970 = |time: SystemTime| {
        let seconds =
            time.duration_since(UNIX_EPOCH).map_err(|_| X509Error::BadValidity)?.as_secs();
        if seconds < YEAR_10000 {
            Ok(Duration::from_secs(seconds))
        } else {
            Err(X509Error::BadValidity)
        }
    };
    if not_after <= not_before {
        return Err(X509Error::BadValidity);
    }
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + since_1970(not_before)?;
    params.not_after = epoch + since_1970(not_after)?;
    params.serial_number = Some(serial()?);
    Ok(params)
}

/// Sixteen random octets, positive and without leading zeros (RFC 5280, 4.1.2.2).
fn serial() -> Result<SerialNumber, KeyError> {
    let mut bytes = digest::random::<16>()?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}
