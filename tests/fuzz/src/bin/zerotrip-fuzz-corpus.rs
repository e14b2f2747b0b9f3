//! Writes each target's real inputs where libFuzzer looks for them: `fuzz/corpus/<target>/`.

#![allow(clippy::unwrap_used, reason = "a tool of developers")]

use std::fs;
use std::path::Path;

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for target in zerotrip_fuzz::TARGETS {
        let folder = corpus.join(target.name);
        fs::create_dir_all(&folder).unwrap();
        for (number, data) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), data).unwrap();
        }
    }
}
