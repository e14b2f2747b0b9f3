//! HTTP/1.1 for one collection: GET alone, from one server, whole answers or none.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use chrono::DateTime;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, DATE, HOST,
    HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use zerotrip_datasets::file::Url;
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;
use super::super::remote::login::misconfigured;

/// Bytes of one answer.
const MOST_BODY: usize = 64 << 20;
/// Bytes of an answer's head.
const MOST_HEAD: usize = 64 << 10;
/// Times that a request is made again.
const RETRIES: u32 = 3;
/// Time before the first of them; doubled for each that follows.
const BACK_OFF: Duration = Duration::from_millis(250);
/// Most time that a server may ask us to wait.
const MOST_WAIT: Duration = Duration::from_secs(30);
/// By how much a server's clock may be slow.
const SLOW_CLOCK: Duration = Duration::from_secs(60);
/// Secret headers.
const MOST_HEADERS: usize = 8;
/// Headers that are ours to set.
const OURS: [&str; 9] = [
    "cache-control",
    "host",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "range",
];

/// Asks one server.
pub struct Client {
    tls: Option<Arc<ClientConfig>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    time_out: Duration,
    connection: Option<Connection>,
}

/// A connection, and what moves its bytes.
struct Connection {
    requests: SendRequest<Empty<Bytes>>,
    task: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A whole answer.
pub struct Answer {
    /// When it was asked for.
    pub asked: SystemTime,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// Why there was none.
struct Miss {
    error: SourceError,
    /// How long to wait before the request is made again, if it may be: the server's wish, or
    /// ours.
    again: Option<Option<Duration>>,
}

impl Miss {
    fn last(code: ErrorCode, detail: String) -> Self {
        Self { error: SourceError::new(code, detail), again: None }
    }

    fn again(code: ErrorCode, detail: String, wait: Option<Duration>) -> Self {
        Self { error: SourceError::new(code, detail), again: Some(wait) }
    }
}

impl Client {
    /// With these secret headers.
    pub fn new(
        tls: Option<Arc<ClientConfig>>,
        headers: Vec<(HeaderName, HeaderValue)>,
        time_out: Duration,
    ) -> Self {
        Self { tls, headers, time_out, connection: None }
    }

    /// The whole answer to a GET. A request that may succeed when it is made again is.
    pub async fn get(&mut self, url: &Url) -> Result<Answer, SourceError> {
        let mut tried = 0;
        loop {
            let late = || {
                let detail = format!(
                    "{url} gave no whole answer within {:?}; correct it, or `source.time_out`",
                    self.time_out
                );
                Err(Miss::last(ErrorCode::SourceTimeout, detail))
            };
            let (late, time_out) = (late(), self.time_out);
            let miss = match tokio::time::timeout(time_out, self.once(url)).await.unwrap_or(late) {
                Ok(answer) => return Ok(answer),
                Err(miss) => miss,
            };
            // What is left of an answer must not become the beginning of the next.
            self.connection = None;
            match miss.again {
                Some(wait) if tried < RETRIES => {
                    tokio::time::sleep(wait.unwrap_or(BACK_OFF * 2_u32.pow(tried))).await
                }
                _ => return Err(miss.error),
            }
            tried += 1;
        }
    }

    async fn once(&mut self, url: &Url) -> Result<Answer, Miss> {
        let asked = SystemTime::now();
        let target = if url.query.is_empty() {
            url.path.clone()
        } else {
            format!("{}?{}", url.path, url.query)
        };
        let mut request = Request::get(target)
            .header(HOST, url.authority())
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "identity")
            .header(CACHE_CONTROL, "no-cache");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Empty::new()).map_err(|_| {
            Miss::last(ErrorCode::Misconfigured, format!("{url} cannot be asked for"))
        })?;
        let broken = |error: hyper::Error| {
            Miss::again(ErrorCode::SourceUnreachable, format!("{url}: {error}"), None)
        };
        let connection = match self.connection.take() {
            Some(connection) if !connection.requests.is_closed() => {
                self.connection.insert(connection)
            }
            _ => self.connection.insert(connect(url, self.tls.clone()).await?),
        };
        connection.requests.ready().await.map_err(broken)?;
        let response = connection.requests.send_request(request).await.map_err(broken)?;
        fits(url, &response)?;
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
            if body.len() + data.len() > MOST_BODY {
                let detail = format!(
                    "{url} answers with over {MOST_BODY} bytes; ask for fewer rows in \
                     `source.paging`"
                );
                return Err(Miss::last(ErrorCode::SourceLimit, detail));
            }
            body.extend_from_slice(&data);
        }
        Ok(Answer { asked, headers: head.headers, body })
    }
}

async fn connect(url: &Url, tls: Option<Arc<ClientConfig>>) -> Result<Connection, Miss> {
    let refused = |error: std::io::Error| {
        Miss::again(ErrorCode::SourceUnreachable, format!("{}: {error}", url.authority()), None)
    };
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await.map_err(refused)?;
    let Some(tls) = tls else { return shake(url, stream).await };
    let name = ServerName::try_from(url.host.clone()).map_err(|_| {
        Miss::last(
            ErrorCode::Misconfigured,
            format!(
                "`{}` is not a name that a certificate can have; correct `source.url`",
                url.host
            ),
        )
    })?;
    let stream = TlsConnector::from(tls).connect(name, stream).await.map_err(|error| {
        // What is said of a certificate does not change by asking again.
        if error.kind() == std::io::ErrorKind::InvalidData {
            let detail = format!(
                "{}: {error}; correct `source.url`, `source.ca_file` or `source.tls`, or the \
                 server's certificate",
                url.authority()
            );
            Miss::last(ErrorCode::SourceUnreachable, detail)
        } else {
            refused(error)
        }
    })?;
    shake(url, stream).await
}

