//! Words for people: results on standard output, progress and errors on standard error, in one of
//! two languages.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::Failure;

/// A language of the screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// English.
    En,
    /// 中文
    Zh,
}

impl Language {
    /// The first of LC_ALL, LC_MESSAGES and LANG that says anything.
    pub(crate) fn from_environment() -> Self {
        let said = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|text| !text.is_empty());
        Self::from_locale(said.as_deref().unwrap_or_default())
    }

    fn from_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Zh } else { Self::En }
    }
}

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) json: bool,
    pub(crate) language: Language,
}

impl Screen {
    /// The text in the screen's language.
    pub(crate) fn pick<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        if self.language == Language::Zh { zh } else { en }
    }

    /// A result: text for people, or one JSON object.
    pub(crate) fn show(&self, text: &str, value: &Value) -> Result<(), Failure> {
        let line = if self.json { value.to_string() } else { text.to_owned() };
        match writeln!(std::io::stdout(), "{line}") {
            // The reader has closed the pipe and wants no more: what was done or answered stays
            // so, and the exit code says it.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(|error| Failure::usage(&error, "无法输出")),
        }
    }

    /// Progress, for people only.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            // If standard error is gone, nothing can be shown.
            let _gone = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// A failure, with its remedy apart, and its exit code.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        // If standard error is gone, the exit code still says it.
        let _gone = writeln!(std::io::stderr(), "{}", self.failure(failure));
        ExitCode::from(failure.exit)
    }

    fn failure(&self, failure: &Failure) -> String {
        let what = self.pick(&failure.said.what.en, &failure.said.what.zh);
        let remedy = failure.said.remedy.as_ref().map(|text| self.pick(&text.en, &text.zh));
        if self.json {
            let value = json!({ "error": what, "remedy": remedy, "exit_code": failure.exit });
            return value.to_string();
        }
        match remedy {
            Some(remedy) => format!("zerotrip: {what}\n{}", self.remedy(remedy)),
            None => format!("zerotrip: {what}"),
        }
    }

    /// A remedy, as a separate line.
    pub(crate) fn remedy(&self, remedy: &str) -> String {
        format!("  {}{remedy}", self.pick("remedy: ", "处理办法："))
    }

    /// A moment, in the machine's own time zone.
    pub(crate) fn time(&self, time: SystemTime) -> String {
        chrono::DateTime::<chrono::Local>::from(time).format("%Y-%m-%d %H:%M:%S %:z").to_string()
    }
}

/// A moment for machines: RFC 3339, UTC.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    chrono::DateTime::<chrono::Utc>::from(time).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_decides_the_language() {
        assert_eq!(Language::from_locale("zh_CN.UTF-8"), Language::Zh);
        assert_eq!(Language::from_locale("C.UTF-8"), Language::En);
        assert_eq!(Language::from_locale(""), Language::En);
    }

    #[test]
    fn a_remedy_has_a_line_and_a_key_of_its_own() {
        let failure = Failure::new(2, "no member `a`", "没有单位 `a`").remedy("list", "请查看");
        let said = |json, language, failure: &Failure| Screen { json, language }.failure(failure);
        assert_eq!(said(false, Language::En, &failure), "zerotrip: no member `a`\n  remedy: list");
        assert_eq!(
            said(false, Language::Zh, &failure),
            "zerotrip: 没有单位 `a`\n  处理办法：请查看"
        );
        assert_eq!(
            said(true, Language::En, &failure),
            json!({ "error": "no member `a`", "remedy": "list", "exit_code": 2 }).to_string()
        );
        let bare = Failure::new(2, "no", "否");
        assert_eq!(said(false, Language::En, &bare), "zerotrip: no");
        assert_eq!(
            said(true, Language::Zh, &bare),
            json!({ "error": "否", "remedy": Value::Null, "exit_code": 2 }).to_string()
        );
    }
}
