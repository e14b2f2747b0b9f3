//! Building and signing a request. Everything that can be refused is refused here, before a byte
//! leaves.

mod identified;
mod many;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use zerotrip_channel::BatchSigner;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::parameter::{Spelling, read_all};
use zerotrip_datasets::{ParameterError, ParameterFault, ParameterType};
use zerotrip_identification::Fault;
use zerotrip_proto::bounds::{REQUEST_LIFE, SUBJECTS, TEXT_CHARS};
use zerotrip_proto::to_timestamp;
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    CheckBody, Envelope, IssueBody, IssueManyBody, Parameter, Request, SubjectList,
};
use zerotrip_text::is_invisible;
use zerotrip_trust::digest::RandomError;
use zerotrip_trust::dsse::DsseError;
use zerotrip_trust::identity::Identity;
use zerotrip_trust::keys::SigningKey;
use zerotrip_trust::signed;

pub use identified::{IdentityAssertion, IdentityChallenge};
pub use many::{ManyQuestion, canonical_subjects};
pub(crate) use many::{check_many_body, check_many_request};

/// The parameter that names the person asked about; it is a resident id in every check.
pub const APPLICANT: &str = "applicant";

/// The declared type of a parameter that has the same meaning in every check; `None` of one that
/// only the check's definition, and so the hub, knows.
fn declared_type(parameter: &str) -> Option<ParameterType> {
    (parameter == APPLICANT).then_some(ParameterType::ResidentId)
}

/// On whose errand, under which law and for which file the system asks. Every field is mandatory,
/// signed, checked and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errand {
    /// Staff code of the official; 1 to 64 characters.
    pub official: String,
    /// The errand's code in the official list; 1 to 64 characters.
    pub service_item: String,
    /// What the answer may be used for; one of the grant's.
    pub purpose: String,
    /// The law that allows it; one of the grant's.
    pub legal_basis: String,
    /// The file that it belongs to; 1 to 64 characters.
    pub case_number: String,
}

/// The id of a request that its caller chose beforehand, so that asking for the same certificate
/// again brings the same: a UUIDv7 in its usual lower-case form (RFC 9562).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Takes one spelling only.
    pub fn new(text: &str) -> Option<Self> {
        let id = uuid::Uuid::try_parse(text).ok()?;
        let fits = id.get_version_num() == 7 && id.hyphenated().to_string() == text;
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What to ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckQuestion {
    /// The check's name.
    pub check: String,
    /// The variant.
    pub variant: String,
    /// Name and value, each name once.
    pub parameters: Vec<(String, String)>,
}

/// A request as it goes out.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// Its id, a UUIDv7.
    pub id: String,
    /// When it was made.
    pub issued_at: SystemTime,
    /// The signed envelope; its payload is what an answer's digest is over.
    pub envelope: Envelope,
    /// Of a question about many: the list that it commits to.
    pub subjects: Option<SubjectList>,
}

/// What is wrong with a request.
#[expect(missing_docs, reason = "the names and the texts say it")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Empty or too long.
    #[error("{field}: give 1 to {TEXT_CHARS} characters")]
    Field {
        /// Which, as the command line names it.
        field: &'static str,
    },
    /// An invisible character, or one that makes others appear in another order.
    #[error(
        "{field}: character {place} is the invisible U+{:04X}, which is not allowed; type the text \
         anew instead of pasting it",
        u32::from(*.character)
    )]
    Invisible {
        /// Which, as the command line names it.
        field: &'static str,
        /// Its place, from 1.
        place: usize,
        character: char,
    },
    /// A parameter twice.
    #[error("parameter `{0}` is given twice")]
    Twice(String),
    /// No subject, or too many for one request.
    #[error("{0} subjects: give 1 to {SUBJECTS} in one request")]
    Subjects(usize),
    /// A subject that is not a person's id. The text itself is not repeated.
    #[error("subject {number}: {why}")]
    Subject {
        /// Which, from 1.
        number: usize,
        why: ParameterFault,
    },
    /// A subject again.
    #[error("subject {number} is subject {before} again")]
    SubjectTwice {
        /// Which, from 1.
        number: usize,
        before: usize,
    },
    /// Not of its declared type. The value itself is not repeated.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// An identity assertion that is not a token.
    #[error("--identity: {}", .0.words().en)]
    Identity(Fault),
    /// No secret for a list.
    #[error(transparent)]
    Random(RandomError),
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] DsseError),
}

impl Errand {
    /// Checks that every field is within its bounds.
    pub fn validate(&self) -> Result<(), RequestError> {
        let fields = [
            ("--official", &self.official),
            ("--service-item", &self.service_item),
            ("--purpose", &self.purpose),
            ("--basis", &self.legal_basis),
            ("--case", &self.case_number),
        ];
        fields.into_iter().try_for_each(|(field, text)| bounded(field, text))
    }
}

