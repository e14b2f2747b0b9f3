//! `check` and `issue`: asking, and sealing a certificate on a true answer.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use zerotrip_certificates::HolderKey;
use zerotrip_channel::{files, new_file};
use zerotrip_client::reply::AnsweredMany;
use zerotrip_client::request::APPLICANT;
use zerotrip_client::{CheckQuestion, Errand, Issue, ManyQuestion, Session, SessionError, Wanted};

use crate::assertion::IdentityArgs;
use crate::folders::SystemDir;
use crate::many;
use crate::parked::Park;
use crate::render::{Failure, Screen, USAGE, card, certificate_json, deprecation, show_outcome};
use crate::renewals;

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
    /// A parameter of the check, such as `applicant=<resident id>`; repeat for each. A day is
    /// `day=2024-03-01`, a period of months `period=2024-01/2025-12`, a number `least=12`, a region
    /// `district=330106`, a word `kind=basic`; `zerotrip catalog list` says what each can be.
    /// `applicant=@FILE` takes the value out of a file, `applicant=@-` from standard input:
    /// the command line can be read by others on this machine (`ps`), and stays in the shell's
    /// history.
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Staff code of the official on whose behalf this is asked.
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

/// A question about one person, or about many.
#[derive(Args)]
pub(super) struct Checking {
    #[command(flatten)]
    asking: Asking,
    /// A file with the persons to ask about instead of `--param applicant`, one resident id a line:
    /// up to 10,000 are asked about in one exchange, more in several. Prints one line for each
    /// person; needs a grant and approvals for requests about many.
    #[arg(long, value_name = "FILE")]
    subjects: Option<PathBuf>,
    /// Write the answers to this file, one JSON object a line, as they are verified. Where it is
    /// there already, whoever has an answer in it is not asked about again; who could not be
    /// answered is.
    #[arg(long, value_name = "FILE", requires = "subjects")]
    out: Option<PathBuf>,
    #[command(flatten)]
    identity: IdentityArgs,
    #[command(flatten)]
    park: Park,
}

/// A holder's key out of its file.
pub(super) fn holder_key(file: &Path) -> Result<HolderKey, Failure> {
    HolderKey::read(&files::read_text(file)?).map_err(|error| {
        let at = file.display();
        Failure::new(
            USAGE,
            format!("`{at}` is not a holder's key: {error}"),
            format!("`{at}` 不是持有人的公钥：{error}"),
        )
        .remedy(
            "give the public P-256 key as a JSON Web Key",
            "请提供 JSON Web Key 形式的 P-256 公钥",
        )
    })
}

/// The text is not repeated in errors: it can be a resident id without its name.
fn parameter(text: &str) -> Result<(&str, &str), Failure> {
    text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or_else(
        || {
            Failure::new(
                USAGE,
                "--param: the name or the value is missing",
                "--param：缺少参数名或参数值",
            )
            .remedy(
                "write it as `name=value`, for example `applicant=11010519491231002X`",
                "请写作 `参数名=值`，例如 `applicant=11010519491231002X`",
            )
        },
    )
}

/// The value itself, or the content of the file that it points to. An error never repeats it: it
/// can be a resident id.
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
        return Err(Failure::new(
            USAGE,
            format!("parameter `{name}`: `{text}` does not hold exactly one line"),
            format!("参数 `{name}`：`{text}` 中应恰有一行，实际不是"),
        )
        .remedy("write the value there, and nothing else", "请在其中只写参数的值，不写其他内容"));
    }
    Ok(value.to_owned())
}

impl Asking {
    /// Everything that can be checked before the hub is called.
    pub(super) fn split(self) -> Result<(PathBuf, Errand, CheckQuestion), Failure> {
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
        let question = CheckQuestion { check: self.check, variant: self.variant, parameters };
        Ok((self.system.dir, errand, question.validated().map_err(SessionError::from)?))
    }
}

pub(super) async fn check(checking: Checking, screen: &Screen) -> Result<ExitCode, Failure> {
    let Checking { asking, subjects, out, identity, park } = checking;
    if let Some(subjects) = subjects {
        let (dir, errand, question) = asking.split()?;
        return many::check(&dir, &errand, question, &subjects, out.as_deref(), screen).await;
    }
    let (dir, errand, question) = asking.split()?;
    let assertion = identity.read()?;
    let home = renewals::open_home(&dir, screen)?;
    let mut session = Session::connect(&home).await?;
    let asked = match &assertion {
        Some(assertion) => session.check_identified(&errand, &question, assertion).await,
        None => session.check(&errand, &question).await,
    };
    let until = session.deprecation().cloned();
    // What waits for hours holds no connection.
    drop(session);
    if let Some(code) = park.wait(&dir, (&errand, &question), &asked, screen).await? {
        return Ok(code);
    }
    show_outcome(&asked?, &question, until.as_ref(), screen)
}

