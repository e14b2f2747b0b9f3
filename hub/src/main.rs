//! `zerotrip-hub`
fn main() {}
