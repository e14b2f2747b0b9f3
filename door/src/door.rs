//! What the door has, and which of its parts answers what is called.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::sync::Semaphore;
use zerotrip_certificates::sdjwt;
use zerotrip_channel::files;
use zerotrip_client::issued::StatusSettings;
use zerotrip_trust::tls::public_server_config;
use zerotrip_trust::x509::pem;

use crate::bounds::SEALING;
use crate::error::DoorError;
use crate::http::{Action, Call, Form, Rate, Refused, Reply};
use crate::issuing::Seals;
use crate::offers::Offers;
use crate::page;
use crate::settings::DoorSettings;
use crate::verifier::{RequestSigner, Verifying, no_request, response};
use crate::wallets::{self, Attesters, Nonces};

/// A door that can be opened.
pub struct Door {
    pub(crate) settings: DoorSettings,
    pub(crate) offers: Offers,
    pub(crate) seals: Arc<dyn Seals>,
    pub(crate) nonces: Nonces,
    pub(crate) sealing: Arc<Semaphore>,
    pub(crate) rate: Rate,
    /// Who vouches for wallets and their keys, where that is demanded.
    pub(crate) attesters: Option<Attesters>,
    pub(crate) verifying: Option<Verifying>,
    /// Of the system.
    pub(crate) home: PathBuf,
    /// Where status lists are, if anywhere.
    pub(crate) lists: Option<PathBuf>,
}

impl Door {
    /// The door of the system in this folder, which seals so.
    pub fn new(home: &Path, seals: Arc<dyn Seals>) -> Result<Self, DoorError> {
        let settings = DoorSettings::read(home)?;
        let now = SystemTime::now();
        let verifying = match &settings.verifier {
            None => None,
            Some(verifier) => {
                // Read anew for each request: it can be renewed meanwhile.
                RequestSigner::load(verifier, now)?;
                Some(Verifying::of(home, verifier))
            }
        };
        let own = StatusSettings::read(home).map_err(|error| DoorError::Settings {
            path: home.join(zerotrip_client::issued::FILE),
            why: error.to_string(),
        })?;
        let lists = verifying.as_ref().map(|verifying| verifying.lists.clone());
        Ok(Self {
            offers: Offers::of(home),
            nonces: Nonces::new()?,
            sealing: Arc::new(Semaphore::new(SEALING)),
            rate: Rate::new(Instant::now()),
            attesters: settings.attestation.as_ref().map(Attesters::load).transpose()?,
            lists: lists.or_else(|| own.map(|own| own.folder)),
            home: home.to_owned(),
            settings,
            seals,
            verifying,
        })
    }

    /// The address by which wallets reach it.
    pub fn uri(&self) -> &str {
        &self.settings.uri
    }

    pub(crate) fn tls(&self) -> Result<Option<Arc<ServerConfig>>, DoorError> {
        let Some((certificate, key)) = &self.settings.tls else { return Ok(None) };
        let wrong = |path: &Path, why| DoorError::Certificate { path: path.to_owned(), why };
        let chain = pem::certificates(&files::read_text(certificate)?)
            .map_err(|_| wrong(certificate, "it is not a chain of certificates (PEM)"))?;
        let private = PrivateKeyDer::from_pem_slice(&files::read(key)?)
            .map_err(|_| wrong(key, "it is not a private key (PEM)"))?;
        let config = public_server_config(chain, private)
            .map_err(|_| wrong(certificate, "chain and key cannot be used together"))?;
        Ok(Some(config))
    }

    /// Erases what has ended.
    pub(crate) fn sweep(&self, now: SystemTime) {
        if let Err(error) = self.offers.sweep(now) {
            tracing::error!(%error, "offers that have ended could not be erased");
        }
        let Some(verifying) = &self.verifying else { return };
        if let Err(error) = verifying.requests.sweep(now) {
            tracing::error!(%error, "requests that have ended could not be erased");
        }
        verifying.forget_ended(now);
    }

    /// Does what is called.
    pub(crate) async fn act(self: &Arc<Self>, call: &Call, body: &Bytes) -> Result<Reply, Refused> {
        let id = call.id.as_deref().unwrap_or_default();
        match call.route.action {
            Action::Issuer => wallets::issuer(self).map_err(|error| Refused::ours(&error)),
            Action::AuthorizationServer => Ok(wallets::authorization_server(self)),
            Action::Token => wallets::token(self, call, &form(body)?),
            Action::Nonce => {
                let nonce = self.nonces.give(SystemTime::now());
                let nonce = nonce.map_err(|error| Refused::ours(&error))?;
                Ok(Reply::json(&json!({ "c_nonce": nonce })))
            }
            Action::Credential => {
                let asked = sdjwt::object(body).map_err(|_| {
                    let why = "it is not an object of JSON with each name once";
                    Refused::bad("invalid_credential_request", why)
                })?;
                wallets::credential(self, call, &asked).await
            }
            Action::Request => self.verifying()?.request(&self.settings.uri, id),
            Action::Response => {
                let at = (self.settings.uri.as_str(), id);
                response(self.verifying()?, at, &form(body)?).await
            }
            Action::Shown => Ok(page::shown()),
            Action::VerifyPage => Ok(page::upload()),
            Action::Verify => Ok(page::verify(
                (&self.home, self.lists.as_deref()),
                call.boundary().unwrap_or_default(),
                body,
            )),
        }
    }

    fn verifying(&self) -> Result<&Verifying, Refused> {
        self.verifying.as_ref().ok_or_else(no_request)
    }
}

fn form(body: &Bytes) -> Result<Form, Refused> {
    let why = "it is not a form with each name once";
    Form::read(body).ok_or_else(|| Refused::bad("invalid_request", why))
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("uri", &self.settings.uri).finish_non_exhaustive()
    }
}
