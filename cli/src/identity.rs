//! `identity`: what a person is to be identified with for one question, and whom the authority
//! trusts to say that somebody was.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use zerotrip_authority::{Authority, GrantState, publishing};
use zerotrip_channel::files;
use zerotrip_client::{IdentityChallenge, Session};
use zerotrip_identification::Level;
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{AssertedLevel, AssertionAudience, IdentityProvider, SubjectForm};
use zerotrip_trust::jose::JoseKeys;

use crate::ask::Asking;
use crate::folders::AuthorityDir;
use crate::grants::show_in_force;
use crate::render::{Failure, Screen, USAGE, rfc3339};
use crate::renewals;

const DAY: u64 = 86_400;

#[derive(Subcommand)]
pub(super) enum IdentityCommand {
    /// Draw the id and the nonce of a question whose person is to be identified for it.
    ///
    /// Give the nonce to the identity provider in its authentication request (OpenID Connect Core
    /// 1.0, 3.1.2.1). Then ask this very question for this very errand, with `--request-id` and
    /// `--identity`. Nothing is asked yet.
    Challenge(Asking),
    /// Trust an identity provider, or trust it anew with other keys, levels or systems. Run by the
    /// authority.
    Trust(Trusting),
    /// Trust an identity provider no more, at once. Run by the authority.
    Distrust {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The provider's id.
        #[arg(long)]
        id: String,
    },
    /// List the identity providers that are trusted, and what of that the hub has not confirmed.
    /// Run by the authority.
    List {
        #[command(flatten)]
        authority: AuthorityDir,
    },
}

#[derive(Args)]
pub(super) struct Trusting {
    #[command(flatten)]
    authority: AuthorityDir,
    /// The provider's id, by which it is distrusted: lower-case letters, digits and hyphens.
    #[arg(long)]
    id: String,
    /// Its issuer identifier, exactly as `iss` has it: an https URL.
    #[arg(long)]
    issuer: String,
    /// Its name in English, as certificates show it.
    #[arg(long)]
    name_en: String,
    /// Its name in Chinese.
    #[arg(long)]
    name_zh: String,
    /// A file with its public keys as a JWK set. An RSA key must say its `alg`, RS256 or PS256.
    /// Nothing is fetched: compare the file with what the provider publishes.
    #[arg(long, value_name = "FILE")]
    jwks: PathBuf,
    /// What a value of `acr` is worth: `<acr>=low`, `=substantial` or `=high`; repeat for each. A
    /// value that is not named counts for nothing.
    #[arg(long = "level", value_name = "ACR=LEVEL", required = true)]
    levels: Vec<String>,
    /// Which system a value of `aud` is: `<client id>=<the system's URI>`; repeat for each.
    #[arg(long = "audience", value_name = "AUD=SYSTEM", required = true)]
    audiences: Vec<String>,
    /// The claim that has the resident id.
    #[arg(long, value_name = "NAME")]
    subject_claim: String,
    /// In which form.
    #[arg(long, value_enum, default_value = "resident-id")]
    subject_form: Form,
    /// Seconds that its clock and the hub's can be apart.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=300))]
    clock_skew: u32,
    /// Days that it is trusted.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
    days: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// The number itself.
    ResidentId,
    /// SHA-256 of its 18 characters, in lower-case hexadecimal.
    Sha256,
}

