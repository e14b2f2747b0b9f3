//! The lineage of a table or view: what it is made of, down to the last table, as the system's own
//! catalogue has it. It shows whether the rows are current, and the same for every reader.
//!
//! Both are accepted, never assumed: a kind of relation, an engine, a node of a view's tree or a
//! field of it, a function or a word that is not in the lists beside this file counts as one that
//! could copy rows, or hide them. On these lists is what gives every reader the same, in every
//! session, and one row for each row below: no aggregate, window, `distinct` or `limit`, which keep
//! one row of several. What a system cannot be asked is a finding as well.

pub mod mysql;
pub mod postgres;

use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;

/// Findings that are said; the others are counted.
const MOST_SAID: usize = 3;

/// What is said of a view that uses what is not known here.
pub fn unknown_construct(view: &str, used: &str) -> String {
    format!(
        "`{view}` is a view that uses {used}, of which it is not known that it shows every row, \
         and the same to every reader"
    )
}

/// What is said of a view that takes one table twice.
pub fn self_join(view: &str) -> String {
    format!(
        "`{view}` is a view that joins a table with itself, by which rows can hide other rows of \
         the same table: it may only add to what is shown, by a `left join` on which no condition \
         rests"
    )
}

/// What a table or view rests upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lineage {
    /// The ordinary tables of this very server that it was followed down to.
    pub tables: Vec<String>,
    /// Why its rows may be those of another time.
    pub copied: Vec<String>,
    /// Why rows or cells may be hidden from this reader.
    pub hidden: Vec<String>,
}

impl Lineage {
    /// Of a system that cannot be asked, for this reason.
    pub fn unasked(why: &str) -> Self {
        Self { tables: Vec::new(), copied: vec![why.to_owned()], hidden: vec![why.to_owned()] }
    }

    /// What counts both ways.
    pub fn unknown(&mut self, why: String) {
        self.hidden.push(why.clone());
        self.copied.push(why);
    }

    /// Findings as a system's own statement lists them, one in a line: what it is, a colon, and
    /// what it is found in.
    pub fn of(lines: &str) -> Self {
        let mut lineage = Self::default();
        for line in lines.lines() {
            let (what, name) = line.rsplit_once(": ").unwrap_or((line, ""));
            match what.split_once(' ').unwrap_or((what, "")) {
                ("table", _) => lineage.tables.push(name.to_owned()),
                ("copy", what) => lineage.copied.push(format!("`{name}` is {what}")),
                ("reader", what) => lineage.hidden.push(format!("`{name}` is {what}")),
                _ => lineage
                    .unknown("its catalogue answers something else than it was asked".to_owned()),
            }
        }
        // The table that is named rests upon one, or it is not understood.
        if lineage.tables.is_empty() && lineage.copied.is_empty() {
            lineage.copied.push("no table was found that it rests upon".to_owned());
        }
        lineage
    }

    /// Refuses what may be hidden, unless its owner says why nothing is.
    pub fn require_complete(
        &self,
        table: &str,
        nothing_hidden: Option<&str>,
    ) -> Result<(), SourceError> {
        if self.hidden.is_empty() || nothing_hidden.is_some() {
            return Ok(());
        }
        let detail = format!(
            "rows or cells of `{table}` may be hidden from this reader: {}; attach the table \
             behind it, or say in `source.nothing_hidden` why nothing is hidden",
            said(&self.hidden)
        );
        Err(SourceError::new(ErrorCode::Misconfigured, detail))
    }

    /// Refuses what is not proven to be current.
    pub fn require_current(&self, table: &str) -> Result<(), SourceError> {
        if self.copied.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "`{table}` is not proven to be of now: {}; attach the table itself, or name the table \
             and column that tell of when its rows are in `source.as_of`",
            said(&self.copied)
        );
        Err(SourceError::new(ErrorCode::SourceStale, detail))
    }

    /// What its owner should know.
    pub fn advice(&self, is_live: bool, nothing_hidden: Option<&str>) -> Vec<String> {
        let mut advice = Vec::new();
        if is_live && self.tables.len() > 1 {
            let names: Vec<String> =
                self.tables.iter().take(20).map(|name| format!("`{name}`")).collect();
            advice.push(format!(
                "its rows are of now: the catalogue leads down to {} ordinary tables: {}",
                self.tables.len(),
                names.join(", ")
            ));
        }
        if let Some(why) = nothing_hidden.filter(|_| !self.hidden.is_empty()) {
            advice.push(format!(
                "rows or cells may be hidden from this reader ({}); its owner says that none is: \
                 {why}",
                said(&self.hidden)
            ));
        }
        advice
    }
}

fn said(findings: &[String]) -> String {
    let mut said = findings.iter().take(MOST_SAID).cloned().collect::<Vec<_>>().join("; ");
    if findings.len() > MOST_SAID {
        said.push_str(&format!(" (and {} more)", findings.len() - MOST_SAID));
    }
    said
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn nothing_is_taken_for_granted() {
        let proven = Lineage::of("table: s.t");
        assert!(proven.require_current("t").is_ok() && proven.require_complete("t", None).is_ok());
        for odd in [
            "",
            "all is well",
            "1",
            "tables: s.t",
            "copy",
            "copy a materialized view: s.m\ntable: s.t",
        ] {
            assert!(Lineage::of(odd).require_current("t").is_err(), "{odd}");
        }
        for odd in ["all is well", "reader a view: s.v\ntable: s.t"] {
            assert_eq!(
                Lineage::of(odd).require_complete("t", None).unwrap_err().code,
                ErrorCode::Misconfigured,
                "{odd}"
            );
            assert!(Lineage::of(odd).require_complete("t", Some("because")).is_ok());
        }
        let unasked = Lineage::unasked("nobody knows");
        assert!(
            unasked.require_current("t").is_err() && unasked.require_complete("t", None).is_err()
        );
    }
}
