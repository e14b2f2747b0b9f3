//! Certificates and facts on one subject of an exchange about many: of every yes and of nobody
//! else, once, without asking the registers again, and with nothing of the others in them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_certificates::{Among, TrustRoot, recorded_together, sdjwt, verify};
use zerotrip_channel::SystemHome;
use zerotrip_client::reply::{AnsweredMany, SubjectOutcome};
use zerotrip_client::request::{sign_issue, sign_issue_many};
use zerotrip_client::{Issue, Outcome, Session, SessionError};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    Answer, CheckManyBody, CheckManyReply, ErrorCode, ExchangeCall, ExchangeFact, ExchangeReply,
    GetFactRequest, IssueBody, IssueManyBody, PlacedCertificate, Request, SubjectList, answer,
};
use zerotrip_proto::{Refusal, payload_type, to_timestamp};
use zerotrip_tests::city::Variant;
use zerotrip_tests::deployment::{BASIS, DEPARTMENTS, FUND, PURPOSE, TRANSIT};
use zerotrip_tests::rows::Rows;
use zerotrip_trust::dsse;
use zerotrip_trust::subject_list::SubjectTree;

use crate::many::{answered, ask, ids, in_words};
use crate::support::{DeployedCity, deploy, errand, expected_fact, question, runtime};

/// The places of a list by what they came to.
fn places(answered: &AnsweredMany) -> BTreeMap<&'static str, Vec<usize>> {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, subject) in answered.subjects.iter().enumerate() {
        places.entry(in_words(&subject.outcome).0).or_default().push(place);
    }
    places
}

/// Issues on the subject in this place, into a file of that name.
fn issue(
    town: &DeployedCity,
    answered: &AnsweredMany,
    place: usize,
    file: &str,
) -> Result<Issue, SessionError> {
    let variant = Variant::Couple.name();
    let question = question(variant, &answered.subjects[place].subject);
    let file = town.deployment.folder.join(file);
    runtime().block_on(async {
        let one = (answered, place);
        town.session().await.issue_one_of_many(&errand(), &question, one, &file).await
    })
}

/// Every text and message in a token, as far as it can be taken apart.
fn taken_apart(token: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut waiting: Vec<String> = token.trim_end().split(['.', '~']).map(str::to_owned).collect();
    while let Some(text) = waiting.pop() {
        bytes.extend(text.as_bytes());
        let Ok(inner) = URL_SAFE_NO_PAD.decode(&text) else { continue };
        bytes.extend(&inner);
        if let Ok(value) = serde_json::from_slice::<Value>(&inner) {
            let mut values = vec![value];
            while let Some(value) = values.pop() {
                match value {
                    Value::String(text) => waiting.push(text),
                    Value::Array(parts) => values.extend(parts),
                    Value::Object(members) => values.extend(members.into_values()),
                    _ => {}
                }
            }
        }
    }
    bytes
}

