//! What the engine refuses of a definition: each variant is planned, as a hub would plan it, over
//! registers that are just what the definition takes them to be, once with the columns that an
//! owner may leave out, and once without.

use std::collections::BTreeMap;
use std::sync::Arc;

use zerotrip_checks::definition::{CHECK_FILE, Definition, Fault};
use zerotrip_proto::v1::{Coverage, DatasetStatement, coverage};

use super::registers::as_expected;
use crate::engine::PreparedCheck;

/// Any region: those of the registers must have one in common.
const REGION: &str = "330100";

/// Every fault that the engine finds. `origin` names the definition's folder.
pub async fn engine_faults(definition: &Definition, origin: &str) -> Vec<Fault> {
    let shared = Arc::new(definition.clone());
    let mut faults: Vec<Fault> = Vec::new();
    for with_optional in [true, false] {
        let statements = definition
            .datasets
            .iter()
            .map(|shape| {
                let every: Vec<String> = shape.columns.keys().cloned().collect();
                let optional = if with_optional { every.as_slice() } else { &[] };
                let statement = DatasetStatement {
                    coverage: Some(Coverage {
                        regions: vec![REGION.to_owned()],
                        subjects: Some(coverage::Subjects::Everyone(true)),
                        ..Coverage::default()
                    }),
                    ..as_expected(definition, shape, optional)
                };
                (shape.id.clone(), statement)
            })
            .collect::<BTreeMap<_, _>>();
        if let Err(error) = PreparedCheck::try_new(Arc::clone(&shared), &statements).await {
            for said in &error.faults {
                let fault = located(definition, origin, said);
                // A step that variants share is wrong once.
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
    }
    faults
}

/// The engine says ``variant `…`: step `…`: what``; a step's file is known here.
fn located(definition: &Definition, origin: &str, said: &str) -> Fault {
    let named = |text: &str, word: &str| -> Option<(String, String)> {
        let rest = text.strip_prefix(word)?.strip_prefix(" `")?;
        let (name, rest) = rest.split_once("`: ")?;
        Some((name.to_owned(), rest.to_owned()))
    };
    let (variant, rest) =
        named(said, "variant").map_or((None, said.to_owned()), |(name, rest)| (Some(name), rest));
    let step = named(&rest, "step").or_else(|| named(&rest, "scan"));
    let steps = variant.as_ref().and_then(|name| definition.variant(name));
    let file = step.as_ref().and_then(|(name, _)| {
        let mut steps = steps?.steps.iter();
        steps.find(|step| step.name == *name).map(|step| step.file.clone())
    });
    let place = match (&step, &variant) {
        (Some((name, _)), _) => format!("step `{name}`"),
        (None, Some(name)) => format!("variant `{name}`"),
        (None, None) => String::new(),
    };
    let what = step.map_or(rest, |(_, what)| what);
    let (what, remedy) = what.split_once("; ").unwrap_or((
        &what,
        "correct the SQL: it sees the table `request` and those of the steps before it",
    ));
    let file = format!("{origin}/{}", file.as_deref().unwrap_or(CHECK_FILE));
    Fault::new(&file, &place, what, remedy)
}
