//! A question whose person was identified for it: the nonce to be identified with, and the
//! assertion that came of it.

use std::fmt;

use zerotrip_identification::{IdentityTerms, Token, assertion_digest, nonce};
use zerotrip_proto::v1::request::Body;

use super::{RequestError, RequestId, UnsignedRequest};

/// What the person is to be identified with, for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityChallenge {
    /// The id to ask under.
    pub id: RequestId,
    /// The `nonce` for the identity provider (OpenID Connect Core 1.0, 3.1.2.1).
    pub nonce: String,
    /// What the check asks.
    pub terms: IdentityTerms,
}

/// What an identity provider signed for one request.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityAssertion {
    id: RequestId,
    token: String,
}

impl IdentityAssertion {
    /// A token in compact form, and the id of the request whose nonce it has. Its form is looked
    /// at, and nothing else: whether it counts is the hub's to say.
    pub fn new(id: RequestId, token: &str) -> Result<Self, RequestError> {
        let token = token.trim();
        Token::parse(token).map_err(RequestError::Identity)?;
        Ok(Self { id, token: token.to_owned() })
    }

    /// The id to ask under.
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

/// The token has claims of a person.
impl fmt::Debug for IdentityAssertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityAssertion({})", self.id.as_str())
    }
}

impl UnsignedRequest {
    /// What its person is to be identified with.
    pub(crate) fn challenge(&self, terms: IdentityTerms) -> Option<IdentityChallenge> {
        let (id, nonce) = (RequestId::new(&self.request.id)?, nonce(&self.request)?);
        Some(IdentityChallenge { id, nonce, terms })
    }

    /// The same, committed to the assertion and under its id.
    pub(crate) fn identified(self, assertion: Option<&IdentityAssertion>) -> Self {
        let Some(assertion) = assertion else { return self };
        let mut request = self.under(Some(&assertion.id));
        if let Some(Body::Check(check)) = &mut request.request.body {
            check.identity_digest = assertion_digest(&assertion.token).to_vec();
        }
        request
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use std::time::SystemTime;

    use zerotrip_identification::{Fault, Level};
    use zerotrip_trust::identity::Identity;
    use zerotrip_trust::keys::{Algorithm, SigningKey};

    use super::*;
    use crate::request::{CheckQuestion, Errand, check_request};

    /// Read and not verified here: `{"alg":"ES256","kid":"k"}`, `{}`, and a signature of nothing.
    const TOKEN: &str = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.e30.AA";

    fn unsigned(purpose: &str) -> UnsignedRequest {
        let text = |text: &str| text.to_owned();
        let errand = Errand {
            official: text("o"),
            service_item: text("s"),
            purpose: text(purpose),
            legal_basis: text("b"),
            case_number: text("c"),
        };
        let parameters = vec![(text("applicant"), text("11010519491231002X"))];
        let question = CheckQuestion { check: text("x"), variant: text("y"), parameters };
        let system = Identity::system("c.example", "fund", "desk").unwrap();
        let hub = Identity::hub("c.example", "main").unwrap();
        check_request(&system, &hub, &errand, &question, SystemTime::now()).unwrap()
    }

    #[test]
    fn a_question_is_asked_under_the_id_whose_nonce_the_token_has() {
        let terms = || {
            let within = std::time::Duration::from_secs(60);
            IdentityTerms { parameter: "applicant".into(), level: Level::Low, within }
        };
        let challenge = unsigned("p").challenge(terms()).unwrap();
        let assertion =
            IdentityAssertion::new(challenge.id.clone(), &format!("{TOKEN}\n")).unwrap();
        let asked = |purpose: &str| unsigned(purpose).identified(Some(&assertion));
        let again = asked("p").challenge(terms()).unwrap();
        assert_eq!(again, challenge, "the same question has the same nonce, whenever it is made");
        assert_ne!(asked("q").challenge(terms()).unwrap().nonce, challenge.nonce);
        assert_ne!(unsigned("p").challenge(terms()).unwrap().nonce, challenge.nonce);
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let signed = asked("p").sign(&key).unwrap();
        assert_eq!(signed.id, challenge.id.as_str());
        let digest = assertion_digest(TOKEN);
        let payload = signed.envelope.payload;
        assert!(payload.windows(32).any(|window| window == digest), "the signature is over it");
        assert!(!format!("{assertion:?}").contains("eyJ"), "a token has claims of a person");
        assert_eq!(
            IdentityAssertion::new(challenge.id, "x.y"),
            Err(RequestError::Identity(Fault::NotCompact))
        );
    }
}
