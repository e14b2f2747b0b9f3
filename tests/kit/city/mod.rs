//! An invented city: four departments with registers as untidy as real ones, and for every person
//! the right answer of the no-property check, worked out from the city itself and not from its
//! files.
//!
//! The same [`Spec`] gives the same bytes everywhere. Nobody in it is real: ids are valid but drawn
//! by lot.

pub mod births;
mod build;
mod cast;
pub mod civil_status;
pub mod contributions;
mod describe;
pub mod enterprises;
mod file;
pub mod fund;
pub mod graduates;
pub mod grants;
mod homes;
pub mod income_tax;
mod key;
pub mod licences;
pub mod medical;
mod model;
pub mod monthly;
mod people;
pub mod purchase;
mod random;
mod sheet;
mod spoil;
mod systems;
pub mod things;
pub mod truth;
pub mod vessels;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveTime, SubsecRound, TimeZone, Utc};
use serde::Serialize;
use zerotrip_datasets::ResidentId;

pub use key::{Answer, Outcome, Variant};
pub use systems::{Servers, System};

/// Fewest and most residents of a city.
pub const RESIDENTS: std::ops::RangeInclusive<usize> = 50..=2_000_000;

/// What makes a city what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Persons in its households, [`RESIDENTS`]; a twentieth more are migrants.
    pub residents: usize,
    /// The lot.
    pub seed: u64,
    /// The day asked, at UTC+8.
    pub today: NaiveDate,
    /// When the nightly extract of the ownership register began; before any other register is as
    /// it is read.
    pub extracted_at: DateTime<FixedOffset>,
    /// What the files' manifests state as their as-of, the extract's excepted.
    pub written_at: DateTime<FixedOffset>,
    /// What extract and manifests state instead, untruly.
    pub said: Option<DateTime<FixedOffset>>,
    /// Where the registers of the police, civil affairs, real estate and housing live.
    pub systems: [System; 4],
    /// Whether some rows of the registers beside those four cannot be read, name somebody else or
    /// are there twice.
    pub is_odd: bool,
}

/// Where they live unless somebody says otherwise.
pub const SYSTEMS: [System; 4] = [System::Sqlite, System::Csv, System::Sqlite, System::Csv];

/// The city as its key knows it.
#[derive(Clone, Debug)]
pub struct City {
    /// Everybody, migrants and spouses from elsewhere included, in the order in which they were
    /// made.
    pub ids: Vec<ResidentId>,
    /// The right answer for everybody in every variant.
    pub key: HashMap<(ResidentId, Variant), Answer>,
    /// By role.
    pub cast: BTreeMap<String, CastMember>,
    /// Rows by dataset.
    pub rows: BTreeMap<&'static str, usize>,
}

/// A person with a role in the demo and the tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CastMember {
    /// The id, 18 characters.
    pub applicant: String,
    /// The name.
    pub name: String,
    /// The variant to ask.
    pub variant: Variant,
    /// What is answered.
    #[serde(flatten)]
    pub answer: Answer,
}

/// Why there is no city.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// Too small or too big.
    #[error("a city of `{0}` residents can't be made: choose between {least} and {most}", least = RESIDENTS.start(), most = RESIDENTS.end())]
    Residents(usize),
    /// A file can't be written.
    #[error("can't write `{path}`: {source}; choose a folder where you may write and that has room", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A database can't be written.
    #[error("can't write the database `{path}`: {source}", path = path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A server can't be used.
    #[error("a register can't be put on its server: {0}")]
    Server(String),
    /// A CSV can't be written.
    #[error("can't write a row as CSV: {0}")]
    Csv(String),
    /// The lot fell so that a cast member can't be told apart.
    #[error("this seed makes two cast members too alike: choose another seed")]
    Unlucky,
    /// The cast's answers are not what the roles promise: a fault of this generator.
    #[error(
        "`{role}` should be answered {expected} but the key says {found}: the generator is at \
         fault, or the seed very unlucky"
    )]
    Cast {
        /// The role.
        role: &'static str,
        /// What the role promises.
        expected: String,
        /// What the key says.
        found: String,
    },
}

#[derive(Serialize)]
struct KeyLine<'a> {
    applicant: &'a str,
    variant: Variant,
    #[serde(flatten)]
    answer: Answer,
}

impl Spec {
    /// In a large city as few rows are spoilt as an owner's check lets pass; in a small one enough
    /// of each kind.
    fn spoilt(&self, per_mille: u64) -> u64 {
        match self.is_odd {
            false => 0,
            true if self.residents > 5_000 => per_mille / 15,
            true => per_mille,
        }
    }

