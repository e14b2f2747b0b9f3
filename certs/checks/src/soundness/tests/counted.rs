//! Rows that are counted together: the register must have every row of the months, and no row
//! speaks by itself.

use zerotrip_datasets::CivilMonth;
use zerotrip_proto::v1::FindingKind;

use super::*;
use crate::definition::Period;

/// A year of months up to this one, of a register that was read then; and what is said of a row.
fn concluded(
    last: &str,
    verdicts: &[(VerdictKind, usize)],
    change: impl Fn(&mut ScanReport),
) -> String {
    let mut stated = report("d");
    stated.since = day("2010-01-01");
    change(&mut stated);
    let state = match CompleteScan::try_new(stated) {
        Ok(complete) => ScanState::Complete(complete),
        Err(reason) => ScanState::Unreadable(reason),
    };
    let last = CivilMonth::parse(last).unwrap();
    let absence_for = [OWNER.to_owned()];
    let rows = [OWNER.to_owned(), PERMIT.to_owned()];
    let scan = ScanEvidence {
        kind: KeyKind::Resident,
        name: "s0",
        dataset: "d",
        state: &state,
        rows: &rows,
        things: None,
        judged: false,
        each_row: false,
        counted: Period::new(last.plus(-11).unwrap(), last),
        absence_for: &absence_for,
        reach: Reach::LastYears(2),
    };
    let said = |(kind, row): &(VerdictKind, usize)| Verdict {
        kind: *kind,
        code: "FOUND".into(),
        scan: "s0".into(),
        row: Some(*row),
        on_date: None,
        began_on: None,
    };
    let verdicts: Vec<Verdict> = verdicts.iter().map(said).collect();
    let evidence = CheckEvidence {
        asks_elsewhere: false,
        proves: &Proves::Fact { silence: "SILENT".into() },
        scans: &[scan],
        verdicts: &verdicts,
        reasons: &["FOUND"],
        certain: &HashSet::from([OWNER.to_owned()]),
        registered: &BTreeMap::new(),
        hand_overs: &[],
    };
    match conclude(&evidence) {
        Conclusion::Proven(_) => "true".into(),
        Conclusion::Refuted(code) => format!("false {code}"),
        Conclusion::Unavailable(why) => why.code.name().to_owned(),
    }
}

/// What is said where it is enough, where it is not, and where a row says that it is not.
fn each(last: &str, change: impl Fn(&mut ScanReport)) -> [String; 3] {
    [&[(VerdictKind::Shows, 0)][..], &[], &[(VerdictKind::Against, 0)]]
        .map(|verdicts| concluded(last, verdicts, &change))
}

#[test]
fn a_count_needs_every_row_of_its_months() {
    let answered = ["true".to_owned(), "false SILENT".into(), "false FOUND".into()];
    let none = |code: &str| [code; 3].map(str::to_owned);
    assert_eq!(each("2026-12", |_| {}), answered);
    // From the first day of the first of them on, whatever was carried over.
    assert_eq!(each("2026-12", |stated| stated.since = day("2026-01-01")), answered);
    let late = |stated: &mut ScanReport| {
        stated.since = day("2026-01-02");
        stated.older_carried_over = true;
    };
    assert_eq!(each("2026-12", late), none("OUTSIDE_COVERAGE"));
    assert_eq!(each("2026-12", |stated| stated.since = None), none("OUTSIDE_COVERAGE"));
    assert_eq!(each("2026-12", |stated| stated.keeps_ended = false), none("OUTSIDE_COVERAGE"));
    let of_others = |stated: &mut ScanReport| stated.subjects = Subjects::Stated("else".into());
    assert_eq!(each("2026-12", of_others), none("OUTSIDE_COVERAGE"));
    // A month that is not over.
    assert_eq!(each("2027-01", |_| {}), none("SOURCE_STALE"));
    let midnight = |before: u64| {
        move |stated: &mut ScanReport| {
            // 2027-01-01 00:00 in China.
            stated.as_of = at(1_798_732_800 - before);
            stated.now = stated.as_of;
        }
    };
    assert_eq!(each("2026-12", midnight(0)), answered);
    assert_eq!(each("2026-12", midnight(1)), none("SOURCE_STALE"));
    // Something could not be read, and whoever weighed it said that it could matter.
    let finding = |kind: FindingKind, column: &str| Finding {
        kind: kind.into(),
        column: column.into(),
        count: 1,
        keys: Vec::new(),
    };
    let unread = |stated: &mut ScanReport| {
        stated.findings = vec![finding(FindingKind::UnreadableCell, "month")];
    };
    assert_eq!(each("2026-12", unread), none("SOURCE_UNREADABLE"));
    let set_aside = |stated: &mut ScanReport| {
        stated.findings = vec![
            finding(FindingKind::UnreadableCell, "month"),
            finding(FindingKind::UnknownCode, "kind"),
        ];
        stated.set_aside(&["month", "kind"].into());
    };
    assert_eq!(each("2026-12", set_aside), answered);
    for (kind, column) in [
        (FindingKind::CouldMatch, ""),
        (FindingKind::CouldMatch, "month"),
        (FindingKind::UnreadableCell, "other"),
        (FindingKind::Unspecified, "month"),
    ] {
        let kept = |stated: &mut ScanReport| {
            stated.findings = vec![finding(kind, column)];
            stated.set_aside(&["month"].into());
        };
        assert_eq!(each("2026-12", kept), none("SOURCE_UNREADABLE"), "{kind:?} {column}");
    }
}

#[test]
fn a_row_of_another_person_shows_no_count() {
    for verdict in [(VerdictKind::Shows, 1), (VerdictKind::Against, 1), (VerdictKind::Shows, 2)] {
        assert_eq!(concluded("2026-12", &[verdict], |_| {}), "UNDETERMINED", "{verdict:?}");
    }
}
