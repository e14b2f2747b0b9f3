//! A hub in its operator's hands: it has the hub's own keys and the connector's channel, and tries
//! to ask what nobody asked. The department's gate refuses each forgery by its code, journals it,
//! and goes on serving what is right.

use std::path::Path;
use std::time::{Duration, SystemTime};

use arrow_flight::Ticket;
use arrow_flight::flight_service_client::FlightServiceClient;
use prost::Message as _;
use prost_types::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use zerotrip_channel::{Http2Bounds, Http2Client, SystemHome};
use zerotrip_checks::definition::Definition;
use zerotrip_proto::v1::ErrorCode::{
    BadSignature, Expired, GateRefused, GrantReused, InvalidParameter, KeyWithoutOrigin, Malformed,
    NotYetValid, SignerMismatch, SourceLimit, StaleBundle, TooLarge, UnknownName, WrongAudience,
};
use zerotrip_proto::v1::connector_client::ConnectorClient;
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::scan_reply::Answer;
use zerotrip_proto::v1::{
    CheckBody, CheckManyBody, DescribeRequest, Envelope, ErrorCode, GrantedKey, Opening, Parameter,
    Request, ScanCall, ScanCalls, ScanReceipt, ScanReplies, ScanTemplate, ScanTicket,
};
use zerotrip_proto::{bounds, payload_type, to_timestamp};
use zerotrip_tests::deployment::{BASIS, FUND, PURPOSE, run};
use zerotrip_tests::rows::Rows;
use zerotrip_trust::dsse;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::note::{Checkpoint, sign_checkpoint};
use zerotrip_trust::receipt;
use zerotrip_trust::subject_list::SubjectTree;
use zerotrip_trust::tls;
use zerotrip_trust::x509::{TlsKey, pem};

use crate::support::{DeployedCity, code_of, deploy, journal, runtime};

/// The operator's stolen hub: its keys, and the estate connector's channel.
pub(crate) struct Thief {
    sign: SigningKey,
    hub: String,
    connector: String,
    requester: SigningKey,
    requester_uri: String,
    template: ScanTemplate,
    family: ScanTemplate,
    applicant: String,
    /// What the estate connector saw of the log, and of the grants.
    seen: (Checkpoint, u64),
    ledger: SigningKey,
    pub(crate) client: Http2Client,
    /// On that channel.
    pub(crate) lane: Mutex<Lane>,
}

/// The hub's end of a lane, and the number that was used last.
pub(crate) struct Lane {
    calls: mpsc::Sender<ScanCalls>,
    replies: Streaming<ScanReplies>,
    last: u64,
}

impl Lane {
    async fn open(client: &Http2Client) -> Result<Self, ErrorCode> {
        let (calls, said) = mpsc::channel(1);
        let opened = ConnectorClient::new(client.streaming()).scan(ReceiverStream::new(said)).await;
        let replies = opened.map_err(|status| code_of(&status))?.into_inner();
        Ok(Self { calls, replies, last: 0 })
    }

    /// Sends a ticket; returns its number.
    pub(crate) async fn send(&mut self, ticket: Envelope) -> u64 {
        self.last += 1;
        let call = ScanCall { number: self.last, ticket: Some(ticket) };
        let message = ScanCalls { calls: vec![call], cancelled: Vec::new() };
        self.calls.send(message).await.unwrap();
        self.last
    }

    /// The next reply, which comes by itself.
    pub(crate) async fn reply(&mut self) -> (u64, Option<Answer>) {
        let replies = self.replies.message().await.unwrap().unwrap().replies;
        let [reply] = &replies[..] else { panic!("{replies:?}") };
        (reply.number, reply.answer.clone())
    }

    /// How many trailers came, or why nothing did.
    async fn call(&mut self, ticket: Envelope) -> Result<usize, ErrorCode> {
        let sent = self.send(ticket).await;
        let (number, answer) = self.reply().await;
        assert_eq!(number, sent);
        match answer {
            Some(Answer::Small(answer)) => Ok(usize::from(answer.trailer.is_some())),
            Some(Answer::Refused(detail)) => Err(detail.code()),
            other => panic!("{other:?}"),
        }
    }
}

fn read(town: &DeployedCity, name: &str) -> String {
    std::fs::read_to_string(town.deployment.folder.join(name)).unwrap()
}

fn seen(town: &DeployedCity) -> (Checkpoint, u64) {
    let seen: toml::Table = read(town, "estate/state/hub-seen.toml").parse().unwrap();
    let number = |name: &str| u64::try_from(seen[name].as_integer().unwrap()).unwrap();
    let root = hex::decode(seen["root"].as_str().unwrap()).unwrap().try_into().unwrap();
    (
        Checkpoint {
            origin: seen["origin"].as_str().unwrap().to_owned(),
            size: number("size"),
            root,
        },
        number("grants_version"),
    )
}

