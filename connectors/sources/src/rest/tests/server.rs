//! An HTTP/1.1 server that answers as a test tells it to.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls_pki_types::PrivateKeyDer;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// What was asked.
pub struct Asked {
    /// How many requests came before.
    pub number: usize,
    pub path: String,
    pub query: HashMap<String, String>,
    pub headers: HeaderMap,
}

impl Asked {
    /// 0 where it is not asked for, and a number that no page has where it is less than that.
    pub fn number(&self, name: &str) -> usize {
        self.query
            .get(name)
            .map_or(0, |value| value.parse::<i64>().unwrap().try_into().unwrap_or(1 << 40))
    }
}

/// An answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}

pub enum Body {
    Whole(Vec<u8>),
    /// So much of it, of a length that is stated to be greater, and then the connection breaks.
    CutOff(Vec<u8>),
    /// The same bytes again and again.
    Endless(&'static [u8]),
    /// The beginning, and then nothing.
    Silent(&'static [u8]),
}

impl Reply {
    pub fn json(text: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "application/json".into())],
            body: Body::Whole(text.into().into_bytes()),
        }
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::json("{}") }
    }

    pub fn body(body: Body) -> Self {
        Self { body, ..Self::json("") }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Handler = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// The server; it stops when it is dropped.
pub struct Api {
    pub port: u16,
    folder: PathBuf,
    acceptor: TlsAcceptor,
    handler: Arc<Mutex<Handler>>,
    asked: Arc<AtomicUsize>,
    runtime: Option<Runtime>,
}

impl Drop for Api {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Api {
    /// Writes its authority into the folder, as `ca.pem`.
    pub fn start(folder: &Path) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(folder.join("ca.pem"), ca.self_signed(&ca_key).unwrap().pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut server = CertificateParams::new(Vec::new()).unwrap();
        server.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        let certificate = server.signed_by(&key, &Issuer::from_params(&ca, &ca_key)).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let handler: Handler = Arc::new(|_| Reply::status(404));
        let mut api = Self {
            port: 0,
            folder: folder.to_owned(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            handler: Arc::new(Mutex::new(handler)),
            asked: Arc::default(),
            runtime: None,
        };
        api.resume();
        api
    }

    /// From now on it answers so.
    pub fn answer(&self, handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Arc::new(handler);
    }

    /// Rows in one answer.
    pub fn rows(&self, rows: String) {
        self.answer(move |_| Reply::json(rows.clone()));
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Breaks all connections.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Listens, again on the port that it had.
    pub fn resume(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(([127, 0, 0, 1], self.port).into()).unwrap();
        let listener = {
            let _inside = runtime.enter();
            socket.listen(64).unwrap()
        };
        self.port = listener.local_addr().unwrap().port();
        let (acceptor, handler, asked) =
            (self.acceptor.clone(), Arc::clone(&self.handler), Arc::clone(&self.asked));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, handler, asked) = (acceptor.clone(), Arc::clone(&handler), Arc::clone(&asked));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| {
                        let number = asked.fetch_add(1, Ordering::SeqCst);
                        let handler = Arc::clone(&handler.lock().unwrap());
                        async move { Ok::<_, std::io::Error>(respond(handler(&seen(number, &request)))) }
                    });
                    // A client that hangs up is no fault.
                    let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        self.runtime = Some(runtime);
    }

    /// A `[source]` section with these keys beside the address.
    pub fn section(&self, more: &str) -> String {
        assert!(self.folder.join("ca.pem").is_file());
        let url = format!("https://127.0.0.1:{}/api/rows?key=s3cret", self.port);
        let stated =
            if more.contains("as_of = ") { STATED.lines().last().unwrap() } else { STATED };
        format!("kind = \"rest\"\nurl = \"{url}\"\nca_file = \"ca.pem\"\n{stated}\n{more}")
    }
}

/// What its owner says of it.
pub const STATED: &str =
    "live = \"a server of this test's own\"\nnothing_hidden = \"it knows nobody who asks\"";

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn seen(number: usize, request: &Request<Incoming>) -> Asked {
    let query = request.uri().query().unwrap_or_default();
    let query = query
        .split('&')
        .filter_map(|part| part.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    Asked {
        number,
        path: request.uri().path().to_owned(),
        query: query.collect(),
        headers: request.headers().clone(),
    }
}

fn respond(reply: Reply) -> Response<BoxBody<Bytes, std::io::Error>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = match reply.body {
        Body::Whole(bytes) => Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed(),
        Body::CutOff(bytes) => {
            response = response.header("content-length", bytes.len() + 100);
            let frames = [
                Ok(Frame::data(Bytes::from(bytes))),
                Err(std::io::Error::other("broken on purpose")),
            ];
            BodyExt::boxed(StreamBody::new(stream::iter(frames)))
        }
        Body::Endless(bytes) => BodyExt::boxed(StreamBody::new(stream::repeat_with(move || {
            Ok(Frame::data(Bytes::from_static(bytes)))
        }))),
        Body::Silent(bytes) => {
            use futures::StreamExt as _;
            let begun = stream::iter([Ok(Frame::data(Bytes::from_static(bytes)))]);
            BodyExt::boxed(StreamBody::new(begun.chain(stream::pending())))
        }
    };
    response.body(body).unwrap()
}
