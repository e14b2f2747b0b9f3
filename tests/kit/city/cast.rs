//! The persons whom the demo and the tests know by their role. They are made first, and nothing is
//! spoilt for them later.

use chrono::Days;
use zerotrip_datasets::ResidentId;

use super::CityError;
use super::build::{Builder, ELSEWHERE, HERE};
use super::key::{Answer, Outcome, Variant};
use super::model::{Contract, Event, Field, Residence, Title};

/// What the answer key must say of one of them.
pub(super) struct Promise {
    pub(super) role: &'static str,
    pub(super) person: usize,
    pub(super) variant: Variant,
    pub(super) answer: Answer,
}

/// Makes them, and everybody and everything around them.
pub(super) fn invite(city: &mut Builder) -> Result<Vec<Promise>, CityError> {
    let mut promises = Vec::new();
    let mut promise =
        |role, person, variant, answer| promises.push(Promise { role, person, variant, answer });
    let yes = Answer::yes();
    let found = Answer::no("PROPERTY_FOUND");

    let (man, woman) = wed(city, 34);
    let birth = city.years_ago(4);
    city.child_of(birth, man, woman);
    promise("nothing_owned", man, Variant::Couple, yes);

    let birth = city.years_ago(58);
    let owner = city.person(birth, false, HERE, Residence::Registered);
    let day = city.years_ago(32);
    city.owns(&[owner], Title::Current, day);
    let short = city.id(owner).and_then(|id| id.first_generation());
    if let (Some(row), Some(short)) = (city.registers.ownership.last_mut(), short) {
        row.owner.raw = Some(short);
    }
    promise("old_id_home", owner, Variant::Couple, found);

    let (man, woman) = wed(city, 31);
    let day = city.years_ago(1);
    city.buys(woman, Contract::Filed, day, None);
    promise("spouse_presale", man, Variant::Couple, found);

    let (man, woman) = wed(city, 40);
    let birth = city.years_ago(9);
    let child = city.child_of(birth, man, woman);
    let birth = city.years_ago(68);
    let grandmother = city.person(birth, true, HERE, Residence::Registered);
    let day = city.years_ago(2);
    city.owns(&[grandmother, child], Title::Current, day);
    promise("child_co_owner", woman, Variant::Family, found);
    promise("child_co_owner_couple", woman, Variant::Couple, yes);

    let (man, woman) = wed(city, 45);
    let days = city.random.between(200, 360);
    let day = city.today.checked_sub_days(Days::new(days)).unwrap_or(city.today);
    city.event(man, woman, Event::Divorced, day);
    let day = city.years_ago(10);
    city.owns(&[man], Title::Current, day);
    promise("divorced_last_year", woman, Variant::Couple, yes);

    let birth = city.years_ago(29);
    let migrant = city.person(birth, false, ELSEWHERE, Residence::Absent);
    promise(
        "migrant",
        migrant,
        Variant::Couple,
        Answer::unavailable("OUTSIDE_COVERAGE", "civil.marriage", "marriage"),
    );

    let birth = city.years_ago(33);
    let buyer = city.person(birth, true, HERE, Residence::Registered);
    let signed = city.years_ago(2);
    city.buys(buyer, Contract::Transferred, signed, Some(city.today));
    promise(
        "hand_over_gap",
        buyer,
        Variant::Couple,
        Answer::unavailable("HAND_OVER_GAP", "estate.ownership", "ownership"),
    );

    let birth = city.years_ago(52);
    let blurred = city.person(birth, false, HERE, Residence::Registered);
    let day = city.years_ago(12);
    city.owns(&[blurred], Title::Current, day);
    let all: Vec<ResidentId> = city.registers.persons.iter().map(|person| person.id).collect();
    let raw = city.id(blurred).and_then(|id| city.mistype(id, &all)).ok_or(CityError::Unlucky)?;
    if let Some(row) = city.registers.ownership.last_mut() {
        row.owner = Field::lost(Some(&raw));
    }
    promise(
        "unreadable_row",
        blurred,
        Variant::Couple,
        Answer::unavailable("SOURCE_UNREADABLE", "estate.ownership", "ownership"),
    );
    Ok(promises)
}

/// A couple of that age, married some years ago, both registered here.
fn wed(city: &mut Builder, age: u64) -> (usize, usize) {
    let (his, hers) = (city.years_ago(age), city.years_ago(age));
    let man = city.person(his, false, HERE, Residence::Registered);
    let woman = city.person(hers, true, HERE, Residence::Registered);
    let day = city.years_ago(age.saturating_sub(25));
    city.event(man, woman, Event::Married, day);
    (man, woman)
}

/// The outcome as a promise's reader sees it, for messages.
pub(super) fn told(answer: &Answer) -> String {
    match answer.outcome {
        Outcome::True => "true".to_owned(),
        Outcome::False => format!("false ({})", answer.code),
        Outcome::Unavailable => format!("unavailable ({} of {})", answer.code, answer.dataset),
    }
}
