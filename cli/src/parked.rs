//! `parked`, and `check --park`: questions that wait for what time alone ends.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zerotrip_client::parking::{
    Answered, Held, LONGEST, Last, Parked, Parking, ParkingError, SHORTEST, Tried,
};
use zerotrip_client::{CheckQuestion, Errand, Outcome, SessionError};
use zerotrip_text::{Explain as _, shown};

use crate::folders::SystemDir;
use crate::render::{
    DENIED, Failure, Language, NOT_SO, NOT_VERIFIED, Screen, UNAVAILABLE, USAGE, rfc3339,
    show_outcome_with, way_out,
};

/// The longest sleep in one piece: clocks are set meanwhile.
const NAP: Duration = Duration::from_secs(30);
/// The longest that a question is kept: within it, its variant counts as one that was asked.
const MOST: Duration = Duration::from_secs(7 * 86_400);

/// How `check` parks.
#[derive(Args)]
pub(super) struct Park {
    /// Where the answer is unavailable for a reason that time alone ends (a department that is
    /// down, an extract that is late), keep the question in the system's folder and ask it again
    /// until it is answered, or this time has passed: `30m`, `2h`, at most `7d`. `zerotrip parked
    /// run` goes on after a stop.
    #[arg(long, value_name = "TIME", value_parser = most, conflicts_with = "subjects")]
    park: Option<Duration>,
    /// Time until it is asked again, doubled after each try up to 15 minutes: `1s` to `15m`.
    #[arg(long, value_name = "TIME", requires = "park")]
    #[arg(default_value = "30s", value_parser = first)]
    retry_after: Duration,
}

#[derive(Subcommand)]
pub(super) enum ParkedCommand {
    /// List the parked questions, without the persons: since when, until when, why, when next.
    List {
        #[command(flatten)]
        system: SystemDir,
    },
    /// Ask the parked questions that no other process waits for, each when it is due, until all of
    /// them have ended. Prints each end as `check` does; what is answered or told is erased.
    ///
    /// Exit code 0: nothing is left that is not a yes; 1: some are no; 3: some are denied; 4: some
    /// are unavailable still, or wait.
    Run {
        #[command(flatten)]
        system: SystemDir,
        /// Ask what is due now, once, and wait for nothing.
        #[arg(long)]
        once: bool,
    },
    /// Give up a parked question, and erase it: it is asked no more.
    Drop {
        #[command(flatten)]
        system: SystemDir,
        /// As `list` shows it.
        id: String,
    },
}

impl Park {
    /// Parks a question that ended in a code that time alone ends, and waits for its end. `None`
    /// where it is not to be parked.
    pub(super) async fn wait(
        &self,
        system: &std::path::Path,
        (errand, question): (&Errand, &CheckQuestion),
        asked: &Result<Outcome, SessionError>,
        screen: &Screen,
    ) -> Result<Option<ExitCode>, Failure> {
        let Some(last) = self.park.and_then(|_| last(asked)) else { return Ok(None) };
        let now = SystemTime::now();
        let until = now + self.park.unwrap_or_default();
        let mut held =
            Parking::of(system).park((errand, question), (now, until), self.retry_after, last)?;
        tell(&held.parked, screen);
        let tried = held.wait(&mut |parked| waits(parked, screen)).await?;
        end(held, tried, screen).map(|code| Some(ExitCode::from(code)))
    }
}

/// How it ended, where time alone ends that.
fn last(asked: &Result<Outcome, SessionError>) -> Option<Last> {
    match asked {
        Ok(Outcome::Unavailable(none)) if none.code.passes() => {
            Some(Last::new(none.code, &none.dataset, &none.proven.answer().request_id))
        }
        Err(SessionError::Refused(refusal)) if refusal.code.passes() => {
            Some(Last::new(refusal.code, "", ""))
        }
        _ => None,
    }
}

