//! `definition diff`: what one version changes of another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::{Value, json};
use zerotrip_checks::definition::{ClaimTerms, Definition, DefinitionError, StepKind, Variant};
use zerotrip_hub::cases::{CaseOutcome, answer_cases};
use zerotrip_hub::state::DefinitionFolder;
use zerotrip_proto::v1::ScanTemplate;
use zerotrip_text::{Bilingual, shown};
use zerotrip_trust::receipt::template_digest;

use super::changes::{listed, template_changes};
use super::requesters::{self, Requester};
use super::{Whole, cases, faulty};
use crate::render::{Failure, Language, NOT_SO, Screen};

pub(super) async fn diff(
    (old, new): (&Path, &Path),
    authority: Option<&Path>,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let report = report(old, new, authority).await?;
    screen.show(&report.text(screen), &report.value())?;
    Ok(if report.is_same() { ExitCode::SUCCESS } else { ExitCode::from(NOT_SO) })
}

/// What one version changes of another.
pub(super) struct Report {
    approvals: Vec<Approval>,
    others: Vec<Bilingual>,
    answers: Vec<Answered>,
    /// Where an authority's folder was named, and something changes.
    requesters: Vec<Requester>,
}

pub(super) async fn report(
    old: &Path,
    new: &Path,
    authority: Option<&Path>,
) -> Result<Report, Failure> {
    let (before, after) = (Whole::read(old)?, Whole::read(new)?);
    let (is, will_be) = (&before.definition, &after.definition);
    let mut others = others(is, will_be);
    let mut answers = Vec::new();
    for (dir, own, other) in [(old, is, will_be), (new, will_be, is)] {
        match answered_otherwise(dir, own, other).await? {
            Ok(found) if dir == old => answers.extend(found),
            // What its own definition answers is what is new.
            Ok(found) => answers.extend(found.into_iter().map(Answered::turned)),
            Err(why) => others.push(why),
        }
    }
    // A case of both folders is told once.
    let mut told = BTreeSet::new();
    answers.retain(|answer| {
        told.insert((answer.case.clone(), answer.old.clone(), answer.new.clone()))
    });
    let approvals = approvals(is, will_be);
    let mut report = Report { approvals, others, answers, requesters: Vec::new() };
    if let (Some(authority), false) = (authority, report.is_same()) {
        report.requesters = requesters::read(authority, (is, will_be), SystemTime::now())?;
    }
    Ok(report)
}

impl Report {
    pub(super) fn is_same(&self) -> bool {
        self.approvals.is_empty() && self.others.is_empty() && self.answers.is_empty()
    }

    fn value(&self) -> Value {
        json!({
            "same": self.is_same(),
            "approve_anew": self.approvals.iter().map(Approval::value).collect::<Vec<Value>>(),
            "changes": self.others.iter().map(bilingual).collect::<Vec<Value>>(),
            "requesters": self.requesters.iter().map(Requester::value).collect::<Vec<Value>>(),
            "answered_otherwise": self.answers.iter().map(Answered::value).collect::<Vec<Value>>(),
        })
    }
}

/// What the owner of a dataset must approve anew, or need not any more.
struct Approval {
    dataset: String,
    variant: String,
    scan: String,
    digest: Option<String>,
    changes: Vec<Bilingual>,
}

impl Approval {
    fn value(&self) -> Value {
        json!({
            "dataset": self.dataset, "variant": self.variant, "scan": self.scan,
            "template_digest": self.digest,
            "changes": self.changes.iter().map(bilingual).collect::<Vec<Value>>(),
        })
    }
}

fn bilingual(text: &Bilingual) -> Value {
    json!({ "en": text.en, "zh": text.zh })
}

/// Every template of a definition, by dataset, variant and scan.
fn templates(definition: &Definition) -> BTreeMap<(String, String, String), ScanTemplate> {
    let of_variant = |variant: &Variant| {
        let scans = variant.scans().map(|(name, scan)| {
            let key = (scan.dataset.clone(), variant.name.clone(), name.to_owned());
            (key, scan.template(definition, &variant.name, name))
        });
        scans.collect::<Vec<_>>()
    };
    definition.variants.iter().flat_map(of_variant).collect()
}

fn approvals(old: &Definition, new: &Definition) -> Vec<Approval> {
    let (before, after) = (templates(old), templates(new));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut approvals = Vec::new();
    for key in keys {
        let changes = match (before.get(key), after.get(key)) {
            (Some(was), Some(is)) if template_digest(was) == template_digest(is) => continue,
            (Some(was), Some(is)) => template_changes(was, is),
            (None, _) => vec![Bilingual::new("it is asked for the first time", "首次查询")],
            (_, None) => vec![Bilingual::new(
                "it is asked no longer: nothing to approve, and the approval can be withdrawn",
                "不再查询：无须审批，原审批可以撤回",
            )],
        };
        let (dataset, variant, scan) = key.clone();
        let digest = after.get(key).map(|template| hex::encode(template_digest(template)));
        approvals.push(Approval { dataset, variant, scan, digest, changes });
    }
    approvals
}

