//! The answer key: what the no-property check must say of every person, from the city's own model
//! and never from its files.
//!
//! One function, [`Judge::answer`], reads top to bottom as the rules do.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, FixedOffset, Months, NaiveDate, NaiveTime, TimeZone};
use serde::Serialize;
use zerotrip_datasets::{ResidentId, Suspect};

use super::model::{
    Contract, Event, Field, HouseholdRow, MarriageRow, Meaning, OwnershipRow, PresaleRow,
    Registers, Residence, Title,
};
use super::spoil::NO_DAYS;

/// Whom the check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// The applicant alone.
    Applicant,
    /// The applicant and the spouse.
    Couple,
    /// The applicant, the spouse and their minor children.
    Family,
}

impl Variant {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Applicant, Self::Couple, Self::Family];

    /// As the definition names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Couple => "couple",
            Self::Family => "family",
        }
    }
}

/// What the check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No home: proven.
    True,
    /// Answered, and not so.
    False,
    /// Neither can be said.
    Unavailable,
}

/// The right answer for one person and variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Answer {
    /// True, false or unavailable.
    pub outcome: Outcome,
    /// The reason's or error code's name; empty for true.
    pub code: &'static str,
    /// The dataset that an unavailable is blamed on; else empty.
    pub dataset: &'static str,
    /// The scan of that dataset; else empty.
    pub scan: &'static str,
}

impl Answer {
    /// As [`crate::inquiry`] says it: outcome, code and dataset.
    pub fn in_words(&self) -> (&'static str, &'static str, &'static str) {
        let word = match self.outcome {
            Outcome::True => "true",
            Outcome::False => "false",
            Outcome::Unavailable => "unavailable",
        };
        (word, self.code, self.dataset)
    }

    /// The same as one text.
    pub fn told(&self) -> String {
        let (word, code, dataset) = self.in_words();
        [word, code, dataset].join(" ").trim_end().to_owned()
    }

    pub(super) fn yes() -> Self {
        Self { outcome: Outcome::True, code: "", dataset: "", scan: "" }
    }

    pub(super) fn no(code: &'static str) -> Self {
        Self { outcome: Outcome::False, code, dataset: "", scan: "" }
    }

    pub(super) fn unavailable(
        code: &'static str,
        dataset: &'static str,
        scan: &'static str,
    ) -> Self {
        Self { outcome: Outcome::Unavailable, code, dataset, scan }
    }
}

/// One register: its rows by whom they name, and whom its unreadable rows could name.
struct Register<'a, R> {
    name: (&'static str, &'static str),
    rows: &'a [R],
    naming: HashMap<ResidentId, Vec<usize>>,
    suspected: HashSet<ResidentId>,
    spoilt: fn(&R) -> bool,
}

