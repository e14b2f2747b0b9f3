//! A dataset's quality for the hub's catalog: the faults of a survey of every cell, as numbers by
//! column and kind, signed by this connector. The rows and their content do not leave; their owner
//! sees them with `check`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use zerotrip_datasets::file::Source as Spec;
use zerotrip_datasets::quality::{MOST_ENTRIES, STEP, told};
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{ColumnQuality, DatasetQuality, Envelope, QualityKind};
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::signed;

use crate::attached_dataset::AttachedDataset;
use zerotrip_sources::{FindingKind, SourceError, Survey};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(15 * 60);
/// Time between two looks, as a multiple of what the last one took: a system is not read all day
/// for the catalog's sake.
const REST: u32 = 20;
/// Connections to a server without which it is not looked at: one is the profiling pass's, one the
/// look's, and one must be left.
const LEAST_CONNECTIONS: u32 = 3;

/// What is known, by dataset, as signed.
#[derive(Debug, Default)]
pub struct Qualities(Mutex<BTreeMap<String, Envelope>>);

impl Qualities {
    /// Those of these datasets that were surveyed.
    pub fn of<'a>(&self, datasets: impl Iterator<Item = &'a str>) -> Vec<Envelope> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        datasets.filter_map(|dataset| known.get(dataset).cloned()).collect()
    }

    /// Forgets what was found in a dataset: its owner has signed another statement of it.
    pub fn forget(&self, dataset: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(dataset);
    }

    /// Surveys a dataset now and then, until the future is dropped.
    pub async fn keep(&self, dataset: Arc<AttachedDataset>, connector: &str, signer: &SigningKey) {
        let id = &dataset.file.id;
        if !has_connections(&dataset.file.source) {
            tracing::info!(
                dataset = %id,
                "the catalog learns nothing of its data's quality: with two `connections`, none \
                 is left for a survey. Raise `source.connections`"
            );
            return;
        }
        loop {
            let begun = Instant::now();
            match self.look(&dataset, connector, signer).await {
                Ok(()) => tracing::debug!(dataset = %id, "looked at for the catalog"),
                Err(why) => tracing::warn!(dataset = %id, why, "not looked at for the catalog"),
            }
            tokio::time::sleep(EVERY.max(begun.elapsed().saturating_mul(REST))).await;
        }
    }

    async fn look(
        &self,
        dataset: &AttachedDataset,
        connector: &str,
        signer: &SigningKey,
    ) -> Result<(), String> {
        let survey = dataset.survey().await.map_err(|error: SourceError| error.to_string())?;
        if let Some(contradiction) = survey.contradictions.first() {
            let id = &dataset.file.id;
            tracing::error!(dataset = %id, contradiction, "nothing is answered from it");
        }
        for remark in survey.suspicions.iter().filter(|remark| remark.accepted.is_none()) {
            let (id, name) = (&dataset.file.id, remark.suspicion.name());
            tracing::warn!(
                dataset = %id, name, found = remark.text,
                "its rows speak against its statement, since it was signed"
            );
        }
        let quality = DatasetQuality {
            dataset: dataset.file.id.clone(),
            connector: connector.to_owned(),
            statement_digest: dataset.statement_digest.to_vec(),
            as_of: Some(to_timestamp(survey.as_of)),
            looked_at: Some(to_timestamp(SystemTime::now())),
            rows: rounded(survey.rows),
            spoilt_rows: told(survey.spoilt_rows),
            entries: entries(&survey),
            proves_nothing: survey.anybodys > 0 || !survey.contradictions.is_empty(),
        };
        let envelope = signed::seal(&quality, signer).map_err(|error| error.to_string())?;
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(dataset.file.id.clone(), envelope);
        Ok(())
    }
}

/// Rounds up to two digits, and never finer than to tens, as the faults are. The size of a register
/// says how much a fault matters; its exact row count must not leave the department.
pub fn rounded(rows: u64) -> u64 {
    let unit = 10_u64.pow(rows.checked_ilog10().unwrap_or_default().saturating_sub(1)).max(STEP);
    rows.div_ceil(unit).saturating_mul(unit)
}

