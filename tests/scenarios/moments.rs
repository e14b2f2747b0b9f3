//! Registers that are read at different moments, while homes, contracts and marriages end and
//! become something else in between: whatever happened when, a proof of absence comes out only if
//! at one moment, the earliest at which a register was read, nobody who was of the family then had
//! anything. The world here is a history, of which each register shows what it knew when it was
//! read.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use chrono::{Days, Months, NaiveDate, TimeDelta};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use zerotrip_checks::soundness::{Incomplete, ScanReport, Subjects};
use zerotrip_hub::engine::run::Engine;
use zerotrip_hub::engine::{Dispatch, PreparedCheck, ScanAnswer, ScanCall};
use zerotrip_proto::bounds::CLOCK_SKEW;

use crate::support::{Dice, as_words, prepared, prepared_without};

/// Minutes since the first midnight, in China, of a history of ten days; it is asked about early on
/// the last of them, so that a whole day can lie between one register and the others.
type Minute = i64;
const DAY: Minute = 24 * 60;
const NOW: Minute = 9 * DAY + 2 * 60;
/// What is read is at most this old; the definition would let two days pass.
const MOST_AGE: Minute = 47 * 60;
const FIRST_DAY: (i32, u32, u32) = (2026, 3, 2);
const SCANS: [&str; 4] = ["marriage", "household", "ownership", "presale"];
const APPLICANT: usize = 0;
/// The applicant, two with whom there were marriages, and three children of any of them.
const PERSONS: usize = 6;

/// Which register a scan asks: two are asked twice.
pub fn register(scan: &str) -> &str {
    match scan {
        "spouse_marriage" => "marriage",
        "minor_household" => "household",
        other => other,
    }
}

fn day(minute: Minute) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(FIRST_DAY.0, FIRST_DAY.1, FIRST_DAY.2).unwrap();
    first + TimeDelta::days(minute.div_euclid(DAY))
}

fn moment(minute: Minute) -> SystemTime {
    let midnight = u64::from(day(0).to_epoch_days().unsigned_abs()) * 86_400 - 8 * 3600;
    SystemTime::UNIX_EPOCH + Duration::from_secs(midnight + u64::try_from(minute).unwrap() * 60)
}

/// Something that somebody has in one of two registers, from some time on, until it ends.
#[derive(Debug)]
struct Holding {
    scan: &'static str,
    owner: usize,
    from: Minute,
    until: Option<Minute>,
    /// Whether it became a title of the same person's.
    handed_over: bool,
    dated: bool,
    /// What its register says of its end in the place of the date.
    misdated: Option<NaiveDate>,
    /// Which home it is.
    unit: usize,
}

