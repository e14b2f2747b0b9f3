//! Members with a certificate who send too much: one keeps none of the others out, and every flood
//! ends with its connection.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use zerotrip_channel::{Stream, SystemHome, dial};
use zerotrip_client::{Outcome, Session, SessionError};
use zerotrip_proto::bounds;
use zerotrip_proto::v1::{ErrorCode, ExchangeCall, GetCheckpointRequest};
use zerotrip_tests::deployment::{FUND, TRANSIT};

use crate::support::{DeployedCity, deploy, deploy_with, errand, question, runtime};

/// Most memory that a flooded hub holds, in MiB: what it holds at rest and room for every bound at
/// once.
const MOST_RESIDENT_MIB: u64 = 300;

/// HTTP/2 frame types (RFC 9113, 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The headers of a gRPC call, in HPACK's plainest form (RFC 7541, 6.2.2; static table, appendix
/// A).
fn call(path: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let literal = |name: &[u8], value: &str| [name, &text(value)].concat();
    let new = |name: &str, value: &str| [&[0][..], &text(name), &text(value)].concat();
    let (post, https) = ([0x83], [0x87]);
    [
        &post[..],
        &https,
        &literal(&[0x04], path),
        &literal(&[0x01], "hub"),
        &new("content-type", "application/grpc"),
        &new("te", "trailers"),
    ]
    .concat()
}

/// A connection on which we say what we like.
struct Raw {
    read: ReadHalf<Stream>,
    write: WriteHalf<Stream>,
}

impl Raw {
    /// As this system, with these settings (identifier, value).
    async fn open(home: &SystemHome, settings: &[(u16, u32)]) -> Self {
        let stream = dial(&home.address, home.tls(bounds::ALPN_H2).unwrap()).await.unwrap();
        let (read, mut write) = tokio::io::split(stream);
        let settings: Vec<u8> = settings
            .iter()
            .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
            .collect();
        let hello =
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &settings)]
                .concat();
        write.write_all(&hello).await.unwrap();
        Self { read, write }
    }

    /// Sends one piece after another until the hub hangs up; how many it took.
    async fn flood(mut self, most: u32, piece: impl Fn(u32) -> Vec<u8>) -> u32 {
        let hung_up = tokio::spawn(async move {
            let mut heard = [0; 4096];
            while !matches!(self.read.read(&mut heard).await, Ok(0) | Err(_)) {}
        });
        for sent in 0..most {
            if hung_up.is_finished() || self.write.write_all(&piece(sent)).await.is_err() {
                return sent;
            }
        }
        tokio::time::timeout(Duration::from_secs(20), hung_up)
            .await
            .expect("the hub does not hang up")
            .unwrap();
        most
    }

    /// Answers the hub's signs of life, so many of them or until it hangs up; whether it did not.
    async fn answer_pings(&mut self, most: usize) -> bool {
        for _ in 0..most {
            loop {
                let mut head = [0; 9];
                if self.read.read_exact(&mut head).await.is_err() {
                    return false;
                }
                let mut payload =
                    vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
                if self.read.read_exact(&mut payload).await.is_err() {
                    return false;
                }
                if head[3] == PING && head[4] & ACK == 0 {
                    if self.write.write_all(&frame(PING, ACK, 0, &payload)).await.is_err() {
                        return false;
                    }
                    break;
                }
            }
        }
        true
    }
}

/// Whatever happens to others, an ordinary check is answered, and soon.
async fn is_answered(session: &mut Session, town: &DeployedCity) {
    let (applicant, variant) = town.cast("nothing_owned");
    let begun = Instant::now();
    let outcome = session.check(&errand(), &question(variant, &applicant)).await.unwrap();
    assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "answered after {:?}", begun.elapsed());
}

fn resident_mib(town: &mut DeployedCity) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", town.deployment.hub().unwrap().id()))
            .unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn a_flood_ends_with_its_connection_and_nobody_else_notices() {
    let mut town = deploy(60, 5);
    runtime().block_on(async {
        let mut session = town.session().await;
        let flooder = town.home(TRANSIT);
        let check = call("/zerotrip.v1.Exchange/Check");

        // Streams opened and taken back (CVE-2023-44487).
        let taken_back = |at: u32| {
            let stream = 2 * at + 1;
            [
                frame(HEADERS, END_HEADERS, stream, &check),
                frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()),
            ]
            .concat()
        };
        let took = Raw::open(&flooder, &[]).await.flood(20_000, taken_back).await;
        assert!(took < 20_000, "20,000 rapid resets were listened to");
        is_answered(&mut session, &town).await;

        // Headers that never end (CVE-2024-27316).
        let endless = |at: u32| match at {
            0 => frame(HEADERS, 0, 1, &check),
            _ => frame(
                CONTINUATION,
                0,
                1,
                &[&[0, 1, b'a', 120][..], &[b'a'; 120]].concat().repeat(100),
            ),
        };
        let took = Raw::open(&flooder, &[]).await.flood(2000, endless).await;
        assert!(took < 2000, "20 MB of headers were listened to");
        is_answered(&mut session, &town).await;

        // Frames larger than agreed.
        let took = Raw::open(&flooder, &[])
            .await
            .flood(100, |_| frame(HEADERS, END_HEADERS, 1, &vec![0; 1 << 20]))
            .await;
        assert!(took < 100);

        // Answers that nobody reads: as many as one connection may have open, on several
        // connections, with no window at all.
        let mut deaf = Vec::new();
        for _ in 0..8 {
            let mut raw = Raw::open(&flooder, &[(4, 0)]).await;
            for at in 0..256 {
                let directory = call("/zerotrip.v1.Authority/GetDirectory");
                let asked = [
                    frame(HEADERS, END_HEADERS, 2 * at + 1, &directory),
                    frame(0, END_STREAM, 2 * at + 1, &[0; 5]),
                ]
                .concat();
                raw.write.write_all(&asked).await.unwrap();
            }
            deaf.push(raw);
        }
        is_answered(&mut session, &town).await;
        // The flooder is a member like others: it may come back and ask properly.
        let (applicant, variant) = town.cast("nothing_owned");
        let mut again = Session::connect(&flooder).await.unwrap();
        let outcome = again.check(&errand(), &question(variant, &applicant)).await.unwrap();
        assert!(matches!(outcome, Outcome::Denied(_)), "{outcome:?}");
        drop(deaf);
    });
    let resident = resident_mib(&mut town);
    assert!(resident < MOST_RESIDENT_MIB, "the hub holds {resident} MiB");
    town.deployment.stop().unwrap();
}

