//! A check about many subjects: each is answered as if it were asked about alone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_certificates::fact_terms;
use zerotrip_channel::deadline::Deadline;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::parameter::Spelling;
use zerotrip_datasets::{Argument, CivilDay};
use zerotrip_identification::Fault;
use zerotrip_ledger::Asking;
use zerotrip_policies::{Action, Decision};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckManyBody, ErrorCode, ManyAnswered, SubjectList};
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::subject_list::SubjectTree;

use super::check::{arguments, asking, defined, ready, short, wrong};
use super::identify::Identified;
use super::leaves::Subjects;
use super::outcome::{Outcome, claims};
use super::pipeline::{IdentityAsked, Kind};
use super::told::reasons;
use crate::dispatch::{Dispatcher, List};
use crate::engine::{PreparedKind, PreparedVariant, RunResult};
use crate::hub::Hub;

/// What the action of such an exchange begins with in the ledger; the check follows.
pub(super) const MANY: &str = "many ";

/// What a check about many subjects asks, validated.
pub struct CheckManyRequest {
    /// `<check>/<variant>`.
    name: String,
    definition: Arc<Definition>,
    variant: String,
    /// What is the same of all, then each subject.
    arguments: Vec<Argument>,
    /// How many of these are the same of all.
    shared: usize,
    /// The name of the parameter that differs.
    parameter: String,
    /// What the request commits to.
    tree: Arc<SubjectTree>,
}

impl Kind for CheckManyRequest {
    const ACTION: Action = Action::CheckMany;

    fn of(hub: &Hub, identified: &Identified, now: SystemTime) -> Result<Self, Refusal> {
        let Some(Body::CheckMany(body)) = &identified.request.body else {
            return Err(Refusal::new(
                ErrorCode::Malformed,
                "the request's body is not a check about many subjects",
            ));
        };
        let today = CivilDay::at(now);
        let definition = defined(&hub.catalog, (&body.check, &body.variant), today)?;
        if definition.identity.is_some() {
            return Err(Fault::List.into());
        }
        let but = Some(body.subject_parameter.as_str());
        let mut all = arguments(definition, &body.parameters, but, today)?;
        let shared = all.len();
        let tree = committed(&identified.subjects, body)?;
        all.extend(subjects(definition, body, &identified.subjects.subjects, today)?);
        Ok(Self {
            name: format!("{}/{}", definition.name, body.variant),
            definition: Arc::clone(definition),
            variant: body.variant.clone(),
            arguments: all,
            shared,
            parameter: body.subject_parameter.clone(),
            tree: Arc::new(tree),
        })
    }

    fn check(&self) -> &str {
        &self.name
    }

    fn action(&self) -> String {
        format!("{MANY}{}", self.name)
    }

    fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    fn subjects(&self) -> u32 {
        u32::try_from(self.arguments.len() - self.shared).unwrap_or(u32::MAX)
    }

    fn list(&self) -> Option<List<'_>> {
        let subjects = (0u64..).zip(self.each());
        let places = subjects.map(|(place, subject)| (subject.text(), place)).collect();
        Some(List { tree: &self.tree, parameter: &self.parameter, places })
    }

    fn identity(&self) -> IdentityAsked<'_> {
        self.definition.identity.as_ref().into()
    }

    fn asking(&self, identified: &Identified, decision: &Decision) -> Vec<Asking> {
        let about = (&*self.definition, self.variant.as_str());
        let each = self
            .each()
            .map(|subject| asking(identified, decision, about, self.parameters(subject)));
        each.flatten().collect()
    }

    /// As long as the request lives: each ticket has a minute.
    fn deadline(&self, identified: &Identified, now: SystemTime) -> Deadline {
        Deadline::by_clock(identified.expires_at, now)
    }

    async fn run(&self, hub: &Hub, dispatcher: &Dispatcher<'_>, now: SystemTime) -> Outcome {
        let prepared = hub.catalog.prepared(&self.definition.name);
        let (check, variant) =
            match ready(hub, prepared.as_deref(), &self.definition, &self.variant) {
                Ok(ready) => ready,
                Err(unavailable) => return *unavailable,
            };
        let texts = |subject| {
            let all = self.parameters(subject).into_iter();
            all.map(|argument| argument.text().to_owned()).collect()
        };
        let subjects: Vec<Vec<String>> = self.each().map(texts).collect();
        let today = CivilDay::at(now).to_date32();
        let results = check.run_many(&hub.engine, variant, &subjects, today, dispatcher).await;
        self.outcome(variant, now, results)
    }
}

