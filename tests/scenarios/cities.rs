//! Cities in which everybody is asked about, in every variant of a check: what is answered is held
//! against what the city was made of.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, SystemTime};

use zerotrip_certificates::{Fact, FactValue};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::{self, City, Spec, System, stated_day};
use zerotrip_tests::inquiry::{Asker, Registers};

use crate::support::runtime;

/// A check over the registers of a city, and how often each answer came.
pub struct Asked<'a> {
    asker: &'a Asker,
    registers: &'a Registers,
    runtime: &'a tokio::runtime::Runtime,
    counted: &'a mut BTreeMap<String, usize>,
}

/// Outcome and code of an answer, and the values that it tells, by name.
pub type Said = (&'static str, String, Vec<(String, String)>);

impl Asked<'_> {
    /// Asks about a person.
    pub fn ask(&mut self, id: &ResidentId, variant: &str) -> Said {
        let asking = self.asker.answer(self.registers, id, variant);
        let ((word, code, dataset), facts) = self.runtime.block_on(asking).unwrap();
        let line = format!("{variant} {word} {code} {dataset}").trim_end().to_owned();
        *self.counted.entry(line).or_default() += 1;
        let facts = facts.iter().map(told).collect();
        (word, code, facts)
    }
}

fn told(fact: &Fact) -> (String, String) {
    let value = fact.value.as_ref().map(FactValue::to_text).unwrap_or_default();
    (fact.terms.name.clone(), value)
}

/// Values by name, as they are expected.
pub fn values<const N: usize>(values: [(&str, String); N]) -> Vec<(String, String)> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Where a register of a city lives: another in each city, and another for each register of it.
pub fn system(spec: &Spec, register: u64) -> System {
    let systems = [System::Csv, System::Sqlite, System::Xlsx, System::Dbf];
    systems[usize::try_from((spec.seed + register) % 4).unwrap()]
}

/// Makes cities, writes more registers beside theirs, and asks about everybody of whom something is
/// true; returns how often each answer came. A longer mode takes more cities.
pub fn each_city<T>(
    check: &str,
    first_seed: u64,
    write: impl Fn(&Spec, &City, &Path) -> HashMap<ResidentId, T>,
    mut of: impl FnMut(&mut Asked<'_>, &Spec, &ResidentId, &T),
) -> BTreeMap<String, usize> {
    let more: u64 = std::env::var("ZEROTRIP_CITIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let runtime = runtime();
    let mut counted = BTreeMap::new();
    for seed in first_seed..first_seed + more {
        let folder = tempfile::tempdir().unwrap();
        let spec = Spec::on(200, seed, stated_day());
        let city = city::generate(&spec, folder.path()).unwrap();
        let truth = write(&spec, &city, folder.path());
        let asker = runtime.block_on(Asker::of(folder.path(), check)).unwrap();
        let state = tempfile::tempdir().unwrap();
        let now = SystemTime::from(spec.written_at) + Duration::from_secs(3600);
        let registers = asker.open(folder.path(), state.path(), now, spec.today).unwrap();
        let mut asked = Asked {
            asker: &asker,
            registers: &registers,
            runtime: &runtime,
            counted: &mut counted,
        };
        for (id, one) in &truth {
            of(&mut asked, &spec, id, one);
        }
    }
    println!("{counted:#?}");
    counted
}

/// Each of these answers came, in some city.
pub fn came(counted: &BTreeMap<String, usize>, variant: &str, answers: &[&str]) {
    for answer in answers {
        let line = format!("{variant} {answer}");
        assert!(counted.keys().any(|said| said.starts_with(&line)), "{line}: {counted:#?}");
    }
}
