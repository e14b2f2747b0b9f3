//! One prepared check, many requests at once, over random families and registers: no answer wrong,
//! no key sent that its own request did not produce, and never an absence from a scan that was not
//! whole.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use zerotrip_checks::soundness::{Incomplete, ScanReport, Subjects};
use zerotrip_hub::engine::run::Engine;
use zerotrip_hub::engine::{Dispatch, PreparedCheck, ScanAnswer, ScanCall};
use zerotrip_proto::v1::{ErrorCode, Finding};

use crate::support::{Dice, as_words, prepared, prepared_from};

const SCANS: [&str; 6] =
    ["marriage", "household", "spouse_marriage", "minor_household", "ownership", "presale"];
const TODAY: i32 = 20_000;
const ADULT: i32 = TODAY - 18 * 366;

#[derive(Clone, Default)]
struct Person {
    registered: bool,
    died: Option<i32>,
    /// Stands in the household register a second time, as one who lives, with this status.
    lives_on: Option<&'static str>,
    born: i32,
    father: Option<usize>,
    mother: Option<usize>,
    /// (status, cancelled on)
    homes: Vec<(&'static str, Option<i32>)>,
    /// (status, transferred on)
    contracts: Vec<(&'static str, Option<i32>)>,
}

/// A register entry of a marriage: man, woman, event, day.
type Event = (usize, usize, &'static str, i32);

struct World {
    persons: Vec<Person>,
    events: Vec<Event>,
    /// By person: their events, their children.
    events_of: Vec<Vec<usize>>,
    children_of: Vec<Vec<usize>>,
}

const AS_OF: i32 = TODAY - 1;

impl World {
    fn random(size: usize, dice: &mut Dice) -> Self {
        let mut persons = vec![Person::default(); size];
        for (at, person) in persons.iter_mut().enumerate() {
            person.registered = !dice.one_in(6);
            person.born = if dice.one_in(3) {
                ADULT + 30 + i32::try_from(dice.below(4000)).unwrap()
            } else {
                ADULT - 4000
            };
            person.died = dice.one_in(12).then_some(TODAY - 100);
            if at > 10 && dice.one_in(2) {
                person.father = Some(dice.below(at));
                person.mother = Some(dice.below(at));
            }
            if dice.one_in(4) {
                let on = [None, Some(AS_OF - 10), Some(AS_OF - 1), Some(AS_OF)][dice.below(4)];
                person.homes.push((
                    ["current", "cancelled", "cancelled", "pending", "advance"][dice.below(5)],
                    on,
                ));
            }
            if dice.one_in(5) {
                let on = [None, Some(AS_OF - 10), Some(AS_OF), Some(TODAY)][dice.below(4)];
                person.contracts.push((["filed", "cancelled", "transferred"][dice.below(3)], on));
            }
        }
        // Nobody is older than a parent. Parents come before their children.
        for at in (0..size).rev() {
            let born = persons[at].born;
            for parent in [persons[at].father, persons[at].mother].into_iter().flatten() {
                persons[parent].born = persons[parent].born.min(born);
            }
        }
        let mut events = Vec::new();
        for _ in 0..size {
            let (man, woman) = (dice.below(size), dice.below(size));
            // Children do not marry: such an entry could not be relied upon.
            if man != woman && [man, woman].iter().all(|party| persons[*party].born < ADULT) {
                let day = 15_000 + i32::try_from(dice.below(40)).unwrap();
                events.push((
                    man,
                    woman,
                    ["married", "married", "divorced", "remarried", "annulled"][dice.below(5)],
                    day,
                ));
            }
        }
        let mut world = Self {
            events_of: vec![Vec::new(); size],
            children_of: vec![Vec::new(); size],
            persons,
            events,
        };
        for (at, (man, woman, ..)) in world.events.iter().enumerate() {
            world.events_of[*man].push(at);
            world.events_of[*woman].push(at);
        }
        for at in 0..size {
            let parents: BTreeSet<usize> = [world.persons[at].father, world.persons[at].mother]
                .into_iter()
                .flatten()
                .collect();
            for parent in parents {
                world.children_of[parent].push(at);
            }
        }
        world
    }

    /// With whom a wedding was not parted from: a parting ends the last wedding of the two on a day
    /// before it, and no other.
    fn spouses(&self, applicant: usize) -> BTreeSet<usize> {
        let mut open: BTreeSet<(usize, i32)> = BTreeSet::new();
        let mut mine: Vec<Event> =
            self.events_of[applicant].iter().map(|at| self.events[*at]).collect();
        mine.sort_by_key(|event| event.3);
        let mut weddings: BTreeSet<(usize, i32)> = BTreeSet::new();
        for (man, woman, what, day) in mine.iter().copied() {
            let other = if man == applicant { woman } else { man };
            if matches!(what, "married" | "remarried") {
                weddings.insert((other, day));
                open.insert((other, day));
            } else if let Some(last) = weddings.range((other, i32::MIN)..(other, day)).next_back() {
                open.remove(last);
            }
        }
        // What is not in order may have ended nothing: two weddings of one day; and where anything
        // was annulled, two events of one day, or an end that follows no wedding of its
        // own.
        let others: BTreeSet<usize> = mine
            .iter()
            .map(|(man, woman, ..)| if *man == applicant { *woman } else { *man })
            .collect();
        let is_crooked = |other: &usize| {
            let pair: Vec<&Event> =
                mine.iter().filter(|(man, woman, ..)| man == other || woman == other).collect();
            let weds = |event: &Event| matches!(event.2, "married" | "remarried");
            let of_one_day = |all: bool| {
                let days: Vec<i32> =
                    pair.iter().filter(|event| all || weds(event)).map(|event| event.3).collect();
                days.iter().collect::<BTreeSet<_>>().len() < days.len()
            };
            let mut married = false;
            let mut unordered = of_one_day(true);
            for event in &pair {
                unordered |= !weds(event) && !married;
                married = weds(event);
            }
            of_one_day(false) || unordered && pair.iter().any(|event| event.2 == "annulled")
        };
        let crooked: Vec<usize> = others.into_iter().filter(is_crooked).collect();
        open.into_iter().map(|(other, _)| other).chain(crooked).collect()
    }

    /// Of these spouses, those beyond doubt: to marry was the last that the two did, on a day of
    /// its own, no end of theirs is without a wedding before it, and of neither anything is on
    /// record with another since.
    fn certain_spouses(&self, applicant: usize, spouses: &BTreeSet<usize>) -> BTreeSet<usize> {
        let other = |event: &Event| if event.0 == applicant { event.1 } else { event.0 };
        let mine: Vec<Event> =
            self.events_of[applicant].iter().map(|at| self.events[*at]).collect();
        let weds = |event: &Event| matches!(event.2, "married" | "remarried");
        let is_certain = |spouse: &usize| {
            let wed = mine
                .iter()
                .filter(|event| other(event) == *spouse && weds(event))
                .map(|event| event.3)
                .max();
            let Some(wed) = wed else { return false };
            let mut theirs = self.events_of[*spouse].iter().map(|at| self.events[*at]);
            let is_with_another =
                theirs.any(|event| event.0 != applicant && event.1 != applicant && event.3 >= wed);
            let days: BTreeSet<i32> =
                mine.iter().filter(|event| other(event) == *spouse).map(|event| event.3).collect();
            let mut together = false;
            for day in days {
                let of_day =
                    || mine.iter().filter(|event| other(event) == *spouse && event.3 == day);
                if of_day().any(|event| !weds(event)) && !std::mem::take(&mut together) {
                    return false;
                }
                together |= of_day().any(weds);
            }
            !is_with_another
                && mine
                    .iter()
                    .filter(|event| event.3 >= wed)
                    .all(|event| weds(event) && other(event) == *spouse)
        };
        spouses.iter().copied().filter(is_certain).collect()
    }

    /// Living or not.
    fn minors(&self, of: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let children = of.into_iter().flat_map(|parent| self.children_of[parent].iter().copied());
        children
            .filter(|child| self.persons[*child].registered && self.persons[*child].born > ADULT)
            .collect()
    }

    fn minor_children(&self, of: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        self.minors(of).into_iter().filter(|child| self.persons[*child].died.is_none()).collect()
    }

    /// Whom each scan may ask about, and what the answer must be.
    fn oracle(
        &self,
        applicant: usize,
        variant: &str,
        fault: Option<Fault>,
    ) -> (BTreeMap<&'static str, BTreeSet<usize>>, String) {
        let me = BTreeSet::from([applicant]);
        let in_register = |person: usize| self.persons[person].registered;
        let died = |person: usize| in_register(person) && self.persons[person].died.is_some();
        let spouses =
            if variant == "applicant" { BTreeSet::new() } else { self.spouses(applicant) };
        // From a register of persons on that could not be read whole, only the applicant is asked
        // about.
        let unread = |scan: &str| {
            variant != "applicant"
                && fault.is_some_and(|fault| fault.scan == scan && fault.kind.is_unreadable())
        };
        let spouses = if unread("marriage") { BTreeSet::new() } else { spouses };
        let couple: BTreeSet<usize> = me.union(&spouses).copied().collect();
        let living: BTreeSet<usize> =
            spouses.iter().copied().filter(|spouse| !died(*spouse)).collect();
        let mut concerned: BTreeSet<usize> = me.union(&living).copied().collect();
        if variant == "family" {
            concerned.extend(self.minor_children(couple.iter().copied()));
        }
        let sure = self.certain_spouses(applicant, &spouses);
        let sure: BTreeSet<usize> = me.union(&sure).copied().collect();
        let mut certain = sure.clone();
        if variant == "family" {
            // A child of a spouse who is dead may be of another family by now.
            certain.extend(self.minor_children(sure.intersection(&concerned).copied()));
        }
        let mut minors =
            if variant == "family" { self.minors(couple.iter().copied()) } else { BTreeSet::new() };
        if unread("marriage")
            || unread("household")
            || unread("spouse_marriage") && !spouses.is_empty()
        {
            (concerned, certain) = (me.clone(), me.clone());
            minors.clear();
        }
        // Beside their rows the homes were asked for already.
        if unread("minor_household") && !minors.is_empty() {
            certain.clone_from(&me);
        }
        // Who has died is not asked about any more.
        certain.retain(|person| concerned.contains(person));
        let mut allowed =
            BTreeMap::from([("ownership", concerned.clone()), ("presale", concerned.clone())]);
        if variant != "applicant" {
            allowed.insert("marriage", me.clone());
            allowed.insert("household", couple);
            let more = [("spouse_marriage", spouses.clone()), ("minor_household", minors)];
            allowed.extend(more.into_iter().filter(|(_, persons)| !persons.is_empty()));
        }
        let fault = fault.filter(|fault| allowed.contains_key(fault.scan));
        if let Some(fault) = fault.filter(|fault| !fault.kind.is_unreadable()) {
            return (allowed, format!("unavailable {}", fault.kind.code().name()));
        }
        if variant != "applicant" && died(applicant) && !unread("household") {
            return (allowed, "false APPLICANT_DECEASED".into());
        }
        let blank = |scan: &str| {
            fault.is_some_and(|fault| {
                fault.scan == scan && matches!(fault.kind, FaultKind::NullStatus)
            })
        };
        let has = |person: &Person| {
            person.homes.iter().any(|home| {
                matches!(home.0, "current" | "advance") && home.1.is_none() && !blank("ownership")
            }) || person
                .contracts
                .iter()
                .any(|contract| contract.0 == "filed" && contract.1.is_none() && !blank("presale"))
        };
        if certain.iter().any(|person| has(&self.persons[*person])) {
            return (allowed, "false PROPERTY_FOUND".into());
        }
        if let Some(fault) = fault {
            return (allowed, format!("unavailable {}", fault.kind.code().name()));
        }
        let all = |test: &dyn Fn(&Person) -> bool| {
            concerned.iter().any(|person| test(&self.persons[*person]))
        };
        // What goes on and has ended contradicts itself.
        let crooked = |person: &Person| {
            person
                .homes
                .iter()
                .any(|home| matches!(home.0, "current" | "advance") && home.1.is_some())
                || person
                    .contracts
                    .iter()
                    .any(|contract| contract.0 == "filed" && contract.1.is_some())
        };
        if all(&|person| {
            person.homes.iter().any(|home| home.0 == "pending") || crooked(person) || has(person)
        }) {
            return (allowed, "unavailable UNDETERMINED".into());
        }
        let ended = |one: &&(&str, Option<i32>)| matches!(one.0, "cancelled" | "transferred");
        if all(&|person| {
            person.homes.iter().chain(&person.contracts).filter(ended).any(|one| one.1.is_none())
        }) {
            return (allowed, "unavailable UNDATED".into());
        }
        if all(&|person| {
            person
                .homes
                .iter()
                .chain(&person.contracts)
                .filter(ended)
                .any(|one| one.1.is_some_and(|day| day >= AS_OF))
        }) {
            return (allowed, "unavailable HAND_OVER_GAP".into());
        }
        // Handed over long ago, and the other register has no title for it that ended after that
        // day.
        let lost = |person: &Person| {
            let handed = person
                .contracts
                .iter()
                .find(|contract| contract.0 == "transferred")
                .and_then(|contract| contract.1);
            handed.is_some_and(|day| {
                !person.homes.iter().any(|home| home.1.is_none_or(|ended| ended > day))
            })
        };
        if all(&lost) {
            return (allowed, "unavailable UNDETERMINED".into());
        }
        let known = |person: &usize| in_register(*person) && self.persons[*person].died.is_none();
        let covered = match variant {
            "applicant" => true,
            "couple" => known(&applicant),
            _ => known(&applicant) && living.iter().all(known),
        };
        (allowed, if covered { "true".into() } else { "unavailable OUTSIDE_COVERAGE".into() })
    }
}

#[derive(Clone, Copy, Debug)]
struct Fault {
    scan: &'static str,
    kind: FaultKind,
}

#[derive(Clone, Copy, Debug)]
enum FaultKind {
    Unreachable,
    Truncated,
    Stale,
    Unreadable,
    NullStatus,
}

impl FaultKind {
    fn is_unreadable(self) -> bool {
        matches!(self, Self::Unreadable | Self::NullStatus)
    }

    const ALL: [Self; 5] =
        [Self::Unreachable, Self::Truncated, Self::Stale, Self::Unreadable, Self::NullStatus];

    fn code(self) -> ErrorCode {
        match self {
            Self::Unreachable => ErrorCode::SourceUnreachable,
            Self::Truncated => ErrorCode::SourceTruncated,
            Self::Stale => ErrorCode::SourceStale,
            Self::Unreadable | Self::NullStatus => ErrorCode::SourceUnreadable,
        }
    }
}

/// Every registered department at once, for one request.
struct Departments<'a> {
    world: &'a World,
    fault: Option<Fault>,
    asked: Mutex<Vec<(String, Vec<usize>)>>,
}

impl World {
    /// An id with the person's birth date inside, where real ones have it.
    fn name(&self, person: usize) -> String {
        let born = chrono::NaiveDate::from_epoch_days(self.persons[person].born).unwrap();
        format!("330106{}{person:04}", born.format("%Y%m%d"))
    }
}

fn number(key: &str) -> usize {
    key[14..].parse().unwrap()
}

fn text(values: &[Option<String>]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

impl Departments<'_> {
    fn rows(
        &self,
        scan: &str,
        keys: &[usize],
        schema: arrow::datatypes::SchemaRef,
        null: bool,
    ) -> RecordBatch {
        let mut columns: Vec<Vec<Option<String>>> = Vec::new();
        let mut dates: BTreeMap<usize, Vec<Option<i32>>> = BTreeMap::new();
        let mut push = |row: Vec<Result<Option<String>, Option<i32>>>| {
            columns.resize(row.len(), Vec::new());
            for (at, cell) in row.into_iter().enumerate() {
                match cell {
                    Ok(text) => columns[at].push(text),
                    Err(date) => dates.entry(at).or_default().push(date),
                }
            }
        };
        let name = |person: usize| self.world.name(person);
        let some = |word: &str| Ok(Some(word.to_owned()));
        let status = |word: &str| Ok((!null).then(|| word.to_owned()));
        for key in keys {
            let person = &self.world.persons[*key];
            match scan {
                "marriage" | "spouse_marriage" => {
                    for at in &self.world.events_of[*key] {
                        let (man, woman, event, day) = self.world.events[*at];
                        push(vec![
                            some(&name(*key)),
                            some(&name(man)),
                            some(&name(woman)),
                            status(event),
                            Err(Some(day)),
                        ]);
                    }
                }
                "household" | "minor_household" => {
                    let own = person.registered.then_some(*key);
                    let children = self.world.children_of[*key]
                        .iter()
                        .copied()
                        .filter(|child| self.world.persons[*child].registered);
                    for at in own.into_iter().chain(children) {
                        let row = &self.world.persons[at];
                        let parent = |parent: Option<usize>| Ok(parent.map(name));
                        let word = if row.died.is_some() { "deceased" } else { "registered" };
                        let (father, mother) = (parent(row.father), parent(row.mother));
                        let mut stands = |died, word| {
                            let (father, mother) = (father.clone(), mother.clone());
                            push(vec![
                                some(&name(*key)),
                                some(&name(at)),
                                father,
                                mother,
                                Err(Some(row.born)),
                                Err(died),
                                status(word),
                            ]);
                        };
                        stands(row.died, word);
                        if let Some(status) = row.lives_on {
                            stands(None, status);
                        }
                    }
                }
                "ownership" => person.homes.iter().for_each(|(word, on)| {
                    push(vec![
                        some(&name(*key)),
                        status(word),
                        Err(*on),
                        Err(None),
                        some("12-3-201"),
                    ])
                }),
                _ => person.contracts.iter().for_each(|(word, on)| {
                    push(vec![
                        some(&name(*key)),
                        status(word),
                        Err(*on),
                        Err(None),
                        some("12-3-201"),
                    ])
                }),
            }
        }
        if columns.is_empty() {
            return RecordBatch::new_empty(schema);
        }
        let arrays = (0..schema.fields().len()).map(|at| match dates.get(&at) {
            Some(days) => Arc::new(Date32Array::from(days.clone())) as ArrayRef,
            None => text(&columns[at]),
        });
        RecordBatch::try_new(Arc::clone(&schema), arrays.collect()).unwrap()
    }
}

impl Dispatch for Departments<'_> {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        Box::pin(async move {
            let keys: Vec<usize> = call.keys.iter().map(|key| number(key)).collect();
            self.asked.lock().unwrap().push((call.name.to_owned(), keys.clone()));
            let dataset = call.scan.scan.dataset.clone();
            let fault = self.fault.filter(|fault| fault.scan == call.name).map(|fault| fault.kind);
            // Another request may run between the asking and the answer.
            tokio::task::yield_now().await;
            if let Some(kind @ (FaultKind::Unreachable | FaultKind::Truncated)) = fault {
                return Err(Incomplete { code: kind.code(), dataset });
            }
            let null = matches!(fault, Some(FaultKind::NullStatus));
            let rows = vec![self.rows(call.name, &keys, call.schema, null)];
            // Where nothing matched, a NULL cannot be delivered: the source finds the unreadable
            // row instead.
            let unreadable =
                matches!(fault, Some(FaultKind::Unreadable)) || (null && rows[0].num_rows() == 0);
            let findings = if unreadable {
                vec![Finding { kind: 1, count: 1, ..Finding::default() }]
            } else {
                Vec::new()
            };
            let noon = SystemTime::UNIX_EPOCH
                + Duration::from_secs(u64::try_from(TODAY).unwrap() * 86_400 + 43_200);
            let as_of = SystemTime::UNIX_EPOCH
                + Duration::from_secs(u64::try_from(AS_OF).unwrap() * 86_400 + 3600);
            let as_of = if matches!(fault, Some(FaultKind::Stale)) {
                as_of - Duration::from_secs(10 * 86_400)
            } else {
                as_of
            };
            let subjects = match dataset.as_str() {
                "civil.marriage" | "police.household" => {
                    Subjects::Stated("registered_in:police.household".into())
                }
                // Homes within the region, whoever owns them.
                _ => Subjects::Everyone,
            };
            let most_age = Duration::from_secs(5 * 86_400);
            Ok(ScanAnswer {
                rows,
                report: ScanReport {
                    dataset,
                    as_of,
                    now: noon,
                    most_age,
                    findings,
                    required_null: false,
                    subjects,
                    since: Some(-20_000),
                    older_carried_over: false,
                    numbers_carried_over: false,
                    moved_in_carried_over: true,
                    keeps_ended: true,
                    undated_before: None,
                },
            })
        })
    }
}

