//! `join`: making a system's keys where they will be used, and waiting for its admission.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use zerotrip_channel::{files, join as join_hub};
use zerotrip_client::explain;
use zerotrip_proto::v1::KeyUsage;
use zerotrip_trust::invitation::{Invitation, InvitationError};

use crate::render::{Failure, Language, Screen, USAGE};

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
    let invitation: Invitation = text
        .trim()
        .parse()
        .map_err(|error: InvitationError| Failure::of(USAGE, explain::invitation(&error)))?;
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
