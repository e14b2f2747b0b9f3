//! `grant`: who may ask which check. The folder signs; only what the hub has confirmed is shown as in force.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use serde_json::json;
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{CheckEntry, Envelope, ErrorCode, GetGrantsRequest, Grant, PublishRequest, UnservedGrant};

use super::authority::{AuthorityDir, DAY};
use super::screen::{Failure, Language, Screen, USAGE, rfc3339};
use zerotrip_authority::{Authority, GrantState, NewGrant};
use zerotrip_client::answered;
use zerotrip_client::{Connection, SessionError};

#[derive(Subcommand)]
pub(super) enum GrantCommand {
    /// Grant a member a check, for named purposes under named laws. Gives no right to the rows behind it.
    Add {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The grant's id, by which it is revoked. Of a check without its variant there is one grant for each: `<id>-<variant>`.
        #[arg(long)]
        id: String,
        /// The member that may ask.
        #[arg(long)]
        member: String,
        /// The check and variant: `no-property/couple`; one that the hub serves. The check alone, `no-property`: each variant of it that the
        /// hub serves now; which they are is said before anything is signed.
        #[arg(long)]
        check: String,
        /// Sign it though the hub serves no such check yet; it grants nothing until the operator deploys the check's definition.
        #[arg(long)]
        not_served_yet: bool,
        /// A purpose; repeat for each.
        #[arg(long = "purpose", required = true)]
        purposes: Vec<String>,
        /// A legal basis; repeat for each.
        #[arg(long = "basis", required = true)]
        bases: Vec<String>,
        /// Days that it is valid.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
        days: u64,
        /// Certificates may be issued on the answer.
        #[arg(long)]
        may_issue: bool,
        /// How many variants of the check may be asked about one person for one purpose within 30 days. Two of them together tell of whom
        /// neither tells alone: couple yes and family no is a child's home.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
        variants_per_subject: u32,
    },
    /// List the grants, and what of them the hub has not confirmed.
    List {
        #[command(flatten)]
        authority: AuthorityDir,
    },
    /// Revoke a grant at once.
    Revoke {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The grant's id.
        #[arg(long)]
        id: String,
    },
}

pub(super) async fn grant(command: GrantCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    let (opened, connection, envelope) = match command {
        GrantCommand::List { authority } => {
            list(&Authority::open(&authority.dir)?, screen)?;
            return Ok(ExitCode::SUCCESS);
        }
        GrantCommand::Add { authority, id, member, check, not_served_yet, purposes, bases, days, may_issue, variants_per_subject } => {
            let opened = Authority::open_for_change(&authority.dir)?;
            let connection = Connection::open(opened.home()).await;
            let served = match &connection {
                Ok(connection) => connection.checks().await.ok(),
                Err(_) => None,
            };
            let each = match variants_of(&check, served.as_deref())? {
                Some(variants) => {
                    let each: Vec<_> = variants.into_iter().map(|(variant, check)| (id_of(&id, &variant), check)).collect();
                    tell_variants(&each, screen);
                    each
                }
                None => {
                    // A hub that cannot be asked hinders nobody from signing: what was misspelled is told when it takes the grant.
                    if let (Some(served), false) = (&served, not_served_yet) {
                        is_served(&check, served)?;
                    }
                    vec![(id, check)]
                }
            };
            let life = Duration::from_secs(days * DAY);
            let new = |(id, check): (String, String)| NewGrant {
                id,
                member: member.clone(),
                check,
                purposes: purposes.clone(),
                legal_bases: bases.clone(),
                life,
                may_issue,
                variants_per_subject,
            };
            let envelope = opened.add_grants(each.into_iter().map(new).collect(), now)?;
            (opened, connection, envelope)
        }
        GrantCommand::Revoke { authority, id } => {
            let opened = Authority::open_for_change(&authority.dir)?;
            let envelope = opened.revoke_grant(&id, now)?;
            let connection = Connection::open(opened.home()).await;
            (opened, connection, envelope)
        }
    };
    let connection = connection.map_err(|error| kept(error.into()))?;
    send(&opened, &connection, envelope, screen).await?;
    Ok(ExitCode::SUCCESS)
}

/// Each variant of a check that is named without one, or with `*`, by its name; `None` where one variant is named.
fn variants_of(check: &str, served: Option<&[CheckEntry]>) -> Result<Option<Vec<(String, String)>>, Failure> {
    let name = match check.split_once('/') {
        None => check,
        Some((name, "*")) => name,
        Some(_) => return Ok(None),
    };
    let Some(served) = served else {
        return Err(Failure::new(
            USAGE,
            format!(
                "--check: which variants `{}` has, the hub says, and it cannot be asked now. Nothing was signed. Name one, such as `{}/couple`, or \
                 give the command again once the hub answers",
                cut(name),
                cut(name)
            ),
            format!(
                "--check：`{}` 有哪些核验范围须由枢纽告知，而枢纽目前无法连接。未签发任何内容。请写明一个范围，或待枢纽恢复后重试",
                cut(name)
            ),
        ));
    };
    let all: Vec<(String, String)> = served
        .iter()
        .filter(|entry| entry.name == name)
        .map(|entry| (entry.variant.clone(), format!("{name}/{}", entry.variant)))
        .collect();
    if all.is_empty() {
        // The refusal names those that there are.
        is_served(check, served)?;
    }
    Ok(Some(all))
}