#[test]
fn one_member_has_half_of_the_room_and_a_quarter_of_the_connections() {
    let town = deploy_with(60, 5, "exchanges = 8\nconnections = 16\nsubject_per_hour = 1000000\n");
    runtime().block_on(async {
        let fund = town.home(FUND);
        let mut sessions = Vec::new();
        // A quarter of 16, and the connectors are others.
        for _ in 0..4 {
            sessions.push(Session::connect(&fund).await.unwrap());
        }
        // A fifth is told so by name.
        match Session::connect(&fund).await {
            Err(SessionError::Refused(refusal)) => {
                assert_eq!(refusal.code, ErrorCode::Overloaded, "{refusal}");
                assert!(
                    refusal
                        .en
                        .contains("has 4 open, its share; use those, or try again in a second"),
                    "{refusal}"
                );
            }
            other => panic!("{other:?}"),
        }

        let mut transit = Session::connect(&town.home(TRANSIT)).await.unwrap();
        let (applicant, variant) = town.cast("nothing_owned");
        let flood = async {
            let mut crowded = 0;
            let mut lanes = Vec::new();
            for session in &sessions {
                for _ in 0..32 {
                    let (mut session, question) = (session.clone(), question(variant, &applicant));
                    lanes.push(async move { session.check(&errand(), &question).await });
                }
            }
            for answered in futures::future::join_all(lanes).await {
                match answered {
                    Ok(outcome) => assert!(matches!(outcome, Outcome::Affirmed(_)), "{outcome:?}"),
                    Err(SessionError::Refused(refusal)) => {
                        assert_eq!(refusal.code, ErrorCode::Overloaded, "{refusal}");
                        assert!(refusal.en.contains("has 4 exchanges under way"), "{refusal}");
                        crowded += 1;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            crowded
        };
        let others = async {
            let mut answered = 0;
            loop {
                let outcome =
                    transit.check(&errand(), &question(variant, &applicant)).await.unwrap();
                assert!(matches!(outcome, Outcome::Denied(_)), "{outcome:?}");
                answered += 1;
                tokio::task::yield_now().await;
                if answered == 50 {
                    return;
                }
            }
        };
        let (crowded, ()) = futures::join!(flood, others);
        assert!(crowded > 0, "128 at once found room among 8");
    });
    town.deployment.stop().unwrap();
}

#[test]
fn refusals_are_recorded_up_to_a_bound_and_others_keep_theirs() {
    const RECORDED: usize = 600;
    let town = deploy(60, 5);
    runtime().block_on(async {
        let mut session = town.session().await;
        let flooder = Session::connect(&town.home(TRANSIT)).await.unwrap();
        let size = |session: &Session| {
            let mut ledger = session.connection().ledger();
            async move {
                ledger
                    .get_checkpoint(GetCheckpointRequest {})
                    .await
                    .unwrap()
                    .into_inner()
                    .checkpoint
            }
        };
        let leaves = |note: &str| note.lines().nth(1).unwrap().parse::<usize>().unwrap();
        let before = leaves(&size(&session).await);
        let mut codes = std::collections::BTreeMap::new();
        for _ in 0..RECORDED + 200 {
            let refused =
                flooder.connection().exchange().check(ExchangeCall::default()).await.unwrap_err();
            *codes.entry(crate::support::code_of(&refused)).or_insert(0_usize) += 1;
        }
        assert_eq!(codes.get(&ErrorCode::Overloaded), Some(&200), "{codes:?}");
        assert_eq!(leaves(&size(&session).await) - before, RECORDED);
        is_answered(&mut session, &town).await;
    });
    town.deployment.stop().unwrap();
}

#[test]
fn what_a_suspended_system_has_not_read_never_reaches_it() {
    let town = deploy(60, 6);
    let holder = town.home(TRANSIT);
    runtime().block_on(async {
        // It has let nothing in yet, and answers signs of life for as long as it likes.
        let mut held = Raw::open(&holder, &[(4, 0)]).await;
        held.write
            .write_all(&frame(HEADERS, END_HEADERS, 1, &call("/zerotrip.v1.Exchange/Check")))
            .await
            .unwrap();
        assert!(held.answer_pings(4).await, "an active system's connection lasts");
        town.deployment
            .zerotrip(&[
                "member",
                "suspend",
                "--dir",
                &town.deployment.path("authority"),
                "--member",
                TRANSIT,
            ])
            .unwrap()
            .expect(0)
            .unwrap();
        let lasts = tokio::time::timeout(Duration::from_secs(10), held.answer_pings(100))
            .await
            .expect("it is not closed");
        assert!(!lasts);
    });
    town.deployment.stop().unwrap();
}
