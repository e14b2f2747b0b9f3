//! `verify`: a certificate as a card that a person at a counter can read.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_certificates::{
    CertificateError, Disclosed, Finding, JwkSet, TrustRoot, VerifiedCertificate,
    verify as verify_certificate,
};
use zerotrip_channel::{SystemHome, files};
use zerotrip_proto::v1::Envelope;
use zerotrip_text::Bilingual;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::x509::{self, pem};

use crate::render::zh;
use crate::render::{Failure, Language, NOT_VERIFIED, Screen, USAGE, rfc3339};

/// How a certificate's file is called until its issuing is recorded and it takes its own name.
const UNFINISHED: &str = "part";

/// A certificate, and whose word on keys is taken.
#[derive(Args)]
pub(super) struct Verifying {
    /// The certificate's file.
    file: PathBuf,
    /// The folder of a system that joined: its kept directory is the trust root.
    #[arg(long, conflicts_with_all = ["directory", "jwks"])]
    dir: Option<PathBuf>,
    /// The authority's signed directory; with --authority and --ca.
    #[arg(long, requires = "authority", requires = "ca", conflicts_with = "jwks")]
    directory: Option<PathBuf>,
    /// The authority's certificate, which the root signed.
    #[arg(long)]
    authority: Option<PathBuf>,
    /// The root certificate.
    #[arg(long)]
    ca: Option<PathBuf>,
    /// The authority's published key set, `jwks.json`: its keys are as of the file's day.
    #[arg(long)]
    jwks: Option<PathBuf>,
}

enum Root {
    Directory(Box<Directory>),
    Keys(JwkSet),
}

pub(super) fn verify(verifying: &Verifying, screen: &Screen) -> Result<ExitCode, Failure> {
    let now = SystemTime::now();
    let root = root(verifying, now)?;
    // What cannot be read ends with 2; whatever is read and is no valid certificate, empty and
    // binary files too, with 5.
    let bytes = files::read(&verifying.file)?;
    let invalid = |why: &dyn Display, zh: &str| {
        let file = verifying.file.display();
        let en = format!("verification failed: `{file}` is not a valid certificate: {why}");
        Failure::new(NOT_VERIFIED, en, format!("验证未通过：`{file}` 不是有效的电子证明：{zh}"))
    };
    let token = String::from_utf8(bytes).map_err(|_| invalid(&"it is not text", "不是文本文件"))?;
    if token.trim().is_empty() {
        return Err(invalid(&"it is empty", "文件为空"));
    }
    let root = match &root {
        Root::Directory(directory) => TrustRoot::Directory(directory),
        Root::Keys(keys) => TrustRoot::Keys(keys),
    };
    let certificate = verify_certificate(&token, root, now);
    let certificate =
        certificate.map_err(|error: CertificateError| invalid(&error, &zh::certificate(&error)))?;
    let (mut text, mut value) = (card(&certificate, screen), certificate_json(&certificate));
    if verifying.file.extension().is_some_and(|ending| ending == UNFINISHED) {
        text.push_str(&format!("\n{}", unfinished(&certificate, screen)));
        if let Some(members) = value.as_object_mut() {
            members.insert("unfinished".to_owned(), true.into());
        }
    }
    screen.show(&text, &value)?;
    Ok(ExitCode::SUCCESS)
}

/// What a crash leaves beside the place of a certificate is sealed, and perhaps recorded.
fn unfinished(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let id = &certificate.evidence.request_id;
    let exchange = match screen.language {
        Language::Zh => format!("（依据交换 {id}）"),
        _ => format!(" (it rests on exchange {id})"),
    };
    match screen.language {
        Language::Zh => format!(
            "警告：文件名以 .part \
             结尾，说明签发没有完成，台账中可能没有这份证明的登记{exchange}：请勿据此办理；\
             经审计确认有登记后方可改名使用，否则请删除并重新签发"
        ),
        _ => format!(
            "WARNING: a file named `.part` is one whose issuing was not finished, and the ledger \
             may hold no record of it{exchange}: do not act on it; rename and use it only once an \
             auditor finds its record in the ledger, else delete it and issue again"
        ),
    }
}