fn cut(text: &str) -> String {
    text.chars().take(130).collect()
}

/// A grant's id has hyphens, and a variant's name may have underscores.
fn id_of(id: &str, variant: &str) -> String {
    format!("{id}-{}", variant.replace('_', "-"))
}

fn tell_variants(each: &[(String, String)], screen: &Screen) {
    let listed: Vec<String> = each.iter().map(|(id, check)| format!("{check} ({id})")).collect();
    let said = screen.pick("one grant for each variant that the hub serves: ", "按枢纽现有的核验范围逐一授权：");
    screen.note(&format!("{said}{}", listed.join(", ")));
}

/// Refuses a check that the hub's catalog does not have, and names those that it has.
fn is_served(check: &str, served: &[CheckEntry]) -> Result<(), Failure> {
    let known: Vec<String> = served.iter().map(|entry| format!("{}/{}", entry.name, entry.variant)).collect();
    if known.iter().any(|known| known == check) {
        return Ok(());
    }
    let check: String = check.chars().take(130).collect();
    let (en, zh) = match known.join(", ") {
        none if none.is_empty() => ("none at all".to_owned(), "无".to_owned()),
        known => (known.clone(), known),
    };
    Err(Failure::new(
        USAGE,
        format!(
            "--check: the hub serves no check `{check}`; there are: {en}. Nothing was signed. Where its definition is yet to be deployed, \
             add --not-served-yet"
        ),
        format!("--check：枢纽没有核验事项 `{check}`；现有：{zh}。未签发任何内容。如该事项的定义尚待部署，请加 --not-served-yet"),
    ))
}

/// Sends the newest grants, where there are any: a hub that was restored, or could not be reached before, has older ones.
pub(super) async fn send_newest(authority: &Authority, connection: &Connection, screen: &Screen) -> Result<(), Failure> {
    let envelope = authority.newest_grants(SystemTime::now())?;
    send(authority, connection, envelope, screen).await
}

async fn send(authority: &Authority, connection: &Connection, envelope: Envelope, screen: &Screen) -> Result<(), Failure> {
    let theirs = answered(connection.authority().get_grants(GetGrantsRequest {})).await.map_err(|error| kept(error.into()))?;
    let theirs = theirs.grants.unwrap_or_default();
    let mut unserved = Vec::new();
    if theirs.payload != envelope.payload {
        if let Some(version) = authority.follow_hub(&theirs)? {
            return Err(older_folder(version));
        }
        let request = PublishRequest { bundle: Some(envelope.clone()) };
        match answered(connection.authority().publish_grants(request)).await {
            Ok(reply) => unserved = reply.unserved,
            Err(SessionError::Refused(refusal)) if judges_the_bundle(refusal.code) => {
                authority.grants_refused()?;
                return Err(dropped(Failure::from(&refusal)));
            }
            Err(error) => return Err(kept(error.into())),
        }
    }
    authority.grants_taken(&envelope)?;
    show_taken(authority.taken_grants()?.version, &unserved, screen)
}

/// Whether the hub will never take this bundle. With any other code it may, later: a revocation is not dropped for a full disk.
fn judges_the_bundle(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::Malformed | ErrorCode::BadSignature)
}

fn kept(mut failure: Failure) -> Failure {
    failure.en.push_str(
        "; the change is signed and kept, but the hub has not confirmed it and may go by the old grants: give the same command again, or \
         `zerotrip authority refresh`, once the hub answers",
    );
    failure
        .zh
        .push_str("；变更已签发并保留，但枢纽尚未确认，可能仍按原授权办理：请待枢纽恢复后重复本命令，或执行 `zerotrip authority refresh`");
    failure
}

fn dropped(mut failure: Failure) -> Failure {
    failure.en.push_str("; nothing has changed, and what waited for the hub is dropped: `zerotrip grant list` shows what is in force");
    failure.zh.push_str("；授权未变，待发布的变更已丢弃：可用 `zerotrip grant list` 查看现行授权");
    failure
}

fn older_folder(version: u64) -> Failure {
    Failure::new(
        USAGE,
        format!(
            "the hub has version {version} of the grants, newer than any that this folder signed: the folder is an older copy of the \
             authority's. The hub's grants are taken over into it, and your change is not made: look at `zerotrip grant list`, then give the \
             command again"
        ),
        format!(
            "枢纽的授权清单为第 {version} 版，比本目录签发的更新，说明本目录是旧副本。现已改用枢纽的清单，您的变更未执行：请查看 `zerotrip grant list` 后重新执行"
        ),
    )
}

