//! From a definition's text to plans. Everything that can be wrong with a check is reported here,
//! by name, before a department is asked.

mod counts;
mod regions;
mod verdict;
mod whose;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::IpcWriteOptions;
use arrow_flight::{FlightData, SchemaAsIpc};
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use zerotrip_certificates::fact_terms;
use zerotrip_checks::definition::{ClaimTerms, Definition, Reference, Scan, StepKind, Variant};
use zerotrip_datasets::{arrow_type, file::semantic_type, template};
use zerotrip_proto::v1::DatasetStatement;
use zerotrip_trust::receipt::template_digest;

use super::heard::Heard;
use super::lineage::{Lineage, Sources, lineage};
use super::prepared::{
    PreparedCheck, PreparedKind, PreparedScan, PreparedStep, PreparedVariant, ROW_NUMBER,
    session_config,
};
use super::question::request_schema;
use super::slots::SlotTable;
use super::{admissible, facts, pair_join, request_join};

/// The columns of the last step.
const VERDICT: [(&str, DataType); 6] = [
    ("verdict", DataType::Utf8),
    ("code", DataType::Utf8),
    ("scan", DataType::Utf8),
    (ROW_NUMBER, DataType::Int64),
    ("on_date", DataType::Date32),
    ("began_on", DataType::Date32),
];

/// Every reason why a check cannot be prepared.
#[derive(Debug, thiserror::Error)]
#[error("check `{check}` cannot be prepared:\n{}", .faults.join("\n"))]
pub struct PrepareError {
    /// Which check.
    pub check: String,
    /// Each names the variant, the step and the remedy.
    pub faults: Vec<String>,
}

impl PrepareError {
    /// All of it in a line, for a log.
    pub fn in_a_line(&self) -> String {
        self.faults.join("; ")
    }
}

impl PreparedCheck {
    /// Plans every variant over the owners' statements, or says everything that is wrong.
    ///
    /// Refused by name: a dataset, column or look-up that no owner states; an operator or function
    /// off the list; a clock; a reference to a table or column that is not there; a verdict of
    /// another shape. (An unbound scan and an undeclared absence are refused by
    /// [`Definition::parse`] already.)
    pub async fn try_new(
        definition: Arc<Definition>,
        statements: &BTreeMap<String, DatasetStatement>,
    ) -> Result<Self, PrepareError> {
        let mut faults = Vec::new();
        let mut variants = BTreeMap::new();
        for variant in &definition.variants {
            match Preparation::new(&definition, variant, statements).run().await {
                Ok(prepared) => {
                    variants.insert(variant.name.clone(), prepared);
                }
                Err(found) => faults.extend(
                    found.into_iter().map(|fault| format!("variant `{}`: {fault}", variant.name)),
                ),
            }
        }
        if faults.is_empty() {
            Ok(Self { definition, variants })
        } else {
            Err(PrepareError { check: definition.name.clone(), faults })
        }
    }
}