pub(super) struct Judge<'a> {
    /// Knows what the rows do not say: see [`Judge::knowing`].
    knowing: bool,
    today: NaiveDate,
    extracted_at: DateTime<FixedOffset>,
    marriage: Register<'a, MarriageRow>,
    household: Register<'a, HouseholdRow>,
    ownership: Register<'a, OwnershipRow>,
    presale: Register<'a, PresaleRow>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        registers: &'a Registers,
        today: NaiveDate,
        extracted_at: DateTime<FixedOffset>,
    ) -> Self {
        let everybody: Vec<ResidentId> = registers.persons.iter().map(|person| person.id).collect();
        Self::among(registers, &everybody, today, extracted_at)
    }

    /// For questions about these persons, whose spouses and children are among them too.
    pub(super) fn among(
        registers: &'a Registers,
        everybody: &[ResidentId],
        today: NaiveDate,
        extracted_at: DateTime<FixedOffset>,
    ) -> Self {
        Self {
            knowing: false,
            today,
            extracted_at,
            marriage: Register::new(
                ("civil.marriage", "marriage"),
                &registers.marriage,
                everybody,
                |row| [Some(&row.man), Some(&row.woman), None],
                |row| row.ragged.as_deref(),
                |row| {
                    row.man.get().is_none()
                        || row.woman.get().is_none()
                        || row.event.is_lost()
                        || row.date.get().is_none()
                },
            ),
            household: Register::new(
                ("police.household", "household"),
                &registers.household,
                everybody,
                |row| [Some(&row.resident), Some(&row.father), Some(&row.mother)],
                |_| None,
                |row| {
                    let ids =
                        row.resident.is_lost() || row.father.is_lost() || row.mother.is_lost();
                    ids || row.birth.is_lost() || row.death.is_lost() || row.status.is_lost()
                },
            ),
            ownership: Register::new(
                ("estate.ownership", "ownership"),
                &registers.ownership,
                everybody,
                |row| [Some(&row.owner), None, None],
                |_| None,
                |row| {
                    row.status.is_lost() || row.ended.is_lost() || unread_beginning(&row.registered)
                },
            ),
            presale: Register::new(
                ("housing.presale", "presale"),
                &registers.presale,
                everybody,
                |row| [Some(&row.buyer), None, None],
                |row| row.ragged.as_deref(),
                |row| {
                    let ended = row.ended.is_lost() || row.recorded.is_lost();
                    row.status.is_lost() || ended || unread_beginning(&row.signed)
                },
            ),
        }
    }

    /// One who knows of the city what its registers leave open: that what ended on a day that
    /// nobody wrote down ended before the extract.
    pub(super) fn knowing(self) -> Self {
        Self { knowing: true, ..self }
    }

    pub(super) fn answer(&self, applicant: ResidentId, variant: Variant) -> Answer {
        self.decide(applicant, variant).unwrap_or_else(|unavailable| unavailable)
    }

    fn decide(&self, applicant: ResidentId, variant: Variant) -> Result<Answer, Answer> {
        // 1. What every register shows of them, in their order, and the first that could not be
        //    read whole: from then on only the applicant
        // is asked about.
        let mut persons = vec![applicant];
        let mut certain = vec![applicant];
        let mut dead = false;
        let mut unregistered = None;
        let mut left_the_family = Vec::new();
        let mut unread = None;
        if variant != Variant::Applicant {
            let (marriage, unread_marriage) = self.marriage.look_up(&[applicant]);
            let spouses =
                if unread_marriage.is_some() { Vec::new() } else { spouses(&marriage, applicant) };
            let mut kin = persons.clone();
            kin.extend(&spouses);
            let (household, unread_household) = self.household.look_up(&kin);
            left_the_family =
                self.left_the_family(&marriage, &household, applicant, &spouses, variant);
            let has_died = |person: ResidentId| {
                household.iter().any(|row| row.resident.is(person) && row.death.get().is_some())
            };
            let is_registered = |person: ResidentId| {
                household
                    .iter()
                    .any(|row| row.resident.is(person) && row.status.is(Residence::Registered))
            };

            let married = kin.get(1..).unwrap_or_default();
            let (theirs, unread_theirs) = self.marriage.look_up(married);
            dead = has_died(applicant) && unread_household.is_none();
            unread = unread_marriage.or(unread_household).or(unread_theirs);
            let living: Vec<ResidentId> =
                spouses.into_iter().filter(|spouse| !has_died(*spouse)).collect();
            // The marriage register begins on 1 May 1950: of whoever was 15 before, it does not
            // know everything.
            let marriageable = applicant.birth_date().checked_add_months(Months::new(15 * 12));
            let known_all_along = marriageable
                .zip(NaiveDate::from_ymd_opt(1950, 5, 1))
                .is_some_and(|(turned, begins)| turned >= begins);
            unregistered = if !is_registered(applicant) || !known_all_along {
                Some(Answer::unavailable("OUTSIDE_COVERAGE", "civil.marriage", "marriage"))
            } else if variant == Variant::Family
                && !living.iter().all(|spouse| is_registered(*spouse))
            {
                Some(Answer::unavailable("OUTSIDE_COVERAGE", "police.household", "household"))
            } else {
                None
            };
            if unread.is_none() {
                let mut parents = vec![applicant];
                let is_certain = |spouse: &ResidentId| {
                    is_certain_spouse(&marriage, applicant, *spouse)
                        && !is_with_another_since(&marriage, &theirs, applicant, *spouse)
                };
                let certain_spouses: Vec<ResidentId> =
                    living.iter().copied().filter(is_certain).collect();
                parents.extend(&certain_spouses);
                certain.extend(certain_spouses);
                persons.extend(living);
                if variant == Variant::Family {
                    let minors: Vec<&HouseholdRow> =
                        household.iter().filter(|row| self.is_minor(row, &kin)).copied().collect();
                    let named: Vec<ResidentId> =
                        minors.iter().filter_map(|row| row.resident.get()).collect();
                    let (own, unread_own) = self.household.look_up(&named);
                    unread = unread_own;
                    let alive = minors.iter().filter(|row| row.death.get().is_none());
                    persons.extend(alive.clone().filter_map(|row| row.resident.get()));
                    let theirs = alive.filter(|row| {
                        parents.iter().any(|parent| {
                            is_child(row, *parent) && !is_anothers(row, &own, *parent)
                        })
                    });
                    certain.extend(theirs.filter_map(|row| row.resident.get()));
                }
                // Who belongs to whom is not known; whoever could belong was asked about.
                if unread.is_some() {
                    certain = vec![applicant];
                }
            }
        }
        let (ownership, unread_ownership) = self.ownership.look_up(&persons);
        let (presale, unread_presale) = self.presale.look_up(&persons);
        let unread = unread.or(unread_ownership).or(unread_presale);

        // 2. A dead applicant applies for nothing.
        if dead {
            return Ok(Answer::no("APPLICANT_DECEASED"));
        }
        // 3. A home of one who is of the family beyond doubt is a home, whatever else is unclear.
        let is_certain =
            |owner: Option<ResidentId>| owner.is_some_and(|owner| certain.contains(&owner));
        let has_title =
            |row: &OwnershipRow| row.status.is(Title::Current) || row.status.is(Title::Advance);
        let owned = ownership.iter().any(|row| has_title(row) && is_certain(row.owner.get()));
        if owned
            || presale
                .iter()
                .any(|row| row.status.is(Contract::Filed) && is_certain(row.buyer.get()))
        {
            return Ok(Answer::no("PROPERTY_FOUND"));
        }
        // What cannot be read may be one.
        if let Some(unread) = unread {
            return Err(unread);
        }
        // 4. A title in transfer may be the seller's, who has it still; another's may be that of a
        //    spouse or not. An application is nothing yet:
        // a right comes into being with its entry in the register (Civil Code, art. 209 and 214).
        if ownership.iter().any(|row| row.status.is(Title::Pending) || has_title(row)) {
            return Err(Answer::unavailable("UNDETERMINED", "estate.ownership", "ownership"));
        }
        if presale.iter().any(|row| row.status.is(Contract::Filed)) {
            return Err(Answer::unavailable("UNDETERMINED", "housing.presale", "presale"));
        }
        // 5. What ended on a day that nobody wrote down had ended by the day on which its row got
        //    its present status; or may have ended today.
        let by = |row: &PresaleRow| row.ended.get().or(row.recorded.get());
        let has_left = |row: &PresaleRow| {
            row.status.is(Contract::Transferred) || row.status.is(Contract::Cancelled)
        };
        if !self.knowing && presale.iter().any(|row| has_left(row) && by(row).is_none()) {
            return Err(Answer::unavailable("UNDATED", "housing.presale", "presale"));
        }
        // 6. What ended since the extract may have become something that the extract does not show,
        //    somebody's of the family.
        let contracts = presale.iter().filter(|row| has_left(row)).filter_map(|row| by(row));
        let titles = ownership
            .iter()
            .filter(|row| row.status.is(Title::Cancelled))
            .filter_map(|row| row.ended.get());
        if contracts.chain(titles).chain(left_the_family).any(|day| !self.is_over(day)) {
            return Err(Answer::unavailable("HAND_OVER_GAP", "estate.ownership", "ownership"));
        }
        // 7. What was handed over is in the other register, as the same unit, or a register is not
        //    whole. An application is no title; one that
        // ended on that very day is that of the contract only if it began on it, and an undated one
        // only if it began with the contract.
        let arrived = |contract: &PresaleRow| {
            let (buyer, signed, handed) =
                (contract.buyer.get()?, contract.signed.get(), by(contract));
            let came_of_it = |title: &&&OwnershipRow| {
                let (began, since) = (title.registered.get(), |day: Option<NaiveDate>| {
                    title.registered.get().zip(day)
                });
                let began_later = since(signed).map(|(began, signed)| began >= signed);
                let dated = match title.ended.get().zip(handed) {
                    Some((ended, handed)) => {
                        ended > handed || (ended == handed && began == Some(handed))
                    }
                    None => {
                        began_later == Some(true)
                            || since(handed).is_some_and(|(began, handed)| began >= handed)
                    }
                };
                began_later != Some(false) && dated
            };
            let theirs = |row: &&&OwnershipRow| {
                row.unit == contract.unit && row.owner.is(buyer) && !row.status.is(Title::Applied)
            };
            ownership.iter().filter(theirs).find(came_of_it)
        };
        if presale.iter().any(|row| row.status.is(Contract::Transferred) && arrived(row).is_none())
        {
            return Err(Answer::unavailable("UNDETERMINED", "housing.presale", "presale"));
        }
        // 8. Silence about somebody whom a register does not know says nothing.
        unregistered.map_or(Ok(Answer::yes()), Err)
    }

    /// A minor child of one of these, living or not.
    fn is_minor(&self, row: &HouseholdRow, parents: &[ResidentId]) -> bool {
        parents.iter().any(|parent| is_child(row, *parent))
            && of_age_on(row).is_some_and(|day| day > self.today)
    }

    /// The days on which somebody ceased to be a spouse or a minor child.
    fn left_the_family(
        &self,
        marriage: &[&MarriageRow],
        household: &[&HouseholdRow],
        applicant: ResidentId,
        spouses: &[ResidentId],
        variant: Variant,
    ) -> Vec<NaiveDate> {
        let parted =
            |row: &&&MarriageRow| row.event.is(Event::Divorced) || row.event.is(Event::Annulled);
        let mut kin = vec![applicant];
        kin.extend(spouses);
        let counts = |row: &HouseholdRow| {
            variant == Variant::Family || spouses.iter().any(|spouse| row.resident.is(*spouse))
        };
        let died = |row: &HouseholdRow| {
            row.death.get().filter(|_| counts(row) && !row.resident.is(applicant))
        };
        let lives_as_child = |row: &HouseholdRow| {
            row.death.get().is_none() && kin.iter().any(|parent| is_child(row, *parent))
        };
        let grew_up = |row: &HouseholdRow| {
            of_age_on(row).filter(|day| {
                variant == Variant::Family && lives_as_child(row) && *day <= self.today
            })
        };
        let parted = marriage.iter().filter(parted).filter_map(|row| row.date.get());
        parted.chain(household.iter().flat_map(|row| [died(row), grew_up(row)]).flatten()).collect()
    }

    /// The extract was begun after that day had ended.
    fn is_over(&self, day: NaiveDate) -> bool {
        let end = day.checked_add_days(Days::new(1)).map(|day| day.and_time(NaiveTime::MIN));
        let end = end.and_then(|end| self.extracted_at.offset().from_local_datetime(&end).single());
        end.is_some_and(|end| end <= self.extracted_at)
    }
}

