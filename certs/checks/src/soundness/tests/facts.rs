//! A fact: the row that shows it, and all that an absence needs.

use super::*;

const SILENT: &str = "SILENT";

/// Registers that were read, each so many seconds after the first; and verdicts on their rows. Row
/// 0 of each is about [`OWNER`], row 1 about another.
fn said(read: &[u64], verdicts: &[Verdict], change: impl Fn(&mut ScanReport)) -> String {
    concluded(read, verdicts, false, change)
}

fn concluded(
    read: &[u64],
    verdicts: &[Verdict],
    each_row: bool,
    change: impl Fn(&mut ScanReport),
) -> String {
    let states: Vec<ScanState> = read
        .iter()
        .map(|later| {
            let mut stated = report("d");
            stated.as_of += Duration::from_secs(*later);
            stated.now = stated.as_of + Duration::from_secs(10);
            stated.since = day("1984-01-01");
            stated.older_carried_over = true;
            stated.subjects = Subjects::EveryoneAnywhere;
            change(&mut stated);
            match CompleteScan::try_new(stated) {
                Ok(complete) => ScanState::Complete(complete),
                Err(reason) => ScanState::Unreadable(reason),
            }
        })
        .collect();
    let names = ["s0", "s1"];
    let rows = [OWNER.to_owned(), PERMIT.to_owned()];
    let absence_for = [OWNER.to_owned()];
    let scans: Vec<ScanEvidence<'_>> = states
        .iter()
        .zip(names)
        .map(|(state, name)| ScanEvidence {
            kind: KeyKind::Resident,
            name,
            dataset: name,
            state,
            rows: &rows,
            things: None,
            judged: false,
            each_row,
            counted: None,
            absence_for: &absence_for,
            reach: Reach::LastYears(0),
        })
        .collect();
    let evidence = CheckEvidence {
        proves: &Proves::Fact { silence: SILENT.into() },
        scans: &scans,
        verdicts,
        reasons: &["FOUND"],
        certain: &HashSet::from([OWNER.to_owned()]),
        registered: &BTreeMap::new(),
        hand_overs: &[],
        asks_elsewhere: false,
    };
    match conclude(&evidence) {
        Conclusion::Proven(_) => "true".into(),
        Conclusion::Refuted(code) => format!("false {code}"),
        Conclusion::Unavailable(why) => why.code.name().to_owned(),
    }
}

fn verdict(kind: VerdictKind, row: usize, began_on: Option<i32>) -> Verdict {
    let code = if kind == VerdictKind::Against { "FOUND" } else { "" };
    Verdict { kind, code: code.into(), scan: "s0".into(), row: Some(row), on_date: None, began_on }
}

#[test]
fn a_fact_is_proven_by_a_row_and_refuted_by_its_absence() {
    let shows = verdict(VerdictKind::Shows, 0, None);
    let one = |verdicts: &[Verdict]| said(&[0], verdicts, |_| {});
    assert_eq!(one(std::slice::from_ref(&shows)), "true");
    assert_eq!(one(&[]), "false SILENT");
    assert_eq!(one(&[verdict(VerdictKind::Clear, 0, None)]), "false SILENT");
    assert_eq!(one(&[shows.clone(), verdict(VerdictKind::Against, 0, None)]), "false FOUND");
    assert_eq!(one(&[shows.clone(), verdict(VerdictKind::Undetermined, 0, None)]), "UNDETERMINED");
    for other in [
        verdict(VerdictKind::Shows, 1, None),
        verdict(VerdictKind::Shows, 2, None),
        Verdict { row: None, ..shows.clone() },
        Verdict { scan: "another".into(), ..shows.clone() },
    ] {
        assert_eq!(one(std::slice::from_ref(&other)), "UNDETERMINED", "{other:?}");
        assert_eq!(one(&[shows.clone(), other.clone()]), "UNDETERMINED", "{other:?}");
    }
}

#[test]
fn a_fact_needs_all_that_an_absence_needs() {
    let shows = [verdict(VerdictKind::Shows, 0, None)];
    let refused = |change: &dyn Fn(&mut ScanReport)| said(&[0], &shows, change);
    assert_eq!(refused(&|stated| stated.required_null = true), "SOURCE_UNREADABLE");
    assert_eq!(refused(&|stated| stated.since = None), "OUTSIDE_COVERAGE");
    assert_eq!(
        refused(&|stated| stated.subjects = Subjects::Stated("registered_in:x".into())),
        "OUTSIDE_COVERAGE"
    );
}

#[test]
fn a_fact_of_several_registers_had_begun_at_their_moment() {
    let began = |day: Option<i32>| [verdict(VerdictKind::Shows, 0, day)];
    let today = day_of(1_800_000_000);
    let two = |apart: u64, day| said(&[0, apart], &began(day), |_| {});
    // All that was read at one moment was there at it.
    assert_eq!(two(0, None), "true");
    assert_eq!(two(0, Some(today)), "true");
    assert_eq!(two(60, Some(today - 1)), "true");
    assert_eq!(two(60, None), "UNDATED");
    assert_eq!(two(60, Some(today)), "HAND_OVER_GAP");
    assert_eq!(two(60, Some(today + 1)), "HAND_OVER_GAP");
    // A day that systems write for nothing is none.
    assert_eq!(two(60, day("1900-01-01")), "UNDATED");
}

fn day_of(seconds: u64) -> i32 {
    super::super::moment::day_of(at(seconds)).unwrap()
}

#[test]
fn a_row_that_needs_a_verdict_and_has_none_settles_nothing() {
    let both = [VerdictKind::Shows, VerdictKind::Clear];
    let verdicts: Vec<Verdict> =
        both.into_iter().enumerate().map(|(row, kind)| verdict(kind, row, None)).collect();
    let (all, first) = (verdicts.as_slice(), verdicts.get(..1).unwrap());
    assert_eq!(concluded(&[0], all, true, |_| {}), "true");
    assert_eq!(concluded(&[0], first, true, |_| {}), "UNDETERMINED");
    assert_eq!(concluded(&[0], first, false, |_| {}), "true");
}

#[test]
fn what_others_can_undo_speaks_against_only_where_nothing_is_open() {
    let against = verdict(VerdictKind::Against, 0, None);
    let settled = [against.clone(), verdict(VerdictKind::Clear, 1, None)];
    let each = |verdicts: &[Verdict], change: &dyn Fn(&mut ScanReport)| {
        concluded(&[0], verdicts, true, change)
    };
    assert_eq!(each(&settled, &|_| {}), "false FOUND");
    let open = [against.clone(), verdict(VerdictKind::Undetermined, 1, None)];
    assert_eq!(each(&open, &|_| {}), "UNDETERMINED");
    assert_eq!(each(std::slice::from_ref(&against), &|_| {}), "UNDETERMINED");
    assert_eq!(each(&settled, &|stated| stated.required_null = true), "SOURCE_UNREADABLE");
    assert_eq!(each(&settled, &|stated| stated.since = None), "OUTSIDE_COVERAGE");
    let other = [Verdict { code: "OTHER".into(), ..against }, settled[1].clone()];
    assert_eq!(each(&other, &|_| {}), "UNDETERMINED");
    // Where rows are not all judged, what is firm goes first.
    assert_eq!(concluded(&[0], &open, false, |_| {}), "false FOUND");
}
