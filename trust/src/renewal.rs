//! Renewing a certificate in place: what its holder signs for it, what the authority requires
//! before it renews, and what the holder requires of what comes back.
//!
//! No renewal brings in a key: the request is signed with a SIGN key that the directory lists as
//! the holder's and live, and carries a request over the very key of the certificate that it
//! renews. So it only extends time, and ends with a suspension or a revocation.
//! Replayed, it gives the same holder the same.

use std::net::IpAddr;
use std::time::SystemTime;
use zerotrip_text::cut;

use rustls_pki_types::CertificateDer;
use zerotrip_proto::v1::{self, Envelope, ErrorCode};

use crate::directory::{Directory, SignedError, Why};
use crate::dsse::DsseError;
use crate::identity::Identity;
use crate::keys::SigningKey;
use crate::signed;
use crate::x509::{self, TlsKey, X509Error};

/// Largest envelope of a request.
pub const RENEWAL_BYTES: usize = 48 << 10;

/// A request whose every claim was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Whose certificate it is.
    pub holder: Identity,
    /// The request over its key.
    pub csr: Vec<u8>,
    /// DNS names that it bears; a hub's only.
    pub dns: Vec<String>,
    /// IP names that it bears; a hub's only.
    pub ips: Vec<IpAddr>,
    /// When it began.
    pub began: SystemTime,
    /// When it ends or has ended.
    pub ends: SystemTime,
}

/// Why nothing is renewed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewalError {
    /// The envelope.
    #[error(transparent)]
    Envelope(#[from] DsseError),
    /// The key that signed it.
    #[error("the key that signed the request for renewal: {0}")]
    Key(Why),
    /// It is signed by another than it names.
    #[error("the request for renewal names `{named}`, and is signed by `{signer}`")]
    NotTheHolder {
        /// In the request.
        named: String,
        /// By the directory.
        signer: String,
    },
    /// A certificate or a certification request.
    #[error(transparent)]
    Certificate(#[from] X509Error),
    /// The request is over another key than the certificate.
    #[error(
        "the request for renewal is over another key than the certificate; a new key takes a new \
         invitation"
    )]
    AnotherKey,
    /// Another TLS key was admitted since.
    #[error(
        "the certificate is over a TLS key that was superseded when its holder was admitted anew; \
         it is not renewed"
    )]
    Superseded,
    /// Larger than any honest one.
    #[error("the request for renewal is over 48 KiB")]
    TooLarge,
    /// What came back ends no later than what is there.
    #[error("what came back ends no later than the present certificate")]
    NotLater,
}

impl From<SignedError> for RenewalError {
    fn from(error: SignedError) -> Self {
        match error {
            SignedError::Envelope(error) => Self::Envelope(error),
            SignedError::Key(why) => Self::Key(why),
        }
    }
}

impl RenewalError {
    /// The code that a caller sees.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Envelope(error) => error.code(),
            Self::Key(why) => why.code(),
            Self::NotTheHolder { .. } | Self::Superseded => ErrorCode::BadSignature,
            Self::TooLarge => ErrorCode::TooLarge,
            Self::Certificate(_) | Self::AnotherKey | Self::NotLater => ErrorCode::Malformed,
        }
    }
}

/// What the holder of a certificate signs to have it renewed.
pub fn request(
    certificate: &CertificateDer<'_>,
    tls: &TlsKey,
    sign: &SigningKey,
) -> Result<Envelope, RenewalError> {
    let holder = x509::identity_of(certificate)?;
    if !x509::is_over_key(certificate, tls)? {
        return Err(RenewalError::AnotherKey);
    }
    let csr = x509::make_csr(tls, &holder, &[], &[])?;
    let message = v1::Renewal { holder: holder.uri(), certificate: certificate.to_vec(), csr };
    Ok(signed::seal(&message, sign)?)
}

/// What a request asks, if all of this holds: a SIGN key that is live now signed it; the key's
/// holder is the one that it names; the certificate is the holder's and of this root; and the
/// certification request is the holder's, over the same key, which is the one that the
/// directory names.
pub fn open(
    envelope: &Envelope,
    directory: &Directory,
    ca: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<Renewal, RenewalError> {
    if envelope.payload.len() > RENEWAL_BYTES {
        return Err(RenewalError::TooLarge);
    }
    let (message, signer) = directory.open_signed::<v1::Renewal>(envelope, now)?;
    if message.holder != signer.uri {
        let named = cut(&message.holder);
        return Err(RenewalError::NotTheHolder { named, signer: signer.uri.clone() });
    }
    let certificate = CertificateDer::from(message.certificate);
    x509::check_issued_by(&certificate, ca)?;
    for named in [x509::identity_of(&certificate)?, x509::system_of_csr(&message.csr)?] {
        if named != signer.identity {
            return Err(X509Error::WrongHolder {
                expected: signer.uri.clone(),
                found: named.uri(),
            }
            .into());
        }
    }
    if !x509::is_request_over_key_of(&message.csr, &certificate)? {
        return Err(RenewalError::AnotherKey);
    }
    let key = x509::key_digest(&certificate)?;
    let named = directory
        .system(&signer.uri)
        .map(|system| system.tls_key)
        .or_else(|| directory.hub(&signer.uri).map(|hub| hub.tls_key));
    if named != Some(key) {
        return Err(RenewalError::Superseded);
    }
    let (dns, ips) = x509::names_of(&certificate)?;
    let (began, ends) = x509::validity_of(&certificate)?;
    Ok(Renewal { holder: signer.identity.clone(), csr: message.csr, dns, ips, began, ends })
}

/// When the renewed certificate ends, if it may take the place of the present one: of the same
/// holder, over the same key, of the same root, with the same names, and for longer.
pub fn accept(
    renewed: &CertificateDer<'_>,
    present: &CertificateDer<'_>,
    tls: &TlsKey,
    ca: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<SystemTime, RenewalError> {
    x509::check_issued_by(renewed, ca)?;
    let (expected, found) = (x509::identity_of(present)?, x509::identity_of(renewed)?);
    if found != expected {
        return Err(X509Error::WrongHolder { expected: expected.uri(), found: found.uri() }.into());
    }
    if !x509::is_over_key(renewed, tls)? || x509::names_of(renewed)? != x509::names_of(present)? {
        return Err(RenewalError::AnotherKey);
    }
    let ((_, before), (begins, ends)) = (x509::validity_of(present)?, x509::validity_of(renewed)?);
    if ends <= before || ends <= now {
        return Err(RenewalError::NotLater);
    }
    if begins > now {
        return Err(X509Error::NotValidNow.into());
    }
    Ok(ends)
}

#[cfg(test)]
mod tests;
