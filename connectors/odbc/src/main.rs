//! `zerotrip-odbc`: runs one ODBC driver for the connector.
//!
//! Drivers are C code of unknown quality, and the connector holds keys. So each connection has a
//! process of its own: what a driver breaks is this process, and whatever it is stuck in, killing
//! the process ends it. The connector starts it with a socket as its standard input, over which
//! `zerotrip-odbc-wire` is spoken; nobody else has a use for it. It ends when that socket does.
//!
//! It never composes a statement, never decides anything, and keeps nothing.

mod driver;
mod failure;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    match serve::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "zerotrip-odbc: {error}; the connector starts this by itself, for sources of kind \
                 `odbc`"
            );
            ExitCode::FAILURE
        }
    }
}