pub(super) async fn identity(
    command: IdentityCommand,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    match command {
        IdentityCommand::Challenge(asking) => challenge(asking, screen).await?,
        IdentityCommand::Trust(trusting) => {
            let life = Duration::from_secs(trusting.days * DAY);
            let (dir, provider) = (trusting.authority.dir.clone(), provider(trusting)?);
            let in_force = publishing::trust_provider(&dir, provider, life).await?;
            show_in_force(&in_force, screen)?;
        }
        IdentityCommand::Distrust { authority, id } => {
            show_in_force(&publishing::distrust_provider(&authority.dir, &id).await?, screen)?;
        }
        IdentityCommand::List { authority } => list(&Authority::open(&authority.dir)?, screen)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn challenge(asking: Asking, screen: &Screen) -> Result<(), Failure> {
    let (dir, errand, question) = asking.split()?;
    let session = Session::connect(&renewals::open_home(&dir, screen)?).await?;
    let IdentityChallenge { id, nonce, terms } =
        session.identity_challenge(&errand, &question).await?;
    let (id, seconds, level) = (id.as_str(), terms.within.as_secs(), terms.level);
    let words = level.words();
    let text = match screen.pick("en", "zh") {
        "zh" => format!(
            "请求编号：{id}\nnonce：{nonce}\n级别不低于：{}\n身份核验距今不得超过 {seconds} 秒",
            words.zh
        ),
        _ => format!(
            "ask under: {id}\nnonce: {nonce}\nlevel at least: {}\nidentified at most {seconds} \
             seconds ago",
            words.en
        ),
    };
    screen.show(
        &text,
        &json!({
            "request_id": id, "nonce": nonce, "parameter": terms.parameter,
            "level": level.name(), "max_age": seconds,
        }),
    )
}

/// `<left>=<right>`, at the last `=`: a left side can have some.
fn pair<'a>(flag: &str, text: &'a str) -> Result<(&'a str, &'a str), Failure> {
    text.rsplit_once('=').filter(|(left, right)| !left.is_empty() && !right.is_empty()).ok_or_else(
        || {
            Failure::new(
                USAGE,
                format!("{flag}: `{text}` has no two sides"),
                format!("{flag}：`{text}` 缺少等号的一侧"),
            )
            .remedy("write it as `value=meaning`", "请写作 `值=含义`")
        },
    )
}

fn provider(trusting: Trusting) -> Result<IdentityProvider, Failure> {
    let file = trusting.jwks.display().to_string();
    let keys = JoseKeys::parse(&files::read_text(&trusting.jwks)?).map_err(|error| {
        Failure::new(USAGE, format!("`{file}`: {error}"), format!("`{file}` 不是公钥集：{error}"))
            .remedy("give the JWK set that the provider publishes", "请提供该机构公布的 JWK 公钥集")
    })?;
    let mut levels = Vec::with_capacity(trusting.levels.len());
    for text in &trusting.levels {
        let (acr, word) = pair("--level", text)?;
        let level = Level::read(word).ok_or_else(|| {
            Failure::new(
                USAGE,
                format!("--level: `{word}` is not a level"),
                format!("--level：`{word}` 不是级别"),
            )
            .remedy("say `low`, `substantial` or `high`", "请填写 `low`、`substantial` 或 `high`")
        })?;
        levels.push(AssertedLevel { acr: acr.to_owned(), level: level.to_wire().into() });
    }
    let mut audiences = Vec::with_capacity(trusting.audiences.len());
    for text in &trusting.audiences {
        let (audience, system) = pair("--audience", text)?;
        let (audience, system) = (audience.to_owned(), system.to_owned());
        audiences.push(AssertionAudience { audience, system });
    }
    let form = match trusting.subject_form {
        Form::ResidentId => SubjectForm::ResidentId,
        Form::Sha256 => SubjectForm::ResidentIdSha256,
    };
    Ok(IdentityProvider {
        id: trusting.id,
        issuer: trusting.issuer,
        name_en: trusting.name_en,
        name_zh: trusting.name_zh,
        jwks: keys.to_text(),
        levels,
        audiences,
        subject_claim: trusting.subject_claim,
        subject_form: form.into(),
        clock_skew_seconds: trusting.clock_skew,
        ..IdentityProvider::default()
    })
}

fn list(authority: &Authority, screen: &Screen) -> Result<(), Failure> {
    let (mut lines, mut values) = (Vec::new(), Vec::new());
    for (provider, state) in authority.provider_states()? {
        let (word, said) = match state {
            GrantState::InForce => ("in_force", ""),
            GrantState::NotTaken => (
                "not_taken",
                screen
                    .pick("; NOT IN FORCE: the hub has not confirmed it", "；未生效：枢纽尚未确认"),
            ),
            GrantState::RevocationNotTaken => (
                "revocation_not_taken",
                screen.pick(
                    "; distrusted, but THE HUB MAY STILL TRUST IT",
                    "；已不再信任，但枢纽可能仍予认可",
                ),
            ),
        };
        let until = from_timestamp(provider.not_after.as_ref());
        let name = screen.pick(&provider.name_en, &provider.name_zh);
        let ends = until.map(|time| screen.time(time)).unwrap_or_default();
        let until_ = screen.pick("until", "至");
        let (id, issuer) = (&provider.id, &provider.issuer);
        lines.push(format!("{id}  {issuer}  {name} {until_} {ends}{said}"));
        values.push(value(&provider, word, until.map(rfc3339)));
    }
    if lines.is_empty() {
        let none = screen.pick("no identity provider is trusted", "没有受信任的身份核验机构");
        lines.push(none.to_owned());
    }
    screen.show(&lines.join("\n"), &json!({ "providers": values }))
}

fn value(provider: &IdentityProvider, state: &str, until: Option<String>) -> Value {
    let keys = JoseKeys::parse(&provider.jwks).ok();
    let keys: Vec<Value> = keys
        .iter()
        .flat_map(JoseKeys::iter)
        .map(|key| json!({ "kid": key.id(), "alg": key.algorithm().name() }))
        .collect();
    let level = |one: &AssertedLevel| {
        let level = Level::from_wire(one.level).map(Level::name);
        json!({ "acr": one.acr, "level": level })
    };
    let audience = |one: &AssertionAudience| json!({ "aud": one.audience, "system": one.system });
    json!({
        "id": provider.id, "issuer": provider.issuer,
        "name": { "en": provider.name_en, "zh": provider.name_zh },
        "keys": keys,
        "levels": provider.levels.iter().map(level).collect::<Vec<_>>(),
        "audiences": provider.audiences.iter().map(audience).collect::<Vec<_>>(),
        "subject_claim": provider.subject_claim,
        "subject_form": match provider.subject_form() {
            SubjectForm::ResidentIdSha256 => "sha256",
            SubjectForm::ResidentId | SubjectForm::Unspecified => "resident-id",
        },
        "clock_skew": provider.clock_skew_seconds, "not_after": until, "state": state,
    })
}
