//! HTTP/2 over mutual TLS, with the roles either way round: whichever end dialled, either may serve
//! gRPC on the socket. The hub's port, the connector's channel and every client speak through here,
//! so that each bound is set once, explicitly.
//!
//! Never decides who may do what: it carries the peer's [`Identity`] to those who do.

mod client;
mod corked;
pub mod deadline;
mod dial;
pub mod files;
mod home;
mod join;
pub mod new_file;
pub mod private_folder;
mod refresh;
mod renew;
mod server;
mod signer;

pub use client::{ClientError, Http2Client};
pub use dial::{Address, DialError, Stream, dial};
pub use home::{HomeError, SystemHome};
pub use join::{JoinError, join};
pub use server::{Served, serve};
pub use signer::BatchSigner;

use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use zerotrip_trust::Digest;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::tls::{self, TlsError};
use zerotrip_trust::x509;

pub use zerotrip_trust::identity::Identity;

/// Who is at the other end of the connection that a request came on, by its TLS certificate. Found
/// in a request's extensions; not there for a client without a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The one system or hub that the certificate names.
    pub identity: Identity,
    /// SHA-256 of the public key that it is over: one over another key than the directory states
    /// counts no more.
    pub tls_key: Digest,
    /// The certificate's beginning.
    pub certified_since: SystemTime,
    /// The certificate's end, with which the connection ends.
    pub certified_until: SystemTime,
}

impl Peer {
    /// Whether this is a hub whose certificate was superseded by what this directory says. A newer
    /// directory may say so of the system that presents it.
    pub fn is_superseded_hub(&self, directory: &Directory) -> bool {
        directory
            .hub_tls(&self.identity)
            .is_some_and(|known| known.supersedes(&self.tls_key, self.certified_since))
    }

    /// Who showed these certificates in the handshake of a connection, which verified them; `None`
    /// where there are none.
    pub fn shown(certificates: Option<&[CertificateDer<'_>]>) -> Result<Option<Self>, TlsError> {
        let Some(certificates) = certificates.filter(|certificates| !certificates.is_empty())
        else {
            return Ok(None);
        };
        let identity = tls::peer_identity(certificates)?;
        let leaf = certificates.first().ok_or(TlsError::NoCertificate)?;
        let (certified_since, certified_until) = x509::validity_of(leaf)?;
        Ok(Some(Self {
            identity,
            tls_key: x509::key_digest(leaf)?,
            certified_since,
            certified_until,
        }))
    }
}

/// Every HTTP/2 bound, one place. A stalled reader holds at most one stream window; all stalled
/// readers of one connection together stay under the connection window, so that small answers
/// always pass.
#[derive(Clone, Copy, Debug)]
pub struct Http2Bounds {
    /// Streams open at once on one connection.
    pub streams: u32,
    /// Bytes that one stream may have in flight unread.
    pub stream_window: u32,
    /// Bytes that one connection may have in flight unread.
    pub connection_window: u32,
    /// Bytes of one request's headers.
    pub header_list: u32,
    /// Silence after which the peer is asked for a sign of life.
    pub ping_interval: Duration,
    /// Time it has for that. With the interval: a dead socket is noticed within a second.
    pub ping_timeout: Duration,
    /// Streams that a peer may open and reset before it is taken for a rapid-reset flood
    /// (CVE-2023-44487).
    pub pending_resets: usize,
}

impl Http2Bounds {
    /// Between the hub and those who ask: a machine that is busy asking a thousand things has time
    /// to say that it lives.
    pub const CLIENT: Self = Self {
        ping_interval: Duration::from_secs(2),
        ping_timeout: Duration::from_secs(10),
        ..Self::STANDARD
    };

    /// For the channel.
    pub const STANDARD: Self = Self {
        streams: 256,
        stream_window: 64 << 10,
        connection_window: 32 << 20,
        header_list: 16 << 10,
        ping_interval: Duration::from_millis(400),
        ping_timeout: Duration::from_millis(500),
        pending_resets: 32,
    };
}
