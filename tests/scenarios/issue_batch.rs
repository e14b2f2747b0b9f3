//! `issue --batch`: a certificate for each yes of a list, never two for one person, whatever stops
//! a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use zerotrip_certificates::sdjwt::SdJwt;
use zerotrip_certificates::status::StatusValue;
use zerotrip_client::issued::{Register, RegisterError, Search, Stage};
use zerotrip_client::reply::{SubjectAnswered, SubjectOutcome};
use zerotrip_client::request::ManyQuestion;
use zerotrip_client::{CheckQuestion, Issue, ManyOutcome, SessionError};
use zerotrip_tests::city::Variant;
use zerotrip_tests::deployment::{FUND, binary_path};

use crate::many::ids;
use crate::status::with_status;
use crate::support::{DeployedCity, deploy, errand, expected, runtime};

/// The arguments for a list.
fn batch(town: &DeployedCity, list: &Path, out: &Path) -> Vec<String> {
    let mut arguments = town.deployment.question("issue", FUND, "couple", "x");
    let at = arguments.iter().position(|argument| argument == "--param").unwrap();
    arguments.drain(at..at + 2);
    for (name, value) in [("--batch", list), ("--out", out)] {
        arguments.extend([name.to_owned(), value.display().to_string()]);
    }
    arguments
}

/// The rows of the table: the outcome, the number and the file of each person.
fn table_of(out: &Path) -> BTreeMap<String, (String, String, String)> {
    let text = fs::read_to_string(out.join("result.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [subject, outcome, _, serial, file] = cells[..] else { panic!("{line}") };
        (subject.to_owned(), (outcome.to_owned(), serial.to_owned(), file.to_owned()))
    });
    rows.collect()
}

