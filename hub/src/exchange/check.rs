//! A check about one person.

use std::sync::Arc;
use std::time::SystemTime;

use zerotrip_channel::deadline::Deadline;
use zerotrip_checks::definition::Definition;
use zerotrip_datasets::parameter::{Spelling, read_all};
use zerotrip_datasets::{Argument, CivilDay, ParameterFault};
use zerotrip_ledger::Asking;
use zerotrip_policies::{Action, Decision};
use zerotrip_proto::v1::request::Body;
use zerotrip_proto::v1::{ErrorCode, Parameter};
use zerotrip_proto::{Refusal, bounds, hash_domain};
use zerotrip_trust::digest::{Digest, sha256_parts};

use super::identify::Identified;
use super::outcome::Outcome;
use super::pipeline::{IdentityAsked, Kind};
use crate::catalog::Catalog;
use crate::dispatch::Dispatcher;
use crate::engine::{PreparedCheck, PreparedVariant};
use crate::hub::Hub;
use crate::state::{Stage, Version};

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
        let today = CivilDay::at(now);
        let definition = defined(&hub.catalog, (&body.check, &body.variant), today)?;
        let arguments = arguments(definition, &body.parameters, None, today)?;
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

    fn identity(&self) -> IdentityAsked<'_> {
        self.definition.identity.as_ref().into()
    }

    fn asking(&self, identified: &Identified, decision: &Decision) -> Vec<Asking> {
        let asked =
            asking(identified, decision, (&self.definition, &self.variant), &self.arguments);
        asked.into_iter().collect()
    }

    fn deadline(&self, identified: &Identified, now: SystemTime) -> Deadline {
        Deadline::earliest(
            Deadline::by_clock(identified.expires_at, now),
            Deadline::after(self.definition.deadline.min(bounds::GRANT_LIFE)),
        )
    }

    async fn run(&self, hub: &Hub, dispatcher: &Dispatcher<'_>, now: SystemTime) -> Outcome {
        let keys: Vec<String> =
            self.arguments.iter().map(|argument| argument.text().to_owned()).collect();
        let prepared = hub.catalog.prepared(&self.definition.name);
        let (check, variant) =
            match ready(hub, prepared.as_deref(), &self.definition, &self.variant) {
                Ok(ready) => ready,
                Err(unavailable) => return *unavailable,
            };
        match check
            .run(&hub.engine, variant, &keys, CivilDay::at(now).to_date32(), dispatcher)
            .await
        {
            Ok(result) => {
                Outcome::of(&self.definition, &self.variant, (now, &self.arguments), result)
            }
            Err(error) => {
                tracing::error!(check = %self.name, %error, "the check failed");
                Outcome::unavailable(ErrorCode::Internal, "")
            }
        }
    }
}

/// The plans of a variant; or what the answer is while there are none.
pub(super) fn ready<'p>(
    hub: &Hub,
    prepared: Option<&'p PreparedCheck>,
    definition: &Definition,
    variant: &str,
) -> Result<(&'p PreparedCheck, &'p PreparedVariant), Box<Outcome>> {
    let plans = prepared.and_then(|check| Some((check, check.variants.get(variant)?)));
    plans.ok_or_else(|| {
        Box::new(match hub.catalog.unstated(definition, variant) {
            Some(dataset) => Outcome::unavailable(ErrorCode::SourceUnreachable, &dataset),
            // All are stated, and one of them otherwise than the definition takes it to be: the
            // log says which.
            None => Outcome::unavailable(ErrorCode::Misconfigured, ""),
        })
    })
}

/// Which form of the question is asked about a subject; `None` of what is not allowed, and learns
/// nothing. Another period, number or word is another form of it: asked often enough, each tells a
/// part of what none of them does.
pub(super) fn asking<'a>(
    identified: &Identified,
    decision: &Decision,
    (definition, variant): (&Definition, &str),
    arguments: impl IntoIterator<Item = &'a Argument>,
) -> Option<Asking> {
    let (subjects, others): (Vec<&Argument>, Vec<&Argument>) =
        arguments.into_iter().partition(|argument| argument.subject().is_some());
    let key = variants_digest(
        // Versions of one check ask about the same.
        [&identified.member, &definition.base, &identified.request.purpose].map(String::as_bytes),
        &subjects,
    );
    // Another version asks by other rules: what both answer tells more than either.
    let variant = match definition.version {
        1 => variant.to_owned(),
        version => format!("{variant}@{version}"),
    };
    let variant = match others.as_slice() {
        [] => variant,
        // Under the key, which the ledger keeps only under its secret: the values are few.
        others => format!("{variant} {}", hex::encode(variants_digest([key.as_slice()], others))),
    };
    decision.allowed.then_some(Asking { key, variant, most: decision.variants_per_subject })
}

