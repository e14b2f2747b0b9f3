//! A run of so many inputs, without libFuzzer.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::mutate::{Random, mutated};
use crate::repository;
use crate::target::Target;

/// Inputs of a target unless `ZEROTRIP_FUZZ` says how many.
const INPUTS: usize = 2000;
/// Where dice begin unless `ZEROTRIP_FUZZ_SEED` says so.
const SEED: u64 = 1;

/// The target's real inputs, and what libFuzzer found and left in `fuzz/corpus/<target>/`.
pub fn inputs(target: &Target) -> Vec<Vec<u8>> {
    let mut inputs = (target.seeds)();
    let found = fs::read_dir(repository::root().join("fuzz/corpus").join(target.name));
    let mut found: Vec<_> =
        found.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    inputs.extend(found.iter().map(|path| fs::read(path).unwrap()));
    inputs
}

/// Gives the target each real input, and as many mutated ones as the environment says. One that
/// panics is written to a file, whose path is printed.
pub fn run(target: &Target) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let count = number("ZEROTRIP_FUZZ").map_or(INPUTS, |count| usize::try_from(count).unwrap());
    let seed = number("ZEROTRIP_FUZZ_SEED").unwrap_or(SEED);
    let inputs = inputs(target);
    let mut random = Random(seed);
    let made = std::iter::repeat_with(|| mutated(&mut random, &inputs)).take(count);
    let (mut accepted, mut refused) = (0, 0);
    for (number, data) in inputs.clone().into_iter().chain(made).enumerate() {
        match catch_unwind(AssertUnwindSafe(|| (target.run)(&data))) {
            Ok(true) => accepted += 1,
            Ok(false) => refused += 1,
            Err(panic) => {
                let name = format!("zerotrip-fuzz-{}-{number}", target.name);
                let path = std::env::temp_dir().join(name);
                fs::write(&path, &data).unwrap();
                eprintln!("input {number} of seed {seed} is in {}", path.display());
                resume_unwind(panic);
            }
        }
    }
    println!("{}: {accepted} inputs were accepted, {refused} refused", target.name);
    // Real inputs are read, and changed ones reach the parser's refusals.
    assert!(accepted > 0 && (refused > 0 || count < INPUTS), "{accepted} {refused}");
}
