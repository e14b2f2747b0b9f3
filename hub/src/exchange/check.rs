//! A check about one person.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use zerotrip_datasets::{CivilDay, ResidentId};
use zerotrip_ledger::Asking;
use zerotrip_policies::{Action, Decision};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckBody, ErrorCode};
use zerotrip_proto::{Refusal, bounds, hash_domain};
use zerotrip_trust::digest::sha256_parts;

use super::answer::Outcome;
use super::dispatch::Dispatcher;
use super::identify::Identified;
use super::pipeline::Kind;
use crate::hub::Hub;

/// What a check's request asks, validated.
pub struct CheckRequest {
    /// `<check>/<variant>`.
    name: String,
    definition: Arc<zerotrip_checks::definition::Definition>,
    variant: String,
    /// In the definition's order, canonical.
    parameters: Vec<String>,
}

impl Kind for CheckRequest {
    const ACTION: Action = Action::Check;

    fn of(hub: &Hub, identified: &Identified, now: SystemTime) -> Result<Self, Refusal> {
        let Some(Body::Check(body)) = &identified.request.body else {
            return Err(Refusal::new(ErrorCode::Malformed, "the request's body is not a check"));
        };
        let definition =
            hub.catalog.definition(&body.check).ok_or_else(|| unknown_check(hub, body))?;
        if definition.variant(&body.variant).is_none() {
            let known: Vec<&str> =
                definition.variants.iter().map(|variant| variant.name.as_str()).collect();
            let (check, variant, known) =
                (short(&body.check), short(&body.variant), known.join(", "));
            return Err(Refusal::bilingual(
                ErrorCode::UnknownName,
                format!("check `{check}` has no variant `{variant}`; there are {known}"),
                format!("核验事项 `{check}` 没有核验范围 `{variant}`；现有：{known}"),
            ));
        }
        let parameters = parameters(definition, body, now)?;
        let name = format!("{}/{}", definition.name, body.variant);
        Ok(Self {
            name,
            definition: Arc::clone(definition),
            variant: body.variant.clone(),
            parameters,
        })
    }

    fn check(&self) -> &str {
        &self.name
    }

    fn action(&self) -> String {
        self.name.clone()
    }

    fn subjects(&self) -> &[String] {
        &self.parameters
    }

    /// `None` of what is not allowed, and learns nothing.
    fn asking(&self, identified: &Identified, decision: &Decision) -> Option<Asking> {
        let parts = [
            identified.member.as_bytes(),
            self.definition.name.as_bytes(),
            identified.request.purpose.as_bytes(),
        ];
        let parts: Vec<&[u8]> =
            parts.into_iter().chain(self.parameters.iter().map(String::as_bytes)).collect();
        decision.allowed.then(|| Asking {
            key: sha256_parts(hash_domain::VARIANTS, &parts),
            variant: self.variant.clone(),
            most: decision.variants_per_subject,
        })
    }

    fn deadline(&self, identified: &Identified, now: SystemTime) -> Instant {
        let left = identified.expires_at.duration_since(now).unwrap_or_default();
        Instant::now() + self.definition.deadline.min(left).min(bounds::GRANT_LIFE)
    }

    async fn run(&self, hub: &Hub, dispatcher: &Dispatcher<'_>, now: SystemTime) -> Outcome {
        let prepared = hub.catalog.prepared(&self.definition.name);
        let Some((check, variant)) =
            prepared.as_ref().and_then(|check| Some((check, check.variants.get(&self.variant)?)))
        else {
            return match hub.catalog.unstated(&self.definition, &self.variant) {
                Some(dataset) => Outcome::unavailable(ErrorCode::SourceUnreachable, &dataset),
                // All are stated, and one of them otherwise than the definition takes it to be: the
                // log says which.
                None => Outcome::unavailable(ErrorCode::Misconfigured, ""),
            };
        };
        match check
            .run(&hub.engine, variant, &self.parameters, CivilDay::at(now).to_date32(), dispatcher)
            .await
        {
            Ok(result) => Outcome::of(&self.definition, &self.variant, now, result),
            Err(error) => {
                tracing::error!(check = %self.name, %error, "the check failed");
                Outcome::unavailable(ErrorCode::Internal, "")
            }
        }
    }
}

fn unknown_check(hub: &Hub, body: &CheckBody) -> Refusal {
    let known: Vec<&str> =
        hub.catalog.definitions().iter().map(|definition| definition.name.as_str()).collect();
    let (check, known) = (short(&body.check), known.join(", "));
    Refusal::bilingual(
        ErrorCode::UnknownName,
        format!("no check `{check}`; the catalog has {known}"),
        format!("没有核验事项 `{check}`；目录中有：{known}"),
    )
}

fn parameters(
    definition: &zerotrip_checks::definition::Definition,
    body: &CheckBody,
    now: SystemTime,
) -> Result<Vec<String>, Refusal> {
    let wrong = |en: String, zh: String| Refusal::bilingual(ErrorCode::InvalidParameter, en, zh);
    if let Some(unknown) = body
        .parameters
        .iter()
        .find(|given| !definition.parameters.iter().any(|known| known.name == given.name))
    {
        let known: Vec<&str> =
            definition.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let (check, name, known) = (&definition.name, short(&unknown.name), known.join(", "));
        return Err(wrong(
            format!("check `{check}` has no parameter `{name}`; there are {known}"),
            format!("核验事项 `{check}` 没有参数 `{name}`；现有：{known}"),
        ));
    }
    let mut values = Vec::new();
    for parameter in &definition.parameters {
        let mut given = body.parameters.iter().filter(|given| given.name == parameter.name);
        let (Some(value), None) = (given.next(), given.next()) else {
            let name = &parameter.name;
            return Err(wrong(
                format!("parameter `{name}` must be given exactly once"),
                format!("参数 `{name}` 必须填写且只填一次"),
            ));
        };
        let id = ResidentId::issued(&value.value, CivilDay::at(now)).map_err(|error| {
            let name = &parameter.name;
            wrong(format!("parameter `{name}`: {error}"), format!("参数 `{name}`：{}", error.zh()))
        })?;
        values.push(id.as_str().to_owned());
    }
    Ok(values)
}

/// A caller's word as it may stand in an answer: bounded.
fn short(text: &str) -> String {
    text.chars().take(bounds::TEXT_CHARS).collect()
}
