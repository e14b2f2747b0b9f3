#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;
use zerotrip_proto::v1::{SubjectNo, SubjectUnavailable, SubjectYes};

use super::*;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("subject-{number}")).collect()
}

fn leaf(subject: &str, outcome: SubjectWire, salt: u8) -> SubjectLeaf {
    let answer = SubjectAnswer { subject: subject.to_owned(), outcome: Some(outcome) };
    SubjectLeaf { salt: vec![salt; SALT_BYTES], payload: answer.encode_to_vec() }
}

/// What an honest hub says: every third is a yes, the next a no, the next unavailable.
fn honest(asked: &[String]) -> (ManyAnswered, Vec<SubjectLeaf>) {
    let outcome = |number: usize| match number % 3 {
        0 => SubjectWire::Yes(SubjectYes { sources: vec![0, 1], facts: Vec::new() }),
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
        .map(|(number, name)| leaf(name, outcome(number), number as u8))
        .collect();
    let answered = ManyAnswered {
        subjects: asked.len() as u32,
        root: root(&leaves),
        sources: vec![SourceStatement::default(), SourceStatement::default()],
        reasons: vec![Reason { code: "FOUND".into(), ..Reason::default() }],
        ..ManyAnswered::default()
    };
    (answered, leaves)
}

fn root(leaves: &[SubjectLeaf]) -> Vec<u8> {
    let mut tree = CompactRange::new();
    leaves.iter().for_each(|leaf| tree.append(hash(leaf)));
    tree.root().to_vec()
}

#[test]
fn a_subject_that_is_dropped_swapped_or_answered_otherwise_is_found() {
    let asked = names(7);
    let (answered, leaves) = honest(&asked);
    assert_eq!(each(&answered, leaves.clone(), &asked).unwrap().len(), 7);
    let refused = |answered: &ManyAnswered, leaves: Vec<SubjectLeaf>| {
        each(answered, leaves, &asked).unwrap_err()
    };
    // One left out, with or without the hub's own count and root.
    let six: Vec<SubjectLeaf> = leaves[..6].to_vec();
    let count = SubjectsError::Count { expected: 7, found: 6 };
    assert_eq!(refused(&answered, six.clone()), count);
    let fewer = ManyAnswered { subjects: 6, root: root(&six), ..answered.clone() };
    assert_eq!(refused(&fewer, six), count);
    assert_eq!(refused(&fewer, leaves.clone()), count);
    // Two in one another's place, even under a root that says so.
    let mut swapped = leaves.clone();
    swapped.swap(2, 5);
    assert_eq!(refused(&answered, swapped.clone()), SubjectsError::Other(3));
    let signed = ManyAnswered { root: root(&swapped), ..answered.clone() };
    assert_eq!(refused(&signed, swapped), SubjectsError::Other(3));
    // Another outcome, another salt, under the old root.
    let mut other = leaves.clone();
    other[1] =
        leaf(&asked[1], SubjectWire::Yes(SubjectYes { sources: vec![0], facts: Vec::new() }), 1);
    assert_eq!(refused(&answered, other), SubjectsError::Root);
    let mut salted = leaves.clone();
    salted[4].salt = vec![200; SALT_BYTES];
    assert_eq!(refused(&answered, salted), SubjectsError::Root);
}

#[test]
fn what_the_answer_has_no_words_for_says_nothing() {
    let asked = names(1);
    let (answered, _) = honest(&asked);
    let said = |outcome: SubjectWire| {
        let leaves = vec![leaf(&asked[0], outcome, 1)];
        let answered = ManyAnswered { root: root(&leaves), ..answered.clone() };
        each(&answered, leaves, &asked).map(drop)
    };
    let yes = |sources: &[u32]| {
        SubjectWire::Yes(SubjectYes { sources: sources.to_vec(), facts: Vec::new() })
    };
    let no = |reasons: &[&str]| {
        let reasons = reasons.iter().map(|code| (*code).to_owned()).collect();
        SubjectWire::No(SubjectNo { reasons })
    };
    assert_eq!((said(yes(&[0])), said(no(&["FOUND"]))), (Ok(()), Ok(())));
    let malformed = Err(SubjectsError::Malformed(1));
    for outcome in [yes(&[]), yes(&[2]), yes(&[1, 0]), yes(&[0, 0]), no(&[]), no(&["OTHER"])] {
        assert_eq!(said(outcome.clone()), malformed, "{outcome:?}");
    }
    for broken in [
        SubjectLeaf { salt: vec![1; 31], ..leaf(&asked[0], yes(&[0]), 1) },
        SubjectLeaf { payload: b"\xff".to_vec(), ..leaf(&asked[0], yes(&[0]), 1) },
        SubjectLeaf {
            payload: SubjectAnswer { subject: asked[0].clone(), outcome: None }.encode_to_vec(),
            ..leaf(&asked[0], yes(&[0]), 1)
        },
    ] {
        let answered =
            ManyAnswered { root: root(std::slice::from_ref(&broken)), ..answered.clone() };
        assert_eq!(each(&answered, vec![broken], &asked).map(drop), malformed);
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
        let subjects = each(&answered, leaves, &asked).unwrap();
        let nodes = prove_among(&subjects, at).unwrap();
        let root = Digest::try_from(&*answered.root).unwrap();
        let holds = |place: usize, leaf: &SubjectLeaf| {
            verify_inclusion(&hash(leaf), place as u64, count as u64, &nodes.path, &root).is_ok()
        };
        prop_assert!(holds(at, &subjects[at].leaf));
        if other != at {
            prop_assert!(!holds(other, &subjects[at].leaf) && !holds(at, &subjects[other].leaf));
        }
    }
}