#[test]
fn a_batch_that_is_killed_again_and_again_gives_each_person_one_certificate() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    with_status(&town);
    let everybody = ids(&town.city);
    let folder = town.deployment.folder.clone();
    let (list, out) = (folder.join("subjects.txt"), folder.join("batch"));
    fs::write(&list, everybody.join("\n")).unwrap();
    let arguments = batch(&town, &list, &out);
    // How far issuing has come: answers that are kept, then certificates at each of their stages.
    let home = town.home(FUND);
    let reached = || {
        let register = Register::open(&home).unwrap().unwrap();
        let entries = register.entries(&Search { most: 10_000, ..Search::default() }).unwrap();
        let count =
            |stages: &[Stage]| entries.iter().filter(|entry| stages.contains(&entry.stage)).count();
        let files = fs::read_dir(&out).into_iter().flatten().flatten();
        let files = files.filter(|file| file.path().extension().is_some_and(|end| end == "sdjwt"));
        let answers = fs::read_dir(out.join("answers.jsonl.evidence"));
        let answers = answers.into_iter().flatten().count();
        let sealed = count(&[Stage::Sealed, Stage::Recorded]);
        (answers, entries.len(), sealed, count(&[Stage::Recorded]), files.count())
    };
    let mut killed = 0;
    for _ in 0..12 {
        let before = reached();
        let mut run = Command::new(binary_path("zerotrip").unwrap())
            .args(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each run comes a little further than the one before it.
        while reached() == before && run.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        run.kill().unwrap();
        killed += usize::from(!run.wait().unwrap().success());
    }
    assert!(killed > 3, "{killed} were killed");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = town.deployment.zerotrip(&arguments).unwrap();
    assert!([0, 1, 4].contains(&done.code), "{done:?}");
    let table = table_of(&out);
    assert_eq!(table.len(), everybody.len());
    let register = Register::open(&town.home(FUND)).unwrap().unwrap();
    let search = Search { most: 10_000, ..Search::default() };
    let mut counting: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in register.entries(&search).unwrap() {
        let Some(token) = &entry.token else { continue };
        let token = SdJwt::parse(token).unwrap();
        let subject = token.subjects()["applicant"].clone();
        if entry.status == StatusValue::Valid {
            assert_eq!(entry.stage, Stage::Recorded, "{} counts", entry.serial);
            counting.entry(subject).or_default().push(entry.serial);
        }
    }
    let (keys, mut files) = (town.keys(), BTreeSet::new());
    for (subject, (outcome, serial, file)) in &table {
        let told = |key| expected(key, subject, Variant::Couple).0 == "true";
        let is_issued = outcome == "issued";
        assert!(keys.iter().any(|key| told(key) == is_issued), "{subject}: {outcome}");
        if outcome == "issued" {
            assert_eq!(counting.remove(subject), Some(vec![serial.clone()]), "one that counts");
            let token = SdJwt::parse(&fs::read_to_string(out.join(file)).unwrap()).unwrap();
            assert_eq!(&token.subjects()["applicant"], subject);
            assert!(files.insert(file.clone()));
        }
    }
    assert!(counting.is_empty(), "nobody else has one: {counting:?}");
    // Once more: nobody is asked, and nothing is issued.
    let entries = town.deployment.ledger_figure("size").unwrap();
    let settled: Vec<&str> = table
        .iter()
        .filter(|(_, (outcome, ..))| outcome == "issued")
        .map(|(subject, _)| subject.as_str())
        .collect();
    fs::write(&list, settled.join("\n")).unwrap();
    town.deployment.zerotrip(&arguments).unwrap().expect(0).unwrap();
    assert_eq!(town.deployment.ledger_figure("size").unwrap(), entries);
    // Nor in another folder, nor where the evidence is gone: the register knows who has one.
    let other = folder.join("other");
    let again = batch(&town, &list, &other);
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    fs::remove_dir_all(out.join("answers.jsonl.evidence")).unwrap();
    fs::remove_file(out.join("answers.jsonl")).unwrap();
    for arguments in [&arguments, &again] {
        town.deployment.zerotrip(arguments).unwrap();
        let search = Search { most: 10_000, ..Search::default() };
        let entries = register.entries(&search).unwrap();
        let count = |stage| entries.iter().filter(|entry| entry.stage == stage).count();
        assert_eq!(count(Stage::Recorded), settled.len());
    }
    for subject in &settled {
        let serial = |out: &Path| table_of(out)[*subject].1.clone();
        assert_eq!(serial(&out), serial(&other));
    }
    // One that was sealed, and that no run saw recorded, is recorded anew, in any folder.
    let unseen = table_of(&out)[settled[0]].1.clone();
    let kept =
        rusqlite::Connection::open(folder.join(FUND).join("issued/register.sqlite")).unwrap();
    let forget = "UPDATE certificate SET stage = 1, record_index = NULL WHERE serial = ?";
    assert_eq!(kept.execute(forget, [&unseen]).unwrap(), 1);
    let third = folder.join("third");
    let anew = batch(&town, &list, &third);
    let anew: Vec<&str> = anew.iter().map(String::as_str).collect();
    let before = register.entries(&search).unwrap().len();
    town.deployment.zerotrip(&anew).unwrap();
    assert_eq!(table_of(&third)[settled[0]].1, unseen);
    assert_eq!(register.entry(&unseen).unwrap().stage, Stage::Recorded);
    assert_eq!(register.entries(&search).unwrap().len(), before, "nobody has a second one");
    // A file that has a certificate's name and is another is not taken for it.
    let (first, second) = (&table_of(&out)[settled[0]].2, &table_of(&out)[settled[1]].2);
    let serial = table_of(&out)[settled[0]].1.clone();
    fs::copy(out.join(second), out.join(first)).unwrap();
    let refused = town.deployment.zerotrip(&arguments).unwrap().expect(5).unwrap();
    assert!(refused.errors.contains(first.as_str()), "{}", refused.errors);
    assert!(!out.join("result.csv").exists(), "no table of an earlier run");
    // What was revoked is said to be, and is not written anew.
    fs::remove_file(out.join(first)).unwrap();
    let dir = town.deployment.path(FUND);
    let revoke = ["revoke", &serial, "--dir", &dir, "--reason", "a test"];
    town.deployment.zerotrip(&revoke).unwrap().expect(0).unwrap();
    town.deployment.zerotrip(&arguments).unwrap().expect(3).unwrap();
    let (outcome, number, named) = table_of(&out)[settled[0]].clone();
    assert_eq!((outcome.as_str(), number, named.as_str()), ("revoked", serial, ""));
    assert!(!out.join(first).exists());
    town.deployment.stop().unwrap();
}

#[test]
fn two_batches_at_once_give_nobody_two() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    with_status(&town);
    let folder = town.deployment.folder.clone();
    let list = folder.join("subjects.txt");
    fs::write(&list, ids(&town.city)[..20].join("\n")).unwrap();
    let runs: Vec<_> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            Command::new(binary_path("zerotrip").unwrap())
                .args(batch(&town, &list, &folder.join(name)))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut run in runs {
        assert!([0, 1, 4].contains(&run.wait().unwrap().code().unwrap()));
    }
    let register = Register::open(&town.home(FUND)).unwrap().unwrap();
    let entries = register.entries(&Search { most: 1000, ..Search::default() }).unwrap();
    let recorded = entries.iter().filter(|entry| entry.stage == Stage::Recorded).count();
    let issued: Vec<usize> = ["a", "b", "c"]
        .iter()
        .map(|name| table_of(&folder.join(name)).values().filter(|row| row.0 == "issued").count())
        .collect();
    assert!(recorded > 0 && issued.iter().all(|count| *count == recorded), "{issued:?} {recorded}");
    town.deployment.stop().unwrap();
}

