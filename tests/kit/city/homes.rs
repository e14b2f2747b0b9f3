//! Homes: bought, handed over, shared, sold.

use chrono::{Days, Months, NaiveDate};
use zerotrip_datasets::{Reading, parse};

use super::build::Builder;
use super::model::{Code, Contract, Field, Meaning, OwnershipRow, Title};
use super::people::Family;

/// Gives more than half of the families something in one of the two registers, and some homes to
/// organisations.
pub(super) fn furnish(city: &mut Builder, families: &[Family]) {
    for family in families {
        if city.random.chance(520) {
            home(city, family);
        }
        // A second one, sold or bought.
        if city.random.chance(60) {
            home(city, family);
        }
    }
    for _ in 0..(families.len() / 20).max(2) {
        organisation(city);
    }
}

fn home(city: &mut Builder, family: &Family) {
    let mut owners: Vec<usize> = family.adults.clone();
    if owners.len() > 1 && city.random.chance(550) {
        owners.truncate(1);
    }
    // Parents put homes in their children's names, wholly or in part.
    match city.random.below(100) {
        0..=2 => owners.extend(family.children.first()),
        3..=6 if !family.children.is_empty() => {
            owners = family.children.iter().take(1).copied().collect()
        }
        _ => {}
    }
    let Some(first) = owners.first().copied() else { return };
    let bought = bought_on(city, &owners);
    // Contracts are filed since 2004.
    let filed = NaiveDate::from_ymd_opt(2004, 1, 1)
        .map_or(bought, |first| bought.max(first))
        .min(city.today);
    match city.random.below(1000) {
        0..=649 => city.owns(&owners, Title::Current, bought),
        650..=729 => city.owns(&owners, Title::Cancelled, bought),
        730..=754 => city.owns(&owners, Title::Applied, bought),
        755..=759 => city.owns(&owners, Title::Pending, bought),
        760..=789 => city.owns(&owners, Title::Advance, bought),
        790..=869 => drop(city.buys(first, Contract::Filed, filed, None)),
        // Some as of today: after last night's extract, so that what came of it is in neither
        // register.
        870..=899 => {
            let ended = if city.random.chance(30) {
                city.today
            } else {
                city.random.day(filed, city.today)
            };
            city.buys(first, Contract::Cancelled, filed, Some(ended));
        }
        900..=904 => {
            let ended = city.random.day(filed, yesterday(city).max(filed));
            city.buys_undated(first, Contract::Cancelled, filed, ended);
        }
        rest => {
            let handed = city.random.day(filed, city.today);
            match rest {
                905..=969 => {
                    let unit = city.buys(first, Contract::Transferred, filed, Some(handed));
                    city.owns_unit(
                        unit,
                        &[first],
                        if rest < 950 { Title::Current } else { Title::Cancelled },
                        handed,
                    );
                }
                // Handed over today: after last night's extract, so that the home is in neither
                // register.
                970..=984 => drop(city.buys(first, Contract::Transferred, filed, Some(city.today))),
                // Handed over, and the title only applied for.
                985..=986 => {
                    let unit = city.buys(first, Contract::Transferred, filed, Some(handed));
                    city.owns_unit(unit, &[first], Title::Applied, handed);
                }
                // Handed over some days ago and sold at once, whose title the register never
                // showed.
                987..=992 => {
                    let days = city.random.between(1, 30);
                    let day = city.today.checked_sub_days(Days::new(days)).unwrap_or(city.today);
                    city.buys(first, Contract::Transferred, filed.min(day), Some(day));
                }
                _ => city.buys_undated(first, Contract::Transferred, filed, handed),
            }
        }
    }
}

fn yesterday(city: &Builder) -> NaiveDate {
    city.today.pred_opt().unwrap_or(city.today)
}

/// From the youngest owner's coming of age, or birth for a child, but not before titles were
/// registered.
fn bought_on(city: &mut Builder, owners: &[usize]) -> NaiveDate {
    let youngest = owners
        .iter()
        .filter_map(|owner| city.registers.persons.get(*owner))
        .map(|person| person.birth)
        .max()
        .unwrap_or(city.today);
    let grown = youngest.checked_add_months(Months::new(18 * 12)).unwrap_or(city.today);
    let first = if grown > city.today { youngest } else { grown };
    let first = first.max(NaiveDate::from_ymd_opt(1987, 1, 1).unwrap_or(first)).min(city.today);
    city.random.day(first, city.today)
}

fn organisation(city: &mut Builder) {
    let code = credit_code(city);
    let unit = city.unit();
    let day = city.years_ago(6);
    let registered = city.write_date(day);
    city.registers.ownership.push(OwnershipRow {
        unit,
        owner: Field { raw: Some(code), means: Meaning::Other },
        owner_name: "杭州市某某实业有限公司".to_owned(),
        share: "单独所有".to_owned(),
        status: Title::Current.field(),
        registered,
        ended: Field::null(),
    });
}

/// A unified social credit code: whichever of the 31 check characters reads as one.
fn credit_code(city: &mut Builder) -> String {
    const ALPHABET: &[&str] = &[
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B", "C", "D", "E", "F", "G", "H",
        "J", "K", "L", "M", "N", "P", "Q", "R", "T", "U", "W", "X", "Y",
    ];
    loop {
        let mut body = "91330106MA".to_owned();
        while body.len() < 17 {
            body.push_str(city.random.pick(ALPHABET));
        }
        let found = ALPHABET
            .iter()
            .map(|check| format!("{body}{check}"))
            .find(|code| matches!(parse(code), Reading::Code(_)));
        if let Some(code) = found {
            return code;
        }
    }
}
