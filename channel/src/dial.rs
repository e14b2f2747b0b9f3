//! Dials an address and makes sure of who answers.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The stream that [`dial`] gives.
pub type Stream = tokio_rustls::client::TlsStream<TcpStream>;

/// Time for TCP and TLS together.
const DIAL_TIME: Duration = Duration::from_secs(5);

/// `https://<host>:<port>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

/// Why no server could be reached.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The address itself is wrong.
    #[error("`{0}` is not a hub's address; write `https://<host>:<port>`")]
    Address(String),
    /// No server listens there, or the network is down.
    #[error("cannot connect to {address}: {error}; is the hub running there?")]
    Connect {
        /// Where to.
        address: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// A server listens, but not the expected one.
    #[error("{address} could not be proven to be the expected peer: {}{}", in_words(.error), hint(.error))]
    Tls {
        /// Where to.
        address: String,
        /// What TLS said.
        error: std::io::Error,
    },
    /// No answer.
    #[error("{0} did not answer within 5 s")]
    Timeout(String),
}

/// What our own verifier refuses is said in its words, which rustls shows as a programmer's.
fn in_words(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(own))) => {
            own.0.to_string()
        }
        _ => error.to_string(),
    }
}

/// A connection that is closed before it begins says nothing of who closed it.
fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof => {
            "; it closed the connection: it may be full or stopping"
        }
        _ => "",
    }
}

impl FromStr for Address {
    type Err = DialError;

    fn from_str(text: &str) -> Result<Self, DialError> {
        let wrong = || DialError::Address(text.to_owned());
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        let plain = uri.path() == "/" && uri.query().is_none();
        match (uri.scheme_str(), uri.host(), uri.port_u16()) {
            (Some("https"), Some(host), Some(port)) if plain => Ok(Self {
                host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
                port,
            }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "https://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "https://{}:{}", self.host, self.port)
        }
    }
}

/// Connects and shakes hands, within five seconds. Who may answer is the configuration's to say.
pub async fn dial(address: &Address, tls: Arc<ClientConfig>) -> Result<Stream, DialError> {
    let attempt = async {
        let connect = |error| DialError::Connect { address: address.to_string(), error };
        let tcp =
            TcpStream::connect((address.host.as_str(), address.port)).await.map_err(connect)?;
        tcp.set_nodelay(true).map_err(connect)?;
        let name = ServerName::try_from(address.host.clone())
            .map_err(|_| DialError::Address(address.to_string()))?;
        let stream = TlsConnector::from(tls).connect(name, tcp).await;
        stream.map_err(|error| DialError::Tls { address: address.to_string(), error })
    };
    tokio::time::timeout(DIAL_TIME, attempt)
        .await
        .map_err(|_| DialError::Timeout(address.to_string()))?
}
