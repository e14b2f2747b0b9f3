//! Whole handshakes in memory: who gets in, and who does not.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::directory::HubTls;
use crate::keys::{Algorithm, SigningKey};
use crate::x509::{CertificateAuthority, fingerprint, make_csr};
use rustls::{ClientConnection, HandshakeKind, ServerConnection};
use std::time::{Duration, SystemTime};
use zerotrip_proto::bounds::CLOCK_SKEW;

const H2: &[&[u8]] = &[b"h2"];
const DAY: Duration = Duration::from_secs(86_400);

fn root() -> CertificateAuthority {
    CertificateAuthority::generate("city.example", SystemTime::now() - DAY, DAY * 30).unwrap()
}

fn hub() -> Identity {
    Identity::hub("city.example", "main").unwrap()
}

fn police() -> Identity {
    Identity::system("city.example", "police", "household").unwrap()
}

struct Holder {
    chain: Vec<CertificateDer<'static>>,
    key: TlsKey,
}

fn holder_until(ca: &CertificateAuthority, identity: &Identity, until: SystemTime) -> Holder {
    let key = TlsKey::generate().unwrap();
    let dns = if identity.is_hub() { vec!["localhost".to_owned()] } else { vec![] };
    let csr = make_csr(&key, identity, &dns, &[]).unwrap();
    let cert = ca.sign_csr(&csr, identity, &dns, &[], until - DAY, until).unwrap();
    Holder { chain: vec![cert], key }
}

fn holder(ca: &CertificateAuthority, identity: &Identity) -> Holder {
    holder_until(ca, identity, SystemTime::now() + Duration::from_secs(3600))
}

fn server(ca: &CertificateAuthority, identity: &Identity) -> Arc<ServerConfig> {
    let hub = holder(ca, identity);
    server_config(&hub.chain, &hub.key, ca.cert_der(), H2).unwrap()
}

/// A whole handshake in memory; the first side's error where there is one.
fn shake(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut client =
        ClientConnection::new(client, ServerName::try_from("localhost").unwrap()).unwrap();
    let mut server = ServerConnection::new(server).unwrap();
    for _ in 0..10 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = wire.as_slice();
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok((client, server))
}

fn reason(result: Result<(ClientConnection, ServerConnection), rustls::Error>) -> String {
    format!("{:?}", result.err().unwrap())
}

#[test]
fn both_ends_know_each_other_and_never_resume() {
    let ca = root();
    let police_holder = holder(&ca, &police());
    let client = client_config(
        Some((&police_holder.chain, &police_holder.key)),
        ca.cert_der(),
        ExpectedPeer::new(&hub()),
        H2,
    )
    .unwrap();
    let server = server(&ca, &hub());
    for _ in 0..3 {
        let (client, server) = shake(client.clone(), server.clone()).unwrap();
        assert_eq!(peer_identity(client.peer_certificates().unwrap()).unwrap(), hub());
        assert_eq!(peer_identity(server.peer_certificates().unwrap()).unwrap(), police());
        assert_eq!(client.alpn_protocol(), Some(b"h2".as_slice()));
        assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(client.tls13_tickets_received(), 0);
    }
}

#[test]
fn a_client_without_certificate_comes_in_nameless() {
    let ca = root();
    let (_, server) = shake(
        client_config(None, ca.cert_der(), ExpectedPeer::new(&hub()), H2).unwrap(),
        server(&ca, &hub()),
    )
    .unwrap();
    assert!(server.peer_certificates().is_none());
    assert!(matches!(peer_identity(&[]), Err(TlsError::NoCertificate)));
}

#[test]
fn another_hub_of_the_same_root_is_not_the_one_dialled() {
    let ca = root();
    let other = Identity::hub("city.example", "other").unwrap();
    let error = reason(shake(
        client_config(None, ca.cert_der(), ExpectedPeer::new(&hub()), H2).unwrap(),
        server(&ca, &other),
    ));
    assert!(error.contains("WrongPeer"), "{error}");
}