/// The faults by column and kind: those that can make an answer unavailable first, then by number.
/// No example and no locator.
fn entries(survey: &Survey) -> Vec<ColumnQuality> {
    let mut findings: Vec<_> = survey.findings.iter().filter(|finding| finding.count > 0).collect();
    // By the rounded number: the order of two that are rounded alike must reveal nothing.
    findings.sort_by_key(|finding| {
        (!finding.kind.spoils(), std::cmp::Reverse(told(finding.count)), finding.column.clone())
    });
    let entry = |finding: &zerotrip_sources::Finding| ColumnQuality {
        column: finding.column.clone(),
        kind: kind(finding.kind).into(),
        count: told(finding.count),
    };
    findings.into_iter().take(MOST_ENTRIES).map(entry).collect()
}

fn kind(kind: FindingKind) -> QualityKind {
    match kind {
        FindingKind::Unreadable => QualityKind::Unreadable,
        FindingKind::UnknownCode => QualityKind::UnknownCode,
        FindingKind::BlankCode => QualityKind::BlankCode,
        FindingKind::LostId => QualityKind::LostId,
        FindingKind::IrregularId => QualityKind::IrregularId,
        FindingKind::RoundedId => QualityKind::RoundedId,
        FindingKind::RaggedRow => QualityKind::RaggedRow,
        FindingKind::NamedBeside => QualityKind::NamedBeside,
        FindingKind::ImplausibleDate => QualityKind::ImplausibleDate,
        FindingKind::EndOfCurrent => QualityKind::EndOfCurrent,
    }
}

fn has_connections(source: &Spec) -> bool {
    match source {
        Spec::Postgres(spec) | Spec::Mysql(spec) => spec.connections >= LEAST_CONNECTIONS,
        Spec::Odbc(spec) => spec.connections >= LEAST_CONNECTIONS,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use zerotrip_sources::Finding;

    #[test]
    fn a_size_is_told_to_two_digits_in_tens_and_never_as_less() {
        for (rows, told) in [
            (0, 0),
            (7, 10),
            (98, 100),
            (99, 100),
            (100, 100),
            (101, 110),
            (6221, 6300),
            (9_999, 10_000),
            (10_000_001, 11_000_000),
        ] {
            assert_eq!(rounded(rows), told);
        }
        assert!(rounded(u64::MAX) >= u64::MAX - 1);
    }

    #[test]
    fn the_gravest_come_first_and_neither_examples_nor_locators_leave() {
        let finding = |column: &str, kind, count| Finding {
            column: column.into(),
            kind,
            count,
            examples: vec!["3301****".into()],
        };
        let mut findings = vec![
            finding("owner", FindingKind::IrregularId, 5000),
            finding("owner", FindingKind::Unreadable, 3),
        ];
        findings.push(finding("", FindingKind::RaggedRow, 12));
        findings.push(finding("status", FindingKind::BlankCode, 0));
        findings.extend(
            (0..100).map(|number| finding(&format!("c{number}"), FindingKind::IrregularId, 1)),
        );
        let survey = Survey {
            rows: 6000,
            unreadable: vec!["row 7".into()],
            unreadable_count: 1,
            anybodys: 0,
            adjudicated: 0,
            irregular: 0,
            as_of: SystemTime::now(),
            advice: Vec::new(),
            findings,
            contradictions: Vec::new(),
            suspicions: Vec::new(),
            notes: Vec::new(),
            spoilt_rows: 3,
            trials: Vec::new(),
            steps: Vec::new(),
        };
        let entries = entries(&survey);
        assert_eq!(entries.len(), MOST_ENTRIES);
        let first: Vec<(&str, QualityKind, u64)> = entries
            .iter()
            .take(3)
            .map(|entry| (entry.column.as_str(), entry.kind(), entry.count))
            .collect();
        let gravest = [
            ("", QualityKind::RaggedRow, 20),
            ("owner", QualityKind::Unreadable, 10),
            ("owner", QualityKind::IrregularId, 5000),
        ];
        assert_eq!(first, gravest);
        assert!(!format!("{entries:?}").contains("3301"));
    }
}
