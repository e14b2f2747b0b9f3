//! The request that carries the public half of a TLS key to the authority.

use std::net::IpAddr;

use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, SanType};
use rustls_pki_types::CertificateDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY};
use x509_parser::prelude::FromDer as _;

use super::read::{ip, parse};
use super::{CERTIFICATE_BYTES, TlsKey, X509Error};
use crate::identity::Identity;
use crate::keys::{Algorithm, PublicKey};

/// A PKCS #10 request (RFC 2986), DER. DNS and IP names are for hubs only.
pub fn make_csr(
    key: &TlsKey,
    identity: &Identity,
    dns: &[String],
    ips: &[IpAddr],
) -> Result<Vec<u8>, X509Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(identity);
    params.subject_alt_names = alternative_names(&identity.uri(), dns, ips)?;
    params.is_ca = IsCa::ExplicitNoCa;
    Ok(params.serialize_request(key.0.as_ref())?.der().to_vec())
}

/// The system that a request asks a certificate for, after checking its own signature and every
/// rule of [`super::CertificateAuthority::sign_csr`] that does not depend on what the authority
/// expects.
pub fn system_of_csr(csr: &[u8]) -> Result<Identity, X509Error> {
    Ok(Checked::read(csr)?.identity)
}

/// Whether a request is over the key of this certificate. Its own signature, which is verified,
/// proves that its maker has the key.
pub fn is_request_over_key_of(csr: &[u8], cert: &CertificateDer<'_>) -> Result<bool, X509Error> {
    let request = Checked::read(csr)?;
    Ok(*parse(cert)?.public_key().subject_public_key.data == *request.public_key.bytes())
}

/// A request that was read, with its proof of possession verified. Only the public key and the
/// names come out: nothing else that a request asks for can end up in a certificate.
pub(super) struct Checked {
    pub(super) identity: Identity,
    pub(super) public_key: PublicKey,
    pub(super) dns: Vec<String>,
    pub(super) ips: Vec<IpAddr>,
}

impl Checked {
    pub(super) fn read(der: &[u8]) -> Result<Self, X509Error> {
        const WHAT: &str = "certification request";
        if der.len() > CERTIFICATE_BYTES {
            return Err(X509Error::Unreadable(WHAT));
        }
        let Ok(([], csr)) = X509CertificationRequest::from_der(der) else {
            return Err(X509Error::Unreadable(WHAT));
        };
        csr.verify_signature().map_err(|_| X509Error::BadSignature(WHAT))?;
        let spki = &csr.certification_request_info.subject_pki;
        let curve =
            spki.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
        if spki.algorithm.algorithm != OID_KEY_TYPE_EC_PUBLIC_KEY || curve != Some(OID_EC_P256) {
            return Err(X509Error::WrongAlgorithm(WHAT, "P-256"));
        }
        let public_key = PublicKey::new(Algorithm::Es256, &spki.subject_public_key.data)?;
        let mut names = None;
        let mut extension_lists = 0;
        for attribute in csr.certification_request_info.iter_attributes() {
            let ParsedCriAttribute::ExtensionRequest(list) = attribute.parsed_attribute() else {
                continue;
            };
            extension_lists += 1;
            for extension in &list.extensions {
                match extension.parsed_extension() {
                    ParsedExtension::SubjectAlternativeName(found) if names.is_none() => {
                        names = Some(&found.general_names)
                    }
                    ParsedExtension::BasicConstraints(found) if found.ca => {
                        return Err(X509Error::IsCa);
                    }
                    ParsedExtension::KeyUsage(found)
                        if found.key_cert_sign() || found.crl_sign() =>
                    {
                        return Err(X509Error::IsCa);
                    }
                    ParsedExtension::BasicConstraints(_)
                    | ParsedExtension::KeyUsage(_)
                    | ParsedExtension::ExtendedKeyUsage(_) => {}
                    _ => return Err(X509Error::ExtensionNotAllowed),
                }
            }
        }
        if extension_lists > 1 {
            return Err(X509Error::Unreadable(WHAT));
        }
        let (mut uris, mut dns, mut ips) = (Vec::new(), Vec::new(), Vec::new());
        for name in names.into_iter().flatten() {
            match name {
                GeneralName::URI(uri) => uris.push(*uri),
                GeneralName::DNSName(name) => dns.push((*name).to_owned()),
                GeneralName::IPAddress(octets) => {
                    ips.push(ip(octets).ok_or(X509Error::Unreadable(WHAT))?)
                }
                other => {
                    return Err(X509Error::NameNotAllowed(
                        other.to_string().chars().take(100).collect(),
                    ));
                }
            }
        }
        let [uri] = uris.as_slice() else { return Err(X509Error::NotOneUri(uris.len())) };
        Ok(Self { identity: uri.parse()?, public_key, dns, ips })
    }
}

/// For people's eyes; programs read the URI. Each part stays within RFC 5280's 64 characters.
pub(super) fn subject(identity: &Identity) -> DistinguishedName {
    let (organisation, name) = match identity {
        Identity::System { member, system, .. } => (member.as_str(), system.as_str()),
        Identity::Hub { trust_domain, hub } => (trust_domain.as_str(), hub.as_str()),
        Identity::Authority { trust_domain } => (trust_domain.as_str(), "authority"),
    };
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, organisation);
    subject.push(DnType::CommonName, name);
    subject
}

pub(super) fn alternative_names(
    uri: &str,
    dns: &[String],
    ips: &[IpAddr],
) -> Result<Vec<SanType>, X509Error> {
    let mut names = vec![SanType::URI(uri.try_into()?)];
    for name in dns {
        names.push(SanType::DnsName(name.as_str().try_into()?));
    }
    names.extend(ips.iter().copied().map(SanType::IpAddress));
    Ok(names)
}