/// A day on which something began that nobody can read. What systems write where there is no day
/// says of a beginning that there is none.
fn unread_beginning(field: &Field<NaiveDate>) -> bool {
    field.is_lost() && !NO_DAYS.contains(&field.text().as_str())
}

fn is_child(row: &HouseholdRow, parent: ResidentId) -> bool {
    [&row.father, &row.mother].into_iter().filter_map(Field::get).any(|named| named == parent)
}

/// Whether a row of the child's names parents, and not this one: the present one; or any, where no
/// present one names this parent.
fn is_anothers(child: &HouseholdRow, rows: &[&HouseholdRow], parent: ResidentId) -> bool {
    let theirs = || {
        rows.iter().filter(|row| child.resident.get().is_some_and(|person| row.resident.is(person)))
    };
    let present = || theirs().filter(|row| row.status.is(Residence::Registered));
    let names_others = |row: &HouseholdRow| {
        (row.father.get().is_some() || row.mother.get().is_some()) && !is_child(row, parent)
    };
    let is_at_home = present().any(|row| is_child(row, parent));
    present().any(|row| names_others(row)) || (!is_at_home && theirs().any(|row| names_others(row)))
}

fn of_age_on(row: &HouseholdRow) -> Option<NaiveDate> {
    row.birth.get().and_then(|birth| birth.checked_add_months(Months::new(18 * 12)))
}

