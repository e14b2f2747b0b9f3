//! One server's process: started as the right user, waited for by what it says, and ended by its
//! own process id.

use std::fmt::Display;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ServerError;

/// Time that a server may take to say that it is ready: machines that test are slow.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at its log.
const LOOK: Duration = Duration::from_millis(10);

/// A running server. It ends when this value is dropped, and also when the thread that started it
/// ends without dropping it.
#[derive(Debug)]
pub struct Process(Child);

impl Process {
    /// Starts a command, whose output goes to `log`, and waits until that says `ready`.
    pub fn start(command: &mut Command, log: &Path, ready: &str) -> Result<Self, ServerError> {
        let what = format!("{:?}", command.get_program());
        let output = File::create(log).map_err(|error| io(log, error))?;
        let errors = output.try_clone().map_err(|error| io(log, error))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| io(&what, error))?;
        let mut process = Self(child);
        let begun = Instant::now();
        loop {
            let said = fs::read(log).map_err(|error| io(log, error))?;
            let said = String::from_utf8_lossy(&said);
            if said.contains(ready) {
                return Ok(process);
            }
            let ended = process.0.try_wait().map_err(|error| io(&what, error))?.is_some();
            if ended || begun.elapsed() > PATIENCE {
                let lines: Vec<&str> = said.lines().collect();
                let log = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n");
                return Err(ServerError::Ended { what, log });
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal, such as `TERM`, by its process id.
    pub fn signal(&self, name: &str) -> Result<(), ServerError> {
        run(Command::new("kill").arg("-s").arg(name).arg(self.id().to_string()))
    }

    /// Ends it and its children at once, as a power cut does.
    pub fn cut(self) -> Result<(), ServerError> {
        let id = self.id();
        let list = format!("/proc/{id}/task/{id}/children");
        let children = fs::read_to_string(&list).map_err(|error| io(&list, error))?;
        self.signal("KILL")?;
        self.ended()?;
        for child in children.split_whitespace() {
            // One that saw its parent's death has ended already.
            let _gone = run(Command::new("kill").args(["-s", "KILL", child]));
            while is_running(child) {
                std::thread::sleep(LOOK);
            }
        }
        Ok(())
    }

    /// Waits until it has ended.
    pub fn ended(mut self) -> Result<(), ServerError> {
        self.0.wait().map(|_| ()).map_err(|error| io("wait", error))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nobody to end.
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Whether there is such a process, and it is no mere entry that waits for being collected.
fn is_running(id: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{id}/stat"));
    state.is_ok_and(|stat| {
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    })
}

/// A command under another user's id where this process is root, for servers that refuse to run as
/// root. Ends with the thread that starts it.
pub fn command(program: &Path, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<(), ServerError> {
    let what = format!("{:?}", command.get_program());
    let done = command.stdin(Stdio::null()).output().map_err(|error| io(&what, error))?;
    if done.status.success() {
        return Ok(());
    }
    Err(ServerError::Ended { what, log: String::from_utf8_lossy(&done.stderr).into_owned() })
}

/// The id of the user whose files a server may read, where this process is root; none where it need
/// not care.
pub fn user_id(user: &str) -> Result<Option<u32>, ServerError> {
    let id = |arguments: &[&str]| -> Result<u32, ServerError> {
        let done = Command::new("id")
            .arg("-u")
            .args(arguments)
            .output()
            .map_err(|error| io("id", error))?;
        let text = String::from_utf8_lossy(&done.stdout);
        text.trim()
            .parse()
            .map_err(|_| ServerError::Missing(format!("user {}", arguments.join(" "))))
    };
    if id(&[])? == 0 { id(&[user]).map(Some) } else { Ok(None) }
}

/// A port that nobody listens on just now.
pub fn free_port() -> Result<u16, ServerError> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| io("bind", error))?;
    listener.local_addr().map(|address| address.port()).map_err(|error| io("bind", error))
}

/// An error of this thing's.
pub fn io(what: impl AsRef<Path>, error: std::io::Error) -> ServerError {
    let what: &dyn Display = &what.as_ref().display();
    ServerError::Io { what: what.to_string(), error }
}
