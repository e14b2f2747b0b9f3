//! An installation that a bench sets up by itself: an authority, a hub with one definition, a
//! reader who asks, and departments.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use zerotrip_client::Errand;
use zerotrip_tests::deployment::{
    Failure, Running, TRUST_DOMAIN, fail, free_address, run, values, wait_until,
};

/// What is asked for here, and by what right.
pub const PURPOSE: &str = "measuring";
/// By what law.
pub const BASIS: &str = "none: every row is invented";
/// The member that asks.
const READER: &str = "reader";

/// What every question here is asked for.
pub fn errand() -> Errand {
    Errand {
        official: "0001".into(),
        service_item: "measuring-000000".into(),
        purpose: PURPOSE.into(),
        legal_basis: BASIS.into(),
        case_number: "1".into(),
    }
}

/// The installation's folder and where its hub listens.
pub struct Site {
    folder: PathBuf,
    url: String,
}

impl Site {
    /// In a folder that holds none yet.
    pub fn new(folder: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let folder = fs::canonicalize(folder)?;
        if folder.join("authority").exists() {
            return fail(format!(
                "`{}` holds an installation already; use another --dir",
                folder.display()
            ));
        }
        Ok(Self { folder, url: format!("https://{}", free_address()?) })
    }

    /// A file or folder of it.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The folder of the system that asks.
    pub fn reader(&self) -> PathBuf {
        self.folder.join(READER)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn zerotrip(&self, arguments: &[&str]) -> Result<(), Failure> {
        run("zerotrip", arguments, &self.folder)?.expect(0).map(|_| ())
    }

    fn owner(&self, arguments: &[&str]) -> Result<(), Failure> {
        run("zerotrip-connector", arguments, &self.folder)?.expect(0).map(|_| ())
    }

    /// The authority, the hub with the check, and its members.
    pub fn found(
        &self,
        check: &str,
        definition: &[(&str, &str)],
        departments: &[&str],
    ) -> Result<Running, Failure> {
        let (authority, hub, store, definitions) = (
            self.path("authority"),
            self.path("hub"),
            self.path("store"),
            self.path("definitions"),
        );
        let folder = Path::new(&definitions).join(check);
        fs::create_dir_all(&folder)?;
        fs::create_dir_all(&store)?;
        for (name, text) in definition {
            fs::write(folder.join(name), text)?;
        }
        self.zerotrip(&[
            "authority",
            "init",
            "--dir",
            &authority,
            "--trust-domain",
            TRUST_DOMAIN,
            "--hub",
            "hub-1",
            "--url",
            &self.url,
        ])?;
        let init = ["init", "--dir", &hub, "--trust-domain", TRUST_DOMAIN, "--name", "hub-1"];
        run("zerotrip-hub", &init, &self.folder)?.expect(0)?;
        fs::write(Path::new(&hub).join("hub.toml"), crate::load::HUB_SETTINGS)?;
        self.zerotrip(&["authority", "enrol-hub", "--dir", &authority, "--hub-dir", &hub])?;
        let listen = self.url.trim_start_matches("https://");
        let serve = [
            "serve",
            "--dir",
            &hub,
            "--listen",
            listen,
            "--definitions",
            &definitions,
            "--store",
            &store,
        ];
        let mut serving = Running::start("zerotrip-hub", &serve, &self.log("hub"))?;
        serving.wait_for("listens on")?;
        for department in departments {
            self.admit(department, "front", "zerotrip-connector")?;
        }
        self.admit(READER, "window", "zerotrip")?;
        Ok(serving)
    }

    fn admit(&self, member: &str, system: &str, binary: &str) -> Result<(), Failure> {
        let (authority, dir, invitation) =
            (self.path("authority"), self.path(member), self.path(&format!("{member}.invitation")));
        let whom = ["--dir", &authority, "--member", member, "--system", system];
        self.zerotrip(&[&["member", "invite"], &whom[..], &["--out", &invitation]].concat())?;
        let joining = Running::start(
            binary,
            &["join", "--dir", &dir, "--invitation", &invitation],
            &self.log(member),
        )?;
        self.zerotrip(&[&["member", "admit"], &whom[..], &["--wait", "30"]].concat())?;
        joining.wait_success(Duration::from_secs(30))
    }

    /// The authority lets the reader ask the check in this variant.
    pub fn grant(&self, check: &str, variant: &str) -> Result<(), Failure> {
        let authority = self.path("authority");
        let what = format!("{check}/{variant}");
        self.zerotrip(&[
            "grant",
            "add",
            "--dir",
            &authority,
            "--id",
            variant,
            "--member",
            READER,
            "--check",
            &what,
            "--purpose",
            PURPOSE,
            "--basis",
            BASIS,
            "--variants-per-subject",
            "16",
        ])
    }

    /// A department's owner signs what it holds and approves the check, and its connector starts.
    pub fn serve(&self, member: &str, dataset: &str, check: &str) -> Result<Running, Failure> {
        let (dir, file) = (self.path(member), self.path(&format!("{member}.toml")));
        fs::write(&file, dataset)?;
        self.owner(&["sign", "--dir", &dir, &file])?;
        self.owner(&[
            "approve",
            "--dir",
            &dir,
            "--check",
            check,
            "--requester",
            READER,
            "--purpose",
            PURPOSE,
            "--yes",
        ])?;
        Running::start("zerotrip-connector", &["serve", "--dir", &dir], &self.log(member))
    }

    /// Waits until the hub has so many datasets attached.
    pub fn wait_attached(&self, datasets: usize, within: Duration) -> Result<(), Failure> {
        let reader = self.path(READER);
        wait_until(within, "every dataset is imported and attached", || {
            let listed =
                run("zerotrip", &["--json", "catalog", "list", "--dir", &reader], &self.folder)?;
            let attached = |value: &Value| value.get("attached") == Some(&Value::Bool(true));
            Ok(values(&listed.output).iter().filter(|value| attached(value)).count() == datasets)
        })
    }
}
