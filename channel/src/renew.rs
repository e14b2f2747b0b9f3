//! Renewing this system's certificate in place: the request is signed here, the authority renews,
//! the hub carries. Keys, statements, approvals and all else in the folder stay as they are; one
//! file is replaced.

use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use zerotrip_proto::v1::RenewRequest;
use zerotrip_proto::v1::authority_client::AuthorityClient;
use zerotrip_proto::{Refusal, bounds, v1::ErrorCode};
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::ending::{self, Ending};
use zerotrip_trust::renewal;
use zerotrip_trust::x509::{self, pem};

use crate::files::{self, Secrecy};
use crate::{HomeError, Http2Bounds, Http2Client, SystemHome, dial};

/// Time for the hub's answer, once connected.
const ANSWER_TIME: Duration = Duration::from_secs(5);

impl SystemHome {
    /// Asks for a renewed certificate; puts it in the place of the present one if the authority has
    /// renewed it, and says until when it holds. `None`: filed, and the authority has not
    /// renewed it yet. Needs no certificate that holds.
    pub async fn renew(&self, now: SystemTime) -> Result<Option<SystemTime>, HomeError> {
        // Another command may have put the renewed one there meanwhile.
        let present = Self::load(&self.folder)?;
        let own = present
            .certificate()
            .ok_or_else(|| HomeError::NotJoined(self.folder.display().to_string()))?;
        let signed = renewal::request(own, &present.tls_key, &present.sign)?;
        let stream = dial(&present.address, present.tls_or_none(bounds::ALPN_H2, now)?).await?;
        let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await?;
        let connection = tokio::spawn(connection);
        let mut authority =
            AuthorityClient::new(client).max_decoding_message_size(bounds::MESSAGE_BYTES);
        let reply = tokio::time::timeout(
            ANSWER_TIME,
            authority.renew(RenewRequest { renewal: Some(signed) }),
        )
        .await;
        connection.abort();
        let reply = reply.map_err(|_| {
            HomeError::Refused(Refusal::new(ErrorCode::SourceTimeout, "no answer within 5 s"))
        })?;
        let chain = reply
            .map_err(|status| HomeError::Refused(Refusal::from_status(&status)))?
            .into_inner()
            .certificate_chain;
        let chain: Vec<CertificateDer<'static>> =
            chain.into_iter().map(CertificateDer::from).collect();
        let Some(renewed) = chain.first() else { return Ok(None) };
        let ends = renewal::accept(renewed, own, &present.tls_key, &present.ca, now)?;
        let text: String = chain.iter().map(|cert| pem::encode(pem::CERTIFICATE, cert)).collect();
        files::write(&self.folder.join("tls.pem"), text.as_bytes(), Secrecy::Public)?;
        Ok(Some(ends))
    }

    /// What of this system ends: its certificate, its keys as the directory lists them, and the
    /// directory.
    pub fn endings(&self, directory: Option<&Directory>) -> Vec<Ending> {
        let uri = self.uri();
        let mut endings: Vec<Ending> = self.certificate_ending().into_iter().collect();
        if let Some(directory) = directory {
            endings.extend(ending::of_keys(directory, &uri, &renew_words()));
            endings.push(ending::of_directory(directory, &publish_words()));
        }
        endings
    }

    /// The end of this system's certificate.
    pub fn certificate_ending(&self) -> Option<Ending> {
        let validity = self.certificate().and_then(|own| x509::validity_of(own).ok())?;
        Some(ending::of_certificate(&self.uri(), validity, &renew_words()))
    }
}

fn renew_words() -> Bilingual {
    Bilingual::new(
        "ask for its renewal with `renew` (a connector that serves does so itself); the authority \
         renews it with `zerotrip authority refresh`, or by hand with `zerotrip member renew`",
        "请执行 `renew` 申请续期（运行中的连接器会自动申请），由数据主管部门执行 `zerotrip \
         authority refresh` 或 `zerotrip member renew` 办理",
    )
}

fn publish_words() -> Bilingual {
    Bilingual::new(
        "without a newer one nothing is answered: the authority has to publish one with `zerotrip \
         authority refresh`",
        "到期后一切请求均不予办理：请数据主管部门执行 `zerotrip authority refresh` 发布新版",
    )
}
