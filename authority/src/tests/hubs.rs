//! Enrolling hubs.

use super::*;

#[test]
fn an_enrolled_hub_can_serve_and_is_in_the_directory() {
    let (place, mut authority) = Place::new();
    let (hub, tls_key) = place.enrol(&mut authority);
    let read = |name: &str| files::read_text(&hub.join(name)).unwrap();
    let (chain, ca) =
        (pem::certificates(&read("tls.pem")).unwrap(), pem::certificate(&read("ca.pem")).unwrap());
    assert_eq!(x509::identity_of(&chain[0]).unwrap().uri(), "spiffe://city.example/hub/main");
    assert!(tls::server_config(&chain, &tls_key, &ca, &[b"h2"]).is_ok());
    let key = x509::authority_key_at(
        &pem::certificate(&read("authority.pem")).unwrap(),
        &ca,
        SystemTime::now(),
    )
    .unwrap();
    let envelope =
        |name: &str| Envelope::decode(files::read(&hub.join(name)).unwrap().as_slice()).unwrap();
    let directory =
        Directory::open(&envelope("directory.dsse"), &key, SystemTime::now(), 2).unwrap();
    assert_eq!(
        directory
            .hub_keys("spiffe://city.example/hub/main", KeyUsage::Checkpoint, SystemTime::now())
            .len(),
        1
    );
    let grants: GrantBundle =
        dsse::open(&envelope("grants.dsse"), payload_type::GRANTS, &key).unwrap();
    assert_eq!((grants.version, grants.grants.len()), (1, 0));
    // Enrolled again with new keys, the old ones end.
    place.enrol(&mut authority);
    assert_eq!(authority.directory().hubs.len(), 1);
    let keys = &authority.directory().hubs[0].keys;
    assert_eq!((keys.len(), keys.iter().filter(|key| key.revoked_at.is_some()).count()), (4, 2));
}

/// The former machine's key is no longer the hub's; the very same folder once more supersedes
/// nothing, and of its keys no other may have any.
#[test]
fn a_hub_that_is_enrolled_anew_supersedes_its_former_certificate() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let shown = |folder: &Path| {
        let leaf = pem::certificate(&files::read_text(&folder.join("tls.pem")).unwrap()).unwrap();
        (x509::key_digest(&leaf).unwrap(), x509::validity_of(&leaf).unwrap().0)
    };
    let hub: Identity = "spiffe://city.example/hub/main".parse().unwrap();
    let tls = |envelope: &Envelope, authority: &Authority, at: SystemTime| {
        Directory::open(envelope, &authority.home().authority, at, 0)
            .unwrap()
            .hub_tls(&hub)
            .unwrap()
    };
    let (folder, _) = place.enrol(&mut authority);
    let (key, first) = shown(&folder);
    let enrolled = |authority: &mut Authority, at: SystemTime| {
        authority.enrol_hub(
            &folder,
            &["localhost".to_owned()],
            &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
            at,
        )
    };
    let again = enrolled(&mut authority, now + DAY).unwrap().directory;
    let known = tls(&again, &authority, now + DAY);
    let (same, later) = shown(&folder);
    assert!(same == key && later > first);
    assert!(!known.supersedes(&key, first) && !known.supersedes(&key, later));

    // Some of its keys over others: SIGN, CHECKPOINT, and the one of TLS, by bits.
    let former = files::read_text(&folder.join("enrolment.toml")).unwrap();
    let parse = |text: &str| toml::from_str::<Enrolment>(text).unwrap();
    for kept in 1..7_usize {
        place.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
        let (old, mut new) =
            (parse(&former), parse(&files::read_text(&folder.join("enrolment.toml")).unwrap()));
        for (nth, key) in new.keys.iter_mut().enumerate().filter(|(nth, _)| kept >> nth & 1 == 1) {
            key.clone_from(&old.keys[nth]);
        }
        if kept & 4 == 4 {
            new.csr.clone_from(&old.csr);
        }
        std::fs::write(folder.join("enrolment.toml"), toml::to_string(&new).unwrap()).unwrap();
        let refused = enrolled(&mut authority, now + DAY).unwrap_err().to_string();
        assert!(refused.contains("its former folder"), "{kept:#b}: {refused}");
    }

    // Other keys: who knows the last directory takes the new hub, and with the new directory the
    // former one no more.
    place.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
    let anew = enrolled(&mut authority, now + DAY * 2).unwrap().directory;
    let (other, begins) = shown(&folder);
    assert!(other != key && begins > later);
    assert!(!known.supersedes(&other, begins));
    let newest = tls(&anew, &authority, now + DAY * 2);
    assert!(
        newest.supersedes(&key, later)
            && newest.supersedes(&key, first)
            && !newest.supersedes(&other, begins)
    );
    // The former folder given by mistake: its keys are revoked, and those of today are left alone.
    std::fs::write(folder.join("enrolment.toml"), former).unwrap();
    let refused = enrolled(&mut authority, now + DAY * 2).unwrap_err();
    assert!(refused.to_string().contains("its keys were revoked"), "{refused}");
    assert_eq!(
        authority.directory().hubs[0].keys.iter().filter(|key| key.revoked_at.is_none()).count(),
        2
    );
}

#[test]
fn enrolments_of_another_hub_or_without_its_keys_are_refused() {
    let (place, mut authority) = Place::new();
    let mut refused = |uri: &str, usages: &[&str]| {
        let (folder, _) = place.hub(uri, usages);
        authority
            .enrol_hub(
                &folder,
                &["localhost".into()],
                &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
                SystemTime::now(),
            )
            .unwrap_err()
            .to_string()
    };
    assert!(
        refused("spiffe://city.example/hub/other", &["sign", "checkpoint"])
            .contains("this authority's hub")
    );
    assert!(
        refused("spiffe://city.example/hub/main", &["sign"]).contains("no key for `checkpoint`")
    );
    assert!(refused("spiffe://city.example/hub/main", &["sign", "seal"]).contains("usage `seal`"));
    let (folder, _) = place.hub("spiffe://city.example/hub/main", &["sign", "checkpoint"]);
    let not_asked = authority.enrol_hub(&folder, &["localhost".into()], &[], SystemTime::now());
    assert!(matches!(not_asked, Err(AuthorityError::Certificate(X509Error::NameNotAllowed(_)))));
    assert_eq!(Authority::open(&place.authority()).unwrap().directory().version, 1);
}
