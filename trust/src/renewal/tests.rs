#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use super::*;
use crate::keys::Algorithm;
use crate::x509::CertificateAuthority;
use std::time::Duration;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{HubIdentity, KeyDirectory, KeyUsage, Member, Status, System};

const DAY: Duration = Duration::from_secs(86_400);

struct Holder {
    identity: Identity,
    tls: TlsKey,
    sign: SigningKey,
    approve: SigningKey,
    certificate: CertificateDer<'static>,
}

struct City {
    now: SystemTime,
    ca: CertificateAuthority,
    authority: SigningKey,
    police: Holder,
    fund: Holder,
    hub: Holder,
    message: KeyDirectory,
}

impl Holder {
    fn new(ca: &CertificateAuthority, identity: Identity, now: SystemTime) -> Self {
        let tls = TlsKey::generate().unwrap();
        let dns = if identity.is_hub() { vec!["hub.city.example".to_owned()] } else { Vec::new() };
        let csr = x509::make_csr(&tls, &identity, &[], &[]).unwrap();
        let certificate =
            ca.sign_csr(&csr, &identity, &dns, &[], now - DAY * 350, now + DAY * 15).unwrap();
        let key = || SigningKey::generate(Algorithm::Ed25519).unwrap();
        Self { identity, tls, sign: key(), approve: key(), certificate }
    }

    fn renewal(&self) -> v1::Renewal {
        let csr = x509::make_csr(&self.tls, &self.identity, &[], &[]).unwrap();
        v1::Renewal { holder: self.identity.uri(), certificate: self.certificate.to_vec(), csr }
    }

    fn system(&self, now: SystemTime) -> System {
        let key =
            |key: &SigningKey, usage| key.public().to_proto(usage, now - DAY, now + DAY * 1000);
        let keys = vec![key(&self.sign, KeyUsage::Sign), key(&self.approve, KeyUsage::Approve)];
        let tls_key = x509::key_digest(&self.certificate).unwrap().to_vec();
        System {
            uri: self.identity.uri(),
            status: Status::Active.into(),
            keys,
            administrator: false,
            tls_key,
        }
    }
}

impl City {
    fn new() -> Self {
        let now = SystemTime::now();
        let ca =
            CertificateAuthority::generate("city.example", now - DAY * 400, DAY * 4000).unwrap();
        let system = |member: &str| Identity::system("city.example", member, "front").unwrap();
        let (police, fund) =
            (Holder::new(&ca, system("police"), now), Holder::new(&ca, system("fund"), now));
        let hub = Holder::new(&ca, Identity::hub("city.example", "main").unwrap(), now);
        let member = |id: &str, holder: &Holder| Member {
            id: id.into(),
            name_en: id.into(),
            name_zh: id.into(),
            status: Status::Active.into(),
            systems: vec![holder.system(now)],
        };
        let keys = vec![hub.sign.public().to_proto(KeyUsage::Sign, now - DAY, now + DAY * 1000)];
        let message = KeyDirectory {
            version: 1,
            trust_domain: "city.example".into(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + DAY)),
            members: vec![member("police", &police), member("fund", &fund)],
            hubs: vec![HubIdentity {
                uri: hub.identity.uri(),
                status: Status::Active.into(),
                keys,
                tls_key: x509::key_digest(&hub.certificate).unwrap().to_vec(),
            }],
        };
        Self {
            now,
            ca,
            authority: SigningKey::generate(Algorithm::Ed25519).unwrap(),
            police,
            fund,
            hub,
            message,
        }
    }

    fn open(&self, envelope: &Envelope, at: SystemTime) -> Result<Renewal, RenewalError> {
        let signed = Directory::seal(&self.message, &self.authority).unwrap();
        let directory = Directory::open(&signed, self.authority.public(), self.now, 0).unwrap();
        open(envelope, &directory, self.ca.cert_der(), at)
    }

    fn signed(&self, message: &v1::Renewal, key: &SigningKey) -> Result<Renewal, RenewalError> {
        self.open(&signed::seal(message, key).unwrap(), self.now)
    }
}

#[test]
fn holders_of_both_old_keys_are_renewed_with_the_names_that_they_had() {
    let city = City::new();
    for holder in [&city.police, &city.fund, &city.hub] {
        let envelope = request(&holder.certificate, &holder.tls, &holder.sign).unwrap();
        let asked = city.open(&envelope, city.now).unwrap();
        assert_eq!(asked.holder, holder.identity);
        assert_eq!(asked.dns.len(), usize::from(holder.identity.is_hub()));
        let sign = |from, until| {
            city.ca
                .sign_csr(&asked.csr, &asked.holder, &asked.dns, &asked.ips, from, until)
                .unwrap()
        };
        let renewed = sign(city.now - DAY, city.now + DAY * 365);
        let accepted = |renewed: &CertificateDer<'static>| {
            accept(renewed, &holder.certificate, &holder.tls, city.ca.cert_der(), city.now)
        };
        assert!(accepted(&renewed).unwrap() > city.now + DAY * 364);
        assert_eq!(accepted(&holder.certificate), Err(RenewalError::NotLater));
        assert!(matches!(
            accepted(&sign(city.now + DAY, city.now + DAY * 365)),
            Err(RenewalError::Certificate(_))
        ));
    }
    let (one, other) = (&city.police, &city.fund);
    let strange =
        accept(&other.certificate, &one.certificate, &one.tls, city.ca.cert_der(), city.now);
    assert!(matches!(strange, Err(RenewalError::Certificate(X509Error::WrongHolder { .. }))));
    assert_eq!(request(&one.certificate, &other.tls, &one.sign), Err(RenewalError::AnotherKey));
}

