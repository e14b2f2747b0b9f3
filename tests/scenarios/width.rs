//! Lines of code and comments are at most 100 characters wide.

use std::fs;
use std::path::Path;

const WIDEST: usize = 100;
/// What the formatter does not break: macros, and words in strings. Fewer is better; never more.
const LEFT: usize = 309;

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap();
            let wide = (1..).zip(text.lines()).filter(|(_, line)| line.chars().count() > WIDEST);
            found.extend(wide.map(|(number, _)| format!("{}:{number}", path.display())));
        }
    }
}

#[test]
fn lines_are_no_wider_than_a_page() {
    let mut wide = Vec::new();
    sources(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(), &mut wide);
    let count = wide.len();
    assert!(count <= LEFT, "{count} lines are wider than {WIDEST}:\n{}", wide.join("\n"));
}
