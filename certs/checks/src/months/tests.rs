#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod calendar;

use chrono::NaiveDate;
use proptest::prelude::*;
use zerotrip_datasets::CivilMonth;

use self::calendar::{Account, Payment};
use super::*;
use crate::definition::{Direction, Enough, KindIs};

const KINDS: [&str; 3] = ["pension", "medical", "injury"];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> CivilMonth {
    CivilMonth::parse(text).unwrap()
}

fn rule(last: u32, until: u32, paid_within: Option<u32>, enough: Enough) -> Months {
    Months {
        of: "paid".into(),
        month: "month".into(),
        amount: Some("amount".into()),
        direction: None,
        kind: Some(KindIs {
            column: "kind".into(),
            is: ["pension".to_owned()].into(),
            beside: BTreeSet::new(),
        }),
        identity: Some("entry".into()),
        paid_on: Some("paid_on".into()),
        paid_within,
        paid_ahead: 12,
        last,
        until,
        enough,
    }
}

fn twelve() -> Months {
    rule(12, 1, None, Enough { measure: Measure::LastRun, least: 12 })
}

/// A row of a pension, paid in its month.
fn paid(number: i64, of: &str, amount: i128, identity: &'static str) -> Row<'static> {
    Row {
        number,
        month: Some(month(of)),
        amount: Some(amount),
        direction: None,
        kind: Some("pension"),
        identity: Some(identity),
        paid: Some(month(of)),
        digest: [0; 32],
        is_known: true,
    }
}

/// A year of payments, up to the month before the question.
fn year() -> Vec<Row<'static>> {
    const NUMBERS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"];
    let first = month("2025-11");
    let rows = (0..12).zip(NUMBERS).map(|(at, identity)| {
        let of = first.plus(at).unwrap();
        Row { month: Some(of), paid: Some(of), ..paid(at.into(), "2025-11", 100, identity) }
    });
    rows.collect()
}