/// Everybody whose latest event with the applicant is a marriage, for a divorce from one ends
/// nobody else's; and of whom it is not clear what their events ended.
fn spouses(rows: &[&MarriageRow], applicant: ResidentId) -> Vec<ResidentId> {
    let other =
        |row: &MarriageRow| if row.man.is(applicant) { row.woman.get() } else { row.man.get() };
    let mut spouses: Vec<ResidentId> = Vec::new();
    for spouse in rows.iter().filter_map(|row| other(row)) {
        let mut theirs: Vec<&MarriageRow> =
            rows.iter().filter(|row| other(row) == Some(spouse)).copied().collect();
        theirs.sort_by_key(|row| row.date.get());
        let latest = theirs.iter().filter_map(|row| row.date.get()).max();
        let goes_on = theirs.iter().any(|row| is_wedding(row) && row.date.get() == latest);
        if (goes_on || ends_nothing_for_sure(&theirs)) && !spouses.contains(&spouse) {
            spouses.push(spouse);
        }
    }
    spouses
}

fn is_wedding(row: &MarriageRow) -> bool {
    row.event.is(Event::Married) || row.event.is(Event::Remarried)
}

/// Whether the events of two persons, by their days, do not tell which ended which: two weddings of
/// one day; or an annulment, which can be that of a divorce, unless each end is of its own day and
/// follows a wedding of its own.
fn ends_nothing_for_sure(theirs: &[&MarriageRow]) -> bool {
    let share_a_day = |rows: &[&MarriageRow]| {
        rows.windows(2).any(|pair| matches!(pair, [one, two] if one.date.get() == two.date.get()))
    };
    let weddings: Vec<&MarriageRow> =
        theirs.iter().filter(|row| is_wedding(row)).copied().collect();
    let mut married = false;
    let follows_none = theirs.iter().any(|row| {
        let ends_nothing = !is_wedding(row) && !married;
        married = is_wedding(row);
        ends_nothing
    });
    let is_annulled = theirs.iter().any(|row| row.event.is(Event::Annulled));
    share_a_day(&weddings) || is_annulled && (share_a_day(theirs) || follows_none)
}

