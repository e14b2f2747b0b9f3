//! `definition validate`: every fault at once.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use zerotrip_checks::definition::{DefinitionError, Fault};
use zerotrip_hub::cases::engine_faults;
use zerotrip_hub::state::DefinitionFolder;

use super::{cases, fault_lines, fault_value};
use crate::render::{Failure, Language, NOT_SO, Screen};

pub(super) async fn validate(dir: &Path, screen: &Screen) -> Result<ExitCode, Failure> {
    let faults = faults(dir).await;
    let value = json!({
        "valid": faults.is_empty(),
        "faults": faults.iter().map(fault_value).collect::<Vec<Value>>(),
    });
    let shown = dir.display();
    let head = match (faults.len(), screen.language) {
        (0, Language::Zh) => format!("`{shown}` 没有错误"),
        (0, Language::En) => format!("`{shown}` has no fault"),
        (count, Language::Zh) => format!("`{shown}` 有 {count} 处错误："),
        (1, Language::En) => format!("`{shown}` has 1 fault:"),
        (count, Language::En) => format!("`{shown}` has {count} faults:"),
    };
    let lines = faults.iter().map(|fault| fault_lines(fault, screen));
    let text: Vec<String> = std::iter::once(head).chain(lines).collect();
    screen.show(&text.join("\n"), &value)?;
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_SO) })
}

/// Everything that is wrong with a folder. What rests on a text that has faults is not looked at:
/// it would only report them again.
async fn faults(dir: &Path) -> Vec<Fault> {
    let folder = match DefinitionFolder::read(dir) {
        Ok(folder) => folder,
        Err(DefinitionError(faults)) => return faults,
    };
    let definition = match folder.definition() {
        Ok(definition) => definition,
        Err(DefinitionError(faults)) => return faults,
    };
    let mut faults = engine_faults(&definition, &folder.origin).await;
    if let Err(DefinitionError(found)) = cases(&folder, &definition) {
        faults.extend(found);
    }
    faults
}
