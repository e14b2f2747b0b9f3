//! What the root signs, what it refuses, and that OpenSSL agrees.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, IsCa, KeyPair, PKCS_ECDSA_P384_SHA384,
    SanType,
};

use super::*;
use crate::identity::Identity;
use crate::keys::{Algorithm, SigningKey};

const DAY: Duration = Duration::from_secs(86_400);

fn root() -> CertificateAuthority {
    CertificateAuthority::generate("city.example", SystemTime::now() - DAY, DAY * 365).unwrap()
}

fn police() -> Identity {
    Identity::system("city.example", "police", "household").unwrap()
}

fn hub() -> Identity {
    Identity::hub("city.example", "main").unwrap()
}

fn now() -> (SystemTime, SystemTime) {
    (SystemTime::now() - Duration::from_secs(60), SystemTime::now() + DAY)
}

fn sign(
    ca: &CertificateAuthority,
    csr: &[u8],
    expected: &Identity,
) -> Result<CertificateDer<'static>, X509Error> {
    ca.sign_csr(csr, expected, &[], &[], now().0, now().1)
}

/// A request with anything in it.
fn raw_csr(uris: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names =
        uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
    change(&mut params);
    params.serialize_request(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

#[test]
fn a_request_becomes_a_certificate_of_its_holder() {
    let ca = root();
    let csr = make_csr(&TlsKey::generate().unwrap(), &police(), &[], &[]).unwrap();
    assert_eq!(system_of_csr(&csr).unwrap(), police());
    let cert = sign(&ca, &csr, &police()).unwrap();
    assert_eq!(identity_of(&cert).unwrap(), police());
    let parsed = read::parse(&cert).unwrap();
    let eku = parsed.extended_key_usage().unwrap().unwrap().value;
    assert!(eku.client_auth && eku.server_auth && !eku.any);
    assert!(parsed.key_usage().unwrap().unwrap().value.digital_signature());
    assert_eq!(parsed.raw_serial().len(), 16);
    let again = sign(&ca, &csr, &police()).unwrap();
    assert_ne!(parsed.raw_serial(), read::parse(&again).unwrap().raw_serial());
    let (from, until) = validity_of(&cert).unwrap();
    assert!(from < SystemTime::now() && until > SystemTime::now());
}

#[test]
fn requests_for_somebody_or_something_else_are_refused() {
    let ca = root();
    let uri = police().uri();
    let other = Identity::system("city.example", "police", "other").unwrap();
    let csr = raw_csr(&[&uri], |_| ());
    assert!(sign(&ca, &csr, &police()).is_ok());
    assert!(matches!(sign(&ca, &csr, &other), Err(X509Error::WrongHolder { .. })));
    assert_eq!(sign(&ca, &raw_csr(&[], |_| ()), &police()), Err(X509Error::NotOneUri(0)));
    assert_eq!(sign(&ca, &raw_csr(&[&uri, &uri], |_| ()), &police()), Err(X509Error::NotOneUri(2)));
    let asks_ca =
        raw_csr(&[&uri], |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(sign(&ca, &asks_ca, &police()), Err(X509Error::IsCa));
    let asks_dns = raw_csr(&[&uri], |params| {
        params.subject_alt_names.push(SanType::DnsName("x".try_into().unwrap()))
    });
    assert_eq!(sign(&ca, &asks_dns, &police()), Err(X509Error::NameNotAllowed("x".into())));
    let asks_mail = raw_csr(&[&uri], |params| {
        params.subject_alt_names.push(SanType::Rfc822Name("a@b".try_into().unwrap()))
    });
    assert!(matches!(sign(&ca, &asks_mail, &police()), Err(X509Error::NameNotAllowed(_))));
    let extra = raw_csr(&[&uri], |params| {
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]));
    });
    assert_eq!(sign(&ca, &extra, &police()), Err(X509Error::ExtensionNotAllowed));
    let elsewhere = Identity::system("other.example", "police", "household").unwrap();
    assert!(matches!(
        sign(&ca, &raw_csr(&[&elsewhere.uri()], |_| ()), &elsewhere),
        Err(X509Error::WrongHolder { .. })
    ));
    let authority = Identity::authority("city.example").unwrap();
    assert!(matches!(
        sign(&ca, &raw_csr(&[&authority.uri()], |_| ()), &authority),
        Err(X509Error::WrongHolder { .. })
    ));
}

