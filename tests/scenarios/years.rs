//! Three years of an installation with an injected clock: the authority's real folder, the hub's
//! real store, the rules of hub, connectors and systems, and nothing else: no process, no socket.
//! Members forget and remember to renew, by rule and by hand, rotate their keys, are suspended and
//! resumed; grants come and go; the hub is down for days; it is enrolled anew, with other keys, and
//! its former machine goes on; its store and the authority's folder are put back from copies; a
//! connector moves to another machine while the old one starts again. At every step each folder is
//! copied as it is and the copy goes on, as after a kill. An oracle of its own keeps, in plain
//! numbers, who may ask and what was acknowledged. Held: nobody who may not is answered; each who
//! may is, where nothing is down; nothing acknowledged is missing; every end was announced; of a
//! former hub nothing counts but what it said in its time.
//!
//! `ZEROTRIP_YEARS=20` tries twenty seeds from `ZEROTRIP_SEED` on, in steps of half a day instead
//! of a day.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use zerotrip_proto::v1::Status;

use crate::support::Dice;

mod hub;
mod log;
mod world;

use log::Copy;
use world::{Cut, Department, MEMBERS, Truth, World};

const CHECK: &str = "no-property/couple";
const PURPOSE: &str = "rent-withdrawal";
const BASIS: &str = "b";
const DAY: u64 = 24 * 3600;
const YEARS: u64 = 3;
/// The connector goes to another machine, and the old one is started again.
const MOVED: u64 = 400 * DAY;
const STARTED_AGAIN: u64 = 430 * DAY;
/// Keys are rotated.
const ROTATED: [u64; 2] = [200 * DAY, 700 * DAY];
/// The hub is enrolled anew: in the first year, while a copy of the connector sleeps, and in the
/// third.
const ENROLLED_ANEW: [u64; 3] = [150 * DAY, 415 * DAY, 800 * DAY];

/// Years ago: whatever read the machine's clock would find everything ended.
fn at(second: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_500_000_000 + second)
}

/// A folder as it is now, in the place of what was there. A file that goes meanwhile was none that
/// counts; tiles that were not full yet are made anew.
fn copy_folder(from: &Path, to: &Path) {
    let _none = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.extension().is_some_and(|extension| extension == "p") {
            continue;
        }
        if entry.is_dir() {
            copy_folder(&entry, &target);
        } else if let Err(error) = std::fs::copy(&entry, &target) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", entry.display());
        }
    }
}

/// What operators keep: the authority's folder, the hub's store as files, and the hub's own backup,
/// all of one moment.
struct Kept {
    truth: Truth,
    authority: PathBuf,
    files: Copy,
    backup: Copy,
    /// When.
    second: u64,
}

/// What happened, so that a run in which nothing did is no proof.
#[derive(Debug, Default)]
struct Happened {
    answered: u32,
    refused: u32,
    cut: u32,
    folder_put_back: u32,
    store_set_back: u32,
    store_restored: u32,
    older_database: u32,
    down: u32,
    forgot: BTreeSet<&'static str>,
}

#[test]
fn three_years_answer_nobody_who_may_not_ask_lose_nothing_and_end_nothing_unannounced() {
    let many: Option<u64> =
        std::env::var("ZEROTRIP_YEARS").ok().and_then(|years| years.parse().ok());
    let step = if many.is_some() { DAY / 2 } else { DAY };
    (0..many.unwrap_or(1)).for_each(|more| three_years(seed() + more, step));
}

