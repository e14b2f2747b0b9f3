//! Starting the shipped binaries, reading what they say, and stopping what was started.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Anything that can go wrong with an installation; its text names the remedy or the log to read.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Fails with a text.
pub fn fail<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(text.into().into())
}

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The command, for messages.
    pub command: String,
    /// Its exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl Finished {
    /// Itself, if it ended with this code.
    pub fn expect(self, code: i32) -> Result<Self, Failure> {
        if self.code == code {
            return Ok(self);
        }
        fail(format!(
            "`{}` ended with {} instead of {code}\n{}{}",
            self.command, self.code, self.output, self.errors
        ))
    }

    /// Its output as JSON.
    pub fn json(&self) -> Result<serde_json::Value, Failure> {
        serde_json::from_str(self.output.trim()).map_err(|error| {
            format!(
                "`{}` did not print JSON: {error}\n{}{}",
                self.command, self.output, self.errors
            )
            .into()
        })
    }
}

/// Runs a shipped binary to its end.
pub fn run(binary: &str, arguments: &[&str], folder: &Path) -> Result<Finished, Failure> {
    run_answering(binary, arguments, folder, "")
}

/// The same, with what somebody types.
pub fn run_answering(
    binary: &str,
    arguments: &[&str],
    folder: &Path,
    typed: &str,
) -> Result<Finished, Failure> {
    let mut command = Command::new(binary_path(binary)?);
    command.args(arguments).current_dir(folder).env("LANG", "C.UTF-8");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // What is typed is a few lines, which the pipe holds whether they are read or not.
    if let Some(mut input) = child.stdin.take()
        && let Err(error) = input.write_all(typed.as_bytes())
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        return Err(error.into());
    }
    let output = child.wait_with_output()?;
    Ok(Finished {
        command: format!("{binary} {}", arguments.join(" ")),
        code: output.status.code().unwrap_or(-1),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// A process that runs until it is stopped, at the latest when this is dropped.
pub struct Running {
    name: String,
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Running {
    /// Starts a shipped binary; its standard error goes to the end of `log`.
    pub fn start(binary: &str, arguments: &[&str], log: &Path) -> Result<Self, Failure> {
        let errors = File::options().create(true).append(true).open(log)?;
        // A file that may not grow (tests of full disks set that limit) is an error to be reported,
        // not a signal that kills.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(binary_path(binary)?)
            .args(arguments)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()?;
        let (sender, lines) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self { name: binary.to_owned(), child, lines, log: log.to_owned() })
    }

    /// Waits until it prints a line with this text, and gives that line.
    pub fn wait_for(&mut self, text: &str) -> Result<String, Failure> {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return Ok(line),
                Ok(_) => {}
                Err(_) => {
                    let state = self
                        .child
                        .try_wait()?
                        .map_or("still runs".to_owned(), |status| status.to_string());
                    return fail(format!(
                        "{} did not print `{text}` ({state}); see {}",
                        self.name,
                        self.log.display()
                    ));
                }
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for it to end by itself, successfully.
    pub fn wait_success(mut self, most: Duration) -> Result<(), Failure> {
        let until = Instant::now() + most;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() {
                    Ok(())
                } else {
                    fail(format!("{} ended: {status}; see {}", self.name, self.log.display()))
                };
            }
            if Instant::now() > until {
                return fail(format!("{} did not end; see {}", self.name, self.log.display()));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// SIGTERM, and waits for its end.
    pub fn stop(self) -> Result<(), Failure> {
        self.signal("TERM")?;
        let (name, log) = (self.name.clone(), self.log.clone());
        self.wait_success(Duration::from_secs(40))
            .map_err(|error| format!("stopping {name}: {error}; see {}", log.display()).into())
    }

    /// From now on no file that it writes may grow beyond so many bytes; `None`: as far as the disk
    /// goes. What a full disk is to it.
    pub fn limit_files(&self, most_bytes: Option<u64>) -> Result<(), Failure> {
        let soft = most_bytes.map_or("unlimited".to_owned(), |most| most.to_string());
        let status = Command::new("prlimit")
            .args(["--pid", &self.id().to_string(), &format!("--fsize={soft}:")])
            .status()?;
        if status.success() { Ok(()) } else { fail(format!("{} could not be limited", self.name)) }
    }

    /// Any signal.
    pub fn signal(&self, signal: &str) -> Result<(), Failure> {
        let status = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(self.child.id().to_string())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            fail(format!("{} could not be sent SIG{signal}", self.name))
        }
    }

    /// SIGKILL: no last words.
    pub fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whoever was stopped or killed already is gone; what is left must not outlive the test.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _gone = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}

/// The shipped binaries stand beside whoever runs here, or one folder up beside a test.
pub fn binary_path(name: &str) -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    for folder in here.ancestors().skip(1).take(2) {
        let path = folder.join(name);
        if path.is_file() {
            return Ok(path);
        }
    }
    fail(format!(
        "no binary `{name}` beside {}; run `cargo build --workspace --bins` first",
        here.display()
    ))
}
