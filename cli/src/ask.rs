//! `check`, `issue` and `join`: what a department's system does.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use zerotrip_certificates::ProvenAnswer;
use zerotrip_channel::{files, join as join_hub};
use zerotrip_proto::v1::{KeyUsage, Reason};
use zerotrip_trust::invitation::{Invitation, InvitationError};

use crate::folders::SystemDir;
use crate::render::zh;
use crate::render::{DENIED, Failure, Language, NOT_SO, Screen, UNAVAILABLE, USAGE, rfc3339};
use crate::renewals;
use crate::verify::{card, certificate_json};
use zerotrip_channel::new_file;
use zerotrip_client::reply::Outcome;
use zerotrip_client::{Errand, Issue, Question, Session, SessionError};

/// Most bytes of a parameter that are read from standard input.
const MOST_VALUE: u64 = 4096;

/// A question and the errand that it is for.
#[derive(Args)]
pub(super) struct Asking {
    #[command(flatten)]
    system: SystemDir,
    /// The check's name in the catalog, such as `no-property`.
    #[arg(long)]
    check: String,
    /// The check's variant, such as `applicant`, `couple` or `family`.
    #[arg(long)]
    variant: String,
    /// A parameter of the check, such as `applicant=<resident id>`; repeat for each.
    /// `applicant=@FILE` takes the value out of a file, `applicant=@-` from standard input:
    /// what stands on the command line can be read by others on this machine (`ps`), and stays in
    /// the shell's history.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Staff code of the official on whose errand this is asked.
    #[arg(long)]
    official: String,
    /// The errand's code in the official list of service items.
    #[arg(long)]
    service_item: String,
    /// What the answer may be used for; one of the grant's purposes.
    #[arg(long)]
    purpose: String,
    /// The law that allows it; one of the grant's legal bases.
    #[arg(long)]
    basis: String,
    /// The number of the file that this belongs to.
    #[arg(long)]
    case: String,
}

/// The text is not repeated: it may be somebody's number, without its name.
fn parameter(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or_else(
        || {
            let en =
                "--param: write it as `name=value`, for example `applicant=11010519491231002X`";
            Failure::new(
                USAGE,
                en,
                "--param：请写作 `参数名=值`，例如 `applicant=11010519491231002X`",
            )
        },
    )
}

/// The value itself, or what stands where it points. An error never repeats it: it is somebody's
/// number.
fn value(name: &str, text: String, typed: &mut dyn Read) -> Result<String, Failure> {
    let Some(place) = text.strip_prefix('@') else { return Ok(text) };
    let read = if place == "-" {
        let mut read = String::new();
        typed
            .take(MOST_VALUE)
            .read_to_string(&mut read)
            .map_err(|error| Failure::usage(&error, "无法读取标准输入"))?;
        read
    } else {
        files::read_text(Path::new(place))?
    };
    let value = read.trim_start_matches('\u{feff}').trim();
    if value.is_empty() || value.lines().count() > 1 {
        let en = format!(
            "parameter `{name}`: `{text}` holds no single line; write the value there, and \
             nothing else"
        );
        return Err(Failure::new(
            USAGE,
            en,
            format!("参数 `{name}`：`{text}` 中应只有一行，即参数的值"),
        ));
    }
    Ok(value.to_owned())
}

impl Asking {
    /// Everything that can be checked before the hub is troubled.
    fn split(self) -> Result<(PathBuf, Errand, Question), Failure> {
        let errand = Errand {
            official: self.official,
            service_item: self.service_item,
            purpose: self.purpose,
            legal_basis: self.basis,
            case_number: self.case,
        };
        errand.validate().map_err(SessionError::from)?;
        let mut parameters = Vec::new();
        for (name, text) in
            self.params.iter().map(|text| parameter(text)).collect::<Result<Vec<_>, _>>()?
        {
            let text = value(name, text.to_owned(), &mut std::io::stdin().lock())?;
            parameters.push((name.to_owned(), text));
        }
        let question = Question { check: self.check, variant: self.variant, parameters };
        Ok((self.system.dir, errand, question.validated().map_err(SessionError::from)?))
    }
}

pub(super) async fn check(asking: Asking, screen: &Screen) -> Result<ExitCode, Failure> {
    let (dir, errand, question) = asking.split()?;
    let home = renewals::open_home(&dir, screen)?;
    let outcome = Session::connect(&home).await?.check(&errand, &question).await?;
    tell(&outcome, &question, screen)
}

