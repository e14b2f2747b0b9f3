//! Asks the no-property check about one person, with the SDK (`zerotrip-client`).
//!
//! ```sh
//! cargo run --example no_property -- zerotrip-data/fund 330108198611122840
//! ```
//!
//! A session shows nothing unproven. It returns an outcome only after it has verified the hub's
//! signature, the request that the answer belongs to, the ledger entry and the signed tree head.

use std::path::Path;
use std::process::ExitCode;

use zerotrip_channel::SystemHome;
use zerotrip_client::{CheckQuestion, Errand, Outcome, Session, SessionError};

/// Connects as the system that joined into `dir`, asks, and returns the verified outcome.
pub async fn ask(dir: &Path, applicant: &str) -> Result<Outcome, SessionError> {
    let home = SystemHome::load(dir)?;
    // Dials the hub, and fetches the signed key directory that answers are verified with.
    let mut session = Session::connect(&home).await?;
    let errand = Errand {
        official: "0471".into(),
        service_item: "rent-withdrawal-330100".into(),
        purpose: "rent-withdrawal".into(),
        legal_basis: "住房公积金管理条例第24条".into(),
        case_number: "HZ-2026-000417".into(),
    };
    let question = CheckQuestion {
        check: "no-property".into(),
        variant: "couple".into(),
        parameters: vec![("applicant".into(), applicant.into())],
    };
    // `validated` refuses a mistyped id here, before the hub is asked.
    session.check(&errand, &question.validated()?).await
}

/// The exit code of the `zerotrip` command for an outcome, and a line to show.
pub fn tell(outcome: &Outcome) -> (u8, String) {
    let (code, said) = match outcome {
        Outcome::Affirmed(_) => (0, "yes".to_owned()),
        Outcome::Negative(no) => {
            let reasons: Vec<&str> = no.reasons.iter().map(|why| why.text_en.as_str()).collect();
            (1, format!("no: {}", reasons.join("; ")))
        }
        Outcome::Denied(denied) => (3, format!("denied: {}", denied.code.name())),
        // Never to be read as a no.
        Outcome::Unavailable(why) => (4, format!("unavailable: {}", why.text_en)),
    };
    let proof = outcome.proven();
    (code, format!("{said}\nproven by entry {} of the ledger", proof.index()))
}

#[tokio::main]
async fn main() -> ExitCode {
    // The process has one TLS stack: rustls on ring.
    zerotrip_trust::tls::install_provider();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dir, applicant] = arguments.as_slice() else {
        eprintln!("no_property: give the folder of a system that joined, and a resident id");
        return ExitCode::from(2);
    };
    match ask(Path::new(dir), applicant).await {
        Ok(outcome) => {
            let (code, text) = tell(&outcome);
            println!("{text}");
            ExitCode::from(code)
        }
        Err(error) => {
            eprintln!("no_property: {error}");
            // What does not verify is not an answer.
            let is_unverified = matches!(error, SessionError::Reply(_) | SessionError::Seen(_));
            ExitCode::from(if is_unverified { 5 } else { 2 })
        }
    }
}
