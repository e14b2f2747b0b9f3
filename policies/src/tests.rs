//! Every policy by its denial, the engine against an oracle, and what a careless or hostile author
//! would write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use zerotrip_proto::v1::{
    self, Envelope, ErrorCode, Grant, GrantBundle, IdentityProvider, KeyDirectory, KeyUsage, Status,
};
use zerotrip_proto::{payload_type, to_timestamp};
use zerotrip_trust::{Algorithm, Directory, SigningKey, dsse};

use super::*;

const FUND: &str = "spiffe://city.example/member/fund/system/counter";
const BASE: u64 = 1_000_000;
const SCHEMA: &str = include_str!("../policies/schema.cedarschema");
const POLICIES: &str = include_str!("../policies/base.cedar");

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(BASE + seconds)
}

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

/// Members and systems; `.1` whether the member, `.2` whether the system is suspended.
fn directory(members: &[(&str, bool, bool)]) -> Directory {
    let status = |suspended| if suspended { Status::Suspended } else { Status::Active }.into();
    let members = members.iter().map(|(id, member, system)| v1::Member {
        id: (*id).into(),
        name_en: (*id).into(),
        name_zh: "单位".into(),
        status: status(*member),
        systems: vec![v1::System {
            uri: format!("spiffe://city.example/member/{id}/system/counter"),
            status: status(*system),
            keys: vec![key().public().to_proto(KeyUsage::Sign, at(0), at(1000))],
            administrator: false,
            tls_key: vec![7; 32],
        }],
    });
    let message = KeyDirectory {
        version: 7,
        trust_domain: "city.example".into(),
        issued_at: Some(to_timestamp(at(0))),
        expires_at: Some(to_timestamp(at(1000))),
        members: members.collect(),
        hubs: vec![],
    };
    let authority = key();
    Directory::open(&Directory::seal(&message, &authority).unwrap(), authority.public(), at(1), 0)
        .unwrap()
}

fn city() -> Directory {
    directory(&[
        ("fund", false, false),
        ("tax", false, false),
        ("halted", true, false),
        ("cut", false, true),
    ])
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

/// In force from 100 to 200.
fn grant(id: &str, member: &str) -> Grant {
    Grant {
        id: id.into(),
        member: member.into(),
        check: "no-property/family".into(),
        purposes: texts(&["rent-withdrawal"]),
        legal_bases: texts(&["条例第二十四条"]),
        not_before: Some(to_timestamp(at(100))),
        not_after: Some(to_timestamp(at(200))),
        may_issue: true,
        variants_per_subject: 0,
        max_subjects: 5,
    }
}

fn bundle(grants: Vec<Grant>) -> GrantBundle {
    GrantBundle {
        version: 3,
        issued_at: Some(to_timestamp(at(0))),
        grants,
        ..GrantBundle::default()
    }
}

fn checks() -> Vec<String> {
    texts(&["no-property/family", "no-property/single"])
}

fn snapshot(grants: Vec<Grant>) -> Snapshot {
    Snapshot::try_new(&city(), &bundle(grants), &checks()).unwrap()
}

fn facts() -> Facts<'static> {
    Facts {
        system: FUND,
        check: "no-property/family",
        action: Action::Check,
        purpose: "rent-withdrawal",
        legal_basis: "条例第二十四条",
        service_item: "gjj-001",
        case_number: "2026-1",
        official: "e42",
        subjects: 1,
        is_identified: true,
        now: at(150),
    }
}

/// The policies of a denial, with a reason in both languages to each.
fn denied(snapshot: &Snapshot, facts: &Facts<'_>) -> Vec<String> {
    let decision = snapshot.decide(facts);
    assert!(!decision.allowed && decision.grant.is_none());
    assert_eq!(
        decision.reasons.iter().map(|reason| reason.code.clone()).collect::<Vec<_>>(),
        decision.policy_ids
    );
    assert!(!decision.reasons.is_empty());
    assert!(
        decision
            .reasons
            .iter()
            .all(|reason| !reason.text_en.is_empty() && !reason.text_zh.is_empty())
    );
    decision.policy_ids
}

