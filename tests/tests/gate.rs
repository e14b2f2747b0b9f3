//! A hub in its operator's hands: it has the hub's own keys and the connector's channel, and tries
//! to ask what nobody asked. The department's gate refuses each forgery by its code, journals it,
//! and goes on serving what is right.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow_flight::Ticket;
use arrow_flight::flight_service_client::FlightServiceClient;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use zerotrip_channel::{Http2Bounds, Http2Client};
use zerotrip_checks::definition::Definition;
use zerotrip_proto::v1::connector_client::ConnectorClient;
use zerotrip_proto::v1::granted_key::Origin;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    CheckBody, DescribeRequest, Envelope, ErrorCode, GrantedKey, Opening, Parameter, Request,
    ScanReceipt, ScanTemplate, ScanTicket,
};
use zerotrip_proto::{bounds, payload_type, to_timestamp};
use zerotrip_tests::town::{BASIS, FUND, PURPOSE, run};
use zerotrip_trust::dsse;
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::note::{Checkpoint, sign_checkpoint};
use zerotrip_trust::receipt;
use zerotrip_trust::tls;
use zerotrip_trust::x509::{TlsKey, pem};

use crate::support::{TestTown, code_of, journal, runtime, town};

/// The operator's stolen hub: its keys, and the estate connector's channel.
struct Thief {
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
    client: Http2Client,
}

fn read(town: &TestTown, name: &str) -> String {
    std::fs::read_to_string(town.town.folder.join(name)).unwrap()
}

