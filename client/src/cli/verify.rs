//! `verify`: a certificate as a card that a person at a counter can read.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use prost::Message as _;
use serde_json::{Value, json};
use zerotrip_certs::certificate::{Finding, JwkSet, TrustRoot, VerifiedCertificate, verify as verify_certificate};
use zerotrip_certs::definition::Bilingual;
use zerotrip_channel::{SystemHome, files};
use zerotrip_proto::v1::Envelope;
use zerotrip_trust::directory::Directory;
use zerotrip_trust::x509::{self, pem};

use super::screen::{Failure, Screen, USAGE, rfc3339};

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
    /// The authority's published key set: the seal is verified, the hub's evidence is not.
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
    // What cannot be read ends with 2; whatever is read and is no valid certificate, empty and binary files too, with 5.
    let bytes = files::read(&verifying.file)?;
    let invalid = |why: &dyn Display| Failure::unverified(&format!("`{}` is not a valid certificate: {why}", verifying.file.display()));
    let token = String::from_utf8(bytes).map_err(|_| invalid(&"it is not text"))?;
    if token.trim().is_empty() {
        return Err(invalid(&"it is empty"));
    }
    let root = match &root {
        Root::Directory(directory) => TrustRoot::Directory(directory),
        Root::Keys(keys) => TrustRoot::Keys(keys),
    };
    let certificate = verify_certificate(&token, root, now).map_err(|error| invalid(&error))?;
    screen.show(&card(&certificate, screen), &certificate_json(&certificate))?;
    Ok(ExitCode::SUCCESS)
}

fn root(verifying: &Verifying, now: SystemTime) -> Result<Root, Failure> {
    match verifying {
        Verifying { jwks: Some(path), .. } => {
            let set = JwkSet::parse(&files::read_text(path)?).map_err(|error| Failure::usage(&error, "公钥集有误"))?;
            Ok(Root::Keys(set))
        }
        Verifying { directory: Some(directory), authority: Some(authority), ca: Some(ca), .. } => {
            Ok(Root::Directory(Box::new(open_directory(directory, authority, ca, now)?)))
        }
        Verifying { dir: Some(dir), .. } => Ok(Root::Directory(Box::new(SystemHome::load(dir)?.directory(now)?))),
        _ => Err(Failure::new(
            USAGE,
            "say whose keys to trust: `--dir` of a joined system, `--directory`, `--authority` and `--ca`, or `--jwks`",
            "请指明信任依据：已接入系统的 `--dir`，或 `--directory`、`--authority` 与 `--ca`，或 `--jwks`",
        )),
    }
}

/// A signed directory out of files, from the root down.
pub(super) fn open_directory(directory: &Path, authority: &Path, ca: &Path, now: SystemTime) -> Result<Directory, Failure> {
    let certificate = |path: &Path| {
        let text = files::read_text(path)?;
        pem::certificate(&text).map_err(|error| Failure::usage(&format!("`{}`: {error}", path.display()), "证书文件有误"))
    };
    let key = x509::authority_key_at(&certificate(authority)?, &certificate(ca)?, now);
    let key = key.map_err(|error| Failure::unverified(&format!("`{}`: {error}", authority.display())))?;
    let bytes = files::read(directory)?;
    let envelope = Envelope::decode(bytes.as_slice());
    let envelope = envelope.map_err(|error| Failure::usage(&format!("`{}`: {error}", directory.display()), "密钥目录文件有误"))?;
    Directory::open(&envelope, &key, now, 0).map_err(|error| Failure::unverified(&format!("`{}`: {error}", directory.display())))
}