#[test]
fn a_covered_request_is_allowed_and_says_by_what() {
    let snapshot = snapshot(vec![grant("g1", "fund")]);
    for action in Action::ALL {
        let decision = snapshot.decide(&Facts { action, ..facts() });
        assert!(decision.allowed && decision.reasons.is_empty());
        assert_eq!(
            (decision.policy_ids, decision.grant),
            (texts(&["grant-covers-request"]), Some("g1".into()))
        );
        assert_eq!(
            (decision.policy_digest, decision.directory_version),
            (snapshot.policy_digest(), 7)
        );
    }
}

#[test]
fn each_lack_is_denied_by_its_name() {
    let no_issue = Grant { may_issue: false, ..grant("g4", "fund") };
    let whole = snapshot(vec![grant("g1", "fund"), grant("g2", "halted"), grant("g3", "cut")]);
    let without = snapshot(vec![no_issue]);
    let system = |member: &str| format!("spiffe://city.example/member/{member}/system/counter");
    let mut named = BTreeSet::from(["grant-covers-request".to_owned()]);
    let mut lacks = |snapshot: &Snapshot, facts: Facts<'_>, expected: &[&str]| {
        let ids = denied(snapshot, &facts);
        assert_eq!(ids, expected);
        named.extend(ids);
    };
    lacks(&whole, Facts { system: &system("halted"), ..facts() }, &["member-suspended"]);
    lacks(&whole, Facts { system: &system("cut"), ..facts() }, &["system-suspended"]);
    lacks(&whole, Facts { system: &system("tax"), ..facts() }, &["no-grant"]);
    lacks(&whole, Facts { check: "no-property/single", ..facts() }, &["no-grant"]);
    lacks(&whole, Facts { check: "no-property", ..facts() }, &["no-grant"]);
    lacks(&whole, Facts { check: "?", ..facts() }, &["no-grant"]);
    lacks(&whole, Facts { purpose: "curiosity", ..facts() }, &["purpose-not-granted"]);
    lacks(&whole, Facts { purpose: "", ..facts() }, &["purpose-not-granted"]);
    lacks(&whole, Facts { legal_basis: "条例第二十五条", ..facts() }, &["basis-not-granted"]);
    lacks(&whole, Facts { now: at(99), ..facts() }, &["grant-not-in-force"]);
    lacks(&whole, Facts { now: at(200), ..facts() }, &["grant-not-in-force"]);
    lacks(
        &whole,
        Facts { now: UNIX_EPOCH - Duration::from_secs(1), ..facts() },
        &["grant-not-in-force"],
    );
    lacks(&without, Facts { action: Action::Issue, ..facts() }, &["may-not-issue"]);
    let unidentified = Facts { is_identified: false, ..facts() };
    lacks(&whole, unidentified, &["subject-not-identified"]);
    let issuing = Facts { action: Action::Issue, ..unidentified };
    lacks(&whole, issuing, &["subject-not-identified"]);
    let many = |subjects| Facts { action: Action::CheckMany, subjects, ..facts() };
    lacks(&whole, many(6), &["too-many-subjects"]);
    lacks(&whole, many(0), &["too-many-subjects"]);
    let of_one = snapshot(vec![Grant { max_subjects: 0, ..grant("g5", "fund") }]);
    lacks(&of_one, many(1), &["many-not-granted", "too-many-subjects"]);
    assert!(of_one.decide(&facts()).allowed && whole.decide(&many(5)).allowed);
    for facts in [
        Facts { case_number: "", ..facts() },
        Facts { official: "", ..facts() },
        Facts { service_item: "", ..facts() },
    ] {
        lacks(&whole, facts, &["errand-incomplete"]);
    }
    for unknown in [
        "?",
        "",
        "spiffe://city.example/member/fund/system/other",
        "spiffe://city.example/hub/main",
    ] {
        lacks(&whole, Facts { system: unknown, ..facts() }, &["no-grant", "system-suspended"]);
    }
    assert!(without.decide(&facts()).allowed);
    // No policy stands there without a denial that shows it.
    assert_eq!(
        named.into_iter().collect::<Vec<_>>(),
        whole.policies().iter().map(|reason| reason.code.clone()).collect::<Vec<_>>()
    );
}

