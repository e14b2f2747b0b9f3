//! The pages: one where anybody can have a certificate verified, without script and with nothing
//! kept, and one that says that a presentation has arrived. Chinese and English.

use std::path::Path;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use zerotrip_certificates::{Demand, Judged, NoStatus, NotHolder, TrustRoot, Verdict};
use zerotrip_channel::SystemHome;
use zerotrip_text::{Explain as _, shown as visible};
use zerotrip_trust::digest::sha256;

use crate::http::Reply;
use crate::upload::{Upload, read};
use crate::verifier::judge_with_list;

const STYLE: &str = "html{font:1.25rem/1.6 sans-serif;color:#111;background:#fff}\
body{max-width:44rem;margin:0 auto;padding:1rem}h1{font-size:1.8rem}\
label{display:block;font-weight:bold;margin-top:1.2rem}\
input,textarea{font:inherit;width:100%;box-sizing:border-box}\
textarea{font-family:monospace;font-size:1rem}\
button{font:inherit;margin-top:1.2rem;padding:.6rem 1.6rem;border:2px solid #111;\
background:#064;color:#fff}:focus{outline:4px solid #06c;outline-offset:2px}\
.verdict{border:4px solid #064;padding:.6rem 1rem;font-size:1.5rem}.no{border-color:#a00}\
dt{font-weight:bold;margin-top:.8rem}dd{margin:0;overflow-wrap:anywhere}";

/// A page with this content.
fn page(title: &str, content: &str) -> Reply {
    let html = format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{content}</main></body></html>"
    );
    let hash = STANDARD.encode(sha256(STYLE.as_bytes()));
    Reply::page(html, &format!("style-src 'sha256-{hash}'"))
}

/// A presentation has arrived.
pub(crate) fn shown() -> Reply {
    page(
        "已出示 · Shown",
        "<h1>已出示</h1><p>证明已送达，请回到窗口。</p>\
         <div lang=\"en\"><h1>Shown</h1><p>The certificate has arrived. Please go back to the \
         counter.</p></div>",
    )
}

/// Where a certificate is brought.
pub(crate) fn upload() -> Reply {
    page("核验电子证明 · Verify a certificate", &form())
}

fn form() -> String {
    "<h1>核验电子证明 <span lang=\"en\">· Verify a certificate</span></h1>\
     <p>请选择证明文件，或粘贴其文本，二者选一。内容不会保存。</p>\
     <p lang=\"en\">Choose the certificate's file, or paste its text: one of the two. Nothing is \
     kept.</p>\
     <form method=\"post\" action=\"/verify\" enctype=\"multipart/form-data\">\
     <label for=\"file\">证明文件 <span lang=\"en\">· File</span></label>\
     <input id=\"file\" name=\"file\" type=\"file\">\
     <label for=\"text\">证明文本 <span lang=\"en\">· Text</span></label>\
     <textarea id=\"text\" name=\"text\" rows=\"6\" spellcheck=\"false\" \
     autocomplete=\"off\"></textarea>\
     <button type=\"submit\">核验 <span lang=\"en\">· Verify</span></button></form>"
        .to_owned()
}

/// What an uploaded certificate is good for.
pub(crate) fn verify((home, lists): (&Path, Option<&Path>), boundary: &str, body: &Bytes) -> Reply {
    let again = |zh: &str, en: &str| {
        let said = format!(
            "<p class=\"verdict no\" role=\"status\">{} <span lang=\"en\">· {}</span></p>{}",
            escaped(zh),
            escaped(en),
            form()
        );
        page("核验结果 · Result", &said)
    };
    let text = match read(boundary, body) {
        Upload::One(text) => text,
        Upload::Nothing => return again("没有收到证明", "No certificate was given"),
        Upload::Both => {
            return again("请只提供文件或文本之一", "Give the file or the text, not both");
        }
        Upload::Malformed => return again("所收内容不是文本", "What was given is not text"),
    };
    let now = SystemTime::now();
    let home = SystemHome::load(home).and_then(|home| Ok((home.directory(now)?, home)));
    let (directory, home) = match home {
        Ok(read) => read,
        Err(error) => {
            tracing::error!(%error, "nothing can be verified");
            return again(
                "现在无法核验，请稍后再试；这不说明证明有误",
                "Nothing can be verified at this moment; this says nothing of the certificate",
            );
        }
    };
    let demand = Demand { root: Some(home.ca()), ..Demand::at(now) };
    let root = TrustRoot::Directory(&directory);
    match judge_with_list(text.trim(), root, demand, lists) {
        Ok(judged) => page("核验结果 · Result", &result(&judged)),
        Err(error) => {
            let what = error.explain().what;
            let zh = format!("不是有效的电子证明：{}", visible(&what.zh));
            again(&zh, &format!("NOT GENUINE: {}", visible(&what.en)))
        }
    }
}

