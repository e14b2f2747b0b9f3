//! `certificates review`: asks again about everybody who has a certificate in force, for a purpose
//! of its own, and says of each certificate that is no longer so that it is superseded.
//!
//! What was true as of a certificate's times stays true; from the review on nobody is to rely on
//! it. Only a *no* supersedes: who could not be answered keeps the certificate, and is counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::json;
use zerotrip_client::issued::{Due, Order, Register, RegisterError, Sealer};
use zerotrip_client::reply::{AnsweredMany, ManyOutcome, SubjectOutcome};
use zerotrip_client::{CheckQuestion, Errand, Session};

use super::ask_all;
use crate::render::{DENIED, Failure, NOT_SO, Screen, UNAVAILABLE};
use crate::renewals;

/// Codes of a no that are kept with the order.
const TOLD: usize = 3;

/// What came of a review, certificate by certificate.
#[derive(Default)]
struct Reviewed {
    /// The numbers of those that are in force, by whom they are about.
    waiting: BTreeMap<String, Vec<String>>,
    still_so: usize,
    superseded: usize,
    /// That another run superseded, or an order revoked, while this one asked.
    gone: usize,
    unanswered: usize,
    denied: usize,
}

/// Reviews every certificate on this question. `only_tell`: marks nothing.
pub(crate) async fn review(
    (dir, errand, question): (&Path, &Errand, CheckQuestion),
    only_tell: bool,
    screen: &Screen,
) -> Result<ExitCode, Failure> {
    let home = renewals::open_home(dir, screen)?;
    let mut register = Register::open(&home)?.ok_or(RegisterError::NoSettings)?;
    let sealer = Sealer::load(&home)?;
    let mut reviewed = Reviewed::default();
    let session = Session::connect(&home).await?;
    let question = session.in_form(&question, true).await?;
    for one in session.in_force_on(&register, &question, SystemTime::now())? {
        reviewed.waiting.entry(one.subject).or_default().push(one.entry.serial);
    }
    drop(session);
    let persons: Vec<String> = reviewed.waiting.keys().cloned().collect();
    let asked = (errand, &question, persons.len());
    ask_all(&home, asked, &persons, screen, async |_, outcome, batch| {
        match outcome {
            ManyOutcome::Answered(answered) => {
                let order = (!only_tell).then_some(&mut register);
                reviewed.answered(answered, order, screen)?;
            }
            ManyOutcome::Unavailable(_) => reviewed.unanswered += reviewed.of(batch),
            // Nobody behind them is asked about either.
            ManyOutcome::Denied(_) => reviewed.denied += reviewed.rest(),
        }
        if !only_tell {
            // Whoever looks a status up sees it before the next are asked about.
            register.publish(&sealer, SystemTime::now(), Due::Needed)?;
        }
        Ok(())
    })
    .await?;
    reviewed.summary(only_tell, screen)
}

impl Reviewed {
    fn of(&self, batch: &[String]) -> usize {
        batch.iter().filter_map(|subject| self.waiting.get(subject)).map(Vec::len).sum()
    }

    /// All that nothing is known of yet.
    fn rest(&self) -> usize {
        let all: usize = self.waiting.values().map(Vec::len).sum();
        all - (self.still_so + self.superseded + self.gone + self.unanswered + self.denied)
    }

    /// Supersedes the certificates of each person whose answer is a no.
    fn answered(
        &mut self,
        answered: &AnsweredMany,
        mut register: Option<&mut Register>,
        screen: &Screen,
    ) -> Result<(), Failure> {
        let exchange = answered.proven.answer().request_id.as_str();
        for one in &answered.subjects {
            let serials = self.waiting.get(&one.subject).map_or(&[][..], Vec::as_slice);
            let reasons = match &one.outcome {
                SubjectOutcome::Affirmed { .. } => {
                    self.still_so += serials.len();
                    continue;
                }
                SubjectOutcome::Unavailable { .. } => {
                    self.unanswered += serials.len();
                    continue;
                }
                SubjectOutcome::Negative { reasons } => reasons,
            };
            let codes: Vec<&str> =
                reasons.iter().take(TOLD).map(|reason| reason.code.as_str()).collect();
            let why = format!("no longer so, by exchange {exchange}: {}", codes.join(", "));
            let in_chinese = format!("已不符合，依据交换 {exchange}：{}", codes.join("、"));
            for serial in serials {
                if let Some(register) = &mut register {
                    let now = SystemTime::now();
                    let done = register.order(serial, &Order::Supersede(None), &why, now)?;
                    if !done.changed {
                        self.gone += 1;
                        continue;
                    }
                }
                self.superseded += 1;
                let said = screen.pick(why.as_str(), in_chinese.as_str());
                let value = json!({
                    "serial": serial, "still_so": false, "codes": codes, "exchange": exchange,
                });
                screen.show(&format!("{serial}  {said}"), &value)?;
            }
        }
        Ok(())
    }

    fn summary(&self, only_tell: bool, screen: &Screen) -> Result<ExitCode, Failure> {
        let Self { still_so, superseded, gone, unanswered, denied, .. } = self;
        let (marked, marked_zh) = match only_tell {
            true => ("no longer so, not marked", "已不符合（未标记）"),
            false => ("superseded", "已标记为被替代"),
        };
        let (ended, ended_zh) = match gone {
            0 => (String::new(), String::new()),
            gone => (format!(", {gone} ended meanwhile"), format!("，其间已失效 {gone}")),
        };
        let en = format!(
            "{still_so} still so, {superseded} {marked}, {unanswered} not answered, {denied} \
             denied{ended}"
        );
        let zh = format!(
            "仍符合 {still_so}，{marked_zh} {superseded}，未能核验 {unanswered}，不予受理 \
             {denied}{ended_zh}"
        );
        screen.show(
            screen.pick(&en, &zh),
            &json!({
                "still_so": still_so, "superseded": superseded, "ended": gone,
                "unanswered": unanswered, "denied": denied, "marked": !only_tell,
            }),
        )?;
        Ok(ExitCode::from(match (denied, unanswered, superseded) {
            (1.., ..) => DENIED,
            (0, 1.., _) => UNAVAILABLE,
            (0, 0, 1..) => NOT_SO,
            (0, 0, 0) => 0,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reviewed() -> Reviewed {
        let of = |name: &str, serials: &[&str]| {
            (name.to_owned(), serials.iter().map(|serial| (*serial).to_owned()).collect())
        };
        let waiting = [of("a", &["1", "2"]), of("b", &["3"]), of("c", &["4", "5", "6"])];
        Reviewed { waiting: waiting.into_iter().collect(), ..Reviewed::default() }
    }

    #[test]
    fn a_denial_counts_for_everybody_who_is_not_asked_about_any_more() {
        let mut reviewed = reviewed();
        assert_eq!((reviewed.of(&["a".into(), "c".into(), "x".into()]), reviewed.rest()), (5, 6));
        (reviewed.still_so, reviewed.gone) = (1, 1);
        assert_eq!(reviewed.rest(), 4);
        reviewed.denied += reviewed.rest();
        assert_eq!((reviewed.denied, reviewed.rest()), (4, 0));
    }
}
