//! The answer key: every resident of a generated city, every variant, over real processes, and
//! every answer equal to it.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use zerotrip_client::Session;
use zerotrip_tests::city::{SYSTEMS, System, Variant};

use crate::support::{
    DeployedCity, deploy, deploy_in, errand, expected, expected_fact, fact, in_words, question,
    runtime,
};

#[test]
fn every_resident_is_answered_as_the_key_says() {
    the_key_holds(deploy(1500, 3));
}

/// Where the four registers live.
type Mix = [System; 4];
const FILES: Mix = [System::Parquet, System::Xls, System::Xlsx, System::Dbf];
const INTERFACES: [Mix; 2] = [
    [System::Rest, System::Csv, System::Sqlite, System::Rest],
    [System::Sqlite, System::Rest, System::Parquet, System::Csv],
];
const SERVERS: [Mix; 3] = [
    [System::Postgres, System::Csv, System::Mysql, System::Xlsx],
    [System::Mysql, System::Postgres, System::Postgres, System::Mysql],
    [System::Postgres, System::Rest, System::Mysql, System::Sqlite],
];
const DRIVERS: Mix = [System::Odbc, System::Odbc, System::Csv, System::Odbc];

#[test]
fn the_key_holds_over_files_of_every_kind() {
    the_key_holds(deploy_in(400, 5, FILES));
}

#[test]
fn the_key_holds_over_http_interfaces() {
    the_key_holds(deploy_in(300, 7, INTERFACES[0]));
    the_key_holds(deploy_in(200, 11, INTERFACES[1]));
}

#[test]
fn outside_the_key_holds_over_servers() {
    the_key_holds(deploy_in(400, 6, SERVERS[0]));
    the_key_holds(deploy_in(200, 8, SERVERS[1]));
    the_key_holds(deploy_in(200, 10, SERVERS[2]));
}

#[test]
fn outside_the_key_holds_behind_odbc_drivers() {
    the_key_holds(deploy_in(300, 9, DRIVERS));
}

#[test]
fn every_kind_of_system_is_in_some_mix() {
    let mixed: Vec<System> =
        [FILES, DRIVERS, SYSTEMS].into_iter().chain(INTERFACES).chain(SERVERS).flatten().collect();
    let missing: Vec<&str> = System::ALL
        .iter()
        .filter(|(_, system)| !mixed.contains(system))
        .map(|(name, _)| *name)
        .collect();
    assert!(missing.is_empty(), "the answer key is held over none of {missing:?}");
    // And the city has every kind that a dataset file can name.
    let known: Vec<&str> = System::ALL.iter().map(|(name, _)| *name).collect();
    let strange: Vec<&str> = zerotrip_datasets::file::KINDS
        .iter()
        .map(|kind| kind.name)
        .filter(|name| !known.contains(name))
        .collect();
    assert!(strange.is_empty(), "no register of the city can live in {strange:?}");
}

fn the_key_holds(town: DeployedCity) {
    let asked: Vec<(String, Variant)> = town
        .city
        .ids
        .iter()
        .flat_map(|id| Variant::ALL.iter().map(|variant| (id.as_str().to_owned(), *variant)))
        .collect();
    let asked = Arc::new(asked);
    let runtime = runtime();
    let answers = runtime.block_on(async {
        let mut tasks = Vec::new();
        for lane in 0..16 {
            let (mut session, asked) = (town.session().await, Arc::clone(&asked));
            tasks.push(tokio::spawn(async move {
                let mut found = Vec::new();
                for (applicant, variant) in asked.iter().skip(lane).step_by(16) {
                    let outcome = session
                        .check(&errand(), &question(variant.name(), applicant))
                        .await
                        .unwrap();
                    found.push((
                        applicant.clone(),
                        *variant,
                        in_words(&outcome),
                        outcome.proven().answer().request_id.clone(),
                    ));
                }
                found
            }));
        }
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all
    });
    assert_eq!(answers.len(), asked.len());
    let keys = town.keys();
    let wrong: Vec<_> = answers
        .iter()
        .filter_map(|(applicant, variant, answer, _)| {
            let right: Vec<_> = keys.iter().map(|key| expected(key, applicant, *variant)).collect();
            (!right.contains(answer)).then(|| {
                format!("{applicant} {}: {answer:?}, the key says {right:?}", variant.name())
            })
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} wrong:\n{}",
        wrong.len(),
        answers.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    for word in ["true", "false", "unavailable"] {
        assert!(
            answers.iter().any(|(_, _, answer, _)| answer.0 == word),
            "the city has nobody whose answer is {word}"
        );
    }
    // The requester hears a remedy; the authority, and the owner of the dataset, the fact.
    let facts = runtime.block_on(async {
        let authority = Session::connect(&town.home("authority")).await.unwrap();
        let mut facts = Vec::new();
        for (applicant, variant, answer, exchange) in
            answers.iter().filter(|(_, _, answer, _)| answer.0 == "unavailable")
        {
            let told = fact(&authority, exchange).await;
            assert_eq!(answer.2, told.1);
            let right: Vec<_> =
                keys.iter().map(|key| expected_fact(key, applicant, *variant)).collect();
            assert!(
                right.contains(&told),
                "{applicant} {}: {told:?}, the key says {right:?}",
                variant.name()
            );
            facts.push(told);
        }
        facts
    });
    let kinds: BTreeSet<&str> = facts.iter().map(|(code, _)| code.as_str()).collect();
    assert!(kinds.len() > 1 && !kinds.contains("UNSETTLED"), "{kinds:?}");
    let folder = town.deployment.folder.clone();
    let ids: Vec<String> = town.city.ids.iter().map(|id| id.as_str().to_owned()).collect();
    town.deployment.stop().unwrap();
    for place in [folder.join("ledger"), folder.join("logs/hub.log")] {
        let found = persons_in(&place, &ids);
        assert!(found.is_empty(), "{}: {found:?}", place.display());
    }
}

/// Every id of the city that stands in a file, or in the files of a folder.
fn persons_in(place: &Path, ids: &[String]) -> Vec<String> {
    if place.is_dir() {
        let entries = std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|path| persons_in(&path, ids)).collect();
    }
    let bytes = std::fs::read(place).unwrap();
    assert!(!bytes.is_empty(), "{} is empty", place.display());
    let windows: HashSet<&[u8]> = bytes.windows(18).collect();
    ids.iter().filter(|id| windows.contains(id.as_bytes())).cloned().collect()
}