fn root(verifying: &Verifying, now: SystemTime) -> Result<Root, Failure> {
    match verifying {
        Verifying { jwks: Some(path), .. } => {
            let set = JwkSet::parse(&files::read_text(path)?)
                .map_err(|error| Failure::usage(&error, "公钥集有误"))?;
            Ok(Root::Keys(set))
        }
        Verifying {
            directory: Some(directory), authority: Some(authority), ca: Some(ca), ..
        } => Ok(Root::Directory(Box::new(open_directory(directory, authority, ca, now)?))),
        Verifying { dir: Some(dir), .. } => {
            Ok(Root::Directory(Box::new(SystemHome::load(dir)?.directory(now)?)))
        }
        _ => Err(Failure::new(
            USAGE,
            "say whose keys to trust: `--dir` of a joined system, `--directory`, `--authority` \
             and `--ca`, or `--jwks`",
            "请指明信任依据：已接入系统的 `--dir`，或 `--directory`、`--authority` 与 `--ca`，或 \
             `--jwks`",
        )),
    }
}

/// A signed directory out of files, from the root down.
pub(super) fn open_directory(
    directory: &Path,
    authority: &Path,
    ca: &Path,
    now: SystemTime,
) -> Result<Directory, Failure> {
    let certificate = |path: &Path| {
        let text = files::read_text(path)?;
        pem::certificate(&text).map_err(|error| {
            Failure::usage(&format!("`{}`: {error}", path.display()), "证书文件有误")
        })
    };
    let key = x509::authority_key_at(&certificate(authority)?, &certificate(ca)?, now);
    let key =
        key.map_err(|error| Failure::unverified(&format!("`{}`: {error}", authority.display())))?;
    let bytes = files::read(directory)?;
    let envelope = Envelope::decode(bytes.as_slice());
    let envelope = envelope.map_err(|error| {
        Failure::usage(&format!("`{}`: {error}", directory.display()), "密钥目录文件有误")
    })?;
    Directory::open(&envelope, &key, now, 0)
        .map_err(|error| Failure::unverified(&format!("`{}`: {error}", directory.display())))
}

/// The certificate as a card.
pub(super) fn card(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let pick = |text: &Bilingual| screen.pick(&text.en, &text.zh).to_owned();
    let mut lines = vec!["─".repeat(72), format!("  {}", pick(&certificate.title)), "─".repeat(72)];
    let mut line = |en: &str, zh: &str, value: String| {
        lines.push(format!("  {} {value}", screen.pick(en, zh)))
    };
    line("states:", "证明内容：", pick(&certificate.statement));
    line("asked about:", "查询范围：", pick(&certificate.persons));
    for (name, values) in &certificate.scope {
        let label = screen.pick(zh::name_en(name), zh::name(name));
        line("within:", "限于：", format!("{label} {}", values.join(", ")));
    }
    if let Some(moment) = holds_as_of(certificate) {
        line("holds as of:", "结论时点：", moment.to_owned());
    }
    for (name, value) in &certificate.disclosed.claims {
        line(
            "shown:",
            "出示：",
            format!("{} {value}", screen.pick(zh::name_en(name), zh::name(name))),
        );
    }
    let withheld = withheld(&certificate.disclosed, screen);
    if !withheld.is_empty() {
        line("withheld:", "未出示：", withheld.join(screen.pick(", ", "、")));
    }
    if !certificate.disclosed.names_subject() {
        line(
            "WARNING:",
            "警告：",
            screen
                .pick(
                    "it shows nothing of whom it is about: by itself it proves nothing of whoever \
                     presents it; ask for the disclosure",
                    "未出示任何有关当事人的内容：仅凭此件不能证明出示人的任何情况；请要求出示",
                )
                .to_owned(),
        );
    }
    for source in &certificate.sources {
        let coverage = screen.pick(&source.coverage_en, &source.coverage_zh);
        line(
            "source:",
            "数据源：",
            format!(
                "{} ({}) {} {}; {coverage}",
                source.dataset,
                source.owner,
                screen.pick("as of", "数据时点"),
                source.as_of
            ),
        );
    }
    let issuer = &certificate.issuer;
    // Offline only its URI is known.
    let sealed_by = issuer
        .name
        .as_ref()
        .map_or_else(|| issuer.uri.clone(), |name| format!("{} ({})", pick(name), issuer.uri));
    line("sealed by:", "签发单位：", sealed_by);
    if issuer.active == Some(false) {
        line(
            "note:",
            "注意：",
            screen
                .pick(
                    "the issuer is suspended today; it was not when it sealed this",
                    "签发单位现已暂停；签发时有效",
                )
                .to_owned(),
        );
    }
    line("issued:", "签发时间：", screen.time(certificate.issued_at));
    line("valid until:", "有效期至：", screen.time(certificate.valid_until));
    line("seal:", "签章：", screen.pick("verified", "已验证").to_owned());
    line("evidence:", "交换证据：", evidence(certificate, screen));
    lines.push("─".repeat(72));
    lines.join("\n")
}