pub(super) async fn parked(command: ParkedCommand, screen: &Screen) -> Result<ExitCode, Failure> {
    match command {
        ParkedCommand::List { system } => list(&Parking::of(&system.dir), screen)?,
        ParkedCommand::Run { system, once } => {
            return run(&Parking::of(&system.dir), once, screen).await;
        }
        ParkedCommand::Drop { system, id } => {
            Parking::of(&system.dir).erase(&id)?;
            let text = screen.pick("dropped, and asked no more", "已撤销，不再重试");
            screen.show(text, &json!({ "dropped": id }))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(parking: &Parking, screen: &Screen) -> Result<(), Failure> {
    let (parked, damaged) = parking.list()?;
    if parked.is_empty() && damaged.is_empty() && !screen.json {
        return screen.show(screen.pick("nothing is parked", "没有挂起的请求"), &Value::Null);
    }
    parked.iter().try_for_each(|one| screen.show(&line(one, screen), &value(one)))?;
    damaged.into_iter().next().map_or(Ok(()), |error| Err(error.into()))
}

async fn run(parking: &Parking, once: bool, screen: &Screen) -> Result<ExitCode, Failure> {
    let (mut worst, mut failed) = (0, None);
    let mut held = Vec::new();
    // Those that another process waits for are that one's to tell.
    let (parked, damaged) = parking.list()?;
    for one in parked {
        held.extend(parking.take(&one.id)?);
    }
    // The others go on.
    for failure in damaged.into_iter().map(Failure::from) {
        worst = worse(worst, failure.exit);
        failed.get_or_insert(failure);
    }
    while !held.is_empty() {
        let mut waiting = Vec::new();
        for mut one in held {
            let before = one.parked.tries;
            match one.try_now(SystemTime::now()).await {
                Ok(Tried::Waits(due)) => {
                    if once || one.parked.tries != before {
                        waits(&one.parked, screen);
                    }
                    waiting.push((due, one));
                }
                Ok(ended) => worst = worse(worst, end(one, ended, screen)?),
                // It stays parked; the others go on.
                Err(error) => {
                    let failure = Failure::from(error);
                    worst = worse(worst, failure.exit);
                    failed.get_or_insert(failure);
                }
            }
        }
        let next = waiting.iter().map(|(due, _)| *due).min();
        held = waiting.into_iter().map(|(_, one)| one).collect();
        if once && !held.is_empty() {
            worst = worse(worst, UNAVAILABLE);
            break;
        }
        let left = next.and_then(|next| next.duration_since(SystemTime::now()).ok());
        tokio::time::sleep(left.unwrap_or_default().min(NAP)).await;
    }
    match failed {
        Some(failure) => Err(Failure { exit: worst, ..failure }),
        None => Ok(ExitCode::from(worst)),
    }
}

/// Tells how it ended, and only then erases it.
fn end(held: Held, tried: Tried, screen: &Screen) -> Result<u8, Failure> {
    let parked = &held.parked;
    let code = match tried {
        Tried::Answered(answered) => {
            let Answered { outcome, deprecation } = *answered;
            let more = Some(("parked", value(parked)));
            show_outcome_with(&outcome, &parked.question, deprecation.as_ref(), more, screen)?
        }
        Tried::Refused(error) => {
            let Failure { exit, said } = Failure::from(*error);
            let at = format!("{}: ", parked.id);
            screen.fail(&Failure::of(exit, said.within(&at, &at)));
            exit
        }
        Tried::Over | Tried::Waits(_) => over(parked, screen)?,
    };
    held.erase()?;
    Ok(code)
}

/// The deadline has passed: how it ended last.
fn over(parked: &Parked, screen: &Screen) -> Result<u8, Failure> {
    let code = parked.last.code();
    let way = code.as_told().way_out();
    let head =
        screen.pick("UNAVAILABLE: not answered by the deadline", "暂不可用：至期限仍未获答复");
    let remedy = screen.remedy(screen.pick(way.clerk.en, way.clerk.zh));
    let mut lines = vec![head.to_owned(), line(parked, screen), remedy];
    lines.extend(way_out::steps(way, screen));
    lines.push(way_out::citizen(way, screen));
    lines.push(screen.pick("  this is not a no", "  这不等于“不符合”").to_owned());
    let value = json!({
        "outcome": "unavailable", "code": code.name(), "dataset": parked.last.dataset,
        "check": asked(parked), "request_id": parked.last.exchange, "retryable": true,
        "text_en": way.what.en, "text_zh": way.what.zh, "remedy_en": way.clerk.en,
        "remedy_zh": way.clerk.zh, "way_out": way_out::value(way), "parked": value(parked),
    });
    screen.show(&lines.join("\n"), &value)?;
    Ok(UNAVAILABLE)
}

fn tell(parked: &Parked, screen: &Screen) {
    let (id, until) = (&parked.id, screen.time(parked.until()));
    let en = format!("parked as {id} until {until}; `zerotrip parked run` goes on after a stop");
    let zh = format!("已挂起，编号 {id}，期限 {until}；中断后可用 `zerotrip parked run` 继续");
    screen.note(screen.pick(&en, &zh));
}

fn waits(parked: &Parked, screen: &Screen) {
    screen.note(&line(parked, screen));
}

fn asked(parked: &Parked) -> String {
    format!("{}/{}", parked.question.check, parked.question.variant)
}

/// Without the person.
fn line(parked: &Parked, screen: &Screen) -> String {
    let last = &parked.last;
    let why = format!("{} {}", last.code().name(), shown(&last.dataset));
    let (id, case) = (&parked.id, shown(&parked.errand.case_number));
    let (tries, until) = (parked.tries, screen.time(parked.until()));
    let next = parked.due().map(|due| screen.time(due));
    let (asked, why) = (shown(&asked(parked)), why.trim_end());
    match (next, screen.language) {
        (Some(next), Language::Zh) => format!(
            "  {id}  {asked}，办件 {case}：{why}；已重试 {tries} 次，下次 {next}，期限 {until}"
        ),
        (Some(next), Language::En) => format!(
            "  {id}  {asked}, case {case}: {why}; {tries} tries, next {next}, until {until}"
        ),
        (None, Language::Zh) => {
            format!("  {id}  {asked}，办件 {case}：{why}；已重试 {tries} 次，期限 {until}")
        }
        (None, Language::En) => {
            format!("  {id}  {asked}, case {case}: {why}; {tries} tries, until {until}")
        }
    }
}

/// Without the person.
fn value(parked: &Parked) -> Value {
    json!({
        "id": parked.id, "check": asked(parked), "case": parked.errand.case_number,
        "parked_at": rfc3339(parked.parked_at()), "until": rfc3339(parked.until()),
        "tries": parked.tries, "next": parked.due().map(rfc3339),
        "code": parked.last.code().name(), "dataset": parked.last.dataset,
        "exchange": parked.last.exchange,
    })
}

/// Of several ends one exit code: what nobody should overlook.
fn worse(one: u8, other: u8) -> u8 {
    let order = [0, NOT_SO, UNAVAILABLE, DENIED, USAGE, NOT_VERIFIED];
    let place = |code: u8| order.iter().position(|known| *known == code).unwrap_or(order.len());
    if place(other) > place(one) { other } else { one }
}

fn most(text: &str) -> Result<Duration, String> {
    let wrong = "write `30m` or `2h`, at most `7d` / 请写作 `30m` 或 `2h`，至多 `7d`";
    between(text, SHORTEST, MOST, wrong)
}

fn first(text: &str) -> Result<Duration, String> {
    between(text, SHORTEST, LONGEST, "write `1s` to `15m` / 请写作 `1s` 至 `15m`")
}

fn between(text: &str, least: Duration, most: Duration, wrong: &str) -> Result<Duration, String> {
    let read = zerotrip_text::duration(text).filter(|read| (least..=most).contains(read));
    read.ok_or_else(|| wrong.to_owned())
}

impl From<ParkingError> for Failure {
    fn from(error: ParkingError) -> Self {
        match error {
            ParkingError::Session(error) => error.into(),
            other => Self::of(USAGE, other.explain()),
        }
    }
}

#[cfg(test)]
mod tests {
    use zerotrip_client::parking::FIRST;

    use super::*;

    #[test]
    fn times_are_read_within_their_bounds() {
        assert_eq!(most("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(first("30s"), Ok(FIRST));
        for text in ["", "2", "8d", "0s", "500ms"] {
            assert!(most(text).is_err(), "{text}");
        }
        assert!(first("16m").is_err() && first("1s").is_ok() && first("15m").is_ok());
    }

    #[test]
    fn of_several_ends_the_one_that_nobody_should_overlook_is_the_exit_code() {
        let worst = |codes: &[u8]| codes.iter().fold(0, |worst, code| worse(worst, *code));
        assert_eq!(worst(&[0, NOT_SO, 0]), NOT_SO);
        assert_eq!(worst(&[UNAVAILABLE, NOT_SO]), UNAVAILABLE);
        assert_eq!(worst(&[DENIED, UNAVAILABLE]), DENIED);
        assert_eq!(worst(&[NOT_VERIFIED, DENIED, 0]), NOT_VERIFIED);
    }
}