async fn shake(
    url: &Url,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Connection, Miss> {
    let shaken = Builder::new().max_buf_size(MOST_HEAD).handshake(TokioIo::new(stream)).await;
    let (requests, connection) = shaken.map_err(|error| {
        Miss::again(ErrorCode::SourceUnreachable, format!("{}: {error}", url.authority()), None)
    })?;
    // How a connection ends, its requests say themselves.
    let task = tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { requests, task })
}

/// Whether this is the answer itself, whole and unencoded.
fn fits<B>(url: &Url, response: &Response<B>) -> Result<(), Miss> {
    let (status, headers) = (response.status(), response.headers());
    let number = status.as_u16();
    match status {
        StatusCode::OK => {}
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let asked = headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok()?.trim().parse().ok())
                .map(Duration::from_secs);
            let detail = format!("{url} has no time for us (status {number})");
            return Err(Miss::again(
                ErrorCode::SourceUnreachable,
                detail,
                asked.map(|wait| wait.min(MOST_WAIT)),
            ));
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let detail = format!(
                "{url} does not let us in (status {number}); correct `source.header_file`, or let \
                 it in there"
            );
            return Err(Miss::last(ErrorCode::Misconfigured, detail));
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            return Err(Miss::last(
                ErrorCode::SourceDrift,
                format!(
                    "{url} is not there (status {number}); correct `source.url` or `source.paging`"
                ),
            ));
        }
        _ if status.is_redirection() => {
            let place =
                headers.get(LOCATION).and_then(|place| place.to_str().ok()).and_then(Url::parse);
            let place = place.map_or_else(|| "another place".to_owned(), |place| place.to_string());
            let detail = format!(
                "{url} leads to {place} (status {number}), which is not followed; correct \
                 `source.url`"
            );
            return Err(Miss::last(ErrorCode::Misconfigured, detail));
        }
        _ => {
            return Err(Miss::last(
                ErrorCode::SourceFailed,
                format!("{url} answers with status {number} instead of 200"),
            ));
        }
    }
    let encoded = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(Miss::last(
            ErrorCode::SourceFailed,
            format!("{url} answers compressed, which was not asked for; have it sent as it is"),
        ));
    }
    Ok(())
}

impl Answer {
    /// Of when it is, as its own headers have it (RFC 9110, RFC 9111): no later than it was asked
    /// for, and as old as the cache that gave it again says. A clock that is less than a minute
    /// slow is not a cache.
    pub fn made(&self, url: &Url) -> Result<SystemTime, SourceError> {
        let wrong = |name: &str| {
            SourceError::new(
                ErrorCode::SourceDrift,
                format!("{url} answers with a header `{name}` that cannot be read"),
            )
        };
        let mut made = self.asked;
        for age in self.headers.get_all(AGE) {
            let age = age
                .to_str()
                .ok()
                .and_then(|age| age.trim().parse().ok())
                .ok_or_else(|| wrong("Age"))?;
            made = made
                .min(self.asked.checked_sub(Duration::from_secs(age)).ok_or_else(|| wrong("Age"))?);
        }
        for date in self.headers.get_all(DATE) {
            let date = date
                .to_str()
                .ok()
                .and_then(|date| DateTime::parse_from_rfc2822(date.trim()).ok())
                .ok_or_else(|| wrong("Date"))?;
            let date = SystemTime::from(date);
            if self.asked.duration_since(date).is_ok_and(|age| age > SLOW_CLOCK) {
                made = made.min(date);
            }
        }
        Ok(made)
    }
}

/// The text of a header that an answer has once; `None` if it has none, or says two things.
pub fn once<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut said = headers.get_all(name).iter();
    let (Some(said), None) = (said.next(), said.next()) else { return None };
    said.to_str().ok().map(str::trim)
}

/// A number as RFC 9110 has it in headers: digits, and nothing before or behind them.
pub fn number(digits: &str) -> Option<u64> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// What an answer says it is, for messages; never anything else that a server could put there.
pub fn kind_of(headers: &HeaderMap) -> String {
    let said = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or("of no stated type");
    said.chars().take(60).collect()
}

/// Headers from the text of a file: `Name: value`, one in a line.
pub fn secret_headers(
    text: &str,
    path: &str,
) -> Result<Vec<(HeaderName, HeaderValue)>, SourceError> {
    let mut headers = Vec::new();
    // The line is not shown: it is the secret.
    let wrong = |number: usize| {
        misconfigured(format!(
            "line {number} of `{path}` is not `Name: value`, or not a header that can be set"
        ))
    };
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| wrong(number + 1))?;
        let name = HeaderName::try_from(name.trim()).map_err(|_| wrong(number + 1))?;
        let mut value = HeaderValue::try_from(value.trim()).map_err(|_| wrong(number + 1))?;
        if OURS.contains(&name.as_str()) || value.is_empty() {
            return Err(wrong(number + 1));
        }
        value.set_sensitive(true);
        headers.push((name, value));
    }
    if headers.is_empty() || headers.len() > MOST_HEADERS {
        return Err(misconfigured(format!(
            "`{path}` must hold 1 to {MOST_HEADERS} headers, one in a line"
        )));
    }
    Ok(headers)
}
