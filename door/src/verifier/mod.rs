//! Certificates out of wallets: OpenID4VP 1.0, the verifier's side. A request is made at the
//! counter (`zerotrip request`), fetched and answered by a wallet at the door, and its outcome is
//! read at the counter again.
//!
//! A request asks for what the settings say and for nothing else. An answer that shows more than
//! was asked for is refused, and nothing of it is kept.

mod dcql;
mod folder;
mod judging;
mod outcome;
mod request;
mod response;
mod verifying;

pub use folder::{NewRequest, Requests};
pub(crate) use judging::{judge_with_list, verdict_of};
pub use outcome::Outcome;
pub(crate) use response::response;
pub(crate) use verifying::{Verifying, no_request};

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zerotrip_channel::files;
use zerotrip_trust::digest::sha256;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::x509::{CertificateDer, pem, validity_of};

use crate::error::DoorError;
use crate::http::path;
use crate::settings::VerifierSettings;

/// By what a verifier is known to wallets: the certificate over the key that signs its requests.
#[derive(Clone, Debug)]
pub struct RequestSigner {
    key: SigningKey,
    leaf: CertificateDer<'static>,
}

impl RequestSigner {
    /// What the settings name.
    pub fn load(settings: &VerifierSettings, now: SystemTime) -> Result<Self, DoorError> {
        let key = SigningKey::from_pkcs8_pem(&files::read_text(&settings.key)?)?;
        let path = &settings.certificate;
        let wrong = |why: &'static str| DoorError::Certificate { path: path.clone(), why };
        let leaf = pem::certificate(&files::read_text(path)?)
            .map_err(|_| wrong("it is not one certificate (PEM)"))?;
        let (begins, ends) =
            validity_of(&leaf).map_err(|_| wrong("it is not a certificate that can be read"))?;
        if now < begins || now >= ends {
            return Err(wrong("it does not hold now"));
        }
        let is_over = zerotrip_trust::x509::is_over_signing_key(&leaf, key.public());
        if !is_over.map_err(|_| wrong("it is not a certificate that can be read"))? {
            return Err(wrong("it is not over the key"));
        }
        Ok(Self { key, leaf })
    }

    /// The client identifier (OpenID4VP 1.0, 5.9.3).
    pub fn client_id(&self) -> String {
        format!("x509_hash:{}", URL_SAFE_NO_PAD.encode(sha256(&self.leaf)))
    }
}

/// The request, as a wallet opens it: a link, or the content of a QR code.
pub fn request_uri(signer: &RequestSigner, door: &str, id: &str) -> String {
    format!(
        "openid4vp://?client_id={}&request_uri={}",
        path::encode(&signer.client_id()),
        path::encode(&format!("{door}{}", path::request(id)))
    )
}