impl Thief {
    /// Takes the hub's place on its port and waits until the estate connector has dialled in.
    pub(crate) async fn take_over(town: &DeployedCity) -> Self {
        let chain = pem::certificates(&read(town, "hub/tls.pem")).unwrap();
        let ca = pem::certificate(&read(town, "hub/ca.pem")).unwrap();
        let key = TlsKey::from_pem(&read(town, "hub/tls.key")).unwrap();
        let config =
            tls::server_config(&chain, &key, &ca, &[bounds::ALPN_H2, bounds::ALPN_CHANNEL])
                .unwrap();
        let listener =
            TcpListener::bind(town.deployment.url.trim_start_matches("https://")).await.unwrap();
        let acceptor = TlsAcceptor::from(config);
        let connector = town.home("estate").uri();
        let client = loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let peer = tls::peer_identity(stream.get_ref().1.peer_certificates().unwrap()).unwrap();
            if peer.uri() == connector {
                let (client, connection) =
                    Http2Client::handshake(stream, Http2Bounds::STANDARD).await.unwrap();
                tokio::spawn(connection);
                break client;
            }
        };
        let definition = zerotrip_tests::deployment::no_property().unwrap();
        let definition = Definition::parse(&definition, "no-property").unwrap();
        let template = |variant: &str| {
            definition.variant(variant).unwrap().scan("ownership").unwrap().template(
                &definition,
                variant,
                "ownership",
            )
        };
        let home = town.home(FUND);
        let lane = Mutex::new(Lane::open(&client).await.unwrap());
        Self {
            lane,
            sign: SigningKey::from_pkcs8_pem(&read(town, "hub/sign.key")).unwrap(),
            hub: home.hub.uri(),
            connector,
            requester: home.sign.clone(),
            requester_uri: home.uri(),
            template: template("applicant"),
            family: template("family"),
            applicant: town.cast("nothing_owned").0,
            seen: seen(town),
            ledger: SigningKey::from_pkcs8_pem(&read(town, "hub/checkpoint.key")).unwrap(),
            client,
        }
    }

    /// Shows a tree head of so many leaves more than the connector saw, signed with the stolen key.
    pub(crate) async fn show(&self, more: u64) -> Result<(), ErrorCode> {
        let (head, grants_version) = self.seen.clone();
        let head = Checkpoint { size: head.size + more, ..head };
        let checkpoint = sign_checkpoint(&head, &self.ledger).unwrap();
        let request = DescribeRequest { checkpoint, grants_version, ..DescribeRequest::default() };
        let shown = ConnectorClient::new(self.client.clone()).describe(request).await;
        shown.map(|_| ()).map_err(|status| code_of(&status))
    }

    pub(crate) fn request(&self) -> Request {
        let now = SystemTime::now();
        Request {
            id: uuid::Uuid::now_v7().to_string(),
            issuer: self.requester_uri.clone(),
            audience: self.hub.clone(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + Duration::from_secs(60))),
            official: "0471".into(),
            service_item: "x".into(),
            purpose: PURPOSE.into(),
            legal_basis: BASIS.into(),
            case_number: "1".into(),
            body: Some(Body::Check(CheckBody {
                check: "no-property".into(),
                variant: "applicant".into(),
                parameters: vec![Parameter {
                    name: "applicant".into(),
                    value: self.applicant.clone(),
                }],
                ..CheckBody::default()
            })),
        }
    }

    pub(crate) fn grant(&self, request: &Request) -> ScanTicket {
        self.grant_over(
            request,
            dsse::seal(payload_type::REQUEST, request, &self.requester).unwrap(),
        )
    }

    fn grant_over(&self, request: &Request, envelope: Envelope) -> ScanTicket {
        let now = SystemTime::now();
        ScanTicket {
            id: uuid::Uuid::new_v4().to_string(),
            exchange_id: request.id.clone(),
            hub: self.hub.clone(),
            connector: self.connector.clone(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + Duration::from_secs(20))),
            directory_version: 1,
            grants_version: self.seen.1,
            ledger_size: 0,
            request: Some(envelope),
            template: Some(self.template.clone()),
            policy_ids: vec!["grant-covers-request".into()],
            policy_digest: vec![0; 32],
            keys: vec![GrantedKey {
                value: self.applicant.clone(),
                origin: Some(Origin::Parameter("applicant".into())),
            }],
            evidence: Vec::new(),
            authority_grant: "g1".into(),
            obligations: Vec::new(),
            part: 0,
            subjects: None,
        }
    }

    /// A right ticket of a new exchange, signed.
    pub(crate) fn right(&self) -> Envelope {
        self.signed(&self.grant(&self.request()))
    }

    fn signed(&self, grant: &ScanTicket) -> Envelope {
        dsse::seal(payload_type::SCAN_GRANT, grant, &self.sign).unwrap()
    }

    async fn send(&self, grant: &ScanTicket) -> Result<usize, ErrorCode> {
        self.send_envelope(&self.signed(grant)).await
    }

    pub(crate) async fn send_envelope(&self, envelope: &Envelope) -> Result<usize, ErrorCode> {
        self.send_ticket(envelope.encode_to_vec()).await
    }

    /// The same on the lane.
    pub(crate) async fn send_on_lane(&self, envelope: Envelope) -> Result<usize, ErrorCode> {
        self.lane.lock().await.call(envelope).await
    }

    /// How many trailers came, or why nothing did.
    pub(crate) async fn send_ticket(&self, ticket: Vec<u8>) -> Result<usize, ErrorCode> {
        let mut client = FlightServiceClient::new(self.client.clone());
        let mut stream = client
            .do_get(Ticket { ticket: ticket.into() })
            .await
            .map_err(|status| code_of(&status))?
            .into_inner();
        let (mut messages, mut trailers) = (0, 0);
        while let Some(message) = stream.message().await.map_err(|status| {
            assert_eq!(messages, 0, "bytes left before the refusal");
            code_of(&status)
        })? {
            messages += 1;
            trailers += usize::from(!message.app_metadata.is_empty());
        }
        Ok(trailers)
    }
}