/// Whether the last that the two did was to marry, on a day of its own, each end of theirs followed
/// a wedding, and nothing of the applicant and another is on record since.
fn is_certain_spouse(rows: &[&MarriageRow], applicant: ResidentId, spouse: ResidentId) -> bool {
    let other =
        |row: &MarriageRow| if row.man.is(applicant) { row.woman.get() } else { row.man.get() };
    let weds = |row: &MarriageRow| row.event.is(Event::Married) || row.event.is(Event::Remarried);
    let theirs = |row: &&&MarriageRow| other(row) == Some(spouse);
    let Some(wed) =
        rows.iter().filter(theirs).filter(|row| weds(row)).filter_map(|row| row.date.get()).max()
    else {
        return false;
    };
    // An end that follows no wedding of its own: one that is missing, or misdated.
    let own_days = |weddings: bool| {
        rows.iter()
            .filter(theirs)
            .filter(move |row| weds(row) == weddings)
            .filter_map(|row| row.date.get())
    };
    let ends_none = |end: NaiveDate| {
        let before = own_days(true).filter(|day| *day < end).max();
        before.is_none_or(|wed| own_days(false).any(|other| wed < other && other < end))
    };
    if own_days(false).any(ends_none) {
        return false;
    }
    let since = |row: &&&MarriageRow| row.date.get().is_some_and(|day| day >= wed);
    rows.iter().filter(since).all(|row| other(row) == Some(spouse) && weds(row))
}