pub(super) async fn issue_batch(
    asking: Asking,
    list_and_folder: (&Path, &Path),
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let (dir, errand, question) = asking.split()?;
    many::issue(&dir, &errand, question, list_and_folder, screen).await
}

/// Asks again about everybody who has a certificate on the question.
pub(super) async fn review(
    asking: Asking,
    only_tell: bool,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let (dir, errand, question) = asking.split()?;
    many::review((&dir, &errand, question), only_tell, screen).await
}

/// What a certificate is issued on.
#[derive(Clone, Copy)]
pub(super) enum Basis<'a> {
    /// An answer that is asked for.
    Asked(Wanted<'a>),
    /// One that an earlier run about many kept in this file.
    Kept(&'a Path),
}

pub(super) async fn issue(
    asking: Asking,
    out: &Path,
    on: Basis<'_>,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let (dir, errand, question) = asking.split()?;
    new_file::check(out).map_err(SessionError::from)?;
    let home = renewals::open_home(&dir, screen)?;
    let mut session = Session::connect(&home).await?;
    let issue = match on {
        Basis::Asked(wanted) => session.issue_as(wanted, &errand, &question, out).await?,
        Basis::Kept(from) => {
            let (answered, place) = answered_before(from, &session, &errand, &question)?;
            let one = (&answered, place);
            session.issue_one_of_many(&errand, &question, one, out).await?
        }
    };
    match issue {
        Issue::NotIssued(outcome) => {
            screen.note(screen.pick("no certificate was issued", "未签发证明"));
            show_outcome(&outcome, &question, session.deprecation(), screen)
        }
        Issue::Issued(issued) => {
            let file = out.display().to_string();
            let head = format!("{} {file}", screen.pick("issued and recorded:", "已签发并登记："));
            let text = format!("{head}\n{}", card(&issued.certificate, screen));
            let mut value = certificate_json(&issued.certificate);
            if let Some(members) = value.as_object_mut() {
                members.insert("outcome".to_owned(), "issued".into());
                members.insert("file".to_owned(), file.into());
                members.insert("record_index".to_owned(), issued.record_index.into());
                members.insert("policies".to_owned(), issued.certificate.policies.clone().into());
            }
            deprecation::insert(session.deprecation(), &mut value);
            screen.show(&text, &value)?;
            deprecation::note(session.deprecation(), &question.check, screen);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The person's answer in what an earlier run about many kept, and its place there.
fn answered_before(
    from: &Path,
    session: &Session,
    errand: &Errand,
    question: &CheckQuestion,
) -> Result<(AnsweredMany, usize), Failure> {
    let mut shared = question.clone();
    let at = shared.parameters.iter().position(|(name, _)| name == APPLICANT);
    let Some((_, subject)) = at.map(|at| shared.parameters.remove(at)) else {
        return Err(Failure::new(USAGE, "--from: the person is not named", "--from：未指明当事人")
            .remedy(
                "give `--param applicant=<resident id>`",
                "请填写 `--param applicant=<公民身份号码>`",
            ));
    };
    let many = ManyQuestion { question: shared, subjects: Vec::new() };
    many::last_about(from, &subject, |kept| session.kept_many(kept, errand, &many))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn remedy_zh(failure: &Failure) -> &str {
        failure.said.remedy.as_ref().map_or("", |remedy| remedy.zh.as_str())
    }

    #[test]
    fn a_parameter_without_its_name_is_not_repeated() {
        assert_eq!(parameter("applicant=1=2").unwrap(), ("applicant", "1=2"));
        for text in ["11010519491231002X", "=11010519491231002X", "11010519491231002X="] {
            let failure = parameter(text).unwrap_err();
            assert!(failure.exit == USAGE && remedy_zh(&failure).contains("请写作"), "{failure:?}");
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
            assert!(!failure.said.what.en.contains("1101"), "{failure:?}");
        }
    }
}
