//! Grants: added, listed, revoked, confirmed.

use super::*;

#[test]
fn grants_are_added_listed_and_revoked() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    authority.keep_invitation(&authority.invite(&fund(), DAY, now).unwrap(), now).unwrap();
    let grant = NewGrant {
        id: "g-1".into(),
        member: "fund".into(),
        check: "no-property/couple".into(),
        purposes: vec!["rent-withdrawal".into()],
        legal_bases: vec!["b".into()],
        life: DAY,
        may_issue: true,
        variants_per_subject: 1,
        max_subjects: 0,
    };
    let envelope = authority.add_grant(grant.clone(), now).unwrap();
    let bundle: GrantBundle =
        dsse::open(&envelope, payload_type::GRANTS, &authority.home().authority).unwrap();
    assert_eq!((bundle.version, bundle.grants.len(), bundle.grants[0].may_issue), (1, 1, true));
    let refused = |change: &dyn Fn(&mut NewGrant)| {
        let mut changed = NewGrant { id: "g-2".into(), ..grant.clone() };
        change(&mut changed);
        authority.add_grant(changed, now).unwrap_err()
    };
    assert!(matches!(
        refused(&|grant| {
            grant.id = "g-1".into();
            grant.may_issue = false;
        }),
        AuthorityError::GrantThere(_)
    ));
    assert!(matches!(refused(&|grant| grant.id = "G 2".into()), AuthorityError::Grants(_)));
    assert!(matches!(
        refused(&|grant| grant.member = "tax".into()),
        AuthorityError::UnknownMember(_)
    ));
    assert!(matches!(
        refused(&|grant| grant.check = "no-property".into()),
        AuthorityError::Grants(_)
    ));
    assert!(matches!(refused(&|grant| grant.purposes.clear()), AuthorityError::Grants(_)));
    assert!(authority.revoke_grant("g-2", now).is_err());
    authority.revoke_grant("g-1", now).unwrap();
    let bundle = authority.grants().unwrap();
    assert_eq!((bundle.version, bundle.grants.len()), (2, 0));
}

