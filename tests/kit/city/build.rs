//! The hands that make persons and rows: ids that exist once, names, and every way in which old
//! systems write them.

use std::collections::HashSet;

use chrono::{Datelike, Months, NaiveDate};
use zerotrip_datasets::resident_id::is_spreadsheet_rounded;
use zerotrip_datasets::{Reading, ResidentId, Suspect, parse};

use super::model::{
    Code, Contract, Event, Field, HouseholdRow, MarriageRow, OwnershipRow, Person, PresaleRow,
    Registers, Residence, Title,
};
use super::random::Random;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "罗", "高", "郑", "梁", "谢", "宋", "唐", "沈", "韩", "邓", "冯", "曹", "欧阳",
    "诸葛",
];
const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "兰", "霞", "平", "刚", "桂", "英", "华", "玉", "建", "国", "文", "志", "小", "雨", "晨",
    "欣", "怡", "浩", "宇", "轩", "子", "涵", "梓", "思", "嘉", "俊", "佳", "海", "云", "喆", "堃",
];
/// Districts of Hangzhou.
pub(super) const HERE: &[u32] =
    &[330_102, 330_105, 330_106, 330_108, 330_109, 330_110, 330_111, 330_112];
/// Where migrants and spouses from elsewhere are registered.
pub(super) const ELSEWHERE: &[u32] =
    &[341_122, 360_121, 411_525, 420_982, 430_124, 510_722, 520_123, 610_113, 230_102, 320_581];

pub(super) struct Builder {
    pub(super) random: Random,
    pub(super) today: NaiveDate,
    pub(super) registers: Registers,
    taken: HashSet<ResidentId>,
    numbers: u64,
}

impl Builder {
    pub(super) fn new(seed: u64, today: NaiveDate) -> Self {
        Self {
            random: Random::new(seed),
            today,
            registers: Registers::default(),
            taken: HashSet::new(),
            numbers: 0,
        }
    }

    /// The day so many years ago, give or take the year.
    pub(super) fn years_ago(&mut self, years: u64) -> NaiveDate {
        let last = self
            .today
            .checked_sub_months(Months::new(u32::try_from(years * 12).unwrap_or(0)))
            .unwrap_or(self.today);
        let first = last.checked_sub_months(Months::new(12)).unwrap_or(last);
        self.random.day(first, last)
    }

    pub(super) fn person(
        &mut self,
        birth: NaiveDate,
        female: bool,
        divisions: &[u32],
        residence: Residence,
    ) -> usize {
        // Born on a leap day, one comes of age on a day that lawyers dispute; the city has nobody
        // like that.
        let birth = if (birth.month(), birth.day()) == (2, 29) {
            birth.pred_opt().unwrap_or(birth)
        } else {
            birth
        };
        let id = loop {
            // Below 996: the last four mark people born in the 1800s when the id is written with 15
            // digits.
            let sequence = self.random.below(498) as u16 * 2 + u16::from(!female);
            let division = self.random.pick(divisions);
            // Nor 000 at the end, which a spreadsheet may have left of anybody of that day: such a
            // person's answers are never certain.
            if let Some(id) = ResidentId::from_parts(division, birth, sequence)
                && !is_spreadsheet_rounded(id.as_str())
                && parse(id.as_str()) == Reading::Person(id)
                && self.taken.insert(id)
            {
                break id;
            }
        };
        let mut name = self.random.pick(SURNAMES).to_owned();
        for _ in 0..self.random.between(1, 2) {
            name.push_str(self.random.pick(GIVEN));
        }
        self.registers.persons.push(Person {
            id,
            name,
            birth,
            death: None,
            father: None,
            mother: None,
            residence,
        });
        self.registers.persons.len() - 1
    }

    pub(super) fn id(&self, person: usize) -> Option<ResidentId> {
        self.registers.persons.get(person).map(|person| person.id)
    }

    pub(super) fn child_of(&mut self, birth: NaiveDate, father: usize, mother: usize) -> usize {
        let female = self.random.chance(480);
        let residence =
            if self.random.chance(20) { Residence::MovedOut } else { Residence::Registered };
        let child = self.person(birth, female, HERE, residence);
        if let Some(person) = self.registers.persons.get_mut(child) {
            person.father = Some(father);
            person.mother = Some(mother);
        }
        child
    }

    pub(super) fn dies(&mut self, person: usize, day: NaiveDate) {
        if let Some(person) = self.registers.persons.get_mut(person) {
            person.death = Some(day);
            if person.residence != Residence::Absent {
                person.residence = Residence::Deceased;
            }
        }
    }

