//! What an issuing organ does with the certificates that it issued: it finds them, hands them out
//! again, revokes, suspends and lifts, and publishes what became of them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use zerotrip_certificates::status::StatusValue;
use zerotrip_channel::SystemHome;
use zerotrip_client::issued::{
    Due, Entry, Event, Order, Published, Register, RegisterError, Sealer, Search, Stage,
};

use crate::ask::{self, Asking};
use crate::folders::SystemDir;
use crate::render::{Failure, Screen, rfc3339};
use crate::written::write_new;

/// Certificates that are listed, without `--most`.
const LISTED: u32 = 100;

#[derive(Subcommand)]
pub(super) enum CertificatesCommand {
    /// List the certificates that this system issued, the newest first.
    List {
        #[command(flatten)]
        system: SystemDir,
        /// Only those whose number begins so, such as `fund-window-2026-`.
        #[arg(long)]
        serial: Option<String>,
        /// Only those on this exchange.
        #[arg(long)]
        exchange: Option<String>,
        /// Only those that are in this state.
        #[arg(long, value_enum)]
        state: Option<State>,
        /// At most so many.
        #[arg(long, default_value_t = LISTED)]
        #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
        most: u32,
    },
    /// Show one certificate, by its number, with what was ordered of it.
    Show {
        #[command(flatten)]
        system: SystemDir,
        /// Its number.
        serial: String,
        /// Write the certificate to this file, which must not exist: it is handed out again. One
        /// that is revoked, suspended, superseded or over is not: exit code 3.
        #[arg(long)]
        out: Option<PathBuf>,
        /// Write it whatever its state: for the files, and for nobody to rely on.
        #[arg(long, requires = "out")]
        whatever_its_state: bool,
    },
    /// Ask again about everybody who has a certificate in force on a question, and say of each
    /// certificate that is no longer so that it is superseded; publish that at once.
    ///
    /// It is a standing order, and not a part of the errand that a certificate was issued for: it
    /// needs a purpose, a legal basis, a grant and approvals of its own, for requests about many.
    /// Run it as often as these allow. What was true as of a certificate's times stays true. Only a
    /// no supersedes; who cannot be answered keeps the certificate.
    ///
    /// Exit code 0: all are still so. 1: some are not. 4: some could not be answered. 3: denied.
    Review {
        #[command(flatten)]
        asking: Box<Asking>,
        /// Tell which are no longer so, and mark nothing.
        #[arg(long)]
        only_tell: bool,
    },
}

/// What has become of a certificate.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum State {
    Valid,
    Revoked,
    Suspended,
    Superseded,
}

