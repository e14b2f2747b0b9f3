//! Runs one case after the other: each over a check that is prepared for what its registers' owners
//! state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost::Message as _;
use zerotrip_certificates::{Fact, FactValue};
use zerotrip_checks::definition::Definition;
use zerotrip_checks::soundness::Conclusion;
use zerotrip_proto::v1::DatasetStatement;

use super::answers::{Departments, Rows};
use super::coverage::Coverage;
use super::file::{Case, Expected};
use crate::engine::{Engine, PlannedLook, PreparedCheck, RunResult};

/// A variant that is prepared for what the owners state, with the looks at its tables.
struct Ready {
    check: PreparedCheck,
    looks: Vec<PlannedLook>,
}

/// A variant, and the statements of all registers as they are encoded.
type Key = (String, Vec<Vec<u8>>);

pub(super) struct Running<'a> {
    pub(super) definition: &'a Definition,
    engine: &'a Engine,
    pub(super) coverage: Coverage,
    prepared: BTreeMap<Key, Result<Arc<Ready>, String>>,
    /// The rows that the last case's registers gave.
    pub(super) delivered: Rows,
    /// What its verdict named as scans, and are none.
    pub(super) unknown_scans: BTreeSet<String>,
}

impl<'a> Running<'a> {
    pub(super) fn new(definition: &'a Definition, engine: &'a Engine, coverage: Coverage) -> Self {
        Self {
            definition,
            engine,
            coverage,
            prepared: BTreeMap::new(),
            delivered: Rows::new(),
            unknown_scans: BTreeSet::new(),
        }
    }

    pub(super) async fn answer(&mut self, number: usize, case: &Case) -> Result<Expected, String> {
        (self.delivered, self.unknown_scans) = Default::default();
        let ready = self.ready(case).await?;
        let variant = ready.check.variants.get(&case.variant).ok_or("it has no such variant")?;
        let departments = Departments::new(&case.registers);
        let today = case.today.to_epoch_days();
        let question = (case.parameters.as_slice(), today);
        let rehearsed = ready
            .check
            .rehearse(self.engine, variant, question, &departments, &ready.looks)
            .await
            .map_err(|error| error.strip_backtrace())?;
        if let (Some(seen), Some(variant)) =
            (&rehearsed.seen, self.definition.variant(&case.variant))
        {
            self.coverage.saw(number, variant, seen);
        }
        self.delivered = departments.delivered();
        self.unknown_scans.clone_from(&rehearsed.result.unknown_scans);
        Ok(answer_of(&rehearsed.result))
    }

    /// Many cases share what the owners state, and planning takes longer than running.
    async fn ready(&mut self, case: &Case) -> Result<Arc<Ready>, String> {
        let statements: BTreeMap<String, DatasetStatement> = case
            .registers
            .iter()
            .map(|(name, register)| (name.clone(), register.statement.clone()))
            .collect();
        let encoded = statements.values().map(DatasetStatement::encode_to_vec).collect();
        let key = (case.variant.clone(), encoded);
        if let Some(known) = self.prepared.get(&key) {
            return known.clone();
        }
        let ready = self.prepare(&case.variant, &statements).await.map(Arc::new);
        self.prepared.insert(key, ready.clone());
        ready
    }

    async fn prepare(
        &self,
        name: &str,
        statements: &BTreeMap<String, DatasetStatement>,
    ) -> Result<Ready, String> {
        let variant = self.definition.variant(name).ok_or("it has no such variant")?;
        let alone = Definition { variants: vec![variant.clone()], ..self.definition.clone() };
        let check = PreparedCheck::try_new(Arc::new(alone), statements)
            .await
            .map_err(|error| error.in_a_line())?;
        let planned = match check.variants.get(name) {
            Some(prepared) => prepared.plan_looks(&check, &self.coverage.looks(variant)).await,
            None => Ok(Vec::new()),
        };
        let looks = planned.map_err(|error| error.strip_backtrace())?;
        Ok(Ready { check, looks })
    }
}

fn answer_of(result: &RunResult) -> Expected {
    match &result.conclusion {
        Conclusion::Proven(_) => {
            let value = |fact: &Fact| {
                let text = fact.value.as_ref().map(FactValue::to_text);
                (fact.terms.name.clone(), text.unwrap_or_default())
            };
            Expected::Yes(result.facts.iter().map(value).collect())
        }
        Conclusion::Refuted(code) => Expected::No(code.clone()),
        Conclusion::Unavailable(why) => {
            Expected::Unavailable(why.code.name().to_owned(), why.dataset.clone())
        }
    }
}
