//! Tables of a test: each row runs whatever became of those before, and those that failed are told
//! together, by their names.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What became of the rows so far.
#[derive(Debug, Default)]
pub struct Rows {
    run: usize,
    failed: Vec<String>,
    ended: bool,
}

impl Rows {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs one row. It fails by a panic, an assertion's for example.
    pub fn row(&mut self, name: &str, run: impl FnOnce()) {
        self.run += 1;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or(panic.downcast_ref::<&str>().copied());
            self.failed.push(format!("{name}: {}", said.unwrap_or("panicked")));
        }
    }

    /// Fails if a row did.
    pub fn end(mut self) {
        self.ended = true;
        let (failed, run) = (self.failed.len(), self.run);
        assert!(failed == 0, "{failed} of {run} rows failed:\n{}", self.failed.join("\n"));
    }
}

impl Drop for Rows {
    /// What is forgotten must not pass.
    fn drop(&mut self) {
        if !self.ended && !std::thread::panicking() {
            assert!(self.failed.is_empty(), "rows failed: {}", self.failed.join("\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_row_is_named_and_hides_no_other() {
        let mut run = Vec::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let mut rows = Rows::new();
            for (name, is_right) in [("first", true), ("second", false), ("third", false)] {
                rows.row(name, || {
                    run.push(name);
                    assert!(is_right, "it is wrong");
                });
            }
            rows.end();
        }));
        assert_eq!(run, ["first", "second", "third"]);
        let said = ended.err().and_then(|panic| panic.downcast_ref::<String>().cloned());
        assert_eq!(
            said.as_deref(),
            Some("2 of 3 rows failed:\nsecond: it is wrong\nthird: it is wrong")
        );
    }
}
