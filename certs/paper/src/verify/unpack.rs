//! Unpacking streams, within bounds.

use flate2::{Decompress, FlushDecompress, Status};

use crate::bounds::{UNPACKED_BYTES, UNPACKED_TOTAL_BYTES};
use crate::pdf::{Object, Stream};

/// What may still be unpacked of one PDF.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new() -> Self {
        Self(UNPACKED_TOTAL_BYTES)
    }

    /// The bytes of a stream: as they are, or unpacked to their very end.
    pub(super) fn unpack(&mut self, stream: &Stream) -> Option<Vec<u8>> {
        let out = match stream.dict.get("Filter") {
            None => stream.bytes.clone(),
            Some(Object::Name(name)) if name == "FlateDecode" => {
                inflate(&stream.bytes, self.0.min(UNPACKED_BYTES))?
            }
            Some(_) => return None,
        };
        self.0 = self.0.checked_sub(out.len())?;
        Some(out)
    }
}

fn inflate(packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut unpacker = Decompress::new(true);
    let mut out = Vec::with_capacity((packed.len() * 4).min(most).max(1));
    loop {
        let from = usize::try_from(unpacker.total_in()).ok()?;
        let before = (from, out.len());
        let status =
            unpacker.decompress_vec(packed.get(from..)?, &mut out, FlushDecompress::Finish).ok()?;
        let read = usize::try_from(unpacker.total_in()).ok()?;
        if out.len() > most {
            return None;
        }
        match status {
            Status::StreamEnd => return (read == packed.len()).then_some(out),
            _ if out.len() == out.capacity() && out.len() < most => {
                out.reserve((out.len()).min(most - out.len()).max(1));
            }
            _ if (read, out.len()) == before => return None,
            _ => {}
        }
    }
}