    pub(super) fn event(&mut self, man: usize, woman: usize, event: Event, day: NaiveDate) {
        let (man, woman) = (self.spell(man, day), self.spell(woman, day));
        let number = self.number(&format!("J{}-", day.year()));
        let date = self.write_date(day);
        self.registers.marriage.push(MarriageRow {
            number,
            man,
            woman,
            event: event.field(),
            date,
            ragged: None,
        });
    }

    /// One row per owner of the unit.
    pub(super) fn owns(&mut self, owners: &[usize], status: Title, day: NaiveDate) {
        let unit = self.unit();
        self.owns_unit(unit, owners, status, day);
    }

    /// The same of a unit that another register knows too.
    pub(super) fn owns_unit(
        &mut self,
        unit: String,
        owners: &[usize],
        status: Title,
        day: NaiveDate,
    ) {
        let share = if owners.len() == 1 {
            "单独所有".to_owned()
        } else {
            format!("按份共有 1/{}", owners.len())
        };
        for owner in owners {
            let owner_name = self
                .registers
                .persons
                .get(*owner)
                .map(|person| person.name.clone())
                .unwrap_or_default();
            let (owner, registered) = (self.spell(*owner, day), self.write_date(day));
            let ended =
                if status == Title::Cancelled { self.end_of_title(day) } else { Field::null() };
            let (unit, share, status) = (unit.clone(), share.clone(), status.field());
            self.registers.ownership.push(OwnershipRow {
                unit,
                owner,
                owner_name,
                share,
                status,
                registered,
                ended,
            });
        }
    }

    /// The day on which a title of that day ended; until 2015 not every clerk wrote it down.
    fn end_of_title(&mut self, day: NaiveDate) -> Field<NaiveDate> {
        let ended = self.random.day(day, self.today.pred_opt().unwrap_or(self.today).max(day));
        if ended.year() < 2015 && self.random.chance(600) {
            Field::null()
        } else {
            self.write_date(ended)
        }
    }

    /// Which unit.
    pub(super) fn buys(
        &mut self,
        buyer: usize,
        status: Contract,
        signed: NaiveDate,
        ended: Option<NaiveDate>,
    ) -> String {
        let recorded = self.stamp(ended.unwrap_or(signed));
        let ended = match ended {
            Some(day) => self.write_date(day),
            None => Field::null(),
        };
        self.contract(buyer, status, signed, ended, recorded)
    }

    /// The same of what ended on that day, which nobody wrote down.
    pub(super) fn buys_undated(
        &mut self,
        buyer: usize,
        status: Contract,
        signed: NaiveDate,
        ended: NaiveDate,
    ) {
        let recorded = self.stamp(ended);
        self.contract(buyer, status, signed, Field::null(), recorded);
    }

    fn contract(
        &mut self,
        buyer: usize,
        status: Contract,
        signed: NaiveDate,
        ended: Field<NaiveDate>,
        recorded: Field<NaiveDate>,
    ) -> String {
        let (number, unit, ragged) = (self.number("YS"), self.unit(), None);
        let (buyer, signed) = (self.spell(buyer, self.today), self.write_date(signed));
        let status = status.field();
        self.registers.presale.push(PresaleRow {
            number,
            buyer,
            unit: unit.clone(),
            signed,
            status,
            ended,
            recorded,
            ragged,
        });
        unit
    }

    /// The day that the system itself notes as it changes a row's status: since 2008, but for what
    /// was typed in elsewhere.
    fn stamp(&mut self, day: NaiveDate) -> Field<NaiveDate> {
        if day.year() < 2008 || self.random.chance(50) {
            Field::null()
        } else {
            Field::value(day.to_string(), day)
        }
    }

    /// The household rows of the persons from this place on: written last, when deaths are known.
    pub(super) fn write_household(&mut self, from: usize) {
        let persons = self.registers.persons.get(from..).unwrap_or_default().to_vec();
        for person in persons.into_iter().filter(|person| person.residence != Residence::Absent) {
            let row = HouseholdRow {
                resident: self.spell_id(person.id, person.birth),
                father: self.spell_kin(person.father, person.birth),
                mother: self.spell_kin(person.mother, person.birth),
                name: person.name,
                birth: self.write_date(person.birth),
                death: person.death.map_or_else(Field::null, |day| self.write_date(day)),
                status: person.residence.field(),
            };
            self.registers.household.push(row);
        }
    }

    fn spell_kin(&mut self, person: Option<usize>, day: NaiveDate) -> Field<ResidentId> {
        match person.and_then(|person| self.id(person)) {
            Some(id) => self.spell_id(id, day),
            None => Field::null(),
        }
    }