#[test]
fn purpose_basis_and_time_come_from_one_grant() {
    let rent = Grant {
        id: "rent".into(),
        legal_bases: texts(&["b1"]),
        purposes: texts(&["p1"]),
        ..grant("", "fund")
    };
    let loan = Grant {
        id: "loan".into(),
        legal_bases: texts(&["b2"]),
        purposes: texts(&["p2"]),
        ..grant("", "fund")
    };
    let later = Grant {
        id: "later".into(),
        not_before: Some(to_timestamp(at(200))),
        not_after: Some(to_timestamp(at(300))),
        ..rent.clone()
    };
    let snapshot = snapshot(vec![rent, loan, later]);
    let ask = |purpose, legal_basis, seconds| {
        snapshot.decide(&Facts { purpose, legal_basis, now: at(seconds), ..facts() })
    };
    assert_eq!(ask("p1", "b1", 150).grant.as_deref(), Some("rent"));
    assert_eq!(ask("p2", "b2", 150).grant.as_deref(), Some("loan"));
    assert_eq!(ask("p1", "b1", 250).grant.as_deref(), Some("later"));
    assert_eq!(
        ask("p1", "b2", 150).policy_ids,
        ["basis-not-granted"],
        "the closest grant gives the reason"
    );
    assert_eq!(ask("p2", "b1", 150).policy_ids, ["purpose-not-granted"]);
    assert_eq!(ask("p2", "b2", 250).policy_ids, ["grant-not-in-force"]);
}

#[test]
fn look_alikes_match_nobody() {
    let composed = Grant { purposes: texts(&["caf\u{e9}"]), ..grant("g1", "fund") };
    let snapshot = snapshot(vec![composed]);
    assert!(snapshot.decide(&Facts { purpose: "caf\u{e9}", ..facts() }).allowed);
    for purpose in
        ["cafe\u{301}", "CAF\u{c9}", "caf\u{e9} ", "caf\u{e9}\u{200b}", "c\u{430}f\u{e9}"]
    {
        assert_eq!(denied(&snapshot, &Facts { purpose, ..facts() }), ["purpose-not-granted"]);
    }
    for system in [
        FUND.to_uppercase(),
        FUND.replace("fund", "ｆund"),
        FUND.replace("fund", "f\u{443}nd"),
        format!("{FUND}/"),
        format!("{FUND}\0"),
    ] {
        assert_eq!(
            denied(&snapshot, &Facts { system: &system, ..facts() }),
            ["no-grant", "system-suspended"]
        );
    }
    // What would be a string of Cedar's is only ever a value.
    assert_eq!(
        denied(&snapshot, &Facts { purpose: "\" || true || \"", ..facts() }),
        ["purpose-not-granted"]
    );
    for member in ["Fund", "fund ", "ｆund", "f\u{443}nd", ""] {
        let fault = GrantFault::UnknownMember { grant: "g1".into(), member: member.into() };
        assert_eq!(
            Snapshot::try_new(&city(), &bundle(vec![grant("g1", member)]), &checks()).unwrap_err(),
            PolicyError::Faults(vec![fault])
        );
    }
}

#[test]
fn a_grant_on_a_check_gives_no_rows() {
    let snapshot = snapshot(vec![grant("g1", "fund")]);
    let (schema, _) = cedar_policy::Schema::from_cedarschema_str(SCHEMA).unwrap();
    let actions: BTreeSet<_> =
        schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
    assert_eq!(actions, Action::ALL.iter().map(|action| action.name().to_owned()).collect());
    for (action, resource) in
        [("read", "Dataset"), ("query", "Dataset"), ("check", "Dataset"), ("read", "Check")]
    {
        let entity = |kind: &str, id: &str| crate::snapshot::uid(&kind.parse().unwrap(), id);
        let mut pairs = vec![(
            "grant".to_owned(),
            cedar_policy::RestrictedExpression::new_entity_uid(entity("Grant", "g1")),
        )];
        for text in ["purpose", "legal_basis", "service_item", "official"] {
            pairs.push((
                text.to_owned(),
                cedar_policy::RestrictedExpression::new_string("rent-withdrawal".into()),
            ));
        }
        pairs.push((
            "case_number_present".to_owned(),
            cedar_policy::RestrictedExpression::new_bool(true),
        ));
        pairs.push((
            "now".to_owned(),
            cedar_policy::RestrictedExpression::new_long(i64::try_from(BASE).unwrap() + 150),
        ));
        let context = cedar_policy::Context::from_pairs(pairs).unwrap();
        let (action, resource) = (entity("Action", action), entity(resource, "no-property/family"));
        let request =
            cedar_policy::Request::new(entity("System", FUND), action, resource, context, None)
                .unwrap();
        let check = &snapshot.checks["no-property/family"];
        let scene = snapshot.scene(&snapshot.systems[FUND], check, &check.grants["fund"]).unwrap();
        let response =
            snapshot.authorizer.is_authorized(&request, &snapshot.policies, &scene.entities);
        assert_eq!(response.decision(), cedar_policy::Decision::Deny);
    }
}

