//! A production file has at most 400 lines: what it holds must fit in one reading.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const MOST: usize = 400;
/// Files that are longer still. This list only shrinks.
const LEFT: &[&str] = &[];

/// Folders that hold no production code.
const APART: [&str; 3] = ["target", "tests", "fuzz"];

/// Rust files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !APART.contains(&name.as_str()) {
                files(&path, found);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(path);
        }
    }
}

/// Where the modules lie that a file has for its tests alone, without `.rs`.
fn of_tests(path: &Path, text: &str) -> Vec<PathBuf> {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let folder = path.parent().unwrap();
    let inside =
        if matches!(name, "mod" | "lib" | "main") { folder.into() } else { folder.join(name) };
    let modules = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
        let line = rest.lines().next()?;
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    modules.map(|module| inside.join(module)).collect()
}

/// Lines without a module of tests at the end.
fn lines(text: &str) -> usize {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap().lines().count()
}

#[test]
fn no_production_file_is_longer_than_a_reading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    files(root, &mut found);
    let texts: Vec<(PathBuf, String)> =
        found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect();
    let of_tests: Vec<PathBuf> =
        texts.iter().flat_map(|(path, text)| of_tests(path, text)).collect();
    let is_production =
        |path: &Path| !of_tests.iter().any(|module| path.with_extension("").starts_with(module));
    let production: Vec<&(PathBuf, String)> =
        texts.iter().filter(|(path, _)| is_production(path)).collect();
    assert!(production.len() > 300, "{} files were found: is the test blind?", production.len());
    let long: BTreeSet<String> = production
        .iter()
        .filter(|(_, text)| lines(text) > MOST)
        .map(|(path, _)| path.strip_prefix(root).unwrap().display().to_string())
        .collect();
    let left: BTreeSet<String> = LEFT.iter().map(|path| (*path).to_owned()).collect();
    let more: Vec<&String> = long.difference(&left).collect();
    assert!(more.is_empty(), "files over {MOST} lines; split them by meaning: {more:#?}");
    let less: Vec<&String> = left.difference(&long).collect();
    assert!(less.is_empty(), "no longer over {MOST} lines; take them off the list: {less:#?}");
}