#[test]
fn what_is_dated_ahead_is_not_served_again_after_a_restart() {
    let mut town = deploy(200, 31);
    town.deployment.kill_hub().unwrap();
    let runtime = runtime();
    let request = runtime.block_on(async {
        let thief = Thief::take_over(&town).await;
        thief.show(0).await.unwrap();
        // Its requester's clock is ahead, by less than a gate bears.
        let ahead = SystemTime::now() + Duration::from_secs(240);
        let request = Request {
            issued_at: Some(to_timestamp(ahead)),
            expires_at: Some(to_timestamp(ahead + Duration::from_secs(60))),
            ..thief.request()
        };
        assert_eq!(thief.send(&thief.grant(&request)).await, Ok(1));
        request
    });
    for restart in ["stopped", "killed"] {
        match restart {
            "stopped" => town.deployment.stop_connector("estate").unwrap(),
            _ => town.deployment.kill_connector("estate").unwrap(),
        }
        town.deployment.start_connector("estate").unwrap();
        runtime.block_on(async {
            let thief = Thief::take_over(&town).await;
            thief.show(0).await.unwrap();
            let again = thief.send(&thief.grant(&request)).await;
            assert_eq!(again, Err(GrantReused), "{restart}");
            assert_eq!(thief.send(&thief.grant(&thief.request())).await, Ok(1), "a new one");
        });
    }
}

#[test]
fn a_broken_dataset_takes_no_other_with_it_and_is_never_answered() {
    let mut town = deploy(200, 31);
    let folder = town.deployment.folder.join("city/estate");
    let good = std::fs::read_to_string(folder.join("ownership.toml")).unwrap();
    town.deployment.stop_connector("estate").unwrap();
    std::fs::write(
        folder.join("second.toml"),
        good.replace("\"estate.ownership\"", "\"estate.second\""),
    )
    .unwrap();
    let (dir, second) =
        (town.deployment.path("estate"), folder.join("second.toml").display().to_string());
    run("zerotrip-connector", &["sign", "--not-asked-yet", "--dir", &dir, &second], &folder)
        .unwrap()
        .expect(0)
        .unwrap();
    // Changed after its owner signed it.
    std::fs::write(folder.join("ownership.toml"), good.replacen("en = \"", "en = \"New ", 1))
        .unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.deployment
        .wait_attached(&["estate.second", "police.household", "civil.marriage", "housing.presale"])
        .unwrap();
    let log = read(&town, "logs/estate.log");
    assert!(
        log.contains(
            "not served: estate.ownership: the dataset file was changed after its owner signed it"
        ),
        "{log}"
    );
    let (applicant, variant) = town.cast("nothing_owned");
    town.deployment.ask("check", FUND, variant, &applicant, &[]).unwrap().expect(4).unwrap();
    // Nor is it answered to a hub that asks all the same.
    town.deployment.kill_hub().unwrap();
    runtime().block_on(async {
        let thief = Thief::take_over(&town).await;
        thief.show(0).await.unwrap();
        assert_eq!(thief.send(&thief.grant(&thief.request())).await, Err(ErrorCode::GateRefused));
    });
    // Where nothing is left, it says so and ends.
    town.deployment.stop_connector("estate").unwrap();
    std::fs::remove_file(folder.join("second.toml")).unwrap();
    let refused =
        run("zerotrip-connector", &["serve", "--dir", &dir], &folder).unwrap().expect(2).unwrap();
    assert!(
        refused.errors.contains("nothing can be served:") && refused.errors.contains("second.toml"),
        "{}",
        refused.errors
    );
    // Nor is it guessed which of two files is meant.
    std::fs::write(folder.join("ownership.toml"), &good).unwrap();
    std::fs::write(folder.join("twin.toml"), &good).unwrap();
    let twin = folder.join("twin.toml").display().to_string();
    let refused = run("zerotrip-connector", &["sign", "--dir", &dir, &twin], &folder)
        .unwrap()
        .expect(2)
        .unwrap();
    assert!(
        refused.errors.contains("`estate.ownership` is attached already, as `"),
        "{}",
        refused.errors
    );
    let attached = std::fs::read_to_string(Path::new(&dir).join("connector.toml")).unwrap();
    std::fs::write(
        Path::new(&dir).join("connector.toml"),
        attached.replace("second.toml", "twin.toml"),
    )
    .unwrap();
    let refused =
        run("zerotrip-connector", &["serve", "--dir", &dir], &folder).unwrap().expect(2).unwrap();
    assert!(
        refused.errors.contains("estate.ownership: two attached files describe it"),
        "{}",
        refused.errors
    );
    town.deployment.stop().unwrap();
}