#[test]
fn a_row_that_the_sql_leaves_out_settles_nothing() {
    let runtime = crate::support::runtime();
    let judged = "from ownership\nunion all";
    // Left out; and left out behind a second verdict for another row, so that the numbers agree.
    let left_out = "from ownership where status <> 'current'\nunion all";
    let twice = format!(
        "{left_out}\nselect 'clear', '', 'ownership', row_number, null, null from ownership where \
         status <> 'current'\nunion all"
    );
    let born = ADULT - 4000;
    let owner = Person {
        registered: true,
        born,
        homes: vec![("current", None), ("cancelled", Some(AS_OF - 10))],
        ..Person::default()
    };
    let world = World {
        persons: vec![owner],
        events: Vec::new(),
        events_of: vec![Vec::new()],
        children_of: vec![Vec::new()],
    };
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    for careless in [left_out, &twice] {
        let check = runtime.block_on(prepared_from(|text| {
            assert!(text.contains(judged), "the definition has another shape now");
            text.replace(judged, careless)
        }));
        for variant in ["applicant", "couple", "family"] {
            let departments =
                Departments { world: &world, fault: None, asked: Mutex::new(Vec::new()) };
            let applicant = [world.name(0)];
            let run = check.run(&engine, &check.variants[variant], &applicant, TODAY, &departments);
            let answer = as_words(&runtime.block_on(run).unwrap().conclusion);
            assert_eq!(answer, "unavailable UNDETERMINED", "{variant}: {careless}");
        }
    }
}

