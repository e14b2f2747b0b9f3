//! The HTTP client that `object_store` is given: TLS as everywhere else in the hub, no proxy of the
//! environment, no redirect to somewhere else, and an end to every wait and every answer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Limited};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use tokio_rustls::rustls::pki_types::CertificateDer;
use zerotrip_trust::tls::foreign_client_config;

/// Most bytes of one answer: a part of an object, a listing, an error.
const MOST_BYTES: usize = 16 << 20;
const CONNECT: Duration = Duration::from_secs(5);
/// Without a byte.
const SILENCE: Duration = Duration::from_secs(15);
/// Of one request with its answer.
const REQUEST: Duration = Duration::from_secs(60);

/// Dials the store.
#[derive(Clone, Debug)]
pub(super) struct Transport(reqwest::Client);

impl Transport {
    /// Without authorities: in the clear, on this machine.
    pub(super) fn new(authorities: &[CertificateDer<'static>]) -> Result<Self, String> {
        let builder = if authorities.is_empty() {
            reqwest::Client::builder().tls_built_in_root_certs(false)
        } else {
            let tls = foreign_client_config(authorities)
                .map_err(|error| format!("`ca` under `[segments]`: {error}"))?;
            reqwest::Client::builder()
                .use_preconfigured_tls(Arc::unwrap_or_clone(tls))
                .https_only(true)
        };
        let client = builder
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .timeout(REQUEST)
            .pool_max_idle_per_host(4)
            .build();
        client.map(Self).map_err(|error| format!("`[segments]`: {error}"))
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = self.0.call(request).await?.into_parts();
        let bounded = Limited::new(body, MOST_BYTES).map_err(|error| {
            HttpError::new(HttpErrorKind::Decode, std::io::Error::other(error.to_string()))
        });
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::new(bounded)))
    }
}