impl CheckQuestion {
    /// Checks the parameters, and brings those whose type is known to their canonical form.
    pub fn validated(mut self) -> Result<Self, RequestError> {
        bounded("--check", &self.check)?;
        bounded("--variant", &self.variant)?;
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in &mut self.parameters {
            bounded("--param", name)?;
            bounded("--param", value)?;
            if seen.contains(name) {
                return Err(RequestError::Twice(name.clone()));
            }
            seen.push(name.clone());
            if let Some(declared) = declared_type(name) {
                *value = declared.read(name, value, Spelling::Typed, None)?.text().to_owned();
            }
        }
        Ok(self)
    }

    /// The same by the check's definition, in its order: exactly the parameters that it declares.
    /// Of a question about `many`, without the person. Bounds by the day are the hub's to check.
    pub fn validated_by(
        mut self,
        definition: &Definition,
        many: bool,
    ) -> Result<Self, RequestError> {
        let declared = definition.parameters.iter();
        let declared = declared.filter(|one| !(many && one.declared.is_subject()));
        let declared = declared.map(|one| (one.name.as_str(), &one.declared));
        let read = read_all(declared, &self.given(), Spelling::Typed, None)?;
        let text = |argument: zerotrip_datasets::Argument| {
            let text = argument.text().to_owned();
            (argument.name, text)
        };
        self.parameters = read.into_iter().map(text).collect();
        Ok(self)
    }

    /// Whether it says something that only the check's definition knows the type of.
    pub fn needs_definition(&self) -> bool {
        self.parameters.iter().any(|(name, _)| declared_type(name).is_none())
    }

    fn given(&self) -> Vec<Parameter> {
        let parameters = self.parameters.iter();
        parameters
            .map(|(name, value)| Parameter { name: name.clone(), value: value.clone() })
            .collect()
    }

    fn body(&self) -> Body {
        Body::Check(CheckBody {
            check: self.check.clone(),
            variant: self.variant.clone(),
            parameters: self.given(),
            ..CheckBody::default()
        })
    }
}

/// Signs a question, to be answered within five minutes of `now`.
pub fn sign_check(
    from: (&Identity, &SigningKey),
    hub: &Identity,
    errand: &Errand,
    question: &CheckQuestion,
    now: SystemTime,
) -> Result<SignedRequest, RequestError> {
    check_request(from.0, hub, errand, question, now)?.sign(from.1)
}

/// Signs the announcement of a sealed certificate.
pub fn sign_issue(
    from: (&Identity, &SigningKey),
    hub: &Identity,
    errand: &Errand,
    issue: IssueBody,
    now: SystemTime,
) -> Result<SignedRequest, RequestError> {
    unsigned(from.0, hub, errand, Body::Issue(issue), now)?.sign(from.1)
}

/// Signs the announcement of certificates on one answer about many.
pub fn sign_issue_many(
    from: (&Identity, &SigningKey),
    hub: &Identity,
    errand: &Errand,
    issue: IssueManyBody,
    now: SystemTime,
) -> Result<SignedRequest, RequestError> {
    unsigned(from.0, hub, errand, Body::IssueMany(issue), now)?.sign(from.1)
}

/// A request that lacks nothing but its signature.
pub(crate) struct UnsignedRequest {
    request: Request,
    issued_at: SystemTime,
    subjects: Option<SubjectList>,
}

impl UnsignedRequest {
    fn sign(self, key: &SigningKey) -> Result<SignedRequest, RequestError> {
        let envelope = signed::seal(&self.request, key)?;
        Ok(self.with(envelope))
    }

    /// The same under an id that the caller chose.
    pub(crate) fn under(mut self, id: Option<&RequestId>) -> Self {
        if let Some(id) = id {
            id.0.clone_into(&mut self.request.id);
        }
        self
    }

    /// Signs it together with what else is ready.
    pub(crate) async fn sign_among(
        self,
        signer: &BatchSigner<Request>,
    ) -> Result<SignedRequest, RequestError> {
        let envelope = signer.seal(&self.request).await?;
        Ok(self.with(envelope))
    }

    fn with(self, envelope: Envelope) -> SignedRequest {
        let Self { request, issued_at, subjects } = self;
        SignedRequest { id: request.id, issued_at, envelope, subjects }
    }
}

/// A question, to be answered within five minutes of `now`.
pub(crate) fn check_request(
    issuer: &Identity,
    hub: &Identity,
    errand: &Errand,
    question: &CheckQuestion,
    now: SystemTime,
) -> Result<UnsignedRequest, RequestError> {
    unsigned(issuer, hub, errand, question.body(), now)
}

