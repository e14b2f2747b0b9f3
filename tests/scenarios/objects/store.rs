//! A real S3 server on this machine, and a proxy in front of it that breaks what passes.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls_pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

use crate::outside::python_command;

pub const BUCKET: &str = "segments-of-hangzhou";

/// The server; it ends with its input.
pub struct S3 {
    process: Child,
    pub port: u16,
    pub id: String,
    pub secret: String,
}

impl S3 {
    pub fn start() -> Self {
        let mut command = python_command("tests/outside/s3_server.py");
        command.arg(BUCKET).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process =
            command.spawn().expect("Python with the packages of tests/outside/requirements.txt");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        let port = u16::try_from(said["port"].as_u64().unwrap()).unwrap();
        Self { process, port, id: text("id"), secret: text("secret") }
    }

    /// The settings of a hub, with its keys written into the folder.
    pub fn settings(&self, folder: &Path, endpoint: &str, more: &str) -> String {
        write_keys(&folder.join("s3.keys"), &self.id, &self.secret);
        format!(
            "to = \"s3://{BUCKET}/hub\"\nendpoint = \"{endpoint}\"\nkeys = \"s3.keys\"\n{more}\n"
        )
    }
}

pub fn write_keys(path: &Path, id: &str, secret: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let text = format!("access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n");
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// What the proxy does to what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Pass,
    /// Nobody is there.
    Closed,
    /// It takes the request, and never answers.
    Silent,
    /// A gateway's own answer.
    Status(u16),
    /// The answer ends in its middle.
    Cut,
    /// A byte of the answer's content is another one.
    Altered,
}

/// A proxy, in a runtime of its own.
pub struct Proxy {
    pub address: SocketAddr,
    mode: Arc<Mutex<Mode>>,
    _runtime: tokio::runtime::Runtime,
}

impl Proxy {
    pub fn start(to: u16) -> Self {
        Self::start_as(to, None)
    }

    /// With TLS, by a certificate of an authority that is written to the folder as `ca.pem`.
    pub fn start_tls(to: u16, folder: &Path) -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(folder.join("ca.pem"), ca.self_signed(&ca_key).unwrap().pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut server = CertificateParams::new(Vec::new()).unwrap();
        server.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
        let certificate = server.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        Self::start_as(to, Some(TlsAcceptor::from(Arc::new(config))))
    }

    fn start_as(to: u16, tls: Option<TlsAcceptor>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mode = Arc::new(Mutex::new(Mode::Pass));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&mode);
        runtime.spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (mode, tls) = (Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    // Whoever breaks off has what it wanted.
                    let _ended = match tls {
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => pass(stream, to, mode).await,
                            Err(error) => Err(error),
                        },
                        None => pass(stream, to, mode).await,
                    };
                });
            }
        });
        Self { address, mode, _runtime: runtime }
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }
}

async fn pass(
    near: impl AsyncRead + AsyncWrite + Unpin,
    to: u16,
    mode: Arc<Mutex<Mode>>,
) -> std::io::Result<()> {
    let mode = || *mode.lock().unwrap();
    let far = TcpStream::connect(("127.0.0.1", to)).await?;
    let (mut near_in, mut near_out) = tokio::io::split(near);
    let (mut far_in, mut far_out) = tokio::io::split(far);
    let (mut asked, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    // Whether the answer's content has begun.
    let mut content = false;
    loop {
        tokio::select! {
            read = near_in.read(&mut asked) => {
                let count = read?;
                match mode() {
                    Mode::Closed => return Ok(()),
                    Mode::Silent if count > 0 => continue,
                    Mode::Status(code) => {
                        let text = "no such thing here, AKIAECHO";
                        let answer = format!(
                            "HTTP/1.1 {code} Gateway\r\ncontent-length: {}\r\nconnection: \
                             close\r\n\r\n{text}", text.len()
                        );
                        near_out.write_all(answer.as_bytes()).await?;
                        return near_out.shutdown().await;
                    }
                    _ if count == 0 => return Ok(()),
                    _ => far_out.write_all(&asked[..count]).await?,
                }
                content = false;
            }
            read = far_in.read(&mut answered) => {
                let count = read?;
                if count == 0 {
                    return near_out.shutdown().await;
                }
                let chunk = &mut answered[..count];
                let from = if content {
                    0
                } else {
                    chunk.windows(4).position(|four| four == b"\r\n\r\n").map_or(count, |at| at + 4)
                };
                content = from < count || content || from > 0;
                match mode() {
                    Mode::Altered if from < count => chunk[count - 1] ^= 1,
                    Mode::Cut => {
                        near_out.write_all(&chunk[..from + (count - from) / 2]).await?;
                        if from < count {
                            return near_out.shutdown().await;
                        }
                        continue;
                    }
                    _ => {}
                }
                near_out.write_all(chunk).await?;
            }
        }
    }
}
