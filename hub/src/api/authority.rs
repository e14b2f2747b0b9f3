//! `zerotrip.v1.Authority`: carries the authority's papers. The hub does not hold the keys that
//! could make one.

use std::sync::Arc;
use std::time::SystemTime;

use tonic::{Request, Response, Status};
use zerotrip_ledger::Invited;
use zerotrip_proto::v1::authority_server::Authority;
use zerotrip_proto::v1::{
    AdmitRenewalReply, AdmitRenewalRequest, AdmitReply, AdmitRequest, ErrorCode, GetDirectoryReply,
    GetDirectoryRequest, GetGrantsReply, GetGrantsRequest, GetJoinReply, GetJoinRequest,
    InviteReply, InviteRequest, JoinReply, JoinRequest, ListJoinsReply, ListJoinsRequest,
    ListRenewalsReply, ListRenewalsRequest, PendingJoin, PublishReply, PublishRequest, RenewReply,
    RenewRequest, UnservedGrant,
};
use zerotrip_proto::{Refusal, from_timestamp};
use zerotrip_trust::digest::{Digest, sha256};
use zerotrip_trust::ending::utc;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::renewal;
use zerotrip_trust::x509::{self, CertificateDer};

use crate::hub::Hub;
use crate::state::not_renewed;
use crate::unrecorded::ledger_refusal;

/// Largest certificate request, and largest certificate.
const MOST_PAPER: usize = 16 << 10;
/// Most keys of one system.
const MOST_KEYS: usize = 8;
/// Most grants on unserved checks that a reply names; the log names all.
const MOST_UNSERVED: usize = 64;

pub struct Service(pub Arc<Hub>);

fn refuse<T>(code: ErrorCode, why: &str) -> Result<T, Status> {
    Err(Refusal::new(code, why).to_status())
}

fn stored(error: zerotrip_ledger::LedgerError) -> Status {
    ledger_refusal(error).to_status()
}

impl Service {
    /// The invitation that a token belongs to, while it holds.
    fn invitation(&self, token: &[u8]) -> Result<Invited, Status> {
        let unknown = || {
            let en =
                "the token is unknown, used or expired; ask the authority for a new invitation";
            Refusal::bilingual(
                ErrorCode::InvalidToken,
                en,
                "邀请无效、已使用或已过期；请向数据主管部门索取新的邀请",
            )
            .to_status()
        };
        if token.len() != 32 {
            return Err(unknown());
        }
        match self.0.ledger.invitation(&sha256(token)).map_err(stored)? {
            Some(invitation) if invitation.expires_at > SystemTime::now() => Ok(invitation),
            _ => Err(unknown()),
        }
    }
}

#[tonic::async_trait]
impl Authority for Service {
    async fn join(&self, request: Request<JoinRequest>) -> Result<Response<JoinReply>, Status> {
        let JoinRequest { token, csr, keys, binding_tag } = request.into_inner();
        let invitation = self.invitation(&token)?;
        if csr.len() > MOST_PAPER || keys.is_empty() || keys.len() > MOST_KEYS {
            return refuse(
                ErrorCode::TooLarge,
                "a certificate request of at most 16 KiB and 1 to 8 keys are expected",
            );
        }
        // Only carried: whether it verifies, the authority alone can tell.
        if Digest::try_from(binding_tag.as_slice()).is_err() {
            return refuse(
                ErrorCode::Malformed,
                "`binding_tag` is not an HMAC-SHA-256 of 32 bytes",
            );
        }
        let named = x509::system_of_csr(&csr).map_err(|error| {
            Refusal::new(ErrorCode::Malformed, format!("csr: {error}")).to_status()
        })?;
        if named.uri() != invitation.system {
            return refuse(
                ErrorCode::InvalidToken,
                "the certificate request names another system than the invitation",
            );
        }
        let join = PendingJoin {
            token_digest: sha256(&token).to_vec(),
            system: invitation.system.clone(),
            csr,
            keys,
            binding_tag,
        };
        self.0.ledger.put_join(join, SystemTime::now()).await.map_err(stored)?;
        Ok(Response::new(JoinReply { system: invitation.system }))
    }

    async fn get_join(
        &self,
        request: Request<GetJoinRequest>,
    ) -> Result<Response<GetJoinReply>, Status> {
        let token = request.into_inner().token;
        self.invitation(&token)?;
        let join = self.0.ledger.join(&sha256(&token)).map_err(stored)?;
        let Some(join) = join else {
            return refuse(ErrorCode::InvalidToken, "no system has joined with this token yet");
        };
        let in_force = self.0.in_force();
        Ok(Response::new(GetJoinReply {
            certificate_chain: join.chain.unwrap_or_default(),
            directory: Some(in_force.directory_envelope.clone()),
            authority_certificate: self.0.identity.authority_certificate.to_vec(),
        }))
    }

    async fn get_directory(
        &self,
        _request: Request<GetDirectoryRequest>,
    ) -> Result<Response<GetDirectoryReply>, Status> {
        Ok(Response::new(GetDirectoryReply {
            directory: Some(self.0.in_force().directory_envelope.clone()),
            authority_certificate: self.0.identity.authority_certificate.to_vec(),
            root_certificate: self.0.identity.ca.to_vec(),
        }))
    }

    async fn invite(
        &self,
        request: Request<InviteRequest>,
    ) -> Result<Response<InviteReply>, Status> {
        let InviteRequest { token_digest, system, expires_at } = request.into_inner();
        let Ok(token_digest) = Digest::try_from(token_digest.as_slice()) else {
            return refuse(ErrorCode::Malformed, "`token_digest` is not a SHA-256 of 32 bytes");
        };
        let Some(expires_at) = from_timestamp(expires_at.as_ref()) else {
            return refuse(ErrorCode::Malformed, "`expires_at` is missing or not a time");
        };
        if !system.parse::<Identity>().is_ok_and(|identity| identity.member().is_some()) {
            return refuse(ErrorCode::Malformed, "`system` is not a system's URI");
        }
        self.0
            .ledger
            .put_invitation(Invited { token_digest, system, expires_at }, SystemTime::now())
            .await
            .map_err(stored)?;
        Ok(Response::new(InviteReply {}))
    }

