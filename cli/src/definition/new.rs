//! `definition new`: a small check that is whole, to begin with.

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use zerotrip_checks::definition::Definition;
use zerotrip_hub::state::DefinitionFolder;

use crate::render::{Failure, Language, Screen, USAGE};

/// The files, by their places in the folder. `@NAME@` is the check's name.
const FILES: [(&str, &str); 4] = [
    ("check.toml", include_str!("scaffold/check.toml")),
    ("reasons.toml", include_str!("scaffold/reasons.toml")),
    ("verdict.sql", include_str!("scaffold/verdict.sql")),
    ("cases/first.toml", include_str!("scaffold/first.toml")),
];

pub(super) fn new(dir: &Path, screen: &Screen) -> Result<ExitCode, Failure> {
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let failed = |error: io::Error| {
        let shown = dir.display();
        Failure::new(
            USAGE,
            format!("`{shown}` cannot be made: {error}"),
            format!("无法创建 `{shown}`：{error}"),
        )
        .remedy(
            "name a folder that does not exist, in one that does",
            "请指定一个尚不存在的目录，其上级目录须已存在",
        )
    };
    // Made first: of two that make the same folder, one fails.
    fs::create_dir(dir).map_err(failed)?;
    fs::create_dir(dir.join("cases")).map_err(failed)?;
    for (place, text) in FILES {
        fs::write(dir.join(place), text.replace("@NAME@", name)).map_err(failed)?;
    }
    let read = DefinitionFolder::read(dir).and_then(|folder| folder.definition());
    let Definition { name, .. } = read.map_err(|error| {
        // Only the name can be wrong.
        let _left = fs::remove_dir_all(dir);
        Failure::usage(&error, "名称不符合要求")
    })?;
    let shown = dir.display();
    let text = match screen.language {
        Language::Zh => format!(
            "已创建 `{shown}`，其中定义了核验事项 `{name}`；修改后请运行 \
             `zerotrip definition validate {shown}` 与 `zerotrip definition test {shown}`"
        ),
        Language::En => format!(
            "made `{shown}`, which defines the check `{name}`; change it, and run `zerotrip \
             definition validate {shown}` and `zerotrip definition test {shown}`"
        ),
    };
    screen.show(&text, &json!({ "folder": dir, "check": name }))?;
    Ok(ExitCode::SUCCESS)
}
