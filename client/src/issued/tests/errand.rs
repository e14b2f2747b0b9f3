//! For one errand one certificate counts, whoever issues.

use zerotrip_proto::v1::{CheckManyBody, ShownRequest, ShownSubjects};

use super::*;
use crate::request::{CheckQuestion, Errand};

const LI: &str = "330106198503020027";
const WANG: &str = "330106198309100015";

fn errand(case: &str) -> Errand {
    let text = str::to_owned;
    Errand {
        official: text("0471"),
        service_item: text("rent"),
        purpose: text("rent"),
        legal_basis: text("law"),
        case_number: text(case),
    }
}

fn question(parameters: &[(&str, &str)]) -> CheckQuestion {
    let parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    CheckQuestion {
        check: "no-property".into(),
        variant: "couple".into(),
        parameters: parameters.collect(),
    }
}

/// The one that counts for a case.
fn counting(organ: &Organ, case: &str, applicant: &str) -> Option<String> {
    let key = ErrandKey::of(&errand(case), &question(&[("applicant", applicant)]));
    organ.register().counting_for(&key, at(1)).unwrap().map(|entry| entry.serial)
}

#[test]
fn for_one_errand_one_certificate_counts() {
    let organ = Organ::new();
    // Two runs have found that nobody has one, and seal at once; each in a process of its own.
    let (first, second) = (organ.reserve("e-1"), organ.reserve("e-2"));
    let token = organ.token("case", LI);
    let keep = |entry: &Entry, token: &str, beside| {
        let mut register = organ.register();
        register.sealed_copies(&entry.serial, &[token], (at(0), at(900)), beside)
    };
    keep(&first, &token, Beside::None).unwrap();
    let refused = |entry: &Entry, by: &Entry| {
        let kept = keep(entry, &organ.token("case", LI), Beside::None);
        let Err(RegisterError::AlreadyIssued(serial)) = kept else { panic!("{kept:?}") };
        assert_eq!(serial, by.serial);
        assert_eq!(organ.register().entry(&entry.serial).unwrap().stage, Stage::Reserved);
    };
    // Sealed, and the process killed before it heard of the record: it can be recorded.
    refused(&second, &first);
    assert_eq!(counting(&organ, "case", LI).as_deref(), Some(&*first.serial));
    organ.register().recorded(&first.serial, 7).unwrap();
    refused(&second, &first);
    // Noted by whoever announced it too.
    organ.register().recorded(&first.serial, 8).unwrap();
    assert_eq!(organ.register().entry(&first.serial).unwrap().record_index, Some(7));
    // Another person, and another case, are other errands.
    assert_eq!((counting(&organ, "case", WANG), counting(&organ, "other", LI)), (None, None));
    organ.issued_about("case", WANG);
    organ.issued_about("other", LI);
    // What is suspended can count again; what is revoked cannot.
    organ.order(&first, &Order::Suspend).unwrap();
    refused(&second, &first);
    // By name, beside the one whose place it takes.
    let third = organ.reserve("e-3");
    keep(&third, &organ.token("case", LI), Beside::Another).unwrap();
    organ.register().recorded(&third.serial, 9).unwrap();
    // Of two for one errand none is brought back by lifting.
    let lifted = organ.order(&first, &Order::Lift);
    let Err(RegisterError::AlreadyIssued(serial)) = lifted else { panic!("{lifted:?}") };
    assert_eq!(serial, third.serial);
    organ.order(&first, &Order::Supersede(Some(third.serial.clone()))).unwrap();
    refused(&second, &third);
    organ.order(&third, &Order::Revoke).unwrap();
    assert_eq!(counting(&organ, "case", LI), None);
    keep(&second, &organ.token("case", LI), Beside::None).unwrap();
    // One that is over counts no more.
    let fourth = organ.reserve("e-4");
    let late = organ.register().sealed_copies(
        &fourth.serial,
        &[&organ.token("case", LI)],
        (at(901), at(1800)),
        Beside::None,
    );
    late.unwrap();
}

#[test]
fn an_errand_is_what_a_certificate_says_was_asked() {
    let organ = Organ::new();
    // What does not say for which errand it is, is not kept: nobody could tell what it is beside.
    for token in ["token".to_owned(), {
        let about = disclosure("applicant", &LI.into()).unwrap();
        issue_encoded(&organ.key.key, plain(), &[about]).unwrap().to_string()
    }] {
        let entry = organ.reserve("e-1");
        let refused = organ.register().sealed(&entry.serial, &token, (at(0), at(900)));
        let is_named =
            matches!(refused, Err(RegisterError::Content("request") | RegisterError::Kept(_)));
        assert!(is_named, "{refused:?}");
    }
    // Alone or among many, and in whatever order the parameters came, it is one errand.
    let one = |name: &str, value: &str| Parameter { name: name.into(), value: value.into() };
    let body = CheckManyBody {
        check: "no-property".into(),
        variant: "couple".into(),
        parameters: vec![one("region", "330100"), one("day", "2027-01-01")],
        subject_parameter: "applicant".into(),
        ..CheckManyBody::default()
    };
    let request = Request {
        purpose: "rent".into(),
        case_number: "case".into(),
        body: Some(Body::CheckMany(body)),
        ..Request::default()
    };
    let subject = ShownSubjects { subjects: vec![LI.into()], ..ShownSubjects::default() };
    let shown = ShownRequest { request: request.encode_to_vec(), subject: Some(subject) };
    let shown = URL_SAFE_NO_PAD.encode(shown.encode_to_vec());
    let asked = disclosure("request", &shown.into()).unwrap();
    let token = issue_encoded(&organ.key.key, plain(), &[asked]).unwrap().to_string();
    let ground = Ground { exchange: "many", subject: Some(3), question: ASKED };
    let entry = organ.register().reserve(ground, Profile::National, 2027).unwrap();
    organ.register().sealed(&entry.serial, &token, (at(0), at(900))).unwrap();
    let held = |parameters: &[(&str, &str)]| {
        let key = ErrandKey::of(&errand("case"), &question(parameters));
        organ.register().counting_for(&key, at(1)).unwrap().map(|entry| entry.serial)
    };
    let whole = [("applicant", LI), ("day", "2027-01-01"), ("region", "330100")];
    assert_eq!(held(&whole), Some(entry.serial));
    assert_eq!(held(&[whole[0], whole[1], ("region", "330200")]), None, "another question");
    assert_eq!(held(&whole[..2]), None);
}

#[test]
fn a_register_of_the_third_version_learns_its_errands_from_its_certificates() {
    let organ = Organ::new();
    let (entry, other) = (organ.issued_about("case", LI), organ.issued_about("other", WANG));
    let third = "DROP INDEX certificate_errand; ALTER TABLE certificate DROP COLUMN errand; PRAGMA \
                 user_version = 3;";
    organ.register().connection.execute_batch(third).unwrap();
    assert_eq!(counting(&organ, "case", LI), Some(entry.serial));
    assert_eq!(counting(&organ, "other", WANG), Some(other.serial));
    assert_eq!(counting(&organ, "another", LI), None);
}
