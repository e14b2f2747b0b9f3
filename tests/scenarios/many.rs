//! Many subjects in one exchange: each is answered as if it were asked about alone, whatever
//! befalls the others; and nobody is asked about whom grant, owner, budget or request do not cover.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use serde_json::json;
use zerotrip_certificates::OneOfMany;
use zerotrip_client::reply::{AnsweredMany, SubjectAnswered, SubjectOutcome, verify_subject};
use zerotrip_client::{CheckQuestion, Issue, ManyOutcome, ManyQuestion, SessionError};
use zerotrip_datasets::ResidentId;
use zerotrip_proto::bounds::MESSAGE_BYTES;
use zerotrip_proto::v1::answer::Outcome;
use zerotrip_proto::v1::subject_answer::Outcome as Said;
use zerotrip_proto::v1::{CheckManyReply, ErrorCode, SubjectAnswer, SubjectLeaf};
use zerotrip_tests::city::{self, City, Spec, Variant, stated_day};
use zerotrip_tests::deployment::{DEPARTMENTS, FUND};
use zerotrip_tests::inquiry::{Asker, Parts, Registers, Words};
use zerotrip_tests::rows::Rows;

use crate::support::{DeployedCity, deploy, deploy_with, errand, expected, question, runtime};

/// Everybody of a city, asked one by one and all at once.
struct Asked<'a> {
    asker: &'a Asker,
    registers: &'a Registers,
    ids: &'a [ResidentId],
}

impl Asked<'_> {
    async fn one_by_one(&self, variant: Variant) -> Vec<Words> {
        let mut words = Vec::with_capacity(self.ids.len());
        for id in self.ids {
            words.push(self.asker.ask(self.registers, id, variant).await.unwrap());
        }
        words
    }

    async fn at_once(&self, variant: Variant, parts: &Parts) -> Vec<Words> {
        self.asker.ask_many(self.registers, self.ids, variant, parts).await.unwrap()
    }

    /// How many of the answers are of each kind: a city of one kind would show nothing.
    async fn same(&self, variant: Variant, parts: &Parts, told: &str) -> BTreeSet<&'static str> {
        let (alone, together) =
            (self.one_by_one(variant).await, self.at_once(variant, parts).await);
        for ((id, alone), together) in self.ids.iter().zip(&alone).zip(&together) {
            assert_eq!(alone, together, "{told}, {variant:?} of {id:?}");
        }
        alone.into_iter().map(|(word, ..)| word).collect()
    }
}

#[test]
fn many_are_answered_as_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let spec = |seed| Spec::on(120, seed, stated_day());
    city::generate(&spec(1), folder.path()).unwrap();
    let asker = runtime.block_on(Asker::new(folder.path())).unwrap();
    for seed in 1..6 {
        let key = city::generate(&spec(seed), folder.path()).unwrap();
        one_city(&asker, &runtime, folder.path(), &spec(seed), &key.ids);
    }
}

/// Whoever is in the list beside a person, and wherever: the keys of a person's scan are in one
/// part of it. Between two parts a home could move from the one key to the other.
#[test]
fn a_persons_rows_of_a_register_are_of_one_read() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let spec = Spec::on(400, 9, stated_day());
    let key = city::generate(&spec, folder.path()).unwrap();
    let asker = runtime.block_on(Asker::new(folder.path())).unwrap();
    let state = tempfile::tempdir().unwrap();
    let now = std::time::SystemTime::from(spec.written_at) + Duration::from_secs(3600);
    let registers = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
    let asked = |ids: &[ResidentId], most_keys| {
        let parts = Parts { most_keys, ..Parts::default() };
        let asking = asker.ask_many(&registers, ids, Variant::Family, &parts);
        runtime.block_on(asking).unwrap();
        parts.asked.into_inner().unwrap()
    };
    // Relatives are far from one another in this list, and in different groups.
    let mut ids = key.ids.clone();
    ids.sort_by_key(|id| id.as_str().bytes().rev().collect::<Vec<u8>>());
    assert!(ids.len() > 300);
    let together = asked(&ids, 40);
    let mut several = 0;
    for id in ids.iter().step_by(3) {
        for (scan, keys) in asked(std::slice::from_ref(id), 0) {
            several += usize::from(keys.len() > 1);
            let is_one = |(other, part): &(String, Vec<String>)| {
                *other == scan && keys.iter().all(|key| part.contains(key))
            };
            assert!(together.iter().any(is_one), "{scan} about {id:?} in pieces");
        }
    }
    assert!(several > 50, "{several}");
}

