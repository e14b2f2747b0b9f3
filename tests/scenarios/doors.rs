//! No holes, by enumeration: every call of the descriptor set is refused without an identity, or
//! stands in the short list of those that need none. And the attacks on a request's identity, each
//! refused by its code, each refusal in the ledger.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use tower::Service as _;
use zerotrip_channel::{Http2Bounds, Http2Client, SystemHome, dial};
use zerotrip_client::Session;
use zerotrip_hub::api::guard::{Access, CALLS};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckBody, Envelope, ErrorCode, ExchangeCall, Parameter, Request};
use zerotrip_proto::{Refusal, bounds, payload_type, to_timestamp};
use zerotrip_tests::deployment::{BASIS, FUND, PURPOSE, TRANSIT};
use zerotrip_trust::dsse;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::tls;

use crate::support::{DeployedCity, deploy, described_calls, runtime};

/// Those that the hub serves.
fn described() -> BTreeSet<String> {
    described_calls().into_iter().filter(|call| !call.contains(".Connector/")).collect()
}

async fn nobody(town: &DeployedCity) -> Http2Client {
    let home = town.home(FUND);
    let config =
        tls::client_config(None, home.ca(), tls::ExpectedPeer::new(&home.hub), &[bounds::ALPN_H2])
            .unwrap();
    open(&home, config).await
}

async fn open(home: &SystemHome, config: std::sync::Arc<rustls::ClientConfig>) -> Http2Client {
    let stream = dial(&home.address, config).await.unwrap();
    let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A stranger whom the hub listens to.
async fn speaks(
    home: &SystemHome,
    config: &std::sync::Arc<rustls::ClientConfig>,
) -> Option<Http2Client> {
    let stream = dial(&home.address, std::sync::Arc::clone(config)).await.ok()?;
    let (client, connection) = Http2Client::handshake(stream, Http2Bounds::STANDARD).await.ok()?;
    tokio::spawn(connection);
    let mut health = tonic_health::pb::health_client::HealthClient::new(client.clone());
    health.check(tonic_health::pb::HealthCheckRequest::default()).await.ok().map(|_| client)
}

/// The default of `connections`, and what one address may hold of it without a certificate.
const STRANGERS_OF_ONE_ADDRESS: usize = 1024 / 16;

#[test]
fn nobody_without_a_certificate_keeps_others_out() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let town = crate::support::deploy(60, 3);
    let runtime = crate::support::runtime();
    let home = town.home(FUND);
    let config =
        tls::client_config(None, home.ca(), tls::ExpectedPeer::new(&home.hub), &[bounds::ALPN_H2])
            .unwrap();
    runtime.block_on(async {
        // Who says nothing, or half of the preface, is sent away.
        for said in [&b""[..], b"PRI * HTTP/2"] {
            let mut stream = dial(&home.address, config.clone()).await.unwrap();
            stream.write_all(said).await.unwrap();
            let mut heard = Vec::new();
            let closed = tokio::time::timeout(
                std::time::Duration::from_secs(20),
                stream.read_to_end(&mut heard),
            )
            .await;
            assert!(closed.is_ok(), "still connected after {said:?}");
        }
        // Who speaks may stay, but not take all places: a session under way does not notice.
        let mut session = town.session().await;
        let mut strangers = Vec::new();
        while let Some(stranger) = speaks(&home, &config).await {
            strangers.push(stranger);
            assert!(strangers.len() <= STRANGERS_OF_ONE_ADDRESS, "nobody is refused");
        }
        assert_eq!(strangers.len(), STRANGERS_OF_ONE_ADDRESS);
        // A burst of those who have a certificate comes through all the same.
        let bursting = (0..2 * STRANGERS_OF_ONE_ADDRESS)
            .map(|_| dial(&home.address, home.tls(bounds::ALPN_H2).unwrap()));
        for dialled in futures::future::join_all(bursting).await {
            dialled.unwrap();
        }
        let (applicant, variant) = town.cast("nothing_owned");
        session
            .check(&crate::support::errand(), &crate::support::question(variant, &applicant))
            .await
            .unwrap();
    });
    // They are gone, and there is room again.
    let again = || Ok(runtime.block_on(speaks(&home, &config)).is_some());
    zerotrip_tests::deployment::wait_until(
        std::time::Duration::from_secs(20),
        "a place is free again",
        again,
    )
    .unwrap();
}

