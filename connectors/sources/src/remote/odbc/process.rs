//! The process that runs the driver: how it is started, spoken to, and ended.

use std::collections::BTreeMap;
use std::env;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use zerotrip_odbc_wire::{
    self as wire, Answer, Failure, HEAD, MOST_REPLY, MOST_REQUEST, Reply, Request,
};
use zerotrip_proto::v1::ErrorCode;

use super::super::super::SourceError;
use super::super::login::misconfigured;

/// The helper, which is installed beside the connector.
const HELPER: &str = "zerotrip-odbc";
/// What the loader answers when a library is missing.
const NO_LIBRARY: i32 = 127;
/// Time that a process whose socket has ended may take to be over.
const OVER: Duration = Duration::from_millis(500);
/// What drivers need of the environment: where they and their settings are, and what characters
/// they speak. No secret is among it.
const KEPT: [&str; 5] = ["HOME", "PATH", "TZ", "LD_LIBRARY_PATH", "NLS_LANG"];
/// The same by how the names begin: unixODBC's, Oracle's, DM's, Db2's, mdbtools'.
const KEPT_PREFIXES: [&str; 6] = ["ODBC", "ORACLE_", "TNS_", "DM_", "DB2", "MDB"];

/// A driver's process, and the socket to it. It ends with this.
pub struct Helper {
    socket: UnixStream,
    child: Option<Child>,
}

/// What went wrong with it.
pub enum Broken {
    /// It said why; the connection may still be good.
    Failed(Failure),
    /// It is gone, or as good as gone.
    Gone(SourceError),
}

impl Drop for Helper {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // It ends any call that the driver is stuck in. The process may be over already.
        let _over = child.kill();
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        // A task must wait for it, and none here may.
        let waiting =
            thread::Builder::new().name("zerotrip-odbc-end".to_owned()).spawn(move || child.wait());
        if let Err(error) = waiting {
            tracing::warn!(%error, "a process of `zerotrip-odbc` was ended and not waited for");
        }
    }
}

impl Helper {
    /// Starts it.
    pub fn start() -> Result<Self, SourceError> {
        let failed = |why: &dyn std::fmt::Display| {
            SourceError::new(
                ErrorCode::SourceFailed,
                format!("`{HELPER}` cannot be started: {why}"),
            )
        };
        let path = helper()?;
        let (ours, theirs) = StdStream::pair().map_err(|error| failed(&error))?;
        ours.set_nonblocking(true).map_err(|error| failed(&error))?;
        let socket = UnixStream::from_std(ours).map_err(|error| failed(&error))?;
        let mut command = Command::new(path);
        command.env_clear().envs(environment()).current_dir("/");
        // Drivers write to both what only they know the secrets of.
        command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| failed(&error))?;
        Ok(Self { socket, child: Some(child) })
    }

    /// LineageQuery, and gives each batch of rows on. The end of the answer comes back.
    pub async fn ask<T: BatchSink>(
        &mut self,
        request: &Request,
        rows: &mut T,
    ) -> Result<Reply, Broken> {
        let frame = wire::frame(request, MOST_REQUEST).map_err(|error| broken(&error))?;
        if self.socket.write_all(&frame).await.is_err() {
            return Err(self.gone().await);
        }
        loop {
            let mut head = [0; HEAD];
            if self.socket.read_exact(&mut head).await.is_err() {
                return Err(self.gone().await);
            }
            let mut body = vec![0; wire::length(head, MOST_REPLY).map_err(|error| broken(&error))?];
            if self.socket.read_exact(&mut body).await.is_err() {
                return Err(self.gone().await);
            }
            match wire::answer(&body).map_err(|error| broken(&error))? {
                Answer::Rows(batch) => rows.take(batch).await.map_err(Broken::Gone)?,
                Answer::Reply(Reply::Failed(failure)) => return Err(Broken::Failed(failure)),
                Answer::Reply(reply) => return Ok(reply),
            }
        }
    }

    /// Why it is gone.
    async fn gone(&mut self) -> Broken {
        let mut child = self.child.take();
        let waited = tokio::task::spawn_blocking(move || {
            let until = std::time::Instant::now() + OVER;
            loop {
                let status = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
                if status.is_some() || std::time::Instant::now() >= until {
                    return (status, child);
                }
                thread::sleep(Duration::from_millis(2));
            }
        });
        let status = match waited.await {
            Ok((status, child)) => {
                self.child = child;
                status
            }
            Err(_) => None,
        };
        let (code, detail) = ended(status);
        Broken::Gone(SourceError::new(code, detail))
    }
}

/// Where rows go on their way.
pub trait BatchSink: Send {
    /// Takes a batch.
    fn take(
        &mut self,
        batch: Vec<Vec<Option<String>>>,
    ) -> impl Future<Output = Result<(), SourceError>> + Send;
}

fn broken(error: &wire::WireError) -> Broken {
    let detail = format!("`{HELPER}` answered {error}; is it of the connector's own version?");
    Broken::Gone(SourceError::new(ErrorCode::SourceFailed, detail))
}

fn ended(status: Option<ExitStatus>) -> (ErrorCode, String) {
    match status.map(|status| (status.code(), status.signal())) {
        Some((Some(NO_LIBRARY), _)) => (
            ErrorCode::Misconfigured,
            format!("`{HELPER}` does not start without unixODBC; install it (Debian: `unixodbc`)"),
        ),
        Some((_, Some(signal))) => (
            ErrorCode::SourceFailed,
            format!(
                "the driver's process was ended by signal {signal}: the driver crashed, took more \
                 than 1 GiB of memory, or it was ended"
            ),
        ),
        Some((Some(code), _)) => (
            ErrorCode::SourceFailed,
            format!("the driver's process ended in the middle, with exit code {code}"),
        ),
        _ => (ErrorCode::SourceFailed, "the driver's process no longer answers".to_owned()),
    }
}

/// The helper's file.
fn helper() -> Result<PathBuf, SourceError> {
    let missing = || {
        misconfigured(format!(
            "there is no `{HELPER}` beside the connector, which sources of kind `odbc` need; \
             install it there"
        ))
    };
    let own = env::current_exe().map_err(|_| missing())?;
    // Tests are one folder below the programs.
    let folders = own.ancestors().skip(1).take(if cfg!(test) { 2 } else { 1 });
    folders.map(|folder: &Path| folder.join(HELPER)).find(|path| path.is_file()).ok_or_else(missing)
}

fn environment() -> BTreeMap<String, String> {
    let kept = |name: &str| {
        KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    };
    let secret = |name: &str| {
        ["PASS", "PWD", "SECRET", "TOKEN"].iter().any(|part| name.to_uppercase().contains(part))
    };
    let named = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut kept: BTreeMap<String, String> =
        named.filter(|(name, _)| kept(name) && !secret(name)).collect();
    // Names and messages are converted by it.
    kept.insert("LC_ALL".to_owned(), "C.UTF-8".to_owned());
    kept
}
