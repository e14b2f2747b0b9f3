//! What the requester signed, as the gate reads it: a check about one subject, or about many.

use std::collections::HashSet;

use zerotrip_datasets::{ParameterType, ResidentId};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckManyBody, ErrorCode, Parameter, Request, ShownSubjects};
use zerotrip_proto::{Refusal, bounds};
use zerotrip_trust::subject_list::verify_shown;

use super::arrival::refuse;

/// The signed question.
pub(super) struct Asked<'a> {
    /// `<check>/<variant>`.
    pub(super) check: String,
    parameters: &'a [Parameter],
    many: Option<Many<'a>>,
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
        let (check, variant, parameters, many) = match &request.body {
            Some(Body::Check(body)) => (&body.check, &body.variant, &body.parameters, None),
            Some(Body::CheckMany(body)) => {
                (&body.check, &body.variant, &body.parameters, Some(Many::of(body, shown)?))
            }
            Some(Body::Issue(_)) | None => {
                return refuse(
                    ErrorCode::GateRefused,
                    "the request behind this scan is not a check",
                );
            }
        };
        Ok(Self { check: format!("{check}/{variant}"), parameters, many })
    }

    /// How many subjects it is about, where it is about many.
    pub(super) fn subjects(&self) -> Option<u32> {
        self.many.as_ref().map(|many| many.count)
    }

    /// Whether the request gives this person as its parameter of that name.
    pub(super) fn names(&self, parameter: &str, person: &ResidentId) -> bool {
        if let Some(many) = self.many.as_ref().filter(|many| many.parameter == parameter) {
            // In the one canonical spelling: another counts for nothing.
            return many.shown.contains(person.as_str());
        }
        let mut given = self.parameters.iter().filter(|given| given.name == parameter);
        let (Some(text), None) = (given.next(), given.next()) else { return false };
        // A key is a resident id, so is the parameter that it comes from.
        ParameterType::ResidentId
            .read_signed(parameter, &text.value, None)
            .is_ok_and(|read| read.value.resident() == Some(*person))
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