#[test]
fn whoever_is_dead_in_one_row_and_alive_in_another_settles_nothing() {
    let runtime = crate::support::runtime();
    let check = runtime.block_on(prepared());
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let adult = Person { registered: true, born: ADULT - 4000, ..Person::default() };
    // The row of a place that somebody left says nothing of their life.
    for (lives_on, answer) in [
        (None, "true"),
        (Some("moved_out"), "true"),
        (Some("registered"), "unavailable UNDETERMINED"),
    ] {
        let spouse = Person {
            born: ADULT - 4001,
            died: Some(TODAY - 100),
            lives_on,
            homes: vec![("current", None)],
            ..adult.clone()
        };
        let world = World {
            persons: vec![adult.clone(), spouse],
            events: vec![(0, 1, "married", TODAY - 1000)],
            events_of: vec![vec![0], vec![0]],
            children_of: vec![Vec::new(), Vec::new()],
        };
        for variant in ["couple", "family"] {
            let departments =
                Departments { world: &world, fault: None, asked: Mutex::new(Vec::new()) };
            let applicant = [world.name(0)];
            let run = check.run(&engine, &check.variants[variant], &applicant, TODAY, &departments);
            assert_eq!(as_words(&runtime.block_on(run).unwrap().conclusion), answer, "{variant}");
        }
    }
}