#[test]
fn only_what_the_hub_confirmed_counts_as_taken() {
    let (place, mut authority) = Place::new();
    let now = SystemTime::now();
    authority.keep_invitation(&authority.invite(&fund(), DAY, now).unwrap(), now).unwrap();
    let new = |id: &str| NewGrant {
        id: id.into(),
        member: "fund".into(),
        check: "no-property/couple".into(),
        purposes: vec!["rent-withdrawal".into()],
        legal_bases: vec!["b".into()],
        life: DAY,
        may_issue: false,
        variants_per_subject: 1,
        max_subjects: 0,
    };
    let states = |authority: &Authority| -> Vec<_> {
        authority
            .grant_states()
            .unwrap()
            .into_iter()
            .map(|(grant, state)| (grant.id, state))
            .collect()
    };
    let version = |envelope: &Envelope| {
        dsse::open::<GrantBundle>(envelope, payload_type::GRANTS, &authority.home().authority)
            .unwrap()
            .version
    };
    let first = authority.add_grant(new("g-1"), now).unwrap();
    assert_eq!(
        authority.add_grant(new("g-1"), now + DAY).unwrap(),
        first,
        "once more, it is the same bundle"
    );
    assert!(
        authority.add_grant(NewGrant { may_issue: true, ..new("g-1") }, now).is_err(),
        "another one is not"
    );
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::NotTaken)]);
    authority.grants_taken(&first).unwrap();
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::InForce)]);
    assert!(authority.add_grant(new("g-1"), now).is_err());

    let revoked = authority.revoke_grant("g-1", now).unwrap();
    assert_eq!(authority.revoke_grant("g-1", now).unwrap(), revoked);
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::RevocationNotTaken)]);
    assert_eq!(authority.newest_grants(now).unwrap(), revoked);
    authority.grants_refused().unwrap();
    assert_eq!(states(&authority), [("g-1".to_owned(), GrantState::InForce)]);
    // The refused bundle is signed: its version is not another one's as well.
    let again = authority.revoke_grant("g-1", now).unwrap();
    assert_eq!((version(&revoked), version(&again)), (2, 3));

    // A crash after the hub's word was kept, and before what waited was removed.
    let waiting = std::fs::read(place.authority().join("grants.next.dsse")).unwrap();
    authority.grants_taken(&again).unwrap();
    std::fs::write(place.authority().join("grants.next.dsse"), waiting).unwrap();
    assert_eq!((authority.waiting_grants().unwrap(), states(&authority)), (None, vec![]));

    // A hub that is behind is not followed; one that is ahead has what another copy of this folder
    // signed.
    assert_eq!(authority.follow_hub(&first).unwrap(), None);
    assert_eq!(authority.follow_hub(&again).unwrap(), None);
    std::fs::remove_file(place.authority().join("grants.next.dsse")).unwrap();
    // That file alone is older, and the last that was signed was refused: nothing is signed over it
    // before the hub's is taken over, and no number is given out twice.
    let mut highest = version(&authority.add_grant(new("g-4"), now).unwrap());
    authority.grants_refused().unwrap();
    for again_from in [&again, &first] {
        std::fs::write(place.authority().join("grants.dsse"), first.encode_to_vec()).unwrap();
        let _none = std::fs::remove_file(place.authority().join("grants.next.dsse"));
        assert!(matches!(
            authority.add_grant(new("g-2"), now),
            Err(AuthorityError::OlderFile { .. })
        ));
        assert!(matches!(
            authority.revoke_grant("g-1", now),
            Err(AuthorityError::OlderFile { .. })
        ));
        assert_eq!(authority.follow_hub(again_from).unwrap(), Some(version(again_from)));
        let next = authority.add_grant(new("g-2"), now).unwrap();
        highest += 1;
        assert_eq!(version(&next), highest);
        assert_eq!(authority.follow_hub(again_from).unwrap(), None);
    }
    let ahead = dsse::seal(
        payload_type::GRANTS,
        &GrantBundle { version: 9, ..GrantBundle::default() },
        &authority.key,
    )
    .unwrap();
    assert_eq!(authority.follow_hub(&ahead).unwrap(), Some(9));
    assert_eq!((authority.waiting_grants().unwrap(), states(&authority)), (None, vec![]));
    let stranger = dsse::seal(
        payload_type::GRANTS,
        &GrantBundle::default(),
        &SigningKey::generate(Algorithm::Ed25519).unwrap(),
    )
    .unwrap();
    assert!(authority.follow_hub(&stranger).is_err());
    // The hub refuses blanks at the end; so does the desk.
    let blank = authority
        .add_grant(NewGrant { purposes: vec!["p ".into()], ..new("g-3") }, now)
        .unwrap_err();
    assert!(matches!(blank, AuthorityError::Grants(_)), "{blank}");
}

#[test]
fn several_grants_are_added_as_one_or_not_at_all() {
    let (_place, mut authority) = Place::new();
    let now = SystemTime::now();
    authority.keep_invitation(&authority.invite(&fund(), DAY, now).unwrap(), now).unwrap();
    let grant = |variant: &str, member: &str| NewGrant {
        id: format!("fund-{variant}"),
        member: member.into(),
        check: format!("no-property/{variant}"),
        purposes: vec!["rent-withdrawal".into()],
        legal_bases: vec!["b".into()],
        life: DAY,
        may_issue: false,
        variants_per_subject: 1,
        max_subjects: 0,
    };
    let both = || vec![grant("applicant", "fund"), grant("couple", "fund")];
    let half = vec![grant("applicant", "fund"), grant("couple", "tax")];
    assert!(matches!(authority.add_grants(half, now), Err(AuthorityError::UnknownMember(_))));
    assert_eq!(authority.grants().unwrap().grants.len(), 0);
    let envelope = authority.add_grants(both(), now).unwrap();
    assert_eq!(
        authority.add_grants(both(), now).unwrap(),
        envelope,
        "the same again, while the hub has not taken it"
    );
    let ids: Vec<String> =
        authority.grants().unwrap().grants.into_iter().map(|grant| grant.id).collect();
    assert_eq!(ids, ["fund-applicant", "fund-couple"]);
    assert!(matches!(
        authority.add_grants(vec![grant("family", "fund"), grant("couple", "fund")], now),
        Err(AuthorityError::GrantThere(_))
    ));
    assert_eq!(authority.grants().unwrap().grants.len(), 2);
}