/// The refusal that a call with an empty message meets at the door; `None` if it got through it.
async fn knock(mut client: Http2Client, path: &str) -> Option<ErrorCode> {
    use http_body_util::{Full, combinators::UnsyncBoxBody};
    let body = Full::new(bytes::Bytes::from_static(&[0; 5]));
    let body: UnsyncBoxBody<bytes::Bytes, std::convert::Infallible> = UnsyncBoxBody::new(body);
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(body))
        .unwrap();
    std::future::poll_fn(|cx| client.poll_ready(cx)).await.unwrap();
    let response = client.call(request).await.unwrap();
    let status = tonic::Status::from_header_map(response.headers())?;
    (status.code() != tonic::Code::Ok).then(|| Refusal::from_status(&status).code)
}

/// The HTTP status that a monitor gets which looks with plain HTTP.
async fn looks(mut client: Http2Client, path: &str) -> http::StatusCode {
    let request = http::Request::get(path).body(tonic::body::Body::empty()).unwrap();
    std::future::poll_fn(|cx| client.poll_ready(cx)).await.unwrap();
    client.call(request).await.unwrap().status()
}

#[test]
fn the_doors_are_the_descriptors() {
    let listed: BTreeSet<String> = CALLS
        .iter()
        .map(|(path, _)| (*path).to_owned())
        .filter(|path| path.starts_with("/zerotrip"))
        .collect();
    assert_eq!(listed, described(), "the guard's table and the protos differ");
    let open: Vec<&str> =
        CALLS.iter().filter(|(_, access)| *access == Access::Open).map(|(path, _)| *path).collect();
    let expected = [
        "/zerotrip.v1.Authority/Join",
        "/zerotrip.v1.Authority/GetJoin",
        "/zerotrip.v1.Authority/GetDirectory",
        "/zerotrip.v1.Authority/Renew",
        "/grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/Watch",
        "/grpc.health.v1.Health/List",
    ];
    assert_eq!(open, expected);
}

#[test]
fn identities_are_asked_for_and_attacks_on_them_refused() {
    let town = deploy(200, 9);
    let runtime = runtime();
    runtime.block_on(async {
        for path in ["/", "/healthz", "/metrics", "/grpc.health.v1.Health/Check"] {
            assert_eq!(
                looks(nobody(&town).await, path).await,
                http::StatusCode::METHOD_NOT_ALLOWED,
                "{path}: 200 would read as health"
            );
        }
        for (path, access) in CALLS {
            let refusal = knock(nobody(&town).await, path).await;
            if access == Access::Open {
                assert_ne!(refusal, Some(ErrorCode::Unauthenticated), "{path}");
            } else {
                assert_eq!(refusal, Some(ErrorCode::Unauthenticated), "{path} without identity");
            }
        }
        assert_eq!(
            knock(nobody(&town).await, "/zerotrip.v1.Exchange/Query").await,
            Some(ErrorCode::Unauthenticated)
        );
        let home = town.home(FUND);
        for (path, access) in CALLS {
            let member = open(&home, home.tls(bounds::ALPN_H2).unwrap()).await;
            if access == Access::Administrator {
                assert_eq!(
                    knock(member, path).await,
                    Some(ErrorCode::AdminOnly),
                    "{path} by an ordinary member"
                );
            }
        }
        let member = open(&home, home.tls(bounds::ALPN_H2).unwrap()).await;
        assert_eq!(
            knock(member, "/zerotrip.v1.Exchange/Query").await,
            Some(ErrorCode::UnknownName)
        );
        attacks(&town).await;
    });
    town.deployment.stop().unwrap();
}