/// Policies beside the base ones.
fn with(extra: &str) -> Result<Snapshot, PolicyError> {
    Snapshot::with_policies(
        SCHEMA,
        &format!("{POLICIES}\n{extra}"),
        &city(),
        &bundle(vec![grant("g1", "fund")]),
        &checks(),
    )
}

#[test]
fn a_policy_that_errs_denies() {
    // Passes strict validation, and overflows whenever it is evaluated: Cedar alone would skip it
    // and allow.
    let overflow = "context.now + 9223372036854775807 > 0";
    for effect in ["forbid", "permit"] {
        let text = format!(
            "@id(\"careless\") @reason_en(\"r\") @reason_zh(\"由\") {effect} (principal, action, \
             resource) when {{ {overflow} }};"
        );
        let snapshot = with(&text).unwrap();
        assert_eq!(denied(&snapshot, &facts()), [EVALUATION_ERROR, "careless"]);
        // The same where the member holds no grant at all.
        assert_eq!(
            denied(&snapshot, &Facts { check: "no-property/single", ..facts() }),
            [EVALUATION_ERROR, "careless"]
        );
    }
}

#[test]
fn the_decision_names_the_one_grant_of_several_that_covers_the_request() {
    let loan = Grant { purposes: texts(&["loan"]), ..grant("loan", "fund") };
    let later = Grant { not_before: Some(to_timestamp(at(160))), ..grant("later", "fund") };
    let first = grant("first", "fund");
    let second = Grant { id: "second".into(), ..first.clone() };
    let others = grant("others", "tax");
    let snapshot = snapshot(vec![others, loan, later, first, second]);
    let covering = |facts: Facts<'_>| snapshot.decide(&facts).grant;
    // Of two that cover it, the one that the bundle has first.
    assert_eq!(covering(facts()).as_deref(), Some("first"));
    assert_eq!(covering(Facts { purpose: "loan", ..facts() }).as_deref(), Some("loan"));
    assert_eq!(covering(Facts { now: at(170), ..facts() }).as_deref(), Some("later"));
    assert_eq!(covering(Facts { purpose: "curiosity", ..facts() }), None);
}

#[test]
fn an_obligation_that_is_not_known_denies() {
    let decision = snapshot(vec![grant("g1", "fund")]).decide(&facts());
    assert!(decision.allowed && decision.obligations.is_empty());
    let annotated = "@id(\"masking\") @reason_en(\"r\") @reason_zh(\"由\")";
    let snapshot = with(&format!(
        "{annotated} @obligations(\"mask, minimum-group\") permit (principal, action, resource) \
         when {{ context.purpose == \"rent-withdrawal\" }};"
    ))
    .unwrap();
    // Another policy allows it too: what one of those that allow it demands, binds.
    assert_eq!(denied(&snapshot, &facts()), [UNKNOWN_OBLIGATION, "masking"]);
    // A policy that does not allow this request demands nothing of it.
    assert_eq!(
        denied(&snapshot, &Facts { purpose: "curiosity", ..facts() }),
        ["purpose-not-granted"]
    );
    // Nor can one be demanded by a misspelt annotation, and then be passed over.
    let error =
        with(&format!("{annotated} @obligation(\"mask\") permit (principal, action, resource);"))
            .unwrap_err();
    assert_eq!(
        error,
        PolicyError::UnknownAnnotation { id: "masking".into(), annotation: "obligation".into() }
    );
    assert_eq!(error.code(), ErrorCode::Misconfigured);
}