#[test]
fn what_has_ended_on_a_day_to_come_settles_nothing() {
    let runtime = crate::support::runtime();
    let check = runtime.block_on(prepared());
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let far = chrono::NaiveDate::from_ymd_opt(9999, 12, 31).map(|day| day.to_epoch_days());
    for (on, answer) in [
        (Some(TODAY - 10), "true"),
        (Some(TODAY), "unavailable HAND_OVER_GAP"),
        (far, "unavailable SOURCE_UNREADABLE"),
    ] {
        let seller = Person {
            registered: true,
            born: ADULT - 4000,
            homes: vec![("cancelled", on)],
            ..Person::default()
        };
        let world = World {
            persons: vec![seller],
            events: Vec::new(),
            events_of: vec![Vec::new()],
            children_of: vec![Vec::new()],
        };
        let departments = Departments { world: &world, fault: None, asked: Mutex::new(Vec::new()) };
        let applicant = [world.name(0)];
        let run = check.run(&engine, &check.variants["couple"], &applicant, TODAY, &departments);
        assert_eq!(as_words(&runtime.block_on(run).unwrap().conclusion), answer, "{on:?}");
    }
}

#[test]
fn an_answer_is_as_fresh_as_the_check_asks() {
    let runtime = crate::support::runtime();
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let adult = Person { registered: true, born: ADULT - 4000, ..Person::default() };
    let world = World {
        persons: vec![adult],
        events: Vec::new(),
        events_of: vec![Vec::new()],
        children_of: vec![Vec::new()],
    };
    // The registers are a day and a half old, and their owners would let five days pass.
    for (most_age, answer) in [("48h", "true"), ("12h", "unavailable SOURCE_STALE")] {
        let fresh = |text: String| {
            text.replace("most_age = \"48h\"", &format!("most_age = \"{most_age}\""))
        };
        let check = runtime.block_on(prepared_from(fresh));
        let departments = Departments { world: &world, fault: None, asked: Mutex::new(Vec::new()) };
        let applicant = [world.name(0)];
        let run = check.run(&engine, &check.variants["family"], &applicant, TODAY, &departments);
        assert_eq!(as_words(&runtime.block_on(run).unwrap().conclusion), answer, "{most_age}");
    }
}