/// Whether the spouse's own entries show anything later with another.
fn is_with_another_since(
    rows: &[&MarriageRow],
    theirs: &[&MarriageRow],
    applicant: ResidentId,
    spouse: ResidentId,
) -> bool {
    let weds = |row: &&&MarriageRow| row.event.is(Event::Married) || row.event.is(Event::Remarried);
    let names = |row: &MarriageRow, person: ResidentId| row.man.is(person) || row.woman.is(person);
    let wed = rows
        .iter()
        .filter(weds)
        .filter(|row| names(row, spouse))
        .filter_map(|row| row.date.get())
        .max();
    let mut others = theirs.iter().filter(|row| names(row, spouse) && !names(row, applicant));
    others.any(|row| row.date.get() >= wed)
}

impl<'a, R> Register<'a, R> {
    fn new(
        name: (&'static str, &'static str),
        rows: &'a [R],
        everybody: &[ResidentId],
        keys: impl Fn(&R) -> [Option<&Field<ResidentId>>; 3],
        ragged: impl Fn(&R) -> Option<&[String]>,
        spoilt: fn(&R) -> bool,
    ) -> Self {
        let mut naming: HashMap<ResidentId, Vec<usize>> = HashMap::new();
        let mut suspected = HashSet::new();
        for (at, row) in rows.iter().enumerate() {
            // Of a row that cannot be split nobody can say which cell is which.
            if ragged(row).is_some() {
                suspected.extend(everybody);
                continue;
            }
            for key in keys(row).into_iter().flatten() {
                match key.means {
                    Meaning::Value(person) => naming.entry(person).or_default().push(at),
                    Meaning::Lost => {
                        let suspect = Suspect::new(&key.text());
                        suspected
                            .extend(everybody.iter().filter(|person| suspect.could_match(person)));
                    }
                    Meaning::Null | Meaning::Other => {}
                }
            }
        }
        Self { name, rows, naming, suspected, spoilt }
    }

    /// The rows that name any of these; and the answer, where one of them is spoilt, or an
    /// unreadable row could name one of these.
    fn look_up(&self, persons: &[ResidentId]) -> (Vec<&'a R>, Option<Answer>) {
        let rows: Vec<&R> = persons
            .iter()
            .filter_map(|person| self.naming.get(person))
            .flatten()
            .filter_map(|at| self.rows.get(*at))
            .collect();
        let unread = persons.iter().any(|person| self.suspected.contains(person))
            || rows.iter().any(|row| (self.spoilt)(row));
        (rows, unread.then(|| Answer::unavailable("SOURCE_UNREADABLE", self.name.0, self.name.1)))
    }
}