fn told<'a>(definition: &'a Definition, variant: &Variant) -> Vec<&'a ClaimTerms> {
    definition.claims.iter().filter(|claim| variant.tells(claim)).collect()
}

/// What changes beside the templates: variants, reasons, parameters, and what is concluded.
fn others(old: &Definition, new: &Definition) -> Vec<Bilingual> {
    let mut found = Vec::new();
    let names = |definition: &Definition, of: &str| -> BTreeSet<String> {
        match of {
            "variant" => definition.variants.iter().map(|one| one.name.clone()).collect(),
            "reason" => definition.reasons.iter().map(|one| one.code.clone()).collect(),
            _ => definition.parameters.iter().map(|one| one.name.clone()).collect(),
        }
    };
    for (en, zh) in [("variant", "核验范围"), ("reason", "理由"), ("parameter", "参数")] {
        found.extend(listed((en, zh), &names(old, en), &names(new, en)));
    }
    for reason in &new.reasons {
        let was = old.reasons.iter().find(|was| was.code == reason.code);
        if was.is_some_and(|was| was != reason) {
            let code = &reason.code;
            found.push(Bilingual::new(
                format!("reason `{code}` has other words or another code for the requester"),
                format!("理由 `{code}` 的表述或向查询方给出的代码有变化"),
            ));
        }
    }
    for variant in &new.variants {
        let Some(was) = old.variant(&variant.name) else { continue };
        let name = &variant.name;
        if was.proves != variant.proves {
            found.push(Bilingual::new(
                format!("variant `{name}` proves something else, or says no for another reason"),
                format!("范围 `{name}` 所证明的内容或无记录时的理由有变化"),
            ));
        }
        if told(old, was) != told(new, variant) {
            found.push(Bilingual::new(
                format!("variant `{name}` tells other values beside yes"),
                format!("范围 `{name}` 肯定答复所告知的内容有变化"),
            ));
        }
        for step in &variant.steps {
            let before = was.steps.iter().find(|before| before.name == step.name);
            match (before.map(|before| &before.kind), &step.kind) {
                (Some(StepKind::Sql(before)), StepKind::Sql(sql)) if before == sql => {}
                (Some(StepKind::Months(before)), StepKind::Months(months)) => {
                    if before != months {
                        found.push(Bilingual::new(
                            format!(
                                "variant `{name}`, step `{}`: how months are counted changes",
                                step.name
                            ),
                            format!("范围 `{name}` 的步骤 `{}`：月数的计算方法有变化", step.name),
                        ));
                    }
                }
                // What owners approve of a scan is told above; what is concluded from it is not.
                (Some(StepKind::Scan(before)), StepKind::Scan(scan)) => {
                    if (&before.absence_for, before.reach(), before.judged, before.only_doubts)
                        != (&scan.absence_for, scan.reach(), scan.judged, scan.only_doubts)
                        || (&before.required, before.most_age, &before.keys)
                            != (&scan.required, scan.most_age, &scan.keys)
                        || (before.each_row, &before.known_from)
                            != (scan.each_row, &scan.known_from)
                    {
                        found.push(Bilingual::new(
                            format!(
                                "variant `{name}`, scan `{}`: whom it asks about, or what is \
                                 concluded from its silence, changes",
                                step.name
                            ),
                            format!(
                                "范围 `{name}` 的查询 `{}`：查询对象或由无记录得出的结论有变化",
                                step.name
                            ),
                        ));
                    }
                }
                (None, _) => found.push(Bilingual::new(
                    format!("variant `{name}` has a new step `{}`", step.name),
                    format!("范围 `{name}` 增加步骤 `{}`", step.name),
                )),
                _ => found.push(Bilingual::new(
                    format!("variant `{name}`, step `{}`: its SQL changes", step.name),
                    format!("范围 `{name}` 的步骤 `{}`：SQL 有变化", step.name),
                )),
            }
        }
        for gone in
            was.steps.iter().filter(|was| !variant.steps.iter().any(|is| is.name == was.name))
        {
            found.push(Bilingual::new(
                format!("variant `{name}` has no step `{}` any more", gone.name),
                format!("范围 `{name}` 不再有步骤 `{}`", gone.name),
            ));
        }
    }
    for shape in &new.datasets {
        let was = old.datasets.iter().find(|was| was.id == shape.id);
        if was.is_some_and(|was| (&was.title, &was.words) != (&shape.title, &shape.words)) {
            let id = &shape.id;
            found.push(Bilingual::new(
                format!("what people are told that `{id}`, its columns or codes mean changes"),
                format!("`{id}` 及其列、代码含义的说明文字有变化"),
            ));
        }
    }
    if (&old.title, old.deadline, &old.parameters) != (&new.title, new.deadline, &new.parameters) {
        found.push(Bilingual::new(
            "the check's title, its deadline or what a requester must say changes",
            "核验事项的名称、时限或须填写的内容有变化",
        ));
    }
    if old.certificate != new.certificate {
        found.push(Bilingual::new(
            "what a certificate says, its type or its life changes",
            "电子证明的内容、类型或有效期有变化",
        ));
    }
    if (&old.coverage, &old.hand_overs, &old.certain)
        != (&new.coverage, &new.hand_overs, &new.certain)
    {
        found.push(Bilingual::new(
            "who counts as registered, what is handed over, or who is asked about in every case \
             changes",
            "登记人员的认定、移交关系或必查人员的认定有变化",
        ));
    }
    found
}

