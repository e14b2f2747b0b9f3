//! A block of entries: what its leaves say, and what is kept of the exchanges that end in it.

use std::collections::BTreeMap;

use prost::Message;
use zerotrip_trust::Digest;
use zerotrip_trust::entry::{SALT_BYTES, leaf_of};
use zerotrip_trust::merkle::{CompactRange, leaf_hash};

/// Leaves of a tile: the tree keeps the root of each.
pub(crate) const TILE: u64 = 256;
/// Most bytes of a block that is not compressed: each leaf as large as one can be, and what is kept
/// beside it.
const MOST_BYTES: usize = 96 << 20;
const LEVEL: i32 = 9;

/// A block.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) first: u64,
    pub(crate) leaves: Vec<Leaf>,
    /// By the leaf in which they end, counted from the block's first.
    pub(crate) exchanges: BTreeMap<u32, Kept>,
    /// Made of the leaves.
    hashes: Vec<Digest>,
    /// About what it takes in memory.
    pub(crate) bytes: usize,
}

/// What is known of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Commits to its content.
    Sealed {
        salt: Vec<u8>,
        content: Vec<u8>,
        /// The system whose entry it is.
        reader: String,
        /// Members that may read it besides.
        shared: Vec<String>,
    },
    /// Is read by everybody.
    Open { entry: Vec<u8> },
}

impl Leaf {
    /// The entry as hashed.
    pub(crate) fn entry(&self) -> Vec<u8> {
        match self {
            Self::Sealed { salt, content, .. } => leaf_of(salt, content),
            Self::Open { entry } => entry.clone(),
        }
    }
}

/// What the log does not say of an exchange, and where its body is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Whole microseconds since 1970.
    pub(crate) expires_at: i64,
    pub(crate) certificate_digest: Option<Digest>,
    pub(crate) fact_owner: String,
    /// From the block's bodies on.
    pub(crate) body_at: u64,
    /// 0: none was there when it moved.
    pub(crate) body_bytes: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Plain {
    #[prost(string, repeated, tag = "1")]
    names: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    leaves: Vec<PlainLeaf>,
    /// Of sealed leaves, in their order: apart, as nothing compresses them.
    #[prost(bytes = "vec", tag = "3")]
    salts: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    exchanges: Vec<PlainKept>,
}

