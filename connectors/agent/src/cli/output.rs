//! What commands print.

use std::io::Write as _;

use serde::Serialize;

/// Why a command ends without a result. Its text is for people.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A result, as text or as one JSON object.
pub(crate) fn say(json: bool, text: &str, value: &impl Serialize) -> Result<(), Failure> {
    let line = if json { serde_json::to_string(value)? } else { text.to_owned() };
    match writeln!(std::io::stdout(), "{line}") {
        // The reader has closed its end. What was done stays done, and the exit code says it.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Asks on standard error, and reads the answer from standard input.
pub(crate) fn confirmed(what: &str) -> Result<bool, Failure> {
    eprint!("{what}? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
