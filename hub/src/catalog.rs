//! What can be asked: the definitions, the owners' statements, and the checks prepared over them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use zerotrip_checks::definition::{Definition, Variant};
use zerotrip_ledger::{Ledger, LedgerError};
use zerotrip_proto::v1::{DatasetStatement, Envelope};
use zerotrip_trust::digest::Digest;
use zerotrip_trust::{Signed, dsse};

use crate::engine::PreparedCheck;
use crate::state::Version;

/// What can be asked.
#[derive(Debug)]
pub struct Catalog {
    versions: Vec<Version>,
    state: RwLock<Arc<State>>,
    /// Checks are prepared by one at a time, so that the newest statements are what stays.
    preparing: tokio::sync::Mutex<()>,
}

#[derive(Clone, Debug, Default)]
struct State {
    statements: BTreeMap<String, Arc<Stated>>,
    prepared: BTreeMap<String, Arc<PreparedCheck>>,
    /// Why a check is not prepared, for the operator.
    unprepared: BTreeMap<String, String>,
}

/// An owner's statement.
#[derive(Clone, Debug)]
pub struct Stated {
    /// As signed.
    pub envelope: Envelope,
    /// What it says.
    pub statement: DatasetStatement,
    /// SHA-256 of its payload.
    pub digest: Digest,
}

impl Stated {
    /// From an envelope that was verified.
    pub fn new(envelope: Envelope) -> Option<Self> {
        let statement = Signed::<DatasetStatement>::new(&envelope).ok()?.unverified().ok()?;
        let digest = dsse::payload_digest(&envelope);
        Some(Self { statement, digest, envelope })
    }
}

impl Catalog {
    /// With the statements that were known before the last stop.
    pub fn new(versions: Vec<Version>, ledger: &Ledger) -> Result<Self, LedgerError> {
        let kept = ledger
            .statements()?
            .into_iter()
            .filter_map(|(dataset, envelope)| Some((dataset, Arc::new(Stated::new(envelope)?))));
        let state = State { statements: kept.collect(), ..State::default() };
        Ok(Self {
            versions,
            state: RwLock::new(Arc::new(state)),
            preparing: tokio::sync::Mutex::new(()),
        })
    }