#[test]
fn no_permit_without_a_grant() {
    let snapshot = with(
        "@id(\"generous\") @reason_en(\"r\") @reason_zh(\"由\") permit (principal, action, \
         resource);",
    )
    .unwrap();
    let decision = snapshot.decide(&Facts { check: "no-property/single", ..facts() });
    assert_eq!((decision.allowed, decision.policy_ids), (false, texts(&["no-grant"])));
    // Neither does a policy set that forgot its forbids allow without one.
    let generous = "@id(\"generous\") @reason_en(\"r\") @reason_zh(\"由\") permit (principal, \
                    action, resource);";
    let bare =
        Snapshot::with_policies(SCHEMA, generous, &city(), &bundle(vec![]), &checks()).unwrap();
    assert_eq!(denied(&bare, &facts()), ["no-permit"]);
}

#[test]
fn wrong_policies_are_refused() {
    let code = |extra: &str| with(extra).unwrap_err().code();
    let annotated = "@id(\"x\") @reason_en(\"r\") @reason_zh(\"由\") ";
    for body in [
        "forbid (principal, action, resource) when { principal.colour == 1 };",
        "permit (principal, action == Action::\"read\", resource);",
    ] {
        assert!(
            matches!(with(&format!("{annotated}{body}")).unwrap_err(), PolicyError::Invalid(_)),
            "{body}"
        );
    }
    assert!(matches!(with("forbid (").unwrap_err(), PolicyError::Unreadable(_)));
    assert!(matches!(
        with(&format!("{annotated} permit (principal == ?principal, action, resource);"))
            .unwrap_err(),
        PolicyError::Unreadable(_)
    ));
    for (missing, text) in [
        ("reason_zh", "@id(\"x\") @reason_en(\"r\")"),
        ("reason_en", "@id(\"x\") @reason_zh(\"由\")"),
        ("id", "@reason_en(\"r\")"),
    ] {
        let error = with(&format!("{text} forbid (principal, action, resource);")).unwrap_err();
        assert!(
            matches!(error, PolicyError::Annotation { annotation, .. } if annotation == missing),
            "{missing}"
        );
    }
    let twice = annotated.replace("\"x\"", "\"no-grant\"");
    assert_eq!(
        code(&format!("{twice} forbid (principal, action, resource);")),
        ErrorCode::Misconfigured
    );
    let schema = Snapshot::with_policies("entity", POLICIES, &city(), &bundle(vec![]), &checks());
    assert!(matches!(schema.unwrap_err(), PolicyError::Unreadable(_)));
    for check in ["no-property", "/family", "no-property/", ""] {
        assert_eq!(
            Snapshot::try_new(&city(), &bundle(vec![]), &texts(&[check])).unwrap_err(),
            PolicyError::Check(check.into())
        );
    }
    assert!(
        Snapshot::try_new(&city(), &bundle(vec![]), &vec!["a/b".to_owned(); CHECKS + 1]).is_err()
    );
}

