//! Names and contents of the ledger's tiles (C2SP tlog-tiles): 256 digests of a level to a tile,
//! 256 entries to a bundle. Pure functions.

use crate::digest::Digest;

/// Digests of a full tile, entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// Levels of the tree that one level of tiles spans.
pub const TILE_HEIGHT: u32 = 8;
/// Largest entry of a bundle, in bytes.
pub const ENTRY_BYTES: usize = u16::MAX as usize;

/// Why something is not a tile or bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// An entry's length must fit in two bytes.
    #[error("an entry has {0} bytes, of at most {ENTRY_BYTES}")]
    EntryTooLarge(usize),
    /// Over 256 of them, or none.
    #[error("a tile or bundle holds 1 to 256 parts, not {0}")]
    WrongCount(usize),
    /// Cut short, or followed by something else.
    #[error("the tile or bundle is cut short or damaged")]
    Damaged,
}

/// `tile/<level>/<index>` and, with 1 to 255 digests only, `.p/<width>`. A full tile has no width.
///
/// `level` counts tiles: tile level 1 holds the tree's level 8.
pub fn tile_path(level: u8, index: u64, width: Option<u16>) -> String {
    format!("tile/{level}/{}{}", number(index), partial(width))
}

/// `tile/entries/<index>` and, with 1 to 255 entries only, `.p/<width>`.
pub fn entries_path(index: u64, width: Option<u16>) -> String {
    format!("tile/entries/{}{}", number(index), partial(width))
}

/// The width of a tile in a tree of `size` leaves: `None` where it does not exist, `Some(None)`
/// where it is full, `Some(Some(w))` where it holds `w` so far. Bundles are as wide as the tiles of
/// level 0.
pub fn tile_width(level: u8, index: u64, size: u64) -> Option<Option<u16>> {
    let digests = size.checked_shr(TILE_HEIGHT.checked_mul(u32::from(level))?).unwrap_or(0);
    let first = index.checked_mul(TILE_WIDTH)?;
    match digests.checked_sub(first) {
        None | Some(0) => None,
        Some(width) if width >= TILE_WIDTH => Some(None),
        Some(width) => Some(u16::try_from(width).ok()),
    }
}

/// Which tile holds a digest of the tree, and where in it: tile level, tile index, position. Only
/// levels 0, 8, 16 … are stored; the rest follow from them.
pub fn tile_of(level: u32, index: u64) -> Option<(u8, u64, u8)> {
    if !level.is_multiple_of(TILE_HEIGHT) {
        return None;
    }
    let position = u8::try_from(index % TILE_WIDTH).ok()?;
    Some((u8::try_from(level / TILE_HEIGHT).ok()?, index / TILE_WIDTH, position))
}

/// A tile: its digests one after another.
pub fn encode_tile(digests: &[Digest]) -> Result<Vec<u8>, TileError> {
    check_count(digests.len())?;
    Ok(digests.concat())
}

/// Back from [`encode_tile`].
pub fn decode_tile(bytes: &[u8]) -> Result<Vec<Digest>, TileError> {
    let (digests, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(TileError::Damaged);
    }
    check_count(digests.len())?;
    Ok(digests.to_vec())
}

/// A bundle: each entry after its length (u16, big-endian).
pub fn encode_entries<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, TileError> {
    check_count(entries.len())?;
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length =
            u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLarge(entry.len()))?;
        bytes.extend(length.to_be_bytes());
        bytes.extend(entry);
    }
    Ok(bytes)
}

/// Back from [`encode_entries`].
pub fn decode_entries(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, TileError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<2>().ok_or(TileError::Damaged)?;
        let (entry, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(TileError::Damaged)?;
        entries.push(entry.to_vec());
        check_count(entries.len())?;
        bytes = rest;
    }
    check_count(entries.len())?;
    Ok(entries)
}

/// Three digits to a segment, all but the last with `x` in front: 1234067 is `x001/x234/067`.
fn number(index: u64) -> String {
    let mut text = format!("{:03}", index % 1000);
    let mut rest = index / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

fn partial(width: Option<u16>) -> String {
    width.map(|width| format!(".p/{width}")).unwrap_or_default()
}

fn check_count(count: usize) -> Result<(), TileError> {
    if (1..=256).contains(&count) { Ok(()) } else { Err(TileError::WrongCount(count)) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_the_specifications_own() {
        assert_eq!(tile_path(0, 1_234_067, None), "tile/0/x001/x234/067");
        assert_eq!(tile_path(0, 1234, Some(5)), "tile/0/x001/234.p/5");
        assert_eq!(tile_path(1, 0, Some(1)), "tile/1/000.p/1");
        assert_eq!(entries_path(273, Some(112)), "tile/entries/273.p/112");
        assert_eq!(entries_path(1000, None), "tile/entries/x001/000");
    }

    #[test]
    fn widths_follow_the_size() {
        // The specification's example: 70,000 leaves are 273 full tiles and one of 112 at level 0,
        // one full and one of 17 at level 1, one of 1.
        assert_eq!(tile_width(0, 272, 70_000), Some(None));
        assert_eq!(tile_width(0, 273, 70_000), Some(Some(112)));
        assert_eq!(tile_width(0, 274, 70_000), None);
        assert_eq!(tile_width(1, 0, 70_000), Some(None));
        assert_eq!(tile_width(1, 1, 70_000), Some(Some(17)));
        assert_eq!(tile_width(2, 0, 70_000), Some(Some(1)));
        assert_eq!(tile_width(3, 0, 70_000), None);
        assert_eq!(tile_width(0, 0, 0), None);
        assert_eq!(tile_width(255, u64::MAX, u64::MAX), None);
    }

    #[test]
    fn digests_have_their_places() {
        assert_eq!(tile_of(0, 1000), Some((0, 3, 232)));
        assert_eq!(tile_of(8, 256), Some((1, 1, 0)));
        assert_eq!(tile_of(3, 0), None);
    }

    #[test]
    fn wrong_contents_are_refused() {
        assert_eq!(encode_entries::<&[u8]>(&[]), Err(TileError::WrongCount(0)));
        assert_eq!(encode_entries(&vec![b""; 257]), Err(TileError::WrongCount(257)));
        assert_eq!(encode_entries(&[vec![0; 65_536]]), Err(TileError::EntryTooLarge(65_536)));
        assert_eq!(decode_entries(&[0, 2, 1]), Err(TileError::Damaged));
        assert_eq!(decode_entries(&[0]), Err(TileError::Damaged));
        assert_eq!(decode_entries(&[0; 514]), Err(TileError::WrongCount(257)));
        assert_eq!(decode_tile(&[0; 33]), Err(TileError::Damaged));
        assert_eq!(decode_tile(&[]), Err(TileError::WrongCount(0)));
    }

    proptest! {
        #[test]
        fn contents_round_trip(
            entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..=256),
            digests in proptest::collection::vec(any::<[u8; 32]>(), 1..=256),
        ) {
            prop_assert_eq!(decode_entries(&encode_entries(&entries).unwrap()).unwrap(), entries);
            prop_assert_eq!(decode_tile(&encode_tile(&digests).unwrap()).unwrap(), digests);
        }

        #[test]
        fn paths_differ_and_read_back(a in any::<u64>(), b in any::<u64>()) {
            prop_assert_eq!(a == b, tile_path(0, a, None) == tile_path(0, b, None));
            let digits: String = number(a).chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(digits.parse::<u64>().unwrap(), a);
        }
    }
}