fn ask(rule: &Months, rows: &[Row<'_>]) -> Counted {
    let today = day("2026-11-22");
    count(rule, rule.range(today).unwrap(), (None, CivilMonth::of(today).unwrap()), rows)
}

#[test]
fn a_range_ends_with_whole_months_whatever_day_is_asked() {
    for (today, last, until, first, end) in [
        ("2026-11-01", 12, 1, "2025-11", "2026-10"),
        ("2026-11-30", 12, 1, "2025-11", "2026-10"),
        ("2026-01-01", 1, 1, "2025-12", "2025-12"),
        ("2024-02-29", 12, 2, "2023-01", "2023-12"),
        ("2024-03-31", 24, 1, "2022-03", "2024-02"),
    ] {
        let range = Months { last, until, ..twelve() }.range(day(today)).unwrap();
        assert_eq!((range.first(), range.last()), (month(first), month(end)), "{today}");
        assert_eq!(range.len(), usize::try_from(last).unwrap());
    }
    assert_eq!(Months { last: 0, ..twelve() }.range(day("2026-11-01")), None);
    assert_eq!(Months { last: 601, ..twelve() }.range(day("2026-11-01")), None);
}

#[test]
fn a_whole_year_is_twelve_months_in_a_row() {
    let said = ask(&twelve(), &year());
    assert_eq!((said.months, said.longest_run, said.last_run), (Some(12), Some(12), Some(12)));
    assert_eq!(
        (said.first, said.last),
        (Some(Some(month("2025-11"))), Some(Some(month("2026-10"))))
    );
    assert_eq!((said.gaps, said.enough, said.row), (Some(vec![]), Some(true), Some(11)));
    let none = ask(&twelve(), &[]);
    assert_eq!(
        (none.months, none.first, none.enough, none.row),
        (Some(0), Some(None), Some(false), None)
    );
    assert_eq!(none.gaps, Some(vec![(month("2025-11"), month("2026-10"))]));
}

#[test]
fn what_is_taken_back_counts_no_more_and_two_employers_count_once() {
    let mut rows = year();
    rows.push(paid(12, "2026-02", 80, "13"));
    assert_eq!(ask(&twelve(), &rows).months, Some(12), "a second employer");
    rows.push(paid(13, "2026-02", -100, "14"));
    assert_eq!(ask(&twelve(), &rows).months, Some(12), "80 are left");
    rows.push(paid(14, "2026-02", -80, "15"));
    let said = ask(&twelve(), &rows);
    assert_eq!((said.months, said.last_run, said.longest_run), (Some(11), Some(8), Some(8)));
    assert_eq!(said.gaps, Some(vec![(month("2026-02"), month("2026-02"))]));
    // A row that was read in twice takes back once.
    let mut rows = year();
    rows.push(paid(12, "2026-02", 100, "13"));
    rows.extend([paid(13, "2026-02", -100, "14"), paid(14, "2026-02", -100, "14")]);
    assert_eq!(ask(&twelve(), &rows).months, Some(12));
    // Of two with one number that differ in any cell, it is not known whether both are.
    let mut differing = rows.clone();
    if let Some(last) = differing.last_mut() {
        last.digest = [1; 32];
    }
    assert_eq!(ask(&twelve(), &differing).months, None);
    // Without a number, of two that are alike it is not known whether both are.
    let unnumbered = Months { identity: None, ..twelve() };
    let apart =
        |row: &Row<'static>| Row { digest: [u8::try_from(row.number).unwrap(); 32], ..*row };
    let mut rows: Vec<_> = rows.iter().map(apart).collect();
    assert_eq!(ask(&unnumbered, &rows).months, Some(11), "two rows that take back");
    rows[14].digest = rows[13].digest;
    assert_eq!(ask(&unnumbered, &rows).months, None, "two rows, or one that was read in twice");
    // So is a payment that was read in twice no match for what takes it back.
    let mut rows: Vec<_> = year().iter().map(apart).collect();
    rows.extend([
        Row { digest: rows[3].digest, number: 12, ..rows[3] },
        Row { amount: Some(-100), digest: [99; 32], number: 13, ..rows[3] },
    ]);
    assert_eq!(ask(&unnumbered, &rows).months, None);
}

#[test]
fn what_cannot_be_known_matters_only_where_it_could() {
    // The count is reached without it, and it cannot take anything back.
    let lost = Row { month: None, ..paid(12, "2026-01", 100, "13") };
    let rows = [year(), vec![lost]].concat();
    assert_eq!(ask(&twelve(), &rows).enough, Some(true));
    // What it takes back is less than any month has.
    let taken = Row { amount: Some(-99), ..lost };
    assert_eq!(ask(&twelve(), &[year(), vec![taken]].concat()).enough, Some(true));
    for amount in [Some(-100), None] {
        let taken = Row { amount, ..lost };
        assert_eq!(ask(&twelve(), &[year(), vec![taken]].concat()).enough, None, "{amount:?}");
    }
    // One month is missing, and the row may be of it.
    let short: Vec<Row<'_>> = year().into_iter().skip(1).collect();
    let said = ask(&twelve(), &[short.clone(), vec![lost]].concat());
    assert_eq!((said.enough, said.months, said.last_run), (None, None, None));
    assert_eq!(said.last, Some(Some(month("2026-10"))), "it is the last month of the range anyway");
    // Two are missing, and one row is of one month.
    let shorter: Vec<Row<'_>> = short.into_iter().skip(1).collect();
    for measure in Measure::ALL {
        let rule = Months { enough: Enough { measure, least: 12 }, ..twelve() };
        let with = |rows: &[Row<'static>]| ask(&rule, &[&shorter[..], rows].concat()).enough;
        assert_eq!(
            (with(&[lost]), with(&[lost, Row { identity: Some("14"), ..lost }])),
            (Some(false), None)
        );
        let eleven = Months { enough: Enough { measure, least: 11 }, ..twelve() };
        assert_eq!(ask(&eleven, &[shorter.clone(), vec![lost]].concat()).enough, None);
    }
    // Of another kind it counts for nothing; of an unknown one it may.
    let other = Row { kind: Some("medical"), ..lost };
    assert_eq!(ask(&twelve(), &[shorter.clone(), vec![other]].concat()).enough, Some(false));
    let unknown = Row { kind: None, ..lost };
    assert_eq!(ask(&twelve(), &[shorter, vec![unknown]].concat()).months, None);
    // Two rows with one number that say different things.
    let twins = [paid(12, "2026-02", -100, "13"), paid(13, "2026-03", -100, "13")];
    let said = ask(&twelve(), &[year(), twins.to_vec()].concat());
    assert_eq!((said.months, said.enough), (None, None));
    // A row for a month to come, or before the person was born, is for some other month.
    let mut rows = year();
    rows[3].month = Some(month("2062-02"));
    assert_eq!(ask(&twelve(), &rows).enough, None);
    let rule = twelve();
    let range = rule.range(day("2026-11-22")).unwrap();
    let mut rows = year();
    rows.push(paid(12, "2001-01", -100, "13"));
    let born =
        |born: &str| count(&rule, range, (Some(month(born)), month("2026-11")), &rows).enough;
    assert_eq!((born("2001-01"), born("2001-02")), (Some(true), None));
}

#[test]
fn of_what_is_taken_back_it_is_not_known_whether_it_was_paid_in_time() {
    let strict = Months { paid_within: Some(1), ..twelve() };
    let mut rows = year();
    rows[0].paid = Some(month("2025-12"));
    assert_eq!(ask(&strict, &rows).enough, Some(true), "a month after it is in time");
    rows[0].paid = Some(month("2026-01"));
    assert_eq!(ask(&strict, &rows).enough, Some(false));
    assert_eq!(ask(&twelve(), &rows).enough, Some(true));
    rows[0].paid = None;
    let unknown = (ask(&strict, &rows).enough, ask(&twelve(), &rows).enough);
    assert_eq!(unknown, (None, None), "it may not have been received yet");
    let undated = Months { paid_on: None, ..twelve() };
    assert_eq!(ask(&undated, &rows).enough, Some(true), "where no day is stated at all");
    // It was paid on another day than it says, if it was.
    rows[0].paid = Some(month("2024-10"));
    assert_eq!((ask(&strict, &rows).enough, ask(&twelve(), &rows).enough), (None, None));
    rows[0].paid = Some(month("2024-11"));
    assert_eq!(ask(&strict, &rows).enough, Some(true), "a year ahead");
    // 100 in time and 100 late, of which 100 were taken back.
    let mut rows = year();
    rows.push(Row { paid: Some(month("2026-09")), ..paid(12, "2026-02", 100, "13") });
    rows.push(paid(13, "2026-02", -100, "14"));
    assert_eq!((ask(&strict, &rows).months, ask(&twelve(), &rows).months), (None, Some(12)));
    rows[13].amount = Some(-99);
    assert_eq!(ask(&strict, &rows).months, Some(12), "1 is left of what was paid in time");
}

#[test]
fn what_is_taken_back_under_another_kind_is_not_known_to_be_left() {
    let kinds = |is: &[&str], beside: &[&str]| {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let kind = KindIs { column: "kind".into(), is: words(is), beside: words(beside) };
        Months { kind: Some(kind), ..twelve() }
    };
    let both = kinds(&["pension", "medical"], &[]);
    let beside = kinds(&["pension"], &["medical"]);
    let taken = Row { kind: Some("medical"), ..paid(12, "2026-02", -100, "13") };
    let rows = [year(), vec![taken]].concat();
    for rule in [&both, &beside] {
        assert_eq!((ask(rule, &rows).months, ask(rule, &rows).enough), (None, None));
    }
    assert_eq!(ask(&twelve(), &rows).enough, Some(true), "where it is of its own");
    // A part, or what was paid as that kind.
    let part = [year(), vec![Row { amount: Some(-99), ..taken }]].concat();
    let own = [rows.clone(), vec![Row { kind: Some("medical"), ..paid(13, "2026-02", 100, "14") }]];
    for rows in [part, own.concat()] {
        assert_eq!((ask(&both, &rows).months, ask(&beside, &rows).months), (Some(12), Some(12)));
    }
    // Of another month it says nothing of this one.
    let elsewhere = Row { month: Some(month("2025-01")), ..taken };
    assert_eq!(ask(&beside, &[year(), vec![elsewhere]].concat()).months, Some(12));
    let anywhere = Row { month: None, ..taken };
    assert_eq!(ask(&beside, &[year(), vec![anywhere]].concat()).enough, None);
}

#[test]
fn a_word_can_say_what_is_taken_back() {
    let direction = Direction {
        column: "entry_type".into(),
        adds: ["paid".to_owned()].into(),
        takes: ["reversed".to_owned()].into(),
        signed: false,
    };
    let words = Months { direction: Some(direction.clone()), ..twelve() };
    let said = |row: Row<'static>| Row { direction: Some("paid"), ..row };
    let rows: Vec<Row<'static>> = year().into_iter().map(said).collect();
    assert_eq!(ask(&words, &rows).enough, Some(true));
    let taken = |amount, word| {
        let row = Row { amount, direction: word, ..paid(12, "2026-02", 0, "13") };
        [rows.clone(), vec![row]].concat()
    };
    assert_eq!(ask(&words, &taken(Some(100), Some("reversed"))).enough, Some(false));
    assert_eq!(ask(&words, &taken(Some(-100), Some("reversed"))).enough, None);
    assert_eq!(ask(&words, &taken(Some(100), None)).enough, None);
    assert_eq!(ask(&words, &taken(Some(99), None)).enough, Some(true));
    assert_eq!(ask(&words, &taken(None, Some("paid"))).enough, Some(true));
    assert_eq!(ask(&words, &taken(None, Some("reversed"))).enough, None);
    // Where amounts have their sign, one that takes back never adds.
    let signed = Months { direction: Some(Direction { signed: true, ..direction }), ..twelve() };
    assert_eq!(ask(&signed, &taken(Some(-100), Some("reversed"))).enough, Some(false));
    assert_eq!(ask(&signed, &taken(Some(-100), Some("paid"))).enough, Some(false));
    assert_eq!(ask(&signed, &taken(Some(-99), Some("paid"))).enough, Some(true));
    assert_eq!(ask(&signed, &taken(Some(100), Some("reversed"))).enough, None);
    assert_eq!(ask(&signed, &taken(Some(0), Some("reversed"))).enough, None);
    assert_eq!(ask(&signed, &taken(Some(100), None)).enough, None);
    assert_eq!(ask(&signed, &taken(None, Some("reversed"))).enough, None);
    let mut voided = rows.clone();
    voided[11].direction = Some("reversed");
    assert_ne!(ask(&signed, &voided).enough, Some(true), "what is void does not count");
    // Without amounts each row is one.
    let counted = Months { amount: None, ..words };
    assert_eq!(ask(&counted, &taken(None, Some("reversed"))).enough, Some(false));
}

/// A payment of the account, from its dice.
fn payment(dice: &[u16; 8], today: NaiveDate) -> Payment {
    let day = today - chrono::Days::new(u64::from(dice[0] % 1500));
    let later = [0, 0, 0, 20, 31, 45, 62, 300][usize::from(dice[1] % 8)];
    let amount = [50, 100, 100, 100, 30, 0][usize::from(dice[2] % 6)];
    Payment {
        of: day,
        amount,
        kind: KINDS[usize::from(dice[3] % 4).min(2) % 3],
        paid_on: day + chrono::Days::new(later),
        taken_back: match dice[4] % 5 {
            0 => vec![amount],
            1 => vec![amount / 2],
            2 => vec![amount / 2, amount - amount / 2],
            _ => vec![],
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// Whatever of an account's rows is hidden, doubled or out of order: what is said is true of
    /// it. Of rows that are whole, all is said that can be.
    #[test]
    fn what_is_said_is_what_the_calendar_says(
        dice in proptest::collection::vec(any::<[u16; 8]>(), 0..70),
        hidden in proptest::collection::vec(any::<[u8; 2]>(), 0..200),
        today in 0u64..1500, last in 1u32..40, until in 1u32..4, within in 0u32..5,
        measure in 0usize..3, least in 1u32..14, shift in any::<u16>(), hides in any::<bool>(),
        kinds in 1usize..3, numbered in any::<bool>(), misbooks in any::<bool>(),
    ) {
        let paid_within = (within < 4).then_some(within);
        let enough = Enough { measure: Measure::ALL[measure], least };
        let mut rule = rule(last, until, paid_within, enough);
        let is = KINDS[..kinds].iter().map(|kind| (*kind).to_owned()).collect();
        rule.kind = Some(KindIs { column: "kind".into(), is, beside: BTreeSet::new() });
        rule.identity = rule.identity.filter(|_| numbered);
        let today = day("2023-06-30") + chrono::Days::new(today);
        let account = Account { payments: dice.iter().map(|dice| payment(dice, today)).collect() };
        let entries = account.entries();
        let mut rows: Vec<Row<'_>> = entries.iter().zip(0u8..).map(|(entry, at)| Row {
            number: 0,
            month: CivilMonth::of(entry.of),
            amount: Some(entry.amount),
            direction: None,
            kind: Some(entry.kind),
            identity: numbered.then_some(&*entry.number),
            paid: CivilMonth::of(entry.entered_on),
            digest: [at; 32],
            is_known: true,
        }).collect();
        if !rows.is_empty() {
            let shift = usize::from(shift) % rows.len();
            rows.rotate_left(shift);
            let twice = rows[shift];
            rows.push(twice);
        }
        let (mut is_whole, mut is_misbooked) = (numbered, false);
        for (at, row) in rows.iter_mut().enumerate() {
            row.number = i64::try_from(at).unwrap();
            let [which, dice] = hidden.get(at).copied().unwrap_or([255, 0]);
            let is_counted = row.kind.is_some_and(|kind| KINDS[..kinds].contains(&kind));
            if misbooks && which > 200 && is_counted && row.amount < Some(0) {
                is_misbooked = true;
                row.kind = Some(KINDS[usize::from(dice) % kinds]);
            }
            if hides && which < 40 {
                is_whole = false;
                row.is_known = false;
                match dice % 5 {
                    0 => row.month = None,
                    1 => row.amount = None,
                    2 => row.kind = None,
                    3 => row.identity = None,
                    _ => row.paid = None,
                }
            }
        }
        let this = CivilMonth::of(today).unwrap();
        let truth = account.truth(today, last, until, paid_within, &KINDS[..kinds]);
        let range = rule.range(today).unwrap();
        prop_assert_eq!(range.len(), truth.months.len());
        prop_assert_eq!(range.first().to_string(), truth.months[0].clone());
        let said = count(&rule, range, (None, this), &rows);
        let gaps = said.gaps.clone().map(|gaps| {
            let gaps = gaps.iter().map(|(first, last)| (first.to_string(), last.to_string()));
            gaps.collect::<Vec<_>>()
        });
        let enough = match measure {
            0 => truth.counted(),
            1 => truth.longest_run(),
            _ => truth.last_run(),
        } >= least;
        let text = |month: Option<Option<CivilMonth>>| {
            month.map(|month| month.map(|month| month.to_string()))
        };
        // Where something was taken back under another kind, no yes is wrong.
        if is_misbooked {
            prop_assert!(said.enough != Some(true) || enough, "{:?} {:?}", said, truth);
            return Ok(());
        }
        // Each by what is said, if anything is, and what is so.
        let numbers = [
            (said.months, truth.counted()),
            (said.longest_run, truth.longest_run()),
            (said.last_run, truth.last_run()),
        ];
        let ends = [(text(said.first), truth.first()), (text(said.last), truth.last())];
        prop_assert!(numbers.iter().all(|(said, is)| said.is_none_or(|said| said == *is)));
        prop_assert!(ends.iter().all(|(said, is)| said.as_ref().is_none_or(|said| said == is)));
        prop_assert!(gaps.is_none_or(|gaps| gaps == truth.gaps()), "{:?} {:?}", said, truth);
        prop_assert!(said.enough.is_none_or(|said| said == enough), "{:?} {:?}", said, truth);
        if is_whole && (paid_within.is_none() || account.takes_nothing_back()) {
            prop_assert!(said.months.is_some() && said.gaps.is_some() && said.enough.is_some());
        }
    }
}
