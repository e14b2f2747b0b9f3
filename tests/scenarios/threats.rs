//! `docs/threats.md` names tests and files: each of them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Folders that hold nothing of ours.
const LEFT: [&str; 2] = ["target", ".git"];

/// The paths of all files below a folder, from the repository's root.
fn files(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() && !LEFT.contains(&name.as_str()) {
            files(root, &path, found);
        } else if path.is_file() {
            found.push(format!("/{}", path.strip_prefix(root).unwrap().display()));
        }
    }
}

fn functions(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split("fn ")
        .skip(1)
        .map(move |rest| rest.split(|c| !is_name(c)).next().unwrap_or_default())
}

/// What a row puts between backquotes.
fn quoted(row: &str) -> impl Iterator<Item = &str> {
    row.split('`').skip(1).step_by(2)
}

/// Whether the name is that of a function; `…` stands for what was left out of a long one.
fn is_test(name: &str, known: &BTreeSet<String>) -> bool {
    let Some((first, rest)) = name.split_once('…') else { return known.contains(name) };
    known.iter().any(|known| known.starts_with(first) && known.ends_with(rest))
}

#[test]
fn every_test_and_file_of_the_threat_table_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut paths = Vec::new();
    files(root, root, &mut paths);
    let sources = paths
        .iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| fs::read_to_string(format!("{}{path}", root.display())));
    let known: BTreeSet<String> = sources
        .flat_map(|text| functions(&text.unwrap()).map(str::to_owned).collect::<Vec<_>>())
        .collect();

    let page = fs::read_to_string(root.join("docs/threats.md")).unwrap();
    let (mut tests, mut named, mut wrong) = (0, 0, Vec::new());
    for (line, row) in (1..).zip(page.lines()).filter(|(_, row)| row.starts_with('|')) {
        let last = row.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
        for quoted in quoted(last) {
            let name = quoted.rsplit("::").next().unwrap_or_default();
            let is_name =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '…';
            if name.contains('_') && name.chars().all(is_name) {
                tests += 1;
                if !is_test(name, &known) {
                    wrong.push(format!("line {line}: no test `{quoted}`"));
                }
            }
        }
        for quoted in quoted(row) {
            let file = quoted.split("::").next().unwrap_or_default();
            let has_end =
                [".rs", ".md", ".sh", ".py", ".proto"].iter().any(|end| file.ends_with(end));
            if has_end && !file.contains(' ') {
                named += 1;
                if !paths.iter().any(|path| path.ends_with(&format!("/{file}"))) {
                    wrong.push(format!("line {line}: no file `{quoted}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        tests > 200 && named > 100,
        "{tests} tests and {named} files were found: has the page another form now?"
    );
}