fn result(judged: &Judged) -> String {
    let certificate = &judged.certificate;
    let (zh, en) = said(&judged.verdict);
    let class = if judged.verdict == Verdict::Valid { "verdict" } else { "verdict no" };
    let mut page = format!(
        "<h1>核验结果 <span lang=\"en\">· Result</span></h1><p class=\"{class}\" \
         role=\"status\" data-verdict=\"{}\">{} <span lang=\"en\">· {}</span></p><dl>",
        judged.verdict.kind().word(),
        escaped(&zh),
        escaped(&en)
    );
    let mut row = |zh: &str, en: &str, value: &str| {
        page.push_str(&format!(
            "<dt>{} <span lang=\"en\">· {}</span></dt><dd>{}</dd>",
            escaped(zh),
            escaped(en),
            escaped(&visible(value))
        ));
    };
    let both = |text: &zerotrip_text::Bilingual| format!("{} · {}", text.zh, text.en);
    row("名称", "Certificate", &both(&certificate.title));
    row("证明内容", "States", &both(&certificate.statement));
    row("查询范围", "Asked about", &both(&certificate.persons));
    for (name, value) in &certificate.disclosed.claims {
        row("出示", "Shown", &format!("{name}: {value}"));
    }
    if !certificate.disclosed.names_subject() {
        row(
            "注意",
            "Note",
            "未出示当事人，仅凭此件不能证明出示人的任何情况 · It does not show whom it is about",
        );
    }
    row("签发系统", "Sealed by", &certificate.issuer.uri);
    if let Some(serial) = &certificate.serial {
        row("编号", "Number", serial.as_str());
    }
    row("有效期至", "Valid until", &zerotrip_trust::ending::utc(certificate.valid_until));
    if let Some(known) = judged.status {
        row("状态时点", "Status as of", &zerotrip_trust::ending::utc(known.as_of));
    }
    page.push_str("</dl><p><a href=\"/verify\">再核验一份 · Verify another</a></p>");
    page
}

/// A verdict in words: Chinese and English.
fn said(verdict: &Verdict) -> (String, String) {
    let plain = |zh: &str, en: &str| (zh.to_owned(), en.to_owned());
    match verdict {
        Verdict::Valid => plain("有效", "VALID"),
        Verdict::Revoked => plain("已撤销，不可恢复", "REVOKED, for ever"),
        Verdict::Suspended => plain("已暂停，待恢复", "SUSPENDED, until that is lifted"),
        Verdict::Superseded => plain(
            "已被替代：已另发证明，或登记情况其后已有变化",
            "SUPERSEDED by another certificate, or by what was registered later",
        ),
        Verdict::Expired => plain("已过有效期", "EXPIRED"),
        Verdict::NotYetValid => plain("尚未生效", "NOT VALID YET"),
        Verdict::UnknownStatus(NoStatus::NoList) => plain(
            "状态未知：没有签发单位的状态名单，不能确定是否已撤销",
            "UNKNOWN STATUS: without the issuer's list it is not known whether it was revoked",
        ),
        Verdict::UnknownStatus(NoStatus::List(error)) => {
            let what = error.explain().what;
            (
                format!("状态未知：不能确定是否已撤销：{}", visible(&what.zh)),
                format!("UNKNOWN STATUS: {}", visible(&what.en)),
            )
        }
        Verdict::WrongPurpose { .. } => plain("用途不符", "WRONG PURPOSE"),
        Verdict::WrongProfile { .. } => plain("规范不符", "WRONG PROFILE"),
        Verdict::NotHolder(why) => match why {
            NotHolder::Unbound | NotHolder::NoProof => {
                plain("没有持有证明", "NOT THE HOLDER: there is no proof")
            }
            NotHolder::OtherAudience | NotHolder::OtherNonce | NotHolder::NotFresh => {
                plain("持有证明不符", "NOT THE HOLDER: the proof is for another time or place")
            }
        },
    }
}

/// A text as HTML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
