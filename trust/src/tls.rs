//! rustls configurations for the one port and for those who dial it. A peer is its certificate's
//! single URI, never its DNS name alone.
//!
//! Sessions are never resumed: a resumed session would skip the look at the peer's certificate.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::digest::{Digest, sha256};
use crate::directory::HubTls;
use crate::identity::Identity;
use crate::x509::{TlsKey, X509Error, check_ca, identity_of, key_digest, validity_of};

/// Why a configuration or a peer is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TlsError {
    /// The peer showed no certificate.
    #[error("the peer shows no certificate")]
    NoCertificate,
    /// The peer's certificate, or the CA's, cannot serve.
    #[error(transparent)]
    Certificate(#[from] X509Error),
    /// The peer has another identity.
    #[error("the server is `{found}`, not `{expected}`")]
    WrongPeer {
        /// Who was dialled.
        expected: String,
        /// Who answered.
        found: String,
    },
    /// The peer's certificate is from before it was admitted anew.
    #[error(
        "the certificate of `{0}` is from before it was admitted anew, and counts no more: \
         another machine may hold its former key"
    )]
    Superseded(String),
    /// The invitation's CA is not in the chain.
    #[error(
        "the server does not show the ca of the invitation; it is another hub, or a third party is \
         in between"
    )]
    PinNotFound,
    /// rustls itself, or key and certificate that do not match.
    #[error("tls cannot be set up: {0}")]
    Setup(String),
}

/// Makes ring's provider the process's default; call it first thing in `main`. Configurations made
/// here name it anyway.
pub fn install_provider() {
    // An error says that one is installed already, which is what we want.
    let _already = rustls::crypto::ring::default_provider().install_default().is_err();
}

