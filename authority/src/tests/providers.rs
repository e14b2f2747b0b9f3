//! Identity providers: trusted, replaced, distrusted, confirmed.

use zerotrip_proto::v1::{AssertedLevel, AssertionAudience, IdentityProvider, SubjectForm};

use super::*;

fn jwks() -> String {
    let key = SigningKey::generate(Algorithm::Es256).unwrap();
    format!("{{\"keys\":[{}]}}", key.public().to_jwk())
}

fn provider(system: &str) -> IdentityProvider {
    IdentityProvider {
        id: "citizen-login".into(),
        issuer: "https://login.city.example".into(),
        name_en: "City login".into(),
        name_zh: "城市统一身份认证".into(),
        jwks: jwks(),
        levels: vec![AssertedLevel { acr: "face".into(), level: 2 }],
        audiences: vec![AssertionAudience { audience: "desk".into(), system: system.into() }],
        subject_claim: "citizen_id".into(),
        subject_form: SubjectForm::ResidentId.into(),
        clock_skew_seconds: 60,
        ..IdentityProvider::default()
    }
}

#[test]
fn a_provider_is_trusted_replaced_and_distrusted_as_grants_are() {
    let (_place, authority) = Place::new();
    let now = SystemTime::now();
    let system = authority.home().system.uri();
    let states = || {
        let states = authority.provider_states().unwrap().into_iter();
        states.map(|(one, state)| (one.jwks, state)).collect::<Vec<_>>()
    };
    let (first, second) = (provider(&system), provider(&system));
    let trusted = authority.trust_provider(first.clone(), DAY, now).unwrap();
    assert_eq!(states(), [(first.jwks.clone(), GrantState::NotTaken)]);
    authority.grants_taken(&trusted).unwrap();
    assert_eq!(states(), [(first.jwks.clone(), GrantState::InForce)]);
    let bundle: GrantBundle =
        dsse::open(&trusted, payload_type::GRANTS, &authority.home().authority).unwrap();
    let kept = &bundle.identity_providers[0];
    assert_eq!(kept.not_after, Some(to_timestamp(now + DAY)));

    // Other keys under the same id: the former ones are trusted no more.
    let rotated = authority.trust_provider(second.clone(), DAY, now).unwrap();
    assert_eq!(states(), [(second.jwks.clone(), GrantState::NotTaken)]);
    authority.grants_taken(&rotated).unwrap();

    let refused = |change: &dyn Fn(&mut IdentityProvider)| {
        let mut changed = provider(&system);
        change(&mut changed);
        authority.trust_provider(changed, DAY, now).unwrap_err()
    };
    let stranger = "spiffe://city.example/member/tax/system/desk";
    let unknown = refused(&|one| one.audiences[0].system = stranger.into());
    assert!(matches!(unknown, AuthorityError::NoSystem(system) if system == stranger));
    for change in [
        (|one: &mut IdentityProvider| one.jwks.clear()) as fn(&mut IdentityProvider),
        |one| one.levels.clear(),
        |one| one.issuer = "http://login.city.example".into(),
        // Another provider with this issuer.
        |one| one.id = "other".into(),
    ] {
        assert!(matches!(refused(&change), AuthorityError::Grants(_)));
    }
    assert_eq!(states(), [(second.jwks.clone(), GrantState::InForce)]);

    let distrusted = authority.distrust_provider("citizen-login", now).unwrap();
    assert_eq!(authority.distrust_provider("citizen-login", now).unwrap(), distrusted);
    assert_eq!(states(), [(second.jwks, GrantState::RevocationNotTaken)]);
    authority.grants_taken(&distrusted).unwrap();
    assert!(states().is_empty());
    let none = authority.distrust_provider("citizen-login", now).unwrap_err();
    assert!(matches!(none, AuthorityError::NoProvider(_)));
}
