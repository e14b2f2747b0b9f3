//! What the cases of a definition decide, and what none of them does.

use std::collections::BTreeMap;

use zerotrip_checks::definition::{CHECK_FILE, Definition, REASONS_FILE, StepKind, Variant};
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
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// By file.
    files: BTreeMap<String, Vec<Seen>>,
    /// Each reason's code, and whether a case ended with it.
    reasons: Vec<(String, bool)>,
    /// Each word that a request can say: the place of its parameter, and whether a case that was
    /// answered said it.
    words: Vec<((usize, String), bool)>,
}

#[derive(Debug)]
struct Seen {
    branch: Branch,
    /// The cases in which it gave rows.
    cases: Vec<usize>,
    gave_none: bool,
    /// For each `CASE`, of each arm the cases in which it was taken.
    arms: Vec<Vec<Vec<usize>>>,
    /// The changes of it under which every case comes out the same.
    same: Vec<Place>,
}

impl Seen {
    fn new(branch: Branch) -> Self {
        let arms = branch.cases.iter().map(|case| vec![Vec::new(); case.arms.len()]).collect();
        Self { branch, cases: Vec::new(), gave_none: false, arms, same: Vec::new() }
    }

    /// The changes of it, if it is of a verdict: without it, and with another word in an arm.
    fn changes<'a>(&'a self, file: &'a str) -> Vec<Change<'a>> {
        if !is_verdict(file) {
            return Vec::new();
        }
        let number = self.branch.number;
        let whole = self.branch.without.as_ref().map(|sql| Change {
            place: Place { number, arm: None },
            file,
            sql,
            cases: &self.cases,
        });
        let arms = self.branch.cases.iter().zip(&self.arms).enumerate();
        let arms = arms.flat_map(|(case, (of, taken))| {
            of.otherwise.iter().zip(taken).enumerate().filter_map(move |(arm, (sql, cases))| {
                let place = Place { number, arm: Some((case, arm)) };
                Some(Change { place, file, sql: sql.as_ref()?, cases })
            })
        });
        whole.into_iter().chain(arms).collect()
    }
}

/// A change of a verdict's SQL, for cases to notice.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) place: Place,
    /// The file.
    pub(super) file: &'a str,
    /// What is in it instead.
    pub(super) sql: &'a str,
    /// The cases that came to the place.
    pub(super) cases: &'a [usize],
}

/// A branch of a file, or an arm of one of its `CASE`s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The branch's number.
    number: usize,
    /// Which `CASE`, and which arm of it.
    arm: Option<(usize, usize)>,
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
        let words = (0..).zip(&definition.parameters).flat_map(|(place, parameter)| {
            parameter.words.keys().map(move |word| ((place, word.clone()), false))
        });
        Self { files, reasons: reasons.collect(), words: words.collect() }
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

    /// Takes what the looks at a variant's tables showed in a case.
    pub(super) fn saw(&mut self, case: usize, variant: &Variant, shown: &[Vec<String>]) {
        let mut shown = shown.iter();
        for (file, _) in sql_steps(variant) {
            for seen in self.files.get_mut(file).into_iter().flatten() {
                let Some(rows) = shown.next() else { return };
                if rows.is_empty() {
                    seen.gave_none = true;
                } else {
                    seen.cases.push(case);
                }
                for arms in &mut seen.arms {
                    let Some(taken) = shown.next() else { return };
                    for (at, arm) in arms.iter_mut().enumerate() {
                        if taken.iter().any(|place| *place == at.to_string()) {
                            arm.push(case);
                        }
                    }
                }
            }
        }
    }

    /// Takes what a question came to, and what it said.
    pub(super) fn answered(&mut self, answer: &Expected, parameters: &[String]) {
        if !matches!(answer, Expected::Unavailable(..)) {
            let said = |(place, word): &(usize, String)| parameters.get(*place) == Some(word);
            self.words.iter_mut().for_each(|(word, by)| *by |= said(word));
        }
        let Expected::No(code) = answer else { return };
        for (_, decided) in self.reasons.iter_mut().filter(|(reason, _)| reason == code) {
            *decided = true;
        }
    }

    /// The changes of verdicts that some case came to.
    pub(super) fn changes(&self) -> Vec<Change<'_>> {
        let files = self.files.iter();
        let changes = files.flat_map(|(file, seen)| seen.iter().map(move |seen| (file, seen)));
        let changes = changes.flat_map(|(file, seen)| seen.changes(file));
        changes.filter(|change| !change.cases.is_empty()).collect()
    }

    /// Takes that every case comes out the same under a change.
    pub(super) fn unnoticed(&mut self, file: &str, place: Place) {
        let branches = self.files.get_mut(file).into_iter().flatten();
        for seen in branches.filter(|seen| seen.branch.number == place.number) {
            seen.same.push(place);
        }
    }

    /// How many things there are to decide, and those that no case does.
    pub(super) fn finish(&self) -> (usize, Vec<Uncovered>) {
        let (mut all, mut uncovered) = (self.reasons.len() + self.words.len(), Vec::new());
        for ((_, word), _) in self.words.iter().filter(|(_, said)| !said) {
            let what = Bilingual::new(
                format!("word `{word}`: no case that is answered asks for it"),
                format!("代码 `{word}`：没有得到答复的案例以它查询"),
            );
            uncovered.push(Uncovered { file: CHECK_FILE.to_owned(), what });
        }
        for (file, branches) in &self.files {
            for seen in branches {
                let Seen { branch, cases, gave_none, arms, same } = seen;
                all += 1 + usize::from(!branch.is_constant) + seen.changes(file).len();
                let mut add = |en: String, zh: String| {
                    let what = Bilingual::new(
                        format!("branch {}: {en}: {}", branch.number, branch.shown),
                        format!("第 {} 个分支：{zh}：{}", branch.number, branch.shown),
                    );
                    uncovered.push(Uncovered { file: file.clone(), what });
                };
                if cases.is_empty() {
                    add("no case in which it gives a row".into(), "没有案例使其产生记录".into());
                }
                if !gave_none && !branch.is_constant {
                    add("no case in which it gives none".into(), "没有案例使其不产生记录".into());
                }
                for (case, taken) in branch.cases.iter().zip(arms) {
                    all += taken.len();
                    for (arm, _) in case.arms.iter().zip(taken).filter(|(_, by)| by.is_empty()) {
                        add(format!("no case takes `{arm}`"), format!("没有案例走到 `{arm}`"));
                    }
                }
                for place in same {
                    let arm =
                        place.arm.and_then(|(case, arm)| branch.cases.get(case)?.arms.get(arm));
                    match arm {
                        Some(arm) => add(
                            format!("with another word in `{arm}` every case comes out the same"),
                            format!("`{arm}` 改为其他判断后，所有案例结果不变"),
                        ),
                        None => add(
                            "without it every case comes out the same".into(),
                            "去掉它后，所有案例结果不变".into(),
                        ),
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

/// Whether a file has the SQL of the last step.
fn is_verdict(file: &str) -> bool {
    file.split('.').next() == Some("verdict")
}

/// The SQL of a variant's steps, each with its file.
fn sql_steps(variant: &Variant) -> impl Iterator<Item = (&str, &str)> {
    variant.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Sql(sql) => Some((step.file.as_str(), sql.as_str())),
        StepKind::Scan(_) | StepKind::Months(_) => None,
    })
}
