//! The answer key: every resident of a generated city, every variant, over real processes, and every answer equal to it.

use std::sync::Arc;

use zerotrip_tests::city::Variant;

use crate::support::{errand, expected, in_words, question, runtime, town};

#[test]
fn every_resident_is_answered_as_the_key_says() {
    let town = town(1500, 3);
    let asked: Vec<(String, Variant)> =
        town.city.ids.iter().flat_map(|id| Variant::ALL.iter().map(|variant| (id.as_str().to_owned(), *variant))).collect();
    let asked = Arc::new(asked);
    let runtime = runtime();
    let answers = runtime.block_on(async {
        let mut tasks = Vec::new();
        for lane in 0..16 {
            let (mut session, asked) = (town.session().await, Arc::clone(&asked));
            tasks.push(tokio::spawn(async move {
                let mut found = Vec::new();
                for (applicant, variant) in asked.iter().skip(lane).step_by(16) {
                    let outcome = session.check(&errand(), &question(variant.name(), applicant)).await.unwrap();
                    found.push((applicant.clone(), *variant, in_words(&outcome)));
                }
                found
            }));
        }
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        all
    });
    assert_eq!(answers.len(), asked.len());
    let wrong: Vec<_> = answers
        .iter()
        .filter_map(|(applicant, variant, answer)| {
            let right = expected(&town.city, applicant, *variant);
            (*answer != right).then(|| format!("{applicant} {}: {answer:?}, the key says {right:?}", variant.name()))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), answers.len(), wrong[..wrong.len().min(20)].join("\n"));
    for word in ["true", "false", "unavailable"] {
        assert!(answers.iter().any(|(.., answer)| answer.0 == word), "the city has nobody whose answer is {word}");
    }
    town.town.stop().unwrap();
}
