//! Each target over a bounded number of inputs (`ZEROTRIP_FUZZ`, from `ZEROTRIP_FUZZ_SEED`).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use zerotrip_fuzz::{TARGETS, bounded};

macro_rules! runs {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            let name = stringify!($name);
            bounded::run(TARGETS.iter().find(|target| target.name == name).expect("a target"));
        })*

        const RUN: &[&str] = &[$(stringify!($name)),*];
    };
}

runs! {
    certificate certificate_claims csv dataset dbf definition disclosure dsse identity_token json
    jwe jwks jwt manifest note ofd ofd_parts parquet pdf qr qr_claims qr_image sdjwt sdjwt_parts
    sheet status_list tile xls xlsx
}

/// What is listed here, in the library and for cargo-fuzz is the same.
#[test]
fn every_target_is_run_by_both() {
    let listed: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(listed, RUN.iter().map(|name| (*name).to_owned()).collect());
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(fuzz.join("fuzz_targets")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(fs::read_to_string(&path).unwrap().contains(&format!("run(\"{name}\"")), "{name}");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name}");
        files.insert(name);
    }
    assert_eq!(listed, files);
}