fn seed() -> u64 {
    std::env::var("ZEROTRIP_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn three_years(seed: u64, length: u64) {
    // Every step writes folders durably: in memory, where there is such a place.
    let memory = Path::new("/dev/shm");
    let folder =
        if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let mut dice = Dice(seed);
    let mut world = World::begin(folder.path());
    let mut kept: Option<Kept> = None;
    let mut down_until = 0;
    let mut happened = Happened::default();
    for step in 1..YEARS * 365 * DAY / length {
        let second = step * length;
        let told = format!("seed {seed}, day {}", second / DAY);
        world.announce(second);
        let up = down_until <= second;
        happened.down += u32::from(!up);
        something_happens(&mut world, &mut dice, second, &told, &mut kept, &mut happened, up);
        if up && dice.one_in(30) {
            down_until = second + 2 * DAY;
        }
        by_the_calendar(&mut world, second, &told, up);
        if down_until <= second {
            let cut = [Cut::BeforeTheHub, Cut::BeforeTheReply]
                .get(dice.below(20))
                .copied()
                .unwrap_or(Cut::Nowhere);
            happened.cut += u32::from(cut != Cut::Nowhere);
            world.refresh(&asking(&world, second), cut, second);
        }
        everybody_asks(&mut world, &mut dice, second, &told, &mut happened);
        world.kill_authority();
        world.log.kill(second);
        if step % 20 == 0 {
            happened.forgot.extend(world.ended(second));
            world.formers_count_for_nothing(second, &told);
        }
        if step % 120 == 0 {
            world.log.is_whole();
        }
    }
    world.log.is_whole();
    assert_eq!(world.formers.len(), ENROLLED_ANEW.len());
    assert_eq!(
        happened.forgot,
        BTreeSet::from(["forgetful", "late", "stranger"]),
        "who did not renew in time, and nobody else"
    );
    let Happened {
        answered,
        refused,
        cut,
        folder_put_back,
        store_set_back,
        store_restored,
        older_database,
        down,
        ..
    } = happened;
    assert!(answered > 2000 && refused > 2000, "{happened:?}");
    let each = [cut, folder_put_back, store_set_back, store_restored, older_database, down];
    assert!(each.iter().all(|times| *times > 3), "{happened:?}");
}

/// Something every few days, by lot.
fn something_happens(
    world: &mut World,
    dice: &mut Dice,
    second: u64,
    told: &str,
    kept: &mut Option<Kept>,
    happened: &mut Happened,
    up: bool,
) {
    match (dice.below(30), kept.as_ref()) {
        (0, _) => world.set("suspended", Status::Suspended, second),
        (1 | 2, _) => world.set("suspended", Status::Active, second),
        (3, _) => world.revoke("granted", second),
        (4 | 5, _) if !world.truth.granted.contains_key("granted") => {
            world.grant("granted", 40 + dice.below(200) as u64, second)
        }
        (6, _) => {
            let authority = world.path("kept-authority");
            copy_folder(&world.path("authority"), &authority);
            let files = world.log.copy(&world.path("kept-store"));
            // Copying opened the files besides; the process that goes on is another.
            world.log.kill(second);
            let backup = world.log.back_up(&world.path("kept-backup"), second);
            *kept = Some(Kept { truth: world.truth.clone(), authority, files, backup, second });
        }
        (7, Some(kept)) if up => {
            happened.folder_put_back += 1;
            world.put_back(&kept.authority, &kept.truth);
        }
        (8, Some(kept)) => {
            happened.store_set_back += 1;
            store_set_back(world, &kept.files, second, told);
        }
        (9, Some(kept)) => {
            happened.older_database += 1;
            world.log.refuses_older_database(&kept.files, &world.path("older-database"));
        }
        (10, Some(kept)) if up => {
            happened.store_restored += 1;
            store_restored(world, &kept.backup, kept.second, second, told);
        }
        _ => {}
    }
}

/// As every 15 seconds: who saw nothing newer than a copy could not know that it is one.
fn departments_compare(world: &World, second: u64, told: &str) {
    let follow = (0..world.departments.len()).all(|one| world.is_followed(one, second));
    assert!(follow, "{told}: departments follow the newest hub");
}

/// An older copy of the hub's files, mark and checkpoint too: in it nothing knows better.
/// Departments and clients do, and it answers nobody.
fn store_set_back(world: &mut World, copy: &Copy, second: u64, told: &str) {
    let (newest, departments) = (world.log.head().size, world.departments.len());
    departments_compare(world, second, told);
    let acknowledged = world.log.set_back_to(copy, second);
    let longer = newest + 2 - world.log.head().size.min(newest);
    // At once, and once its other history is longer than the one that was seen.
    for _ in 0..2 {
        assert!(
            world.log.continues(&acknowledged).is_err(),
            "{told}: a client does not see that the hub was set back"
        );
        let followed = (0..departments).any(|one| world.is_followed(one, second));
        assert!(!followed, "{told}: a department answers a hub that was set back");
        for _ in 0..longer.min(300) {
            world.log.refuse(second);
        }
    }
    world.log.bring_back(acknowledged, second);
}

/// The hub's own backup is put back, and the authority confirms that: what was revoked since stays
/// so, though nothing at the hub knows of it.
fn store_restored(world: &mut World, backup: &Copy, backed_up: u64, second: u64, told: &str) {
    departments_compare(world, second, told);
    let given_up = world.log.restore(backup, second);
    world.knows_less(backed_up);
    let departments = world.departments.len();
    let none_follows = |world: &World, when: &str| {
        assert!(
            !(0..departments).any(|one| world.is_followed(one, second)),
            "{told}: a department answers a hub that was set back, {when}"
        );
    };
    assert!(world.log.continues(&given_up).is_err());
    none_follows(world, "before the authority's word");
    world.refresh(&[], Cut::Nowhere, second);
    none_follows(world, "unconfirmed");
    world.departments.iter().for_each(Department::forget);
    world.restored = Some(second);
}

/// What has its day: rotations, the move, and grants that are given anew before they end.
fn by_the_calendar(world: &mut World, second: u64, told: &str, up: bool) {
    // As soon as it is up.
    if up && ENROLLED_ANEW.get(world.formers.len()).is_some_and(|day| *day <= second) {
        world.enrol_hub_anew(second, told);
    }
    if ROTATED.contains(&second) {
        world.admit("rotated", second);
    }
    if second == MOVED {
        let moved = world.path("moved");
        copy_folder(&world.departments[0].folder, &moved);
        world.departments = vec![Department::of(&moved)];
    }
    if second == STARTED_AGAIN {
        world.departments.push(Department::of(&world.path("department")));
        // It has slept through the restoring of a backup, and its people are asked too.
        if world.restored.is_some_and(|restored| restored >= MOVED) && !world.is_followed(1, second)
        {
            world.departments[1].forget();
        }
    }
    for member in ["careful", "late", "suspended", "rotated"] {
        if up
            && world
                .truth
                .granted
                .get(member)
                .is_some_and(|(_, _, until)| *until < second + 5 * DAY)
        {
            world.revoke(member, second);
            world.grant(member, 400, second);
        }
    }
}

/// The careful ask in time; the forgetful one in the first year only; the late one when its
/// certificate has ended for ten days.
fn asking(world: &World, second: u64) -> Vec<&'static str> {
    let mut asking = vec!["careful", "suspended", "granted", "rotated"];
    if second < 300 * DAY {
        asking.push("forgetful");
    }
    if world.ended_since("late").is_some_and(|ended| ended + 10 * DAY <= second) {
        asking.push("late");
    }
    asking
}