#[derive(Debug)]
struct History {
    born: [NaiveDate; PERSONS],
    died: [Option<Minute>; PERSONS],
    parents: [Option<usize>; PERSONS],
    /// Whom the applicant married or divorced, and when.
    events: Vec<(usize, &'static str, Minute)>,
    holdings: Vec<Holding>,
    /// As of when each register is whole, and until when what it shows may have changed: a server
    /// is asked now, and what is new in it may be found with its next pass only.
    read: BTreeMap<&'static str, (Minute, Minute)>,
    /// Registers from which what has ended is removed.
    forgetful: BTreeSet<&'static str>,
    /// Who got another number, and when: what was entered before is under the former one.
    renumbered: [Option<Minute>; PERSONS],
    /// Registers that brought what was under former numbers under the present ones.
    numbers_carried_over: BTreeSet<&'static str>,
    /// Registers that began during the history, and when; and of these, those that took over what
    /// was in force.
    began: BTreeMap<&'static str, Minute>,
    older_carried_over: BTreeSet<&'static str>,
    /// With whom the marriage was made elsewhere, and whether the register knows of what is made
    /// elsewhere.
    elsewhere: BTreeSet<usize>,
    anywhere: bool,
    /// What stands in the place of the dates of the marriage register, and of deaths.
    misdated: [Option<NaiveDate>; 2],
}

impl History {
    fn random(dice: &mut Dice) -> Self {
        let sometime = |dice: &mut Dice, from: Minute| {
            from + 1 + i64::try_from(dice.below(usize::try_from(NOW - from).unwrap())).unwrap()
        };
        let adult = NaiveDate::from_ymd_opt(1980, 5, 6).unwrap();
        let mut born = [adult; PERSONS];
        let mut parents = [None; PERSONS];
        for child in 3..PERSONS {
            // Eighteen within these days, or not for long.
            let birthday = Days::new(u64::try_from(dice.below(14)).unwrap());
            born[child] = if dice.one_in(2) {
                day(0) - Months::new(18 * 12) + birthday
            } else {
                day(0) - Months::new(10 * 12)
            };
            parents[child] = Some(dice.below(3));
        }
        let mut died = [None; PERSONS];
        for death in died.iter_mut().skip(1) {
            *death = dice.one_in(6).then(|| sometime(dice, 0));
        }
        let mut events = Vec::new();
        for (other, death) in died.iter().enumerate().skip(1).take(2) {
            let mut when = 0;
            for what in
                ["married", "divorced", "remarried", "annulled"].into_iter().take(dice.below(5))
            {
                if when >= NOW {
                    break;
                }
                when = sometime(dice, when);
                // The dead do not marry, nor part.
                if death.is_some_and(|death| death <= when) {
                    break;
                }
                events.push((other, what, when));
            }
        }
        // What systems write where there is no date, and days on which it cannot have been.
        let misdated = |dice: &mut Dice| {
            let days = [
                (1900, 1, 1),
                (1899, 12, 30),
                (1970, 1, 1),
                (1980, 1, 1),
                (1800, 1, 1),
                (1914, 6, 28),
                (1979, 9, 9),
                (9999, 12, 31),
                (2031, 5, 5),
            ];
            let (year, month, of_month) = days[dice.below(days.len())];
            dice.one_in(25).then(|| NaiveDate::from_ymd_opt(year, month, of_month).unwrap())
        };
        let mut holdings = Vec::new();
        for unit in 0..dice.below(3) {
            let mut holding = (["ownership", "presale"][dice.below(2)], dice.below(PERSONS), -DAY);
            loop {
                let (scan, owner, from) = holding;
                // A few adults' are of long ago.
                let until = if from < 0 && owner < 3 && dice.one_in(6) {
                    -15_000 * DAY
                } else {
                    sometime(dice, from.max(0))
                };
                // Sold to somebody else; or somebody of these has it now, in this register or the
                // other.
                let passed_on = until > 0 && until < NOW && dice.one_in(3);
                let next = passed_on
                    .then(|| (["ownership", "presale"][dice.below(2)], dice.below(PERSONS), until));
                let handed_over = scan == "presale"
                    && next.is_some_and(|(to, whose, _)| to == "ownership" && whose == owner);
                let until = (next.is_some() || !dice.one_in(8)).then_some(until);
                let from = from.min(until.unwrap_or(from));
                let (dated, misdated) = (!dice.one_in(12), misdated(dice));
                holdings.push(Holding {
                    scan,
                    owner,
                    from,
                    until,
                    handed_over,
                    dated,
                    misdated,
                    unit,
                });
                match next {
                    Some(next) => holding = next,
                    None => break,
                }
            }
        }
        let read = SCANS.map(|scan| {
            let as_of =
                NOW - i64::try_from(dice.below(usize::try_from(MOST_AGE).unwrap())).unwrap();
            let shown = if dice.one_in(2) {
                as_of
            } else {
                as_of
                    + i64::try_from(dice.below(usize::try_from(NOW - as_of + 1).unwrap())).unwrap()
            };
            (scan, (as_of, shown))
        });
        let forgetful = SCANS.into_iter().filter(|_| dice.one_in(12)).collect();
        let mut renumbered = [None; PERSONS];
        for number in &mut renumbered {
            *number = dice.one_in(25).then(|| sometime(dice, 0));
        }
        let some = |dice: &mut Dice, odds: usize| {
            SCANS.into_iter().filter(|_| !dice.one_in(odds)).collect::<BTreeSet<_>>()
        };
        let numbers_carried_over = some(dice, 4);
        let mut began = BTreeMap::new();
        for scan in SCANS.into_iter().filter(|_| dice.one_in(25)).collect::<Vec<_>>() {
            began.insert(scan, i64::try_from(dice.below(9)).unwrap() * DAY);
        }
        let older_carried_over = some(dice, 2);
        let elsewhere = (1..3).filter(|_| dice.one_in(12)).collect();
        let (anywhere, misdated) = (!dice.one_in(8), [misdated(dice), misdated(dice)]);
        let read = BTreeMap::from(read);
        let knows = (numbers_carried_over, older_carried_over);
        Self {
            born,
            died,
            parents,
            events,
            holdings,
            read,
            forgetful,
            renumbered,
            numbers_carried_over: knows.0,
            began,
            older_carried_over: knows.1,
            elsewhere,
            anywhere,
            misdated,
        }
    }