impl State {
    fn value(self) -> StatusValue {
        match self {
            Self::Valid => StatusValue::Valid,
            Self::Revoked => StatusValue::Revoked,
            Self::Suspended => StatusValue::Suspended,
            Self::Superseded => StatusValue::Superseded,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum StatusCommand {
    /// Sign all status lists anew and write them into their folder. Run it twice a day: a list is
    /// good for a day.
    Publish {
        #[command(flatten)]
        system: SystemDir,
        /// Also where what was published last is gone or damaged. Make sure first that the folder
        /// `issued` is the newest: a revocation that it does not know is lifted.
        #[arg(long)]
        anew: bool,
    },
}

/// An order about one certificate.
#[derive(Args)]
pub(super) struct Ordering {
    #[command(flatten)]
    system: SystemDir,
    /// The certificate's number, such as `fund-window-2026-000001`.
    serial: String,
    /// Why; it is kept in the register, and published nowhere.
    #[arg(long)]
    reason: String,
}

pub(super) async fn certificates(
    command: CertificatesCommand,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    match command {
        CertificatesCommand::List { system, serial, exchange, state, most } => {
            let search = Search { serial, exchange, status: state.map(State::value), most };
            let (register, _) = open(&system.dir)?;
            for entry in register.entries(&search)? {
                screen.show(&line(&entry, screen), &entry_json(&entry))?;
            }
        }
        CertificatesCommand::Review { asking, only_tell } => {
            return ask::review(*asking, only_tell, screen).await;
        }
        CertificatesCommand::Show { system, serial, out, whatever_its_state } => {
            let (register, _) = open(&system.dir)?;
            let entry = register.entry(&serial)?;
            let events = register.events(&serial)?;
            if let Some(out) = &out {
                if !whatever_its_state {
                    counts(&entry, SystemTime::now())?;
                }
                hand_out(&entry, out)?;
            }
            let lines: Vec<String> = [line(&entry, screen)]
                .into_iter()
                .chain(details(&entry, screen))
                .chain(events.iter().map(|event| event_line(event, screen)))
                .collect();
            let mut value = entry_json(&entry);
            if let Some(members) = value.as_object_mut() {
                let one = |event: &Event| {
                    json!({
                        "at": rfc3339(event.at), "what": event.what, "reason": event.reason,
                    })
                };
                members.insert("events".to_owned(), events.iter().map(one).collect());
                members.insert("token".to_owned(), entry.token.clone().into());
            }
            screen.show(&lines.join("\n"), &value)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn status(command: StatusCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    let StatusCommand::Publish { system, anew } = command;
    let (mut register, home) = open(&system.dir)?;
    let due = if anew { Due::Anew } else { Due::All };
    for list in publish(&mut register, &home, due)? {
        let text = format!(
            "{} {} {} {}",
            screen.pick("published:", "已公布："),
            list.uri,
            screen.pick("good until", "有效至"),
            screen.time(list.until)
        );
        let value = json!({
            "uri": list.uri, "file": list.file.display().to_string(),
            "until": rfc3339(list.until),
        });
        screen.show(&text, &value)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Carries an order out, and publishes it at once.
pub(super) fn order(
    ordering: &Ordering,
    order: &Order,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let (mut register, home) = open(&ordering.system.dir)?;
    let Ordering { serial, reason, .. } = ordering;
    let done = register.order(serial, order, reason, SystemTime::now())?;
    // It holds already: what fails from here on is made up for by publishing alone.
    publish(&mut register, &home, Due::Needed).map_err(|failure| Failure {
        said: failure.said.within(
            &format!("the order about `{serial}` is kept, and not published yet: "),
            &format!("对 `{serial}` 的指令已登记，但尚未公布："),
        ),
        ..failure
    })?;
    let entry = register.entry(serial)?;
    let mut text = line(&entry, screen);
    if !done.changed {
        text.push_str(screen.pick("  (it was so already)", "（此前已是如此）"));
    }
    let mut value = entry_json(&entry);
    if let Some(members) = value.as_object_mut() {
        members.insert("changed".to_owned(), done.changed.into());
    }
    screen.show(&text, &value)?;
    Ok(ExitCode::SUCCESS)
}

fn open(dir: &Path) -> Result<(Register, SystemHome), Failure> {
    let home = SystemHome::load(dir)?;
    let register = Register::open(&home)?.ok_or(RegisterError::NoSettings)?;
    Ok((register, home))
}

fn publish(
    register: &mut Register,
    home: &SystemHome,
    due: Due,
) -> Result<Vec<Published>, Failure> {
    Ok(register.publish(&Sealer::load(home)?, SystemTime::now(), due)?)
}

/// Refuses one that does not count, or counts no more.
fn counts(entry: &Entry, now: SystemTime) -> Result<(), RegisterError> {
    let serial = entry.serial.clone();
    match (entry.status, entry.valid_until) {
        (StatusValue::Valid, Some(until)) if now < until => Ok(()),
        (StatusValue::Valid, Some(_)) => Err(RegisterError::Ended(serial)),
        (StatusValue::Valid, None) => Err(RegisterError::NotIssued(serial)),
        (status, _) => Err(RegisterError::NotInForce { serial, status }),
    }
}

fn hand_out(entry: &Entry, out: &Path) -> Result<(), Failure> {
    let token = match (&entry.token, entry.stage) {
        (Some(token), Stage::Recorded) => token,
        _ => return Err(RegisterError::NotIssued(entry.serial.clone()).into()),
    };
    write_new(out, token.as_bytes(), ("certificate", "证明"))
}

fn line(entry: &Entry, screen: &Screen) -> String {
    let stage = match entry.stage {
        Stage::Recorded => String::new(),
        stage => {
            let (en, zh) = stage_names(stage);
            format!("  [{}]", screen.pick(en, zh))
        }
    };
    let published = match entry.unpublished {
        true => screen.pick("  [not published yet]", "  [尚未公布]"),
        false => "",
    };
    let state = screen.pick(entry.status.word(), entry.status.zh());
    format!("{}  {state}  {}{stage}{published}", entry.serial, entry.question)
}

fn details(entry: &Entry, screen: &Screen) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = |en: &str, zh: &str, value: String| {
        lines.push(format!("  {} {value}", screen.pick(en, zh)));
    };
    line("exchange:", "交换编号：", entry.exchange.clone());
    line("profile:", "规范：", entry.profile.to_string());
    if let Some(at) = entry.issued_at {
        line("issued:", "签发时间：", screen.time(at));
    }
    if let Some(until) = entry.valid_until {
        line("valid until:", "有效期至：", screen.time(until));
    }
    if let Some(index) = entry.record_index {
        line("ledger entry:", "台账条目：", index.to_string());
    }
    if entry.copies > 1 {
        line("copies:", "副本数：", entry.copies.to_string());
    }
    let place = &entry.reference;
    line("status list:", "状态名单：", format!("{} #{}", place.uri, place.place));
    lines
}

fn event_line(event: &Event, screen: &Screen) -> String {
    format!("  {}  {}: {}", screen.time(event.at), event.what, zerotrip_text::shown(&event.reason))
}

fn stage_names(stage: Stage) -> (&'static str, &'static str) {
    match stage {
        Stage::Reserved => ("not sealed", "未签章"),
        Stage::Sealed => ("not known to be recorded", "是否登记未知"),
        Stage::Recorded => ("recorded", "已登记"),
        Stage::GivenUp => ("given up", "已放弃"),
    }
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "serial": entry.serial,
        "state": entry.status.word(),
        "stage": match entry.stage {
            Stage::Reserved => "reserved",
            Stage::Sealed => "sealed",
            Stage::Recorded => "recorded",
            Stage::GivenUp => "given-up",
        },
        "copies": entry.copies,
        "published": !entry.unpublished,
        "exchange": entry.exchange,
        "place": entry.subject,
        "question": entry.question,
        "profile": entry.profile.name(),
        "issued_at": entry.issued_at.map(rfc3339),
        "valid_until": entry.valid_until.map(rfc3339),
        "record_index": entry.record_index,
        "status_list": { "uri": entry.reference.uri, "idx": entry.reference.place },
    })
}