/// All that a forgery is made of.
struct Forge {
    thief: Thief,
    /// A key that the authority does not know.
    unknown: SigningKey,
    civil: SystemHome,
    estate: SystemHome,
    police: String,
    /// Residents beside the applicant.
    stranger: String,
    migrant: String,
}

/// What reaches the gate.
enum Sent {
    Ticket(Box<ScanTicket>),
    Envelope(Envelope),
    Bytes(Vec<u8>),
}

impl From<ScanTicket> for Sent {
    fn from(ticket: ScanTicket) -> Self {
        Self::Ticket(Box::new(ticket))
    }
}

impl Forge {
    fn new(thief: Thief, town: &DeployedCity) -> Self {
        Self {
            thief,
            unknown: SigningKey::generate(Algorithm::Ed25519).unwrap(),
            civil: town.home("civil"),
            estate: town.home("estate"),
            police: town.home("police").uri(),
            stranger: town.cast("old_id_home").0,
            migrant: town.cast("migrant").0,
        }
    }

    /// A right ticket, but for what `change` does to the request before it is signed.
    fn over(&self, change: impl FnOnce(Request) -> Request) -> ScanTicket {
        self.thief.grant(&change(self.thief.request()))
    }

    /// A right ticket over a right request.
    fn right(&self) -> ScanTicket {
        self.over(|request| request)
    }

    /// A ticket over a right request in an envelope sealed with this key.
    fn sealed_by(&self, key: &SigningKey) -> ScanTicket {
        let request = self.thief.request();
        let envelope = dsse::seal(payload_type::REQUEST, &request, key).unwrap();
        self.thief.grant_over(&request, envelope)
    }

    fn parameter(value: &str) -> GrantedKey {
        GrantedKey { value: value.into(), origin: Some(Origin::Parameter("applicant".into())) }
    }

    fn with_keys(&self, keys: Vec<GrantedKey>) -> Sent {
        ScanTicket { keys, ..self.right() }.into()
    }

    /// A right ticket, but for what `change` does to the template.
    fn templated(&self, change: impl FnOnce(&mut ScanTemplate)) -> Sent {
        let mut template = self.thief.template.clone();
        change(&mut template);
        ScanTicket { template: Some(template), ..self.right() }.into()
    }

    /// A ticket about `value` as a spouse, on evidence that commits to the stranger. The receipt is
    /// of the ticket's own exchange unless `is_stale`, and sealed with `key`.
    fn family(&self, value: &str, key: &SigningKey, is_stale: bool) -> Sent {
        let ticket = self.over(|mut request| {
            if let Some(Body::Check(body)) = &mut request.body {
                body.variant = "family".into();
            }
            request
        });
        let mut receipt = forged_receipt(&self.stranger, "civil.marriage", &self.civil.uri());
        if !is_stale {
            receipt.exchange_id.clone_from(&ticket.exchange_id);
        }
        let opening = Opening { receipt: 0, column: "man_id".into(), salt: vec![7; 32] };
        let key_of = GrantedKey { value: value.into(), origin: Some(Origin::Opening(opening)) };
        let template = Some(self.thief.family.clone());
        ScanTicket { template, keys: vec![key_of], evidence: vec![seal(&receipt, key)], ..ticket }
            .into()
    }

    /// A right ticket of these times, in seconds from now.
    fn timed(&self, issued: i64, expires: i64) -> Sent {
        ScanTicket { issued_at: at(issued), expires_at: at(expires), ..self.right() }.into()
    }

    fn envelope(&self, change: impl FnOnce(&mut Envelope)) -> Sent {
        let mut envelope =
            dsse::seal(payload_type::SCAN_GRANT, &self.right(), &self.thief.sign).unwrap();
        change(&mut envelope);
        Sent::Envelope(envelope)
    }
}

/// So many seconds from now.
fn at(seconds: i64) -> Option<Timestamp> {
    let (now, distance) = (SystemTime::now(), Duration::from_secs(seconds.unsigned_abs()));
    Some(to_timestamp(if seconds < 0 { now - distance } else { now + distance }))
}

const SKEW: i64 = bounds::CLOCK_SKEW.as_secs().cast_signed();

/// One thing that a stolen hub could try, and how the gate refuses it.
struct Forgery {
    name: &'static str,
    made: fn(&Forge) -> Sent,
    code: ErrorCode,
}

const fn forgery(name: &'static str, code: ErrorCode, made: fn(&Forge) -> Sent) -> Forgery {
    Forgery { name, made, code }
}