#[test]
fn every_yes_of_a_town_becomes_a_certificate_and_nobody_else() {
    let mut town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let answered = answered(ask(&town, "couple", &everybody).unwrap());
    let kinds = places(&answered);
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), ["false", "true", "unavailable"]);
    // No register is asked again: none of them is there any more.
    for (member, ..) in DEPARTMENTS {
        town.deployment.stop_connector(member).unwrap();
    }
    let directory = runtime().block_on(async { town.session().await.directory().clone() });
    let entries = town.deployment.ledger_figure("size").unwrap();
    for (kind, of_it) in &kinds {
        for place in of_it {
            let file = format!("{place}.sdjwt");
            let outcome = issue(&town, &answered, *place, &file).unwrap();
            let subject = &answered.subjects[*place];
            match (*kind, &subject.outcome, outcome) {
                ("true", SubjectOutcome::Affirmed { sources, .. }, Issue::Issued(issued)) => {
                    let certificate = &issued.certificate;
                    assert_eq!(certificate.disclosed.claims["applicant"], subject.subject);
                    assert_eq!(certificate.sources.len(), sources.len());
                    let among = Among { place: *place as u64, subjects: everybody.len() as u32 };
                    assert_eq!(certificate.evidence.among, Some(among));
                }
                ("false", _, Issue::NotIssued(Outcome::Negative(_)))
                | ("unavailable", _, Issue::NotIssued(Outcome::Unavailable(_))) => {
                    assert!(!town.deployment.folder.join(&file).exists());
                }
                (_, _, other) => panic!("{kind}: {other:?}"),
            }
        }
    }
    let issued = kinds["true"].len() as u64;
    assert_eq!(town.deployment.ledger_figure("size").unwrap(), entries + 2 * issued);
    // One to each subject: a second is refused, and takes nothing from the first.
    let place = kinds["true"][0];
    let refused = issue(&town, &answered, place, "again.sdjwt").unwrap_err();
    assert_eq!(refused.code(), Some(ErrorCode::NotIssuable), "{refused}");
    assert!(refused.to_string().contains("issued on it already"), "{refused}");
    assert!(!town.deployment.folder.join("again.sdjwt").exists());
    // By a stranger's eyes: nobody else is in it, and it is good for nobody else.
    let (keys, dir) = (town.deployment.path("authority/jwks.json"), town.deployment.path(TRANSIT));
    let token = |place: usize| {
        fs::read_to_string(town.deployment.folder.join(format!("{place}.sdjwt"))).unwrap()
    };
    for place in &kinds["true"] {
        let bytes = taken_apart(&token(*place));
        let text = String::from_utf8_lossy(&bytes);
        for (other, id) in everybody.iter().enumerate() {
            assert_eq!(text.contains(id.as_str()), other == *place, "{other} in {place}'s");
        }
    }
    for root in [["--jwks", &keys], ["--dir", &dir]] {
        let file = town.deployment.path(&format!("{place}.sdjwt"));
        let verified = town
            .deployment
            .zerotrip(&[&["--json", "verify", &file][..], &root].concat())
            .unwrap()
            .expect(0)
            .unwrap();
        let value = verified.json().unwrap();
        assert_eq!(value["disclosed"]["applicant"], everybody[place]);
        let among = json!({ "place": place, "subjects": everybody.len() });
        assert_eq!(
            (&value["evidence"]["among"], &value["request_disclosed"]),
            (&among, &json!(true))
        );
    }
    forged(&town, &directory, &token(place), &token(kinds["true"][1]));
    town.deployment.stop().unwrap();
}

/// What the organ that seals can make of two certificates of one list.
fn forged(town: &DeployedCity, directory: &zerotrip_trust::Directory, one: &str, other: &str) {
    let plain = |token: &str| {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let Value::Object(mut plain) = serde_json::from_slice(&payload).unwrap() else {
            panic!("no object")
        };
        plain.remove("_sd");
        plain.remove("_sd_alg");
        plain
    };
    let disclosures: Vec<String> = one
        .trim_end()
        .split('~')
        .skip(1)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let key = town.home(FUND).key("seal").unwrap();
    let judged = |change: &dyn Fn(&mut Value)| {
        let mut claims = plain(one);
        change(&mut claims["evidence"]);
        let token = sdjwt::issue_encoded(&key, claims, &disclosures).unwrap().to_string();
        verify(&token, TrustRoot::Directory(directory), SystemTime::now())
            .map(drop)
            .map_err(|error| error.to_string())
    };
    assert_eq!(judged(&|_| ()), Ok(()));
    let theirs = plain(other)["evidence"]["subject"].clone();
    let says = |change: &dyn Fn(&mut Value), why: &str| {
        let said = judged(change).unwrap_err();
        assert!(said.contains(why), "{why}: {said}");
    };
    says(&|evidence| evidence["subject"] = theirs.clone(), "shows another `applicant`");
    says(
        &|evidence| evidence["subject"]["place"] = theirs["place"].clone(),
        "not proven to be in the hub's answer",
    );
    says(&|evidence| evidence["subject"]["path"] = json!([]), "another length");
    says(
        &|evidence| drop(evidence.as_object_mut().unwrap().remove("subject")),
        "nothing shows which of them",
    );
}

