//! PostgreSQL.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Process, command, free_port, io, run, user_id};
use crate::{ADMINISTRATOR, PASSWORD, ServerError, certificate};

/// Debian's packages, one folder for each version.
const PROGRAMS: &str = "/usr/lib/postgresql";
const USER: &str = "postgres";

/// A PostgreSQL server with a certificate for `127.0.0.1`, which asks everybody for a password.
#[derive(Debug)]
pub struct Postgres {
    process: Option<Process>,
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    user: Option<&'static str>,
    settings: Vec<String>,
}

impl Postgres {
    /// A new server, ready.
    pub fn start() -> Result<Self, ServerError> {
        Self::start_with(&[])
    }

    /// The same with these settings, each `name=value`, which take precedence over those that every
    /// server here has.
    pub fn start_with(settings: &[&str]) -> Result<Self, ServerError> {
        let programs = programs()?;
        let folder = tempfile::tempdir().map_err(|error| io("a temporary folder", error))?;
        let owner = user_id(USER)?;
        chown(folder.path(), owner, None).map_err(|error| io(folder.path(), error))?;
        certificate::write(folder.path(), owner)?;
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).map_err(|error| io(&password, error))?;
        chown(&password, owner, None).map_err(|error| io(&password, error))?;
        let user = owner.map(|_| USER);
        let mut make = command(&programs.join("initdb"), user);
        make.args([
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--username",
            ADMINISTRATOR,
        ]);
        make.arg("--pwfile").arg(&password).arg("--pgdata").arg(folder.path().join("data"));
        run(&mut make)?;
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut server =
            Self { process: None, folder, programs, port: free_port()?, user, settings };
        server.start_again()?;
        Ok(server)
    }

    /// The port on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The id of its first process, whose children do its work; none where it does not run.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Stops it as an administrator in a hurry does: whoever is connected is told, and cut off.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.end("INT")
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.take().map_or(Ok(()), Process::cut)
    }

    /// Makes it a standby from its next start on, of a server that never sends it anything.
    pub fn stand_by(&self) -> Result<(), ServerError> {
        let signal = self.folder.path().join("data/standby.signal");
        fs::write(&signal, "").map_err(|error| io(&signal, error))?;
        chown(&signal, user_id(USER)?, None).map_err(|error| io(&signal, error))
    }

    /// Starts it on the data and the port that it had.
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        // What a killed server leaves behind names a process id that somebody else may have by now.
        let _stale = fs::remove_file(self.folder.path().join("data/postmaster.pid"));
        let place = |name: &str| self.folder.path().join(name).display().to_string();
        let mut serve = command(&self.programs.join("postgres"), self.user);
        serve.arg("-D").arg(place("data")).arg("-p").arg(self.port.to_string());
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "shared_buffers=32MB",
            "max_connections=40",
            "ssl=on",
            &format!("ssl_cert_file={}", place("server.pem")),
            &format!("ssl_key_file={}", place("server.key")),
        ] {
            serve.arg("-c").arg(setting);
        }
        // Of two settings of one name, the later one counts.
        for setting in &self.settings {
            serve.arg("-c").arg(setting);
        }
        self.process =
            Some(Process::start(&mut serve, &self.folder.path().join("log"), "ready to accept ")?);
        Ok(())
    }

    fn end(&mut self, signal: &str) -> Result<(), ServerError> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal(signal)?;
        process.ended()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // At once, its children too: nothing of its data is wanted. Should it not hear, the process
        // is killed with its value.
        if let Some(process) = self.process.take()
            && process.signal("QUIT").is_ok()
        {
            let _ended = process.ended();
        }
    }
}

/// The newest version's programs.
fn programs() -> Result<PathBuf, ServerError> {
    let missing = || ServerError::Missing("postgres".to_owned());
    let folders = fs::read_dir(PROGRAMS).map_err(|_| missing())?;
    let found = folders.filter_map(Result::ok).map(|folder| folder.path().join("bin"));
    let version = |path: &PathBuf| {
        path.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse::<u32>().ok())
    };
    found.filter(|path| path.join("postgres").is_file()).max_by_key(version).ok_or_else(missing)
}
