//! A check about one person.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_channel::deadline::Deadline;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::{Argument, CivilDay};
use zerotrip_ledger::Asking;
use zerotrip_policies::{Action, Decision};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{CheckBody, ErrorCode};
use zerotrip_proto::{Refusal, bounds, hash_domain};
use zerotrip_trust::digest::sha256_parts;

use super::identify::Identified;
use super::outcome::Outcome;
use super::pipeline::Kind;
use crate::catalog::Catalog;
use crate::dispatch::Dispatcher;
use crate::hub::Hub;

/// What a check's request asks, validated.
pub struct CheckRequest {
    /// `<check>/<variant>`.
    name: String,
    definition: Arc<Definition>,
    variant: String,
    /// In the definition's order.
    arguments: Vec<Argument>,
}

impl Kind for CheckRequest {
    const ACTION: Action = Action::Check;

    fn of(hub: &Hub, identified: &Identified, now: SystemTime) -> Result<Self, Refusal> {
        let Some(Body::Check(body)) = &identified.request.body else {
            return Err(Refusal::new(ErrorCode::Malformed, "the request's body is not a check"));
        };
        let definition =
            hub.catalog.definition(&body.check).ok_or_else(|| unknown_check(&hub.catalog, body))?;
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
        let arguments = arguments(definition, body, now)?;
        let name = format!("{}/{}", definition.name, body.variant);
        Ok(Self {
            name,
            definition: Arc::clone(definition),
            variant: body.variant.clone(),
            arguments,
        })
    }

    fn check(&self) -> &str {
        &self.name
    }

    fn action(&self) -> String {
        self.name.clone()
    }

    fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// `None` of what is not allowed, and learns nothing.
    fn asking(&self, identified: &Identified, decision: &Decision) -> Option<Asking> {
        let parts = [
            identified.member.as_bytes(),
            self.definition.name.as_bytes(),
            identified.request.purpose.as_bytes(),
        ];
        let keys = self.arguments.iter().map(|argument| argument.value.as_key().as_bytes());
        let parts: Vec<&[u8]> = parts.into_iter().chain(keys).collect();
        decision.allowed.then(|| Asking {
            key: sha256_parts(hash_domain::VARIANTS, &parts),
            variant: self.variant.clone(),
            most: decision.variants_per_subject,
        })
    }

    fn deadline(&self, identified: &Identified, now: SystemTime) -> Deadline {
        Deadline::earliest(
            Deadline::by_clock(identified.expires_at, now),
            Deadline::after(self.definition.deadline.min(bounds::GRANT_LIFE)),
        )
    }

    async fn run(&self, hub: &Hub, dispatcher: &Dispatcher<'_>, now: SystemTime) -> Outcome {
        let keys: Vec<String> =
            self.arguments.iter().map(|argument| argument.value.as_key().to_owned()).collect();
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
            .run(&hub.engine, variant, &keys, CivilDay::at(now).to_date32(), dispatcher)
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

fn unknown_check(catalog: &Catalog, body: &CheckBody) -> Refusal {
    let known: Vec<&str> =
        catalog.definitions().iter().map(|definition| definition.name.as_str()).collect();
    let (check, known) = (short(&body.check), known.join(", "));
    Refusal::bilingual(
        ErrorCode::UnknownName,
        format!("no check `{check}`; the catalog has {known}"),
        format!("没有核验事项 `{check}`；目录中有：{known}"),
    )
}

fn arguments(
    definition: &Definition,
    body: &CheckBody,
    now: SystemTime,
) -> Result<Vec<Argument>, Refusal> {
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
    let today = CivilDay::at(now);
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
        let read = parameter.declared.read_signed(&parameter.name, &value.value, Some(today));
        values.push(read.map_err(|error| wrong(error.to_string(), error.zh()))?);
    }
    Ok(values)
}

/// A caller's text as an answer can repeat it: bounded.
fn short(text: &str) -> String {
    text.chars().take(bounds::TEXT_CHARS).collect()
}
