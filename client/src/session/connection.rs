//! A connection to the hub as a system.

use std::time::SystemTime;

use zerotrip_channel::{BatchSigner, HomeError, Http2Bounds, Http2Client, Peer, SystemHome, dial};
use zerotrip_proto::bounds;
use zerotrip_proto::v1::authority_client::AuthorityClient;
use zerotrip_proto::v1::catalog_client::CatalogClient;
use zerotrip_proto::v1::exchange_client::ExchangeClient;
use zerotrip_proto::v1::ledger_client::LedgerClient;
use zerotrip_proto::v1::{
    CheckEntry, Envelope, GetDirectoryRequest, KeyDirectory, ListChecksRequest, Request,
};
use zerotrip_trust::directory::{Directory, DirectoryError};
use zerotrip_trust::signed;
use zerotrip_trust::tls::TlsError;

use super::call::answered;
use super::error::SessionError;

/// A connection as a system, before anything that the hub says is verified.
#[derive(Clone, Debug)]
pub struct Connection {
    pub(super) home: SystemHome,
    /// Signs the requests that are ready together, of all sessions of this connection.
    pub(super) requests: BatchSigner<Request>,
    client: Http2Client,
    /// Who was proven to answer, and by which certificate.
    hub: Option<Peer>,
}

impl Connection {
    /// Dials the hub as this system.
    pub async fn open(home: &SystemHome) -> Result<Self, SessionError> {
        Self::open_as(home, false).await
    }

    /// The same where the hub's own certificate may have ended: for the authority, to renew it.
    pub async fn open_to_ended_hub(home: &SystemHome) -> Result<Self, SessionError> {
        Self::open_as(home, true).await
    }

    async fn open_as(home: &SystemHome, hub_may_have_ended: bool) -> Result<Self, SessionError> {
        home.certificate_holds(SystemTime::now())?;
        let tls = if hub_may_have_ended {
            home.tls_to_ended_hub(bounds::ALPN_H2)?
        } else {
            home.tls(bounds::ALPN_H2)?
        };
        let stream = dial(&home.address, tls).await?;
        // The handshake has verified whose it is.
        let hub = Peer::shown(stream.get_ref().1.peer_certificates())?;
        let (client, ended) = Http2Client::handshake(stream, Http2Bounds::CLIENT).await?;
        tokio::spawn(ended);
        let requests = BatchSigner::new(home.sign.clone());
        Ok(Self { home: home.clone(), requests, client, hub })
    }

    /// The system's folder.
    pub fn home(&self) -> &SystemHome {
        &self.home
    }

    /// Members, directory and grants.
    pub fn authority(&self) -> AuthorityClient<Http2Client> {
        AuthorityClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// What can be asked.
    pub fn catalog(&self) -> CatalogClient<Http2Client> {
        CatalogClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// The tamper-evident log.
    pub fn ledger(&self) -> LedgerClient<Http2Client> {
        LedgerClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// Asking and issuing.
    pub fn exchange(&self) -> ExchangeClient<Http2Client> {
        ExchangeClient::new(self.client.clone()).max_decoding_message_size(bounds::MESSAGE_BYTES)
    }

    /// Fetches the newest key directory, which must not be older than the one kept here, and keeps
    /// it.
    pub async fn fetch_directory(&self) -> Result<Directory, SessionError> {
        let mut authority = self.authority();
        let reply = answered(authority.get_directory(GetDirectoryRequest {})).await?;
        let envelope = reply.directory.ok_or(SessionError::NoDirectory)?;
        let directory = self.home.accept_directory(&envelope, SystemTime::now()).map_err(
            |error| match error {
                HomeError::Directory(why) => SessionError::Directory(why),
                other => other.into(),
            },
        )?;
        if self.hub.as_ref().is_some_and(|hub| hub.is_superseded_hub(&directory)) {
            return Err(TlsError::Superseded(self.home.hub.uri()).into());
        }
        Ok(directory)
    }

    /// The key directory in force at the hub as it came: for the authority, which knows what it
    /// signed.
    pub async fn directory_envelope(&self) -> Result<Envelope, SessionError> {
        let reply = answered(self.authority().get_directory(GetDirectoryRequest {})).await?;
        reply.directory.ok_or(SessionError::NoDirectory)
    }

    /// The key directory in force at the hub, as the authority signed it, however old: kept
    /// nowhere, and not to rely upon.
    pub async fn key_directory(&self) -> Result<KeyDirectory, SessionError> {
        let envelope = self.directory_envelope().await?;
        Ok(signed::open::<KeyDirectory>(&envelope, &self.home.authority)
            .map_err(DirectoryError::from)?)
    }

    /// Every check in the catalog.
    pub async fn checks(&self) -> Result<Vec<CheckEntry>, SessionError> {
        self.checks_of("").await
    }

    /// The variants of one check in the catalog.
    pub async fn checks_of(&self, name: &str) -> Result<Vec<CheckEntry>, SessionError> {
        let (mut catalog, name) = (self.catalog(), name.to_owned());
        Ok(answered(catalog.list_checks(ListChecksRequest { name })).await?.checks)
    }
}