fn one_city(
    asker: &Asker,
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    spec: &Spec,
    ids: &[ResidentId],
) {
    let state = tempfile::tempdir().unwrap();
    let now = std::time::SystemTime::from(spec.written_at) + Duration::from_secs(3600);
    let mut registers = asker.open(folder, state.path(), now, spec.today).unwrap();
    let whole = Asked { asker, registers: &registers, ids };
    let told = |what: &str| format!("seed {}, {what}", spec.seed);
    for variant in Variant::ALL {
        // Rows are damaged in every city.
        let kinds = runtime.block_on(whole.same(variant, &Parts::default(), &told("whole")));
        assert_eq!(kinds.len(), 3, "{kinds:?}");
        let small = Parts { most_keys: 7, ..Parts::default() };
        runtime.block_on(whole.same(variant, &small, &told("small parts")));
        asked_once(&small);
        runtime.block_on(a_part_is_withheld(&whole, variant, &told("a part withheld")));
    }
    for (_, _, _, file) in DEPARTMENTS {
        let down = registers.take_down(file.trim_end_matches(".toml")).unwrap();
        let rest = Asked { asker, registers: &registers, ids };
        for variant in Variant::ALL {
            let told = told(&format!("{file} down"));
            runtime.block_on(rest.same(variant, &Parts::default(), &told));
        }
        registers.put_up(down);
    }
}

/// No department was asked about a person twice by one scan.
fn asked_once(parts: &Parts) {
    let mut seen = BTreeSet::new();
    for (scan, keys) in parts.asked.lock().unwrap().iter() {
        assert!(keys.len() <= parts.most_keys);
        for key in keys {
            assert!(seen.insert((scan.clone(), key.clone())), "{scan} about {key} again");
        }
    }
    assert!(!seen.is_empty());
}

/// Those whom the part is about are unavailable, and everybody else is answered as alone.
async fn a_part_is_withheld(asked: &Asked<'_>, variant: Variant, told: &str) {
    let victim = asked.ids[asked.ids.len() / 2].as_str().to_owned();
    let withheld = vec![("ownership".to_owned(), victim.clone())];
    let parts = Parts { most_keys: 11, withheld, ..Parts::default() };
    let (alone, together) = (asked.one_by_one(variant).await, asked.at_once(variant, &parts).await);
    let all_parts = parts.asked.lock().unwrap().clone();
    let part = all_parts
        .iter()
        .find(|(scan, keys)| scan == "ownership" && keys.contains(&victim))
        .map(|(_, keys)| keys.clone())
        .unwrap();
    let timed_out = ("unavailable", "SOURCE_TIMEOUT".to_owned(), "estate.ownership".to_owned());
    let mut harmed = 0;
    for ((id, alone), together) in asked.ids.iter().zip(&alone).zip(&together) {
        let is_in_part = part.iter().any(|key| key == id.as_str());
        if is_in_part {
            // What failed before ownership was asked stays the reason.
            assert!(*together == timed_out || together == alone && alone.0 == "unavailable");
        }
        harmed += usize::from(alone != together);
        if alone != together {
            assert_eq!(*together, timed_out, "{told}, {variant:?} of {id:?}");
        }
        if variant == Variant::Applicant {
            assert_eq!(*together == timed_out, is_in_part, "{told}, {id:?}");
        }
    }
    assert!((1..=part.len() * 4).contains(&harmed), "{told}: {harmed}");
}

pub fn about(variant: &str, subjects: &[String]) -> ManyQuestion {
    ManyQuestion {
        question: CheckQuestion {
            check: "no-property".into(),
            variant: variant.into(),
            parameters: Vec::new(),
        },
        subjects: subjects.to_vec(),
    }
}

pub fn ids(city: &City) -> Vec<String> {
    city.ids.iter().map(|id| id.as_str().to_owned()).collect()
}

pub fn ask(
    town: &DeployedCity,
    variant: &str,
    subjects: &[String],
) -> Result<ManyOutcome, SessionError> {
    runtime().block_on(async {
        town.session().await.check_many(&errand(), &about(variant, subjects)).await
    })
}

