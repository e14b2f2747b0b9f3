//! Who is married, and who is registered, by what the city was made of: rows as they were before
//! they were spoilt, read by the law and by nothing of the check's own rules.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use zerotrip_datasets::ResidentId;

use super::model::{Event, Residence};
use super::truth::touched;
use super::{CityError, Spec, build_city, unspoilt};

/// What is true of one person on the city's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CivilStatus {
    /// The wedding days of the marriages that are in force: not divorced or annulled since, and
    /// both live.
    pub married_since: Vec<NaiveDate>,
    /// What the marriage register should have of them: each day, and whether it was a wedding.
    pub events: Vec<(NaiveDate, bool)>,
    /// Whether the household register has the person, and how.
    pub registered: bool,
    /// Whether the person is dead.
    pub is_dead: bool,
    /// As the household register should have it.
    pub birth: NaiveDate,
    /// Whether every row that names the person, or whoever stands beside them in a row, is as it
    /// was.
    pub on_clean_rows: bool,
}

/// The truth of everybody.
pub fn civil_statuses(spec: &Spec) -> Result<HashMap<ResidentId, CivilStatus>, CityError> {
    let (whole, _) = unspoilt(spec)?;
    let (spoilt, _) = build_city(spec)?;
    let touched = touched(&whole, &spoilt);
    let dead: HashSet<ResidentId> = whole
        .persons
        .iter()
        .filter(|person| person.death.is_some_and(|day| day <= spec.today))
        .map(|person| person.id)
        .collect();
    // By couple: what happened, by day.
    let mut couples: BTreeMap<(ResidentId, ResidentId), Vec<(NaiveDate, Event)>> = BTreeMap::new();
    for row in &whole.marriage {
        let (Some(man), Some(woman), Some(event), Some(day)) =
            (row.man.get(), row.woman.get(), row.event.get(), row.date.get())
        else {
            continue;
        };
        couples.entry((man, woman)).or_default().push((day, event));
    }
    let mut beside: HashMap<ResidentId, HashSet<ResidentId>> = HashMap::new();
    let mut since: HashMap<ResidentId, Vec<NaiveDate>> = HashMap::new();
    let mut happened: HashMap<ResidentId, Vec<(NaiveDate, bool)>> = HashMap::new();
    for ((man, woman), mut events) in couples {
        beside.entry(man).or_default().insert(woman);
        beside.entry(woman).or_default().insert(man);
        events.sort_by_key(|(day, _)| *day);
        let is_wedding = |event: &Event| matches!(event, Event::Married | Event::Remarried);
        for party in [man, woman] {
            let theirs = events.iter().map(|(day, event)| (*day, is_wedding(event)));
            happened.entry(party).or_default().extend(theirs);
        }
        let in_force = events.last().filter(|(_, event)| {
            matches!(event, Event::Married | Event::Remarried)
                && !dead.contains(&man)
                && !dead.contains(&woman)
        });
        if let Some((day, _)) = in_force {
            since.entry(man).or_default().push(*day);
            since.entry(woman).or_default().push(*day);
        }
    }
    let mut statuses = HashMap::new();
    for person in &whole.persons {
        let none = HashSet::new();
        let others = beside.get(&person.id).unwrap_or(&none);
        let clean = |id: &ResidentId| !touched.contains(id);
        let clean_beside = others
            .iter()
            .all(|other| clean(other) && beside.get(other).unwrap_or(&none).iter().all(clean));
        statuses.insert(
            person.id,
            CivilStatus {
                married_since: since.remove(&person.id).unwrap_or_default(),
                events: happened.remove(&person.id).unwrap_or_default(),
                registered: person.residence == Residence::Registered,
                is_dead: dead.contains(&person.id),
                birth: person.birth,
                on_clean_rows: clean(&person.id) && clean_beside,
            },
        );
    }
    Ok(statuses)
}
