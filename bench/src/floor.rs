//! The floor: processes that sign, send, verify, and do nothing else: one in the hub's place and
//! one in each department's. Same keys, same TLS, same HTTP/2 bounds, same order of calls, payloads
//! of the same size as the real ones. Once with one signature a message, and once with as many as a
//! check needs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use clap::Args;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use zerotrip_channel::{
    Address, Http2Bounds, Http2Client, SystemHome, dial, files, serve as serve_connection,
};
use zerotrip_proto::v1::exchange_client::ExchangeClient;
use zerotrip_proto::v1::exchange_server::{Exchange, ExchangeServer};
use zerotrip_proto::v1::{Answer, CheckManyReply, Envelope, ExchangeCall, ExchangeReply, KeyUsage};
use zerotrip_proto::{bounds, payload_type};
use zerotrip_tests::deployment::{FUND, Failure, Running, TestDeployment};
use zerotrip_trust::directory::Directory;
use zerotrip_trust::dsse;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::tls;
use zerotrip_trust::x509::{TlsKey, pem};

use crate::measure::Gauge;

/// What one process of the floor is.
#[derive(Args)]
pub struct Role {
    /// The installation whose keys it uses.
    #[arg(long)]
    town: PathBuf,
    /// Addresses of those that it asks at once, with commas between them; once for each that waits
    /// for the one before. None: it is one of those that are asked.
    #[arg(long = "ask")]
    ask: Vec<String>,
    /// How often it verifies what it is asked.
    #[arg(long, default_value_t = 1)]
    verify: u32,
    /// How often it signs what it answers.
    #[arg(long, default_value_t = 1)]
    sign: u32,
}

/// How many signatures a floor makes and verifies.
pub struct Signatures {
    /// Verified at each department, in the order in which they are asked: those of one step at
    /// once.
    departments: &'static [&'static [u32]],
    /// Made by the hub for one answer.
    hub: u32,
    /// Verified by the client.
    pub client: u32,
}

/// Each message is signed once and verified once.
pub const ONCE: Signatures = Signatures { departments: &[&[1], &[1], &[1, 1]], hub: 1, client: 1 };
/// As many as a family check needs: each department verifies the hub's grant, the requester's
/// request, and the receipts of those whose keys it is asked about (none, one, two and two); the
/// hub signs a tree head beside its answer, and the client verifies both.
pub const AS_MANY: Signatures =
    Signatures { departments: &[&[2], &[3], &[4, 4]], hub: 2, client: 2 };
/// As many as a check of that many registers needs that are asked at once, about the person whom
/// the request names.
pub const ONE_REGISTER: Signatures = Signatures { departments: &[&[2]], hub: 2, client: 2 };
/// The same of two.
pub const TWO_REGISTERS: Signatures = Signatures { departments: &[&[2, 2]], hub: 2, client: 2 };

/// The floor's processes.
pub struct Floor {
    hub: Running,
    departments: Vec<Running>,
    /// Where its hub listens.
    pub address: Address,
}

impl Floor {
    /// Starts them.
    pub fn start(town: &TestDeployment, signatures: &Signatures) -> Result<Self, Failure> {
        let folder = town.folder.display().to_string();
        let log = town.folder.join("logs/floor.log");
        let mut departments = Vec::new();
        let mut arguments: Vec<String> =
            ["floor", "--town", &folder, "--sign", &signatures.hub.to_string()]
                .map(String::from)
                .to_vec();
        for step in signatures.departments {
            let mut addresses = Vec::new();
            for times in *step {
                let role = ["floor", "--town", &folder, "--verify", &times.to_string()];
                let (running, address) = start(&role.map(String::from), &log)?;
                departments.push(running);
                addresses.push(address);
            }
            arguments.extend(["--ask".to_owned(), addresses.join(",")]);
        }
        let (hub, address) = start(&arguments, &log)?;
        Ok(Self { hub, departments, address: address.parse()? })
    }

    /// Its processes.
    pub fn gauge(&self) -> Gauge {
        Gauge {
            hub: Some(self.hub.id()),
            connectors: self.departments.iter().map(Running::id).collect(),
            databases: Vec::new(),
            client: std::process::id(),
        }
    }
}

fn start(arguments: &[String], log: &std::path::Path) -> Result<(Running, String), Failure> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut running = Running::start("zerotrip-bench", &arguments, log)?;
    let line = running.wait_for("listening ")?;
    Ok((running, line.trim_start_matches("listening ").trim().to_owned()))
}

