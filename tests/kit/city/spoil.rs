//! What thirty years of typing, exporting and importing do to registers. Always rare, never to the
//! cast.

use zerotrip_datasets::{Reading, ResidentId, Suspect, parse};

use super::build::Builder;
use super::model::{Field, Meaning};

/// How many rows of each register belong to the cast and stay as they are.
pub(super) struct Spared {
    pub(super) persons: Vec<ResidentId>,
    pub(super) household: usize,
    pub(super) marriage: usize,
    pub(super) ownership: usize,
    pub(super) presale: usize,
}

/// What stands where there is no parent, as the household register's dataset file says.
pub(super) const NOBODY: &str = "无";
/// What stands where nothing has ended, as the dataset files say.
pub(super) const NO_DAY: &str = "0000-00-00";
const UNKNOWN_CODES: &[Option<&str>] =
    &[None, Some(""), Some("  "), Some("9"), Some("待核"), Some("冻结"), Some("?")];
/// Days that systems write where there is none.
pub(super) const NO_DAYS: &[&str] =
    &["1900-01-01", "1899-12-30", "1970-01-01 00:00:00", "9999-12-31"];
/// What is no date, and what systems write where there is none.
const BAD_DATES: &[&str] = &[
    "不详",
    "1998-02-30",
    "98.5",
    "00000000",
    "见档案",
    "一九九八年五月",
    "1998年腊月初八",
    "1900-01-01",
    "1899-12-30",
    "1970-01-01 00:00:00",
    "9999-12-31",
];

/// Spoils the registers in place. Rates are per 100,000 rows; whole rows that nobody can attribute
/// are few in number, since each makes answers impossible for everyone it could concern.
pub(super) fn spoil(city: &mut Builder, spared: &Spared, residents: usize) {
    codes_and_dates(city, spared);
    let few = (residents / 2000).clamp(2, 12);
    for round in 0..few {
        owners(city, spared, round);
        buyers(city, spared);
        parties(city, spared);
        parents(city, spared, round);
    }
    for _ in 0..(residents / 1250).clamp(1, 20) {
        masked_owners(city, spared);
    }
    mistyped_codes(city, spared);
    repeat(city, spared);
}

/// Owners whose id an export has masked with fewer stars than it hides: each could be as many
/// persons' as share its ends.
fn masked_owners(city: &mut Builder, spared: &Spared) {
    let Some(at) = later(city, spared.ownership, city.registers.ownership.len()) else { return };
    let Some(id) = city.registers.ownership.get(at).and_then(|row| row.owner.get()) else { return };
    if let (Some(raw), Some(row)) =
        (city.mask_short(id, &spared.persons), city.registers.ownership.get_mut(at))
    {
        row.owner = Field::lost(Some(&raw));
    }
}

/// Organisations whose credit code was mistyped in its check character.
fn mistyped_codes(city: &mut Builder, spared: &Spared) {
    let Builder { random, registers, .. } = city;
    for row in registers.ownership.iter_mut().skip(spared.ownership) {
        if row.owner.means != Meaning::Other || !random.rarely(3000) {
            continue;
        }
        let raw = row.owner.text();
        let (body, check) = raw.split_at_checked(raw.len().saturating_sub(1)).unwrap_or((&raw, ""));
        let wrong = format!("{body}{}", if check == "0" { "1" } else { "0" });
        let suspect = Suspect::new(&wrong);
        if matches!(parse(&wrong), Reading::Unreadable)
            && !spared.persons.iter().any(|person| suspect.could_match(person))
        {
            row.owner = Field::lost(Some(&wrong));
        }
    }
}

fn codes_and_dates(city: &mut Builder, spared: &Spared) {
    let Builder { random, registers, .. } = city;
    for row in registers.household.iter_mut().skip(spared.household) {
        if random.rarely(100) {
            row.status = Field::lost(random.pick(UNKNOWN_CODES));
        }
        if random.rarely(30) {
            row.birth = Field::lost(Some(random.pick(BAD_DATES)));
        }
        if row.death.raw.is_some() && random.rarely(1000) {
            row.death = Field::lost(Some(random.pick(BAD_DATES)));
        }
        if row.father.raw.is_none() {
            match random.below(200) {
                0 => row.father.raw = Some(" ".to_owned()),
                1..=5 => row.father.raw = Some(NOBODY.to_owned()),
                _ => {}
            }
        }
        if row.death.raw.is_none() && random.rarely(2000) {
            row.death.raw = Some(NO_DAY.to_owned());
        }
    }
    for row in registers.marriage.iter_mut().skip(spared.marriage) {
        if random.rarely(150) {
            row.event = Field::lost(random.pick(UNKNOWN_CODES));
        }
        if random.rarely(100) {
            row.date = Field::lost(Some(random.pick(BAD_DATES)));
        }
    }
    for row in registers.ownership.iter_mut().skip(spared.ownership) {
        if random.rarely(300) {
            row.status = Field::lost(random.pick(UNKNOWN_CODES));
        }
        if random.rarely(400) {
            row.registered = Field::lost(Some(random.pick(BAD_DATES)));
        }
        if row.ended.raw.is_some() && random.rarely(800) {
            row.ended = Field::lost(Some(random.pick(BAD_DATES)));
        }
    }
    for row in registers.presale.iter_mut().skip(spared.presale) {
        if random.rarely(500) {
            row.status = Field::lost(random.pick(UNKNOWN_CODES));
        }
        if random.rarely(500) {
            row.signed = Field::lost(Some(random.pick(BAD_DATES)));
        }
        if row.ended.raw.is_some() && random.rarely(1500) {
            row.ended = Field::lost(Some(random.pick(BAD_DATES)));
        }
        if row.recorded.raw.is_some() && random.rarely(200) {
            row.recorded = Field::lost(Some(random.pick(BAD_DATES)));
        }
    }
}