/// For the one port: presents `chain` and the CA behind it (so that the invited can pin it), asks
/// for a client certificate of this CA, and lets a peer without one in: which calls it may make is
/// for the caller to decide, by [`peer_identity`].
pub fn server_config(
    chain: &[CertificateDer<'static>],
    key: &TlsKey,
    ca: &CertificateDer<'static>,
    alpn: &[&[u8]],
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut chain = chain.to_vec();
    if !chain.contains(ca) {
        chain.push(ca.clone());
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(ca)?, provider())
        .allow_unauthenticated()
        .build()
        .map_err(setup)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key.to_rustls())
        .map_err(setup)?;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// For a door that the public comes to, with a certificate of its own: HTTP/1.1, and no certificate
/// is asked for.
pub fn public_server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(setup)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Who is to answer where a peer is dialled.
#[derive(Clone, Debug)]
pub struct ExpectedPeer {
    identity: Identity,
    known: Option<HubTls>,
    may_have_ended: bool,
}

impl ExpectedPeer {
    /// This one, by a certificate that holds now.
    pub fn new(identity: &Identity) -> Self {
        Self { identity: identity.clone(), known: None, may_have_ended: false }
    }

    /// By a certificate that is not superseded by what a directory says of this hub.
    #[must_use]
    pub fn known_as(self, known: Option<HubTls>) -> Self {
        Self { known, ..self }
    }

    /// Also by a certificate that has ended: it is verified as of its end. Only for handing the
    /// peer a renewed one: the answering server learns only what is public.
    #[must_use]
    pub fn or_ended(self) -> Self {
        Self { may_have_ended: true, ..self }
    }
}

/// For dialling a peer: its chain verifies against this CA, it bears the dialled DNS or IP name,
/// and its one URI is the expected one. `identity` is our own chain and key, where we have them
/// already.
pub fn client_config(
    identity: Option<(&[CertificateDer<'static>], &TlsKey)>,
    ca: &CertificateDer<'static>,
    expected: ExpectedPeer,
    alpn: &[&[u8]],
) -> Result<Arc<ClientConfig>, TlsError> {
    let inner = WebPkiServerVerifier::builder_with_provider(roots(ca)?, provider())
        .build()
        .map_err(setup)?;
    finish_client(Arc::new(PeerVerifier { inner, expected }), identity, alpn)
}

/// For joining, with nothing but an invitation: takes only a hub whose chain holds the CA
/// certificate with this SHA-256, and whose own certificate verifies against it for the dialled
/// name. The CA is then found in [`PinnedCa`].
pub fn pinned_client_config(
    ca_sha256: Digest,
    alpn: &[&[u8]],
) -> Result<(Arc<ClientConfig>, PinnedCa), TlsError> {
    let found = PinnedCa::default();
    let verifier = Pinned { ca_sha256, found: found.clone(), provider: provider() };
    Ok((finish_client(Arc::new(verifier), None, alpn)?, found))
}

/// The CA certificate that a [`pinned_client_config`] has met; empty until a handshake succeeded.
#[derive(Clone, Debug, Default)]
pub struct PinnedCa(Arc<OnceLock<CertificateDer<'static>>>);

impl PinnedCa {
    /// The certificate, once a handshake has verified against it.
    pub fn get(&self) -> Option<&CertificateDer<'static>> {
        self.0.get()
    }
}

/// For dialling a server that is not a member's, such as a department's database: its chain
/// leads to one of these authorities, and it bears the dialled DNS or IP name.
pub fn foreign_client_config(
    authorities: &[CertificateDer<'static>],
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone()).map_err(setup)?;
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
        .build()
        .map_err(setup)?;
    finish_client(verifier, None, &[])
}

/// Who the peer is, from the certificates of a finished handshake (leaf first; an empty list where
/// it showed none).
pub fn peer_identity(certs: &[CertificateDer<'_>]) -> Result<Identity, TlsError> {
    Ok(identity_of(certs.first().ok_or(TlsError::NoCertificate)?)?)
}

fn finish_client(
    verifier: Arc<dyn ServerCertVerifier>,
    identity: Option<(&[CertificateDer<'static>], &TlsKey)>,
    alpn: &[&[u8]],
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(setup)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some((chain, key)) => {
            builder.with_client_auth_cert(chain.to_vec(), key.to_rustls()).map_err(setup)?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn roots(ca: &CertificateDer<'static>) -> Result<Arc<RootCertStore>, TlsError> {
    check_ca(ca)?;
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).map_err(setup)?;
    Ok(Arc::new(roots))
}

fn setup(error: impl std::fmt::Display) -> TlsError {
    TlsError::Setup(error.to_string())
}

fn refused(error: TlsError) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

fn end_of(cert: &CertificateDer<'_>) -> Result<UnixTime, rustls::Error> {
    let (_, ends) = validity_of(cert).map_err(|error| refused(error.into()))?;
    Ok(UnixTime::since_unix_epoch(ends.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()))
}

/// webpki's verdict, then the URI, then whether the certificate counts still.
#[derive(Debug)]
struct PeerVerifier {
    inner: Arc<WebPkiServerVerifier>,
    expected: ExpectedPeer,
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let expected = &self.expected;
        let now = if expected.may_have_ended { now.min(end_of(end_entity)?) } else { now };
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        let found = identity_of(end_entity).map_err(|error| refused(error.into()))?;
        if found != expected.identity {
            return Err(refused(TlsError::WrongPeer {
                expected: expected.identity.uri(),
                found: found.uri(),
            }));
        }
        if let Some(known) = &expected.known {
            let (begins, _) = validity_of(end_entity).map_err(|error| refused(error.into()))?;
            let key = key_digest(end_entity).map_err(|error| refused(error.into()))?;
            if known.supersedes(&key, begins) {
                return Err(refused(TlsError::Superseded(found.uri())));
            }
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The root is whichever certificate of the chain has the pinned digest; from there on as usual.
#[derive(Debug)]
struct Pinned {
    ca_sha256: Digest,
    found: PinnedCa,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let ca = intermediates
            .iter()
            .find(|cert| sha256(cert) == self.ca_sha256)
            .ok_or_else(|| refused(TlsError::PinNotFound))?;
        let ca = ca.clone().into_owned();
        let inner = WebPkiServerVerifier::builder_with_provider(
            roots(&ca).map_err(refused)?,
            self.provider.clone(),
        )
        .build()
        .map_err(|error| refused(setup(error)))?;
        let verified =
            inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let found = identity_of(end_entity).map_err(|error| refused(error.into()))?;
        if !found.is_hub() {
            return Err(refused(TlsError::WrongPeer {
                expected: "a hub".to_owned(),
                found: found.uri(),
            }));
        }
        self.found.0.get_or_init(|| ca);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