    /// Every version of every check, drafts and ended ones too.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The version of that name.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.definition.name == name)
    }

    /// `<check>/<variant>` of every question there is.
    pub fn check_names(&self) -> Vec<String> {
        let of = |Version { definition, .. }: &Version| {
            let name = definition.name.clone();
            definition
                .variants
                .iter()
                .map(move |variant| format!("{name}/{}", variant.name))
                .collect::<Vec<_>>()
        };
        self.versions.iter().flat_map(of).collect()
    }

    /// The prepared check of that name, if every dataset that it asks has been stated.
    pub fn prepared(&self, name: &str) -> Option<Arc<PreparedCheck>> {
        self.current().prepared.get(name).cloned()
    }

    /// The statement of a dataset.
    pub fn statement(&self, dataset: &str) -> Option<Arc<Stated>> {
        self.current().statements.get(dataset).cloned()
    }

    /// Every statement.
    pub fn statements(&self) -> Vec<Arc<Stated>> {
        self.current().statements.values().cloned().collect()
    }

    /// The first dataset of a check that no owner has stated, in the order of its scans.
    pub fn unstated(&self, definition: &Definition, variant: &str) -> Option<String> {
        let current = self.current();
        let scans = definition.variant(variant)?.scans().map(|(_, scan)| scan.dataset.clone());
        scans.into_iter().find(|dataset| !current.statements.contains_key(dataset))
    }

    /// Takes an owner's statement, verified already; checks that ask the dataset are prepared anew
    /// if it says something new.
    pub async fn state(&self, stated: Stated, ledger: &Ledger) -> Result<(), LedgerError> {
        let id = stated.statement.id.clone();
        if self.statement(&id).is_some_and(|known| known.digest == stated.digest) {
            return Ok(());
        }
        ledger.put_statement(&id, stated.envelope.clone()).await?;
        let stated = Arc::new(stated);
        self.change(|state| {
            state.statements.insert(id.clone(), Arc::clone(&stated));
        });
        self.prepare(|definition| asks(definition, &id)).await;
        Ok(())
    }

    /// Prepares every check over the statements there are.
    pub async fn prepare_all(&self) {
        self.prepare(|_| true).await;
    }

    /// Prepares these checks; the others stay as they are.
    async fn prepare(&self, is_wanted: impl Fn(&Definition) -> bool) {
        let _one_at_a_time = self.preparing.lock().await;
        let statements: BTreeMap<String, DatasetStatement> = self
            .current()
            .statements
            .iter()
            .map(|(id, stated)| (id.clone(), stated.statement.clone()))
            .collect();
        let (mut prepared, mut unprepared) = (BTreeMap::new(), BTreeMap::new());
        let wanted = || self.versions.iter().filter(|version| is_wanted(&version.definition));
        for Version { definition, .. } in wanted() {
            // Before any planning: a register that attaches is not to wait for what cannot be yet.
            let awaited = waits_for(definition, &statements);
            if !awaited.is_empty() {
                let text = format!(
                    "check {} waits for the owners' statements of {}: it is prepared when their \
                     connectors attach",
                    definition.name,
                    awaited.join(", ")
                );
                tracing::info!("{text}");
                unprepared.insert(definition.name.clone(), text);
                continue;
            }
            match PreparedCheck::try_new(Arc::clone(definition), &statements).await {
                Ok(check) => {
                    tracing::info!(check = %definition.name, "prepared");
                    prepared.insert(definition.name.clone(), Arc::new(check));
                }
                Err(error) => {
                    tracing::warn!(check = %definition.name, why = %error.in_a_line(), "cannot be prepared");
                    unprepared.insert(definition.name.clone(), error.to_string());
                }
            }
        }
        self.change(|state| {
            for Version { definition, .. } in wanted() {
                state.prepared.remove(&definition.name);
                state.unprepared.remove(&definition.name);
            }
            state.prepared.extend(prepared.clone());
            state.unprepared.extend(unprepared.clone());
        });
    }

    fn current(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl Fn(&mut State)) {
        let mut held = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = State::clone(&held);
        change(&mut next);
        *held = Arc::new(next);
    }
}

/// Whether a check asks a dataset.
fn asks(definition: &Definition, dataset: &str) -> bool {
    let mut scans = definition.variants.iter().flat_map(Variant::scans);
    scans.any(|(_, scan)| scan.dataset == dataset)
}

/// The datasets of a check that no owner has stated, each once, in the order of its scans.
fn waits_for(
    definition: &Definition,
    statements: &BTreeMap<String, DatasetStatement>,
) -> Vec<String> {
    let mut awaited: Vec<String> = Vec::new();
    for (_, scan) in definition.variants.iter().flat_map(Variant::scans) {
        if !statements.contains_key(&scan.dataset) && !awaited.contains(&scan.dataset) {
            awaited.push(scan.dataset.clone());
        }
    }
    awaited
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_check_says_whose_statements_it_waits_for() {
        let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../certs/definitions/no-property");
        let folder = crate::state::DefinitionFolder::read(&shipped).unwrap();
        let definition: Definition = folder.definition().unwrap();
        let mut statements = BTreeMap::new();
        let mut awaited = waits_for(&definition, &statements);
        awaited.sort();
        assert_eq!(
            awaited,
            ["civil.marriage", "estate.ownership", "housing.presale", "police.household"]
        );
        for dataset in awaited.drain(..3) {
            statements.insert(dataset, DatasetStatement::default());
        }
        assert_eq!(waits_for(&definition, &statements), ["police.household"]);
    }
}