/// Each system there ever was asks, old machines with old keys too. Some of it is recorded; some is
/// left open when the hub is killed.
fn everybody_asks(
    world: &mut World,
    dice: &mut Dice,
    second: u64,
    told: &str,
    happened: &mut Happened,
) {
    let rules = world.rules(second);
    let follows: Vec<bool> =
        (0..world.departments.len()).map(|one| world.is_followed(one, second)).collect();
    assert!(
        follows.iter().all(|follows| *follows),
        "{told}: departments follow the newest hub: {follows:?}"
    );
    let names: Vec<String> = world.systems.keys().cloned().collect();
    let mut answers = Vec::new();
    for name in &names {
        let (is, may) = (world.is_admitted(name, &rules, second), world.may_ask(name, second));
        assert_eq!(is, may, "{told}, {name}: answered {is}, by the numbers {may}");
        if is {
            happened.answered += 1
        } else {
            happened.refused += 1
        }
        answers.push(is);
    }
    for _ in 0..2 {
        let one = dice.below(names.len());
        world.log.exchange(&names[one], answers[one], second);
    }
    if dice.one_in(4) {
        world.log.refuse(second);
    }
    if dice.one_in(4) {
        world.log.intend(MEMBERS[dice.below(MEMBERS.len())], second);
    }
}
