//! `zerotrip`: see `--help`, and the crate's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    zerotrip_cli::main()
}