#[derive(Clone)]
struct Bare {
    directory: Arc<Directory>,
    /// The departments, those of one step together; or none.
    ask: Vec<Vec<ExchangeClient<Http2Client>>>,
    sign: SigningKey,
    hub: String,
    /// How often each is done for one message.
    times: (u32, u32),
}

impl Bare {
    /// Verified: whose it is does not matter here, the work does.
    fn verify(&self, envelope: &Envelope, kind: &str) -> Result<(), Failure> {
        let now = SystemTime::now();
        let (_, keyid) = dsse::peek(envelope, kind)?;
        let holder = self
            .directory
            .signing_key(keyid, KeyUsage::Sign, now)
            .or_else(|_| self.directory.hub_key(keyid, KeyUsage::Sign, now))?;
        dsse::verify(envelope, kind, &holder.key)?;
        Ok(())
    }

    fn answer(&self, id: &str) -> Result<Envelope, Failure> {
        let answer = Answer {
            request_id: id.to_owned(),
            hub: self.hub.clone(),
            request_commitment: vec![7; 512],
            ..Answer::default()
        };
        for _ in 1..self.times.1 {
            dsse::seal(payload_type::ANSWER, &answer, &self.sign)?;
        }
        Ok(dsse::seal(payload_type::ANSWER, &answer, &self.sign)?)
    }

    async fn ask(
        &self,
        client: &ExchangeClient<Http2Client>,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let envelope = dsse::sign(payload_type::REQUEST, payload.to_vec(), &self.sign)?;
        let reply = client
            .clone()
            .check(ExchangeCall { request: Some(envelope), ..ExchangeCall::default() })
            .await?
            .into_inner();
        self.verify(&reply.answer.unwrap_or_default(), payload_type::ANSWER)
    }

    async fn serve(&self, call: ExchangeCall) -> Result<ExchangeReply, Failure> {
        let envelope = call.request.unwrap_or_default();
        for _ in 0..self.times.0 {
            self.verify(&envelope, payload_type::REQUEST)?;
        }
        for step in &self.ask {
            let asked = step.iter().map(|client| self.ask(client, &envelope.payload));
            futures::future::try_join_all(asked).await?;
        }
        let request = zerotrip_proto::v1::Request::decode(envelope.payload.as_slice())?;
        Ok(ExchangeReply { answer: Some(self.answer(&request.id)?), ..ExchangeReply::default() })
    }
}

#[tonic::async_trait]
impl Exchange for Bare {
    async fn check(
        &self,
        request: Request<ExchangeCall>,
    ) -> Result<Response<ExchangeReply>, Status> {
        let served = self.serve(request.into_inner()).await;
        served.map(Response::new).map_err(|error| Status::internal(error.to_string()))
    }

    async fn issue(&self, _: Request<ExchangeCall>) -> Result<Response<ExchangeReply>, Status> {
        Err(Status::unimplemented("the floor does not issue"))
    }

    async fn check_many(
        &self,
        _: Request<ExchangeCall>,
    ) -> Result<Response<CheckManyReply>, Status> {
        Err(Status::unimplemented("the floor is of single checks"))
    }
}

/// Runs one process of the floor.
pub fn serve(role: &Role) -> Result<(), Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(role))
}

async fn run(role: &Role) -> Result<(), Failure> {
    let text = |name: &str| files::read_text(&role.town.join("hub").join(name));
    let home = SystemHome::load(&role.town.join(FUND))?;
    let chain = pem::certificates(&text("tls.pem")?)?;
    let key = TlsKey::from_pem(&text("tls.key")?)?;
    let mut ask = Vec::new();
    for step in &role.ask {
        let mut clients = Vec::new();
        for address in step.split(',') {
            let address: Address = address.parse()?;
            let stream = dial(&address, home.tls(bounds::ALPN_H2)?).await?;
            let (client, connection) =
                Http2Client::handshake(stream, Http2Bounds::STANDARD).await?;
            tokio::spawn(connection);
            clients.push(ExchangeClient::new(client));
        }
        ask.push(clients);
    }
    let bare = Bare {
        directory: Arc::new(home.directory(SystemTime::now())?),
        ask,
        sign: SigningKey::from_pkcs8_pem(&text("sign.key")?)?,
        hub: home.hub.uri(),
        times: (role.verify, role.sign),
    };
    let routes = Routes::new(ExchangeServer::new(bare)).prepare();
    let acceptor =
        TlsAcceptor::from(tls::server_config(&chain, &key, home.ca(), &[bounds::ALPN_H2])?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening https://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, routes) = (acceptor.clone(), routes.clone());
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_connection(
                    stream,
                    None,
                    routes,
                    Http2Bounds::STANDARD,
                    std::future::pending(),
                )
                .await;
            }
        });
    }
}
