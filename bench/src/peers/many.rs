//! One exchange about many subjects, over the same tables.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use zerotrip_channel::SystemHome;
use zerotrip_client::reply::{ManyOutcome, SubjectOutcome};
use zerotrip_client::{CheckQuestion, ManyQuestion, Session};
use zerotrip_datasets::ResidentId;
use zerotrip_tests::city::{Outcome, Variant};
use zerotrip_tests::deployment::{FUND, Failure, fail};

use super::setup::Site;
use crate::load::errand;

/// Exchanges, of which the median counts. One more before them is not counted.
const RUNS: usize = 3;

/// What one exchange took.
#[derive(Clone, Debug)]
pub struct Many {
    /// Persons who were asked about.
    pub subjects: usize,
    /// From the request to the verified outcomes.
    pub taken: Duration,
    /// Outcomes that differ from the key's.
    pub wrong: usize,
}

/// Has owners and authority allow questions about many, and asks.
pub fn measure(site: &Site, subjects: &[ResidentId], runtime: &Runtime) -> Result<Many, Failure> {
    site.town.allow_many()?;
    let question = ManyQuestion {
        question: CheckQuestion {
            check: "no-property".into(),
            variant: Variant::Family.name().into(),
            parameters: Vec::new(),
        },
        subjects: subjects.iter().map(|id| id.as_str().to_owned()).collect(),
    };
    let home = SystemHome::load(&site.town.folder.join(FUND))?;
    let expected: BTreeMap<&str, Outcome> = subjects
        .iter()
        .filter_map(|id| Some((id.as_str(), site.city.key.get(&(*id, Variant::Family))?.outcome)))
        .collect();
    let (mut times, mut wrong) = (Vec::new(), 0);
    for _ in 0..=RUNS {
        let mut session = runtime.block_on(Session::connect(&home))?;
        let begun = Instant::now();
        let outcome = runtime.block_on(session.check_many(&errand(), &question))?;
        times.push(begun.elapsed());
        let ManyOutcome::Answered(answered) = outcome else {
            return fail(format!("one exchange about many: {outcome:?}"));
        };
        wrong += answered
            .subjects
            .iter()
            .filter(|subject| {
                !matches!(
                    (&subject.outcome, expected.get(subject.subject.as_str())),
                    (SubjectOutcome::Affirmed { .. }, Some(Outcome::True))
                        | (SubjectOutcome::Negative { .. }, Some(Outcome::False))
                        | (SubjectOutcome::Unavailable { .. }, Some(Outcome::Unavailable))
                )
            })
            .count();
    }
    let mut timed: Vec<Duration> = times.into_iter().skip(1).collect();
    timed.sort_unstable();
    let taken = timed.get(RUNS / 2).copied().unwrap_or_default();
    Ok(Many { subjects: subjects.len(), taken, wrong })
}