fn show_taken(version: u64, unserved: &[UnservedGrant], screen: &Screen) -> Result<(), Failure> {
    let mut text = match screen.language {
        Language::Zh => format!("授权清单第 {version} 版已在枢纽生效"),
        _ => format!("grants version {version} is in force at the hub"),
    };
    for UnservedGrant { grant, check } in unserved {
        text.push_str(&match screen.language {
            Language::Zh => {
                format!("\n  注意：授权 `{grant}` 的核验事项 `{check}` 枢纽并未提供，该授权无效；可用 `zerotrip catalog list` 查看")
            }
            _ => format!(
                "\n  WARNING: grant `{grant}` is on `{check}`, which the hub does not serve: it grants nothing; `zerotrip catalog list` \
                 shows what there is"
            ),
        });
    }
    let unserved: Vec<_> = unserved.iter().map(|one| json!({ "grant": one.grant, "check": one.check })).collect();
    screen.show(&text, &json!({ "published": "grants", "version": version, "unserved": unserved }))
}

fn list(authority: &Authority, screen: &Screen) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut values = Vec::new();
    for (grant, state) in authority.grant_states()? {
        let until = from_timestamp(grant.not_after.as_ref());
        let (word, said) = match state {
            GrantState::InForce => ("in_force", ""),
            GrantState::NotTaken => ("not_taken", screen.pick("; NOT IN FORCE: the hub has not confirmed it", "；未生效：枢纽尚未确认")),
            GrantState::RevocationNotTaken => {
                ("revocation_not_taken", screen.pick("; revoked, but THE HUB MAY STILL SERVE IT", "；已撤销，但枢纽可能仍在按其办理"))
            }
        };
        lines.push(format!("{}{said}", in_words(&grant, until, screen)));
        values.push(json!({
            "id": grant.id, "member": grant.member, "check": grant.check, "purposes": grant.purposes, "legal_bases": grant.legal_bases,
            "not_after": until.map(rfc3339), "may_issue": grant.may_issue,
            "variants_per_subject": grant.variants_per_subject.max(1), "state": word,
        }));
    }
    if lines.is_empty() {
        lines.push(screen.pick("no grants: nobody may ask anything", "没有授权：任何单位均不得核验").to_owned());
    }
    let (taken, waiting) = (authority.taken_grants()?.version, authority.waiting_grants()?.map(|bundle| bundle.version));
    if let Some(waiting) = waiting {
        lines.push(match screen.language {
            Language::Zh => {
                format!("第 {waiting} 版已签发，枢纽尚未确认（已确认第 {taken} 版）：请执行 `zerotrip authority refresh` 重新发布")
            }
            _ => format!(
                "version {waiting} is signed, but the hub has confirmed only version {taken}: send it with `zerotrip authority refresh`"
            ),
        });
    }
    screen.show(&lines.join("\n"), &json!({ "version": taken, "waiting": waiting, "grants": values }))
}

fn in_words(grant: &Grant, until: Option<SystemTime>, screen: &Screen) -> String {
    let until = until.map(|time| screen.time(time)).unwrap_or_default();
    let issue = if grant.may_issue { screen.pick(", may issue", "，可签发证明") } else { "" };
    let variants = match (grant.variants_per_subject, screen.language) {
        (0 | 1, _) => String::new(),
        (more, Language::Zh) => format!("，同一当事人可查 {more} 种范围"),
        (more, _) => format!(", {more} variants for each person"),
    };
    let (purposes, bases) = (grant.purposes.join(", "), grant.legal_bases.join(", "));
    let (for_, until_) = (screen.pick("for", "用途"), screen.pick("until", "至"));
    format!("{}  {}  {}  {for_} {purposes} ({bases}) {until_} {until}{issue}{variants}", grant.id, grant.member, grant.check)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_check_without_its_variant_is_each_that_the_hub_serves() {
        let entry = |name: &str, variant: &str| CheckEntry { name: name.into(), variant: variant.into(), ..CheckEntry::default() };
        let served = [entry("no-property", "applicant"), entry("no-property", "whole_family"), entry("no-property-2", "applicant")];
        for check in ["no-property", "no-property/*"] {
            let each = variants_of(check, Some(&served)).unwrap().unwrap();
            let each: Vec<(String, String)> = each.into_iter().map(|(variant, check)| (id_of("fund", &variant), check)).collect();
            let expected = [("fund-applicant", "no-property/applicant"), ("fund-whole-family", "no-property/whole_family")]
                .map(|(id, check)| (id.to_owned(), check.to_owned()));
            assert_eq!(each, expected);
        }
        assert_eq!(variants_of("no-property/couple", Some(&served)).unwrap(), None, "one that is named is that one");
        assert_eq!(variants_of("no-property/couple", None).unwrap(), None);
        for (check, served) in [("no-property", None), ("no-propery", Some(&served[..])), ("", Some(&served[..])), ("/*", Some(&[][..]))] {
            let refused = variants_of(check, served).unwrap_err();
            assert!(refused.exit == USAGE && refused.en.contains("Nothing was signed"), "{check}: {refused:?}");
        }
    }
}