pub fn answered(outcome: ManyOutcome) -> AnsweredMany {
    match outcome {
        ManyOutcome::Answered(answered) => *answered,
        other => panic!("{other:?}"),
    }
}

/// In the words of the answer key.
pub fn in_words(outcome: &SubjectOutcome) -> Words {
    match outcome {
        SubjectOutcome::Affirmed { .. } => ("true", String::new(), String::new()),
        SubjectOutcome::Negative { reasons } => {
            ("false", reasons.iter().map(|reason| reason.code.clone()).collect(), String::new())
        }
        SubjectOutcome::Unavailable { code, dataset, .. } => {
            ("unavailable", code.name().to_owned(), dataset.clone())
        }
    }
}

#[test]
fn a_whole_town_is_answered_in_one_exchange_as_the_key_says() {
    let mut town = deploy(300, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    for variant in Variant::ALL {
        let entries = town.deployment.ledger_figure("size").unwrap();
        let outcome = answered(ask(&town, variant.name(), &everybody).unwrap());
        assert_eq!(town.deployment.ledger_figure("size").unwrap(), entries + 2, "one exchange");
        let keys = town.keys();
        let wrong: Vec<_> = outcome
            .subjects
            .iter()
            .map(|subject| (&subject.subject, in_words(&subject.outcome)))
            .filter(|(subject, words)| {
                keys.iter().all(|key| expected(key, subject, variant) != *words)
            })
            .collect();
        assert!(wrong.is_empty(), "{}: {:?}", wrong.len(), &wrong[..wrong.len().min(5)]);
        // One of them can be shown alone, and under another's name it is not.
        let (one, next) = (outcome.prove(7).unwrap(), outcome.prove(8).unwrap());
        let shown = verify_subject(&outcome.proven, &one).unwrap();
        assert_eq!(shown, (everybody[7].clone(), outcome.subjects[7].outcome.clone()));
        let mut other = one.clone();
        other.proof.place = 8;
        verify_subject(&outcome.proven, &other).unwrap_err();
        other.proof = next.proof;
        verify_subject(&outcome.proven, &other).unwrap_err();
        // Nobody is in a leaf without what opens it.
        let bare = OneOfMany { openings: Vec::new(), ..one.clone() };
        verify_subject(&outcome.proven, &bare).unwrap_err();
        assert!(!String::from_utf8_lossy(&one.proof.payload).contains(&everybody[7]));
    }
    // A source that is down is everybody's who needs it.
    town.deployment.stop_connector("estate").unwrap();
    let outcome = ask(&town, "applicant", &everybody[..50]).unwrap();
    let down: Words = ("unavailable", "SOURCE_UNREACHABLE".into(), "estate.ownership".into());
    match outcome {
        ManyOutcome::Answered(answered) => {
            assert!(answered.subjects.iter().all(|subject| in_words(&subject.outcome) == down));
        }
        ManyOutcome::Unavailable(none) => {
            assert_eq!((none.code.name().to_owned(), none.dataset), (down.1, down.2));
        }
        ManyOutcome::Denied(denied) => panic!("{denied:?}"),
    }
    town.deployment.stop().unwrap();
}

/// As many as there can be: all bounds on messages, tickets and bodies are met.
/// Neither of one person, nor of one among others: how often a register was read, and when whose
/// relatives were read, would tell who has any.
#[test]
fn the_sources_of_a_list_tell_of_nobody() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let datasets = |outcome: &AnsweredMany| -> Vec<String> {
        let Some(Outcome::Many(many)) = outcome.proven.answer().outcome.clone() else {
            panic!("another outcome");
        };
        many.sources.into_iter().map(|source| source.dataset).collect()
    };
    let mut kinds = BTreeSet::new();
    for variant in [Variant::Couple, Variant::Family] {
        let together = answered(ask(&town, variant.name(), &everybody).unwrap());
        assert_eq!(datasets(&together).len(), 4, "each register once");
        let all: Vec<&SubjectAnswered> = together.subjects.iter().collect();
        for one in &all {
            if let SubjectOutcome::Affirmed { sources, .. } = &one.outcome {
                assert_eq!(sources.len(), 4, "{}", one.subject);
            }
        }
        for one in all.iter().step_by(7) {
            let alone =
                answered(ask(&town, variant.name(), std::slice::from_ref(&one.subject)).unwrap());
            let (word, ..) = in_words(&alone.subjects[0].outcome);
            assert_eq!(datasets(&alone).len(), if word == "true" { 4 } else { 0 }, "{word}");
            kinds.insert(word);
        }
    }
    assert!(kinds.len() > 1, "{kinds:?}");
}