/// Signs and sends what the fund, or another, says of a certificate.
fn announced(
    town: &DeployedCity,
    by: &str,
    exchange: &str,
    place: Option<u32>,
    days: u64,
) -> Result<ExchangeReply, Refusal> {
    announced_as(town, by, exchange, place, (days, [7; 32]))
}

/// The same of a certificate with this digest.
fn announced_as(
    town: &DeployedCity,
    by: &str,
    exchange: &str,
    place: Option<u32>,
    (days, digest): (u64, [u8; 32]),
) -> Result<ExchangeReply, Refusal> {
    runtime().block_on(async {
        let (home, now) = (town.home(by), SystemTime::now());
        let issue = IssueBody {
            exchange_id: exchange.to_owned(),
            certificate_digest: digest.to_vec(),
            valid_until: Some(to_timestamp(now + Duration::from_secs(days * 86_400))),
            place,
        };
        let from = (&home.system, &home.sign);
        let request = sign_issue(from, &home.hub, &errand(), issue, now).unwrap();
        let call = ExchangeCall { request: Some(request.envelope), ..ExchangeCall::default() };
        let session = Session::connect(&home).await.unwrap();
        let reply = session.connection().exchange().issue(call).await;
        reply.map(tonic::Response::into_inner).map_err(|status| Refusal::from_status(&status))
    })
}

/// The same of certificates on several of them, each with a digest of this byte.
fn announced_together(
    town: &DeployedCity,
    exchange: &str,
    certificates: &[(u32, u8)],
) -> Result<Vec<u8>, Refusal> {
    runtime().block_on(async {
        let (home, now) = (town.home(FUND), SystemTime::now());
        let certificate = |(place, digest): &(u32, u8)| PlacedCertificate {
            place: *place,
            certificate_digest: vec![*digest; 32],
        };
        let issue = IssueManyBody {
            exchange_id: exchange.to_owned(),
            valid_until: Some(to_timestamp(now + Duration::from_secs(86_400))),
            certificates: certificates.iter().map(certificate).collect(),
        };
        let from = (&home.system, &home.sign);
        let request = sign_issue_many(from, &home.hub, &errand(), issue, now).unwrap();
        let call = ExchangeCall { request: Some(request.envelope), ..ExchangeCall::default() };
        let session = Session::connect(&home).await.unwrap();
        let reply = session.connection().exchange().issue(call).await;
        let reply = reply.map_err(|status| Refusal::from_status(&status))?.into_inner();
        let answer = Answer::decode(&*reply.answer.unwrap().payload).unwrap();
        let Some(answer::Outcome::Recorded(recorded)) = answer.outcome else { panic!() };
        Ok(recorded.certificate_digest)
    })
}

#[test]
fn certificates_of_one_announcement_are_recorded_all_or_none() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let answered = answered(ask(&town, "couple", &everybody).unwrap());
    let kinds = places(&answered);
    let at = |kind: &str, number: usize| kinds[kind][number] as u32;
    let exchange = answered.proven.answer().request_id.as_str();
    let yes: Vec<u32> = (0..4).map(|number| at("true", number)).collect();
    let announce = |certificates: &[(u32, u8)]| announced_together(&town, exchange, certificates);
    announce(&[(yes[3], 9)]).unwrap();
    let mut rows = Rows::default();
    let by_place = |mut certificates: Vec<(u32, u8)>| {
        certificates.sort_unstable();
        certificates
    };
    for (what, certificates, code, why) in [
        ("none", vec![], ErrorCode::Malformed, "has 0, and must have 1 to 1000"),
        ("too many", (0..1001).map(|place| (place, 1)).collect(), ErrorCode::Malformed, "has 1001"),
        ("out of order", vec![(yes[1], 1), (yes[0], 1)], ErrorCode::Malformed, "ascending"),
        ("one twice", vec![(yes[0], 1), (yes[0], 2)], ErrorCode::Malformed, "each place once"),
        (
            "a no among them",
            by_place(vec![(yes[0], 1), (at("false", 0), 1)]),
            ErrorCode::NotIssuable,
            "was not true",
        ),
        (
            "an unavailable among them",
            by_place(vec![(yes[0], 1), (at("unavailable", 0), 1)]),
            ErrorCode::NotIssuable,
            "was not true",
        ),
        (
            "nobody's place among them",
            vec![(yes[0], 1), (everybody.len() as u32, 1)],
            ErrorCode::NotIssuable,
            "was not true",
        ),
        ("one that has another", vec![(yes[0], 1), (yes[3], 1)], ErrorCode::NotIssuable, "already"),
    ] {
        rows.row(what, || {
            let refusal = announce(&certificates).unwrap_err();
            assert_eq!(refusal.code, code, "{refusal}");
            assert!(refusal.to_string().contains(why), "{refusal}");
        });
    }
    rows.row("the others of a refused one have none", || {
        let digest = announce(&[(yes[0], 2), (yes[1], 3)]).unwrap();
        assert_eq!(digest, recorded_together(&[(yes[0], [2; 32]), (yes[1], [3; 32])]));
        // The same again, with more beside them.
        announce(&[(yes[0], 2), (yes[1], 3), (yes[2], 4)]).unwrap();
        let other = announced_as(&town, FUND, exchange, Some(yes[2]), (1, [8; 32])).unwrap_err();
        assert_eq!(other.code, ErrorCode::NotIssuable);
    });
    rows.end();
    town.deployment.stop().unwrap();
}