    /// Spouses at that time, and whom an answer must ask about beside the applicant.
    fn family(&self, variant: &str, at: Minute) -> BTreeSet<usize> {
        let dead = |person: usize| self.died[person].is_some_and(|death| death <= at);
        let married = |other: &usize| {
            let last = self
                .events
                .iter()
                .filter(|(whom, _, when)| whom == other && *when <= at)
                .max_by_key(|(.., when)| *when);
            last.is_some_and(|(_, what, _)| matches!(*what, "married" | "remarried"))
        };
        let spouses: BTreeSet<usize> = (1..3).filter(married).collect();
        let mut family = BTreeSet::from([APPLICANT]);
        if variant != "applicant" {
            family.extend(spouses.iter().filter(|spouse| !dead(**spouse)));
        }
        if variant == "family" {
            let theirs = |child: &usize| {
                self.parents[*child]
                    .is_some_and(|parent| parent == APPLICANT || spouses.contains(&parent))
            };
            let minor = |child: &usize| self.of_age(*child) > day(at);
            family.extend((3..PERSONS).filter(theirs).filter(minor).filter(|child| !dead(*child)));
        }
        family
    }

    fn of_age(&self, child: usize) -> NaiveDate {
        self.born[child] + Months::new(18 * 12)
    }

    /// Which registers the variant reads.
    fn scans(variant: &str) -> &'static [&'static str] {
        if variant == "applicant" { &SCANS[2..] } else { &SCANS }
    }

    /// The earliest time at which one of them was read.
    fn first_read(&self, variant: &str) -> Minute {
        Self::scans(variant).iter().map(|scan| self.read[scan].0).min().unwrap()
    }

    fn has_something(&self, persons: &BTreeSet<usize>, at: Minute) -> bool {
        let there =
            |holding: &&Holding| holding.from <= at && holding.until.is_none_or(|until| until > at);
        self.holdings.iter().filter(there).any(|holding| persons.contains(&holding.owner))
    }

    /// Whether everything that ended did so on a day that was over when the first register was
    /// read, and nothing of it is forgotten.
    fn is_settled(&self, variant: &str) -> bool {
        let first = self.first_read(variant);
        let over = |ended: Minute| {
            (ended / DAY + 1) * DAY + i64::try_from(CLOCK_SKEW.as_secs()).unwrap() / 60 <= first
        };
        let came_of_age =
            |child: usize| self.of_age(child) > day(NOW) || self.of_age(child) < day(first - 1);
        let relations = variant == "applicant"
            || self
                .died
                .iter()
                .flatten()
                .chain(self.events.iter().map(|(.., when)| when))
                .all(|when| over(*when))
                && (variant != "family" || (3..PERSONS).all(came_of_age));
        let holdings =
            self.holdings.iter().filter_map(|holding| Some((holding.until?, holding.dated)));
        let relations = relations
            && (variant == "applicant"
                || (self.anywhere && self.misdated.iter().all(Option::is_none)));
        let known = self.renumbered.iter().all(Option::is_none) && self.began.is_empty();
        let dates = self.holdings.iter().all(|holding| holding.misdated.is_none());
        relations
            && known
            && dates
            && holdings.into_iter().all(|(until, dated)| over(until) && dated)
            && self.forgetful.is_empty()
    }