fn seen(town: &TestTown) -> (Checkpoint, u64) {
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
    async fn take_over(town: &TestTown) -> Self {
        let chain = pem::certificates(&read(town, "hub/tls.pem")).unwrap();
        let ca = pem::certificate(&read(town, "hub/ca.pem")).unwrap();
        let key = TlsKey::from_pem(&read(town, "hub/tls.key")).unwrap();
        let config =
            tls::server_config(&chain, &key, &ca, &[bounds::ALPN_H2, bounds::ALPN_CHANNEL])
                .unwrap();
        let listener =
            TcpListener::bind(town.town.url.trim_start_matches("https://")).await.unwrap();
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
        let definition = std::fs::read_to_string(
            zerotrip_tests::town::definitions().join("no-property/check.toml"),
        )
        .unwrap();
        let definition = Definition::parse(&definition, "no-property.toml").unwrap();
        let template = |variant: &str| {
            definition.variant(variant).unwrap().scan("ownership").unwrap().template(
                &definition,
                variant,
                "ownership",
            )
        };
        let home = town.home(FUND);
        Self {
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
    async fn show(&self, more: u64) -> Result<(), ErrorCode> {
        let (head, grants_version) = self.seen.clone();
        let head = Checkpoint { size: head.size + more, ..head };
        let checkpoint = sign_checkpoint(&head, &self.ledger).unwrap();
        let request = DescribeRequest { checkpoint, grants_version, ..DescribeRequest::default() };
        let shown = ConnectorClient::new(self.client.clone()).describe(request).await;
        shown.map(|_| ()).map_err(|status| code_of(&status))
    }

    fn request(&self) -> Request {
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
            })),
        }
    }

    fn grant(&self, request: &Request) -> ScanTicket {
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
        }
    }

    async fn send(&self, grant: &ScanTicket) -> Result<usize, ErrorCode> {
        self.send_envelope(&dsse::seal(payload_type::SCAN_GRANT, grant, &self.sign).unwrap()).await
    }

    async fn send_envelope(&self, envelope: &Envelope) -> Result<usize, ErrorCode> {
        self.send_ticket(envelope.encode_to_vec()).await
    }

    /// How many trailers came, or why nothing did.
    async fn send_ticket(&self, ticket: Vec<u8>) -> Result<usize, ErrorCode> {
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
fn a_broken_dataset_takes_no_other_with_it_and_is_never_answered() {
    let mut town = town(200, 31);
    let folder = town.town.folder.join("city/estate");
    let good = std::fs::read_to_string(folder.join("ownership.toml")).unwrap();
    town.town.stop_connector("estate").unwrap();
    std::fs::write(
        folder.join("second.toml"),
        good.replace("\"estate.ownership\"", "\"estate.second\""),
    )
    .unwrap();
    let (dir, second) =
        (town.town.path("estate"), folder.join("second.toml").display().to_string());
    run("zerotrip-connector", &["sign", "--not-asked-yet", "--dir", &dir, &second], &folder)
        .unwrap()
        .expect(0)
        .unwrap();
    // Changed after its owner signed it.
    std::fs::write(folder.join("ownership.toml"), good.replacen("en = \"", "en = \"New ", 1))
        .unwrap();
    town.town.start_connector("estate").unwrap();
    town.town
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
    town.town.ask("check", FUND, variant, &applicant, &[]).unwrap().expect(4).unwrap();
    // Nor is it answered to a hub that asks all the same.
    town.town.kill_hub().unwrap();
    runtime().block_on(async {
        let thief = Thief::take_over(&town).await;
        thief.show(0).await.unwrap();
        assert_eq!(thief.send(&thief.grant(&thief.request())).await, Err(ErrorCode::GateRefused));
    });
    // Where nothing is left, it says so and ends.
    town.town.stop_connector("estate").unwrap();
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
    town.town.stop().unwrap();
}

#[test]
fn a_stolen_hub_cannot_invent_a_question() {
    let mut town = town(300, 5);
    town.town.kill_hub().unwrap();
    let runtime = runtime();
    let refusals = runtime.block_on(async {
        let thief = Arc::new(Thief::take_over(&town).await);
        let mut refusals = Vec::new();
        macro_rules! refused {
            ($what:expr, $grant:expr, $code:ident) => {
                assert_eq!(thief.send(&$grant).await, Err(ErrorCode::$code), "{}", $what);
                refusals.push(ErrorCode::$code);
            };
        }
        // Nothing is answered before the hub has proven, on this very channel, that its log
        // continues what the connector saw.
        refused!("a hub that has shown nothing", thief.grant(&thief.request()), StaleBundle);
        thief.show(1).await.unwrap();
        refused!("a longer log without proof", thief.grant(&thief.request()), StaleBundle);
        thief.show(0).await.unwrap();
        // What an honest hub sends is served: schema, perhaps rows, and in the last message the
        // trailer.
        let request = thief.request();
        let honest = thief.grant(&request);
        assert_eq!(thief.send(&honest).await, Ok(1));
        refused!("the same grant again", honest, GrantReused);
        refused!(
            "a second grant for the same scan of the exchange",
            thief.grant(&request),
            GrantReused
        );

        let nobody = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let request = thief.request();
        let forged = thief
            .grant_over(&request, dsse::seal(payload_type::REQUEST, &request, &nobody).unwrap());
        refused!("a requester that the authority does not know", forged, BadSignature);
        let forged = thief.grant_over(
            &request,
            dsse::seal(payload_type::REQUEST, &request, &thief.sign).unwrap(),
        );
        refused!("the hub as its own requester", forged, BadSignature);
        let mut envelope = dsse::seal(payload_type::REQUEST, &request, &nobody).unwrap();
        envelope.signatures[0].keyid = thief.requester.id().to_owned();
        refused!(
            "another's signature under the requester's key id",
            thief.grant_over(&request, envelope),
            BadSignature
        );
        let mut envelope = dsse::seal(payload_type::REQUEST, &request, &thief.requester).unwrap();
        let stray = Request { case_number: "2".into(), ..request.clone() };
        envelope.payload = stray.encode_to_vec();
        refused!(
            "a changed request under the old signature",
            thief.grant_over(&request, envelope),
            BadSignature
        );
        let grant = ScanTicket { request: None, ..thief.grant(&request) };
        refused!("no request at all", grant, BadSignature);
        let other = Request { issuer: town.home("civil").uri(), ..request.clone() };
        refused!("a request that names another system", thief.grant(&other), SignerMismatch);
        let civil = town.home("civil");
        let envelope = dsse::seal(payload_type::REQUEST, &other, &civil.sign).unwrap();
        refused!(
            "a member whom the owner does not serve",
            thief.grant_over(&other, envelope),
            GateRefused
        );
        let other = Request { purpose: "curiosity".into(), ..thief.request() };
        refused!("a purpose that the owner does not serve", thief.grant(&other), GateRefused);
        let other = Request { audience: format!("{}x", thief.hub), ..thief.request() };
        refused!("a request made to another hub", thief.grant(&other), WrongAudience);
        let old = SystemTime::now() - Duration::from_secs(120);
        let other = Request { expires_at: Some(to_timestamp(old)), ..thief.request() };
        refused!("a request that has expired", thief.grant(&other), Expired);

        let now = SystemTime::now();
        let other = Request {
            expires_at: Some(to_timestamp(now + Duration::from_secs(3600))),
            ..thief.request()
        };
        refused!("a request that would live for an hour", thief.grant(&other), Expired);
        let future = now + bounds::CLOCK_SKEW + Duration::from_secs(60);
        let expires_at = Some(to_timestamp(future + Duration::from_secs(60)));
        let other =
            Request { issued_at: Some(to_timestamp(future)), expires_at, ..thief.request() };
        refused!("a request of the future", thief.grant(&other), NotYetValid);
        let other = Request {
            issued_at: Some(to_timestamp(now - Duration::from_secs(200))),
            ..thief.request()
        };
        refused!(
            "a request from before the connector's start, kept by the hub",
            thief.grant(&other),
            Expired
        );
        for other in [
            Request { issued_at: None, ..thief.request() },
            Request { expires_at: None, ..thief.request() },
        ] {
            refused!("a request of no time", thief.grant(&other), Malformed);
        }

        let request = thief.request();
        let stranger = town.cast("old_id_home").0;
        let with = |keys: Vec<GrantedKey>| ScanTicket { keys, ..thief.grant(&request) };
        let parameter = |value: &str| GrantedKey {
            value: value.into(),
            origin: Some(Origin::Parameter("applicant".into())),
        };
        refused!(
            "a key that the request does not name",
            with(vec![parameter(&stranger)]),
            KeyWithoutOrigin
        );
        let bare = GrantedKey { value: thief.applicant.clone(), origin: None };
        refused!("a key of no origin", with(vec![bare]), KeyWithoutOrigin);
        refused!(
            "one key more",
            with(vec![parameter(&thief.applicant), parameter(&stranger)]),
            TooLarge
        );
        refused!(
            "an obligation that the connector does not know",
            ScanTicket { obligations: vec!["mask".into()], ..thief.grant(&request) },
            GateRefused
        );
        refused!("no key", with(Vec::new()), TooLarge);
        refused!("a key that is no id", with(vec![parameter("' or 1=1 --")]), InvalidParameter);

        let columns = ["status", "owner_name"].map(String::from).to_vec();
        for template in [
            ScanTemplate { columns, ..thief.template.clone() },
            ScanTemplate { max_rows: 1_000_000, ..thief.template.clone() },
            ScanTemplate { max_keys: 4096, ..thief.template.clone() },
            ScanTemplate { supplies: vec!["status".into()], ..thief.template.clone() },
            ScanTemplate { check: "everything/everyone".into(), ..thief.template.clone() },
        ] {
            let grant = ScanTicket { template: Some(template.clone()), ..thief.grant(&request) };
            refused!(format!("a changed template: {template:?}"), grant, GateRefused);
        }
        let grant = ScanTicket { template: Some(thief.family.clone()), ..thief.grant(&request) };
        refused!("an approved template of another variant than was asked", grant, GateRefused);

        let family = |value: &str, evidence: Envelope| {
            let mut request = thief.request();
            if let Some(Body::Check(body)) = &mut request.body {
                body.variant = "family".into();
            }
            let opening = Opening { receipt: 0, column: "man_id".into(), salt: vec![7; 32] };
            let key = GrantedKey { value: value.into(), origin: Some(Origin::Opening(opening)) };
            let grant = thief.grant(&request);
            let evidence = re_exchange(&evidence, &request.id, &thief.sign);
            ScanTicket {
                template: Some(thief.family.clone()),
                keys: vec![key],
                evidence: vec![evidence],
                ..grant
            }
        };
        let receipt = forged_receipt(&stranger, "civil.marriage", &town.home("civil").uri());
        refused!(
            "evidence that the hub made itself",
            family(&stranger, seal(&receipt, &thief.sign)),
            BadSignature
        );
        let grant = family(&stranger, seal(&receipt, &thief.sign));
        let own = ScanTicket {
            evidence: vec![seal(
                &ScanReceipt { exchange_id: grant.exchange_id.clone(), ..receipt.clone() },
                &town.home("estate").sign,
            )],
            ..grant
        };
        refused!("evidence signed by a department for another's dataset", own, SignerMismatch);
        let grant = family(&stranger, seal(&receipt, &thief.sign));
        let stale = ScanTicket { evidence: vec![seal(&receipt, &civil.sign)], ..grant };
        refused!("evidence of another exchange", stale, KeyWithoutOrigin);
        let grant = family(&town.cast("migrant").0, seal(&receipt, &thief.sign));
        let wrong = ScanTicket {
            evidence: vec![seal(
                &ScanReceipt { exchange_id: grant.exchange_id.clone(), ..receipt.clone() },
                &civil.sign,
            )],
            ..grant
        };
        refused!("a key that the evidence does not open to", wrong, KeyWithoutOrigin);

        let request = thief.request();
        let now = SystemTime::now();
        let grant = ScanTicket { connector: town.home("police").uri(), ..thief.grant(&request) };
        refused!("a grant for another connector", grant, WrongAudience);
        let grant = ScanTicket { hub: format!("{}x", thief.hub), ..thief.grant(&request) };
        refused!("a grant in another hub's name", grant, SignerMismatch);
        let lapsed = now - bounds::CLOCK_SKEW - Duration::from_secs(1);
        let times =
            (Some(to_timestamp(lapsed - Duration::from_secs(30))), Some(to_timestamp(lapsed)));
        let grant = ScanTicket { issued_at: times.0, expires_at: times.1, ..thief.grant(&request) };
        refused!("a lapsed grant", grant, Expired);
        let grant = ScanTicket {
            expires_at: Some(to_timestamp(now - Duration::from_secs(1))),
            ..thief.grant(&request)
        };
        refused!("a grant that lapses before it is issued", grant, Expired);
        let grant = ScanTicket {
            expires_at: Some(to_timestamp(now + Duration::from_secs(3600))),
            ..thief.grant(&request)
        };
        refused!("a grant that would live for an hour", grant, Expired);
        let future = now + bounds::CLOCK_SKEW + Duration::from_secs(60);
        let expires_at = Some(to_timestamp(future + Duration::from_secs(20)));
        let grant = ScanTicket {
            issued_at: Some(to_timestamp(future)),
            expires_at,
            ..thief.grant(&request)
        };
        refused!("a grant of the future", grant, NotYetValid);
        let grant = ScanTicket {
            issued_at: Some(to_timestamp(now - Duration::from_secs(3000))),
            ..thief.grant(&request)
        };
        refused!("a grant from before the connector's start", grant, Expired);

        let grant = thief.grant(&request);
        let envelope = dsse::seal(payload_type::SCAN_GRANT, &grant, &nobody).unwrap();
        assert_eq!(
            thief.send_envelope(&envelope).await,
            Err(ErrorCode::BadSignature),
            "a grant that the hub did not sign"
        );
        refusals.push(ErrorCode::BadSignature);
        let envelope = dsse::seal(payload_type::REQUEST, &grant, &thief.sign).unwrap();
        assert!(
            thief.send_envelope(&envelope).await.is_err(),
            "a grant under another payload type"
        );
        let mut envelope = dsse::seal(payload_type::SCAN_GRANT, &grant, &thief.sign).unwrap();
        envelope.signatures.push(envelope.signatures[0].clone());
        assert!(thief.send_envelope(&envelope).await.is_err(), "a doubled signature");
        envelope.signatures.clear();
        assert!(thief.send_envelope(&envelope).await.is_err(), "no signature");
        assert_eq!(
            thief.send_ticket(b"\xff\xff\xff\xff".to_vec()).await,
            Err(ErrorCode::Malformed),
            "garbage"
        );

        // After all that, what is right is still served.
        let newer =
            ScanTicket { grants_version: thief.seen.1 + 1, ..thief.grant(&thief.request()) };
        assert_eq!(thief.send(&newer).await, Ok(1));
        refused!(
            "under older grants than another scan's",
            thief.grant(&thief.request()),
            StaleBundle
        );
        refusals
    });
    // A clock that is off is said in this machine's own log, and by how much.
    assert!(read(&town, "logs/estate.log").contains("a scan was refused for its times"));
    let journal = journal(&town.town.folder, "estate");
    assert!(journal.contains("this machine's clock is 360 s behind the hub's"), "{journal}");
    for code in refusals {
        assert!(
            journal.contains(&format!("\"code\":\"{}\"", code.name())),
            "{} is not in the department's journal",
            code.name()
        );
    }
}

fn seal(receipt: &ScanReceipt, key: &SigningKey) -> Envelope {
    dsse::seal(payload_type::SCAN_RECEIPT, receipt, key).unwrap()
}

/// The same receipt, moved to another exchange by whoever holds `key`.
fn re_exchange(envelope: &Envelope, exchange: &str, key: &SigningKey) -> Envelope {
    let mut receipt = ScanReceipt::decode(envelope.payload.as_slice()).unwrap();
    receipt.exchange_id = exchange.to_owned();
    seal(&receipt, key)
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