const FORGERIES: &[Forgery] = &[
    // The request.
    forgery("a requester that the authority does not know", BadSignature, |forge| {
        forge.sealed_by(&forge.unknown).into()
    }),
    forgery("the hub as its own requester", BadSignature, |forge| {
        forge.sealed_by(&forge.thief.sign).into()
    }),
    forgery("another's signature under the requester's key id", BadSignature, |forge| {
        let mut ticket = forge.sealed_by(&forge.unknown);
        let envelope = ticket.request.as_mut().unwrap();
        envelope.signatures[0].keyid = forge.thief.requester.id().to_owned();
        ticket.into()
    }),
    forgery("a changed request under the old signature", BadSignature, |forge| {
        let mut ticket = forge.right();
        let envelope = ticket.request.as_mut().unwrap();
        let request = Request::decode(envelope.payload.as_slice()).unwrap();
        envelope.payload = Request { case_number: "2".into(), ..request }.encode_to_vec();
        ticket.into()
    }),
    forgery("no request at all", BadSignature, |forge| {
        ScanTicket { request: None, ..forge.right() }.into()
    }),
    forgery("a request that names another system", SignerMismatch, |forge| {
        forge.over(|request| Request { issuer: forge.civil.uri(), ..request }).into()
    }),
    forgery("a member whom the owner does not serve", GateRefused, |forge| {
        let request = Request { issuer: forge.civil.uri(), ..forge.thief.request() };
        let envelope = dsse::seal(payload_type::REQUEST, &request, &forge.civil.sign).unwrap();
        forge.thief.grant_over(&request, envelope).into()
    }),
    forgery("a purpose that the owner does not serve", GateRefused, |forge| {
        forge.over(|request| Request { purpose: "curiosity".into(), ..request }).into()
    }),
    forgery("a request made to another hub", WrongAudience, |forge| {
        forge
            .over(|request| Request { audience: format!("{}x", forge.thief.hub), ..request })
            .into()
    }),
    forgery("a request that has expired", Expired, |forge| {
        forge.over(|request| Request { expires_at: at(-120), ..request }).into()
    }),
    forgery("a request that would live for an hour", Expired, |forge| {
        forge.over(|request| Request { expires_at: at(3600), ..request }).into()
    }),
    forgery("a request of the future", NotYetValid, |forge| {
        let (issued_at, expires_at) = (at(SKEW + 60), at(SKEW + 120));
        forge.over(|request| Request { issued_at, expires_at, ..request }).into()
    }),
    forgery("a request from before the connector's start, kept by the hub", Expired, |forge| {
        forge.over(|request| Request { issued_at: at(-200), ..request }).into()
    }),
    forgery("a request that was issued at no time", Malformed, |forge| {
        forge.over(|request| Request { issued_at: None, ..request }).into()
    }),
    forgery("a request that expires at no time", Malformed, |forge| {
        forge.over(|request| Request { expires_at: None, ..request }).into()
    }),
    // Keys.
    forgery("a key that the request does not name", KeyWithoutOrigin, |forge| {
        forge.with_keys(vec![Forge::parameter(&forge.stranger)])
    }),
    forgery("a key of no origin", KeyWithoutOrigin, |forge| {
        let value = forge.thief.applicant.clone();
        forge.with_keys(vec![GrantedKey { value, origin: None }])
    }),
    forgery("one key more", TooLarge, |forge| {
        let keys = [&forge.thief.applicant, &forge.stranger];
        forge.with_keys(keys.map(|key| Forge::parameter(key)).into())
    }),
    forgery("an obligation that the connector does not know", GateRefused, |forge| {
        ScanTicket { obligations: vec!["mask".into()], ..forge.right() }.into()
    }),
    forgery("no key", TooLarge, |forge| forge.with_keys(Vec::new())),
    forgery("a key that is no id", InvalidParameter, |forge| {
        forge.with_keys(vec![Forge::parameter("' or 1=1 --")])
    }),
    // The template.
    forgery("a template of more columns", GateRefused, |forge| {
        forge.templated(|template| {
            template.columns = ["status", "owner_name"].map(String::from).to_vec();
        })
    }),
    forgery("a template of more rows", GateRefused, |forge| {
        forge.templated(|template| template.max_rows = 1_000_000)
    }),
    forgery("a template of more keys", GateRefused, |forge| {
        forge.templated(|template| template.max_keys = 4096)
    }),
    forgery("a template that supplies a column", GateRefused, |forge| {
        forge.templated(|template| template.supplies = vec!["status".into()])
    }),
    forgery("a template of another check", GateRefused, |forge| {
        forge.templated(|template| template.check = "everything/everyone".into())
    }),
    forgery("an approved template of another variant than was asked", GateRefused, |forge| {
        forge.templated(|template| template.clone_from(&forge.thief.family))
    }),
    // Evidence.
    forgery("evidence that the hub made itself", BadSignature, |forge| {
        forge.family(&forge.stranger, &forge.thief.sign, false)
    }),
    forgery("evidence signed by a department for another's dataset", SignerMismatch, |forge| {
        forge.family(&forge.stranger, &forge.estate.sign, false)
    }),
    forgery("evidence of another exchange", KeyWithoutOrigin, |forge| {
        forge.family(&forge.stranger, &forge.civil.sign, true)
    }),
    forgery("a key that the evidence does not open to", KeyWithoutOrigin, |forge| {
        forge.family(&forge.migrant, &forge.civil.sign, false)
    }),
    // The ticket.
    forgery("a grant for another connector", WrongAudience, |forge| {
        ScanTicket { connector: forge.police.clone(), ..forge.right() }.into()
    }),
    forgery("a grant in another hub's name", SignerMismatch, |forge| {
        ScanTicket { hub: format!("{}x", forge.thief.hub), ..forge.right() }.into()
    }),
    forgery("a lapsed grant", Expired, |forge| forge.timed(-SKEW - 31, -SKEW - 1)),
    forgery("a grant that lapses before it is issued", Expired, |forge| forge.timed(0, -1)),
    forgery("a grant that would live for an hour", Expired, |forge| forge.timed(0, 3600)),
    forgery("a grant of the future", NotYetValid, |forge| forge.timed(SKEW + 60, SKEW + 80)),
    forgery("a grant from before the connector's start", Expired, |forge| forge.timed(-3000, 20)),
    forgery("a grant that the hub did not sign", BadSignature, |forge| {
        let ticket = forge.right();
        Sent::Envelope(dsse::seal(payload_type::SCAN_GRANT, &ticket, &forge.unknown).unwrap())
    }),
    forgery("a grant under another payload type", Malformed, |forge| {
        let ticket = forge.right();
        Sent::Envelope(dsse::seal(payload_type::REQUEST, &ticket, &forge.thief.sign).unwrap())
    }),
    forgery("a doubled signature", BadSignature, |forge| {
        forge.envelope(|envelope| envelope.signatures.push(envelope.signatures[0].clone()))
    }),
    forgery("no signature", BadSignature, |forge| {
        forge.envelope(|envelope| envelope.signatures.clear())
    }),
    forgery("garbage", Malformed, |_| Sent::Bytes(b"\xff\xff\xff\xff".to_vec())),
];

