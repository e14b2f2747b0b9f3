//! `zerotrip-connector`: see `--help`, and the crate's documentation.

use std::process::ExitCode;

/// Many small messages on few threads: see `docs/decisions/0018-less-between.md`.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    zerotrip_connector::cli::main()
}