pub(super) async fn issue(
    asking: Asking,
    out: &Path,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let (dir, errand, question) = asking.split()?;
    new_file::check(out).map_err(SessionError::from)?;
    let home = renewals::open_home(&dir, screen)?;
    match Session::connect(&home).await?.issue(&errand, &question, out).await? {
        Issue::NotIssued(outcome) => {
            screen.note(screen.pick("no certificate was issued", "未签发证明"));
            tell(&outcome, &question, screen)
        }
        Issue::Issued(issued) => {
            let head = format!(
                "{} {}",
                screen.pick("issued and recorded:", "已签发并登记："),
                issued.file.display()
            );
            let text = format!("{head}\n{}", card(&issued.certificate, screen));
            let mut value = certificate_json(&issued.certificate);
            if let Some(members) = value.as_object_mut() {
                members.insert("outcome".to_owned(), "issued".into());
                members.insert("file".to_owned(), issued.file.display().to_string().into());
                members.insert("record_index".to_owned(), issued.record_index.into());
                members.insert("policies".to_owned(), issued.certificate.policies.clone().into());
            }
            screen.show(&text, &value)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

pub(super) async fn join(
    dir: &Path,
    invitation: &Path,
    wait: u64,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let text = if invitation.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())
            .map_err(|error| Failure::usage(&error, "无法读取邀请"))?
    } else {
        files::read_text(invitation)?
    };
    let invitation: Invitation = text.trim().parse().map_err(|error: InvitationError| {
        Failure::new(USAGE, error.to_string(), zh::invitation(&error))
    })?;
    screen.note(screen.pick(
        "making keys, filing them with the hub, and waiting for the authority to admit this \
         system …",
        "正在生成密钥并向枢纽登记，等待数据主管部门准入……",
    ));
    let mut progress = |_line: &str| {};
    let usages = [KeyUsage::Sign, KeyUsage::Seal];
    let home =
        join_hub(&invitation, dir, &usages, Duration::from_secs(wait), &mut progress).await?;
    let text = match screen.language {
        Language::Zh => format!("已作为 {} 接入 {}", home.system, home.hub),
        _ => format!("joined {} as {}", home.hub, home.system),
    };
    screen.show(&text, &json!({ "joined": home.hub.uri(), "system": home.uri() }))?;
    Ok(ExitCode::SUCCESS)
}

/// One of four outcomes: on the screen, in JSON and as the exit code.
fn tell(outcome: &Outcome, question: &Question, screen: &Screen) -> Result<ExitCode, Failure> {
    let asked = format!("{}/{}", question.check, question.variant);
    let (word, head, mut lines, code, value) = match outcome {
        Outcome::Affirmed(affirmed) => {
            let claims: Vec<Value> = affirmed
                .claims()
                .iter()
                .map(|claim| json!({ "name": claim.name, "value": claim.value }))
                .collect();
            let lines = affirmed
                .claims()
                .iter()
                .map(|claim| shown(&claim.name, &claim.value, screen))
                .collect();
            (
                "affirmed",
                screen.pick("YES", "核验结果：符合"),
                lines,
                0,
                json!({ "claims": claims }),
            )
        }
        Outcome::Negative(negative) => {
            let (lines, reasons) = reasons(&negative.reasons, screen);
            (
                "negative",
                screen.pick("NO", "核验结果：不符合"),
                lines,
                NOT_SO,
                json!({ "reasons": reasons }),
            )
        }
        Outcome::Unavailable(none) => {
            let mut lines = vec![format!(
                "  {} [{}]",
                screen.pick(&none.text_en, &none.text_zh),
                none.code.name()
            )];
            if !none.dataset.is_empty() {
                lines.push(format!(
                    "  {} {}",
                    screen.pick("not settled by:", "未能确定的数据源："),
                    none.dataset
                ));
            }
            lines.push(match none.retryable {
                true => screen
                    .pick("  ask again later; this is not a no", "  请稍后再试；这不等于“不符合”")
                    .to_owned(),
                false => screen
                    .pick(
                        "  asking again will not help by itself: the source's owner has to act; \
                         this is not a no",
                        "  需由数据提供单位处理；这不等于“不符合”",
                    )
                    .to_owned(),
            });
            let value = json!({
                "code": none.code.name(), "dataset": none.dataset, "text_en": none.text_en, "text_zh": none.text_zh, "retryable": none.retryable,
            });
            (
                "unavailable",
                screen.pick("UNAVAILABLE: no conclusion can be drawn", "暂不可用：无法得出结论"),
                lines,
                UNAVAILABLE,
                value,
            )
        }
        Outcome::Denied(denied) => {
            let (mut lines, reasons) = reasons(&denied.reasons, screen);
            lines.insert(0, format!("  [{}]", denied.code.name()));
            let value = json!({ "code": denied.code.name(), "reasons": reasons });
            ("denied", screen.pick("DENIED", "不予受理"), lines, DENIED, value)
        }
    };
    lines.extend(proof(outcome.proven(), screen));
    let text = format!("{head}  ({asked})\n{}", lines.join("\n"));
    screen.show(&text, &with_proof(value, word, &asked, outcome.proven()))?;
    Ok(ExitCode::from(code))
}

/// A claim of the answer, by the name that people know.
fn shown(name: &str, value: &str, screen: &Screen) -> String {
    let value = match (name, value) {
        ("former_numbers", "not_searched") => screen.pick("not searched", "未检索"),
        ("former_numbers", "carried_over") => screen.pick("carried over", "已并入现号"),
        _ => value,
    };
    match screen.language {
        Language::Zh => format!("  {}：{value}", zh::name(name)),
        _ => format!("  {}: {value}", zh::name_en(name)),
    }
}

fn reasons(reasons: &[Reason], screen: &Screen) -> (Vec<String>, Vec<Value>) {
    let lines = reasons
        .iter()
        .map(|reason| {
            format!("  {} [{}]", screen.pick(&reason.text_en, &reason.text_zh), reason.code)
        })
        .collect();
    let one = |reason: &Reason| json!({ "code": reason.code, "text_en": reason.text_en, "text_zh": reason.text_zh });
    (lines, reasons.iter().map(one).collect())
}

fn proof(proven: &ProvenAnswer, screen: &Screen) -> Vec<String> {
    let answer = proven.answer();
    let mut lines = Vec::new();
    for source in &answer.sources {
        let as_of = zerotrip_proto::from_timestamp(source.as_of.as_ref())
            .map(|time| screen.time(time))
            .unwrap_or_default();
        let coverage = screen.pick(&source.coverage_en, &source.coverage_zh);
        lines.push(format!(
            "  {} {}, {} {as_of}, {coverage}",
            screen.pick("source:", "数据源："),
            source.dataset,
            screen.pick("as of", "数据时点")
        ));
    }
    lines.push(format!(
        "  {} {}, {}",
        screen.pick("exchange:", "交换编号："),
        answer.request_id,
        screen.time(proven.answered_at())
    ));
    let (index, size) = (proven.index(), proven.checkpoint().size);
    lines.push(match screen.language {
        Language::Zh => format!("  已验证：枢纽签名有效，存证台账第 {index} 条（树大小 {size}）"),
        _ => format!(
            "  verified: the hub's signature, and entry {index} of its ledger (tree of {size})"
        ),
    });
    lines
}

fn with_proof(value: Value, word: &str, asked: &str, proven: &ProvenAnswer) -> Value {
    let answer = proven.answer();
    let sources = answer.sources.iter().map(|source| {
        let as_of = zerotrip_proto::from_timestamp(source.as_of.as_ref()).map(rfc3339);
        json!({
            "dataset": source.dataset, "owner": source.owner, "as_of": as_of,
            "coverage_en": source.coverage_en, "coverage_zh": source.coverage_zh,
        })
    });
    let mut result = json!({
        "outcome": word,
        "check": asked,
        "request_id": answer.request_id,
        "hub": answer.hub,
        "answered_at": rfc3339(proven.answered_at()),
        "sources": sources.collect::<Vec<_>>(),
        "policies": answer.decision.as_ref().map(|decision| decision.policy_ids.clone()).unwrap_or_default(),
        "ledger_index": proven.index(),
        "tree_size": proven.checkpoint().size,
    });
    if let (Some(result), Value::Object(more)) = (result.as_object_mut(), value) {
        result.extend(more);
    }
    result
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn claims_have_the_names_that_people_know() {
        let said = |language, name| shown(name, "v", &Screen { json: false, language });
        assert_eq!(said(Language::En, "asked_at"), "  asked at: v");
        assert_eq!(
            ["check", "variant", "regions", "asked_at"].map(|name| said(Language::Zh, name)),
            ["  核验事项：v", "  核验范围：v", "  地区：v", "  核验时间：v"]
        );
        assert_eq!(said(Language::Zh, "another"), "  another：v");
    }

    #[test]
    fn a_parameter_without_its_name_is_not_repeated() {
        assert_eq!(parameter("applicant=1=2").unwrap(), ("applicant", "1=2"));
        for text in ["11010519491231002X", "=11010519491231002X", "11010519491231002X="] {
            let failure = parameter(text).unwrap_err();
            assert!(failure.exit == USAGE && failure.zh.contains("请写作"), "{failure:?}");
        }
    }

    #[test]
    fn a_parameter_is_read_where_it_points() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        std::fs::write(&file, "\u{feff} 11010519491231002X\r\n").unwrap();
        let read =
            |text: &str, typed: &str| value("applicant", text.to_owned(), &mut typed.as_bytes());
        let at = format!("@{}", file.display());
        for (text, typed) in
            [("11010519491231002X", ""), (at.as_str(), ""), ("@-", "11010519491231002X\n")]
        {
            assert_eq!(read(text, typed).unwrap(), "11010519491231002X", "{text}");
        }
        for (text, typed) in [
            ("@-", ""),
            ("@-", "11010519491231002X\n110105194912310011\n"),
            ("@", ""),
            ("@/nowhere", ""),
        ] {
            let failure = read(text, typed).unwrap_err();
            assert_eq!(failure.exit, USAGE);
            assert!(!failure.en.contains("1101"), "{}", failure.en);
        }
    }
}
