//! The template of a scan: what the owner of its dataset approves, by digest.

use zerotrip_datasets::file::semantic_type;
use zerotrip_identification::IdentityTerms;
use zerotrip_proto::v1;

use super::model::Definition;
use super::parameter::Parameter;
use super::scan::{Origin, Scan};

impl Scan {
    /// What the dataset's owner approves.
    pub fn template(&self, definition: &Definition, variant: &str, name: &str) -> v1::ScanTemplate {
        use v1::key_origin::From as Source;
        let origins = self.origins.iter().map(|origin| v1::KeyOrigin {
            from: Some(match origin {
                Origin::Parameter { parameter } => Source::Parameter(parameter.clone()),
                Origin::Column { dataset, column } => Source::Column(v1::OriginColumn {
                    dataset: dataset.clone(),
                    column: column.clone(),
                }),
            }),
        });
        let asked =
            |column: &String| self.columns.contains(column) || self.optional.contains(column);
        let codes = definition
            .codes
            .iter()
            .filter(|code| code.dataset == self.dataset && asked(&code.column));
        let meanings: Vec<v1::KnownMeanings> = codes
            .map(|code| v1::KnownMeanings {
                column: code.column.clone(),
                meanings: code.meanings.iter().cloned().collect(),
            })
            .collect();
        let shape = definition.datasets.iter().find(|shape| shape.id == self.dataset);
        let types =
            shape.into_iter().flat_map(|shape| &shape.columns).filter(|(column, _)| asked(column));
        let types = types.map(|(column, name)| {
            let date = definition
                .dates
                .iter()
                .find(|date| date.dataset == self.dataset && date.column == *column);
            v1::TypedColumn {
                column: column.clone(),
                r#type: semantic_type(name).unwrap_or_default().into(),
                role: date.map_or(v1::DateRole::Unspecified, |date| date.role.into()).into(),
                persons: date.map(|date| date.persons.clone()).unwrap_or_default(),
                least_age: date.and_then(|date| date.least_age),
                parents: date
                    .into_iter()
                    .flat_map(|date| &date.parents)
                    .filter(|parent| asked(parent))
                    .cloned()
                    .collect(),
                not_before: date.and_then(|date| date.not_before).map(|day| day.to_epoch_days()),
            }
        });
        let types = types.collect();
        v1::ScanTemplate {
            check: format!("{}/{variant}", definition.name),
            scan: name.to_owned(),
            dataset: self.dataset.clone(),
            lookup: self.lookup.clone(),
            columns: self.columns.clone(),
            optional: self.optional.clone(),
            origins: origins.collect(),
            supplies: self.supplies.clone(),
            max_keys: self.most_keys,
            max_rows: self.most_rows,
            meanings,
            types,
            claims: if self.only_doubts {
                Vec::new()
            } else {
                claims(definition, variant, &self.dataset)
            },
            rules_digest: definition.rules_digest.to_vec(),
            parameters: definition.parameters.iter().filter_map(Parameter::terms).collect(),
            key_kind: definition.key_kind(self).to_wire().into(),
            identity: definition.identity.as_ref().map(IdentityTerms::to_wire),
            subject_kind: definition.subject_kind().to_wire().into(),
            lookup_columns: shape
                .and_then(|shape| shape.lookup.get(&self.lookup))
                .cloned()
                .unwrap_or_default(),
        }
    }
}

/// The claims of a variant that are made of a dataset's columns.
fn claims(definition: &Definition, variant: &str, dataset: &str) -> Vec<v1::ReleasedClaim> {
    let Some(variant) = definition.variant(variant) else { return Vec::new() };
    let released = definition.claims.iter().filter(|claim| variant.tells(claim));
    let released = released.filter_map(|claim| {
        let own = claim.from.iter().filter(|source| source.dataset == dataset);
        let columns: Vec<String> = own.map(|source| source.column.clone()).collect();
        (!columns.is_empty()).then(|| v1::ReleasedClaim {
            name: claim.name.clone(),
            r#type: claim.kind.name().to_owned(),
            columns,
            title_en: claim.title.en.clone(),
            title_zh: claim.title.zh.clone(),
        })
    });
    released.collect()
}