#[test]
fn each_fault_of_a_bundle_is_named() {
    let faults = |grants: Vec<Grant>| match Snapshot::try_new(&city(), &bundle(grants), &checks()) {
        Err(PolicyError::Faults(faults)) => faults,
        _ => vec![],
    };
    let good = || grant("g1", "fund");
    assert_eq!(faults(vec![good(), good()]), [GrantFault::Twice("g1".into())]);
    for check in [
        "",
        "no-car",
        "no-car/",
        "/family",
        "no-car/family/all",
        &format!("no-car/{}", "x".repeat(200)),
    ] {
        let fault =
            GrantFault::Check { grant: "g1".into(), check: check.chars().take(100).collect() };
        assert_eq!(faults(vec![Grant { check: check.into(), ..good() }]), [fault]);
    }
    for id in ["", " g", "g\n", "G", &"g".repeat(33)] {
        assert_eq!(
            faults(vec![grant(id, "fund")]),
            [GrantFault::Id(id.chars().take(64).collect())]
        );
    }
    let numbered = (0..=TERMS).map(|number| number.to_string()).collect();
    for terms in [
        vec![],
        texts(&["a", "a"]),
        texts(&[""]),
        texts(&["a\u{0}"]),
        texts(&["a "]),
        vec!["x".repeat(65)],
        numbered,
    ] {
        let fault = |what| vec![GrantFault::Terms { grant: "g1".into(), what }];
        assert_eq!(faults(vec![Grant { purposes: terms.clone(), ..good() }]), fault("purposes"));
        assert_eq!(faults(vec![Grant { legal_bases: terms, ..good() }]), fault("legal bases"));
    }
    for (start, end) in [(Some(at(5)), Some(at(5))), (None, Some(at(5))), (Some(at(5)), None)] {
        let times = Grant {
            not_before: start.map(to_timestamp),
            not_after: end.map(to_timestamp),
            ..good()
        };
        assert_eq!(faults(vec![times]), [GrantFault::Times("g1".into())]);
    }
    let crowd = |count: usize| {
        (0..count).map(|number| grant(&number.to_string(), "fund")).collect::<Vec<_>>()
    };
    assert_eq!(faults(crowd(GRANTS_PER_CHECK)), []);
    let fault =
        GrantFault::TooManyOnCheck { member: "fund".into(), check: "no-property/family".into() };
    assert_eq!(faults(crowd(GRANTS_PER_CHECK + 4)), [fault]);
    assert!(faults(crowd(GRANTS + 1)).contains(&GrantFault::TooMany(GRANTS + 1)));
    let nobody = (0..200).map(|number| grant(&number.to_string(), "nobody")).collect();
    assert_eq!(faults(nobody).len(), 64);
}

#[test]
fn a_grant_on_a_check_that_is_not_served_grants_nothing_and_hinders_nobody() {
    let lost = Grant { check: "no-car/family".into(), ..grant("g2", "fund") };
    let whole = snapshot(vec![lost.clone(), grant("g1", "fund")]);
    assert_eq!(whole.unserved(), [Unserved { grant: "g2".into(), check: "no-car/family".into() }]);
    assert_eq!(whole.decide(&facts()).grant.as_deref(), Some("g1"));
    let decision = whole.decide(&Facts { check: "no-car/family", ..facts() });
    assert!(!decision.allowed, "{decision:?}");
    // Without the other one, nothing is left: a bundle that revokes is taken, whatever else it
    // holds.
    assert!(!snapshot(vec![lost]).decide(&facts()).allowed);
}

#[test]
fn only_the_authoritys_newest_bundle_is_opened() {
    let authority = key();
    let seal = |bundle: &GrantBundle| dsse::seal(payload_type::GRANTS, bundle, &authority).unwrap();
    let open = |envelope: &Envelope, at_least| open_grants(envelope, authority.public(), at_least);
    let good = bundle(vec![grant("g1", "fund")]);
    for at_least in [0, 3] {
        assert_eq!(open(&seal(&good), at_least).unwrap(), good);
    }
    let error = open(&seal(&good), 4).unwrap_err();
    assert_eq!(
        (error.code(), error),
        (ErrorCode::StaleBundle, PolicyError::RolledBack { found: 3, at_least: 4 })
    );
    let stranger = open_grants(&seal(&good), key().public(), 0).unwrap_err();
    assert_eq!(stranger.code(), ErrorCode::BadSignature);
    let mut unsigned = seal(&good);
    unsigned.signatures.clear();
    assert_eq!(open(&unsigned, 0).unwrap_err().code(), ErrorCode::BadSignature);
    let other_type = dsse::seal(payload_type::DIRECTORY, &good, &authority).unwrap();
    assert_eq!(open(&other_type, 0).unwrap_err().code(), ErrorCode::Malformed);
    let garbage = dsse::sign(payload_type::GRANTS, vec![0xff; 9], &authority).unwrap();
    assert_eq!(open(&garbage, 0).unwrap_err().code(), ErrorCode::Malformed);
    let faulty = GrantBundle::default();
    assert_eq!(
        open(&seal(&faulty), 0).unwrap_err(),
        PolicyError::Faults(vec![GrantFault::NoVersion, GrantFault::IssuedAt])
    );
}

