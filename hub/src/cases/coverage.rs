//! What the cases of a definition decide, and what none of them does.

use std::collections::BTreeMap;

use zerotrip_checks::definition::{Definition, REASONS_FILE, StepKind, Variant};
use zerotrip_text::Bilingual;

use super::branches::{Branch, branches};
use super::file::Expected;
use crate::engine::Look;

/// Something that no case decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// The file of the definition.
    pub file: String,
    /// What in it.
    pub what: Bilingual,
}

/// What was seen of each branch and reason so far.
#[derive(Debug)]
pub(super) struct Coverage {
    /// By file.
    files: BTreeMap<String, Vec<Seen>>,
    /// Each reason's code, and whether a case ended with it.
    reasons: Vec<(String, bool)>,
}

#[derive(Debug)]
struct Seen {
    branch: Branch,
    gave_rows: bool,
    gave_none: bool,
    /// For each `CASE`, which arms were taken.
    arms: Vec<Vec<bool>>,
}

impl Seen {
    fn new(branch: Branch) -> Self {
        let arms = branch.cases.iter().map(|case| vec![false; case.arms.len()]).collect();
        Self { branch, gave_rows: false, gave_none: false, arms }
    }
}

impl Coverage {
    /// Of nothing yet.
    pub(super) fn new(definition: &Definition) -> Self {
        let mut files = BTreeMap::new();
        for (file, sql) in definition.variants.iter().flat_map(sql_steps) {
            files
                .entry(file.to_owned())
                .or_insert_with(|| branches(sql).into_iter().map(Seen::new).collect());
        }
        let reasons = definition.reasons.iter().map(|reason| (reason.code.clone(), false));
        Self { files, reasons: reasons.collect() }
    }

    /// The looks at the tables of a variant, in the order in which [`Self::saw`] takes what they
    /// show.
    pub(super) fn looks(&self, variant: &Variant) -> Vec<Look> {
        let seen = sql_steps(variant).filter_map(|(file, _)| self.files.get(file)).flatten();
        seen.flat_map(|seen| {
            let cases = seen.branch.cases.iter().map(|case| &case.look);
            std::iter::once(&seen.branch.look).chain(cases)
        })
        .cloned()
        .collect()
    }

    /// Takes what the looks at a variant's tables showed.
    pub(super) fn saw(&mut self, variant: &Variant, shown: &[Vec<String>]) {
        let mut shown = shown.iter();
        for (file, _) in sql_steps(variant) {
            for seen in self.files.get_mut(file).into_iter().flatten() {
                let Some(rows) = shown.next() else { return };
                seen.gave_rows |= !rows.is_empty();
                seen.gave_none |= rows.is_empty();
                for arms in &mut seen.arms {
                    let Some(taken) = shown.next() else { return };
                    for (at, arm) in arms.iter_mut().enumerate() {
                        *arm |= taken.iter().any(|place| *place == at.to_string());
                    }
                }
            }
        }
    }

    /// Takes what a question came to.
    pub(super) fn answered(&mut self, answer: &Expected) {
        let Expected::No(code) = answer else { return };
        for (_, decided) in self.reasons.iter_mut().filter(|(reason, _)| reason == code) {
            *decided = true;
        }
    }

    /// How many things there are to decide, and those that no case does.
    pub(super) fn finish(&self) -> (usize, Vec<Uncovered>) {
        let (mut all, mut uncovered) = (self.reasons.len(), Vec::new());
        for (file, branches) in &self.files {
            for seen in branches {
                let Seen { branch, gave_rows, gave_none, arms } = seen;
                all += 1 + usize::from(!branch.is_constant);
                let mut add = |en: String, zh: String| {
                    let what = Bilingual::new(
                        format!("branch {}: {en}: {}", branch.number, branch.shown),
                        format!("第 {} 个分支：{zh}：{}", branch.number, branch.shown),
                    );
                    uncovered.push(Uncovered { file: file.clone(), what });
                };
                if !gave_rows {
                    add("no case in which it gives a row".into(), "没有案例使其产生记录".into());
                }
                if !gave_none && !branch.is_constant {
                    add("no case in which it gives none".into(), "没有案例使其不产生记录".into());
                }
                for (case, taken) in branch.cases.iter().zip(arms) {
                    all += taken.len();
                    for (arm, _) in case.arms.iter().zip(taken).filter(|(_, taken)| !**taken) {
                        add(format!("no case takes `{arm}`"), format!("没有案例走到 `{arm}`"));
                    }
                }
            }
        }
        for (code, _) in self.reasons.iter().filter(|(_, decided)| !decided) {
            let what = Bilingual::new(
                format!("reason `{code}`: no case ends with it"),
                format!("理由 `{code}`：没有案例以它结束"),
            );
            uncovered.push(Uncovered { file: REASONS_FILE.to_owned(), what });
        }
        (all, uncovered)
    }
}

/// The SQL of a variant's steps, each with its file.
fn sql_steps(variant: &Variant) -> impl Iterator<Item = (&str, &str)> {
    variant.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Sql(sql) => Some((step.file.as_str(), sql.as_str())),
        StepKind::Scan(_) => None,
    })
}
