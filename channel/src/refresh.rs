//! Fetching the newest key directory for a system that was away longer than a directory lives. The
//! hub hands it over; the authority's own key, pinned when the system joined, says whether it
//! counts.

use std::time::{Duration, SystemTime};

use zerotrip_proto::v1::authority_client::AuthorityClient;
use zerotrip_proto::v1::{ErrorCode, GetDirectoryRequest};
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::directory::{Directory, DirectoryError};

use crate::{HomeError, Http2Bounds, Http2Client, SystemHome, dial};

/// Time for the hub's answer, once connected.
const ANSWER_TIME: Duration = Duration::from_secs(5);

impl SystemHome {
    /// The kept key directory if it still holds; if it has expired or is missing, the newest of the
    /// hub's, which is kept. A kept one that is damaged, or not the authority's, is an error:
    /// a person should look at the folder.
    pub async fn current_directory(&self, now: SystemTime) -> Result<Directory, HomeError> {
        match self.directory(now) {
            Err(HomeError::Directory(DirectoryError::Expired(_))) => {
                self.refresh_directory(now).await
            }
            Err(HomeError::File(file)) if file.error.kind() == std::io::ErrorKind::NotFound => {
                self.refresh_directory(now).await
            }
            kept => kept,
        }
    }

    /// Fetches the newest key directory from the hub, verifies it with the authority's key, and
    /// keeps it. One older than the kept one, expired or not, is refused.
    pub async fn refresh_directory(&self, now: SystemTime) -> Result<Directory, HomeError> {
        let stream = dial(&self.address, self.tls_or_none(bounds::ALPN_H2, now)?).await?;
        let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await?;
        let connection = tokio::spawn(connection);
        let mut authority =
            AuthorityClient::new(client).max_decoding_message_size(bounds::MESSAGE_BYTES);
        let reply =
            tokio::time::timeout(ANSWER_TIME, authority.get_directory(GetDirectoryRequest {}))
                .await;
        connection.abort();
        let reply = reply.map_err(|_| {
            HomeError::Refused(Refusal::new(ErrorCode::SourceTimeout, "no answer within 5 s"))
        })?;
        let reply =
            reply.map_err(|status| HomeError::Refused(Refusal::from_status(&status)))?.into_inner();
        let envelope = reply.directory.ok_or(HomeError::NoDirectory)?;
        self.accept_directory(&envelope, now)
    }
}
