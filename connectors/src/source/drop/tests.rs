//! What holds for drops of every format.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use zerotrip_datasets::resident_id::ResidentId;

use super::super::conformance::{Cells, Kind, LI, Rig, WANG, look_up, names, run, soon};

/// A person in one of the spellings that registers hold.
fn spelling(key: &str, which: usize) -> String {
    let old = ResidentId::new_strict(key).unwrap().first_generation().unwrap_or_else(|| key.to_owned());
    match which {
        0 => key.to_owned(),
        1 => key.to_ascii_lowercase(),
        2 => old,
        3 => format!(" {key}"),
        4 => format!("{} {}", &key[..6], &key[6..]),
        5 => key.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
        6 => format!("{}\u{3000}{}", &old[..8], &old[8..]),
        _ => format!("{key}  "),
    }
}

/// Writes rows that name persons in these spellings (spelling, who and where), and finds every one of them by look-up.
pub fn written_is_found(kind: Kind, spelled: &[(usize, usize)]) -> Result<(), TestCaseError> {
    let mut rows = Vec::new();
    for (number, (which, who)) in spelled.iter().enumerate() {
        let id = spelling([LI, WANG][who % 2], *which);
        let (owner, co_owner) = if *who < 2 { (id, String::new()) } else { (String::new(), id) };
        rows.push((owner, co_owner, format!("n{number:03}")));
    }
    let cells: Vec<Cells<'_>> = rows.iter().map(|(owner, co_owner, name)| (owner.as_str(), co_owner.as_str(), name.as_str())).collect();
    let rig = Rig::new(kind, &cells);
    let source = rig.open().unwrap();
    for (person, key) in [LI, WANG].into_iter().enumerate() {
        let (found, end) = run(names(&*source, look_up(&[key], 1000, soon()))).unwrap();
        let known: std::collections::BTreeSet<&String> = found.iter().collect();
        for (number, (_, who)) in spelled.iter().enumerate().filter(|(_, (_, who))| who % 2 == person) {
            prop_assert!(known.contains(&format!("n{number:03}")), "{:?} {}", rows[number], who);
        }
        prop_assert_eq!((end.rows, end.could_match.len()), (spelled.len() as u64, 0));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_written_as_csv_is_found(spelled in proptest::collection::vec((0_usize..8, 0_usize..4), 1..40)) {
        written_is_found(Kind::Csv, &spelled)?;
    }
}