#[test]
fn ten_thousand_are_answered_in_one_exchange() {
    let town = deploy(20_000, 7);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let asked = &everybody[..10_000];
    let begun = std::time::Instant::now();
    let outcome = answered(ask(&town, "family", asked).unwrap());
    // For the curious: `cargo test -- --nocapture`.
    println!("10,000 families in {:.1} s", begun.elapsed().as_secs_f64());
    let keys = town.keys();
    let wrong = outcome.subjects.iter().filter(|subject| {
        let words = in_words(&subject.outcome);
        keys.iter().all(|key| expected(key, &subject.subject, Variant::Family) != words)
    });
    assert_eq!((outcome.subjects.len(), wrong.count()), (10_000, 0));
    // The reply is far from the largest message; the last yes of them has a certificate.
    let bytes: usize = outcome.subjects.iter().map(|subject| subject.leaf.encoded_len()).sum();
    println!("{} bytes for each", bytes / 10_000);
    assert!(bytes < MESSAGE_BYTES * 2 / 3, "{bytes}");
    let is_yes = |one: &SubjectAnswered| matches!(one.outcome, SubjectOutcome::Affirmed { .. });
    let place = outcome.subjects.iter().rposition(is_yes).unwrap();
    let begun = std::time::Instant::now();
    let file = town.deployment.folder.join("last.sdjwt");
    let about = question("family", &outcome.subjects[place].subject);
    let issued = runtime().block_on(async {
        let mut session = town.session().await;
        session.issue_one_of_many(&errand(), &about, (&outcome, place), &file).await
    });
    println!("a certificate on one of 10,000 in {:.1} s", begun.elapsed().as_secs_f64());
    let Issue::Issued(issued) = issued.unwrap() else { panic!("not issued") };
    let among = issued.certificate.evidence.among.unwrap();
    assert_eq!((among.place, among.subjects), (place as u64, 10_000));
    town.deployment.stop().unwrap();
}