    /// Whether the register shows something of that time, as far as its own beginning matters.
    fn reaches(&self, scan: &str, until: Option<Minute>, from: Minute) -> bool {
        let carried = self.older_carried_over.contains(scan);
        self.began.get(scan).is_none_or(|began| {
            from >= *began || carried && until.is_none_or(|until| until >= *began)
        })
    }

    /// The day that a register's owner states as its first.
    fn since(&self, scan: &str) -> i32 {
        self.began.get(scan).map_or(-20_000, |began| day(*began).to_epoch_days())
    }

    /// The number under which something of that time is in the register.
    fn number(&self, scan: &str, person: usize, entered: Minute) -> String {
        match self.renumbered[person] {
            Some(since) if entered < since && !self.numbers_carried_over.contains(scan) => {
                format!("H0{person:08}")
            }
            _ => self.name(person),
        }
    }

    /// A true word of the owner's, or none.
    fn undated_before(&self, scan: &str) -> Option<i32> {
        let undated = self.holdings.iter().filter(|holding| holding.scan == scan && !holding.dated);
        let last = undated.filter_map(|holding| holding.until).max()?;
        (last % 3 > 0).then(|| day(last).to_epoch_days() + 1)
    }

    fn name(&self, person: usize) -> String {
        let division = if self.renumbered[person].is_some() { "810000" } else { "330106" };
        format!("{division}{}{person:04}", self.born[person].format("%Y%m%d"))
    }

