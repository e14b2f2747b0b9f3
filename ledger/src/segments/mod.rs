//! The past: what is finished and no longer new moves out of the database, block by block, into
//! dated, append-only files.
//!
//! ```text
//! <store>/segments/2026-11-29-000001.entries   what leaves say, 256 leaves a block
//! <store>/segments/2026-11-29-000001.bodies    what opens their commitments, a piece an exchange
//! ```
//!
//! A block of entries is compressed as a whole and sealed under a key of the block's own. A body is
//! compressed by itself, with the segment's dictionary ([`dictionary`]), and sealed under a key of
//! its own: to erase it is to delete that key ([`erasing`]). All keys are in the database, and
//! nowhere in the files.
//!
//! A block is on the disk, its files and their folder synced, before one transaction writes it down
//! and deletes what it took over ([`moving`]). What a crash leaves in a file behind the last block
//! that is written down is cut off by the next block. So nothing is ever in neither place, and
//! nothing counts in both.
//!
//! A segment's files that are written to no more can move to another place, such as an object store
//! ([`sending`]); what is wanted of them is read there ([`elsewhere`]).
//!
//! A file is believed as far as it proves itself: a block opens under its key for its place in this
//! log alone, and the leaves made of it must have the root that the tree keeps for them
//! ([`reading`]). A file that is missing, cut, swapped or altered is an error that names it, and
//! never an exchange without a body.

mod block;
mod body;
mod copies;
mod dictionary;
mod elsewhere;
mod erasing;
mod error;
mod file;
mod folder;
mod holds;
mod kind;
mod moving;
mod objects;
mod order;
mod place;
mod reading;
mod report;
mod sending;
mod unconfirmed;
mod verify;
mod wanted;

pub(crate) use block::{Leaf as KeptLeaf, TILE};
pub use copies::Copied;
pub(crate) use copies::{mark_copied, mark_restored, unconfirmed};
pub(crate) use elsewhere::Archive;
pub use erasing::Erased;
pub(crate) use erasing::{Erase, erase};
pub(crate) use erasing::{Step, drop_files};
pub use error::SegmentError;
pub(crate) use file::{copy_all, folder as folder_of, newest_is_whole};
pub use folder::Folder;
pub use holds::{Held, Hold};
pub(crate) use holds::{HoldWork, apply_hold, list_holds};
pub(crate) use moving::{Moving, build, take_over};
pub(crate) use objects::{ObjectWork, apply_object};
pub use order::Order;
pub use place::{Piece, Place, PlaceError};
pub(crate) use reading::{moved, past};
pub use report::{Inspection, SegmentRow, StoreFigures, Whereabouts, inspect};
pub(crate) use report::{figures, list};
pub(crate) use sending::{Tell, bring_back, send_next};
pub use unconfirmed::Unconfirmed;
pub(crate) use verify::check;
pub use verify::{Checked, verify};
pub use wanted::Wanted;

/// Leaves of a block: a multiple of a tile's. Larger ones would hold up the writer for longer.
pub(crate) const BLOCK: u64 = 256;