/// What the certificate could show and this presentation does not.
fn withheld(disclosed: &Disclosed, screen: &Screen) -> Vec<String> {
    let named = disclosed
        .withheld
        .iter()
        .map(|name| screen.pick(zh::name_en(name), zh::name(name)).to_owned());
    let parameters = match (disclosed.withheld_parameters, screen.language) {
        (0, _) => None,
        (count, Language::Zh) => Some(format!("{count} 项查询参数（如申请人）")),
        (1, _) => Some("1 parameter of the question (such as the applicant)".to_owned()),
        (count, _) => Some(format!("{count} parameters of the question (such as the applicant)")),
    };
    parameters.into_iter().chain(named).collect()
}

fn evidence(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let Finding { hub, request_id, answered_at, index, tree_size, directory_issued_at } =
        &certificate.evidence;
    let about = match certificate.disclosed.request {
        true => screen.pick(
            "; the answer is about exactly the person and purpose shown",
            "；答复确系针对所出示的人员与用途",
        ),
        false => screen.pick(
            "; the answer is about exactly what is shown and what is withheld",
            "；答复确系针对所出示及未出示的内容",
        ),
    };
    let answered = screen.time(*answered_at);
    let as_of = match (directory_issued_at, screen.language) {
        (Some(time), Language::Zh) => format!("密钥目录时点 {}", screen.time(*time)),
        (Some(time), _) => format!("keys as of the directory of {}", screen.time(*time)),
        (None, Language::Zh) => "公钥取自公钥集文件".to_owned(),
        (None, _) => "keys as of the key set's file".to_owned(),
    };
    match screen.language {
        Language::Zh => format!(
            "{hub} 于 {answered} 签名答复（交换编号 {request_id}），存证台账第 {index} 条（树大小 \
             {tree_size}）已验证；{as_of}{about}"
        ),
        _ => format!(
            "signed by {hub} at {answered} (exchange {request_id}); in its ledger as entry \
             {index} of a signed tree of {tree_size}; {as_of}{about}"
        ),
    }
}

/// The one moment that it is about: the earliest at which a source was read.
fn holds_as_of(certificate: &VerifiedCertificate) -> Option<&str> {
    let times = certificate.sources.iter().map(|source| source.as_of.as_str());
    times
        .filter_map(|text| Some((chrono::DateTime::parse_from_rfc3339(text).ok()?, text)))
        .min()
        .map(|(_, text)| text)
}