#[test]
fn who_is_issued_to_beside_a_batch_gets_one_certificate() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    with_status(&town);
    let folder = town.deployment.folder.clone();
    let everybody = ids(&town.city)[..20].to_vec();
    // A run of a batch has its answers, and has found that nobody has a certificate.
    let question = CheckQuestion {
        check: "no-property".into(),
        variant: "couple".into(),
        parameters: Vec::new(),
    };
    let (runtime, errand) = (runtime(), errand());
    let many = ManyQuestion { question: question.clone(), subjects: everybody.clone() };
    let mut session = runtime.block_on(town.session());
    let outcome = runtime.block_on(session.check_many(&errand, &many)).unwrap();
    let ManyOutcome::Answered(answered) = outcome else { panic!("{outcome:?}") };
    let yes = |one: &SubjectAnswered| matches!(one.outcome, SubjectOutcome::Affirmed { .. });
    let places: Vec<usize> =
        (0..everybody.len()).filter(|at| yes(&answered.subjects[*at])).collect();
    let [first, second, ..] = places[..] else { panic!("{places:?}") };
    let of = |place: usize| {
        let mut question = question.clone();
        question.parameters.push(("applicant".into(), everybody[place].clone()));
        question
    };
    let issue = |place: usize, name: &str| {
        let out = folder.join(name).display().to_string();
        town.deployment.ask("issue", FUND, "couple", &everybody[place], &["--out", &out]).unwrap()
    };
    // Meanwhile one of them comes to the counter.
    let issued = issue(first, "counter.sdjwt").expect(0).unwrap().json().unwrap();
    let serial = issued["serial"].as_str().unwrap().to_owned();
    let mut issuing = runtime.block_on(session.issue_each_of_many(&errand, &question)).unwrap();
    let file = folder.join("batch.sdjwt");
    let refused = runtime.block_on(issuing.issue(&of(first), (&answered, first), &file));
    let Err(SessionError::Register(RegisterError::AlreadyIssued(other))) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(other, serial);
    assert!(!file.exists());
    // And the other way round.
    let batched = runtime.block_on(issuing.issue(&of(second), (&answered, second), &file));
    let batched = batched.unwrap();
    let Issue::Issued(batched) = batched else { panic!("{batched:?}") };
    let batched = batched.certificate.serial.unwrap().to_string();
    let refused = issue(second, "late.sdjwt").expect(3).unwrap();
    assert!(refused.errors.contains(&batched), "{}", refused.errors);
    assert!(!folder.join("late.sdjwt").exists());
    // Killed between the hub's record and the register: it is recorded once more, and no other.
    let kept =
        rusqlite::Connection::open(folder.join(FUND).join("issued/register.sqlite")).unwrap();
    let forget = "UPDATE certificate SET stage = 1, record_index = NULL WHERE serial = ?";
    assert_eq!(kept.execute(forget, [&serial]).unwrap(), 1);
    let size = town.deployment.ledger_figure("size").unwrap();
    let again = issue(first, "again.sdjwt").expect(0).unwrap().json().unwrap();
    assert_eq!(again["serial"], serial.as_str());
    assert!(town.deployment.ledger_figure("size").unwrap() - size <= 2, "nobody was asked");
    // A batch over all of them takes both over.
    let (list, out) = (folder.join("subjects.txt"), folder.join("batch"));
    fs::write(&list, everybody.join("\n")).unwrap();
    let arguments = batch(&town, &list, &out);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    town.deployment.zerotrip(&arguments).unwrap();
    let table = table_of(&out);
    for (place, serial) in [(first, &serial), (second, &batched)] {
        let (outcome, number, file) = &table[&everybody[place]];
        assert_eq!((outcome.as_str(), number), ("issued", serial));
        assert!(out.join(file).exists());
    }
    let register = Register::open(&town.home(FUND)).unwrap().unwrap();
    let entries = register.entries(&Search { most: 1000, ..Search::default() }).unwrap();
    let recorded = entries.iter().filter(|entry| entry.stage == Stage::Recorded).count();
    let issued = table.values().filter(|row| row.0 == "issued").count();
    assert_eq!((recorded, issued), (places.len(), places.len()));
    town.deployment.stop().unwrap();
}

#[test]
fn a_batch_needs_a_register() {
    let town = deploy(60, 5);
    let folder = town.deployment.folder.clone();
    let (list, out) = (folder.join("subjects.txt"), folder.join("batch"));
    fs::write(&list, &ids(&town.city)[0]).unwrap();
    let arguments = batch(&town, &list, &out);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let refused = town.deployment.zerotrip(&arguments).unwrap().expect(2).unwrap();
    assert!(refused.errors.contains("status.toml"), "{}", refused.errors);
    assert!(!out.exists());
    town.deployment.stop().unwrap();
}