#[test]
fn who_may_ask_about_one_may_not_ask_about_many() {
    let town = deploy_with(200, 31, "subject_per_hour = 3\nmember_per_minute = 60\n");
    let everybody = ids(&town.city);
    let two = &everybody[..2];
    let mut rows = Rows::new();
    let denied_by = |outcome: Result<ManyOutcome, SessionError>| match outcome.unwrap() {
        ManyOutcome::Denied(denied) => {
            denied.reasons.iter().map(|reason| reason.code.clone()).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let refused = |outcome: Result<ManyOutcome, SessionError>| match outcome {
        Err(SessionError::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    };
    rows.row("a grant for one", || {
        let denied = denied_by(ask(&town, "applicant", two));
        assert_eq!(denied, ["many-not-granted", "too-many-subjects"]);
    });
    town.deployment.grant_many(10, &["--variants-per-subject", "3"]).unwrap();
    rows.row("more than the grant allows", || {
        let eleven = &everybody[100..111];
        assert_eq!(denied_by(ask(&town, "applicant", eleven)), ["too-many-subjects"]);
    });
    let refused_by_owners = |subjects: &[String]| {
        let outcome = answered(ask(&town, "applicant", subjects).unwrap());
        let codes = outcome.subjects.iter().map(|subject| in_words(&subject.outcome).1);
        codes.map(|code| code == ErrorCode::GateRefused.name()).collect::<Vec<_>>()
    };
    // The owners have approved requests about one.
    rows.row("owners that serve none about many", || {
        assert_eq!(refused_by_owners(&everybody[2..4]), [true, true]);
    });
    town.deployment.approve_many(2).unwrap();
    rows.row("more than the owners allow", || {
        assert_eq!(refused_by_owners(&everybody[5..8]), [true, true, true]);
    });
    rows.row("as many as all allow", || {
        assert_eq!(refused_by_owners(&everybody[8..10]), [false, false]);
    });
    rows.row("nobody, or somebody twice, or nobody's number", || {
        let twice = [everybody[0].clone(), everybody[1].clone(), everybody[0].clone()];
        assert_eq!(refused(ask(&town, "applicant", &[])), ErrorCode::TooLarge);
        let refusal = ask(&town, "applicant", &twice).unwrap_err();
        assert!(refusal.to_string().contains("subject 3 is subject 1 again"), "{refusal}");
        assert!(!refusal.to_string().contains(&everybody[0]));
        let odd = [everybody[0].to_lowercase() + " "];
        assert_eq!(refused(ask(&town, "applicant", &odd)), ErrorCode::InvalidParameter);
    });
    rows.row("the budget of one of the subjects is used up by all alike", || {
        let spent: Vec<ErrorCode> = (0..4)
            .filter_map(|_| match ask(&town, "applicant", two) {
                Err(SessionError::Refused(refusal)) => Some(refusal.code),
                _ => None,
            })
            .collect();
        assert_eq!(spent, [ErrorCode::Overloaded; 2], "asked about once before, of three");
        let beside = [everybody[0].clone(), everybody[20].clone()];
        assert_eq!(refused(ask(&town, "applicant", &beside)), ErrorCode::Overloaded);
        // Nothing was counted of the one beside.
        for _ in 0..3 {
            ask(&town, "applicant", &everybody[20..21]).unwrap();
        }
    });
    rows.row("a member's minute counts subjects", || {
        let mut refusals = 0;
        for start in [30, 40, 50, 60, 70, 80, 90] {
            refusals +=
                usize::from(ask(&town, "applicant", &everybody[start..start + 10]).is_err());
        }
        assert!(refusals > 0, "70 subjects, of 60 a minute");
    });
    rows.end();
    town.deployment.stop().unwrap();
}

#[test]
fn a_variant_is_counted_for_each_of_many_or_for_none() {
    let town = deploy(200, 31);
    town.deployment.approve_many(100).unwrap();
    // The town's own grants allow all variants; this one allows one, and is the only one for many.
    town.deployment.grant_many(100, &[]).unwrap();
    let everybody = ids(&town.city);
    answered(ask(&town, "applicant", &everybody[..1]).unwrap());
    let limited = |outcome: Result<ManyOutcome, SessionError>| match outcome {
        Err(SessionError::Refused(refusal)) => refusal.code == ErrorCode::VariantLimit,
        other => panic!("{other:?}"),
    };
    // The first of them was asked about in another variant: then nobody is asked about.
    assert!(limited(ask(&town, "couple", &everybody[..3])));
    answered(ask(&town, "applicant", &everybody[1..3]).unwrap());
    assert!(limited(ask(&town, "family", &everybody[1..2])));
    town.deployment.stop().unwrap();
}

/// Kept evidence in which somebody's no is a yes.
fn with_a_no_as_a_yes(text: &str) -> String {
    let kept: serde_json::Value = serde_json::from_str(text).unwrap();
    let bytes = STANDARD.decode(kept["reply"].as_str().unwrap()).unwrap();
    let mut reply = CheckManyReply::decode(&*bytes).unwrap();
    let said = |leaf: &SubjectLeaf| SubjectAnswer::decode(&*leaf.payload).unwrap();
    let yes = reply.leaves.iter().map(said).find_map(|one| match one.outcome {
        Some(Said::Yes(yes)) => Some(yes),
        _ => None,
    });
    let no = reply.leaves.iter_mut().find(|leaf| matches!(said(leaf).outcome, Some(Said::No(_))));
    let no = no.unwrap();
    let forged = SubjectAnswer { outcome: yes.map(Said::Yes), ..said(no) };
    no.payload = forged.encode_to_vec();
    let reply = STANDARD.encode(reply.encode_to_vec());
    json!({ "request": kept["request"], "secret": kept["secret"], "reply": reply }).to_string()
}

/// The lines of a file of answers, by subject.
fn lines(file: &Path) -> HashMap<String, serde_json::Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let values = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let named = values
        .map(|value: serde_json::Value| (value["subject"].as_str().unwrap().to_owned(), value));
    named.collect()
}

#[test]
fn a_file_of_subjects_is_asked_and_goes_on_where_it_was_stopped() {
    let town = deploy(200, 31);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    let folder = town.deployment.folder.clone();
    let (list, out) = (folder.join("subjects.txt"), folder.join("answers.jsonl"));
    std::fs::write(&list, everybody[..40].join("\n")).unwrap();
    let check = |town: &DeployedCity, more: &[&str]| {
        let arguments = town.deployment.question("check", FUND, "applicant", "x");
        let at = arguments.iter().position(|argument| argument == "--param").unwrap();
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.drain(at..at + 2);
        arguments.extend(["--subjects", list.to_str().unwrap()]);
        if more.contains(&"--case") {
            let at = arguments.iter().position(|argument| *argument == "--case").unwrap();
            arguments.drain(at..at + 2);
        }
        arguments.extend(more);
        town.deployment.zerotrip(&arguments).unwrap()
    };
    let with_out = ["--out", out.to_str().unwrap()];
    let size = |town: &DeployedCity| town.deployment.ledger_figure("size").unwrap();
    let code_of = |outcomes: &HashMap<String, serde_json::Value>| {
        let any = |word: &str| outcomes.values().any(|value| value["outcome"] == word);
        if any("unavailable") { 4 } else { i32::from(any("negative")) }
    };
    let first = check(&town, &with_out);
    let answers = lines(&out);
    assert_eq!((answers.len(), first.code), (40, code_of(&answers)), "{}", first.errors);
    // Only what the evidence proves counts at a resume: a line that somebody added or changed, and
    // half of a line, are gone. The unavailable are asked about again, and those who are new.
    let text = std::fs::read_to_string(&out).unwrap();
    let yes = json!({ "subject": everybody[44], "outcome": "affirmed" });
    let forged = text.replace("\"negative\"", "\"affirmed\"");
    std::fs::write(&out, format!("{yes}\n{}", &forged[..forged.len() - 20])).unwrap();
    std::fs::write(&list, everybody[..45].join("\n")).unwrap();
    let entries = size(&town);
    check(&town, &with_out);
    assert_eq!(size(&town), entries + 2);
    let again = lines(&out);
    assert_eq!(again.len(), 45);
    assert_ne!(again[&everybody[44]]["exchange"], json!(null), "asked about");
    for (subject, value) in &answers {
        if value["outcome"] != "unavailable" {
            assert_eq!(&again[subject], value);
        }
    }
    // Evidence that was changed ends the run, whoever changed it, and so does another errand's.
    let evidence = folder.join("answers.jsonl.evidence");
    let one = std::fs::read_dir(&evidence).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read_to_string(&one).unwrap();
    for (text, code) in [
        (with_a_no_as_a_yes(&whole), 5),
        (whole[..whole.len() / 2].to_owned(), 5),
        ("{}".to_owned(), 5),
        (whole.clone(), code_of(&again)),
    ] {
        std::fs::write(&one, text).unwrap();
        let told = check(&town, &with_out);
        assert_eq!(told.code, code, "{}", told.errors);
        assert!(code != 5 || told.errors.contains(".evidence/"), "{}", told.errors);
    }
    let other = check(&town, &[&with_out[..], &["--case", "another"]].concat());
    assert_eq!(other.code, 2, "{}", other.errors);
    // Where all are answered, nobody is asked.
    let settled: Vec<&String> = again
        .iter()
        .filter(|(_, value)| value["outcome"] != "unavailable")
        .map(|(subject, _)| subject)
        .collect();
    let settled: Vec<String> = settled.into_iter().cloned().collect();
    std::fs::write(&list, settled.join("\n")).unwrap();
    let entries = size(&town);
    check(&town, &with_out);
    assert_eq!(size(&town), entries);
    // Another question's file is left alone, and so is what is no list.
    let other = town.deployment.zerotrip(&["--json", "check", "--subjects", "x"]).unwrap();
    assert_eq!(other.code, 2);
    std::fs::write(&list, "11010519491231002X\n\n11010519491231002x\n").unwrap();
    let twice = check(&town, &[]);
    assert_eq!(twice.code, 2);
    assert!(twice.errors.contains("line 3"), "{}", twice.errors);
    // Without a file, the lines are shown.
    std::fs::write(&list, settled.join("\n")).unwrap();
    let shown = check(&town, &[]);
    let lines = shown.output.lines().count();
    assert_eq!(lines, settled.len(), "{}", shown.output);
    town.deployment.stop().unwrap();
}
