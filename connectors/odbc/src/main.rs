//! `zerotrip-odbc`: runs one ODBC driver for the connector.
//!
//! Drivers are C code of unknown quality, and the connector holds keys. So each connection has a
//! separate process: a driver that crashes takes only this process with it, and a driver that hangs
//! ends when the process is killed. The connector starts it with a socket as its standard input,
//! over which the two speak `zerotrip-odbc-wire`. It has no other use. It ends when that socket
//! does.
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
                "zerotrip-odbc: {error}. The connector starts this by itself, for sources of kind \
                 `odbc`"
            );
            ExitCode::FAILURE
        }
    }
}
