#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use zerotrip_proto::v1::ErrorCode;

use super::*;
use crate::request::{CheckQuestion, Errand};

const PERSON: &str = "11010519491231002X";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

fn errand() -> Errand {
    Errand {
        official: "0471".into(),
        service_item: "rent".into(),
        purpose: "rent".into(),
        legal_basis: "条例".into(),
        case_number: "HZ-1".into(),
    }
}

fn question(variant: &str) -> CheckQuestion {
    CheckQuestion {
        check: "no-property".into(),
        variant: variant.into(),
        parameters: vec![("applicant".into(), PERSON.into())],
    }
}

struct Desk {
    folder: TempDir,
    parking: Parking,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let parking = Parking::of(folder.path());
        Self { folder, parking }
    }

    fn park(&self, variant: &str) -> Result<Held, ParkingError> {
        let last = Last::new(ErrorCode::SourceUnreachable, "estate.ownership", "x");
        let asked = (&errand(), &question(variant));
        self.parking.park(asked, (at(0), at(100)), Duration::from_secs(10), last)
    }

    fn files(&self) -> Vec<PathBuf> {
        let there = fs::read_dir(self.folder.path().join("parked")).unwrap();
        there.map(|entry| entry.unwrap().path()).collect()
    }

    /// Whether any file has the person's number.
    fn names_the_person(&self) -> bool {
        self.files().iter().any(|file| fs::read_to_string(file).unwrap().contains(PERSON))
    }
}

#[test]
fn a_question_is_kept_for_its_owners_eyes_and_is_gone_once_it_has_ended() {
    let desk = Desk::new();
    assert_eq!(desk.parking.list().unwrap().0, [], "no folder, no questions");
    let held = desk.park("couple").unwrap();
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&desk.folder.path().join("parked")), 0o700);
    for file in desk.files().iter().filter(|file| file.extension().is_some_and(|e| e == "json")) {
        assert_eq!(mode(file), 0o600);
    }
    let listed = desk.parking.list().unwrap().0;
    assert_eq!(listed, std::slice::from_ref(&held.parked));
    assert_eq!(
        (listed[0].last.code(), listed[0].until(), listed[0].parked_at(), listed[0].tries),
        (ErrorCode::SourceUnreachable, at(100), at(0), 0)
    );
    assert!(desk.names_the_person());
    held.erase().unwrap();
    assert!(!desk.names_the_person() && desk.parking.list().unwrap().0.is_empty());
}

#[test]
fn one_process_asks_a_question_and_nobody_parks_it_twice() {
    let desk = Desk::new();
    let held = desk.park("couple").unwrap();
    let id = held.parked.id.clone();
    assert!(matches!(desk.park("couple"), Err(ParkingError::Already(same)) if same == id));
    assert!(desk.parking.take(&id).unwrap().is_none(), "it is held");
    assert!(matches!(desk.parking.erase(&id), Err(ParkingError::Busy(_))));
    let other = desk.park("family").unwrap();
    assert_eq!(desk.parking.list().unwrap().0.len(), 2);
    // Killed: its lock goes with it, and the question stays.
    drop(held);
    let again = desk.parking.take(&id).unwrap().unwrap();
    assert_eq!(again.parked.question, question("couple"));
    drop(again);
    desk.parking.erase(&id).unwrap();
    assert!(matches!(desk.parking.erase(&id), Err(ParkingError::Unknown(_))));
    for odd in ["", "..", "../x", id.to_uppercase().as_str(), format!("{{{id}}}").as_str()] {
        assert!(matches!(desk.parking.take(odd), Err(ParkingError::Unknown(_))), "{odd}");
    }
    drop(other);
}

#[test]
fn what_a_killed_process_left_half_written_is_erased() {
    let desk = Desk::new();
    let held = desk.park("couple").unwrap();
    let id = held.parked.id.clone();
    let file = desk.folder.path().join("parked").join(format!("{id}.json"));
    let part = file.with_extension("json.4711.part");
    fs::copy(&file, &part).unwrap();
    fs::remove_file(&file).unwrap();
    desk.parking.list().unwrap();
    assert!(part.exists(), "who writes it has the lock");
    drop(held);
    assert!(desk.parking.list().unwrap().0.is_empty());
    assert!(!part.exists() && !desk.names_the_person());
}

#[test]
fn what_is_no_parked_question_is_named_and_not_repeated() {
    let desk = Desk::new();
    let held = desk.park("couple").unwrap();
    let id = held.parked.id.clone();
    drop(held);
    drop(desk.park("family").unwrap());
    let file = desk.folder.path().join("parked").join(format!("{id}.json"));
    let whole = fs::read_to_string(&file).unwrap();
    for (from, to) in [
        ("\"version\": 1", "\"version\": 2"),
        ("\"tries\": 0", "\"tries\": \"11010519491231002X\""),
        ("\"check\":", "\"strange\": 1, \"check\":"),
        ("\"couple\"", "\"\""),
        (PERSON, "110105194912310021"),
        (id.as_str(), "01900000-0000-7000-8000-000000000000"),
    ] {
        assert!(whole.contains(from), "{from}");
        fs::write(&file, whole.replace(from, to)).unwrap();
        let (others, damaged) = desk.parking.list().unwrap();
        assert_eq!(others.len(), 1, "it holds up no other");
        let said = damaged[0].to_string();
        assert!(said.contains(&id) && !said.contains("19491231"), "{from}: {said}");
    }
    // It can be erased by its id.
    desk.parking.erase(&id).unwrap();
    let (others, damaged) = desk.parking.list().unwrap();
    assert!(others.len() == 1 && damaged.is_empty() && !file.exists());
}

#[test]
fn a_question_is_tried_ever_later_and_for_the_last_time_at_its_deadline() {
    let desk = Desk::new();
    let mut parked = desk.park("couple").unwrap().parked.clone();
    let after = |parked: &Parked, now| parked.due().unwrap().duration_since(now).unwrap();
    let seconds =
        |wait: Duration, most: f64| (most * 0.74..=most * 1.26).contains(&wait.as_secs_f64());
    assert!(seconds(after(&parked, at(0)), 10.0));
    parked.tries = 1;
    parked.plan(at(20));
    assert!(seconds(after(&parked, at(20)), 20.0));
    parked.tries = 3;
    parked.plan(at(60));
    assert_eq!(parked.due(), Some(at(100)), "the deadline, and no later");
    parked.plan(at(100));
    assert_eq!(parked.due(), None);
}

#[tokio::test]
async fn what_is_over_is_told_and_not_asked_again() {
    let desk = Desk::new();
    let mut held = desk.park("couple").unwrap();
    // Nothing is dialled: there is no system in this folder.
    assert!(matches!(held.try_now(at(1)).await.unwrap(), Tried::Waits(_)));
    assert!(matches!(held.try_now(at(1000)).await.unwrap(), Tried::Over));
    assert!(matches!(held.try_now(at(100)).await, Err(ParkingError::Session(_))), "it is due");
    assert!(matches!(held.try_now(at(100)).await.unwrap(), Tried::Over), "that was the last try");
    let kept = desk.parking.list().unwrap().0;
    assert_eq!((kept[0].tries, kept[0].due()), (1, None), "written down before it is asked");
}