struct Preparation<'a> {
    definition: &'a Definition,
    variant: &'a Variant,
    statements: &'a BTreeMap<String, DatasetStatement>,
    faults: Vec<String>,
    prepared: PreparedVariant,
    /// The values that a proof comes with.
    claims: Vec<&'a ClaimTerms>,
    /// Of which columns of the departments each table is made; only where there are claims.
    lineages: BTreeMap<String, Lineage>,
    heard: Heard,
    /// By slot: the columns of steps that SQL reads.
    reads: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Preparation<'a> {
    fn new(
        definition: &'a Definition,
        variant: &'a Variant,
        statements: &'a BTreeMap<String, DatasetStatement>,
    ) -> Self {
        Self {
            definition,
            variant,
            statements,
            faults: Vec::new(),
            prepared: PreparedVariant {
                steps: Vec::new(),
                regions: Vec::new(),
                proves: variant.proves.clone(),
                facts: fact_terms(definition, &variant.name),
            },
            claims: definition.claims.iter().filter(|claim| variant.tells(claim)).collect(),
            lineages: BTreeMap::new(),
            heard: Heard::default(),
            reads: BTreeMap::new(),
        }
    }

    async fn run(mut self) -> Result<PreparedVariant, Vec<String>> {
        let context = match self.context() {
            Ok(context) => context,
            Err(error) => return Err(vec![error.to_string()]),
        };
        let request = vec![Sources::new(); request_schema(self.definition).fields().len()];
        self.lineages.insert("request".to_owned(), request);
        for (place, step) in self.variant.steps.iter().enumerate() {
            let made = match &step.kind {
                StepKind::Scan(scan) => self.scan(&step.name, scan),
                StepKind::Sql(sql) => self.sql(&context, &step.name, sql).await,
                StepKind::Months(rule) => self.months(&step.name, rule),
            };
            // The steps after this one would only report its absence.
            let Some((schema, kind)) = made else { return Err(self.faults) };
            let table = Arc::new(SlotTable::new(place + 1, Arc::clone(&schema)));
            if let Err(error) = context.register_table(step.name.as_str(), table) {
                return Err(vec![format!("step `{}`: {error}", step.name)]);
            }
            self.prepared.steps.push(PreparedStep { name: step.name.clone(), schema, kind });
        }
        self.resolve_absences();
        self.tell_what_is_read();
        let certain = &self.definition.certain;
        if self.prepared.resolve(self.definition, certain).is_none() {
            self.faults
                .push(format!("check.certain: no column `{}.{}`", certain.step, certain.column));
        }
        self.check_verdict();
        self.check_claims();
        self.faults.extend(self.heard.faults(self.definition));
        self.find_regions();
        if self.faults.is_empty() { Ok(self.prepared) } else { Err(self.faults) }
    }

    fn context(&self) -> Result<SessionContext, DataFusionError> {
        let runtime = Arc::new(RuntimeEnvBuilder::new().build()?);
        let state = SessionStateBuilder::new()
            .with_config(session_config())
            .with_runtime_env(runtime)
            .with_default_features()
            .build();
        let context = SessionContext::new_with_state(state);
        context.register_table(
            "request",
            Arc::new(SlotTable::new(0, request_schema(self.definition))),
        )?;
        Ok(context)
    }

    fn scan(&mut self, name: &str, scan: &Scan) -> Option<(SchemaRef, PreparedKind)> {
        let Some(statement) = self.statements.get(&scan.dataset) else {
            self.faults.push(format!(
                "scan `{name}`: no owner states a dataset `{}`; attach its connector",
                scan.dataset
            ));
            return None;
        };
        let template = scan.template(self.definition, &self.variant.name, name);
        if let Err(faults) = template::validate(&template, statement) {
            self.faults.extend(faults.iter().map(|fault| format!("scan `{name}`: {fault}")));
            return None;
        }
        self.faults.extend(whose::anothers(name, self.variant, (scan, &template), statement));
        let mut fields = vec![Field::new(&scan.lookup, DataType::Utf8, true)];
        let delivered = template::delivered(&template, statement);
        for column in &delivered {
            let stated = statement.columns.iter().find(|stated| stated.name == *column)?;
            fields.push(Field::new(column, arrow_type(stated.r#type()), true));
        }
        let answer = Arc::new(Schema::new(fields.clone()));
        let shape = self.definition.datasets.iter().find(|shape| shape.id == scan.dataset);
        for column in scan.optional.iter().filter(|column| !delivered.contains(column)) {
            let taken = shape
                .and_then(|shape| semantic_type(shape.columns.get(column)?))
                .unwrap_or_default();
            fields.push(Field::new(column, arrow_type(taken), true));
        }
        if fields.iter().any(|field| field.name() == ROW_NUMBER) {
            self.faults.push(format!(
                "scan `{name}`: `{ROW_NUMBER}` is the hub's own name for a row's number; the \
                 dataset must use another"
            ));
            return None;
        }
        fields.push(Field::new(ROW_NUMBER, DataType::Int64, false));
        // No claim can name what the hub adds, whom a row is about, or what only raises doubts: a
        // value that is made of them is refused.
        let dataset = match scan.only_doubts {
            true => format!("{} (for doubts)", scan.dataset),
            false => scan.dataset.clone(),
        };
        let source = |field: &Field| Sources::from([(dataset.clone(), field.name().clone())]);
        self.lineages.insert(name.to_owned(), fields.iter().map(source).collect());
        let resolve = |references: &[Reference], faults: &mut Vec<String>| {
            let mut places = Vec::new();
            for reference in references {
                match self.prepared.resolve(self.definition, reference) {
                    Some(place) => places.push(place),
                    None => faults.push(format!(
                        "scan `{name}`: no column `{}.{}`",
                        reference.step, reference.column
                    )),
                }
            }
            places
        };
        let keys = resolve(&scan.keys, &mut self.faults);
        let required = scan
            .required
            .iter()
            .filter_map(|name| scan.columns.iter().position(|column| column == name))
            .map(|at| at + 1);
        let pairs =
            self.definition.hand_overs.iter().filter(|pair| pair.from == name || pair.to == name);
        let thing =
            pairs.filter_map(|pair| pair.by.as_ref()).find_map(|by| answer.index_of(by).ok());
        let prepared = PreparedScan {
            statement: Arc::new(statement.clone()),
            thing,
            digest: template_digest(&template),
            template,
            keys,
            absence_for: Vec::new(),
            required: required.collect(),
            answer_header: schema_header(&answer),
            answer,
            scan: scan.clone(),
        };
        Some((Arc::new(Schema::new(fields)), PreparedKind::Scan(Box::new(prepared))))
    }

    async fn sql(
        &mut self,
        context: &SessionContext,
        name: &str,
        sql: &str,
    ) -> Option<(SchemaRef, PreparedKind)> {
        match self.plan(context, name, sql).await {
            Ok(Ok(plan)) => Some((plan.schema(), PreparedKind::Sql(plan))),
            Ok(Err(objections)) => {
                self.faults.extend(
                    objections.into_iter().map(|objection| format!("step `{name}`: {objection}")),
                );
                None
            }
            Err(error) => {
                self.faults.push(format!("step `{name}`: {}", error.strip_backtrace()));
                None
            }
        }
    }

    async fn plan(
        &mut self,
        context: &SessionContext,
        name: &str,
        sql: &str,
    ) -> Result<Result<Arc<dyn ExecutionPlan>, Vec<String>>, DataFusionError> {
        let state = context.state();
        let logical = state.create_logical_plan(sql).await?;
        let objections = admissible::objections(&logical)?;
        if !objections.is_empty() {
            return Ok(Err(objections));
        }
        if !self.claims.is_empty() {
            self.lineages.insert(name.to_owned(), lineage(&logical, &self.lineages)?);
        }
        let physical = state.create_physical_plan(&logical).await?;
        self.heard.add(&logical, &physical)?;
        let objections = self.reads(&physical);
        if !objections.is_empty() {
            return Ok(Err(objections));
        }
        Ok(Ok(pair_join::rewrite(request_join::rewrite(physical)?)?))
    }

    /// `absence_for` may name steps that run after the scan, such as the living spouse.
    fn resolve_absences(&mut self) {
        let mut resolved = Vec::new();
        for (place, step) in self.prepared.steps.iter().enumerate() {
            let PreparedKind::Scan(scan) = &step.kind else { continue };
            for reference in &scan.scan.absence_for {
                match self.prepared.resolve(self.definition, reference) {
                    Some(column) => resolved.push((place, column)),
                    None => self.faults.push(format!(
                        "scan `{}`: no column `{}.{}`",
                        step.name, reference.step, reference.column
                    )),
                }
            }
        }
        for (place, column) in resolved {
            if let Some(PreparedStep { kind: PreparedKind::Scan(scan), .. }) =
                self.prepared.steps.get_mut(place)
            {
                scan.absence_for.push(column);
            }
        }
    }

    fn check_claims(&mut self) {
        if self.claims.is_empty() {
            return;
        }
        let step = self.prepared.steps.iter().find(|step| step.name == "claims");
        match step.zip(self.lineages.get("claims")) {
            Some((step, lineage)) => {
                self.faults.extend(facts::faults(&self.claims, &step.schema, lineage));
            }
            None => self.faults.push("it has claims and no step `claims`".to_owned()),
        }
    }

    fn check_verdict(&mut self) {
        let Some(verdict) = self.prepared.steps.last() else { return };
        let shape: Vec<_> = verdict
            .schema
            .fields()
            .iter()
            .map(|field| (field.name().as_str(), field.data_type().clone()))
            .collect();
        if shape != VERDICT {
            self.faults.push(format!(
                "step `verdict`: its columns must be verdict text, code text, scan text, \
                 {ROW_NUMBER} bigint, on_date date, began_on date, not {shape:?}"
            ));
        }
        self.faults.extend(verdict::unknown_scans(self.variant));
    }
}

/// A schema as Arrow Flight sends it.
fn schema_header(schema: &Schema) -> Vec<u8> {
    FlightData::from(SchemaAsIpc::new(schema, &IpcWriteOptions::default())).data_header.to_vec()
}
