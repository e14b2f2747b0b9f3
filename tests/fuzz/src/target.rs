//! What a target is.

/// One parser.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Also the name of its file in `fuzz/fuzz_targets/`, and of its corpus.
    pub name: &'static str,
    /// Whether the bytes are accepted. Panics if the parser does, or if what it accepts breaks a
    /// rule.
    pub run: fn(&[u8]) -> bool,
    /// Real inputs, from which others are made.
    pub seeds: fn() -> Vec<Vec<u8>>,
}
