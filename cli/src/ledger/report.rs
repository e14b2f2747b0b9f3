//! What an audit found, shown.

use std::process::ExitCode;

use serde_json::json;
use zerotrip_client::audit::AuditReport;
use zerotrip_trust::note::Checkpoint;

use crate::render::{Failure, Language, Screen};

pub(super) fn show(
    head: &Checkpoint,
    report: &AuditReport,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let counts = &report.counts;
    let (yes, no, none, denied, many, recorded) = (
        counts.answered_true,
        counts.answered_false,
        counts.unavailable,
        counts.denied,
        counts.answered_many,
        counts.recorded,
    );
    let mut lines = match screen.language {
        Language::Zh => vec![
            format!("台账 {} 完好：共 {} 条，重算的根与签名一致", head.origin, report.size),
            format!("  其他系统的密封记录 {}（其内容不向本系统公开）", counts.sealed),
            format!(
                "  请求 {}：符合 {yes}，不符合 {no}，暂不可用 {none}，不予受理 {denied}，批量核验 \
                 {many}，证明登记 {recorded}",
                counts.intents
            ),
            format!(
                "  拒收 {}，目录与授权变更 {}，启动时补记 {}",
                counts.refusals, counts.bundles, counts.reconciliations
            ),
            format!("  未完成的请求 {}", report.open_count),
        ],
        _ => vec![
            format!(
                "ledger {} is whole: {} entries lead to the signed root",
                head.origin, report.size
            ),
            format!(
                "  {} sealed entries of other systems (what they say is not opened here)",
                counts.sealed
            ),
            format!(
                "  {} intents: {yes} yes, {no} no, {none} unavailable, {denied} denied, {many} \
                 about many persons, {recorded} certificates recorded",
                counts.intents
            ),
            format!(
                "  {} refusals, {} directories and grants, {} reconciliations",
                counts.refusals, counts.bundles, counts.reconciliations
            ),
            format!(
                "  {} intents without completion (under way, or lost in a crash not yet \
                 reconciled)",
                report.open_count
            ),
        ],
    };
    lines.extend(report.open.iter().map(|id| format!("    {id}")));
    match (report.continues, screen.language) {
        (Some(size), Language::Zh) => lines.push(format!("  延续上次所见的 {size} 条")),
        (Some(size), _) => lines.push(format!("  continues the {size} entries seen before")),
        (None, _) => {}
    }
    let value = json!({
        "origin": head.origin, "root": hex::encode(head.root), "whole": true, "report": report,
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(ExitCode::SUCCESS)
}
