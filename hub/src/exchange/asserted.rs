//! That the person of a request was identified, where its check asks that: verified before there is
//! an exchange, and again under each newer bundle until the answer is recorded. Of the token,
//! nothing outlives the exchange.

use std::time::SystemTime;

use zerotrip_certificates::{Fact, identified};
use zerotrip_datasets::{Argument, Key, ResidentId};
use zerotrip_identification::{
    Expected, Fault, Identification, IdentityTerms, Providers, assertion_digest, nonce, verify,
};
use zerotrip_proto::v1::IdentityRecord;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::{Refusal, to_timestamp};
use zerotrip_trust::Digest;

use super::identify::Identified;

/// An assertion that counted when it came.
pub struct Asserted {
    token: String,
    digest: Digest,
    terms: IdentityTerms,
    system: String,
    nonce: String,
    person: ResidentId,
    /// When it came: its times are held against this, however long the exchange takes.
    came_at: SystemTime,
    identification: Identification,
}

impl Asserted {
    /// What the call brings, if it is what the check asks: `None` where both are nothing.
    pub fn of(
        identified: &Identified,
        (terms, arguments): (Option<&IdentityTerms>, &[Argument]),
        providers: &Providers,
        now: SystemTime,
    ) -> Result<Option<Self>, Refusal> {
        let (request, token) = (&identified.request, identified.assertion.as_str());
        let named = match &request.body {
            Some(Body::Check(check)) => check.identity_digest.as_slice(),
            Some(Body::CheckMany(_) | Body::Issue(_) | Body::IssueMany(_)) | None => &[],
        };
        let is_nothing = token.is_empty() && named.is_empty();
        let terms = match terms {
            None if is_nothing => return Ok(None),
            None => return Err(Fault::NotAsked.into()),
            Some(_) if is_nothing => return Err(Fault::Missing.into()),
            Some(terms) => terms.clone(),
        };
        let digest = assertion_digest(token);
        if named != digest {
            return Err(Fault::OtherAssertion.into());
        }
        let argument = arguments.iter().find(|argument| argument.name == terms.parameter);
        let (Some(Key::Resident(person)), Some(nonce)) =
            (argument.and_then(Argument::subject), nonce(request))
        else {
            return Err(Fault::OtherPerson.into());
        };
        let system = request.issuer.clone();
        let expected = Expected { terms: &terms, system: &system, nonce: &nonce, person: &person };
        let identification = verify(token, &expected, providers, now)?;
        let token = token.to_owned();
        let came_at = now;
        Ok(Some(Self { token, digest, terms, system, nonce, person, came_at, identification }))
    }

    /// Whether it counts by these providers too, and says the same.
    pub fn holds(&self, providers: &Providers) -> bool {
        let expected = Expected {
            terms: &self.terms,
            system: &self.system,
            nonce: &self.nonce,
            person: &self.person,
        };
        verify(&self.token, &expected, providers, self.came_at)
            .is_ok_and(|identification| identification == self.identification)
    }

    /// What is kept of it.
    pub fn record(&self) -> IdentityRecord {
        IdentityRecord {
            assertion_digest: self.digest.to_vec(),
            provider: self.identification.provider.clone(),
            level: self.identification.level.to_wire().into(),
            identified_at: Some(to_timestamp(self.identification.at)),
            basis: Some(self.identification.basis.to_wire()),
        }
    }

    /// What a yes tells of it.
    pub fn facts(&self, providers: &Providers) -> Vec<Fact> {
        identified(&self.identification, providers)
    }
}