    /// Of how many persons the registers have rows for each month: of a large city the first few,
    /// so that its registers are made in seconds.
    fn with_months(&self) -> usize {
        if self.residents > 5_000 { 1_500 } else { usize::MAX }
    }

    /// A city that is the same whenever it is made: the extract is of 00:30 on that day, the files
    /// of an hour later.
    pub fn on(residents: usize, seed: u64, today: NaiveDate) -> Self {
        let at = at_half_past_midnight(today);
        Self {
            residents,
            seed,
            today,
            extracted_at: at,
            written_at: at + Duration::hours(1),
            said: None,
            systems: SYSTEMS,
            is_odd: true,
        }
    }

    /// The city of that moment: the extract is last night's, the files are of the moment itself.
    /// Who runs servers gives the clock's time.
    pub fn at(residents: usize, seed: u64, now: DateTime<Utc>) -> Self {
        let now = now.trunc_subsecs(0).with_timezone(&china());
        let today = now.date_naive();
        let tonight = at_half_past_midnight(today);
        let extracted_at = if tonight < now { tonight } else { tonight - Duration::hours(1) };
        let (systems, written_at) = (SYSTEMS, now);
        Self { residents, seed, today, extracted_at, written_at, said: None, systems, is_odd: true }
    }

    /// The same city, whose extract began at that time of its day.
    pub fn extracted(self, time: NaiveTime) -> Self {
        let extracted_at = china()
            .from_local_datetime(&self.today.and_time(time))
            .single()
            .unwrap_or(self.extracted_at);
        Self { extracted_at, ..self }
    }

    /// The same city, whose extract and files say that they are of that moment: for a command that
    /// refuses old ones, and asks about nobody.
    pub fn dated(self, now: DateTime<Utc>) -> Self {
        Self { said: Some(now.trunc_subsecs(0).with_timezone(&china())), ..self }
    }

    /// What the extract, and what the files, say of when they were made.
    fn as_of(&self) -> [DateTime<FixedOffset>; 2] {
        [self.said.unwrap_or(self.extracted_at), self.said.unwrap_or(self.written_at)]
    }
}

/// The day of every city whose registers nobody is asked about by the clock: tests of one day are
/// the same on every other.
pub fn stated_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 22).unwrap_or_default()
}

impl City {
    /// How often each outcome and code occurs, for people: `unavailable OUTSIDE_COVERAGE
    /// civil.marriage` → 123.
    pub fn tally(&self) -> BTreeMap<(Variant, Answer), usize> {
        let mut tally = BTreeMap::new();
        for ((_, variant), answer) in &self.key {
            *tally.entry((*variant, *answer)).or_default() += 1;
        }
        tally
    }
}

/// Makes the city and writes it to `out`.
///
/// Written: `police/household`, `civil/marriage`, `estate/ownership` and `housing/presale`, each a
/// dataset file (`.toml`) and the register itself as its system has it, files with their manifest;
/// `answer-key.jsonl` and `cast.json`. What has these names is replaced.
pub fn generate(spec: &Spec, out: &Path) -> Result<City, CityError> {
    generate_telling(spec, out, &Servers::default(), &mut |_| {})
}

/// The same, with registers on these servers; `tell` hears of each stage as it begins.
pub fn generate_telling(
    spec: &Spec,
    out: &Path,
    servers: &Servers,
    tell: &mut dyn FnMut(&str),
) -> Result<City, CityError> {
    tell("making people and homes");
    let (registers, promises) = build_city(spec)?;
    tell("working out the answer key");
    let city = judge(spec, &registers, promises)?;
    tell("writing the registers");
    write::registers(&registers, spec, servers, out)?;
    tell("writing the answer key");
    write_key(&city, out)?;
    Ok(city)
}

/// The city and its key, without a file or a server.
pub fn imagine(spec: &Spec) -> Result<City, CityError> {
    imagine_asked(spec, spec.today)
}

/// The same registers with the key of another day, on which they are asked: midnight passes while a
/// test runs.
pub fn imagine_asked(spec: &Spec, asked: NaiveDate) -> Result<City, CityError> {
    let (registers, promises) = build_city(spec)?;
    judge(&Spec { today: asked, ..spec.clone() }, &registers, promises)
}

/// The day in China at that moment.
pub fn day_in_china(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&china()).date_naive()
}