    /// The person's id as it was written down on that day.
    pub(super) fn spell(&mut self, person: usize, day: NaiveDate) -> Field<ResidentId> {
        match self.id(person) {
            Some(id) => self.spell_id(id, day),
            None => Field::null(),
        }
    }

    fn spell_id(&mut self, id: ResidentId, day: NaiveDate) -> Field<ResidentId> {
        let text = id.as_str();
        let (division, rest) = text.split_at_checked(6).unwrap_or((text, ""));
        // Second-generation ids came in October 1999; not every clerk followed at once.
        let old = day.year() < 2000 && self.random.chance(700) || self.random.chance(4);
        let raw = match (old.then(|| id.first_generation()).flatten(), self.random.below(1000)) {
            (Some(short), _) => short,
            (None, 0..=3) => wide(text),
            (None, 4..=7) => format!("{division} {rest}"),
            (None, 8..=11) => format!("{text}  "),
            (None, 12..=13) => format!("\u{3000}{text}"),
            (None, 14..=400) => text.to_ascii_lowercase(),
            (None, _) => text.to_owned(),
        };
        Field::value(raw, id)
    }

    pub(super) fn write_date(&mut self, day: NaiveDate) -> Field<NaiveDate> {
        let (y, m, d) = (day.year(), day.month(), day.day());
        let raw = match self.random.below(1000) {
            0..=549 => day.to_string(),
            550..=799 => format!("{y}{m:02}{d:02}"),
            800..=869 => format!("{y}/{m}/{d}"),
            870..=939 => format!("{y}.{m}.{d}"),
            940..=979 => format!("{y}年{m}月{d}日"),
            980..=989 => format!("{day} 00:00:00"),
            990..=996 => wide(&format!("{y}{m:02}{d:02}")),
            _ => format!("民国{}年{m}月{d}日", y - 1911),
        };
        Field::value(raw, day)
    }

    /// A unit: no run of six digits, which in a ragged row could be read as part of an id.
    pub(super) fn unit(&mut self) -> String {
        format!(
            "H{}-{}-{}{:02}",
            self.random.between(1, 9999),
            self.random.between(1, 40),
            self.random.between(1, 33),
            self.random.between(1, 4)
        )
    }

    fn number(&mut self, prefix: &str) -> String {
        self.numbers += 1;
        format!("{prefix}{:04}-{:04}", self.numbers / 10_000, self.numbers % 10_000)
    }

    /// The id with one digit mistyped, so that it is unreadable, could be its owner's, and can't be
    /// taken for any of `spared`.
    pub(super) fn mistype(&mut self, id: ResidentId, spared: &[ResidentId]) -> Option<String> {
        self.damage(id, spared, |random, text| {
            let at = random.between(8, 16) as usize;
            let digit = char::from(b'0' + random.below(10) as u8);
            text.chars().enumerate().map(|(place, c)| if place == at { digit } else { c }).collect()
        })
    }

    /// The id with its birth date masked, as an export "for privacy" leaves it.
    pub(super) fn mask(&mut self, id: ResidentId, spared: &[ResidentId]) -> Option<String> {
        self.damage(id, spared, |_, text| {
            format!(
                "{}********{}",
                text.get(..6).unwrap_or_default(),
                text.get(14..).unwrap_or_default()
            )
        })
    }

    /// The same by a mask of any length, as people type it.
    pub(super) fn mask_short(&mut self, id: ResidentId, spared: &[ResidentId]) -> Option<String> {
        self.damage(id, spared, |random, text| {
            let stars = random.between(2, 7) as usize;
            format!(
                "{}{}{}",
                text.get(..6).unwrap_or_default(),
                "*".repeat(stars),
                text.get(14..).unwrap_or_default()
            )
        })
    }

    /// The id as a column of 17 characters holds it.
    pub(super) fn cut(&mut self, id: ResidentId, spared: &[ResidentId]) -> Option<String> {
        self.damage(id, spared, |_, text| text.get(..17).unwrap_or_default().to_owned())
    }

    fn damage(
        &mut self,
        id: ResidentId,
        spared: &[ResidentId],
        how: impl Fn(&mut Random, &str) -> String,
    ) -> Option<String> {
        // Bounded: a mistyped digit is the right one again once in ten, and cast members are few.
        (0..100).map(|_| how(&mut self.random, id.as_str())).find(|raw| {
            let suspect = Suspect::new(raw);
            parse(raw) == Reading::Unreadable
                && suspect.could_match(&id)
                && !spared.iter().any(|other| *other != id && suspect.could_match(other))
        })
    }
}

fn wide(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_graphic() {
                char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)
            } else {
                c
            }
        })
        .collect()
}
