//! What the requester signed, as the gate reads it: a check about one subject, or about many.

use std::collections::HashSet;

use zerotrip_datasets::parameter::{Spelling, read_all};
use zerotrip_datasets::{CivilDay, Key, KeyKind, ParameterType};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{
    CheckManyBody, ErrorCode, Parameter, Request, ScanTemplate, ShownSubjects,
};
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::subject_list::verify_shown;

use super::arrival::refuse;

/// Of SHA-256.
const DIGEST_BYTES: usize = 32;

/// The signed question.
pub(super) struct Asked<'a> {
    /// `<check>/<variant>`.
    pub(super) check: String,
    parameters: &'a [Parameter],
    many: Option<Many<'a>>,
    /// Of an assertion that its person was identified; empty where it names none.
    identity_digest: &'a [u8],
}

/// The subjects of a request about many.
struct Many<'a> {
    parameter: &'a str,
    /// How many there are.
    count: u32,
    /// Those that the ticket shows to be among them.
    shown: HashSet<&'a str>,
}

impl<'a> Asked<'a> {
    /// Of a request. Anything else than a check is refused.
    pub(super) fn of(
        request: &'a Request,
        shown: Option<&'a ShownSubjects>,
    ) -> Result<Self, Refusal> {
        let mut identity_digest: &[u8] = &[];
        let (check, variant, parameters, many) = match &request.body {
            Some(Body::Check(body)) => {
                identity_digest = &body.identity_digest;
                (&body.check, &body.variant, &body.parameters, None)
            }
            Some(Body::CheckMany(body)) => {
                (&body.check, &body.variant, &body.parameters, Some(Many::of(body, shown)?))
            }
            Some(Body::Issue(_) | Body::IssueMany(_)) | None => {
                return refuse(
                    ErrorCode::GateRefused,
                    "the request behind this scan is not a check",
                );
            }
        };
        Ok(Self { check: format!("{check}/{variant}"), parameters, many, identity_digest })
    }

    /// How many subjects it is about, where it is about many.
    pub(super) fn subjects(&self) -> Option<u32> {
        self.many.as_ref().map(|many| many.count)
    }

    /// Whether the request gives this person, enterprise or thing as its parameter of that name.
    pub(super) fn names(&self, parameter: &str, key: &Key) -> bool {
        if let Some(many) = self.many.as_ref().filter(|many| many.parameter == parameter) {
            // In the one canonical spelling: another counts for nothing.
            return many.shown.contains(key.as_str());
        }
        let mut given = self.parameters.iter().filter(|given| given.name == parameter);
        let (Some(text), None) = (given.next(), given.next()) else { return false };
        // The parameter that a key comes from is of the key's kind.
        let declared = ParameterType::of_subject(key.kind());
        let read = declared.read(parameter, &text.value, Spelling::Signed, None);
        read.is_ok_and(|read| read.subject() == Some(*key))
    }

    /// Whether the request names an assertion that its person was identified, where the owner
    /// approved that it must, and none where not. The hub verifies the assertion itself; the
    /// requester can be held to it, for its signature is over the digest.
    pub(super) fn check_identity(&self, template: &ScanTemplate) -> Result<(), Refusal> {
        let names_one = self.identity_digest.len() == DIGEST_BYTES;
        match template.identity {
            Some(_) if names_one => Ok(()),
            None if self.identity_digest.is_empty() => Ok(()),
            Some(_) => refuse(
                ErrorCode::GateRefused,
                "the owner serves this scan only where the person was identified, and the request \
                 names no assertion of it",
            ),
            None => refuse(
                ErrorCode::GateRefused,
                "the request names an identity assertion, and the approved scan asks for none",
            ),
        }
    }

    /// Whether the request says exactly what the owner approved that it can say: the parameters of
    /// the template, each once and within its bounds, and beside them the one person, where it is
    /// about one. `today` is the latest day that it can be where the request was made.
    pub(super) fn check_parameters(
        &self,
        template: &ScanTemplate,
        today: CivilDay,
    ) -> Result<(), Refusal> {
        let (Some(bound), Some(kind)) =
            (ParameterType::bound(template), KeyKind::from_wire(template.subject_kind))
        else {
            return refuse(
                ErrorCode::GateRefused,
                "the approved scan binds a parameter of a type that this connector does not know",
            );
        };
        let subject = ParameterType::of_subject(kind);
        let mut declared: Vec<(&str, &ParameterType)> =
            bound.iter().map(|(name, declared)| (*name, declared)).collect();
        let is_bound = |name: &str| bound.iter().any(|(known, _)| *known == name);
        if let Some(many) = &self.many {
            if is_bound(many.parameter) {
                let why = format!("subjects cannot differ by `{}`", many.parameter);
                return refuse(ErrorCode::Malformed, why);
            }
        } else {
            let other = self.parameters.iter().find(|given| !is_bound(&given.name));
            let Some(person) = other else {
                return refuse(
                    ErrorCode::InvalidParameter,
                    "the request names nobody to ask about",
                );
            };
            declared.push((&person.name, &subject));
        }
        read_all(declared, self.parameters, Spelling::Signed, Some(today))
            .map(drop)
            .map_err(|error| Refusal::new(ErrorCode::InvalidParameter, error.to_string()))
    }
}