#[test]
fn a_stolen_hub_cannot_invent_a_question() {
    let mut town = deploy(300, 5);
    town.deployment.kill_hub().unwrap();
    let runtime = runtime();
    let forge = Forge::new(runtime.block_on(Thief::take_over(&town)), &town);
    let thief = &forge.thief;
    let send = |sent: Sent| {
        runtime.block_on(async {
            match sent {
                Sent::Ticket(ticket) => thief.send(&ticket).await,
                Sent::Envelope(envelope) => thief.send_envelope(&envelope).await,
                Sent::Bytes(bytes) => thief.send_ticket(bytes).await,
            }
        })
    };
    // A larger ticket would break the rules of the lane, and garbage is no envelope.
    let send_on_lane = |sent: Sent| {
        let envelope = match sent {
            Sent::Ticket(ticket) => {
                dsse::seal(payload_type::SCAN_GRANT, ticket.as_ref(), &thief.sign).unwrap()
            }
            Sent::Envelope(envelope) => envelope,
            Sent::Bytes(_) => return None,
        };
        let fits = envelope.encoded_len() <= bounds::LANE_TICKET_BYTES;
        fits.then(|| runtime.block_on(thief.send_on_lane(envelope)))
    };
    let mut rows = Rows::new();
    // Nothing is answered before the hub has proven, on this very channel, that its log continues
    // what the connector saw.
    rows.row("a hub that has shown nothing", || {
        assert_eq!(send(forge.right().into()), Err(StaleBundle));
        assert_eq!(send_on_lane(forge.right().into()), Some(Err(StaleBundle)));
    });
    rows.row("a longer log without proof", || {
        runtime.block_on(thief.show(1)).unwrap();
        assert_eq!(send(forge.right().into()), Err(StaleBundle));
    });
    runtime.block_on(thief.show(0)).unwrap();
    // What an honest hub sends is served: schema, perhaps rows, and in the last message the
    // trailer.
    let request = thief.request();
    let honest = thief.grant(&request);
    assert_eq!(send(honest.clone().into()), Ok(1));
    rows.row("the same grant again", || assert_eq!(send(honest.into()), Err(GrantReused)));
    rows.row("a second grant for the same scan of the exchange", || {
        assert_eq!(send(thief.grant(&request).into()), Err(GrantReused));
    });
    rows.row("on the lane: what is right, and the same once more", || {
        let right = forge.right();
        assert_eq!(send_on_lane(right.clone().into()), Some(Ok(1)));
        assert_eq!(send_on_lane(right.clone().into()), Some(Err(GrantReused)));
        assert_eq!(send(right.into()), Err(GrantReused));
    });
    rows.row("a second lane", || {
        let second = runtime.block_on(Lane::open(&thief.client));
        assert_eq!(second.err(), Some(SourceLimit));
    });
    rows.row("a handle that was not given out", || {
        assert_eq!(runtime.block_on(thief.send_ticket(vec![7; 32])), Err(UnknownName));
    });
    for forgery in FORGERIES {
        rows.row(forgery.name, || {
            assert_eq!(send((forgery.made)(&forge)), Err(forgery.code));
        });
        rows.row(&format!("{}, on the lane", forgery.name), || {
            let refused = send_on_lane((forgery.made)(&forge));
            assert_eq!(refused.unwrap_or(Err(forgery.code)), Err(forgery.code));
        });
    }
    // After all that, what is right is still served.
    rows.row("what is right, under newer grants", || {
        let ticket = ScanTicket { grants_version: thief.seen.1 + 1, ..forge.right() };
        assert_eq!(send(ticket.into()), Ok(1));
    });
    rows.row("under older grants than another scan's", || {
        assert_eq!(send(forge.right().into()), Err(StaleBundle));
    });
    rows.row("a clock that is off is said in this machine's own log, and by how much", || {
        assert!(read(&town, "logs/estate.log").contains("a scan was refused for its times"));
        let journal = journal(&town.deployment.folder, "estate");
        assert!(journal.contains("this machine's clock is 360 s behind the hub's"), "{journal}");
    });
    let journal = journal(&town.deployment.folder, "estate");
    let codes = FORGERIES.iter().map(|forgery| (forgery.name, forgery.code));
    for (name, code) in codes.chain([("stale", StaleBundle), ("used", GrantReused)]) {
        rows.row(&format!("in the department's journal: {name}"), || {
            assert!(journal.contains(&format!("\"code\":\"{}\"", code.name())), "{code:?}");
        });
    }
    rows.end();
}