#[test]
fn the_hub_records_a_certificate_on_nothing_but_a_yes_of_its_asker() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let answered = answered(ask(&town, "couple", &everybody).unwrap());
    let kinds = places(&answered);
    let at = |kind: &str| Some(kinds[kind][0] as u32);
    let exchange = answered.proven.answer().request_id.clone();
    let (owner, _) = town.cast("nothing_owned");
    let alone = runtime().block_on(async {
        let mut session = town.session().await;
        let outcome = session.check(&errand(), &question("couple", &owner)).await.unwrap();
        assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
        outcome.proven().answer().request_id.clone()
    });
    let refused = |by, exchange: &str, place, days| {
        let refusal = announced(&town, by, exchange, place, days).unwrap_err();
        (refusal.code, refusal.to_string())
    };
    let mut rows = Rows::default();
    let many = exchange.as_str();
    for (what, by, id, place, days, code, why) in [
        ("no place", FUND, many, None, 1, ErrorCode::NotIssuable, "name the place of one"),
        ("a no", FUND, many, at("false"), 1, ErrorCode::NotIssuable, "in that place was not true"),
        (
            "an unavailable",
            FUND,
            many,
            at("unavailable"),
            1,
            ErrorCode::NotIssuable,
            "in that place was not true",
        ),
        (
            "nobody's place",
            FUND,
            many,
            Some(everybody.len() as u32),
            1,
            ErrorCode::NotIssuable,
            "in that place was not true",
        ),
        (
            "the last number",
            FUND,
            many,
            Some(u32::MAX),
            1,
            ErrorCode::NotIssuable,
            "in that place was not true",
        ),
        (
            "a place in an answer about one",
            FUND,
            alone.as_str(),
            Some(0),
            1,
            ErrorCode::NotIssuable,
            "has no places",
        ),
        (
            "another system's",
            TRANSIT,
            many,
            at("true"),
            1,
            ErrorCode::UnknownName,
            "asked nothing under that id",
        ),
        (
            "valid for longer than the definition allows",
            FUND,
            many,
            at("true"),
            31,
            ErrorCode::NotIssuable,
            "valid for longer",
        ),
    ] {
        rows.row(what, || {
            let (found, said) = refused(by, id, place, days);
            assert_eq!(found, code, "{said}");
            assert!(said.contains(why), "{said}");
        });
    }
    rows.row("a yes, and once", || {
        announced(&town, FUND, many, at("true"), 1).unwrap();
        // The same one again is recorded again, and no other.
        announced(&town, FUND, many, at("true"), 1).unwrap();
        let other = announced_as(&town, FUND, many, at("true"), (1, [8; 32])).unwrap_err();
        assert_eq!(other.code, ErrorCode::NotIssuable);
        assert!(other.to_string().contains("already"), "{other}");
        // The next subject's is another.
        announced(&town, FUND, many, Some(kinds["true"][1] as u32), 1).unwrap();
    });
    rows.row("a suspended member's", || {
        let who = ["--member", FUND];
        town.deployment.authority(&["member", "suspend"], &who).unwrap().expect(0).unwrap();
        let third = issue(&town, &answered, kinds["true"][2], "third.sdjwt").unwrap_err();
        assert_eq!(third.code(), Some(ErrorCode::MemberSuspended), "{third}");
        town.deployment.authority(&["member", "resume"], &who).unwrap().expect(0).unwrap();
    });
    rows.row("what was erased", || {
        let word = ["--by", "records office", "--why", "file 7"];
        let order = [&["--json", "erase", many], &word[..]].concat();
        assert_eq!(town.hub_command(&order).expect(0).unwrap().json().unwrap()["erased"], 1);
        let (code, said) = refused(FUND, many, Some(kinds["true"][2] as u32), 1);
        assert_eq!(code, ErrorCode::NotIssuable);
        assert!(said.contains("was erased"), "{said}");
    });
    rows.end();
    town.deployment.stop().unwrap();
}