/// The certificate for machines.
pub(super) fn certificate_json(certificate: &VerifiedCertificate) -> Value {
    let both = |text: &Bilingual| json!({ "en": text.en, "zh": text.zh });
    let Finding { hub, request_id, answered_at, index, tree_size, directory_issued_at } =
        &certificate.evidence;
    let evidence = json!({
        "checked": true, "hub": hub, "request_id": request_id, "answered_at": rfc3339(*answered_at), "ledger_index": index,
        "tree_size": tree_size, "directory_issued_at": directory_issued_at.map(rfc3339),
    });
    json!({
        "verified": true,
        "title": both(&certificate.title),
        "check": certificate.check,
        "variant": certificate.variant,
        "vct": certificate.vct,
        "statement": both(&certificate.statement),
        "persons": both(&certificate.persons),
        "scope": certificate.scope,
        "holds_as_of": holds_as_of(certificate),
        "sources": certificate.sources,
        "issuer": { "uri": certificate.issuer.uri, "active": certificate.issuer.active, "key_id": certificate.issuer.key_id },
        "issued_at": rfc3339(certificate.issued_at),
        "valid_from": rfc3339(certificate.valid_from),
        "valid_until": rfc3339(certificate.valid_until),
        "disclosed": certificate.disclosed.claims,
        "request_disclosed": certificate.disclosed.request,
        "names_subject": certificate.disclosed.names_subject(),
        "withheld": certificate.disclosed.withheld,
        "withheld_parameters": certificate.disclosed.withheld_parameters,
        "definition_digest": certificate.definition_digest,
        "policies": certificate.policies,
        "evidence": evidence,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use zerotrip_certificates::Issuer;

    use super::*;

    fn certificate(disclosed: Disclosed) -> VerifiedCertificate {
        let text = |en: &str| Bilingual { en: en.into(), zh: "无".into() };
        let (issued_at, uri) =
            (SystemTime::UNIX_EPOCH, "spiffe://c.example/member/fund/system/window".to_owned());
        VerifiedCertificate {
            issuer: Issuer { uri, name: None, active: None, key_id: "k".into() },
            issued_at,
            valid_from: issued_at,
            valid_until: issued_at,
            vct: "v".into(),
            check: "no-property".into(),
            variant: "couple".into(),
            title: text("t"),
            persons: text("p"),
            statement: text("s"),
            scope: [("regions".to_owned(), vec!["330100".to_owned()])].into(),
            sources: Vec::new(),
            definition_digest: String::new(),
            policies: Vec::new(),
            disclosed,
            evidence: Finding {
                hub: "h".into(),
                request_id: "r".into(),
                answered_at: issued_at,
                index: 0,
                tree_size: 1,
                directory_issued_at: None,
            },
        }
    }

    #[test]
    fn a_certificate_that_names_nobody_says_so() {
        let withheld = vec!["case_number".to_owned(), "purpose".into(), "request".into()];
        let bare =
            certificate(Disclosed { withheld, withheld_parameters: 1, ..Disclosed::default() });
        let said = |certificate: &VerifiedCertificate, language| {
            card(certificate, &Screen { json: false, language })
        };
        let (en, zh) = (said(&bare, Language::En), said(&bare, Language::Zh));
        for part in [
            "withheld: 1 parameter of the question (such as the applicant), case, purpose, the \
             signed request",
            "WARNING: it shows nothing of whom it is about",
        ] {
            assert!(en.contains(part), "{part}: {en}");
        }
        for part in [
            "未出示： 1 项查询参数（如申请人）、办件号、用途、签名的请求",
            "警告： 未出示任何有关当事人的内容",
            "限于： 地区 330100",
        ] {
            assert!(zh.contains(part), "{part}: {zh}");
        }
        let value = certificate_json(&bare);
        assert_eq!(
            (value["names_subject"].as_bool(), value["withheld_parameters"].as_u64()),
            (Some(false), Some(1))
        );
        assert_eq!(value["withheld"][2], "request");
        let claims = [("applicant".to_owned(), "X".to_owned())].into();
        let whole = certificate(Disclosed { claims, request: true, ..Disclosed::default() });
        for language in [Language::En, Language::Zh] {
            let card = said(&whole, language);
            assert!(
                !["WARNING", "withheld", "警告", "未出示"].iter().any(|word| card.contains(word)),
                "{card}"
            );
        }
        assert_eq!(certificate_json(&whole)["names_subject"].as_bool(), Some(true));
    }
}
