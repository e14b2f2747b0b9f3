//! Inviting and admitting members.

use super::*;

#[test]
fn only_the_invited_are_admitted() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    // Not kept yet: unknown.
    assert!(matches!(authority.admit(&pending(&invited), now), Err(AuthorityError::NotInvited(_))));
    authority.keep_invitation(&invited, now).unwrap();
    let mut authority = Authority::open(&place.authority()).unwrap();
    assert_eq!(authority.invited(now).unwrap(), ["spiffe://city.example/member/fund/system/desk"]);
    let mut forged = pending(&invited);
    forged.token_digest[0] ^= 1;
    assert!(matches!(authority.admit(&forged, now), Err(AuthorityError::NotInvited(_))));
    let mut other = pending(&invited);
    other.system = "spiffe://city.example/member/tax/system/desk".into();
    assert!(matches!(authority.admit(&other, now), Err(AuthorityError::NotInvited(_))));
    assert!(matches!(
        authority.admit(&pending(&invited), now + DAY),
        Err(AuthorityError::NotInvited(_))
    ));
    let mut stranger = pending(&invited);
    stranger.csr =
        x509::make_csr(&TlsKey::generate().unwrap(), &authority.home().system, &[], &[]).unwrap();
    let stranger = bound(&invited, stranger);
    assert!(matches!(authority.admit(&stranger, now), Err(AuthorityError::Certificate(_))));
    let mut twice = pending(&invited);
    let first = twice.keys[0].clone();
    twice.keys.push(first);
    let twice = bound(&invited, twice);
    assert!(matches!(authority.admit(&twice, now), Err(AuthorityError::Directory(_))));
    assert_eq!(
        authority.directory().members[1].systems.len(),
        0,
        "a refused system leaves nothing"
    );

    let admitted = authority.admit(&pending(&invited), now).unwrap();
    assert_eq!(x509::identity_of(&admitted.certificate_chain[0]).unwrap().uri(), admitted.system);
    let directory =
        Directory::open(&admitted.directory, &authority.home().authority, now, 2).unwrap();
    assert!(
        directory.is_active(&admitted.system.parse().unwrap())
            && !directory.is_administrator(&admitted.system.parse().unwrap())
    );
    let jwks = files::read_text(&place.authority().join("jwks.json")).unwrap();
    assert!(jwks.contains(&admitted.system));
    assert!(authority.invited(now).unwrap().is_empty());
}

/// Since when a key holds and whether it is revoked is the authority's to say; who is admitted anew
/// shuts out what was before, whatever the former one said of its keys.
#[test]
fn what_a_system_says_of_its_own_keys_keeps_none_of_them_alive() {
    let now = SystemTime::now();
    for said in [None, Some(now - DAY), Some(now), Some(now + DAY), Some(now + DAY * 400)] {
        let (_place, mut authority) = Place::new();
        let mut admit = |pending: &mut dyn FnMut(&Invited) -> PendingJoin| {
            let invited = authority.invite(&fund(), DAY, now).unwrap();
            authority.keep_invitation(&invited, now).unwrap();
            let pending = bound(&invited, pending(&invited));
            (authority.admit(&pending, now).map(|admission| admission.directory), pending)
        };
        let (_, former) = admit(&mut |invited| {
            let mut claiming = pending(invited);
            for key in &mut claiming.keys {
                (key.revoked_at, key.not_before) =
                    (said.map(to_timestamp), Some(to_timestamp(now - DAY * 3000)));
            }
            claiming
        });
        let (newer, _) = admit(&mut pending);
        let (again, _) = admit(&mut |invited| PendingJoin {
            token_digest: pending(invited).token_digest,
            ..former.clone()
        });
        assert!(matches!(again, Err(AuthorityError::RevokedKeys(_))), "{said:?}");

        let directory =
            Directory::open(&newer.unwrap(), &authority.home().authority, now, 2).unwrap();
        for key in &former.keys {
            for at in [now - DAY * 2000, now, now + DAY] {
                let usage = KeyUsage::try_from(key.usage).unwrap();
                assert!(directory.signing_key(&key.id, usage, at).is_err(), "{said:?} {usage:?}");
            }
        }
        let identity: Identity = former.system.parse().unwrap();
        let former =
            authority.ca.sign_csr(&former.csr, &identity, &[], &[], now - DAY, now + DAY).unwrap();
        assert!(
            directory.is_superseded(&identity, &x509::key_digest(&former).unwrap()),
            "{said:?}"
        );
    }
}

/// With any key that it had, a copy of its former folder would still count for something. The same
/// papers once more are a reply that was lost; an invitation admits no others.
#[test]
fn a_system_is_admitted_anew_with_new_keys_alone() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invite = |authority: &mut Authority| {
        let invited = authority.invite(&fund(), DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        invited
    };
    let invited = invite(&mut authority);
    let former = pending(&invited);
    let first = authority.admit(&former, now).unwrap();
    let repeated = authority.admit(&former, now).unwrap();
    assert_eq!((repeated.version, repeated.revoked), (first.version + 1, 0), "the same papers");
    let spent = authority.admit(&pending(&invited), now);
    assert!(
        matches!(spent, Err(AuthorityError::Spent(_))),
        "other papers under the same invitation"
    );

    // By which of SIGN, SEAL and TLS key are the former ones.
    for kept in 1..8_usize {
        let invited = invite(&mut authority);
        let fresh = pending(&invited);
        let keys = former.keys.iter().zip(&fresh.keys).enumerate();
        let keys = keys
            .map(|(nth, (old, new))| if kept >> nth & 1 == 1 { old.clone() } else { new.clone() })
            .collect();
        let csr = if kept & 4 == 4 { former.csr.clone() } else { fresh.csr.clone() };
        let refused = authority.admit(&bound(&invited, PendingJoin { csr, keys, ..fresh }), now);
        assert!(matches!(refused, Err(AuthorityError::KnownKeys(_))), "{kept:#b}");
    }
    let invited = invite(&mut authority);
    let anew = authority.admit(&pending(&invited), now).unwrap();
    assert_eq!(
        (anew.version, anew.revoked),
        (repeated.version + 1, 2),
        "nothing was kept of what was refused"
    );
}