/// The people of a request about many, and the scans of it that a stolen hub sends.
struct ManyForge<'a> {
    forge: &'a Forge,
    subjects: Vec<String>,
}

impl ManyForge<'_> {
    fn tree(&self) -> SubjectTree {
        tree(&self.subjects)
    }

    fn request(&self, change: impl FnOnce(&mut CheckManyBody)) -> Request {
        self.about(&self.subjects, change)
    }

    fn about(&self, list: &[String], change: impl FnOnce(&mut CheckManyBody)) -> Request {
        let mut body = CheckManyBody {
            check: "no-property".into(),
            variant: "applicant".into(),
            parameters: Vec::new(),
            subject_parameter: "applicant".into(),
            subjects: list.len() as u32,
            subjects_root: tree(list).root().to_vec(),
        };
        change(&mut body);
        Request { body: Some(Body::CheckMany(body)), ..self.forge.thief.request() }
    }

    fn part(&self, request: &Request, part: u32, keys: &[&String]) -> ScanTicket {
        let mut shown: Vec<(u64, &str)> = (0u64..)
            .zip(&self.subjects)
            .filter(|(_, subject)| keys.contains(subject))
            .map(|(place, subject)| (place, subject.as_str()))
            .collect();
        shown.dedup();
        let subjects = self.tree().show(&shown).ok();
        let keys = keys.iter().map(|key| Forge::parameter(key)).collect();
        ScanTicket { part, keys, subjects, ..self.forge.thief.grant(request) }
    }
}

fn tree(list: &[String]) -> SubjectTree {
    SubjectTree::new(&[7; 32], list.iter().map(String::as_str))
}

