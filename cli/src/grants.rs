//! `grant`: who may ask which check. Only what the hub has confirmed is shown as in force.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Subcommand;
use serde_json::json;
use zerotrip_authority::publishing::{self, GrantsInForce, NamedGrant};
use zerotrip_authority::{Authority, GrantState, NewGrant};
use zerotrip_proto::from_timestamp;
use zerotrip_proto::v1::{Grant, UnservedGrant};

use crate::folders::AuthorityDir;
use crate::render::{Failure, Language, Screen, rfc3339};

const DAY: u64 = 86_400;

#[derive(Subcommand)]
pub(super) enum GrantCommand {
    /// Grant a member a check, for named purposes under named laws. Gives no right to the rows
    /// behind it.
    Add {
        #[command(flatten)]
        authority: AuthorityDir,
        /// The grant's id, by which it is revoked. Of a check without its variant there is one
        /// grant for each: `<id>-<variant>`.
        #[arg(long)]
        id: String,
        /// The member that may ask.
        #[arg(long)]
        member: String,
        /// The check and variant: `no-property/couple`; one that the hub serves. The check alone,
        /// `no-property`: each variant of it that the hub serves now; which they are is
        /// said before anything is signed.
        #[arg(long)]
        check: String,
        /// Sign it though the hub serves no such check yet; it grants nothing until the operator
        /// deploys the check's definition.
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
        /// How many variants of the check may be asked about one person for one purpose within 30
        /// days. Two of them together show what neither shows alone: couple yes and
        /// family no is a child's home.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
        variants_per_subject: u32,
        /// How many persons one request may be about (`zerotrip check --subjects`). Without it the
        /// grant covers requests about one person, and none about many.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        max_subjects: Option<u32>,
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
    match command {
        GrantCommand::List { authority } => list(&Authority::open(&authority.dir)?, screen)?,
        GrantCommand::Add {
            authority,
            id,
            member,
            check,
            not_served_yet,
            purposes,
            bases,
            days,
            may_issue,
            variants_per_subject,
            max_subjects,
        } => {
            let life = Duration::from_secs(days * DAY);
            let new = NewGrant {
                id,
                member,
                check,
                purposes,
                legal_bases: bases,
                life,
                may_issue,
                variants_per_subject,
                max_subjects: max_subjects.unwrap_or_default(),
            };
            let mut announced = |each: &[NamedGrant]| tell_variants(each, screen);
            let added =
                publishing::add_grants(&authority.dir, new, not_served_yet, &mut announced).await?;
            show_in_force(&added.in_force, screen)?;
        }
        GrantCommand::Revoke { authority, id } => {
            show_in_force(&publishing::revoke_grant(&authority.dir, &id).await?, screen)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_variants(each: &[NamedGrant], screen: &Screen) {
    let listed: Vec<String> =
        each.iter().map(|one| format!("{} ({})", one.check, one.id)).collect();
    let said = screen
        .pick("one grant for each variant that the hub serves: ", "按枢纽现有的核验范围逐一授权：");
    screen.note(&format!("{said}{}", listed.join(", ")));
}

pub(super) fn show_in_force(grants: &GrantsInForce, screen: &Screen) -> Result<(), Failure> {
    let GrantsInForce { version, unserved } = grants;
    let mut text = match screen.language {
        Language::Zh => format!("授权清单第 {version} 版已在枢纽生效"),
        _ => format!("grants version {version} is in force at the hub"),
    };
    for UnservedGrant { grant, check } in unserved {
        text.push_str(&match screen.language {
            Language::Zh => {
                format!(
                    "\n  注意：授权 `{grant}` 的核验事项 `{check}` 枢纽并未提供，该授权无效；可用 \
                     `zerotrip catalog list` 查看"
                )
            }
            _ => format!(
                "\n  WARNING: grant `{grant}` is on `{check}`, which the hub does not serve: it \
                 grants nothing; `zerotrip catalog list` shows what there is"
            ),
        });
    }
    let unserved: Vec<_> =
        unserved.iter().map(|one| json!({ "grant": one.grant, "check": one.check })).collect();
    screen.show(&text, &json!({ "published": "grants", "version": version, "unserved": unserved }))
}

fn list(authority: &Authority, screen: &Screen) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut values = Vec::new();
    for (grant, state) in authority.grant_states()? {
        let until = from_timestamp(grant.not_after.as_ref());
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
                    "; revoked, but THE HUB MAY STILL SERVE IT",
                    "；已撤销，但枢纽可能仍在按其办理",
                ),
            ),
        };
        lines.push(format!("{}{said}", in_words(&grant, until, screen)));
        values.push(json!({
            "id": grant.id, "member": grant.member, "check": grant.check,
            "purposes": grant.purposes, "legal_bases": grant.legal_bases,
            "not_after": until.map(rfc3339), "may_issue": grant.may_issue,
            "variants_per_subject": grant.variants_per_subject.max(1),
            "max_subjects": grant.max_subjects, "state": word,
        }));
    }
    if lines.is_empty() {
        lines.push(
            screen
                .pick("no grants: no member may ask anything", "没有授权：任何单位均不得核验")
                .to_owned(),
        );
    }
    let (taken, waiting) = (
        authority.taken_grants()?.version,
        authority.waiting_grants()?.map(|bundle| bundle.version),
    );
    if let Some(waiting) = waiting {
        lines.push(match screen.language {
            Language::Zh => {
                format!(
                    "第 {waiting} 版已签发，枢纽尚未确认（已确认第 {taken} 版）：请执行 `zerotrip \
                     authority refresh` 重新发布"
                )
            }
            _ => format!(
                "version {waiting} is signed, but the hub has confirmed only version {taken}: \
                 send it with `zerotrip authority refresh`"
            ),
        });
    }
    screen
        .show(&lines.join("\n"), &json!({ "version": taken, "waiting": waiting, "grants": values }))
}

fn in_words(grant: &Grant, until: Option<SystemTime>, screen: &Screen) -> String {
    let until = until.map(|time| screen.time(time)).unwrap_or_default();
    let issue = if grant.may_issue { screen.pick(", may issue", "，可签发证明") } else { "" };
    let variants = match (grant.variants_per_subject, screen.language) {
        (0 | 1, _) => String::new(),
        (more, Language::Zh) => format!("，同一当事人可查 {more} 种范围"),
        (more, _) => format!(", {more} variants for each person"),
    };
    let many = match (grant.max_subjects, screen.language) {
        (0, _) => String::new(),
        (most, Language::Zh) => format!("，每次批量核验至多 {most} 人"),
        (most, _) => format!(", up to {most} persons in one request"),
    };
    let (purposes, bases) = (grant.purposes.join(", "), grant.legal_bases.join(", "));
    let (for_, until_) = (screen.pick("for", "用途"), screen.pick("until", "至"));
    format!(
        "{}  {}  {}  {for_} {purposes} ({bases}) {until_} {until}{issue}{variants}{many}",
        grant.id, grant.member, grant.check
    )
}