impl CheckManyRequest {
    fn each(&self) -> impl Iterator<Item = &Argument> {
        self.arguments.iter().skip(self.shared)
    }

    /// A subject's parameters, in the definition's order.
    fn parameters<'a>(&'a self, subject: &'a Argument) -> Vec<&'a Argument> {
        let mut shared = self.arguments.iter().take(self.shared);
        let declared = self.definition.parameters.iter();
        let values = declared.filter_map(|declared| {
            if declared.name == self.parameter { Some(subject) } else { shared.next() }
        });
        values.collect()
    }

    fn outcome(
        &self,
        variant: &PreparedVariant,
        now: SystemTime,
        results: Vec<datafusion::common::Result<RunResult>>,
    ) -> Outcome {
        let definition = &*self.definition;
        let statements: BTreeMap<_, _> = variant
            .steps
            .iter()
            .filter_map(|step| match &step.kind {
                PreparedKind::Scan(scan) => {
                    Some((scan.scan.dataset.clone(), Arc::clone(&scan.statement)))
                }
                PreparedKind::Sql(_) | PreparedKind::Months(_) => None,
            })
            .collect();
        let list = (self.parameter.clone(), Arc::clone(&self.tree));
        let mut subjects = Subjects::of(statements, list);
        let mut answered = ManyAnswered {
            reasons: reasons(definition, |_| true),
            facts: fact_terms(definition, &self.variant),
            ..ManyAnswered::default()
        };
        for (subject, result) in self.each().zip(results) {
            let result = result.inspect_err(|error| {
                tracing::error!(check = %self.name, %error, "the check of one of many failed");
            });
            let result = result.ok();
            // Where it holds, and of which numbers, is the same of all.
            if let Some(result) = result.as_ref().filter(|_| answered.claims.is_empty()) {
                let shared = self.arguments.iter().take(self.shared);
                answered.claims = claims(definition, &self.variant, (now, shared), result);
            }
            subjects.add(definition, subject.text().to_owned(), result.as_ref());
        }
        Outcome::many(&self.definition, &self.variant, answered, subjects)
    }
}

/// The list, once it is the one that the request commits to.
fn committed(list: &SubjectList, body: &CheckManyBody) -> Result<SubjectTree, Refusal> {
    let (given, most) = (list.subjects.len(), bounds::SUBJECTS);
    if !(1..=most).contains(&given) {
        return Err(Refusal::bilingual(
            ErrorCode::TooLarge,
            format!("the call names {given} subjects; give 1 to {most}, and make more requests"),
            format!("请求包含 {given} 名当事人；每次请给出 1 至 {most} 名，超出部分请另行请求"),
        ));
    }
    let other = || {
        Refusal::bilingual(
            ErrorCode::Malformed,
            "the call's subjects are not the list that the request commits to",
            "随请求送来的名单不是请求所承诺的名单",
        )
    };
    let secret = <[u8; 32]>::try_from(list.secret.as_slice()).map_err(|_| other())?;
    let tree = SubjectTree::new(&secret, list.subjects.iter().map(String::as_str));
    if body.subjects as usize != given || body.subjects_root != tree.root() {
        return Err(other());
    }
    Ok(tree)
}

/// The subjects: each in its canonical form, once.
fn subjects(
    definition: &Definition,
    body: &CheckManyBody,
    list: &[String],
    today: CivilDay,
) -> Result<Vec<Argument>, Refusal> {
    let name = &body.subject_parameter;
    let Some(declared) = definition.subject(name) else {
        let (check, name) = (&definition.name, short(name));
        return Err(wrong(
            format!("check `{check}` has no parameter `{name}` by which subjects could differ"),
            format!("核验事项 `{check}` 没有可逐人区分的参数 `{name}`"),
        ));
    };
    let mut first: HashMap<&str, usize> = HashMap::with_capacity(list.len());
    let mut read = Vec::with_capacity(list.len());
    for (number, text) in (1..).zip(list) {
        let argument = declared.declared.read(name, text, Spelling::Signed, Some(today));
        let argument = argument.map_err(|error| {
            wrong(format!("subject {number}: {error}"), format!("第 {number} 名：{}", error.zh()))
        })?;
        if let Some(before) = first.insert(text, number) {
            return Err(wrong(
                format!("subject {number} is subject {before} again; name each once"),
                format!("第 {number} 名与第 {before} 名重复；每名当事人只能出现一次"),
            ));
        }
        read.push(argument);
    }
    Ok(read)
}
