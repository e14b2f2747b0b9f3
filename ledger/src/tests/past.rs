//! What moves into segments: nothing is lost, nothing is told twice, and whatever is wrong with a
//! file is named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use zerotrip_proto::hash_domain;
use zerotrip_proto::v1::{
    Answer, CheckBody, EntryOpening, ExchangeBody, Parameter, Request, request,
};
use zerotrip_trust::digest::commit;

use super::*;
use crate::segments::BLOCK;

mod copies;
mod elsewhere;
mod erasing;
mod files;
mod model;
mod moving;

/// Blocks of 1,600 exchanges that move; the last leaves stay.
const BLOCKS: usize = 8;

/// Later than everything here.
fn later() -> SystemTime {
    at(1_000_000)
}

/// The person that the exchange is about: nothing of it may be in a file once it is erased.
fn person(number: usize) -> String {
    format!("33010619900101{number:04}")
}

fn body(number: usize) -> ExchangeBody {
    let request = Request {
        id: id(number),
        issuer: intent(number).issuer,
        official: "staff-0012".into(),
        case_number: format!("case-{number:06}"),
        body: Some(request::Body::Check(CheckBody {
            check: "no-property".into(),
            variant: "family".into(),
            parameters: vec![Parameter { name: "applicant".into(), value: person(number) }],
            ..CheckBody::default()
        })),
        ..Request::default()
    };
    let answer = Answer { request_id: id(number), ..Answer::default() };
    let envelope = |payload| Some(Envelope { payload, ..Envelope::default() });
    ExchangeBody {
        request: envelope(request.encode_to_vec()),
        answer: envelope(answer.encode_to_vec()),
        answer_salt: vec![number as u8; 32],
        ..ExchangeBody::default()
    }
}

fn whole(number: usize, intent_index: u64) -> Completed {
    let body = body(number);
    let payload = body.answer.as_ref().unwrap().payload.clone();
    let fact = Fact { salt: vec![3; 32], fact: b"fact".to_vec(), owner: "estate".into() };
    let completion = Completion {
        answer_commitment: commit(hash_domain::ANSWER, &body.answer_salt, &payload).to_vec(),
        fact_commitment: commit(hash_domain::FACT, &fact.salt, &fact.fact).to_vec(),
        ..completion(number, intent_index, ExchangeOutcome::AnsweredTrue)
    };
    let asked = vec!["estate".into(), "police".into()];
    let (code, dataset) = (ErrorCode::Undated, "estate.ownership".into());
    let unconcluded = vec![Unconcluded { code, dataset, owner: "estate".into(), subjects: 1 }];
    Completed { completion, answer: body.encode_to_vec(), asked, fact, unconcluded }
}

async fn exchange_of(ledger: &Ledger, number: usize) -> LedgerReceipt {
    let index = ledger.intend(intent(number), at(0), at(300)).await.unwrap();
    ledger.complete(whole(number, index), at(number as u64), None).await.unwrap()
}

/// Some at once, so that they share commits.
async fn exchanges(ledger: &Ledger, numbers: std::ops::Range<usize>) {
    let all: Vec<usize> = numbers.collect();
    for some in all.chunks(64) {
        let ask = |number: &usize| {
            let (ledger, number) = (ledger.clone(), *number);
            tokio::spawn(async move { drop(exchange_of(&ledger, number).await) })
        };
        for task in some.iter().map(ask).collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
}

async fn move_all(ledger: &Ledger) -> usize {
    let mut blocks = 0;
    while ledger.move_block(later(), later()).await.unwrap() {
        blocks += 1;
    }
    blocks
}

impl Store {
    fn segment_files(&self) -> Vec<PathBuf> {
        let Ok(folder) = fs::read_dir(self.path().join("segments")) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Whether any file of the store has these bytes.
    pub(super) fn has(&self, bytes: &[u8]) -> bool {
        fn search(folder: &Path, bytes: &[u8]) -> bool {
            fs::read_dir(folder).into_iter().flatten().any(|entry| {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    return search(&path, bytes);
                }
                // A tile that is being written comes and goes.
                let found = fs::read(&path).unwrap_or_default();
                found.windows(bytes.len()).any(|found| found == bytes)
            })
        }
        search(self.path(), bytes)
    }
}

fn answer_of(ledger: &Ledger, number: usize) -> Option<Vec<u8>> {
    match ledger.exchange(&id(number)).unwrap().unwrap().state {
        ExchangeState::Closed { answer, .. } => answer,
        other => panic!("{other:?}"),
    }
}

/// Everything that every kind of reader is told.
fn told(ledger: &Ledger, exchanges: usize) -> Vec<String> {
    let readers = [
        Reader::Authority,
        Reader::System { uri: intent(0).issuer, member: "fund".into() },
        Reader::System { uri: "spiffe://x/member/estate/system/b".into(), member: "estate".into() },
        Reader::System { uri: String::new(), member: String::new() },
    ];
    let mut told = Vec::new();
    for reader in &readers {
        let mut start = 0;
        while start < ledger.size() {
            let found = ledger.entries(start, 700, reader).unwrap();
            start += found.len() as u64;
            told.extend(found.into_iter().map(|entry| format!("{entry:?}")));
        }
        for index in (0..ledger.size()).step_by(97) {
            told.push(format!("{:?}", ledger.inclusion(index, reader).unwrap()));
        }
        for number in (0..exchanges).step_by(31) {
            told.push(format!("{:?}", ledger.fact(&id(number), reader).unwrap()));
        }
    }
    for number in 0..exchanges {
        told.push(format!("{:?}", ledger.exchange(&id(number)).unwrap()));
    }
    for from in (1..ledger.size()).step_by(211) {
        told.push(format!("{:?}", ledger.consistency(from, ledger.size()).unwrap()));
    }
    told
}