fn build_city(spec: &Spec) -> Result<(model::Registers, Vec<cast::Promise>), CityError> {
    made(spec, true)
}

/// The same rows before anything happened to them. Spoiling comes last, so that it changes no lot
/// before it.
fn unspoilt(spec: &Spec) -> Result<(model::Registers, Vec<cast::Promise>), CityError> {
    made(spec, false)
}

fn made(spec: &Spec, spoilt: bool) -> Result<(model::Registers, Vec<cast::Promise>), CityError> {
    if !RESIDENTS.contains(&spec.residents) {
        return Err(CityError::Residents(spec.residents));
    }
    let mut city = build::Builder::new(spec.seed, spec.today);
    let promises = cast::invite(&mut city)?;
    city.write_household(0);
    let made = city.registers.persons.len();
    let spared = spoil::Spared {
        persons: city.registers.persons.iter().map(|person| person.id).collect(),
        household: city.registers.household.len(),
        marriage: city.registers.marriage.len(),
        ownership: city.registers.ownership.len(),
        presale: city.registers.presale.len(),
    };
    let families = people::populate(&mut city, spec.residents);
    city.write_household(made);
    homes::furnish(&mut city, &families);
    if !spoilt {
        return Ok((city.registers, promises));
    }
    spoil::spoil(&mut city, &spared, spec.residents);
    let [_, civil, _, housing] = spec.systems;
    let mut registers = city.registers;
    registers.marriage.retain(|row| row.ragged.is_none() || civil.has_ragged_rows());
    registers.presale.retain(|row| row.ragged.is_none() || housing.has_ragged_rows());
    Ok((registers, promises))
}

fn judge(
    spec: &Spec,
    registers: &model::Registers,
    promises: Vec<cast::Promise>,
) -> Result<City, CityError> {
    let judge = key::Judge::new(registers, spec.today, spec.extracted_at);
    let ids: Vec<ResidentId> = registers.persons.iter().map(|person| person.id).collect();
    let mut key = HashMap::with_capacity(ids.len() * Variant::ALL.len());
    for id in &ids {
        for variant in Variant::ALL {
            key.insert((*id, variant), judge.answer(*id, variant));
        }
    }
    let mut cast = BTreeMap::new();
    for promise in promises {
        let Some(person) = registers.persons.get(promise.person) else { continue };
        let found = judge.answer(person.id, promise.variant);
        if found != promise.answer {
            let (expected, found) = (cast::told(&promise.answer), cast::told(&found));
            return Err(CityError::Cast { role: promise.role, expected, found });
        }
        let member = CastMember {
            applicant: person.id.as_str().to_owned(),
            name: person.name.clone(),
            variant: promise.variant,
            answer: found,
        };
        cast.insert(promise.role.to_owned(), member);
    }
    let rows = BTreeMap::from([
        ("police.household", registers.household.len()),
        ("civil.marriage", registers.marriage.len()),
        ("estate.ownership", registers.ownership.len()),
        ("housing.presale", registers.presale.len()),
    ]);
    Ok(City { ids, key, cast, rows })
}

fn write_key(city: &City, out: &Path) -> Result<(), CityError> {
    let path = out.join("answer-key.jsonl");
    let unwritten =
        |source: serde_json::Error| CityError::Write { path: path.clone(), source: source.into() };
    let mut lines = Vec::new();
    for id in &city.ids {
        for variant in Variant::ALL {
            let Some(answer) = city.key.get(&(*id, variant)) else { continue };
            serde_json::to_writer(
                &mut lines,
                &KeyLine { applicant: id.as_str(), variant, answer: *answer },
            )
            .map_err(unwritten)?;
            lines.push(b'\n');
        }
    }
    let mut cast = serde_json::to_vec_pretty(&city.cast).map_err(unwritten)?;
    cast.push(b'\n');
    file::atomically(&path, &lines)?;
    file::atomically(&out.join("cast.json"), &cast)
}

fn china() -> FixedOffset {
    // 8 h is less than a day, so the other arm is never taken.
    FixedOffset::east_opt(8 * 3600)
        .unwrap_or_else(|| DateTime::<Utc>::UNIX_EPOCH.fixed_offset().timezone())
}

fn at_half_past_midnight(day: NaiveDate) -> DateTime<FixedOffset> {
    let time = day.and_time(NaiveTime::MIN) + Duration::minutes(30);
    china().from_local_datetime(&time).single().unwrap_or_else(|| time.and_utc().fixed_offset())
}

#[cfg(test)]
mod days;
#[cfg(test)]
mod tests;