#[test]
fn a_bundle_with_a_faulty_identity_provider_is_refused_whole() {
    let faulty = GrantBundle {
        identity_providers: vec![IdentityProvider { id: "login".into(), ..Default::default() }],
        ..bundle(vec![grant("g1", "fund")])
    };
    let refused = crate::grants::check_grants(&faulty).unwrap_err();
    let PolicyError::Faults(faults) = &refused else { panic!("{refused:?}") };
    assert!(
        matches!(&faults[..], [GrantFault::Provider { provider, .. }] if provider == "login"),
        "{refused}"
    );
    assert!(Snapshot::try_new(&city(), &faulty, &checks()).is_err());
}

#[test]
fn the_digest_is_of_policies_and_grants() {
    let digest = |grants| snapshot(grants).policy_digest();
    assert_eq!(digest(vec![grant("g1", "fund")]), digest(vec![grant("g1", "fund")]));
    assert_ne!(
        digest(vec![grant("g1", "fund")]),
        digest(vec![Grant { may_issue: false, ..grant("g1", "fund") }])
    );
    let other = with(
        "@id(\"x\") @reason_en(\"r\") @reason_zh(\"由\") forbid (principal, action, resource);",
    )
    .unwrap();
    assert_ne!(digest(vec![grant("g1", "fund")]), other.policy_digest());
    fn shared<T: Send + Sync>() {}
    shared::<Snapshot>();
}

#[test]
fn parts_of_a_second_are_never_added() {
    let millis = |millis: u64| at(0) + Duration::from_millis(millis);
    let (start, end) = (millis(100_300), millis(200_700));
    let short = Grant {
        not_before: Some(to_timestamp(start)),
        not_after: Some(to_timestamp(end)),
        ..grant("g1", "fund")
    };
    let snapshot = snapshot(vec![short]);
    let allowed = |now: u64| snapshot.decide(&Facts { now: millis(now), ..facts() }).allowed;
    assert_eq!(
        [100_299, 100_300, 101_000, 199_999, 200_000, 200_700].map(allowed),
        [false, false, true, true, false, false]
    );
}

/// One careless edit of the policies: a forbid lost, or the permit's conditions.
#[test]
fn no_single_edit_lets_more_through() {
    let parts: Vec<_> = POLICIES.split("@id(").skip(1).map(|part| format!("@id({part}")).collect();
    let bare = parts[0].split("when").next().unwrap().to_owned() + ";";
    let mut edits = vec![[&[bare], &parts[1..]].concat()];
    edits.extend((1..parts.len()).map(|lost| [&parts[..lost], &parts[lost + 1..]].concat()));
    let grants = vec![
        grant("g1", "fund"),
        Grant { may_issue: false, ..grant("g2", "tax") },
        grant("g3", "halted"),
        grant("g4", "cut"),
    ];
    let system = |member: &str| format!("spiffe://city.example/member/{member}/system/counter");
    let (halted, cut, tax) = (system("halted"), system("cut"), system("tax"));
    for edit in edits {
        let snapshot = Snapshot::with_policies(
            SCHEMA,
            &edit.concat(),
            &city(),
            &bundle(grants.clone()),
            &checks(),
        )
        .unwrap();
        assert!(snapshot.decide(&facts()).allowed);
        for lacking in [
            Facts { system: &halted, ..facts() },
            Facts { system: &cut, ..facts() },
            Facts { system: &tax, action: Action::Issue, ..facts() },
            Facts { check: "no-property/single", ..facts() },
            Facts { purpose: "curiosity", ..facts() },
            Facts { legal_basis: "none", ..facts() },
            Facts { now: at(99), ..facts() },
            Facts { now: at(200), ..facts() },
            Facts { case_number: "", ..facts() },
            Facts { official: "", ..facts() },
            Facts { service_item: "", ..facts() },
            Facts { action: Action::CheckMany, subjects: 6, ..facts() },
            Facts { action: Action::CheckMany, subjects: 0, ..facts() },
        ] {
            denied(&snapshot, &lacking);
        }
    }
}

const WORDS: [&str; 3] = ["a", "b", "c"];
const MEMBERS: [&str; 4] = ["fund", "tax", "halted", "cut"];