fn unsigned(
    issuer: &Identity,
    hub: &Identity,
    errand: &Errand,
    body: Body,
    now: SystemTime,
) -> Result<UnsignedRequest, RequestError> {
    errand.validate()?;
    let id = uuid::Uuid::now_v7().to_string();
    let request = Request {
        id,
        issuer: issuer.uri(),
        audience: hub.uri(),
        issued_at: Some(to_timestamp(now)),
        expires_at: Some(to_timestamp(now + REQUEST_LIFE)),
        official: errand.official.clone(),
        service_item: errand.service_item.clone(),
        purpose: errand.purpose.clone(),
        legal_basis: errand.legal_basis.clone(),
        case_number: errand.case_number.clone(),
        body: Some(body),
    };
    Ok(UnsignedRequest { request, issued_at: now, subjects: None })
}

fn bounded(field: &'static str, text: &str) -> Result<(), RequestError> {
    if !(1..=TEXT_CHARS).contains(&text.chars().count()) || text.trim().is_empty() {
        return Err(RequestError::Field { field });
    }
    match (1..).zip(text.chars()).find(|(_, character)| is_invisible(*character)) {
        Some((place, character)) => Err(RequestError::Invisible { field, place, character }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use zerotrip_datasets::StrictError;
    use zerotrip_trust::keys::Algorithm;

    fn errand() -> Errand {
        let text = |text: &str| text.to_owned();
        Errand {
            official: text("0471"),
            service_item: text("s"),
            purpose: text("p"),
            legal_basis: text("b"),
            case_number: text("c"),
        }
    }

    fn question(parameters: &[(&str, &str)]) -> CheckQuestion {
        let parameters = parameters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        CheckQuestion { check: "no-property".into(), variant: "couple".into(), parameters }
    }

    #[test]
    fn ids_are_brought_to_one_form_and_wrong_ones_are_explained_without_showing_them() {
        let good = question(&[("applicant", " 11010519491231002x")]).validated().unwrap();
        assert_eq!(good.parameters, [("applicant".to_owned(), "11010519491231002X".to_owned())]);
        let error = question(&[("applicant", "110105194912310021")]).validated().unwrap_err();
        assert!(matches!(
            error,
            RequestError::Parameter(ParameterError {
                why: ParameterFault::Resident(StrictError::CheckCharacter { .. }),
                ..
            })
        ));
        assert!(!error.to_string().contains("110105194912310021"));
        let twice =
            question(&[("applicant", "11010519491231002X"), ("applicant", "11010519491231002X")])
                .validated();
        assert_eq!(twice.unwrap_err(), RequestError::Twice("applicant".into()));
    }

    #[test]
    fn every_field_is_mandatory_and_bounded() {
        let long = "长".repeat(65);
        for text in ["", " ", long.as_str()] {
            let errand = Errand { case_number: text.into(), ..errand() };
            assert_eq!(errand.validate(), Err(RequestError::Field { field: "--case" }), "{text:?}");
        }
        assert!(Errand { case_number: "长".repeat(64), ..errand() }.validate().is_ok());
    }

    #[test]
    fn invisible_characters_are_refused_by_name_in_every_field() {
        for character in "\n\u{7f}\u{9b}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            let text = format!("a{character}b");
            let refused = |field| Err(RequestError::Invisible { field, place: 2, character });
            assert_eq!(
                Errand { official: text.clone(), ..errand() }.validate(),
                refused("--official")
            );
            assert_eq!(
                Errand { service_item: text.clone(), ..errand() }.validate(),
                refused("--service-item")
            );
            assert_eq!(
                Errand { purpose: text.clone(), ..errand() }.validate(),
                refused("--purpose")
            );
            assert_eq!(
                Errand { legal_basis: text.clone(), ..errand() }.validate(),
                refused("--basis")
            );
            assert_eq!(
                Errand { case_number: text.clone(), ..errand() }.validate(),
                refused("--case")
            );
            assert_eq!(question(&[("applicant", &text)]).validated().map(drop), refused("--param"));
        }
        let error = Errand { case_number: "a\u{202e}b".into(), ..errand() }
            .validate()
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "--case: character 2 is the invisible U+202E, which is not allowed; type the text \
             anew instead of pasting it"
        );
    }

    #[test]
    fn a_signed_request_says_who_to_whom_and_for_how_long() {
        let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
        let (system, hub) = (
            Identity::system("c.example", "fund", "desk").unwrap(),
            Identity::hub("c.example", "main").unwrap(),
        );
        let now = SystemTime::now();
        let signed =
            sign_check((&system, &key), &hub, &errand(), &question(&[("applicant", "x")]), now)
                .unwrap();
        let request: Request = signed::open(&signed.envelope, key.public()).unwrap();
        assert_eq!(
            (request.id.as_str(), request.issuer, request.audience),
            (signed.id.as_str(), system.uri(), hub.uri())
        );
        assert_eq!(request.expires_at, Some(to_timestamp(now + REQUEST_LIFE)));
        assert_eq!(uuid::Uuid::parse_str(&signed.id).unwrap().get_version_num(), 7);
        let again = sign_check((&system, &key), &hub, &errand(), &question(&[]), now).unwrap();
        assert_ne!(again.id, signed.id);
    }
}
