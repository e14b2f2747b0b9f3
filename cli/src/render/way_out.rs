//! The way out of a code, from the one table ([`ErrorCode::way_out`]): who can end it, by which
//! command, whether time does, and what the citizen is told.

use serde_json::{Value, json};
use zerotrip_proto::v1::ErrorCode;
use zerotrip_proto::{Step, WayOut};

use super::screen::{Language, Screen};

/// Who can end it and how, a line each.
pub(crate) fn steps(way: &WayOut, screen: &Screen) -> Vec<String> {
    let time = way.time.words();
    let head = match screen.language {
        Language::Zh => format!("  解决途径（{}）：", time.zh),
        Language::En => format!("  who can end it ({}):", time.en),
    };
    let line = |step: &Step| {
        let who = step.who.words();
        let command = match (step.command, screen.language) {
            ("", _) => String::new(),
            (command, Language::Zh) => format!("：`{command}`"),
            (command, Language::En) => format!(": `{command}`"),
        };
        match screen.language {
            Language::Zh => format!("    {}：{}{command}", who.zh, step.deed.zh),
            Language::En => format!("    {} {}{command}", who.en, step.deed.en),
        }
    };
    std::iter::once(head).chain(way.steps.iter().map(line)).collect()
}

/// What the citizen is told, as a line.
pub(crate) fn citizen(way: &WayOut, screen: &Screen) -> String {
    let told = way.citizen;
    format!(
        "  {}{}",
        screen.pick("tell the person: ", "告知当事人："),
        screen.pick(told.en, told.zh)
    )
}

/// For machines.
pub(crate) fn value(way: &WayOut) -> Value {
    let step = |step: &Step| {
        json!({
            "who": step.who.name(), "deed_en": step.deed.en, "deed_zh": step.deed.zh,
            "command": step.command,
        })
    };
    json!({
        "time": way.time.name(), "steps": way.steps.iter().map(step).collect::<Vec<_>>(),
        "citizen_en": way.citizen.en, "citizen_zh": way.citizen.zh,
    })
}

/// A code by its name, for readers of facts: `UNDATED`.
pub(crate) fn code(text: &str) -> Result<ErrorCode, String> {
    let known = |code: &ErrorCode| code.name() == text && *code != ErrorCode::Unspecified;
    ErrorCode::all().find(known).ok_or_else(|| {
        "no such code; `zerotrip unavailable codes` lists them / 没有该代码，见 `zerotrip \
         unavailable codes`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn a_way_out_names_who_and_how_in_both_languages() {
        let screen = |language| Screen { json: false, language };
        let way = ErrorCode::SourceUnreadable.way_out();
        let said = steps(way, &screen(Language::En)).join("\n");
        assert!(
            said.starts_with("  who can end it (time does not end it):\n    the dataset's owner ")
                && said.ends_with(": `zerotrip-connector adjudicate`"),
            "{said}"
        );
        let said = steps(way, &screen(Language::Zh)).join("\n");
        assert!(said.starts_with("  解决途径（不会自行恢复）：\n    数据提供单位："), "{said}");
        assert_eq!(value(way).get("time").and_then(|time| time.as_str()), Some("never"));
        assert_eq!(code("UNDATED"), Ok(ErrorCode::Undated));
        assert!(code("undated").is_err() && code("ERROR_CODE_UNSPECIFIED").is_err());
    }

    /// The table names commands of this program: each is there, with its options.
    #[test]
    fn every_command_of_the_table_is_there() {
        let mut program = crate::Cli::command();
        program.build();
        let commands = ErrorCode::all().flat_map(|code| code.way_out().steps);
        let commands = commands.chain(zerotrip_proto::NO.steps).map(|step| step.command);
        let mut seen = 0;
        for command in commands.filter(|command| command.starts_with("zerotrip ")) {
            let mut at = &program;
            for word in command.split(' ').skip(1) {
                if let Some(option) = word.strip_prefix("--") {
                    let has = |one: &&clap::Arg| one.get_long() == Some(option);
                    assert!(at.get_arguments().any(|one| has(&one)), "{command}");
                } else if at.has_subcommands() {
                    let found = at.find_subcommand(word);
                    assert!(found.is_some(), "{command}");
                    at = found.unwrap_or(at);
                }
            }
            assert!(!at.has_subcommands(), "{command} is half a command");
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}
