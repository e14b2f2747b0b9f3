//! No file of a crate uses, by way of others, itself: what is taken apart can be moved.
//!
//! Read from the `use` lines alone, without tests: `use crate::…`, `super::…` and `self::…`,
//! followed through what a module gives on (`pub use`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A file by its place among the crate's modules: `["source", "drop"]`; the crate's root is `[]`.
type Module = Vec<String>;

/// Folders of crates' sources, from the repository's root.
fn crates(root: &Path) -> Vec<PathBuf> {
    let manifest: toml::Table =
        fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let members = members.iter().map(|member| root.join(member.as_str().unwrap()));
    members
        .map(|member| member.join(if member == root.join("tests") { "kit" } else { "src" }))
        .collect()
}

fn modules(source: &Path, folder: &Path, found: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            if name != "tests" && name != "bin" {
                modules(source, &path, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs") && name != "tests" {
            let place = path.strip_prefix(source).unwrap().with_extension("");
            let mut module: Module =
                place.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            module.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
            found
                .entry(module)
                .or_default()
                .push_str(&without_tests(&fs::read_to_string(&path).unwrap()));
        }
    }
}

fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The `use` lines, each with whether it is given on.
fn uses(text: &str) -> impl Iterator<Item = (bool, Vec<Vec<String>>)> {
    text.match_indices("use ").filter_map(|(at, _)| {
        let line = text[..at].rsplit(['\n', ';', '{', '}']).next().unwrap().trim();
        let is_statement = line.is_empty() || line.starts_with("pub");
        let statement = text[at + 4..].split(';').next().unwrap();
        // What looks like one in a text is none.
        let is_path = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_:{},*".contains(c);
        (is_statement && statement.chars().all(is_path))
            .then(|| (line.starts_with("pub"), paths(statement)))
    })
}

/// `a::{b, c::d}` as `[[a, b], [a, c, d]]`.
fn paths(text: &str) -> Vec<Vec<String>> {
    let text = text.trim();
    let Some((before, inside)) = text.split_once('{') else {
        let path = text.split(" as ").next().unwrap();
        return vec![path.split("::").map(|part| part.trim().to_owned()).collect()];
    };
    let start: Vec<String> = before
        .split("::")
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inside[..inside.rfind('}').unwrap()].chars() {
        match c {
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| paths(part)).map(|rest| [start.clone(), rest].concat()).collect()
}

struct Crate {
    modules: BTreeMap<Module, String>,
    /// What a module gives on: the name, and whose it is.
    given_on: BTreeMap<(Module, String), Module>,
}

impl Crate {
    fn read(source: &Path) -> Self {
        let mut found = Self { modules: BTreeMap::new(), given_on: BTreeMap::new() };
        modules(source, source, &mut found.modules);
        for (module, text) in &found.modules {
            for mut path in
                uses(text).filter(|(is_public, _)| *is_public).flat_map(|(_, paths)| paths)
            {
                if !matches!(path[0].as_str(), "crate" | "super" | "self") {
                    path.insert(0, "self".to_owned());
                }
                let (whose, rest) = found.place(module, &path);
                if let (Some(name), true) = (rest.first(), whose != *module) {
                    found.given_on.insert((module.clone(), name.clone()), whose);
                }
            }
        }
        found
    }

    /// The module in which a path ends, and what of the path is left there.
    fn place(&self, module: &Module, path: &[String]) -> (Module, Vec<String>) {
        let mut rest = path.to_vec();
        let mut here = if path[0] == "crate" { Vec::new() } else { module.clone() };
        while let Some(step) =
            rest.first().filter(|step| matches!(step.as_str(), "crate" | "self" | "super"))
        {
            if step == "super" {
                here.pop();
            }
            rest.remove(0);
        }
        while let Some(step) = rest.first() {
            let inside = [here.clone(), vec![step.clone()]].concat();
            if !self.modules.contains_key(&inside) {
                break;
            }
            here = inside;
            rest.remove(0);
        }
        (here, rest)
    }

    /// The files that a file uses.
    fn used_by(&self, module: &Module) -> BTreeSet<Module> {
        let own = uses(&self.modules[module])
            .filter(|(is_public, _)| !is_public)
            .flat_map(|(_, paths)| paths);
        let inner = own.filter(|path| matches!(path[0].as_str(), "crate" | "super" | "self"));
        let placed = inner.map(|path| {
            let (mut here, rest) = self.place(module, &path);
            let name = rest.first().cloned().unwrap_or_default();
            while let Some(whose) = self.given_on.get(&(here.clone(), name.clone())) {
                here = whose.clone();
            }
            here
        });
        placed.filter(|used| used != module && self.modules.contains_key(used)).collect()
    }

    /// A way from a file back to itself.
    fn circle(
        &self,
        from: &Module,
        used: &BTreeMap<&Module, BTreeSet<Module>>,
    ) -> Option<Vec<Module>> {
        let mut ways = vec![vec![from.clone()]];
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop() {
            for next in &used[way.last().unwrap()] {
                if next == from {
                    return Some(way);
                }
                if seen.insert(next.clone()) {
                    ways.push([way.clone(), vec![next.clone()]].concat());
                }
            }
        }
        None
    }
}

#[test]
fn no_file_uses_itself_by_way_of_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut files, mut lines, mut found) = (0, 0, Vec::new());
    for source in crates(root) {
        let one = Crate::read(&source);
        let used: BTreeMap<&Module, BTreeSet<Module>> =
            one.modules.keys().map(|module| (module, one.used_by(module))).collect();
        files += used.len();
        lines += used.values().map(BTreeSet::len).sum::<usize>();
        let mut told: BTreeSet<Module> = BTreeSet::new();
        for module in one.modules.keys() {
            if told.contains(module) {
                continue;
            }
            if let Some(circle) = one.circle(module, &used) {
                let way: Vec<String> = circle.iter().map(|module| module.join("/")).collect();
                found.push(format!(
                    "{}: {}",
                    source.strip_prefix(root).unwrap().display(),
                    way.join(" → ")
                ));
                told.extend(circle);
            }
        }
    }
    assert!(
        files > 250 && lines > 500,
        "{files} files and {lines} uses were found: is the test blind?"
    );
    assert!(found.is_empty(), "files use one another in a circle:\n{}", found.join("\n"));
}