impl<'a> Many<'a> {
    fn of(body: &'a CheckManyBody, shown: Option<&'a ShownSubjects>) -> Result<Self, Refusal> {
        if !(1..=bounds::SUBJECTS).contains(&(body.subjects as usize)) {
            let why = format!("{} subjects; 1 to {} can be", body.subjects, bounds::SUBJECTS);
            return refuse(ErrorCode::TooLarge, why);
        }
        let parameter = body.subject_parameter.as_str();
        if body.parameters.iter().any(|shared| shared.name == parameter) {
            let why = "a parameter is given both for all subjects and for each";
            return refuse(ErrorCode::Malformed, why);
        }
        if let Some(shown) = shown {
            if shown.places.len() > bounds::PART_KEYS {
                let why = format!("{} subjects shown for one part", shown.places.len());
                return refuse(ErrorCode::TooLarge, why);
            }
            verify_shown(shown, body.subjects.into(), &body.subjects_root).map_err(|error| {
                let why = format!("subjects that the ticket shows: {error}");
                Refusal::new(ErrorCode::KeyWithoutOrigin, why)
            })?;
        }
        let named: &[String] = shown.map_or(&[], |shown| &shown.subjects);
        let shown: HashSet<&str> = named.iter().map(String::as_str).collect();
        if shown.len() != named.len() {
            return refuse(ErrorCode::Malformed, "a subject appears twice");
        }
        Ok(Self { parameter, count: body.subjects, shown })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use chrono::NaiveDate;
    use zerotrip_proto::v1::parameter_terms::Type;
    use zerotrip_proto::v1::{CheckBody, IdentityTerms, ParameterTerms, PeriodTerms};

    use super::*;

    const PERSON: (&str, &str) = ("applicant", "11010519491231002X");

    fn template(types: &[(&str, Option<Type>)]) -> ScanTemplate {
        let terms = types.iter().map(|(name, r#type)| ParameterTerms {
            name: (*name).to_owned(),
            r#type: r#type.clone(),
            ..ParameterTerms::default()
        });
        ScanTemplate { parameters: terms.collect(), ..ScanTemplate::default() }
    }

    fn period() -> Option<Type> {
        Some(Type::Period(PeriodTerms { most_months: 12, not_after: "last_month".into() }))
    }

    fn given(list: &[(&str, &str)]) -> Vec<Parameter> {
        let one = |(name, value): &(&str, &str)| Parameter {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        list.iter().map(one).collect()
    }

    fn said(body: Body, template: &ScanTemplate) -> Result<(), ErrorCode> {
        let request = Request { body: Some(body), ..Request::default() };
        let day = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        let asked = Asked::of(&request, None).unwrap();
        asked.check_parameters(template, CivilDay::of(day)).map_err(|refusal| refusal.code)
    }

    /// A hub cannot change what was signed; what a requester signs beyond what was approved, with
    /// or without the hub's help, is not served.
    #[test]
    fn a_request_says_what_the_owner_approved_and_nothing_else() {
        let bound = template(&[("period", period())]);
        let invalid = Err(ErrorCode::InvalidParameter);
        for (list, answer) in [
            (vec![PERSON, ("period", "2025-03/2026-02")], Ok(())),
            (vec![("period", "2025-03/2026-02"), PERSON], Ok(())),
            (vec![PERSON], invalid),
            (vec![("period", "2025-03/2026-02")], invalid),
            (vec![PERSON, ("period", "2025-02/2026-02")], invalid),
            (vec![PERSON, ("period", "2025-03/2026-03")], invalid),
            (vec![PERSON, ("period", "2025-3/2026-02")], invalid),
            (vec![PERSON, ("period", "2025-03/2026-02 ")], invalid),
            (vec![PERSON, ("period", "2025-03/2026-02"), ("period", "2026-01/2026-02")], invalid),
            (vec![PERSON, ("period", "2025-03/2026-02"), ("kind", "any")], invalid),
            (vec![("applicant", "2025-03/2026-02"), ("period", "2025-03/2026-02")], invalid),
        ] {
            let body = CheckBody { parameters: given(&list), ..CheckBody::default() };
            assert_eq!(said(Body::Check(body), &bound), answer, "{list:?}");
        }
        // A template of a check that has none.
        let body = |list: &[(&str, &str)]| {
            Body::Check(CheckBody { parameters: given(list), ..CheckBody::default() })
        };
        assert_eq!(said(body(&[PERSON]), &template(&[])), Ok(()));
        let more = body(&[PERSON, ("period", "2025-03/2026-02")]);
        assert_eq!(said(more, &template(&[])), invalid);
        // One of a later version.
        let unknown = template(&[("period", None)]);
        assert_eq!(said(body(&[PERSON]), &unknown), Err(ErrorCode::GateRefused));
    }

    /// A check about enterprises or things names one, and no person; a key is the parameter of its
    /// own kind.
    #[test]
    fn a_request_names_one_of_the_kind_that_the_owner_approved() {
        let code = "91330100799655058B";
        let template = |kind: KeyKind| ScanTemplate {
            subject_kind: kind.to_wire().into(),
            ..ScanTemplate::default()
        };
        let body = |value: &str| CheckBody {
            parameters: given(&[("one", value)]),
            ..CheckBody::default()
        };
        let invalid = Err(ErrorCode::InvalidParameter);
        for (value, kind, answer) in [
            (code, KeyKind::Enterprise, Ok(())),
            (PERSON.1, KeyKind::Resident, Ok(())),
            (code, KeyKind::Resident, invalid),
            (PERSON.1, KeyKind::Enterprise, invalid),
            ("91330100799655058b", KeyKind::Enterprise, invalid),
            ("91330100799655058A", KeyKind::Enterprise, invalid),
            ("CN20154839571", KeyKind::Vessel, Ok(())),
            ("CN20154839571", KeyKind::Enterprise, invalid),
            ("cn20154839571", KeyKind::Vessel, invalid),
            (code, KeyKind::Vessel, invalid),
            ("LSVAA49J132047371", KeyKind::Vehicle, Ok(())),
            ("LSVAA49J232047371", KeyKind::Vehicle, invalid),
            ("LSVAA49J132047371", KeyKind::PropertyUnit, invalid),
            ("330106001001GB00001F00010001", KeyKind::PropertyUnit, Ok(())),
            ("330106 001001 GB00001 F00010001", KeyKind::PropertyUnit, invalid),
        ] {
            let answered = said(Body::Check(body(value)), &template(kind));
            assert_eq!(answered, answer, "{value} {kind:?}");
        }
        let unknown = ScanTemplate { subject_kind: 9, ..ScanTemplate::default() };
        assert_eq!(said(Body::Check(body(PERSON.1)), &unknown), Err(ErrorCode::GateRefused));
        let request = Request { body: Some(Body::Check(body(code))), ..Request::default() };
        let asked = Asked::of(&request, None).unwrap();
        assert!(asked.names("one", &Key::canonical(code).unwrap()));
        assert!(!asked.names("one", &Key::canonical("91330106MA2CC3X723").unwrap()));
        assert!(!asked.names("one", &Key::canonical(PERSON.1).unwrap()));
        assert!(!asked.names("other", &Key::canonical(code).unwrap()));
    }

    /// Whatever the hub says of it: the digest is in what the requester signed.
    #[test]
    fn a_scan_that_asks_for_identity_is_served_for_no_request_without_an_assertion() {
        let asks = ScanTemplate { identity: Some(IdentityTerms::default()), ..template(&[]) };
        let said = |body: Body, template: &ScanTemplate| {
            let request = Request { body: Some(body), ..Request::default() };
            let asked = Asked::of(&request, None).unwrap();
            asked.check_identity(template).map_err(|refusal| refusal.code)
        };
        let refused = Err(ErrorCode::GateRefused);
        for (bytes, asked, unasked) in [
            (0, refused, Ok(())),
            (31, refused, refused),
            (32, Ok(()), refused),
            (33, refused, refused),
        ] {
            let body = CheckBody { identity_digest: vec![7; bytes], ..CheckBody::default() };
            assert_eq!(said(Body::Check(body.clone()), &asks), asked, "{bytes}");
            assert_eq!(said(Body::Check(body), &template(&[])), unasked, "{bytes}");
        }
        let many = CheckManyBody { subjects: 2, ..CheckManyBody::default() };
        assert_eq!(said(Body::CheckMany(many.clone()), &asks), refused);
        assert_eq!(said(Body::CheckMany(many), &template(&[])), Ok(()));
    }

    #[test]
    fn a_request_about_many_says_the_rest_once_for_all() {
        let bound = template(&[("period", period())]);
        let body = |list: &[(&str, &str)], differs: &str| {
            Body::CheckMany(CheckManyBody {
                parameters: given(list),
                subject_parameter: differs.to_owned(),
                subjects: 2,
                ..CheckManyBody::default()
            })
        };
        let whole = [("period", "2025-03/2026-02")];
        assert_eq!(said(body(&whole, "applicant"), &bound), Ok(()));
        assert_eq!(said(body(&[], "applicant"), &bound), Err(ErrorCode::InvalidParameter));
        let late = body(&[("period", "2025-03/2026-03")], "applicant");
        assert_eq!(said(late, &bound), Err(ErrorCode::InvalidParameter));
        // They cannot differ by the period.
        assert_eq!(said(body(&[], "period"), &bound), Err(ErrorCode::Malformed));
    }
}
