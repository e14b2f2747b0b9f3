//! What the hub's one port serves to ordinary gRPC clients, and who may call what.

mod authority;
mod catalog;
mod exchange;
pub mod guard;
mod ledger;
mod unavailable;

use std::sync::Arc;
use std::time::SystemTime;

use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Request, Status};
use tonic_health::server::HealthReporter;
use zerotrip_channel::Peer;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_proto::v1::authority_server::AuthorityServer;
use zerotrip_proto::v1::catalog_server::CatalogServer;
use zerotrip_proto::v1::exchange_server::ExchangeServer;
use zerotrip_proto::v1::ledger_server::LedgerServer;
use zerotrip_proto::{DESCRIPTORS, Refusal, bounds};
use zerotrip_trust::identity::Identity;

use crate::endings;
use crate::hub::Hub;
use guard::Guarded;

/// One connection's calls, guarded.
pub type Service = Guarded<Routes>;

/// The names under which the health service says whether the hub answers: the empty one, for the
/// whole, and each service that stops when it does not.
pub const NAMES: [&str; 4] = [
    "",
    <ExchangeServer<exchange::Service> as NamedService>::NAME,
    <CatalogServer<catalog::Service> as NamedService>::NAME,
    <LedgerServer<ledger::Service> as NamedService>::NAME,
];

/// Everything that is served, behind the guard; and what reports to the health service.
pub async fn all(
    hub: &Arc<Hub>,
) -> Result<(Service, HealthReporter), tonic_reflection::server::Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    endings::report(&reporter, &NAMES, endings::silent(hub, SystemTime::now()).is_none()).await;
    // It takes a newer directory whatever else is not answered.
    reporter.set_serving::<AuthorityServer<authority::Service>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let most = bounds::MESSAGE_BYTES;
    let routes = Routes::new(
        ExchangeServer::new(exchange::Service(Arc::clone(hub))).max_decoding_message_size(most),
    )
    .add_service(
        CatalogServer::new(catalog::Service(Arc::clone(hub))).max_decoding_message_size(most),
    )
    .add_service(
        LedgerServer::new(ledger::Service(Arc::clone(hub))).max_decoding_message_size(most),
    )
    .add_service(
        AuthorityServer::new(authority::Service(Arc::clone(hub))).max_decoding_message_size(most),
    )
    .add_service(health)
    .add_service(reflection)
    .prepare();
    Ok((Guarded::new(Arc::clone(hub), routes), reporter))
}

/// Who calls; the guard has let in only the known.
fn caller<T>(request: &Request<T>) -> Result<Identity, Status> {
    match request.extensions().get::<Peer>() {
        Some(peer) => Ok(peer.identity.clone()),
        None => {
            Err(Refusal::new(ErrorCode::Unauthenticated, "this call needs a client certificate")
                .to_status())
        }
    }
}
