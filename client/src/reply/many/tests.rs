#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use zerotrip_proto::v1::{FactTerms, SubjectNo, SubjectUnavailable, SubjectYes};

use super::*;

const SECRET: [u8; 32] = [5; 32];

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("subject-{number}")).collect()
}

fn since() -> FactTerms {
    FactTerms { name: "since".into(), r#type: "date".into(), ..FactTerms::default() }
}

fn yes(place: usize, sources: &[u32]) -> SubjectWire {
    let facts = read_facts(&[since()], &told()).unwrap();
    SubjectWire::Yes(SubjectYes {
        sources: sources.to_vec(),
        fact_digests: digests_of(&SubjectDisclosures::new(&SECRET, place as u64).facts(&facts)),
        request_digest: vec![8; 32],
    })
}

/// The values that come beside a yes.
fn told() -> Vec<Claim> {
    vec![Claim { name: "since".into(), value: "2020-01-02".into() }]
}

fn leaf(place: usize, subject: &str, outcome: SubjectWire, salt: u8) -> SubjectLeaf {
    let facts = if matches!(outcome, SubjectWire::Yes(_)) { told() } else { Vec::new() };
    let who = SubjectDisclosures::new(&SECRET, place as u64).subject("applicant", subject);
    let answer = SubjectAnswer {
        subject_digest: sdjwt::digest_of(&who).to_vec(),
        outcome: Some(outcome),
        fact_commitment: vec![7; 32],
    };
    let (salt, payload) = (vec![salt; 32], answer.encode_to_vec());
    SubjectLeaf { salt, payload, subject: subject.to_owned(), facts }
}

/// What an honest hub says: every third is a yes, the next a no, the next unavailable.
fn honest(asked: &[String]) -> (ManyAnswered, Vec<SubjectLeaf>) {
    let outcome = |number: usize| match number % 3 {
        0 => yes(number, &[0, 1]),
        1 => SubjectWire::No(SubjectNo { reasons: vec!["FOUND".into()] }),
        _ => SubjectWire::Unavailable(SubjectUnavailable {
            code: ErrorCode::SourceTimeout.into(),
            dataset: "estate.ownership".into(),
            retryable: true,
        }),
    };
    let leaves: Vec<SubjectLeaf> = asked
        .iter()
        .enumerate()
        .map(|(number, name)| leaf(number, name, outcome(number), number as u8))
        .collect();
    let answered = ManyAnswered {
        subjects: asked.len() as u32,
        root: root(&leaves),
        sources: vec![SourceStatement::default(), SourceStatement::default()],
        reasons: vec![Reason { code: "FOUND".into(), ..Reason::default() }],
        facts: vec![since()],
        ..ManyAnswered::default()
    };
    (answered, leaves)
}

fn root(leaves: &[SubjectLeaf]) -> Vec<u8> {
    let hashes = leaves.iter().map(|leaf| subject_leaf_hash(&leaf.salt, &leaf.payload));
    WholeTree::new(hashes).root().to_vec()
}

/// As the client reads them.
fn read(
    answered: &ManyAnswered,
    leaves: Vec<SubjectLeaf>,
    asked: &[String],
) -> Result<(Vec<SubjectAnswered>, WholeTree), SubjectsError> {
    each(answered, leaves, asked, ("applicant", &SECRET))
}

#[test]
fn a_subject_that_is_dropped_swapped_or_answered_otherwise_is_found() {
    let asked = names(7);
    let (answered, leaves) = honest(&asked);
    assert_eq!(read(&answered, leaves.clone(), &asked).unwrap().0.len(), 7);
    let refused = |answered: &ManyAnswered, leaves: Vec<SubjectLeaf>| {
        read(answered, leaves, &asked).unwrap_err()
    };
    // One left out, with or without the hub's own count and root.
    let six: Vec<SubjectLeaf> = leaves[..6].to_vec();
    let count = SubjectsError::Count { expected: 7, found: 6 };
    assert_eq!(refused(&answered, six.clone()), count);
    let fewer = ManyAnswered { subjects: 6, root: root(&six), ..answered.clone() };
    assert_eq!(refused(&fewer, six), count);
    assert_eq!(refused(&fewer, leaves.clone()), count);
    // Two in one another's place, even under a root that says so, and whoever it says it is.
    let mut swapped = leaves.clone();
    swapped.swap(2, 5);
    assert_eq!(refused(&answered, swapped.clone()), SubjectsError::Other(3));
    let signed = ManyAnswered { root: root(&swapped), ..answered.clone() };
    assert_eq!(refused(&signed, swapped.clone()), SubjectsError::Other(3));
    swapped[2].subject.clone_from(&asked[2]);
    swapped[5].subject.clone_from(&asked[5]);
    assert_eq!(refused(&signed, swapped), SubjectsError::Other(3));
    // Another outcome, another salt, under the old root.
    let mut other = leaves.clone();
    other[1] = leaf(1, &asked[1], yes(1, &[0]), 1);
    assert_eq!(refused(&answered, other), SubjectsError::Root);
    let mut salted = leaves.clone();
    salted[4].salt = vec![200; 32];
    assert_eq!(refused(&answered, salted), SubjectsError::Root);
    // Other values than are fixed, none, or some beside a no.
    let mut valued = leaves.clone();
    valued[3].facts[0].value = "2020-01-03".into();
    assert_eq!(refused(&answered, valued.clone()), SubjectsError::Malformed(4));
    valued[3].facts.clear();
    assert_eq!(refused(&answered, valued.clone()), SubjectsError::Malformed(4));
    valued[3].facts = told();
    valued[4].facts = told();
    assert_eq!(refused(&answered, valued), SubjectsError::Malformed(5));
    // Under another secret nobody is who they are said to be.
    let other = each(&answered, leaves, &asked, ("applicant", &[6; 32])).unwrap_err();
    assert_eq!(other, SubjectsError::Other(1));
}

#[test]
fn what_the_answer_has_no_words_for_says_nothing() {
    let asked = names(1);
    let (answered, _) = honest(&asked);
    let said = |outcome: SubjectWire| {
        let leaves = vec![leaf(0, &asked[0], outcome, 1)];
        let answered = ManyAnswered { root: root(&leaves), ..answered.clone() };
        read(&answered, leaves, &asked).map(drop)
    };
    let no = |reasons: &[&str]| {
        let reasons = reasons.iter().map(|code| (*code).to_owned()).collect();
        SubjectWire::No(SubjectNo { reasons })
    };
    assert_eq!((said(yes(0, &[0])), said(no(&["FOUND"]))), (Ok(()), Ok(())));
    let malformed = Err(SubjectsError::Malformed(1));
    for sources in [&[][..], &[2], &[1, 0], &[0, 0]] {
        assert_eq!(said(yes(0, sources)), malformed, "{sources:?}");
    }
    for outcome in [no(&[]), no(&["OTHER"])] {
        assert_eq!(said(outcome.clone()), malformed, "{outcome:?}");
    }
    let whole = leaf(0, &asked[0], yes(0, &[0]), 1);
    for broken in [
        SubjectLeaf { salt: vec![1; 31], ..whole.clone() },
        SubjectLeaf { payload: b"\xff".to_vec(), ..whole.clone() },
        SubjectLeaf { payload: SubjectAnswer::default().encode_to_vec(), ..whole },
    ] {
        let answered =
            ManyAnswered { root: root(std::slice::from_ref(&broken)), ..answered.clone() };
        assert_eq!(read(&answered, vec![broken], &asked).map(drop), malformed);
    }
}

proptest! {
    #[test]
    fn each_subject_is_proven_alone_and_no_other_in_its_place(
        count in 1usize..40,
        at in 0usize..40,
        other in 0usize..40,
    ) {
        let (at, other) = (at % count, other % count);
        let asked = names(count);
        let (answered, leaves) = honest(&asked);
        let (subjects, tree) = read(&answered, leaves, &asked).unwrap();
        let path = tree.inclusion_path(at as u64).unwrap();
        let holds = |place: usize, leaf: &SubjectLeaf| {
            prove_subject(&answered, &subject_proof(place as u64, leaf, &path)).is_ok()
        };
        prop_assert!(holds(at, &subjects[at].leaf));
        if other != at {
            prop_assert!(!holds(other, &subjects[at].leaf) && !holds(at, &subjects[other].leaf));
        }
    }
}