#[test]
fn each_lack_of_a_request_is_refused_by_name() {
    let city = City::new();
    let (police, fund, hub) = (&city.police, &city.fund, &city.hub);
    let good = police.renewal();
    city.signed(&good, &police.sign).unwrap();
    // Signed by another member, the hub, a key for something else, or a stranger.
    assert!(matches!(city.signed(&good, &fund.sign), Err(RenewalError::NotTheHolder { .. })));
    assert!(matches!(city.signed(&good, &hub.sign), Err(RenewalError::NotTheHolder { .. })));
    assert_eq!(city.signed(&good, &police.approve), Err(RenewalError::Key(Why::WrongUsage)));
    let stranger = SigningKey::generate(Algorithm::Ed25519).unwrap();
    assert_eq!(city.signed(&good, &stranger), Err(RenewalError::Key(Why::Unknown)));
    // A holder of the SIGN key alone: a new TLS key, or another's.
    let another = Holder {
        tls: TlsKey::generate().unwrap(),
        ..Holder::new(&city.ca, police.identity.clone(), city.now)
    };
    let new_key = v1::Renewal { csr: another.renewal().csr, ..good.clone() };
    assert_eq!(city.signed(&new_key, &police.sign), Err(RenewalError::AnotherKey));
    for (part, wrong) in [("certificate", fund.renewal()), ("csr", fund.renewal())] {
        let mut mixed = good.clone();
        if part == "certificate" {
            mixed.certificate = wrong.certificate
        } else {
            mixed.csr = wrong.csr
        }
        assert!(
            matches!(
                city.signed(&mixed, &police.sign),
                Err(RenewalError::Certificate(X509Error::WrongHolder { .. }))
            ),
            "{part}"
        );
    }
    // Over the key that it had before it was admitted anew, with the SIGN key of today.
    for mut holder in [City::new().police, City::new().hub] {
        let mut city = City::new();
        let current = if holder.identity.is_hub() { &city.hub } else { &city.police };
        holder.sign = current.sign.clone();
        let certificate = city
            .ca
            .sign_csr(
                &holder.renewal().csr,
                &holder.identity,
                &[],
                &[],
                city.now - DAY,
                city.now + DAY,
            )
            .unwrap();
        holder.certificate = certificate;
        let envelope = request(&holder.certificate, &holder.tls, &holder.sign).unwrap();
        assert_eq!(city.open(&envelope, city.now), Err(RenewalError::Superseded));
        let key = x509::key_digest(&holder.certificate).unwrap().to_vec();
        if holder.identity.is_hub() {
            city.message.hubs[0].tls_key = key;
        } else {
            city.message.members[0].systems[0].tls_key = key;
        }
        city.open(&envelope, city.now).unwrap();
    }
    // Of another root, for the very same names.
    let foreign =
        CertificateAuthority::generate("city.example", city.now - DAY * 400, DAY * 4000).unwrap();
    let forged = Holder {
        sign: police.sign.clone(),
        ..Holder::new(&foreign, police.identity.clone(), city.now)
    };
    assert!(matches!(
        city.signed(&forged.renewal(), &police.sign),
        Err(RenewalError::Certificate(X509Error::BadSignature(_)))
    ));
    assert!(matches!(
        city.signed(&v1::Renewal::default(), &police.sign),
        Err(RenewalError::NotTheHolder { .. })
    ));
    let large = v1::Renewal { csr: vec![0; RENEWAL_BYTES], ..good };
    assert_eq!(city.signed(&large, &police.sign), Err(RenewalError::TooLarge));
}

#[test]
fn nothing_is_renewed_for_a_suspended_or_revoked_holder() {
    let suspended = |change: &dyn Fn(&mut KeyDirectory, SystemTime)| {
        let mut city = City::new();
        let envelope =
            request(&city.police.certificate, &city.police.tls, &city.police.sign).unwrap();
        city.open(&envelope, city.now).unwrap();
        let now = city.now;
        change(&mut city.message, now);
        city.open(&envelope, now).unwrap_err()
    };
    assert_eq!(
        suspended(&|city, _| city.members[0].status = Status::Suspended.into()),
        RenewalError::Key(Why::Suspended)
    );
    assert_eq!(
        suspended(&|city, _| city.members[0].systems[0].status = Status::Suspended.into()),
        RenewalError::Key(Why::Suspended)
    );
    let revoked = suspended(&|city, now| {
        city.members[0].systems[0].keys[0].revoked_at = Some(to_timestamp(now - DAY))
    });
    assert_eq!(revoked, RenewalError::Key(Why::Revoked));
    assert_eq!(
        suspended(&|city, _| city.members[0].systems.clear()),
        RenewalError::Key(Why::Unknown)
    );
    let city = City::new();
    let envelope = request(&city.hub.certificate, &city.hub.tls, &city.hub.sign).unwrap();
    assert_eq!(city.open(&envelope, city.now + DAY), Err(RenewalError::Key(Why::DirectoryExpired)));
}