#[derive(Clone, PartialEq, Message)]
struct PlainLeaf {
    #[prost(oneof = "Said", tags = "1, 2")]
    said: Option<Said>,
    /// By their place in `names`.
    #[prost(uint32, tag = "3")]
    reader: u32,
    #[prost(uint32, repeated, tag = "4")]
    shared: Vec<u32>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Said {
    #[prost(bytes, tag = "1")]
    Content(Vec<u8>),
    #[prost(bytes, tag = "2")]
    Entry(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct PlainKept {
    #[prost(uint32, tag = "1")]
    leaf: u32,
    #[prost(int64, tag = "2")]
    expires_at: i64,
    #[prost(bytes = "vec", tag = "3")]
    certificate_digest: Vec<u8>,
    #[prost(uint32, tag = "4")]
    fact_owner: u32,
    #[prost(uint64, tag = "5")]
    body_bytes: u64,
}

impl Block {
    /// Of all its leaves, in order.
    pub(crate) fn new(first: u64, leaves: Vec<Leaf>, exchanges: BTreeMap<u32, Kept>) -> Self {
        let hashes = leaves.iter().map(|leaf| leaf_hash(&leaf.entry())).collect();
        let size = |leaf: &Leaf| match leaf {
            Leaf::Sealed { content, reader, .. } => content.len() + reader.len() + 200,
            Leaf::Open { entry } => entry.len() + 100,
        };
        let bytes = leaves.iter().map(size).sum::<usize>() + exchanges.len() * 100;
        Self { first, leaves, exchanges, hashes, bytes }
    }

    pub(crate) fn leaf(&self, index: u64) -> Option<&Leaf> {
        self.leaves.get(self.place(index)?)
    }

    pub(crate) fn kept(&self, index: u64) -> Option<&Kept> {
        self.exchanges.get(&u32::try_from(index.checked_sub(self.first)?).ok()?)
    }

    /// The root of a subtree within one tile.
    pub(crate) fn node(&self, level: u32, index: u64) -> Option<Digest> {
        let width = 1_u64.checked_shl(level).filter(|width| *width <= TILE)?;
        let start = self.place(index.checked_mul(width)?)?;
        let hashes = self.hashes.get(start..start.checked_add(usize::try_from(width).ok()?)?)?;
        let mut range = CompactRange::new();
        hashes.iter().for_each(|hash| range.append(*hash));
        Some(range.root())
    }

    /// Numbers of its tiles, and their roots.
    pub(crate) fn tiles(&self) -> impl Iterator<Item = (u64, Option<Digest>)> {
        let count = self.hashes.len() as u64 / TILE;
        (0..count).map(|tile| {
            let index = self.first / TILE + tile;
            (index, self.node(TILE.trailing_zeros(), index))
        })
    }

    fn place(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.first)?).ok()
    }

    /// As it is kept, compressed.
    pub(crate) fn encode(&self) -> std::io::Result<Vec<u8>> {
        let mut names = Names::default();
        let mut salts = Vec::new();
        let mut leaves = Vec::with_capacity(self.leaves.len());
        for leaf in &self.leaves {
            leaves.push(match leaf {
                Leaf::Sealed { salt, content, reader, shared } => {
                    salts.extend_from_slice(salt);
                    PlainLeaf {
                        said: Some(Said::Content(content.clone())),
                        reader: names.place(reader),
                        shared: shared.iter().map(|member| names.place(member)).collect(),
                    }
                }
                Leaf::Open { entry } => {
                    PlainLeaf { said: Some(Said::Entry(entry.clone())), ..PlainLeaf::default() }
                }
            });
        }
        let kept = |(leaf, kept): (&u32, &Kept)| PlainKept {
            leaf: *leaf,
            expires_at: kept.expires_at,
            certificate_digest: kept.certificate_digest.map_or_else(Vec::new, |it| it.to_vec()),
            fact_owner: names.place(&kept.fact_owner),
            body_bytes: kept.body_bytes,
        };
        let exchanges = self.exchanges.iter().map(kept).collect();
        let plain = Plain { names: names.names, leaves, salts, exchanges }.encode_to_vec();
        if plain.len() > MOST_BYTES {
            return Err(std::io::Error::other("a block of entries is too large"));
        }
        let mut out = u32::try_from(plain.len()).unwrap_or(u32::MAX).to_le_bytes().to_vec();
        out.extend(zstd::bulk::compress(&plain, LEVEL)?);
        Ok(out)
    }

    /// What [`Self::encode`] made of a block that begins with this leaf; `None` of anything else.
    pub(crate) fn decode(first: u64, count: u64, bytes: &[u8]) -> Option<Self> {
        let (length, frame) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        if length > MOST_BYTES {
            return None;
        }
        let plain = zstd::bulk::decompress(frame, length).ok()?;
        let plain = Plain::decode(plain.as_slice()).ok().filter(|_| plain.len() == length)?;
        let name = |place: u32| plain.names.get(usize::try_from(place).ok()?).cloned();
        let mut salts = plain.salts.chunks_exact(SALT_BYTES);
        let mut leaves = Vec::with_capacity(plain.leaves.len());
        for leaf in &plain.leaves {
            leaves.push(match leaf.said.clone()? {
                Said::Content(content) => Leaf::Sealed {
                    salt: salts.next()?.to_vec(),
                    content,
                    reader: name(leaf.reader)?,
                    shared: leaf.shared.iter().map(|at| name(*at)).collect::<Option<_>>()?,
                },
                Said::Entry(entry) => Leaf::Open { entry },
            });
        }
        if salts.next().is_some() || leaves.len() as u64 != count {
            return None;
        }
        let (mut exchanges, mut body_at) = (BTreeMap::new(), 0_u64);
        for kept in plain.exchanges {
            let digest = kept.certificate_digest;
            let certificate_digest = match digest.len() {
                0 => None,
                _ => Some(Digest::try_from(digest).ok()?),
            };
            let value = Kept {
                expires_at: kept.expires_at,
                certificate_digest,
                fact_owner: name(kept.fact_owner)?,
                body_at,
                body_bytes: kept.body_bytes,
            };
            body_at = body_at.checked_add(kept.body_bytes)?;
            exchanges.insert(kept.leaf, value);
        }
        Some(Self::new(first, leaves, exchanges))
    }
}

/// Each name once.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    places: std::collections::HashMap<String, u32>,
}

impl Names {
    fn place(&mut self, name: &str) -> u32 {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), place);
        place
    }
}