/// The certificate as a card.
pub(super) fn card(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let pick = |text: &Bilingual| screen.pick(&text.en, &text.zh).to_owned();
    let mut lines = vec!["─".repeat(72), format!("  {}", pick(&certificate.title)), "─".repeat(72)];
    let mut line = |en: &str, zh: &str, value: String| lines.push(format!("  {} {value}", screen.pick(en, zh)));
    line("states:", "证明内容：", pick(&certificate.statement));
    line("asked about:", "查询范围：", pick(&certificate.persons));
    for (name, values) in &certificate.scope {
        let label = match name.as_str() {
            "region" | "regions" => screen.pick("region", "地区").to_owned(),
            other => other.to_owned(),
        };
        line("within:", "限于：", format!("{label} {}", values.join(", ")));
    }
    for (name, value) in &certificate.disclosed.claims {
        let label = match name.as_str() {
            "applicant" => screen.pick("applicant", "申请人"),
            "purpose" => screen.pick("purpose", "用途"),
            "case_number" => screen.pick("case", "办件号"),
            other => other,
        };
        line("shown:", "出示：", format!("{label} {value}"));
    }
    for source in &certificate.sources {
        let coverage = screen.pick(&source.coverage_en, &source.coverage_zh);
        line(
            "source:",
            "数据源：",
            format!("{} ({}) {} {}; {coverage}", source.dataset, source.owner, screen.pick("as of", "数据时点"), source.as_of),
        );
    }
    let issuer = &certificate.issuer;
    // Offline only its URI is known.
    let sealed_by = issuer.name.as_ref().map_or_else(|| issuer.uri.clone(), |name| format!("{} ({})", pick(name), issuer.uri));
    line("sealed by:", "签发单位：", sealed_by);
    if issuer.active == Some(false) {
        line(
            "note:",
            "注意：",
            screen.pick("the issuer is suspended today; it was not when it sealed this", "签发单位现已暂停；签发时有效").to_owned(),
        );
    }
    line("issued:", "签发时间：", screen.time(certificate.issued_at));
    line("valid until:", "有效期至：", screen.time(certificate.valid_until));
    line("seal:", "签章：", screen.pick("verified", "已验证").to_owned());
    line("evidence:", "交换证据：", evidence(certificate, screen));
    lines.push("─".repeat(72));
    lines.join("\n")
}

fn evidence(certificate: &VerifiedCertificate, screen: &Screen) -> String {
    let Finding::Proven { hub, request_id, answered_at, index, tree_size, directory_issued_at } = &certificate.evidence else {
        return screen.pick("not checked (no directory)", "未核验（无密钥目录）").to_owned();
    };
    let about = match certificate.disclosed.request {
        true => screen.pick("; the answer is about exactly the person and purpose shown", "；答复确系针对所出示的人员与用途"),
        false => screen.pick("; whom the answer is about rests on the issuer's seal", "；答复所针对的人员以签发单位签章为准"),
    };
    let (answered, as_of) = (screen.time(*answered_at), screen.time(*directory_issued_at));
    match screen.pick("en", "zh") {
        "zh" => format!(
            "{hub} 于 {answered} 签名答复（交换编号 {request_id}），存证台账第 {index} 条（树大小 {tree_size}）已验证；密钥目录时点 {as_of}{about}"
        ),
        _ => format!(
            "signed by {hub} at {answered} (exchange {request_id}); in its ledger as entry {index} of a signed tree of {tree_size}; \
             keys as of the directory of {as_of}{about}"
        ),
    }
}

/// The certificate for machines.
pub(super) fn certificate_json(certificate: &VerifiedCertificate) -> Value {
    let both = |text: &Bilingual| json!({ "en": text.en, "zh": text.zh });
    let evidence = match &certificate.evidence {
        Finding::NotChecked => json!({ "checked": false }),
        Finding::Proven { hub, request_id, answered_at, index, tree_size, directory_issued_at } => json!({
            "checked": true, "hub": hub, "request_id": request_id, "answered_at": rfc3339(*answered_at), "ledger_index": index,
            "tree_size": tree_size, "directory_issued_at": rfc3339(*directory_issued_at),
        }),
    };
    json!({
        "verified": true,
        "title": both(&certificate.title),
        "check": certificate.check,
        "variant": certificate.variant,
        "vct": certificate.vct,
        "statement": both(&certificate.statement),
        "persons": both(&certificate.persons),
        "scope": certificate.scope,
        "sources": certificate.sources,
        "issuer": { "uri": certificate.issuer.uri, "active": certificate.issuer.active, "key_id": certificate.issuer.key_id },
        "issued_at": rfc3339(certificate.issued_at),
        "valid_from": rfc3339(certificate.valid_from),
        "valid_until": rfc3339(certificate.valid_until),
        "disclosed": certificate.disclosed.claims,
        "request_disclosed": certificate.disclosed.request,
        "definition_digest": certificate.definition_digest,
        "policies": certificate.policies,
        "evidence": evidence,
    })
}
