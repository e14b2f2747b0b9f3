//! Whom the authority trusts to say that a person was identified. They are in the bundle of grants,
//! and reach the hub, and leave it, as grants do.

use std::time::{Duration, SystemTime};

use zerotrip_proto::bounds::CLOCK_SKEW;
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::{Envelope, IdentityProvider};
use zerotrip_text::cut;

use crate::grants::{GrantState, WAITING};
use crate::{Authority, AuthorityError};

impl Authority {
    /// Trusts a provider from now on, and signs the new bundle, to be published. One of the same id
    /// is replaced whole: its keys, its levels and its systems.
    pub fn trust_provider(
        &self,
        mut provider: IdentityProvider,
        life: Duration,
        now: SystemTime,
    ) -> Result<Envelope, AuthorityError> {
        provider.not_before = Some(to_timestamp(now - CLOCK_SKEW));
        provider.not_after = Some(to_timestamp(now + life));
        let systems = self.directory().members.iter().flat_map(|member| &member.systems);
        let systems: Vec<&str> = systems.map(|system| system.uri.as_str()).collect();
        let mut named = provider.audiences.iter().map(|audience| audience.system.as_str());
        if let Some(unknown) = named.find(|system| !systems.contains(system)) {
            return Err(AuthorityError::NoSystem(cut(unknown)));
        }
        let mut bundle = self.grants()?;
        bundle.identity_providers.retain(|known| known.id != provider.id);
        bundle.identity_providers.push(provider);
        self.sign_grants(bundle, WAITING, now)
    }

    /// Trusts a provider no more, and signs the new bundle, to be published. Once more, while the
    /// hub has not taken it, it is the same bundle.
    pub fn distrust_provider(&self, id: &str, now: SystemTime) -> Result<Envelope, AuthorityError> {
        let mut bundle = self.grants()?;
        let before = bundle.identity_providers.len();
        bundle.identity_providers.retain(|known| known.id != id);
        if bundle.identity_providers.len() < before {
            return self.sign_grants(bundle, WAITING, now);
        }
        let was_trusted =
            self.taken_grants()?.identity_providers.iter().any(|known| known.id == id);
        match self.waiting()? {
            Some((envelope, _)) if was_trusted => Ok(envelope),
            _ => Err(AuthorityError::NoProvider(cut(id))),
        }
    }

    /// Every provider that is trusted or waits to be, and how far the hub is with it.
    pub fn provider_states(&self) -> Result<Vec<(IdentityProvider, GrantState)>, AuthorityError> {
        let taken = self.taken_grants()?.identity_providers;
        let newest = self.grants()?.identity_providers;
        let gone = taken.iter().filter(|known| !newest.iter().any(|one| one.id == known.id));
        let gone: Vec<_> = gone.map(|one| (one.clone(), GrantState::RevocationNotTaken)).collect();
        let state = |one: &IdentityProvider| match taken.contains(one) {
            true => GrantState::InForce,
            false => GrantState::NotTaken,
        };
        let states = newest.into_iter().map(|one| (one.clone(), state(&one)));
        Ok(states.chain(gone).collect())
    }
}
