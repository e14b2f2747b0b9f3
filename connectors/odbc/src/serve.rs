//! The helper's end of the socket: requests in, one after another, and what comes of them out.

use std::io::{self, Read as _, Write};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use rlimit::Resource;
use zerotrip_odbc_wire::{
    self as wire, HEAD, MOST_REPLY, MOST_REQUEST, Reply, Request, VERSION, WireError,
};

use crate::driver::{Driver, DriverError};
use crate::failure::{Hidden, failure};

/// Bytes of memory that driver and helper may take. A driver that keeps a whole answer in memory
/// fails instead of taking the machine.
const MEMORY: u64 = 1 << 30;
/// Time for the connection to end in good order when the connector is gone. Then the process ends.
const FAREWELL: Duration = Duration::from_millis(500);

/// Why the helper ends before its connector does.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It was not started by the connector.
    #[error("its standard input is not a socket ({0})")]
    NoSocket(io::Error),
    /// The socket broke.
    #[error("the connector cannot be reached: {0}")]
    Socket(#[from] io::Error),
    /// Connector and helper have different versions, or one of them is broken.
    #[error("{0}")]
    Wire(#[from] WireError),
}

/// Serves until the connector is gone.
pub fn run() -> Result<(), ServeError> {
    Resource::DATA.set(MEMORY, MEMORY)?;
    let socket = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(UnixStream::from)
        .map_err(ServeError::NoSocket)?;
    // Only a socket has a peer address.
    socket.peer_addr().map_err(ServeError::NoSocket)?;
    let (requests, asked) = mpsc::sync_channel(1);
    let reader = socket.try_clone()?;
    thread::Builder::new().name("requests".to_owned()).spawn(move || watch(reader, requests))?;
    serve(&asked, socket)
}

/// Hands requests on, and ends the process when the connector is gone, even if the driver hangs.
#[expect(
    clippy::disallowed_methods,
    reason = "nothing here is kept, and a driver that hangs would keep the process for ever"
)]
fn watch(mut socket: UnixStream, requests: SyncSender<Request>) {
    while let Ok(request) = next(&mut socket) {
        if requests.send(request).is_err() {
            break;
        }
    }
    drop(requests);
    thread::sleep(FAREWELL);
    std::process::exit(1);
}

fn next(socket: &mut UnixStream) -> Result<Request, ServeError> {
    let mut head = [0; HEAD];
    socket.read_exact(&mut head)?;
    let mut body = vec![0; wire::length(head, MOST_REQUEST)?];
    socket.read_exact(&mut body)?;
    Ok(wire::request(&body)?)
}

fn serve(requests: &Receiver<Request>, mut socket: UnixStream) -> Result<(), ServeError> {
    let mut driver = None;
    let mut hidden = Hidden::default();
    for request in requests {
        let done = match (request, &mut driver) {
            (Request::LogIn { version: VERSION, connection, hide, seconds }, none @ None) => {
                hidden = Hidden::new(hide);
                Driver::log_in(&connection.0, seconds).map(|(driver, ready)| {
                    *none = Some(driver);
                    ready
                })
            }
            (Request::LogIn { .. }, _) | (_, None) => return Err(WireError::Malformed.into()),
            (request, Some(driver)) => {
                driver.answer(request, &mut |batch| socket.write_all(&batch))
            }
        };
        let reply = match done {
            Ok(reply) => reply,
            Err(DriverError::Socket(error)) => return Err(error.into()),
            // Before the log-in there are no rows whose values could be in a driver's message.
            Err(error) => Reply::Failed(failure(&error, &hidden, driver.is_none())),
        };
        socket.write_all(&wire::frame(&reply, MOST_REPLY)?)?;
    }
    Ok(())
}