    async fn list_joins(
        &self,
        _request: Request<ListJoinsRequest>,
    ) -> Result<Response<ListJoinsReply>, Status> {
        Ok(Response::new(ListJoinsReply { joins: self.0.ledger.pending_joins().map_err(stored)? }))
    }

    async fn admit(&self, request: Request<AdmitRequest>) -> Result<Response<AdmitReply>, Status> {
        let AdmitRequest { system, certificate_chain, token_digest } = request.into_inner();
        let Ok(token_digest) = Digest::try_from(token_digest.as_slice()) else {
            return refuse(ErrorCode::Malformed, "`token_digest` is not a SHA-256 of 32 bytes");
        };
        if certificate_chain.is_empty()
            || certificate_chain.len() > 4
            || certificate_chain.iter().any(|paper| paper.len() > MOST_PAPER)
        {
            return refuse(
                ErrorCode::TooLarge,
                "1 to 4 certificates of at most 16 KiB are expected",
            );
        }
        let leaf = certificate_chain.first().map(|der| CertificateDer::from(der.as_slice()));
        if !leaf
            .is_some_and(|leaf| x509::identity_of(&leaf).is_ok_and(|named| named.uri() == system))
        {
            return refuse(
                ErrorCode::Malformed,
                "the certificate does not name the system that is admitted",
            );
        }
        self.0.ledger.admit(&token_digest, &system, certificate_chain).await.map_err(stored)?;
        Ok(Response::new(AdmitReply {}))
    }

    async fn publish_directory(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishReply>, Status> {
        let bundle = request.into_inner().bundle.unwrap_or_default();
        let (confirmed, unconfirmed) = self.0.publish_directory(bundle).await?;
        Ok(Response::new(PublishReply { confirmed, unconfirmed, ..PublishReply::default() }))
    }

    async fn publish_grants(
        &self,
        request: Request<PublishRequest>,
    ) -> Result<Response<PublishReply>, Status> {
        let unserved =
            self.0.publish_grants(request.into_inner().bundle.unwrap_or_default()).await?;
        let unserved = unserved
            .into_iter()
            .take(MOST_UNSERVED)
            .map(|one| UnservedGrant { grant: one.grant, check: one.check })
            .collect();
        Ok(Response::new(PublishReply { unserved, ..PublishReply::default() }))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewReply>, Status> {
        let envelope = request.into_inner().renewal.unwrap_or_default();
        let (hub, now) = (&self.0, SystemTime::now());
        let in_force = hub.in_force();
        let asked = renewal::open(&envelope, &in_force.directory, &hub.identity.ca, now)
            .map_err(|error| not_renewed(&error).to_status())?;
        let holder = asked.holder.uri();
        // A system whose keys were revoked meanwhile makes room for those that it has now.
        let _pruned = hub.renewals.waiting(&in_force.directory, &hub.identity.ca, now);
        let certificate_chain = hub.renewals.file(envelope, asked);
        if certificate_chain.is_empty() {
            tracing::info!(%holder, "waits for the authority to renew its certificate: `zerotrip authority refresh` does");
        }
        Ok(Response::new(RenewReply { certificate_chain }))
    }

    async fn list_renewals(
        &self,
        _request: Request<ListRenewalsRequest>,
    ) -> Result<Response<ListRenewalsReply>, Status> {
        let (hub, now) = (&self.0, SystemTime::now());
        let renewals = hub.renewals.waiting(&hub.in_force().directory, &hub.identity.ca, now);
        Ok(Response::new(ListRenewalsReply { renewals }))
    }

    async fn admit_renewal(
        &self,
        request: Request<AdmitRenewalRequest>,
    ) -> Result<Response<AdmitRenewalReply>, Status> {
        let AdmitRenewalRequest { holder, certificate_chain } = request.into_inner();
        if certificate_chain.is_empty()
            || certificate_chain.len() > 4
            || certificate_chain.iter().any(|paper| paper.len() > MOST_PAPER)
        {
            return refuse(
                ErrorCode::TooLarge,
                "1 to 4 certificates of at most 16 KiB are expected",
            );
        }
        let hub = &self.0;
        let waits = hub.renewals.admit(&holder, certificate_chain.clone(), &hub.identity.ca);
        if !waits.map_err(|error| not_renewed(&error).to_status())? {
            return refuse(
                ErrorCode::UnknownName,
                "no such holder waits for a renewed certificate",
            );
        }
        if holder == hub.identity.uri {
            match hub.papers.renewed(certificate_chain, &hub.identity, SystemTime::now()) {
                Ok(ends) => {
                    tracing::info!(ends = %utc(ends), "this hub's certificate is renewed and in use")
                }
                Err(error) => {
                    tracing::error!(%error, "this hub's renewed certificate is not in use");
                    return refuse(
                        ErrorCode::Misconfigured,
                        "the hub cannot use its renewed certificate; its log says why",
                    );
                }
            }
        }
        Ok(Response::new(AdmitRenewalReply {}))
    }

    async fn get_grants(
        &self,
        _request: Request<GetGrantsRequest>,
    ) -> Result<Response<GetGrantsReply>, Status> {
        Ok(Response::new(GetGrantsReply {
            grants: Some(self.0.in_force().grants_envelope.clone()),
        }))
    }
}
