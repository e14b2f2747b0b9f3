//! DSSE envelopes, signed notes, tiles.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use zerotrip_proto::bounds::MESSAGE_BYTES;
use zerotrip_proto::payload_type;
use zerotrip_proto::v1::{Envelope, Request};
use zerotrip_trust::keys::{Algorithm, SigningKey};
use zerotrip_trust::note::{
    Checkpoint, NOTE_BYTES, open_checkpoint, sign_checkpoint, verifier_key,
};
use zerotrip_trust::tiles::{decode_entries, decode_tile, encode_entries, encode_tile};
use zerotrip_trust::{batch, dsse};

const ORIGIN: &str = "city.example/hub/main";

fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::generate(Algorithm::Ed25519).unwrap())
}

fn sealed_request() -> Envelope {
    let request = Request {
        id: "01890000-0000-7000-8000-000000000000".into(),
        issuer: "spiffe://data.hangzhou.example/fund/counter".into(),
        purpose: "rent-withdrawal".into(),
        legal_basis: "住房公积金管理条例第24条".into(),
        ..Request::default()
    };
    dsse::seal(payload_type::REQUEST, &request, key()).unwrap()
}

/// An envelope that verifies holds the one payload that was signed.
pub fn dsse(data: &[u8]) -> bool {
    let Ok(envelope) = Envelope::decode(data) else { return false };
    let printed = envelope.encode_to_vec();
    assert_eq!(Envelope::decode(printed.as_slice()).unwrap(), envelope);
    if let Ok((payload, _)) = dsse::peek(&envelope, payload_type::REQUEST) {
        assert!(payload.len() <= MESSAGE_BYTES);
        if let Ok(request) = dsse::decode::<Request>(payload) {
            let printed = request.encode_to_vec();
            assert_eq!(dsse::decode::<Request>(&printed).unwrap().encode_to_vec(), printed);
        }
    }
    let verified = dsse::verify(&envelope, payload_type::REQUEST, key().public()).is_ok();
    if verified {
        assert_eq!(envelope.payload, sealed_request().payload, "this was never signed");
    }
    verified
}

pub fn dsse_seeds() -> Vec<Vec<u8>> {
    let payload = sealed_request().payload;
    let batch = batch::sign(payload_type::REQUEST, vec![payload; 3], key()).unwrap();
    let others = [sealed_request(), Envelope::default()];
    batch.iter().chain(&others).map(Envelope::encode_to_vec).collect()
}

/// The bytes as a note, and as the text of a well signed one.
pub fn note(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    if let Some(head) = opened(text) {
        assert_eq!(Some(head), opened(&well_signed()[0]), "this was never signed");
    }
    let verifier = verifier_key(ORIGIN, key().public()).unwrap();
    let hash: Vec<u8> = verifier.split('+').nth(1).unwrap().as_bytes().chunks(2).map(hex).collect();
    let signature = [hash, key().sign(data).unwrap()].concat();
    let note = format!("{text}\n— {ORIGIN} {}\n", STANDARD.encode(signature));
    let head = opened(&note);
    if let Some(head) = &head {
        assert!(note.len() <= NOTE_BYTES && text.starts_with(&head.to_string()), "{head:?}");
    }
    head.is_some()
}

fn hex(digits: &[u8]) -> u8 {
    u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap()
}

/// The tree head of a note, which prints to a note of the same.
fn opened(note: &str) -> Option<Checkpoint> {
    let head = open_checkpoint(note, ORIGIN, key().public()).ok()?;
    let printed = sign_checkpoint(&head, key()).unwrap();
    assert_eq!(open_checkpoint(&printed, ORIGIN, key().public()).as_ref(), Ok(&head));
    Some(head)
}

/// A note, and one with a witness's line.
fn well_signed() -> [String; 2] {
    let head = Checkpoint { origin: ORIGIN.into(), size: 70_000, root: [7; 32] };
    let note = sign_checkpoint(&head, key()).unwrap();
    let witness = format!("{note}— witness.example {}\n", STANDARD.encode([3; 68]));
    [note, witness]
}

pub fn note_seeds() -> Vec<Vec<u8>> {
    let texts = [
        Checkpoint { origin: ORIGIN.into(), size: 70_000, root: [7; 32] }.to_string(),
        format!("{ORIGIN}\n7\n{}\nextension\n", STANDARD.encode([5; 32])),
    ];
    well_signed().into_iter().chain(texts).map(String::into_bytes).collect()
}

/// The bytes as a tile and as a bundle of entries.
pub fn tile(data: &[u8]) -> bool {
    let (tile, bundle) = (decode_tile(data), decode_entries(data));
    if let Ok(digests) = &tile {
        assert_eq!(encode_tile(digests).as_deref(), Ok(data));
    }
    if let Ok(entries) = &bundle {
        assert!(entries.len() <= 256);
        assert_eq!(encode_entries(entries).as_deref(), Ok(data));
    }
    tile.is_ok() || bundle.is_ok()
}

pub fn tile_seeds() -> Vec<Vec<u8>> {
    vec![
        encode_tile(&[[1; 32], [2; 32]]).unwrap(),
        encode_tile(&[[9; 32]; 256]).unwrap(),
        encode_entries(&["one", "", "three"]).unwrap(),
        encode_entries(&vec!["x".repeat(300); 256]).unwrap(),
    ]
}