#[test]
fn papers_that_were_changed_on_the_way_are_refused() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    let (good, other) = (pending(&invited), pending(&invited));
    let mut appended = good.clone();
    appended.keys.push(other.keys[0].clone());
    let exchanged = PendingJoin { keys: other.keys.clone(), ..good.clone() };
    let swapped = PendingJoin { csr: other.csr.clone(), ..good.clone() };
    let fewer = PendingJoin { keys: good.keys[..1].to_vec(), ..good.clone() };
    let untagged = PendingJoin { binding_tag: vec![], ..good.clone() };
    // With the token, which the hub gets to see, nothing can be tagged either.
    let tag = zerotrip_trust::invitation::binding_tag(
        &invited.invitation.token,
        &good.system,
        &appended.csr,
        &appended.keys,
    );
    let retagged = PendingJoin { binding_tag: tag.to_vec(), ..appended.clone() };
    for tampered in [appended, exchanged, swapped, fewer, untagged, retagged] {
        let error = authority.admit(&tampered, now).unwrap_err();
        assert!(
            matches!(&error, AuthorityError::Tampered(system) if *system == good.system),
            "{error}"
        );
        assert!(error.to_string().contains("invite it again"));
    }
    assert_eq!(authority.directory().members[1].systems.len(), 0, "nothing of them stays");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.authority().join("invitations.toml"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    authority.admit(&good, now).unwrap();
}

#[test]
fn a_new_invitation_voids_older_ones_of_the_same_system() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let mut invite = |new: &NewMember<'_>| {
        let invited = authority.invite(new, DAY, now).unwrap();
        authority.keep_invitation(&invited, now).unwrap();
        invited
    };
    let older = invite(&fund());
    let beside = invite(&NewMember { system: "window", ..fund() });
    let newer = invite(&fund());
    let awaited =
        |invited: &Invited| authority.awaited(&invited.invitation.system.uri(), now).unwrap();
    assert_eq!(awaited(&older), newer.invitation.token_digest());
    assert_eq!(awaited(&beside), beside.invitation.token_digest());
    assert!(matches!(
        authority.awaited(&newer.invitation.system.uri(), now + DAY),
        Err(AuthorityError::NoInvitation(_))
    ));
    assert!(matches!(
        authority.awaited("spiffe://city.example/member/fund/system/none", now),
        Err(AuthorityError::NoInvitation(_))
    ));
    assert!(matches!(authority.admit(&pending(&older), now), Err(AuthorityError::NotInvited(_))));
    authority.admit(&pending(&newer), now).unwrap();
    authority.admit(&pending(&beside), now).unwrap();
}

#[test]
fn invitations_of_before_there_was_a_binding_are_read_and_admit_nobody() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    let invited = authority.invite(&fund(), DAY, now).unwrap();
    authority.keep_invitation(&invited, now).unwrap();
    let path = place.authority().join("invitations.toml");
    let text = files::read_text(&path).unwrap();
    let old: String = text
        .lines()
        .filter(|line| !line.starts_with("binding"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_ne!(old, text);
    files::write(&path, old.as_bytes(), Secrecy::Private).unwrap();
    assert!(matches!(authority.admit(&pending(&invited), now), Err(AuthorityError::Tampered(_))));
}

#[test]
fn an_invitation_renames_no_member_unless_that_is_asked_for() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    let mut invite = |new: &NewMember<'_>| {
        let invited = authority.invite(new, DAY, now)?;
        authority.keep_invitation(&invited, now).unwrap();
        let member = authority.directory().members.iter().find(|member| member.id == "fund");
        let member = member.unwrap();
        Ok::<_, AuthorityError>((member.name_en.clone(), member.name_zh.clone()))
    };
    let own = ("Housing fund".to_owned(), "公积金中心".to_owned());
    // One that got none has its id until it gets them.
    let unnamed = invite(&NewMember { name_en: None, name_zh: None, ..fund() }).unwrap();
    assert_eq!(unnamed, ("fund".to_owned(), "fund".to_owned()));
    assert_eq!(invite(&fund()).unwrap(), own);
    // The same names once more, one of them, or none, are right.
    assert_eq!(invite(&NewMember { system: "window", ..fund() }).unwrap(), own);
    assert_eq!(invite(&NewMember { name_en: None, ..fund() }).unwrap(), own);
    assert_eq!(invite(&NewMember { name_en: None, name_zh: None, ..fund() }).unwrap(), own);
    let police = NewMember { name_en: Some("Police"), ..fund() };
    for other in [police.clone(), NewMember { name_zh: Some("公安局"), ..fund() }] {
        let refused = invite(&other).unwrap_err();
        assert!(refused.to_string().contains("Housing fund / 公积金中心"), "{refused}");
    }
    assert_eq!(invite(&fund()).unwrap(), own, "it kept its names");
    let renamed = NewMember { name_en: Some("Provident fund"), rename: true, ..fund() };
    assert_eq!(invite(&renamed).unwrap(), ("Provident fund".to_owned(), own.1));
}
