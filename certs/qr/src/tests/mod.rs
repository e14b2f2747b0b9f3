#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod attacks;
mod explained;
mod judged;
mod kinds;
mod made;
mod outside;
mod paper;
#[path = "../../../paper/src/tests/papers.rs"]
mod papers;
mod speed;
mod world;

/// What `papers` is of.
mod api {
    pub(super) use zerotrip_paper::{FontFile, Fonts, Qr};
}

use std::time::SystemTime;

use zerotrip_certificates::TrustRoot;
use zerotrip_cose::{Sign1, Value};
use zerotrip_trust::keys::SigningKey;

use crate::text::TYP;
use crate::*;
use world::*;

/// A QR of this certificate, made by the fund.
fn made(world: &World, token: &str) -> QrText {
    let directory = world.directory(|_| ());
    make(token, TrustRoot::Directory(&directory), Standing::InRegister, &world.seal, at(200))
        .unwrap()
}

/// A text of the length of a real one, the same in each run: whether a poor picture can be read
/// depends on the modules.
fn fixed() -> QrText {
    let mut dice = 7_u32;
    let token: Vec<u8> = std::iter::repeat_with(|| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 24) as u8
    })
    .take(440)
    .collect();
    QrText::of(&token).unwrap()
}

/// What a verifier with the authority's directory says.
fn verified(world: &World, text: &str, demand: Demand<'_>) -> Result<Judged, QrError> {
    let directory = world.directory(|_| ());
    verify(text, TrustRoot::Directory(&directory), demand)
}

/// What is refused, at a time when everything else would be good.
fn refused(world: &World, text: &str) -> QrError {
    verified(world, text, Demand::at(at(300))).unwrap_err()
}

/// Claims that somebody has sealed with a key, whatever they are.
fn sealed(key: &SigningKey, claims: &Value) -> String {
    QrText::of(&Sign1::sign(key, TYP, claims).unwrap()).unwrap().to_string()
}

/// The claims of the world's certificate with a number, as a list to change.
fn claims(world: &World) -> Vec<(Value, Value)> {
    match made(world, &world.numbered()).claimed().unwrap().to_claims() {
        Value::Map(claims) => claims,
        other => panic!("{other:?}"),
    }
}

/// The place of a claim in the list.
fn place(claims: &[(Value, Value)], key: i64) -> usize {
    claims.iter().position(|(found, _)| *found == Value::number(key)).unwrap()
}

/// One member of our own claim.
fn member(claims: &mut [(Value, Value)], key: i64) -> &mut Value {
    let at = place(claims, -65_537);
    let Value::Map(record) = &mut claims[at].1 else { panic!("no map") };
    let at = place(record, key);
    &mut record[at].1
}

fn seconds_of(time: SystemTime) -> u64 {
    crate::record::seconds(time)
}