/// A case that the other version answers otherwise.
struct Answered {
    file: String,
    case: String,
    old: String,
    new: String,
}

impl Answered {
    fn turned(self) -> Self {
        Self { old: self.new, new: self.old, ..self }
    }

    fn value(&self) -> Value {
        json!({ "file": self.file, "case": self.case, "old": self.old, "new": self.new })
    }
}

/// The cases of a folder under both definitions, or why they are no cases of the other.
async fn answered_otherwise(
    dir: &Path,
    own: &Definition,
    other: &Definition,
) -> Result<Result<Vec<Answered>, Bilingual>, Failure> {
    let folder = DefinitionFolder::read(dir).map_err(|error| faulty(dir, &error))?;
    let own_cases = cases(&folder, own).map_err(|error| faulty(dir, &error))?;
    let other_cases = match cases(&folder, other) {
        Ok(cases) => cases,
        Err(DefinitionError(faults)) => {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            let dir = dir.display();
            return Ok(Err(Bilingual::new(
                format!("the cases of `{dir}` are no cases of the other version: {first}"),
                format!("`{dir}` 的案例不适用于另一版本：{first}"),
            )));
        }
    };
    let failed = |error| Failure::usage(&error, "案例无法运行");
    let ours = answer_cases(own, &own_cases).await.map_err(failed)?;
    let theirs = answer_cases(other, &other_cases).await.map_err(failed)?;
    let said = |outcome: &CaseOutcome| match &outcome.answered {
        Ok(answer) => answer.to_string(),
        Err(why) => why.clone(),
    };
    let pairs = ours.iter().zip(&theirs).filter(|(ours, theirs)| said(ours) != said(theirs));
    Ok(Ok(pairs
        .map(|(ours, theirs)| Answered {
            file: ours.file.clone(),
            case: ours.name.clone(),
            old: said(ours),
            new: said(theirs),
        })
        .collect()))
}

impl Report {
    fn text(&self, screen: &Screen) -> String {
        if self.is_same() {
            return screen
                .pick("nothing changes, and no owner approves anew", "没有变化，无须重新审批")
                .to_owned();
        }
        let mut lines = Vec::new();
        let is_zh = screen.language == Language::Zh;
        let pick = |text: &Bilingual| shown(if is_zh { &text.zh } else { &text.en });
        if self.approvals.is_empty() {
            lines.push(screen.pick("no owner approves anew", "无须重新审批").to_owned());
        }
        let mut last = None;
        for approval in &self.approvals {
            if last != Some(&approval.dataset) {
                let dataset = shown(&approval.dataset);
                lines.push(match screen.language {
                    Language::Zh => format!("`{dataset}` 的数据提供单位须重新审批："),
                    Language::En => format!("the owner of `{dataset}` must approve anew:"),
                });
                last = Some(&approval.dataset);
            }
            let changes: Vec<String> = approval.changes.iter().map(pick).collect();
            let (variant, scan) = (shown(&approval.variant), shown(&approval.scan));
            let changes = changes.join(screen.pick("; ", "；"));
            lines.push(format!("  {variant}, {scan}: {changes}"));
        }
        lines.extend(self.others.iter().map(pick));
        lines.extend(self.requesters.iter().map(|one| one.line(screen)));
        for Answered { file, case, old, new } in &self.answers {
            let (case, old, new) = (shown(case), shown(old), shown(new));
            lines.push(match screen.language {
                Language::Zh => format!("{file}：“{case}”：原为 {old}，现为 {new}"),
                Language::En => format!("{file}: \"{case}\": was {old}, is {new}"),
            });
        }
        lines.join("\n")
    }
}

#[cfg(test)]
impl Report {
    pub(super) fn approvals(&self) -> Vec<String> {
        let anew = self.approvals.iter().map(|one| {
            let changes: Vec<&str> = one.changes.iter().map(|change| change.en.as_str()).collect();
            format!("{} {} {}: {}", one.dataset, one.variant, one.scan, changes.join("; "))
        });
        anew.collect()
    }

    pub(super) fn others(&self) -> Vec<String> {
        self.others.iter().map(|other| other.en.clone()).collect()
    }

    pub(super) fn answers(&self) -> Vec<String> {
        let answers = self.answers.iter();
        answers.map(|one| format!("{}: was {}, is {}", one.case, one.old, one.new)).collect()
    }
}