/// The client refuses a list that names somebody twice; so does the hub, whoever asks.
#[test]
fn a_list_that_names_somebody_twice_is_refused_by_the_hub() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let one = ids(&town.city)[0].clone();
    let subjects = vec![one.clone(), one];
    let refused = runtime().block_on(async {
        let (home, now) = (town.home(FUND), SystemTime::now());
        let tree = SubjectTree::new(&[7; 32], subjects.iter().map(String::as_str));
        let body = CheckManyBody {
            check: "no-property".into(),
            variant: "couple".into(),
            parameters: Vec::new(),
            subject_parameter: "applicant".into(),
            subjects: 2,
            subjects_root: tree.root().to_vec(),
        };
        let request = Request {
            id: uuid::Uuid::now_v7().to_string(),
            issuer: home.system.uri(),
            audience: home.hub.uri(),
            issued_at: Some(to_timestamp(now)),
            expires_at: Some(to_timestamp(now + Duration::from_secs(60))),
            official: "0471".into(),
            service_item: "rent-withdrawal-330100".into(),
            purpose: PURPOSE.into(),
            legal_basis: BASIS.into(),
            case_number: "1".into(),
            body: Some(Body::CheckMany(body)),
        };
        let request = dsse::seal(payload_type::REQUEST, &request, &home.sign).unwrap();
        let list = SubjectList { secret: vec![7; 32], subjects };
        let call = ExchangeCall {
            request: Some(request),
            subjects: Some(list),
            ..ExchangeCall::default()
        };
        town.session().await.connection().exchange().check_many(call).await.unwrap_err()
    });
    let refusal = Refusal::from_status(&refused);
    assert_eq!(refusal.code, ErrorCode::InvalidParameter);
    assert!(refusal.to_string().contains("subject 2 is subject 1 again"), "{refusal}");
    town.deployment.stop().unwrap();
}

/// The arguments of `zerotrip` for a list, without a person.
fn about_list(town: &DeployedCity, list: &Path, out: &Path) -> Vec<String> {
    let mut arguments = town.deployment.question("check", FUND, "couple", "x");
    let at = arguments.iter().position(|argument| argument == "--param").unwrap();
    arguments.drain(at..at + 2);
    for (name, value) in [("--subjects", list), ("--out", out)] {
        arguments.extend([name.to_owned(), value.display().to_string()]);
    }
    arguments
}