#[test]
fn foreign_roots_are_refused_both_ways() {
    let (ca, foreign) = (root(), root());
    let error = reason(shake(
        client_config(None, ca.cert_der(), ExpectedPeer::new(&hub()), H2).unwrap(),
        server(&foreign, &hub()),
    ));
    assert!(error.contains("InvalidCertificate"), "{error}");
    let stranger = holder(&foreign, &police());
    let client = client_config(
        Some((&stranger.chain, &stranger.key)),
        ca.cert_der(),
        ExpectedPeer::new(&hub()),
        H2,
    )
    .unwrap();
    let error = reason(shake(client, server(&ca, &hub())));
    assert!(error.contains("InvalidCertificate"), "{error}");
}

#[test]
fn expired_certificates_and_the_authoritys_own_are_refused() {
    let ca = root();
    let old = holder_until(&ca, &police(), SystemTime::now() - Duration::from_secs(60));
    let client =
        client_config(Some((&old.chain, &old.key)), ca.cert_der(), ExpectedPeer::new(&hub()), H2)
            .unwrap();
    assert!(reason(shake(client, server(&ca, &hub()))).contains("Expired"));
    let signer = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let until = SystemTime::now() + DAY;
    let cert = ca.sign_authority_key(signer.public(), SystemTime::now() - DAY, until).unwrap();
    let roots = roots(ca.cert_der()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().unwrap();
    let error =
        format!("{:?}", verifier.verify_client_cert(&cert, &[], UnixTime::now()).err().unwrap());
    assert!(error.contains("Purpose"), "{error}");
}

/// A hub that was enrolled anew: whoever holds its former key cannot be taken for it.
#[test]
fn a_certificate_from_before_its_holder_was_admitted_anew_is_refused() {
    let ca = root();
    let now = holder(&ca, &hub());
    let leaf = now.chain.first().unwrap();
    let ((begins, _), key) = (validity_of(leaf).unwrap(), key_digest(leaf).unwrap());
    let serving = server_config(&now.chain, &now.key, ca.cert_der(), H2).unwrap();
    let dialling = |key: Digest, as_of: SystemTime| {
        let expected = ExpectedPeer::new(&hub()).known_as(Some(HubTls::new(key, as_of)));
        client_config(None, ca.cert_der(), expected, H2).unwrap()
    };
    let made = begins + CLOCK_SKEW;
    let (before, after) = (made - Duration::from_secs(1), made + Duration::from_secs(1));
    for as_of in [before, made, after] {
        shake(dialling(key, as_of), serving.clone()).unwrap();
    }
    // Over another key: enrolled anew since, or superseded.
    shake(dialling([7; 32], before), serving.clone()).unwrap();
    for as_of in [made, after] {
        assert!(reason(shake(dialling([7; 32], as_of), serving.clone())).contains("Superseded"));
    }
}

/// For handing a hub its renewed certificate: its end is forgiven, and nothing else.
#[test]
fn a_hub_that_has_ended_is_still_who_it_was_and_nobody_else_is() {
    let ca = root();
    let serving = |ca: &CertificateAuthority, identity: &Identity| {
        let old = holder_until(ca, identity, SystemTime::now() - Duration::from_secs(60));
        server_config(&old.chain, &old.key, ca.cert_der(), H2).unwrap()
    };
    let own = holder(&ca, &police());
    let other = Identity::hub("city.example", "other").unwrap();
    let strict =
        client_config(Some((&own.chain, &own.key)), ca.cert_der(), ExpectedPeer::new(&hub()), H2)
            .unwrap();
    let lenient = client_config(
        Some((&own.chain, &own.key)),
        ca.cert_der(),
        ExpectedPeer::new(&hub()).or_ended(),
        H2,
    )
    .unwrap();
    assert!(reason(shake(strict, serving(&ca, &hub()))).contains("Expired"));
    shake(lenient.clone(), serving(&ca, &hub())).unwrap();
    shake(lenient.clone(), server(&ca, &hub())).unwrap();
    assert!(reason(shake(lenient.clone(), serving(&ca, &other))).contains("WrongPeer"));
    assert!(shake(lenient, serving(&root(), &hub())).is_err());
}

#[test]
fn an_invitations_pin_finds_the_ca_and_nothing_else_will_do() {
    let (ca, foreign) = (root(), root());
    let (config, found) = pinned_client_config(fingerprint(ca.cert_der()), H2).unwrap();
    assert!(found.get().is_none());
    assert!(reason(shake(config.clone(), server(&foreign, &hub()))).contains("PinNotFound"));
    // The right CA in the chain, but a leaf that it did not sign.
    let impostor = holder(&foreign, &hub());
    let mut chain = impostor.chain.clone();
    chain.push(ca.cert_der().clone());
    let fake = server_config(&chain, &impostor.key, foreign.cert_der(), H2).unwrap();
    assert!(reason(shake(config.clone(), fake)).contains("InvalidCertificate"));
    assert!(found.get().is_none());
    shake(config, server(&ca, &hub())).unwrap();
    assert_eq!(found.get(), Some(ca.cert_der()));
    // A pin on the leaf itself is no pin on a CA.
    let leaf = holder(&ca, &hub());
    let fake = [leaf.chain.clone(), leaf.chain.clone()].concat();
    let server = server_config(&fake, &leaf.key, ca.cert_der(), H2).unwrap();
    let (config, found) =
        pinned_client_config(fingerprint(leaf.chain.first().unwrap()), H2).unwrap();
    assert!(reason(shake(config, server)).contains("NotACa"));
    assert!(found.get().is_none());
}

#[test]
fn a_leaf_cannot_serve_as_ca() {
    let ca = root();
    let leaf = holder(&ca, &hub());
    let cert = leaf.chain.first().unwrap();
    assert!(matches!(
        client_config(None, cert, ExpectedPeer::new(&hub()), H2),
        Err(TlsError::Certificate(X509Error::NotACa))
    ));
    assert!(server_config(&leaf.chain, &TlsKey::generate().unwrap(), ca.cert_der(), H2).is_err());
}

#[test]
fn a_client_that_would_resume_gets_nothing_to_resume_with() {
    let ca = root();
    let server = server(&ca, &hub());
    // Either of the two would do; a change of one must not silently leave the other alone with it.
    assert!(server.send_tls13_tickets == 0 && !server.session_storage.can_cache());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let eager = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots(ca.cert_der()).unwrap())
            .with_no_client_auth();
        let eager = Arc::new(eager);
        for _ in 0..3 {
            let (client, _) = shake(eager.clone(), server.clone()).unwrap();
            assert_eq!(client.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(client.tls13_tickets_received(), 0);
        }
    }
}

#[test]
fn an_invited_system_takes_no_other_system_for_a_hub() {
    // Our root gives no system a DNS name; one that was careless must not be enough.
    let ca = root();
    let issuer = rcgen::KeyPair::from_pem(&ca.key_pem()).unwrap();
    let issuer = rcgen::Issuer::from_ca_cert_der(ca.cert_der(), issuer).unwrap();
    let key = TlsKey::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(rcgen::SanType::URI(police().uri().as_str().try_into().unwrap()));
    let cert = params
        .signed_by(&rcgen::KeyPair::from_pem(&key.to_pem()).unwrap(), &issuer)
        .unwrap()
        .der()
        .clone();
    let server = server_config(&[cert], &key, ca.cert_der(), H2).unwrap();
    let (config, found) = pinned_client_config(fingerprint(ca.cert_der()), H2).unwrap();
    assert!(reason(shake(config, server)).contains("a hub"));
    assert!(found.get().is_none());
}
