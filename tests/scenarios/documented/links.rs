//! Links and anchors of the pages resolve, a newcomer finds each page, and lines are short.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{PAGES, page, root};

/// Most lines of a README.
const README_LINES: usize = 150;
/// Most characters of a line of prose, or of a command.
const WIDTH: usize = 100;

/// Every page whose links are followed, from the repository's root.
fn pages() -> BTreeSet<String> {
    let root = root();
    let mut found = BTreeSet::new();
    let mut open: Vec<PathBuf> = ["docs", "examples"].map(|folder| root.join(folder)).to_vec();
    let top = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = top.filter(|path| path.is_file()).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "md")) {
        found.insert(path.strip_prefix(&root).unwrap().display().to_string());
    }
    found
}

/// The lines outside fenced blocks.
fn prose(text: &str) -> Vec<&str> {
    let (mut found, mut is_fenced) = (Vec::new(), false);
    for line in text.lines() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            found.push(line);
        }
    }
    found
}

/// What a heading is called in a link, as GitHub makes it.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in prose(text) {
        let Some(heading) =
            line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
        else {
            continue;
        };
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let name: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let again = (1..).map(|count| format!("{name}-{count}"));
        let free = std::iter::once(name.clone()).chain(again).find(|name| !found.contains(name));
        found.extend(free);
    }
    found
}

/// The targets of the links in a paragraph; what stands in backquotes is no link.
fn links(paragraph: &str) -> Vec<&str> {
    let outside = paragraph.split('`').step_by(2);
    outside
        .flat_map(|part| part.split("](").skip(1))
        .filter_map(|rest| rest.split(')').next())
        .collect()
}

fn fault(from: &str, target: &str) -> Option<String> {
    if target.starts_with("https://") || target.starts_with("http://") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let mut path = PathBuf::from(from);
    if !file.is_empty() {
        path.pop();
        for part in Path::new(file).components() {
            match part {
                Component::ParentDir => {
                    assert!(path.pop(), "{from}: `{target}` leaves the repository")
                }
                part => path.push(part),
            }
        }
    }
    if !root().join(&path).exists() {
        return Some(format!("{from}: `{target}` leads to no file"));
    }
    let is_missing =
        !anchor.is_empty() && !anchors(&page(&path.display().to_string())).contains(anchor);
    is_missing.then(|| format!("{from}: `{target}` leads to no heading"))
}

#[test]
fn every_link_and_anchor_of_the_pages_resolves() {
    let (mut followed, mut wrong) = (0, Vec::new());
    for name in pages() {
        let text = page(&name);
        // A link may go on in the next line of its paragraph.
        let lines = prose(&text);
        for paragraph in lines.split(|line| line.is_empty()) {
            for target in links(&paragraph.join(" ")) {
                followed += 1;
                wrong.extend(fault(&name, target));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        followed > 200,
        "only {followed} links were found: are they written in another form now?"
    );
}

#[test]
fn a_newcomer_finds_every_page_in_one_hop() {
    for (readme, folder) in [("README.md", "docs"), ("README.zh-CN.md", "docs/zh")] {
        let text = page(readme);
        assert!(
            text.lines().count() <= README_LINES,
            "{readme} has {} lines",
            text.lines().count()
        );
        for name in PAGES.iter().chain(&["README.md"]) {
            assert!(
                text.contains(&format!("({folder}/{name})")),
                "{readme} does not lead to {folder}/{name}"
            );
        }
    }
}

#[test]
fn prose_and_commands_of_the_pages_are_at_most_so_wide() {
    let both = |name: &&str| [format!("docs/{name}"), format!("docs/zh/{name}")];
    let mut names: Vec<String> = PAGES.iter().chain(&["README.md"]).flat_map(both).collect();
    names.extend(
        ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]
            .map(str::to_owned),
    );
    let mut wide = Vec::new();
    for name in names {
        let text = page(&name);
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('|'));
        wide.extend(
            lines
                .filter(|(_, line)| line.chars().count() > WIDTH)
                .map(|(number, _)| format!("{name}:{number}")),
        );
    }
    assert!(wide.is_empty(), "over {WIDTH} characters: {}", wide.join(", "));
}