fn some_words() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(WORDS.to_vec(), 1..=3).prop_map(|words| texts(&words))
}

fn some_grant() -> impl Strategy<Value = Grant> {
    let check = proptest::sample::select(checks());
    let member = proptest::sample::select(MEMBERS.to_vec());
    let life = (0u64..20, 1u64..20);
    (member, check, some_words(), some_words(), life, any::<bool>(), 0u32..4).prop_map(
        |(member, check, purposes, legal_bases, (start, life), may_issue, max_subjects)| Grant {
            id: String::new(),
            member: member.into(),
            check,
            purposes,
            legal_bases,
            not_before: Some(to_timestamp(at(start))),
            not_after: Some(to_timestamp(at(start + life))),
            may_issue,
            variants_per_subject: 0,
            max_subjects,
        },
    )
}

/// What the grants say, read by somebody who never heard of Cedar.
fn oracle(grants: &[Grant], member: &str, facts: &Facts<'_>) -> bool {
    let now = i64::try_from(facts.now.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    !["halted", "cut"].contains(&member)
        && grants.iter().any(|grant| {
            grant.member == member
                && grant.check == facts.check
                && grant.purposes.iter().any(|purpose| purpose == facts.purpose)
                && grant.legal_bases.iter().any(|basis| basis == facts.legal_basis)
                && (grant.not_before.as_ref().unwrap().seconds
                    ..grant.not_after.as_ref().unwrap().seconds)
                    .contains(&now)
                && match facts.action {
                    Action::Check => true,
                    Action::CheckMany => (1..=grant.max_subjects).contains(&facts.subjects),
                    Action::Issue => grant.may_issue,
                }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn allowed_iff_the_grants_say_so(mut grants in proptest::collection::vec(some_grant(), 0..14), now in 0u64..40, subjects in 0u32..4) {
        for (number, grant) in grants.iter_mut().enumerate() {
            grant.id = format!("g{number}");
        }
        let snapshot = snapshot(grants.clone());
        for member in MEMBERS {
            let system = format!("spiffe://city.example/member/{member}/system/counter");
            for check in &checks() {
                for (purpose, legal_basis) in WORDS.iter().flat_map(|purpose| WORDS.map(|basis| (*purpose, basis))) {
                    for action in Action::ALL {
                        let facts = Facts { system: &system, check, action, purpose, legal_basis, subjects, now: at(now), ..facts() };
                        let decision = snapshot.decide(&facts);
                        prop_assert_eq!(decision.allowed, oracle(&grants, member, &facts), "{:?}", facts);
                        prop_assert!(!decision.policy_ids.is_empty());
                        prop_assert!(!decision.policy_ids.iter().any(|id| id == EVALUATION_ERROR || id == "no-permit"));
                        if let Some(id) = decision.grant {
                            let grant = grants.iter().find(|grant| grant.id == id).unwrap();
                            prop_assert!(oracle(std::slice::from_ref(grant), member, &facts));
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_grant_says_how_many_variants_and_one_where_it_says_nothing() {
    let rent = Grant { variants_per_subject: 0, ..grant("rent", "fund") };
    let wide = Grant {
        id: "wide".into(),
        purposes: texts(&["loan"]),
        variants_per_subject: 3,
        ..rent.clone()
    };
    let snapshot = snapshot(vec![rent.clone(), wide]);
    let variants = |purpose| snapshot.decide(&Facts { purpose, ..facts() }).variants_per_subject;
    assert_eq!((variants("rent-withdrawal"), variants("loan"), variants("curiosity")), (1, 3, 0));
    let too_many = Grant { variants_per_subject: VARIANTS + 1, ..rent };
    let error = crate::grants::check_grants(&bundle(vec![too_many])).unwrap_err();
    assert!(error.to_string().contains("grant `rent` allows 17 variants"), "{error}");
    let too_many = Grant { max_subjects: SUBJECTS + 1, ..grant("rent", "fund") };
    let error = crate::grants::check_grants(&bundle(vec![too_many])).unwrap_err();
    assert!(error.to_string().contains("grant `rent` allows 10001 subjects"), "{error}");
}