    /// The rows that the register showed when it was read, of these persons: by column.
    fn rows(&self, scan: &str, keys: &BTreeSet<String>) -> Vec<BTreeMap<&'static str, Cell>> {
        let (as_of, shown) = self.read[scan];
        let is_seen =
            |happened: Minute| happened <= as_of || happened <= shown && happened % 2 == 0;
        let forgets = self.forgetful.contains(scan);
        let mut rows = Vec::new();
        let mut push = |keyed: &'static str,
                        about: &[Option<usize>],
                        entered: Minute,
                        cells: Vec<(&'static str, Cell)>| {
            let named: BTreeSet<String> =
                about.iter().flatten().map(|person| self.number(scan, *person, entered)).collect();
            for key in named.intersection(keys) {
                rows.push(cells.iter().cloned().chain([(keyed, Cell::text(key))]).collect());
            }
        };
        match scan {
            "marriage" => {
                let here = |other: &usize| self.anywhere || !self.elsewhere.contains(other);
                let shown = self.events.iter().filter(|(other, _, when)| {
                    is_seen(*when) && here(other) && self.reaches(scan, None, *when)
                });
                for (other, what, when) in shown {
                    let undone = self.events.iter().any(|(whom, what, later)| {
                        whom == other
                            && matches!(*what, "divorced" | "annulled")
                            && later >= when
                            && is_seen(*later)
                    });
                    if !(forgets && undone) {
                        let (man, woman) =
                            (self.number(scan, APPLICANT, *when), self.number(scan, *other, *when));
                        // The last of them is the one that is misdated: it decides.
                        let last = self
                            .events
                            .iter()
                            .all(|(whom, _, later)| whom != other || later <= when);
                        let date =
                            Cell::Date(self.misdated[0].filter(|_| last).or(Some(day(*when))));
                        let cells = [
                            ("man_id", Cell::text(&man)),
                            ("woman_id", Cell::text(&woman)),
                            ("event", Cell::text(what)),
                        ];
                        push(
                            "party",
                            &[Some(APPLICANT), Some(*other)],
                            *when,
                            cells.into_iter().chain([("event_date", date)]).collect(),
                        );
                    }
                }
            }
            "household" => {
                for person in 0..PERSONS {
                    let death = self.died[person].filter(|death| is_seen(*death));
                    if forgets && death.is_some() || !self.reaches(scan, death, -DAY) {
                        continue;
                    }
                    let parent = self.parents[person];
                    let date = death.map(|death| self.misdated[1].unwrap_or(day(death)));
                    let cells = vec![
                        ("resident_id", Cell::text(&self.number(scan, person, -DAY))),
                        (
                            "father_id",
                            Cell::Text(parent.map(|parent| self.number(scan, parent, -DAY))),
                        ),
                        ("mother_id", Cell::Text(None)),
                        ("birth_date", Cell::Date(Some(self.born[person]))),
                        ("death_date", Cell::Date(date)),
                        (
                            "status",
                            Cell::text(if death.is_some() { "deceased" } else { "registered" }),
                        ),
                    ];
                    push("kin", &[Some(person), parent], -DAY, cells);
                }
            }
            _ => {
                let (keyed, words) = if scan == "ownership" {
                    ("owner", ["current", "cancelled"])
                } else {
                    ("buyer", ["filed", "cancelled"])
                };
                let here = |holding: &&Holding| {
                    holding.scan == scan && self.reaches(scan, holding.until, holding.from)
                };
                for holding in
                    self.holdings.iter().filter(here).filter(|holding| is_seen(holding.from))
                {
                    let ended = holding.until.filter(|until| is_seen(*until));
                    let word = match ended {
                        Some(_) if forgets => continue,
                        Some(_) if holding.handed_over => "transferred",
                        Some(_) => words[1],
                        None => words[0],
                    };
                    let date = ended
                        .filter(|_| holding.dated)
                        .map(|ended| holding.misdated.unwrap_or(day(ended)));
                    let unit = Cell::text(&format!("H-1203-{}", holding.unit));
                    let began = if scan == "ownership" { "registered_on" } else { "signed_on" };
                    let began = (began, Cell::Date(Some(day(holding.from))));
                    let cells = vec![
                        ("status", Cell::text(word)),
                        ("ended_on", Cell::Date(date)),
                        began,
                        ("unit_no", unit),
                    ];
                    push(keyed, &[Some(holding.owner)], holding.from, cells);
                }
            }
        }
        rows
    }
}

#[derive(Clone)]
pub enum Cell {
    Text(Option<String>),
    Date(Option<NaiveDate>),
}

impl Cell {
    pub fn text(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

pub fn batch(schema: SchemaRef, rows: &[BTreeMap<&'static str, Cell>]) -> RecordBatch {
    let column = |name: &str, kind: &DataType| -> ArrayRef {
        // What is not said is NULL.
        let cells = rows.iter().map(|row| row.get(name));
        match kind {
            DataType::Date32 => Arc::new(Date32Array::from_iter(cells.map(|cell| match cell {
                Some(Cell::Date(date)) => date.map(|date| date.to_epoch_days()),
                Some(Cell::Text(_)) => panic!("{name} is no date"),
                None => None,
            }))),
            _ => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                Some(Cell::Text(text)) => text.clone(),
                Some(Cell::Date(_)) => panic!("{name} is no text"),
                None => None,
            }))),
        }
    };
    let columns =
        schema.fields().iter().map(|field| column(field.name(), field.data_type())).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

