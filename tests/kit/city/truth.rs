//! What is true of everybody in the city, whatever years of typing have done to its registers: the
//! key's own rules over the rows as they were before they were spoilt. Against this, and not
//! against the key, an *unavailable* can be a pity.

use std::collections::{BTreeMap, HashMap, HashSet};

use zerotrip_datasets::ResidentId;

use super::key::{Answer, Judge, Outcome, Variant};
use super::model::{Field, HouseholdRow, MarriageRow, OwnershipRow, PresaleRow, Registers};
use super::{CityError, Spec, build_city, unspoilt};

/// What is true of a person and those who are asked about with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth {
    /// Whether there is a home; nothing where the rows, whole and readable, do not settle it:
    /// outside coverage, or in between registers.
    pub has_home: Option<bool>,
    /// Whether every row that names one of them is as it was.
    pub on_clean_rows: bool,
}

/// Answers that were counted against the truth.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// Questions.
    pub asked: usize,
    /// Of them: answered yes, and no.
    pub answered: (usize, usize),
    /// Yes for somebody who has a home: false certificates.
    pub false_yes: usize,
    /// No for somebody who has none.
    pub false_no: usize,
    /// Unavailable, by code and dataset.
    pub unavailable: BTreeMap<(String, String), Unavailable>,
}

/// How often an answer was unavailable for one reason.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unavailable {
    /// In all.
    pub all: usize,
    /// Though the truth is clear.
    pub clear: usize,
    /// Though the truth is clear, and stands on clean rows.
    pub clean: usize,
}

impl Figure {
    /// Counts an answer in the words of the answer key.
    pub fn count(&mut self, truth: Truth, (word, code, dataset): (&str, &str, &str)) {
        self.asked += 1;
        match word {
            "true" => {
                self.answered.0 += 1;
                self.false_yes += usize::from(truth.has_home == Some(true));
            }
            "false" => {
                self.answered.1 += 1;
                self.false_no += usize::from(truth.has_home == Some(false));
            }
            _ => {
                let counted =
                    self.unavailable.entry((code.to_owned(), dataset.to_owned())).or_default();
                counted.all += 1;
                counted.clear += usize::from(truth.has_home.is_some());
                counted.clean += usize::from(truth.has_home.is_some() && truth.on_clean_rows);
            }
        }
    }

    /// Unavailable though the truth was clear on clean rows: how many.
    pub fn clean(&self) -> usize {
        self.unavailable.values().map(|counted| counted.clean).sum()
    }

    /// For people.
    pub fn in_words(&self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a share of some thousands")]
        let share = |count: usize| 100.0 * count as f64 / self.asked.max(1) as f64;
        let (yes, no) = self.answered;
        let mut lines = vec![format!(
            "{} asked: {yes} yes ({} of them false), {no} no ({} of them false), {} unavailable",
            self.asked,
            self.false_yes,
            self.false_no,
            self.asked - yes - no
        )];
        lines.push(format!(
            "  {:<19} {:<18} {:>8} {:>14} {:>15}",
            "unavailable", "", "all", "truth clear", "on clean rows"
        ));
        for ((code, dataset), Unavailable { all, clear, clean }) in &self.unavailable {
            lines.push(format!(
                "  {code:<19} {dataset:<18} {all:>8} {clear:>14} {clean:>7} {:>6.3}%",
                share(*clean)
            ));
        }
        lines.push(format!(
            "  unavailable though the truth is clear on clean rows: {} ({:.3} %)",
            self.clean(),
            share(self.clean())
        ));
        lines.join("\n")
    }
}

/// The truth of everybody, in every variant.
pub fn truths(spec: &Spec) -> Result<HashMap<(ResidentId, Variant), Truth>, CityError> {
    let (whole, _) = unspoilt(spec)?;
    let (spoilt, _) = build_city(spec)?;
    let touched = touched(&whole, &spoilt);
    let judge = Judge::new(&whole, spec.today, spec.extracted_at).knowing();
    let related = related(&whole);
    let none = Vec::new();
    let mut truths = HashMap::new();
    for person in &whole.persons {
        for variant in Variant::ALL {
            let mut concerned = HashSet::from([person.id]);
            // Spouses and children, and theirs: more than are asked about, so that no row of theirs
            // is called clean that is not.
            for _ in 0..if variant == Variant::Applicant { 0 } else { 2 } {
                let next: Vec<ResidentId> = concerned
                    .iter()
                    .flat_map(|one| related.get(one).unwrap_or(&none))
                    .copied()
                    .collect();
                concerned.extend(next);
            }
            let has_home = match judge.answer(person.id, variant) {
                Answer { outcome: Outcome::Unavailable, .. } => None,
                // Of the dead nothing is asked.
                Answer { outcome: Outcome::False, code: "APPLICANT_DECEASED", .. } => None,
                Answer { outcome, .. } => Some(outcome == Outcome::False),
            };
            truths.insert(
                (person.id, variant),
                Truth { has_home, on_clean_rows: concerned.is_disjoint(&touched) },
            );
        }
    }
    Ok(truths)
}

/// Whom a row names, as it was.
trait Names {
    fn names(&self) -> Vec<ResidentId>;
    fn written(&self) -> Vec<Option<String>>;
}

fn named<const N: usize>(fields: [&Field<ResidentId>; N]) -> Vec<ResidentId> {
    fields.into_iter().filter_map(Field::get).collect()
}

impl Names for HouseholdRow {
    fn names(&self) -> Vec<ResidentId> {
        named([&self.resident, &self.father, &self.mother])
    }
    fn written(&self) -> Vec<Option<String>> {
        self.cells()
    }
}

impl Names for MarriageRow {
    fn names(&self) -> Vec<ResidentId> {
        named([&self.man, &self.woman])
    }
    fn written(&self) -> Vec<Option<String>> {
        self.cells()
    }
}

impl Names for OwnershipRow {
    fn names(&self) -> Vec<ResidentId> {
        named([&self.owner])
    }
    fn written(&self) -> Vec<Option<String>> {
        self.cells()
    }
}

impl Names for PresaleRow {
    fn names(&self) -> Vec<ResidentId> {
        named([&self.buyer])
    }
    fn written(&self) -> Vec<Option<String>> {
        self.cells()
    }
}

/// Everybody whom a row named that is not as it was.
pub(super) fn touched(whole: &Registers, spoilt: &Registers) -> HashSet<ResidentId> {
    fn of<R: Names>(whole: &[R], spoilt: &[R], into: &mut HashSet<ResidentId>) {
        for (was, is) in whole.iter().zip(spoilt) {
            if was.written() != is.written() {
                into.extend(was.names());
            }
        }
    }
    let mut found = HashSet::new();
    of(&whole.household, &spoilt.household, &mut found);
    of(&whole.marriage, &spoilt.marriage, &mut found);
    of(&whole.ownership, &spoilt.ownership, &mut found);
    of(&whole.presale, &spoilt.presale, &mut found);
    found
}

/// Everybody who stands beside a person in a row of the household or marriage register.
fn related(whole: &Registers) -> HashMap<ResidentId, Vec<ResidentId>> {
    let rows =
        whole.household.iter().map(Names::names).chain(whole.marriage.iter().map(Names::names));
    let mut related: HashMap<ResidentId, Vec<ResidentId>> = HashMap::new();
    for names in rows {
        for name in &names {
            related.entry(*name).or_default().extend(names.iter().filter(|other| *other != name));
        }
    }
    related
}