#[test]
fn a_line_of_a_file_of_answers_is_issued_on_without_asking_again() {
    let mut town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let folder = town.deployment.folder.clone();
    let (list, out) = (folder.join("subjects.txt"), folder.join("answers.jsonl"));
    fs::write(&list, everybody[..40].join("\n")).unwrap();
    let arguments = about_list(&town, &list, &out);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    town.deployment.zerotrip(&arguments).unwrap();
    let lines: Vec<Value> = fs::read_to_string(&out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |outcome: &str| {
        let line = lines.iter().find(|line| line["outcome"] == outcome).unwrap();
        line["subject"].as_str().unwrap().to_owned()
    };
    for (member, ..) in DEPARTMENTS {
        town.deployment.stop_connector(member).unwrap();
    }
    let from = out.display().to_string();
    let issue = |applicant: &str, file: &str, more: &[&str]| {
        let file = folder.join(file).display().to_string();
        let more = [&["--from", &from, "--out", &file], more].concat();
        town.deployment.ask("issue", FUND, "couple", applicant, &more).unwrap()
    };
    // By a file that holds the number too: it need not be in the list of processes.
    let (yes, person) = (of("affirmed"), folder.join("person"));
    fs::write(&person, &yes).unwrap();
    let issued = issue(&format!("@{}", person.display()), "yes.sdjwt", &[]).expect(0).unwrap();
    let value = issued.json().unwrap();
    assert_eq!(
        (&value["outcome"], &value["disclosed"]["applicant"]),
        (&json!("issued"), &json!(yes))
    );
    assert_eq!(value["evidence"]["among"]["subjects"], 40);
    let again = issue(&yes, "again.sdjwt", &[]);
    assert!(again.code == 2 && again.errors.contains("issued on it already"), "{}", again.errors);
    // A no and an unavailable end as `check` does, and no file is made.
    let mut codes = vec![("negative", 1)];
    if lines.iter().any(|line| line["outcome"] == "unavailable") {
        codes.push(("unavailable", 4));
    }
    for (outcome, code) in codes {
        let told = issue(&of(outcome), "no.sdjwt", &[]).expect(code).unwrap();
        assert_eq!(told.json().unwrap()["outcome"], outcome, "{}", told.output);
        assert!(!folder.join("no.sdjwt").exists());
    }
    // Somebody who is not in it, nobody, another errand, no such file: said without the number.
    let absent = issue(&everybody[50], "x.sdjwt", &[]).expect(2).unwrap();
    assert!(absent.errors.contains("has no answer about this person"), "{}", absent.errors);
    assert!(!absent.errors.contains(&everybody[50]));
    let mut other = town.deployment.question("issue", FUND, "couple", &yes);
    let at = other.iter().position(|argument| argument == "--case").unwrap();
    other[at + 1] = "another".into();
    let file = folder.join("x.sdjwt").display().to_string();
    other.extend(["--from", &from, "--out", &file].map(str::to_owned));
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    let told = town.deployment.zerotrip(&other).unwrap().expect(2).unwrap();
    assert!(told.errors.contains("another errand"), "{}", told.errors);
    let nowhere = folder.join("nowhere").display().to_string();
    let more = ["--from", &nowhere, "--out", &file];
    town.deployment.ask("issue", FUND, "couple", &yes, &more).unwrap().expect(2).unwrap();
    // The lines prove nothing, the evidence does: changed in it, a no is not a yes.
    fs::write(&out, "").unwrap();
    let kept = fs::read_dir(folder.join("answers.jsonl.evidence")).unwrap().next().unwrap();
    let kept = kept.unwrap().path();
    let whole = fs::read_to_string(&kept).unwrap();
    let negative = of("negative");
    fs::write(&kept, with_anothers_leaf(&whole, &negative, &yes)).unwrap();
    let told = issue(&negative, "x.sdjwt", &[]).expect(5).unwrap();
    assert!(told.errors.contains(".evidence/"), "{}", told.errors);
    fs::write(&kept, &whole).unwrap();
    let second = lines.iter().filter(|line| line["outcome"] == "affirmed").nth(1).unwrap();
    issue(second["subject"].as_str().unwrap(), "second.sdjwt", &[]).expect(0).unwrap();
    assert!(!folder.join("x.sdjwt").exists());
    town.deployment.stop().unwrap();
}

/// Kept evidence in which one person has the leaf of another.
fn with_anothers_leaf(text: &str, of: &str, from: &str) -> String {
    let kept: Value = serde_json::from_str(text).unwrap();
    let bytes = STANDARD.decode(kept["reply"].as_str().unwrap()).unwrap();
    let mut reply = CheckManyReply::decode(&*bytes).unwrap();
    let theirs = reply.leaves.iter().find(|leaf| leaf.subject == from).unwrap().clone();
    let leaf = reply.leaves.iter_mut().find(|leaf| leaf.subject == of).unwrap();
    (leaf.salt, leaf.payload) = (theirs.salt, theirs.payload);
    let reply = STANDARD.encode(reply.encode_to_vec());
    json!({ "request": kept["request"], "secret": kept["secret"], "reply": reply }).to_string()
}

/// What `Ledger/GetFact` tells somebody of a place: code and dataset, or how it is refused.
async fn fact(
    home: &SystemHome,
    exchange: &str,
    place: Option<u32>,
) -> Result<(String, String), ErrorCode> {
    let session = Session::connect(home).await.unwrap();
    let request = GetFactRequest { exchange_id: exchange.to_owned(), place };
    let reply = session.connection().ledger().get_fact(request).await;
    let reply = reply.map_err(|status| Refusal::from_status(&status).code)?.into_inner();
    let fact = ExchangeFact::decode(reply.fact.as_slice()).unwrap();
    Ok((fact.code().name().to_owned(), fact.dataset))
}

#[test]
fn the_fact_behind_one_of_many_is_for_the_authority_and_the_owner_alone() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let variant = Variant::Couple;
    let answered = answered(ask(&town, variant.name(), &everybody).unwrap());
    let exchange = answered.proven.answer().request_id.clone();
    let homes =
        ["authority", "estate", "police", FUND, TRANSIT].map(|name| (name, town.home(name)));
    let keys = town.keys();
    let (mut owned, mut hidden) = (0, 0);
    runtime().block_on(async {
        for (place, subject) in answered.subjects.iter().enumerate() {
            let place = Some(place as u32);
            let said = fact(&homes[0].1, &exchange, place).await.unwrap();
            let unavailable = matches!(subject.outcome, SubjectOutcome::Unavailable { .. });
            // Of a yes or a no there is none, and that is the authority's to know.
            let is_key = |key| match unavailable {
                true => said == expected_fact(key, &subject.subject, variant),
                false => said.1.is_empty(),
            };
            assert!(keys.iter().any(is_key), "{}: {said:?}", subject.subject);
            hidden += usize::from(unavailable && in_words(&subject.outcome).1 != said.0);
            for (name, home) in &homes[1..] {
                let owner = said.1.split('.').next().unwrap();
                let told = fact(home, &exchange, place).await;
                if owner == *name {
                    assert_eq!(told.as_ref(), Ok(&said));
                    owned += 1;
                } else {
                    assert_eq!(told, Err(ErrorCode::UnknownName), "{name} of {owner}'s");
                }
            }
        }
        assert!(owned > 0 && hidden > 0, "{owned} {hidden}");
        // Nobody's place, another exchange, and the whole exchange, which is nobody's fact.
        let authority = &homes[0].1;
        for place in [everybody.len() as u32, u32::MAX] {
            let told = fact(authority, &exchange, Some(place)).await;
            assert_eq!(told, Err(ErrorCode::UnknownName));
        }
        let unknown = uuid::Uuid::now_v7().to_string();
        assert_eq!(fact(authority, &unknown, Some(0)).await, Err(ErrorCode::UnknownName));
        assert_eq!(fact(authority, &exchange, None).await.unwrap().1, "");
        let (applicant, _) = town.cast("nothing_owned");
        let mut session = town.session().await;
        let alone = session.check(&errand(), &question("couple", &applicant)).await.unwrap();
        let alone = alone.proven().answer().request_id.clone();
        assert_eq!(fact(authority, &alone, Some(0)).await, Err(ErrorCode::UnknownName));
    });
    // The command, for who may read it.
    let place = places(&answered)["unavailable"][0].to_string();
    let command = |name: &str| {
        let dir = town.deployment.path(name);
        let arguments =
            ["--json", "ledger", "fact", "--dir", &dir, "--exchange", &exchange, "--place", &place];
        town.deployment.zerotrip(&arguments).unwrap()
    };
    let told = command("authority").expect(0).unwrap().json().unwrap();
    assert_eq!(told["place"].to_string(), place);
    assert_ne!(told["code"], "UNSETTLED");
    command(FUND).expect(2).unwrap();
    town.deployment.stop().unwrap();
}
