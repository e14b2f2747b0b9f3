//! Every *unavailable* has a way out: what time alone ends is parked and asked again by itself, and
//! who can end the rest sees that it is there, and never whose it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::Value;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_tests::city::Variant;
use zerotrip_tests::deployment::{FUND, Finished, Running, TRANSIT, values, wait_until};

use crate::many::{answered, ask, ids};
use crate::support::{DeployedCity, deploy, errand, expected_fact, question, runtime};

/// Subjects by code and dataset.
type Counts = BTreeMap<(String, String), u64>;

fn unavailable(town: &DeployedCity, command: &str, member: &str, more: &[&str]) -> Finished {
    let dir = town.deployment.path(member);
    let arguments = ["--json", "unavailable", command, "--dir", &dir];
    town.deployment.zerotrip(&[&arguments, more].concat()).unwrap()
}

fn shown(finished: Finished) -> Value {
    finished.expect(0).unwrap().json().unwrap()
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

fn counts(shown: &Value) -> Counts {
    let mut counts = Counts::new();
    for one in shown["counts"].as_array().unwrap() {
        let subjects = one["subjects"].as_u64().unwrap();
        *counts.entry((text(one, "code"), text(one, "dataset"))).or_default() += subjects;
    }
    counts
}

/// What the answer key says of everybody, as counted.
fn expected(town: &DeployedCity, everybody: &[String], alone: &[String]) -> Vec<Counts> {
    let of_key = |key| {
        let mut counts = Counts::new();
        for person in everybody.iter().chain(alone) {
            let fact = expected_fact(key, person, Variant::Couple);
            // Of a no the key has a code too, and no dataset.
            if !fact.1.is_empty() {
                *counts.entry(fact).or_default() += 1;
            }
        }
        counts
    };
    town.keys().iter().map(of_key).collect()
}

#[test]
fn the_authority_sees_what_is_unavailable_and_never_whose_and_an_owner_its_own_alone() {
    let town = deploy(60, 5);
    town.deployment.allow_many().unwrap();
    let everybody = ids(&town.city);
    answered(ask(&town, Variant::Couple.name(), &everybody).unwrap());
    let alone: Vec<String> = ["migrant", "nothing_owned"].map(|role| town.cast(role).0).into();
    let single = runtime().block_on(async {
        let mut session = town.session().await;
        let mut exchanges = Vec::new();
        for person in &alone {
            let outcome = session.check(&errand(), &question("couple", person)).await.unwrap();
            exchanges.push(outcome.proven().answer().request_id.clone());
        }
        exchanges
    });
    let keys = expected(&town, &everybody, &alone);
    let all = shown(unavailable(&town, "list", "authority", &[]));
    assert!(keys.contains(&counts(&all)), "{:?} {keys:?}", counts(&all));
    let codes: BTreeSet<String> = counts(&all).into_keys().map(|(code, _)| code).collect();
    assert!(codes.len() > 2 && !codes.contains("UNSETTLED"), "in full: {codes:?}");
    let listed = |shown: &Value| {
        let all = shown["exchanges"].as_array().unwrap().clone();
        all.iter().map(|one| (text(one, "exchange"), text(one, "code"))).collect::<Vec<_>>()
    };
    assert!(listed(&all).contains(&(single[0].clone(), "OUTSIDE_COVERAGE".into())));
    assert!(listed(&all).iter().all(|(exchange, _)| *exchange != single[1]), "a yes is none");

    // Each code says who can end it and how; the oldest is first; pages follow one another.
    for one in all["counts"].as_array().unwrap() {
        assert!(!one["way_out"]["steps"].as_array().unwrap().is_empty(), "{one}");
    }
    let times: Vec<String> =
        all["exchanges"].as_array().unwrap().iter().map(|one| text(one, "at")).collect();
    assert!(times.is_sorted(), "{times:?}");
    let (mut pages, mut next) = (Vec::new(), None::<String>);
    loop {
        let after: Vec<&str> = next.iter().flat_map(|place| ["--after", place.as_str()]).collect();
        let page = shown(unavailable(
            &town,
            "list",
            "authority",
            &[&["--most", "2"], &after[..]].concat(),
        ));
        assert_eq!(counts(&page), counts(&all), "the counts are of all pages");
        pages.extend(listed(&page));
        next = page["next"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    assert_eq!(pages, listed(&all));
    let narrowed = ["--code", "OUTSIDE_COVERAGE", "--check", "no-property/couple"];
    let narrowed = counts(&shown(unavailable(&town, "list", "authority", &narrowed)));
    assert!(!narrowed.is_empty() && narrowed.keys().all(|(code, _)| code == "OUTSIDE_COVERAGE"));
    for none in [["--check", "no-property/family"], ["--dataset", "estate.nothing"]] {
        assert!(counts(&shown(unavailable(&town, "list", "authority", &none))).is_empty());
    }

    // An owner has numbers of its own datasets, and no list; who owns nothing has nothing.
    let own = |member: &str| counts(&shown(unavailable(&town, "count", member, &[])));
    for member in ["police", "civil", "estate", "housing"] {
        let mine = format!("{member}.");
        let of = |((_, dataset), _): &((String, String), u64)| dataset.starts_with(&mine);
        assert_eq!(own(member), counts(&all).into_iter().filter(of).collect::<Counts>());
    }
    assert!(!own("civil").is_empty());
    assert!(own(FUND).is_empty() && own(TRANSIT).is_empty());
    assert_eq!(own("authority"), counts(&all));
    for member in [FUND, "estate", TRANSIT] {
        let refused = unavailable(&town, "list", member, &[]).expect(3).unwrap();
        assert!(refused.errors.contains(ErrorCode::AdminOnly.name()), "{}", refused.errors);
    }

    // Nobody is named, on any screen, in any language.
    let mut said = all.to_string();
    for (command, member) in [("list", "authority"), ("count", "civil"), ("count", "authority")] {
        for language in ["en", "zh"] {
            let dir = town.deployment.path(member);
            let arguments = ["--lang", language, "unavailable", command, "--dir", &dir];
            said += &town.deployment.zerotrip(&arguments).unwrap().expect(0).unwrap().output;
        }
    }
    assert!(said.contains("the dataset's owner ") && said.contains("数据提供单位："), "{said}");
    for person in &everybody {
        assert!(!said.contains(person.as_str()), "{person}");
    }

    // What is erased is listed no more, by whoever asks.
    let of_civil = || own("civil").values().sum::<u64>();
    let before = of_civil();
    let word = ["--by", "records office", "--why", "file 7"];
    town.hub_command(&[&["erase", &single[0]], &word[..]].concat()).expect(0).unwrap();
    let after = shown(unavailable(&town, "list", "authority", &[]));
    assert!(listed(&after).iter().all(|(exchange, _)| *exchange != single[0]));
    assert_eq!(of_civil(), before - 1, "the migrant's, asked about alone");
    town.deployment.stop().unwrap();
}

/// A town of which a department is down, and the fund's parked questions.
struct Waiting {
    town: DeployedCity,
}

impl Waiting {
    fn new() -> Self {
        let mut town = deploy(200, 31);
        town.deployment.kill_connector("estate").unwrap();
        town.deployment.wait_detached("estate.ownership").unwrap();
        Self { town }
    }

    /// `zerotrip check --park`, about one who owns nothing.
    fn check(&self, name: &str, variant: &str, park: &str) -> Running {
        let applicant = self.town.cast("nothing_owned").0;
        let mut arguments = self.town.deployment.question("check", FUND, variant, &applicant);
        arguments.extend(["--park", park, "--retry-after", "1s"].map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let log = self.town.deployment.folder.join("logs").join(format!("{name}.log"));
        Running::start("zerotrip", &arguments, &log).unwrap()
    }

    fn parked(&self, command: &str, more: &[&str]) -> Finished {
        let dir = self.town.deployment.path(FUND);
        let arguments = ["--json", "parked", command, "--dir", &dir];
        self.town.deployment.zerotrip(&[&arguments, more].concat()).unwrap()
    }

    fn list(&self) -> Vec<Value> {
        values(&self.parked("list", &[]).expect(0).unwrap().output)
    }

    /// Until a question waits that was tried so often.
    fn wait_parked(&self, tries: u64) -> Value {
        let mut found = None;
        wait_until(Duration::from_secs(60), "a parked question", || {
            found = self.list().into_iter().find(|one| one["tries"].as_u64() >= Some(tries));
            Ok(found.is_some())
        })
        .unwrap();
        found.unwrap()
    }

    fn come_back(&mut self) {
        self.town.deployment.start_connector("estate").unwrap();
        self.town.deployment.wait_all_attached().unwrap();
    }

    fn go_away(&mut self) {
        self.town.deployment.kill_connector("estate").unwrap();
        self.town.deployment.wait_detached("estate.ownership").unwrap();
    }

    /// No file of the fund's that is left has the person's number.
    fn is_forgotten(&self) {
        let applicant = self.town.cast("nothing_owned").0;
        for entry in fs::read_dir(self.town.deployment.folder.join(FUND).join("parked")).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            assert!(!text.contains(&applicant), "{}", path.display());
        }
        assert!(self.list().is_empty());
    }
}

#[test]
fn a_parked_check_is_asked_again_until_it_is_answered_or_its_deadline_is_told() {
    let mut desk = Waiting::new();
    let before = desk.town.deployment.ledger_figure("counts/intents").unwrap();
    let mut check = desk.check("parked", "couple", "10m");
    // More tries than the grant allows variants: each is the same one. The hub ends meanwhile, too.
    let parked = desk.wait_parked(3);
    assert_eq!(
        (parked["code"].as_str(), parked["check"].as_str()),
        (Some("SOURCE_UNREACHABLE"), Some("no-property/couple"))
    );
    assert_eq!(parked["dataset"], "estate.ownership");
    let applicant = desk.town.cast("nothing_owned").0;
    assert!(!parked.to_string().contains(&applicant), "{parked}");
    desk.town.deployment.kill_hub().unwrap();
    let seen = desk.list()[0]["tries"].as_u64().unwrap();
    desk.town.deployment.start_hub().unwrap();
    desk.wait_parked(seen + 1);
    desk.come_back();
    let answer = check.wait_for("\"outcome\"").unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["outcome"], "affirmed", "{answer}");
    assert_eq!(answer["parked"]["id"], parked["id"]);
    check.wait_success(Duration::from_secs(20)).unwrap();
    desk.is_forgotten();
    // Each try is an exchange of its own, but those that found no hub.
    let after = desk.town.deployment.ledger_figure("counts/intents").unwrap();
    assert!(after > before + 1 + 3, "{before} {after}");

    // The same with a deadline before the department comes back.
    desk.go_away();
    let mut check = desk.check("told", "couple", "4s");
    let told: Value = serde_json::from_str(&check.wait_for("\"outcome\"").unwrap()).unwrap();
    assert_eq!(
        (&told["outcome"], &told["code"], &told["dataset"]),
        (&"unavailable".into(), &"SOURCE_UNREACHABLE".into(), &"estate.ownership".into())
    );
    assert!(told["parked"]["tries"].as_u64().unwrap() >= 2, "{told}");
    assert_eq!(told["way_out"]["time"], "alone");
    let ended = check.wait_success(Duration::from_secs(20)).unwrap_err().to_string();
    assert!(ended.contains("exit status: 4"), "{ended}");
    desk.is_forgotten();

    // What time alone does not end is not parked.
    desk.come_back();
    let migrant = desk.town.cast("migrant").0;
    let park = ["--park", "1h"];
    let asked = desk.town.deployment.ask("check", FUND, "couple", &migrant, &park).unwrap();
    let answer = asked.expect(4).unwrap().json().unwrap();
    assert_eq!(
        (&answer["code"], &answer["way_out"]["time"]),
        (&"UNSETTLED".into(), &"perhaps".into())
    );
    desk.is_forgotten();
    desk.town.deployment.stop().unwrap();
}

#[test]
fn a_parked_check_outlives_the_process_that_waits_for_it() {
    let mut desk = Waiting::new();
    let check = desk.check("killed", "couple", "10m");
    let parked = desk.wait_parked(1);
    let id = parked["id"].as_str().unwrap().to_owned();
    // While it waits, nobody else asks the same, or gives it up.
    let again = desk.check("again", "couple", "10m");
    let ended = again.wait_success(Duration::from_secs(20)).unwrap_err().to_string();
    assert!(ended.contains("exit status: 2"), "{ended}");
    desk.parked("drop", &[&id]).expect(2).unwrap();
    desk.parked("run", &["--once"]).expect(0).unwrap();
    check.kill().unwrap();

    let kept = desk.list();
    assert_eq!((kept.len(), &kept[0]["id"]), (1, &parked["id"]));
    desk.parked("run", &["--once"]).expect(4).unwrap();
    assert_eq!(desk.list().len(), 1, "it waits on");
    desk.come_back();
    let answered = desk.parked("run", &[]).expect(0).unwrap().json().unwrap();
    assert_eq!(
        (&answered["outcome"], &answered["parked"]["id"]),
        (&"affirmed".into(), &parked["id"])
    );
    desk.is_forgotten();

    // One that is given up is gone, and asked no more.
    desk.go_away();
    let check = desk.check("dropped", "applicant", "10m");
    let parked = desk.wait_parked(1);
    check.kill().unwrap();
    let id = parked["id"].as_str().unwrap();
    desk.parked("drop", &[id]).expect(0).unwrap();
    desk.parked("drop", &[id]).expect(2).unwrap();
    desk.is_forgotten();
    desk.parked("run", &[]).expect(0).unwrap();
    desk.town.deployment.stop().unwrap();
}