/// The first of so many requests, over a random world, that is answered otherwise than the oracle
/// says, or asks about somebody else.
pub fn wrong(check: &PreparedCheck, seed: u64, requests: usize) -> Option<String> {
    let runtime = crate::support::runtime();
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let (mut dice, world) = (Dice(seed), World::random(3000, &mut Dice(seed)));
    (0..requests).find_map(|_| {
        let (applicant, variant, fault) = World::request(&mut dice, world.persons.len());
        runtime.block_on(world.disagrees(check, &engine, applicant, variant, fault))
    })
}

impl World {
    fn request(dice: &mut Dice, persons: usize) -> (usize, &'static str, Option<Fault>) {
        let applicant = dice.below(persons);
        let variant = ["applicant", "couple", "family"][dice.below(3)];
        let fault = dice.one_in(10).then(|| Fault {
            scan: SCANS[dice.below(SCANS.len())],
            kind: FaultKind::ALL[dice.below(5)],
        });
        (applicant, variant, fault)
    }

    /// What the check makes of a request, if the oracle says otherwise.
    async fn disagrees(
        &self,
        check: &PreparedCheck,
        engine: &Engine,
        applicant: usize,
        variant: &str,
        fault: Option<Fault>,
    ) -> Option<String> {
        let (allowed, right) = self.oracle(applicant, variant, fault);
        let departments = Departments { world: self, fault, asked: Mutex::new(Vec::new()) };
        let result = check
            .run(engine, &check.variants[variant], &[self.name(applicant)], TODAY, &departments)
            .await;
        let answer =
            result.map_or_else(|error| format!("{error:?}"), |result| as_words(&result.conclusion));
        let request = format!("applicant {applicant}, {variant}, {fault:?}");
        if answer != right {
            return Some(format!("{request}: {answer} for {right}"));
        }
        let asked = departments.asked.into_inner().unwrap();
        asked.into_iter().find_map(|(scan, keys)| {
            let may = allowed.get(scan.as_str()).cloned().unwrap_or_default();
            (keys.iter().copied().collect::<BTreeSet<_>>() != may)
                .then(|| format!("{request}: {keys:?} sent to {scan} for {may:?}"))
        })
    }
}