#[test]
fn a_stolen_hub_cannot_stretch_a_request_about_many() {
    let mut town = deploy(300, 5);
    town.deployment.approve_many(3).unwrap();
    town.deployment.kill_hub().unwrap();
    let runtime = runtime();
    let forge = Forge::new(runtime.block_on(Thief::take_over(&town)), &town);
    let thief = &forge.thief;
    runtime.block_on(thief.show(0)).unwrap();
    let send = |ticket: ScanTicket| runtime.block_on(thief.send(&ticket));
    let others = town.city.ids.iter().map(|id| id.as_str().to_owned());
    let subjects: Vec<String> =
        others.filter(|id| *id != forge.stranger && *id != forge.migrant).take(3).collect();
    let many = ManyForge { forge: &forge, subjects };
    let [one, two, three] = [0, 1, 2].map(|place| many.subjects[place].clone());
    let mut rows = Rows::new();
    let request = many.request(|_| {});
    rows.row("what is right, in two parts", || {
        assert_eq!(send(many.part(&request, 1, &[&one])), Ok(1));
        assert_eq!(send(many.part(&request, 2, &[&two])), Ok(1));
    });
    rows.row("a part again", || {
        assert_eq!(send(many.part(&request, 2, &[&three])), Err(GrantReused));
    });
    rows.row("more keys in all parts than the owner approved", || {
        assert_eq!(send(many.part(&request, 3, &[&three, &one])), Err(TooLarge));
    });
    rows.row("a key twice in one part", || {
        assert_eq!(send(many.part(&request, 4, &[&three, &three])), Err(Malformed));
    });
    rows.row("one whom the request does not name", || {
        let keys = [&three, &forge.stranger];
        assert_eq!(send(many.part(&request, 5, &keys)), Err(KeyWithoutOrigin));
    });
    rows.row("without its part, as if it were about one", || {
        assert_eq!(send(many.part(&request, 0, &[&three])), Err(Malformed));
    });
    rows.row("a part of a request about one", || {
        let ticket = ScanTicket { part: 1, ..forge.right() };
        assert_eq!(send(ticket), Err(Malformed));
    });
    rows.row("the last of them is served all the same", || {
        assert_eq!(send(many.part(&request, 6, &[&three])), Ok(1));
    });
    rows.row("a request about more than the owner approved", || {
        let request = many.request(|body| body.subjects += 1);
        assert_eq!(send(many.part(&request, 1, &[&one])), Err(GateRefused));
    });
    rows.row("a request that names one of them twice", || {
        let list = [one.clone(), two.clone(), one.clone()];
        let request = many.about(&list, |_| {});
        let subjects = tree(&list).show(&[(0, &one), (2, &one)]).ok();
        let ticket = ScanTicket { subjects, ..many.part(&request, 1, &[&one]) };
        assert_eq!(send(ticket), Err(Malformed));
    });
    rows.row("no subjects shown", || {
        let ticket = ScanTicket { subjects: None, ..many.part(&many.request(|_| {}), 1, &[&one]) };
        assert_eq!(send(ticket), Err(KeyWithoutOrigin));
    });
    rows.row("another list's subjects", || {
        let list = [one.clone(), two.clone(), forge.stranger.clone()];
        let subjects = tree(&list).show(&[(2, &forge.stranger)]).ok();
        let keys = [&forge.stranger];
        let ticket = ScanTicket { subjects, ..many.part(&many.request(|_| {}), 1, &keys) };
        assert_eq!(send(ticket), Err(KeyWithoutOrigin));
    });
    rows.row("another in the place of a subject", || {
        let mut ticket = many.part(&many.request(|_| {}), 1, &[&one]);
        ticket.keys = vec![Forge::parameter(&forge.stranger)];
        ticket.subjects.as_mut().unwrap().subjects[0].clone_from(&forge.stranger);
        assert_eq!(send(ticket), Err(KeyWithoutOrigin));
    });
    rows.row("more subjects shown than a part has keys", || {
        let mut ticket = many.part(&many.request(|_| {}), 1, &[&one]);
        ticket.subjects.as_mut().unwrap().places = vec![0; bounds::PART_KEYS + 1];
        assert_eq!(send(ticket), Err(TooLarge));
    });
    rows.row("subjects shown for a request about one", || {
        let subjects = many.tree().show(&[(0, &one)]).ok();
        assert_eq!(send(ScanTicket { subjects, ..forge.right() }), Err(Malformed));
    });
    rows.row("a request that names nobody", || {
        let request = many.about(&[], |_| {});
        assert_eq!(send(many.part(&request, 1, &[&one])), Err(TooLarge));
    });
    rows.row("a parameter both for all and for each", || {
        let request = many.request(|body| {
            let value = forge.stranger.clone();
            body.parameters.push(Parameter { name: "applicant".into(), value });
        });
        assert_eq!(send(many.part(&request, 1, &[&one])), Err(Malformed));
    });
    rows.row("subjects of another parameter than the template's", || {
        let request = many.request(|body| body.subject_parameter = "spouse".into());
        assert_eq!(send(many.part(&request, 1, &[&one])), Err(KeyWithoutOrigin));
    });
    rows.row("a subject in another spelling", || {
        let list = [format!(" {one}"), two.clone(), three.clone()];
        let request = many.about(&list, |_| {});
        let subjects = tree(&list).show(&[(0, &list[0])]).ok();
        let ticket = ScanTicket { subjects, ..many.part(&request, 1, &[&one]) };
        assert_eq!(send(ticket), Err(KeyWithoutOrigin));
    });
    rows.row("another variant's template", || {
        let request = many.request(|body| body.variant = "family".into());
        assert_eq!(send(many.part(&request, 1, &[&one])), Err(GateRefused));
    });
    rows.row("a list that was changed after it was signed", || {
        let mut ticket = many.part(&many.request(|_| {}), 1, &[&forge.stranger]);
        let envelope = ticket.request.as_mut().unwrap();
        let mut request = Request::decode(envelope.payload.as_slice()).unwrap();
        if let Some(Body::CheckMany(body)) = &mut request.body {
            let list = [forge.stranger.clone(), two.clone(), three.clone()];
            body.subjects_root = tree(&list).root().to_vec();
        }
        envelope.payload = request.encode_to_vec();
        assert_eq!(send(ticket), Err(BadSignature));
    });
    rows.row("more keys than a part can have", || {
        let keys = vec![&one; bounds::PART_KEYS + 1];
        assert_eq!(send(many.part(&many.request(|_| {}), 1, &keys)), Err(TooLarge));
    });
    rows.end();
}

fn seal(receipt: &ScanReceipt, key: &SigningKey) -> Envelope {
    dsse::seal(payload_type::SCAN_RECEIPT, receipt, key).unwrap()
}

/// A receipt that commits to one value under a salt that the thief knows.
fn forged_receipt(value: &str, dataset: &str, connector: &str) -> ScanReceipt {
    let commitment = receipt::value_commitment("man_id", &[7; 32], value);
    ScanReceipt {
        grant_id: uuid::Uuid::new_v4().to_string(),
        exchange_id: uuid::Uuid::now_v7().to_string(),
        connector: connector.to_owned(),
        dataset: dataset.to_owned(),
        template_digest: vec![0; 32],
        completed_at: Some(to_timestamp(SystemTime::now())),
        as_of: Some(to_timestamp(SystemTime::now())),
        facts_commitment: vec![0; 32],
        supplied: vec![zerotrip_proto::v1::SuppliedColumn {
            column: "man_id".into(),
            commitments: vec![commitment.to_vec()],
        }],
    }
}