/// Owners whose id is mistyped, masked or cut off.
fn owners(city: &mut Builder, spared: &Spared, round: usize) {
    let Some(at) = later(city, spared.ownership, city.registers.ownership.len()) else { return };
    let Some(id) = city.registers.ownership.get(at).and_then(|row| row.owner.get()) else { return };
    let raw = match round % 3 {
        0 => city.mistype(id, &spared.persons),
        1 => city.mask(id, &spared.persons),
        _ => city.cut(id, &spared.persons),
    };
    if let (Some(raw), Some(row)) = (raw, city.registers.ownership.get_mut(at)) {
        row.owner = Field::lost(Some(&raw));
    }
}

/// Contracts with a mistyped buyer. Rows with a comma too many or too few the city has none of:
/// each could be anybody's, and nobody would be answered with a yes until its owner has ruled on
/// it.
fn buyers(city: &mut Builder, spared: &Spared) {
    let Some(at) = later(city, spared.presale, city.registers.presale.len()) else { return };
    let Some(id) = city.registers.presale.get(at).and_then(|row| row.buyer.get()) else { return };
    if let (Some(raw), Some(row)) =
        (city.mistype(id, &spared.persons), city.registers.presale.get_mut(at))
    {
        row.buyer = Field::lost(Some(&raw));
    }
}

/// Marriages with a mistyped party.
fn parties(city: &mut Builder, spared: &Spared) {
    let Some(at) = later(city, spared.marriage, city.registers.marriage.len()) else { return };
    let Some(id) = city.registers.marriage.get(at).and_then(|row| row.woman.get()) else { return };
    if let (Some(raw), Some(row)) =
        (city.mistype(id, &spared.persons), city.registers.marriage.get_mut(at))
    {
        row.woman = Field::lost(Some(&raw));
    }
}

/// Children whose father's id is mistyped.
fn parents(city: &mut Builder, spared: &Spared, round: usize) {
    // The first from a random place on that names a father.
    let Some(from) = later(city, spared.household, city.registers.household.len()) else { return };
    let found = city
        .registers
        .household
        .iter()
        .enumerate()
        .skip(from)
        .find_map(|(at, row)| Some((at, row.father.get()?)));
    let Some((at, id)) = found else { return };
    let raw = if round % 4 == 3 {
        city.mask(id, &spared.persons)
    } else {
        city.mistype(id, &spared.persons)
    };
    if let (Some(raw), Some(row)) = (raw, city.registers.household.get_mut(at)) {
        row.father = Field::lost(Some(&raw));
    }
}

/// Rows that an import ran over twice.
fn repeat(city: &mut Builder, spared: &Spared) {
    let Builder { random, registers, .. } = city;
    let mut twice = |rows: usize, skip: usize| -> Vec<usize> {
        (skip..rows).filter(|_| random.rarely(200)).collect()
    };
    for at in twice(registers.household.len(), spared.household) {
        registers.household.extend(registers.household.get(at).cloned());
    }
    for at in twice(registers.marriage.len(), spared.marriage) {
        registers.marriage.extend(registers.marriage.get(at).cloned());
    }
    for at in twice(registers.ownership.len(), spared.ownership) {
        registers.ownership.extend(registers.ownership.get(at).cloned());
    }
    for at in twice(registers.presale.len(), spared.presale) {
        registers.presale.extend(registers.presale.get(at).cloned());
    }
}

/// A random place after the cast's.
fn later(city: &mut Builder, first: usize, rows: usize) -> Option<usize> {
    let after = u64::try_from(rows.checked_sub(first)?).ok().filter(|rows| *rows > 0)?;
    Some(first + usize::try_from(city.random.below(after)).ok()?)
}