#[test]
fn concurrent_requests_over_one_prepared_check_never_mix() {
    const TASKS: u64 = 32;
    const EACH: u64 = 6_500;
    let seed = std::env::var("ZEROTRIP_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_122);
    println!("seed {seed} (set ZEROTRIP_SEED to replay)");
    let runtime = crate::support::runtime();
    let check = Arc::new(runtime.block_on(prepared()));
    let engine =
        Engine::new(RuntimeEnvBuilder::new().with_memory_limit(64 << 20, 1.0).build_arc().unwrap());
    let world = Arc::new(World::random(3000, &mut Dice(seed)));
    let absences = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|lane| {
            let (check, engine, world, absences) =
                (Arc::clone(&check), engine.clone(), Arc::clone(&world), Arc::clone(&absences));
            runtime.spawn(async move {
                let mut dice = Dice(seed ^ (lane + 1).wrapping_mul(0x5851_f42d_4c95_7f2d));
                for _ in 0..EACH {
                    let (applicant, variant, fault) =
                        World::request(&mut dice, world.persons.len());
                    let wrong = world.disagrees(&check, &engine, applicant, variant, fault).await;
                    assert_eq!(wrong, None);
                    absences.fetch_add(
                        u64::from(world.oracle(applicant, variant, fault).1 == "true"),
                        Ordering::Relaxed,
                    );
                }
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    let absences = absences.load(Ordering::Relaxed);
    println!("{} answers, {absences} of them absences, none wrong", TASKS * EACH);
    assert!(
        absences > TASKS * EACH / 20,
        "too few absences for the test to mean anything: {absences}"
    );
}
