//! MariaDB, which stands for MySQL too: the two speak one protocol.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::process::{Process, command, free_port, io, run, user_id};
use crate::{ADMINISTRATOR, PASSWORD, ServerError, certificate};

const SERVERS: [&str; 2] = ["/usr/sbin/mariadbd", "/usr/bin/mariadbd"];
const MAKER: &str = "/usr/bin/mariadb-install-db";
const USER: &str = "mysql";

/// A MariaDB server with a certificate for `127.0.0.1`, which asks everybody for a password.
#[derive(Debug)]
pub struct Mariadb {
    process: Option<Process>,
    folder: TempDir,
    program: PathBuf,
    port: u16,
    user: Option<&'static str>,
}

impl Mariadb {
    /// A new server, ready.
    pub fn start() -> Result<Self, ServerError> {
        let program = SERVERS.iter().map(PathBuf::from).find(|path| path.is_file());
        let program = program.ok_or_else(|| ServerError::Missing("mariadbd".to_owned()))?;
        let folder = tempfile::tempdir().map_err(|error| io("a temporary folder", error))?;
        let owner = user_id(USER)?;
        chown(folder.path(), owner, None).map_err(|error| io(folder.path(), error))?;
        certificate::write(folder.path(), owner)?;
        let user = owner.map(|_| USER);
        let mut make = command(Path::new(MAKER), user);
        make.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-log-bin",
        ]);
        // Several servers that share one folder for passing files take one another's away.
        make.arg(format!("--tmpdir={}", folder.path().display()));
        make.arg(format!("--datadir={}", folder.path().join("data").display()));
        run(&mut make)?;
        let first = folder.path().join("first.sql");
        // One statement a line.
        let words = format!(
            "create user {ADMINISTRATOR}@'%' identified by '{PASSWORD}';\ngrant all on *.* to \
             {ADMINISTRATOR}@'%' with grant option;\ndrop user root@localhost;\n"
        );
        fs::write(&first, words).map_err(|error| io(&first, error))?;
        let mut server = Self { process: None, folder, program, port: free_port()?, user };
        server.serve(Some(&first))?;
        Ok(server)
    }

    /// The port on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Stops it as an administrator does: whoever is connected is cut off.
    pub fn stop(&mut self) -> Result<(), ServerError> {
        self.end("TERM")
    }

    /// Ends it as a power cut does.
    pub fn kill(&mut self) -> Result<(), ServerError> {
        self.process.take().map_or(Ok(()), Process::cut)
    }

    /// Starts it on the data and the port that it had.
    pub fn start_again(&mut self) -> Result<(), ServerError> {
        self.serve(None)
    }

    fn serve(&mut self, first: Option<&Path>) -> Result<(), ServerError> {
        let place = |name: &str| self.folder.path().join(name).display().to_string();
        let mut serve = command(&self.program, self.user);
        serve.args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--skip-networking=0",
        ]);
        serve.args([
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M",
            "--innodb-log-file-size=16M",
        ]);
        serve.args([
            "--max-connections=40",
            "--performance-schema=off",
            "--innodb-fast-shutdown=2",
        ]);
        serve.arg(format!("--tmpdir={}", self.folder.path().display()));
        serve.arg(format!("--port={}", self.port)).arg(format!("--datadir={}", place("data")));
        serve
            .arg(format!("--socket={}", place("socket")))
            .arg(format!("--pid-file={}", place("pid")));
        serve
            .arg(format!("--ssl-cert={}", place("server.pem")))
            .arg(format!("--ssl-key={}", place("server.key")));
        serve.arg(format!("--ssl-ca={}", place("ca.pem")));
        if let Some(first) = first {
            serve.arg(format!("--init-file={}", first.display()));
        }
        self.process = Some(Process::start(
            &mut serve,
            &self.folder.path().join("log"),
            "ready for connections",
        )?);
        Ok(())
    }

    fn end(&mut self, signal: &str) -> Result<(), ServerError> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.signal(signal)?;
        process.ended()
    }
}
