//! `zerotrip.v1.Catalog`.

use std::sync::Arc;
use std::time::SystemTime;

use tonic::{Request, Response, Status};
use zerotrip_datasets::CivilDay;
use zerotrip_proto::v1::catalog_server::Catalog;
use zerotrip_proto::v1::{
    CheckEntry, DatasetEntry, ListChecksReply, ListChecksRequest, ListDatasetsReply,
    ListDatasetsRequest,
};

use crate::hub::Hub;
use crate::state::{Stage, Version};

pub struct Service(pub Arc<Hub>);

#[tonic::async_trait]
impl Catalog for Service {
    async fn list_datasets(
        &self,
        _request: Request<ListDatasetsRequest>,
    ) -> Result<Response<ListDatasetsReply>, Status> {
        let entries = self.0.catalog.statements().into_iter().map(|stated| {
            let attached = self.0.channels.of_dataset(&stated.statement.id);
            let quality =
                attached.as_ref().and_then(|attached| attached.quality(&stated.statement.id));
            DatasetEntry {
                attached: attached.is_some(),
                statement: Some(stated.envelope.clone()),
                quality,
            }
        });
        Ok(Response::new(ListDatasetsReply { datasets: entries.collect() }))
    }

    async fn list_checks(
        &self,
        request: Request<ListChecksRequest>,
    ) -> Result<Response<ListChecksReply>, Status> {
        let wanted = request.into_inner().name;
        let mut checks = Vec::new();
        let today = CivilDay::at(SystemTime::now());
        let versions = self.0.catalog.versions().iter();
        let versions = versions.filter(|one| wanted.is_empty() || one.definition.name == wanted);
        for Version { definition, lifecycle } in versions {
            let stage = lifecycle.on(today);
            let last_day = match stage {
                Stage::Deprecated(sunset) => sunset.last_day.to_string(),
                _ => String::new(),
            };
            for variant in &definition.variants {
                checks.push(CheckEntry {
                    name: definition.name.clone(),
                    variant: variant.name.clone(),
                    title_en: format!("{} ({})", definition.title.en, variant.title.en),
                    title_zh: format!("{}（{}）", definition.title.zh, variant.title.zh),
                    definition_digest: definition.digest.to_vec(),
                    parameters: definition
                        .parameters
                        .iter()
                        .map(|parameter| parameter.name.clone())
                        .collect(),
                    scans: variant
                        .scans()
                        .map(|(name, scan)| scan.template(definition, &variant.name, name))
                        .collect(),
                    definition: definition.text.clone(),
                    stage: stage.name().to_owned(),
                    last_day: last_day.clone(),
                    successor: lifecycle.successor().unwrap_or_default().to_owned(),
                });
            }
        }
        Ok(Response::new(ListChecksReply { checks }))
    }
}
