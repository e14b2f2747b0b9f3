//! Cells by a grammar, held against an oracle that was written from the domain by somebody who had
//! not read this code: "could this be p's to a careful clerk?" Where the clerk could not exclude p,
//! nothing here may.
//!
//! `ZEROTRIP_CELLS` says how many (10,000,000 for the long run); `ZEROTRIP_SEED` which ones.

use super::oracle;
use super::*;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub(super) fn random(mut state: u64) -> impl FnMut() -> u64 {
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Whether a cell concerns a person, as a profiling pass has it: it is theirs, or could be.
fn concerns(declared: &Declared, raw: &str, person: &ResidentId) -> bool {
    let today = CivilDay::of(NaiveDate::from_ymd_opt(2026, 11, 28).unwrap());
    let mut is_person = false;
    let whose = match declared.whose(raw, today) {
        Whose::Person(id) => {
            is_person = true;
            id == *person
        }
        Whose::Several(ids) => ids.contains(person),
        Whose::Organisation | Whose::Nobody => false,
        Whose::Could(suspect) => suspect.could_match(person),
    };
    let doubtful =
        || is_doubtful(raw) && doubtfuls(person).any(|digits| Some(digits) == short_digits(raw));
    let rounded = || is_spreadsheet_rounded(raw) && Suspect::rounded(raw).could_match(person);
    whose || (is_person && (doubtful() || rounded())) || crate::cell::is_blank(Some(raw))
}

pub(super) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nobody_is_excluded_whom_a_careful_clerk_could_not() {
    let (cells, seed) = (number("ZEROTRIP_CELLS", 100_000), number("ZEROTRIP_SEED", 20_261_128));
    let mut dice = random(seed);
    let first = NaiveDate::from_ymd_opt(1925, 1, 1).unwrap();
    let divisions = [330_106, 330_102, 110_105, 440_524, 810_000, 320_508, 933_084];
    let mut somebody = || loop {
        let division = divisions[(dice() % 7) as usize];
        let birth = first + chrono::Duration::days((dice() % 36_000) as i64);
        let id = ResidentId::from_parts(division, birth, (dice() % 995 + 1) as u16).unwrap();
        if plausible::is_plausible(&id) {
            return id;
        }
    };
    let persons: Vec<ResidentId> = (0..400).map(|_| somebody()).collect();
    let others: Vec<String> = persons[200..].iter().map(|id| id.as_str().to_owned()).collect();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let columns: Vec<(oracle::Declared, Declared)> =
        [(false, &[][..], &[][..]), (true, &["无", "NULL"], &["不详"])]
            .into_iter()
            .map(|(passport, nothing, unknown)| {
                let ours = Declared {
                    schemes: passport.then_some(Scheme::Passport).into_iter().collect(),
                    nothing: words(nothing).into_iter().collect(),
                    unknown: words(unknown).into_iter().collect(),
                    ..Declared::default()
                };
                (
                    oracle::Declared { passport, nothing: words(nothing), unknown: words(unknown) },
                    ours,
                )
            })
            .collect();
    let mut dice = random(seed ^ 1);
    let (mut wrong, mut needless, mut free) = (Vec::new(), Vec::new(), 0_u64);
    for at in 0..cells {
        let p = &persons[(at % 200) as usize];
        let raw = oracle::generate(&mut dice, p.as_str(), &others);
        let (theirs, ours) = &columns[(dice() % 2) as usize];
        let held = concerns(ours, &raw, p);
        if !held && oracle::must_not_exclude(&raw, theirs, p.as_str()) {
            wrong.push(format!("{raw:?} for {} (passports {})", p.as_str(), theirs.passport));
        }
        if oracle::may_exclude(&raw, theirs, p.as_str()) {
            free += 1;
            if held {
                needless.push(format!("{raw:?} for {}", p.as_str()));
            }
        }
        if wrong.len() > 400 {
            break;
        }
    }
    println!(
        "{cells} cells, seed {seed}: {} wrong; of {free} that a clerk would pass over, {} are held",
        wrong.len(),
        needless.len()
    );
    for one in needless.iter().take(number("ZEROTRIP_SHOW", 0) as usize) {
        println!("needless: {one}");
    }
    assert!(wrong.is_empty(), "excluded, and could be theirs:\n{}", wrong.join("\n"));
    // What is needlessly held costs answers: at most one in twenty of those that nobody would
    // mistake.
    assert!(needless.len() as u64 * 20 <= free, "{} of {free}", needless.len());
}