fn variants_digest<const N: usize>(first: [&[u8]; N], arguments: &[&Argument]) -> Digest {
    let values = arguments.iter().map(|argument| argument.text().as_bytes());
    let parts: Vec<&[u8]> = first.into_iter().chain(values).collect();
    sha256_parts(hash_domain::VARIANTS, &parts)
}

/// The definition of a check that has this variant and is answered today.
pub(super) fn defined<'c>(
    catalog: &'c Catalog,
    (check, variant): (&str, &str),
    today: CivilDay,
) -> Result<&'c Arc<Definition>, Refusal> {
    let version = catalog.version(check).ok_or_else(|| unknown_check(catalog, check, today))?;
    if let Some(refusal) = not_answered(version, today) {
        return Err(refusal);
    }
    let definition = &version.definition;
    if definition.variant(variant).is_none() {
        let known: Vec<&str> =
            definition.variants.iter().map(|variant| variant.name.as_str()).collect();
        let (check, variant, known) = (short(check), short(variant), known.join(", "));
        return Err(Refusal::bilingual(
            ErrorCode::UnknownName,
            format!("check `{check}` has no variant `{variant}`; there are {known}"),
            format!("核验事项 `{check}` 没有核验范围 `{variant}`；现有：{known}"),
        ));
    }
    Ok(definition)
}

/// Why a version is not answered today, if it is not.
fn not_answered(version: &Version, today: CivilDay) -> Option<Refusal> {
    let name = &version.definition.name;
    let (en, zh) = match version.lifecycle.on(today) {
        Stage::Active | Stage::Deprecated(_) => return None,
        Stage::Draft => (
            format!("check `{name}` is a draft: owners can approve it, and nobody can ask it yet"),
            format!("核验事项 `{name}` 尚为草案：数据提供单位可先行审批，暂不受理查询"),
        ),
        Stage::Ended(Some(successor)) => (
            format!("check `{name}` has ended; ask `{successor}` instead"),
            format!("核验事项 `{name}` 已停用，请改用 `{successor}`"),
        ),
        Stage::Ended(None) => (
            format!("check `{name}` has ended, and no other takes its place"),
            format!("核验事项 `{name}` 已停用，且无替代事项"),
        ),
    };
    Some(Refusal::bilingual(ErrorCode::UnknownName, en, zh))
}

fn unknown_check(catalog: &Catalog, check: &str, today: CivilDay) -> Refusal {
    let known: Vec<&str> = catalog
        .versions()
        .iter()
        .filter(|version| not_answered(version, today).is_none())
        .map(|version| version.definition.name.as_str())
        .collect();
    let (check, known) = (short(check), known.join(", "));
    Refusal::bilingual(
        ErrorCode::UnknownName,
        format!("no check `{check}`; the catalog has {known}"),
        format!("没有核验事项 `{check}`；目录中有：{known}"),
    )
}

pub(super) fn wrong(en: String, zh: String) -> Refusal {
    Refusal::bilingual(ErrorCode::InvalidParameter, en, zh)
}

/// The parameters, each given once, in the definition's order; without the one that is given for
/// each subject.
pub(super) fn arguments(
    definition: &Definition,
    parameters: &[Parameter],
    but: Option<&str>,
    today: CivilDay,
) -> Result<Vec<Argument>, Refusal> {
    let declared = definition.parameters.iter().filter(|known| but != Some(&*known.name));
    let declared = declared.map(|known| (known.name.as_str(), &known.declared));
    read_all(declared, parameters, Spelling::Signed, Some(today)).map_err(|error| {
        match &error.why {
            ParameterFault::Unknown { known } => {
                let (check, name, known) = (&definition.name, short(&error.name), known.join(", "));
                wrong(
                    format!("check `{check}` has no parameter `{name}`; there are {known}"),
                    format!("核验事项 `{check}` 没有参数 `{name}`；现有：{known}"),
                )
            }
            _ => wrong(error.to_string(), error.zh()),
        }
    })
}

/// A caller's text as an answer can repeat it: bounded.
pub(super) fn short(text: &str) -> String {
    text.chars().take(bounds::TEXT_CHARS).collect()
}
