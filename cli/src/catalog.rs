//! `catalog`: what can be asked, and the datasets behind it.

use std::process::ExitCode;
use std::time::SystemTime;

use clap::Subcommand;
use serde_json::{Value, json};
use zerotrip_channel::SystemHome;
use zerotrip_checks::definition::Definition;
use zerotrip_client::{Connection, Session, SessionError, answered};
use zerotrip_proto::v1::coverage::Subjects;
use zerotrip_proto::v1::{CheckEntry, Coverage, DatasetStatement, Envelope, ListDatasetsRequest};
use zerotrip_text::{Bilingual, shown};
use zerotrip_trust::directory::Directory;

use crate::definition::{identified, said};
use crate::folders::SystemDir;
use crate::quality;
use crate::render::{Failure, Language, Screen, name_zh};
use crate::renewals;

#[derive(Subcommand)]
pub(super) enum CatalogCommand {
    /// List the checks and the datasets behind them, with what their departments found wrong with
    /// the data: how many cells of a column, never which.
    List {
        #[command(flatten)]
        system: SystemDir,
    },
    /// Print a check's definition, as its owners reviewed it.
    Show {
        #[command(flatten)]
        system: SystemDir,
        /// The check's name, such as `no-property`.
        name: String,
    },
}

pub(super) async fn catalog(command: CatalogCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        CatalogCommand::List { system } => {
            list(&renewals::open_home(&system.dir, screen)?, screen).await?
        }
        CatalogCommand::Show { system, name } => {
            let connection = Connection::open(&renewals::open_home(&system.dir, screen)?).await?;
            let found = connection.checks_of(&name).await?.into_iter().find(|one| one.name == name);
            let entry = found.ok_or_else(|| SessionError::UnknownCheck {
                check: name.clone(),
                variant: "*".into(),
            })?;
            let digest = hex::encode(&entry.definition_digest);
            screen.show(
                entry.definition.trim_end(),
                &json!({
                    "check": name, "definition_digest": digest, "definition": entry.definition,
                }),
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a version stands, unless it is simply answered.
fn stage(entry: &CheckEntry, screen: &Screen) -> String {
    let (last_day, successor) = (shown(&entry.last_day), shown(&entry.successor));
    let said = match (entry.stage.as_str(), successor.is_empty()) {
        ("draft", _) => ("a draft, not answered yet".into(), "草案，暂不受理".into()),
        ("deprecated", _) => (
            format!("until {last_day}, then `{successor}`"),
            format!("受理至 {last_day}，其后改用 `{successor}`"),
        ),
        ("ended", true) => ("ended".into(), "已停用".into()),
        ("ended", false) => {
            (format!("ended, ask `{successor}`"), format!("已停用，请改用 `{successor}`"))
        }
        _ => return String::new(),
    };
    format!("  [{}]", screen.pick(&said.0, &said.1))
}

async fn list(home: &SystemHome, screen: &Screen) -> Result<(), Failure> {
    let session = Session::connect(home).await?;
    let checks = session.connection().checks().await?;
    let datasets = answered(session.connection().catalog().list_datasets(ListDatasetsRequest {}))
        .await?
        .datasets;
    let mut lines = vec![screen.pick("checks:", "核验事项：").to_owned()];
    let mut check_values = Vec::new();
    for entry in &checks {
        let title = screen.pick(&entry.title_en, &entry.title_zh);
        lines.push(format!(
            "  {}/{}  {title}  ({}){}",
            entry.name,
            entry.variant,
            parameters(&entry.parameters, screen),
            stage(entry, screen)
        ));
        let bounds = bounds(entry);
        let bounds = bounds.iter().map(|said| shown(screen.pick(&said.en, &said.zh)));
        lines.extend(bounds.map(|said| format!("    {said}")));
        check_values.push(json!({
            "check": entry.name, "variant": entry.variant, "title_en": entry.title_en,
            "title_zh": entry.title_zh,
            "parameters": entry.parameters,
            "definition_digest": hex::encode(&entry.definition_digest),
            "stage": entry.stage, "last_day": entry.last_day, "successor": entry.successor,
        }));
    }
    lines.push(screen.pick("datasets:", "数据目录：").to_owned());
    let mut dataset_values = Vec::new();
    for entry in &datasets {
        let Some(statement) =
            entry.statement.as_ref().and_then(|envelope| verified(envelope, session.directory()))
        else {
            lines.push(format!(
                "  {}",
                screen.pick(
                    "(a statement that its owner did not sign: not shown)",
                    "（未经提供单位签名，不予显示）"
                )
            ));
            dataset_values.push(json!({ "verified": false }));
            continue;
        };
        let attached = if entry.attached {
            screen.pick("attached", "在线")
        } else {
            screen.pick("not attached", "离线")
        };
        let quality = entry.quality.as_ref().and_then(|envelope| {
            quality::verified(envelope, entry, &statement, session.directory())
        });
        let coverage = statement.coverage.clone().unwrap_or_default();
        let covers = screen.pick(&coverage.text_en, &coverage.text_zh);
        lines.push(format!(
            "  {}  {}  {attached}  {covers}",
            statement.id,
            screen.pick(&statement.name_en, &statement.name_zh)
        ));
        if !statement.keeps_ended {
            lines.push(
                screen
                    .pick(
                        "    does not keep what has ended, by its owner's statement: beside other \
                         registers it proves no absence",
                        "    提供单位未声明保留已终止的记录：不能与其他登记共同证明“无记录”",
                    )
                    .to_owned(),
            );
        }
        lines.extend(quality.iter().flat_map(|quality| quality::lines(quality, screen)));
        dataset_values.push(json!({
            "dataset": statement.id, "name_en": statement.name_en, "name_zh": statement.name_zh,
            "verified": true,
            "attached": entry.attached, "coverage": covered(&coverage),
            "keeps_ended": statement.keeps_ended,
            "quality": quality.as_ref().map(quality::value),
        }));
    }
    screen.show(&lines.join("\n"), &json!({ "checks": check_values, "datasets": dataset_values }))
}

/// What the parameters beside the person can be, and how the person must have been identified.
fn bounds(entry: &CheckEntry) -> Vec<Bilingual> {
    // A definition that this version does not read is the hub's all the same.
    let Ok(definition) = Definition::parse(&entry.definition, &entry.name) else {
        return Vec::new();
    };
    let others = definition.parameters.iter().filter(|one| !one.declared.is_subject());
    others.map(said).chain(definition.identity.as_ref().map(identified)).collect()
}

/// The names that `--param` takes.
fn parameters(names: &[String], screen: &Screen) -> String {
    let one = |name: &String| match (name_zh(name), screen.language) {
        (word, Language::Zh) if word != name => format!("{name}：{word}"),
        _ => name.clone(),
    };
    names.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// What a dataset knows about, for machines.
fn covered(coverage: &Coverage) -> Value {
    let subjects = match &coverage.subjects {
        Some(Subjects::Everyone(_)) => json!("everyone"),
        Some(Subjects::EveryoneAnywhere(_)) => json!("everyone_anywhere"),
        Some(Subjects::RegisteredIn(dataset)) => json!(format!("registered_in:{dataset}")),
        None => Value::Null,
    };
    json!({
        "text_en": coverage.text_en, "text_zh": coverage.text_zh, "regions": coverage.regions,
        "since": coverage.since, "subjects": subjects,
    })
}

/// An owner's statement, if an approving key of the dataset's own member signed it.
fn verified(envelope: &Envelope, directory: &Directory) -> Option<DatasetStatement> {
    let (statement, holder) =
        directory.open_signed::<DatasetStatement>(envelope, SystemTime::now()).ok()?;
    let owner = directory.owner_of(&statement.id)?;
    (holder.member.as_deref() == Some(owner.id.as_str())).then_some(statement)
}