struct Forge<'a> {
    town: &'a DeployedCity,
    home: SystemHome,
    session: Session,
}

impl Forge<'_> {
    fn request(&self) -> Request {
        let now = SystemTime::now();
        Request {
            id: uuid::Uuid::now_v7().to_string(),
            issuer: self.home.uri(),
            audience: self.home.hub.uri(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + Duration::from_secs(60))),
            official: "0471".into(),
            service_item: "x".into(),
            purpose: PURPOSE.into(),
            legal_basis: BASIS.into(),
            case_number: "1".into(),
            body: Some(Body::Check(CheckBody {
                check: "no-property".into(),
                variant: "couple".into(),
                parameters: vec![Parameter {
                    name: "applicant".into(),
                    value: self.town.cast("nothing_owned").0,
                }],
                ..CheckBody::default()
            })),
        }
    }

    fn sign(&self, request: &Request) -> Envelope {
        dsse::seal(payload_type::REQUEST, request, &self.home.sign).unwrap()
    }

    async fn send(&self, envelope: Envelope) -> Result<(), ErrorCode> {
        let call = ExchangeCall { request: Some(envelope), ..ExchangeCall::default() };
        let sent = self.session.connection().exchange().check(call).await;
        sent.map(|_| ()).map_err(|status| Refusal::from_status(&status).code)
    }

    async fn refused(&self, what: &str, envelope: Envelope, code: ErrorCode) {
        assert_eq!(self.send(envelope).await, Err(code), "{what}");
    }
}

