//! One door for every call: who may make it is in one table, and a call that is not in the table is
//! refused.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::{Method, Request, Response, StatusCode};
use tonic::body::Body;
use tower::Service;
use zerotrip_channel::Peer;
use zerotrip_proto::Refusal;
use zerotrip_proto::v1::ErrorCode;
use zerotrip_text::Bilingual;

use crate::channels::SUPERSEDED;
use crate::hub::Hub;
use crate::{endings, exchange};

/// Who may make a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Any peer that reaches the port: joining (with a token), the public directory, health.
    Open,
    /// An active system of an active member.
    Member,
    /// An active administrator of the authority.
    Administrator,
}

/// Every call there is.
pub const CALLS: [(&str, Access); 29] = [
    ("/zerotrip.v1.Exchange/Check", Access::Member),
    ("/zerotrip.v1.Exchange/CheckMany", Access::Member),
    ("/zerotrip.v1.Exchange/Issue", Access::Member),
    ("/zerotrip.v1.Catalog/ListDatasets", Access::Member),
    ("/zerotrip.v1.Catalog/ListChecks", Access::Member),
    ("/zerotrip.v1.Ledger/GetCheckpoint", Access::Member),
    ("/zerotrip.v1.Ledger/GetEntries", Access::Member),
    ("/zerotrip.v1.Ledger/ProveInclusion", Access::Member),
    ("/zerotrip.v1.Ledger/ProveConsistency", Access::Member),
    // Opened within: to the authority, and to the owner of what it names.
    ("/zerotrip.v1.Ledger/GetFact", Access::Member),
    ("/zerotrip.v1.Ledger/ListUnavailable", Access::Administrator),
    // Narrowed within: to what the caller's own datasets did, but for the authority.
    ("/zerotrip.v1.Ledger/CountUnavailable", Access::Member),
    ("/zerotrip.v1.Authority/Join", Access::Open),
    ("/zerotrip.v1.Authority/GetJoin", Access::Open),
    ("/zerotrip.v1.Authority/GetDirectory", Access::Open),
    ("/zerotrip.v1.Authority/Invite", Access::Administrator),
    ("/zerotrip.v1.Authority/ListJoins", Access::Administrator),
    ("/zerotrip.v1.Authority/Admit", Access::Administrator),
    ("/zerotrip.v1.Authority/PublishDirectory", Access::Administrator),
    ("/zerotrip.v1.Authority/PublishGrants", Access::Administrator),
    ("/zerotrip.v1.Authority/GetGrants", Access::Member),
    // Signed with the holder's key: its certificate may have ended.
    ("/zerotrip.v1.Authority/Renew", Access::Open),
    ("/zerotrip.v1.Authority/ListRenewals", Access::Administrator),
    ("/zerotrip.v1.Authority/AdmitRenewal", Access::Administrator),
    ("/grpc.health.v1.Health/Check", Access::Open),
    ("/grpc.health.v1.Health/Watch", Access::Open),
    ("/grpc.health.v1.Health/List", Access::Open),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Access::Member),
    // The name under which older tools look for reflection. It is not served; a member learns that
    // from the answer, and others that they need a certificate first.
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Access::Member),
];

/// What alone is taken while the key directory in force has ended: a newer one, from an
/// administrator by the one that has.
const WHILE_STALE: &str = "/zerotrip.v1.Authority/PublishDirectory";

/// A service behind the door.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    hub: Arc<Hub>,
    inner: S,
}

impl<S> Guarded<S> {
    /// Guards `inner`.
    pub fn new(hub: Arc<Hub>, inner: S) -> Self {
        Self { hub, inner }
    }
}

/// Decides by path and peer alone.
pub fn admit(hub: &Hub, path: &str, peer: Option<&Peer>) -> Result<(), Refusal> {
    let Some((_, access)) = CALLS.iter().find(|(known, _)| *known == path) else {
        return match peer {
            Some(_) => Err(Refusal::new(
                ErrorCode::UnknownName,
                "no such call; see the reflection service for what there is",
            )),
            None => Err(unauthenticated()),
        };
    };
    if *access == Access::Open {
        return Ok(());
    }
    let peer = peer.ok_or_else(unauthenticated)?;
    let in_force = hub.in_force();
    if path != WHILE_STALE && !in_force.directory.is_fresh(SystemTime::now()) {
        let Bilingual { en, zh } = endings::stale(&in_force.directory);
        return Err(Refusal::bilingual(ErrorCode::StaleBundle, en, zh));
    }
    if in_force.directory.is_superseded(&peer.identity, &peer.tls_key) {
        return Err(superseded());
    }
    let peer = &peer.identity;
    if peer.member().is_none() || !in_force.directory.is_active(peer) {
        return Err(Refusal::bilingual(
            ErrorCode::MemberSuspended,
            "this system or its member is suspended, or unknown to the key directory; ask the \
             data authority",
            "该系统或其单位已被暂停或未登记，请联系数据主管部门",
        ));
    }
    if *access == Access::Administrator && !in_force.directory.is_administrator(peer) {
        return Err(Refusal::bilingual(
            ErrorCode::AdminOnly,
            "only administrators of the data authority may do this",
            "仅数据主管部门的管理员可以执行",
        ));
    }
    Ok(())
}

/// To a peer whose certificate is from before it was admitted anew.
pub fn superseded() -> Refusal {
    let zh = "该 TLS 证书已失效：此系统其后已重新准入，请使用重新准入后的目录";
    Refusal::bilingual(ErrorCode::Unauthenticated, SUPERSEDED, zh)
}

fn unauthenticated() -> Refusal {
    Refusal::bilingual(
        ErrorCode::Unauthenticated,
        "this call needs a client certificate; join first with the authority's invitation",
        "此调用需要客户端证书；请先凭数据主管部门的邀请接入",
    )
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // A monitor that looks with plain HTTP must not read 200 as health, whatever path it asks:
        // gRPC is always POST.
        if request.method() != Method::POST {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            return Box::pin(ready(Ok(response)));
        }
        let peer = request.extensions().get::<Peer>();
        match admit(&self.hub, request.uri().path(), peer) {
            Ok(()) => Box::pin(self.inner.call(request)),
            Err(refusal) => match peer.map(|peer| peer.identity.clone()) {
                // The refusal of a peer with a certificate is recorded; without one there is no
                // name.
                Some(peer) => {
                    let hub = Arc::clone(&self.hub);
                    Box::pin(async move {
                        let refused: Result<(), Refusal> = exchange::refuse(
                            &hub.budgets,
                            &hub.ledger,
                            &peer,
                            &[],
                            refusal.clone(),
                        )
                        .await;
                        Ok(refused.err().unwrap_or(refusal).to_status().into_http())
                    })
                }
                None => Box::pin(ready(Ok(refusal.to_status().into_http()))),
            },
        }
    }
}