#[test]
fn a_request_needs_its_own_signature_and_the_right_curve() {
    let ca = root();
    let csr = raw_csr(&[&police().uri()], |_| ());
    let mut tampered = csr.clone();
    let at = csr.windows(6).position(|window| window == b"police").unwrap();
    tampered[at] = b'q';
    assert_eq!(
        sign(&ca, &tampered, &police()),
        Err(X509Error::BadSignature("certification request"))
    );
    let mut trailing = csr.clone();
    trailing.push(0);
    assert_eq!(
        sign(&ca, &trailing, &police()),
        Err(X509Error::Unreadable("certification request"))
    );
    assert!(sign(&ca, &vec![0x30; CERTIFICATE_BYTES + 1], &police()).is_err());
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(police().uri().as_str().try_into().unwrap())];
    for algorithm in [&PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let csr = params.serialize_request(&KeyPair::generate_for(algorithm).unwrap()).unwrap();
        assert_eq!(
            sign(&ca, csr.der(), &police()),
            Err(X509Error::WrongAlgorithm("certification request", "P-256"))
        );
    }
}

#[test]
fn only_a_hub_gets_names_to_be_reached_by_and_only_those_allowed() {
    let ca = root();
    let (from, until) = now();
    let (dns, ips) = (vec!["hub.city.example".to_owned()], vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
    let key = TlsKey::generate().unwrap();
    let csr = make_csr(&key, &hub(), &dns, &ips).unwrap();
    let cert = ca.sign_csr(&csr, &hub(), &dns, &ips, from, until).unwrap();
    assert_eq!(identity_of(&cert).unwrap(), hub());
    assert_eq!(
        ca.sign_csr(&csr, &hub(), &dns, &[], from, until),
        Err(X509Error::NameNotAllowed("127.0.0.1".into()))
    );
    assert!(matches!(
        ca.sign_csr(&csr, &hub(), &[], &ips, from, until),
        Err(X509Error::NameNotAllowed(_))
    ));
    let plain = make_csr(&key, &police(), &[], &[]).unwrap();
    assert!(matches!(
        ca.sign_csr(&plain, &police(), &dns, &[], from, until),
        Err(X509Error::NameNotAllowed(_))
    ));
    assert_eq!(ca.sign_csr(&plain, &police(), &[], &[], until, from), Err(X509Error::BadValidity));
}

#[test]
fn identities_are_read_strictly() {
    let key = KeyPair::generate().unwrap();
    let self_signed = |uris: &[&str], ca: IsCa| {
        let mut params = CertificateParams::default();
        params.subject_alt_names =
            uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        params.is_ca = ca;
        params.self_signed(&key).unwrap().der().clone()
    };
    let uri = police().uri();
    assert_eq!(identity_of(&self_signed(&[&uri], IsCa::NoCa)).unwrap(), police());
    assert_eq!(
        identity_of(&self_signed(&[&uri], IsCa::Ca(BasicConstraints::Unconstrained))),
        Err(X509Error::IsCa)
    );
    assert_eq!(identity_of(&self_signed(&[], IsCa::NoCa)), Err(X509Error::NotOneUri(0)));
    assert_eq!(
        identity_of(&self_signed(&[&uri, &hub().uri()], IsCa::NoCa)),
        Err(X509Error::NotOneUri(2))
    );
    assert!(matches!(
        identity_of(&self_signed(&["https://city.example/"], IsCa::NoCa)),
        Err(X509Error::Identity(_))
    ));
    let mut trailing = self_signed(&[&uri], IsCa::NoCa).to_vec();
    trailing.push(0);
    assert!(identity_of(&trailing.into()).is_err());
    assert_eq!(identity_of(root().cert_der()), Err(X509Error::IsCa));
}

#[test]
fn the_root_survives_its_files_and_refuses_anothers_key() {
    let ca = root();
    let again = CertificateAuthority::from_pem(&ca.cert_pem(), &ca.key_pem()).unwrap();
    assert_eq!(again.cert_der(), ca.cert_der());
    assert_eq!(again.trust_domain(), "city.example");
    check_ca(ca.cert_der()).unwrap();
    assert_eq!(
        CertificateAuthority::from_pem(&ca.cert_pem(), &root().key_pem()).unwrap_err(),
        X509Error::KeyMismatch
    );
    let key = TlsKey::generate().unwrap();
    let leaf = sign(&ca, &make_csr(&key, &police(), &[], &[]).unwrap(), &police()).unwrap();
    assert_eq!(check_ca(&leaf), Err(X509Error::NotACa));
    assert!(
        CertificateAuthority::from_pem(&pem::encode(pem::CERTIFICATE, &leaf), &key.to_pem())
            .is_err()
    );
    assert!(CertificateAuthority::generate("City", SystemTime::now(), DAY).is_err());
    assert!(!format!("{ca:?} {key:?}").contains("PRIVATE"));
}

#[test]
fn the_authoritys_key_is_read_only_from_its_roots_certificate() {
    let (ca, other) = (root(), root());
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let cert = ca.sign_authority_key(key.public(), now().0, now().1).unwrap();
    assert_eq!(&authority_key_of(&cert, ca.cert_der()).unwrap(), key.public());
    assert_eq!(&authority_key_at(&cert, ca.cert_der(), SystemTime::now()).unwrap(), key.public());
    assert_eq!(
        authority_key_at(&cert, ca.cert_der(), SystemTime::now() + DAY * 2),
        Err(X509Error::NotValidNow)
    );
    assert_eq!(
        authority_key_of(&cert, other.cert_der()),
        Err(X509Error::BadSignature("certificate"))
    );
    let leaf =
        sign(&ca, &make_csr(&TlsKey::generate().unwrap(), &police(), &[], &[]).unwrap(), &police())
            .unwrap();
    assert!(matches!(authority_key_of(&leaf, ca.cert_der()), Err(X509Error::WrongHolder { .. })));
    assert_eq!(authority_key_of(&cert, &leaf), Err(X509Error::NotACa));
    assert_eq!(authority_key_of(ca.cert_der(), ca.cert_der()), Err(X509Error::IsCa));
    let es256 = SigningKey::generate(Algorithm::Es256).unwrap();
    assert!(ca.sign_authority_key(es256.public(), now().0, now().1).is_err());
}

#[test]
fn openssl_agrees() {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        return; // no openssl on this machine; every image of ours has one
    }
    let dir = std::env::temp_dir()
        .join(format!("zerotrip-{}", hex::encode(crate::digest::random::<8>().unwrap())));
    std::fs::create_dir(&dir).unwrap();
    let (ca, other) = (root(), root());
    let key = TlsKey::generate().unwrap();
    let leaf = sign(&ca, &make_csr(&key, &police(), &[], &[]).unwrap(), &police()).unwrap();
    let signer = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let authority = ca.sign_authority_key(signer.public(), now().0, now().1).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    write("ca.pem", &ca.cert_pem());
    write("other.pem", &other.cert_pem());
    write("leaf.pem", &pem::encode(pem::CERTIFICATE, &leaf));
    write("authority.pem", &pem::encode(pem::CERTIFICATE, &authority));
    write("ed.pem", &signer.to_pkcs8_pem());
    write("ec.pem", &SigningKey::generate(Algorithm::Es256).unwrap().to_pkcs8_pem());
    write("tls.pem", &key.to_pem());
    assert!(openssl(
        &dir,
        &["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "ca.pem", "leaf.pem"]
    ));
    assert!(openssl(
        &dir,
        &["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", "leaf.pem"]
    ));
    assert!(openssl(&dir, &["verify", "-x509_strict", "-CAfile", "ca.pem", "authority.pem"]));
    assert!(!openssl(
        &dir,
        &["verify", "-purpose", "sslclient", "-CAfile", "ca.pem", "authority.pem"]
    ));
    assert!(!openssl(&dir, &["verify", "-CAfile", "other.pem", "leaf.pem"]));
    for key in ["ed.pem", "ec.pem", "tls.pem"] {
        assert!(openssl(&dir, &["pkey", "-in", key, "-noout"]), "{key}");
    }
    // What OpenSSL signs with our key, we verify, and the other way round.
    write("message", "payload");
    std::fs::write(dir.join("sig"), signer.sign(b"payload").unwrap()).unwrap();
    let verify = ["pkeyutl", "-verify", "-rawin", "-in", "message", "-sigfile", "sig"];
    assert!(openssl(&dir, &[&verify[..], &["-certin", "-inkey", "authority.pem"]].concat()));
    assert!(openssl(
        &dir,
        &["pkeyutl", "-sign", "-rawin", "-in", "message", "-inkey", "ed.pem", "-out", "sig"]
    ));
    signer.public().verify(b"payload", &std::fs::read(dir.join("sig")).unwrap()).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
}

fn openssl(dir: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl")
        .args(arguments)
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn a_certificate_is_over_one_key() {
    let now = SystemTime::now();
    let ca =
        CertificateAuthority::generate("city.example", now, Duration::from_secs(3600)).unwrap();
    let identity = Identity::system("city.example", "fund", "desk").unwrap();
    let (key, other) = (TlsKey::generate().unwrap(), TlsKey::generate().unwrap());
    let csr = make_csr(&key, &identity, &[], &[]).unwrap();
    let leaf = ca.sign_csr(&csr, &identity, &[], &[], now, now + Duration::from_secs(60)).unwrap();
    assert!(is_over_key(&leaf, &key).unwrap());
    assert!(!is_over_key(&leaf, &other).unwrap());
}

#[test]
fn a_sealing_certificate_is_for_sealing_alone() {
    let ca = root();
    let (begins, ends) = now();
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    let sealing = ca.sign_seal_key(key.public(), &police(), begins, ends).unwrap();
    let (holder, found) = sealing_key_of(&sealing).unwrap();
    assert_eq!((holder, &found), (police(), key.public()));
    check_issued_by(&sealing, ca.cert_der()).unwrap();
    assert!(check_issued_by(&sealing, root().cert_der()).is_err(), "another root");
    // No other certificate passes for one, and it passes for no other.
    let authority = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let authority = ca.sign_authority_key(authority.public(), begins, ends).unwrap();
    assert!(matches!(sealing_key_of(&authority), Err(X509Error::WrongAlgorithm(..))));
    assert!(authority_key_of(&sealing, ca.cert_der()).is_err());
    let tls = TlsKey::generate().unwrap();
    let tls = sign(&ca, &make_csr(&tls, &police(), &[], &[]).unwrap(), &police()).unwrap();
    assert!(matches!(sealing_key_of(&tls), Err(X509Error::NotForSealing)));
    assert!(matches!(sealing_key_of(ca.cert_der()), Err(X509Error::IsCa)));
    let ed = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let refused = ca.sign_seal_key(ed.public(), &police(), begins, ends);
    assert!(matches!(refused, Err(X509Error::WrongAlgorithm(..))));
    let stranger = Identity::system("other.example", "police", "household").unwrap();
    for holder in [stranger, hub(), Identity::authority("city.example").unwrap()] {
        let refused = ca.sign_seal_key(key.public(), &holder, begins, ends);
        assert!(matches!(refused, Err(X509Error::WrongHolder { .. })), "{holder:?}");
    }
}