async fn attacks(town: &DeployedCity) {
    let forge = Forge { town, home: town.home(FUND), session: town.session().await };
    let before = entries(town).await;
    let mut refusals = 0;
    macro_rules! refused {
        ($what:expr, $envelope:expr, $code:ident) => {
            forge.refused($what, $envelope, ErrorCode::$code).await;
            refusals += 1;
        };
    }
    let honest = forge.sign(&forge.request());
    forge.send(honest.clone()).await.unwrap();
    refused!("the same request again", honest, Replayed);

    let stranger = SigningKey::generate(Algorithm::Ed25519).unwrap();
    refused!(
        "an unknown key",
        dsse::seal(payload_type::REQUEST, &forge.request(), &stranger).unwrap(),
        BadSignature
    );
    let mut envelope = dsse::seal(payload_type::REQUEST, &forge.request(), &stranger).unwrap();
    envelope.signatures[0].keyid = forge.home.sign.id().to_owned();
    refused!("another key's signature under our key id", envelope, BadSignature);
    let mut envelope = forge.sign(&forge.request());
    envelope.signatures.clear();
    assert!(forge.send(envelope).await.is_err(), "a stripped signature");
    let mut envelope = forge.sign(&forge.request());
    envelope.signatures.push(envelope.signatures[0].clone());
    assert!(forge.send(envelope).await.is_err(), "a doubled signature");
    let mut envelope = forge.sign(&forge.request());
    envelope.payload.push(0);
    assert!(forge.send(envelope).await.is_err(), "one byte more than was signed");
    let request = forge.request();
    let envelope = dsse::seal(payload_type::ANSWER, &request, &forge.home.sign).unwrap();
    assert!(forge.send(envelope).await.is_err(), "another payload type");
    refusals += 4;

    let transit = town.home(TRANSIT);
    let other = Request { issuer: transit.uri(), ..forge.request() };
    let envelope = dsse::seal(payload_type::REQUEST, &other, &transit.sign).unwrap();
    refused!("a request that another member signed", envelope, SignerMismatch);
    refused!("a request that names another system", forge.sign(&other), SignerMismatch);
    let seal = forge.home.key("seal").unwrap();
    refused!(
        "a key of another usage",
        dsse::seal(payload_type::REQUEST, &forge.request(), &seal).unwrap(),
        BadSignature
    );

    let now = SystemTime::now();
    let at = |offset: i64| {
        let offset_abs = Duration::from_secs(offset.unsigned_abs());
        Some(to_timestamp(if offset < 0 { now - offset_abs } else { now + offset_abs }))
    };
    let audience = format!("{}0", forge.home.hub.uri());
    refused!(
        "for another hub",
        forge.sign(&Request { audience, ..forge.request() }),
        WrongAudience
    );
    refused!(
        "from the far future",
        forge.sign(&Request { issued_at: at(3600), expires_at: at(3660), ..forge.request() }),
        NotYetValid
    );
    refused!(
        "expired",
        forge.sign(&Request { issued_at: at(-100), expires_at: at(-40), ..forge.request() }),
        Expired
    );
    refused!(
        "longer than five minutes",
        forge.sign(&Request { expires_at: at(3600), ..forge.request() }),
        Expired
    );
    refused!(
        "times the wrong way round",
        forge.sign(&Request { issued_at: at(4), expires_at: at(3), ..forge.request() }),
        Expired
    );
    refused!("no times", forge.sign(&Request { issued_at: None, ..forge.request() }), Malformed);
    refused!(
        "no case",
        forge.sign(&Request { case_number: String::new(), ..forge.request() }),
        Malformed
    );
    refused!(
        "an id that is no UUIDv7",
        forge.sign(&Request { id: uuid::Uuid::new_v4().to_string(), ..forge.request() }),
        Malformed
    );
    let body = |check: &str, variant: &str, value: &str| {
        let parameters = vec![Parameter { name: "applicant".into(), value: value.into() }];
        Some(Body::Check(CheckBody {
            check: check.into(),
            variant: variant.into(),
            parameters,
            ..CheckBody::default()
        }))
    };
    let applicant = town.cast("nothing_owned").0;
    refused!(
        "an unknown check",
        forge
            .sign(&Request { body: body("all-property", "couple", &applicant), ..forge.request() }),
        UnknownName
    );
    refused!(
        "an unknown variant",
        forge.sign(&Request { body: body("no-property", "clan", &applicant), ..forge.request() }),
        UnknownName
    );
    let hostile = "330106199001011234' or '1'='1";
    refused!(
        "a value that is no id",
        forge.sign(&Request { body: body("no-property", "couple", hostile), ..forge.request() }),
        InvalidParameter
    );
    let (start, rest) = applicant.split_at(2);
    for (what, text) in [
        ("an id with a mark that turns the order of reading", format!("{start}\u{200f}{rest}")),
        ("an id with a mark that is not seen", format!("{start}\u{feff}{rest}")),
        ("an id with a blank before it", format!(" {applicant}")),
    ] {
        refused!(
            what,
            forge.sign(&Request { body: body("no-property", "couple", &text), ..forge.request() }),
            InvalidParameter
        );
    }
    for case_number in ["HZ-\u{202e}7102-1\u{202c}", "HZ\u{200b}-1", "HZ-1\u{ad}"] {
        refused!(
            "a case number with marks that are not seen",
            forge.sign(&Request { case_number: case_number.into(), ..forge.request() }),
            Malformed
        );
    }
    refused!("no body", forge.sign(&Request { body: None, ..forge.request() }), Malformed);

    let after = entries(town).await;
    assert_eq!(
        after - before,
        refusals + 2,
        "each refusal is one ledger entry, and the honest request two"
    );
    forge.send(forge.sign(&forge.request())).await.expect("an honest request after all that");
}

async fn entries(town: &DeployedCity) -> u64 {
    let session = town.session().await;
    let reply = session
        .connection()
        .ledger()
        .get_checkpoint(zerotrip_proto::v1::GetCheckpointRequest {})
        .await
        .unwrap();
    reply.into_inner().checkpoint.lines().nth(1).unwrap().parse().unwrap()
}
