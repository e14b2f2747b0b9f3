//! Certificates renewed in place.

use super::*;

/// Whose directory it was before it was lost makes no difference: the key counts, and no time.
#[test]
fn a_renewed_certificate_counts_as_long_as_its_key_does() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    let first = pending(&invited);
    let admitted = authority.admit(&first, now).unwrap();
    let identity: Identity = admitted.system.parse().unwrap();
    let directory =
        Directory::open(&admitted.directory, &authority.home().authority, now, 2).unwrap();
    let renewed = authority.ca.sign_csr(&first.csr, &identity, &[], &[], now, now + DAY).unwrap();
    for certificate in [&admitted.certificate_chain[0], &renewed] {
        assert!(!directory.is_superseded(&identity, &x509::key_digest(certificate).unwrap()));
    }
}

/// A system's folder as far as renewal needs it.
struct Waiting {
    tls: TlsKey,
    sign: SigningKey,
    certificate: x509::CertificateDer<'static>,
}

impl Waiting {
    fn admitted(authority: &mut Authority, new: &NewMember<'_>, now: SystemTime) -> Self {
        let invited = authority.invite(new, DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        let (tls, sign) =
            (TlsKey::generate().unwrap(), SigningKey::generate(Algorithm::Ed25519).unwrap());
        let csr = x509::make_csr(&tls, &invited.invitation.system, &[], &[]).unwrap();
        let keys = vec![sign.public().to_proto(KeyUsage::Sign, now - DAY, now + DAY * 500)];
        let pending = PendingJoin { csr, keys, ..pending(&invited) };
        let admission = authority.admit(&bound(&invited, pending), now).unwrap();
        Self { tls, sign, certificate: admission.certificate_chain[0].clone() }
    }

    fn asks(&self) -> Envelope {
        zerotrip_trust::renewal::request(&self.certificate, &self.tls, &self.sign).unwrap()
    }
}

#[test]
fn the_rule_renews_who_is_active_and_near_the_end_and_nobody_else() {
    let (place, mut authority) = Place::new();
    let begin = SystemTime::now();
    let desk = Waiting::admitted(&mut authority, &fund(), begin);
    let admin = Waiting::admitted(
        &mut authority,
        &NewMember { system: "second", administrator: true, ..fund() },
        begin,
    );
    let by_rule = |authority: &Authority, one: &Waiting, day: u32| {
        let now = begin + DAY * day;
        let asked = authority.asked(&one.asks(), now).unwrap();
        authority.by_rule(&asked, now)
    };
    for (day, expected) in [
        (0, Err(ByHand::NotDue)),
        (304, Err(ByHand::NotDue)),
        (306, Ok(())),
        (364, Ok(())),
        (366, Err(ByHand::Ended)),
    ] {
        assert_eq!(by_rule(&authority, &desk, day), expected, "day {day}");
    }
    assert_eq!(by_rule(&authority, &admin, 350), Err(ByHand::Administrator));

    let now = begin + DAY * 350;
    let asked = authority.asked(&desk.asks(), now).unwrap();
    let renewed = authority.renew(&asked, now).unwrap();
    assert_eq!(
        (renewed.holder.as_str(), renewed.ends),
        (asked.holder.uri().as_str(), now + CERTIFICATE_LIFE)
    );
    let envelope = authority.sign_directory(now).unwrap();
    // Without renewal its key would have ended on day 500.
    let later = Directory::open(&envelope, &authority.home().authority, now, 0).unwrap();
    let holds = |one: &Waiting, day: u32| {
        later.key_as_of(one.sign.id(), KeyUsage::Sign, begin + DAY * day).is_ok()
    };
    assert!(holds(&desk, 499) && holds(&desk, 1400) && holds(&admin, 499) && !holds(&admin, 501));

    // What has ended or was revoked stays so, also where the same certificate is shown.
    assert!(matches!(
        authority.asked(&admin.asks(), begin + DAY * 501),
        Err(AuthorityError::Renewal(_))
    ));
    authority.set_status("fund", Status::Suspended, now).unwrap();
    assert!(matches!(authority.asked(&desk.asks(), now), Err(AuthorityError::Renewal(_))));
    authority.set_status("fund", Status::Active, now).unwrap();
    let anew = Waiting::admitted(&mut authority, &fund(), now);
    assert!(matches!(authority.asked(&desk.asks(), now + DAY), Err(AuthorityError::Renewal(_))));

    let path = place.authority().join("authority.toml");
    let text = files::read_text(&path).unwrap();
    let by_hand = text.replace("renew_by_hand = false", "renew_by_hand = true");
    assert_ne!(by_hand, text);
    files::write(&path, by_hand.as_bytes(), Secrecy::Public).unwrap();
    assert_eq!(
        by_rule(&Authority::open(&place.authority()).unwrap(), &anew, 700),
        Err(ByHand::Always)
    );
}

#[test]
fn the_authority_renews_its_own_even_after_its_end_and_says_beforehand_what_ends() {
    let (place, mut authority) = Place::new();
    let begin = SystemTime::now();
    place.enrol(&mut authority);
    let _desk = Waiting::admitted(&mut authority, &fund(), begin);
    let said = |authority: &Authority, day: u32| -> Vec<String> {
        let now = begin + DAY * day;
        authority
            .endings(now)
            .unwrap()
            .iter()
            .filter_map(|ending| ending.in_words(now))
            .map(|said| said.text.en)
            .collect()
    };
    assert_eq!(said(&authority, 300), Vec::<String>::new());
    let near = said(&authority, 310);
    for holder in ["member/authority/system/desk", "member/fund/system/desk", "hub/main"] {
        assert!(
            near.iter().any(|text| text
                .contains(&format!("TLS certificate of `spiffe://city.example/{holder}` ends in"))),
            "{near:?}"
        );
    }
    assert!(
        !authority.own_is_due(begin + DAY * 300).unwrap()
            && authority.own_is_due(begin + DAY * 310).unwrap()
    );
    // Two years late: the root's key lies in the folder.
    let late = begin + DAY * 1000;
    assert!(authority.own_is_due(late).unwrap());
    assert_eq!(authority.renew_own(late).unwrap(), late + CERTIFICATE_LIFE);
    let home = SystemHome::load(&place.authority()).unwrap();
    assert_eq!(authority.home().certificate(), home.certificate());
    assert!(
        home.certificate_holds(late).is_ok()
            && home.certificate_holds(late + CERTIFICATE_LIFE).is_err()
    );
    assert!(x509::is_over_key(home.certificate().unwrap(), home.tls_key()).unwrap());
    let envelope = authority.sign_directory(late).unwrap();
    let directory = Directory::open(&envelope, &authority.home().authority, late, 0).unwrap();
    assert!(
        directory.signing_key(home.sign.id(), KeyUsage::Sign, late + DAY).is_err(),
        "the directory ends first"
    );
    assert!(directory.key_as_of(home.sign.id(), KeyUsage::Sign, late + DAY * 900).is_ok());
}