impl Dispatch for History {
    fn scan<'a>(
        &'a self,
        call: ScanCall<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<ScanAnswer, Incomplete>> + Send + 'a>> {
        let register = register(call.name);
        let rows = self.rows(register, &call.keys.iter().cloned().collect());
        let rows = if rows.is_empty() { Vec::new() } else { vec![batch(call.schema, &rows)] };
        let report = ScanReport {
            dataset: call.scan.scan.dataset.clone(),
            as_of: moment(self.read[register].0),
            now: moment(NOW),
            most_age: Duration::from_secs(5 * 86_400),
            findings: Vec::new(),
            required_null: false,
            subjects: match register {
                "marriage" if !self.anywhere => Subjects::Everyone,
                "marriage" | "household" => Subjects::EveryoneAnywhere,
                _ => Subjects::Everyone,
            },
            since: Some(self.since(register)),
            older_carried_over: self.older_carried_over.contains(register),
            numbers_carried_over: self.numbers_carried_over.contains(register),
            moved_in_carried_over: false,
            keeps_ended: !self.forgetful.contains(register),
            undated_before: self.undated_before(register),
        };
        Box::pin(std::future::ready(Ok(ScanAnswer { rows, report })))
    }
}

/// The first of so many histories that is answered wrongly.
pub fn wrong(check: &PreparedCheck, seed: u64, histories: usize) -> Option<String> {
    let runtime = crate::support::runtime();
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let mut dice = Dice(seed);
    (0..histories).find_map(|_| {
        let (history, variant) =
            (History::random(&mut dice), ["applicant", "couple", "family"][dice.below(3)]);
        runtime.block_on(history.asked(check, &engine, variant)).wrong
    })
}

/// What a history was answered.
struct Asked {
    is_absence: bool,
    /// Whether somebody of the family had something.
    something: bool,
    wrong: Option<String>,
}

impl History {
    async fn asked(&self, check: &PreparedCheck, engine: &Engine, variant: &str) -> Asked {
        let first = self.first_read(variant);
        let family = self.family(variant, first);
        let applicant = [self.name(APPLICANT)];
        let run = check
            .run(engine, &check.variants[variant], &applicant, day(NOW).to_epoch_days(), self)
            .await;
        let answer = run.map_or_else(|error| format!("{error:?}"), |run| as_words(&run.conclusion));
        let something = self.has_something(&family, first);
        let is_absence = answer == "true";
        let needless = !is_absence
            && self.is_settled(variant)
            && !something
            && !self.has_something(&(0..PERSONS).collect(), NOW);
        let wrong = if is_absence && something {
            Some(format!("{variant}: a home at {first}, of {family:?}: {self:?}"))
        } else {
            needless.then(|| format!("{variant}: {answer}: {self:?}"))
        };
        Asked { is_absence, something, wrong }
    }
}

#[test]
fn an_absence_holds_at_one_moment_whatever_happened_when() {
    const HISTORIES: usize = 60_000;
    let seed = std::env::var("ZEROTRIP_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_122);
    println!("seed {seed} (set ZEROTRIP_SEED to replay)");
    let runtime = crate::support::runtime();
    // With units, and with registers that do not state them.
    let checks = runtime.block_on(async { [prepared().await, prepared_without("unit_no").await] });
    let engine = Engine::new(RuntimeEnvBuilder::new().build_arc().unwrap());
    let mut dice = Dice(seed);
    let (mut absences, mut moved) = (0, 0);
    for number in 0..HISTORIES {
        let history = History::random(&mut dice);
        let (variant, check) =
            (["applicant", "couple", "family"][dice.below(3)], &checks[dice.below(2)]);
        let asked = runtime.block_on(history.asked(check, &engine, variant));
        assert_eq!(asked.wrong, None, "history {number}");
        absences += usize::from(asked.is_absence);
        moved += usize::from(
            asked.something && !history.has_something(&history.family(variant, NOW), NOW),
        );
    }
    println!(
        "{HISTORIES} histories, {absences} absences, {moved} in which what there was is gone since"
    );
    assert!(
        absences > HISTORIES / 10 && moved > HISTORIES / 20,
        "too few for the test to mean anything: {absences}, {moved}"
    );
}
