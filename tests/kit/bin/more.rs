//! The questions of the tour beside the first ones: one or two of each other check, over fourteen
//! more departments.

use std::time::Duration;

use zerotrip_tests::city::{Spec, imagine};
use zerotrip_tests::deployment::{FUND, Failure, TestDeployment, fail, wait_until};

/// A question of a check, and among which ages somebody is looked for whose answer is yes.
pub struct More {
    pub check: &'static str,
    variant: &'static str,
    title: &'static str,
    ages: (i32, i32),
}

const fn of(
    check: &'static str,
    variant: &'static str,
    title: &'static str,
    ages: (i32, i32),
) -> More {
    More { check, variant, title, ages }
}

pub const MORE: [More; 14] = [
    of("birth-and-parenthood", "parent-18", "Parent of a child under 18", (25, 50)),
    of("business-good-standing", "good-standing", "An enterprise in good standing", (0, 0)),
    of("demobilised-soldier", "veteran", "A demobilised soldier", (25, 80)),
    of("disability-subsidy", "certified", "Holds a disability certificate", (5, 90)),
    of("driving-licence", "licensed", "Holds a driving licence", (25, 65)),
    of("elderly-allowance", "granted", "Is paid the advanced-age allowance", (80, 110)),
    of("graduate-employment", "not-employed", "Graduated, and registered nowhere", (21, 28)),
    of("home-purchase-qualification", "local", "May buy a first home", (20, 60)),
    of("income-tax-months", "declared-12-late", "A year of income tax returns", (25, 55)),
    of("medical-insurance-eligibility", "entitled", "Medical benefits today", (1, 90)),
    of("provident-fund-record", "account", "A provident fund account in use", (25, 55)),
    of("social-insurance-months", "pension-12", "A year of pension insurance", (25, 55)),
    of("social-insurance-months", "medical-12", "A year of medical insurance", (25, 55)),
    of("vessel-certificates", "seven", "Seven valid papers of a vessel", (0, 0)),
];

/// How many people are asked about until one of them has a yes.
const MOST_ASKED: usize = 120;

/// Asks each question about one after the other until somebody has a yes, which is told by `show`:
/// the question, whom it was about, the title, and how many were asked about before.
pub fn run(
    town: &mut TestDeployment,
    spec: &Spec,
    questions: &[&More],
    mut show: impl FnMut(&TestDeployment, &More, &str, &str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if questions.is_empty() {
        return Ok(());
    }
    println!("\nThe other checks, over the registers of more departments:");
    // A row that could be anybody's would leave everybody without an answer.
    let even = Spec { is_odd: false, ..spec.clone() };
    let others = town.join_others(&even, &mut |line| println!("· {line}"))?;
    let city = imagine(spec)?;
    let year: i32 = spec.today.format("%Y").to_string().parse().unwrap_or_default();
    let mut checks: Vec<&str> = questions.iter().map(|question| question.check).collect();
    checks.dedup();
    for check in checks {
        town.allow(check)?;
    }
    for question in questions {
        let (youngest, oldest) = question.ages;
        let subjects: Vec<String> = match question.check {
            "business-good-standing" => {
                others.enterprises.truth.keys().map(|key| key.as_str().to_owned()).collect()
            }
            "vessel-certificates" => {
                others.vessels.keys().map(|key| key.as_str().to_owned()).collect()
            }
            _ => {
                let ids = city.ids.iter().map(|id| id.as_str().to_owned());
                let age = |id: &String| id.get(6..10)?.parse::<i32>().ok().map(|born| year - born);
                ids.filter(|id| age(id).is_some_and(|age| (youngest..=oldest).contains(&age)))
                    .collect()
            }
        };
        let ask = |subject: &str| {
            town.ask_of("check", FUND, (question.check, question.variant), subject, &[])
        };
        let Some(first) = subjects.first() else {
            return fail(format!("the city has nobody of that age for `{}`", question.check));
        };
        // What owners have just approved is in force within a second or so.
        wait_until(Duration::from_secs(20), "what its owners approved is in force", || {
            Ok(!ask(first)?.output.contains("GATE_REFUSED"))
        })?;
        let mut found = None;
        for subject in subjects.iter().take(MOST_ASKED) {
            if ask(subject)?.code == 0 {
                found = Some(subject);
                break;
            }
        }
        let Some(subject) = found else {
            println!(
                "    {}/{}: none of the {} whom it was asked about has a yes",
                question.check,
                question.variant,
                subjects.len().min(MOST_ASKED)
            );
            continue;
        };
        show(town, question, question.variant, subject)?;
    }
    Ok(())
}

impl More {
    /// What it is, in words.
    pub fn title(&self) -> &'static str {
        self.title
    }
}
