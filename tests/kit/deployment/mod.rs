//! A whole installation of real processes in one folder: authority, hub, four departments'
//! connectors, two issuers. `./run` shows it, the scenario tests and the bench use it. Everything
//! is done with the shipped binaries, as their users would.

mod allowing;
mod many;
mod operated;
mod others;
mod process;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::Utc;
use serde_json::Value;
use zerotrip_hub::state::DefinitionFolder;

use crate::city::{self, City, Servers, Spec};
pub use process::{Failure, Finished, Running, binary_path, fail, run, run_answering};

/// The trust domain of the invented city.
pub const TRUST_DOMAIN: &str = "data.hangzhou.example";
/// The four departments, with their datasets' files.
pub const DEPARTMENTS: [(&str, &str, &str, &str); 4] = [
    ("police", "Public security bureau", "公安局", "household.toml"),
    ("civil", "Civil affairs bureau", "民政局", "marriage.toml"),
    ("estate", "Real-estate registry", "不动产登记中心", "ownership.toml"),
    ("housing", "Housing bureau", "住房保障和房产管理局", "presale.toml"),
];
/// Their datasets.
pub const DATASETS: [&str; 4] =
    ["police.household", "civil.marriage", "estate.ownership", "housing.presale"];
/// An issuer that has grants.
pub const FUND: &str = "fund";
/// An issuer that has none.
pub const TRANSIT: &str = "transit";
/// What the fund asks for.
pub const PURPOSE: &str = "rent-withdrawal";
/// The law that lets it.
pub const BASIS: &str = "住房公积金管理条例第24条";

/// Residents and seed of every city that the tests and `./run` set towns up over. A town's
/// processes read this machine's clock, so its city is of the day on which the test runs: each of
/// these is tried on many days (`city/days.rs`), and no test has another.
pub const CITIES: &[(usize, u64)] = &[
    (60, 3),
    (60, 5),
    (60, 6),
    (60, 31),
    (100, 17),
    (200, 8),
    (200, 9),
    (200, 10),
    (200, 11),
    (200, 17),
    (200, 23),
    (200, 29),
    (200, 31),
    (200, 33),
    (200, 35),
    (200, 37),
    (200, 41),
    (200, 43),
    (300, 5),
    (300, 7),
    (300, 9),
    (300, 21),
    (400, 5),
    (400, 6),
    (400, 13),
    (600, 11),
    (1500, 3),
    (20_000, 7),
    (200, 47),
    (200, 53),
];

/// How the installation is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The city.
    pub spec: Spec,
    /// Text of `hub.toml`.
    pub hub_settings: String,
}

impl Plan {
    /// A city of that size as of now: the processes of a town read this machine's clock.
    pub fn now(residents: usize, seed: u64) -> Self {
        Self { spec: Spec::at(residents, seed, Utc::now()), hub_settings: String::new() }
    }
}

/// The installation, running.
pub struct TestDeployment {
    /// Its folder.
    pub folder: PathBuf,
    /// The hub's address.
    pub url: String,
    /// The folder of the definitions that the hub reads when it starts.
    pub definitions: PathBuf,
    hub: Option<Running>,
    connectors: BTreeMap<String, Running>,
    /// Where registers live that are not files; they end with the town, after its connectors.
    servers: Servers,
}

impl TestDeployment {
    /// Sets everything up in `folder`, or finds it set up there, and starts it. `tell` hears what
    /// is being done.
    pub fn start(folder: &Path, plan: &Plan, tell: &mut dyn FnMut(&str)) -> Result<Self, Failure> {
        let at = |error: std::io::Error| {
            format!(
                "`{}` cannot be the installation's folder: {error}; use another --dir",
                folder.display()
            )
        };
        fs::create_dir_all(folder).map_err(at)?;
        let folder = fs::canonicalize(folder).map_err(at)?;
        let fresh = !folder.join("town.json").exists();
        if fresh && folder.join("authority").exists() {
            return fail(format!(
                "`{}` holds an installation that was never finished; remove the folder, or use \
                 another one",
                folder.display()
            ));
        }
        let url =
            if fresh { format!("https://{}", free_address()?) } else { known_address(&folder)? };
        let onservers = plan.spec.systems.iter().any(|system| system.needs_a_server());
        if onservers && !fresh {
            return fail(format!(
                "the registers of `{}` were on servers that ended with it; remove the folder, or \
                 use another one",
                folder.display()
            ));
        }
        if onservers {
            tell("starting the servers that registers live on");
        }
        let servers = Servers::start(&plan.spec.systems)?;
        let definitions = definitions();
        let mut town =
            Self { folder, url, definitions, hub: None, connectors: BTreeMap::new(), servers };
        if fresh {
            tell("making the authority, and enrolling the hub");
            town.found(plan)?;
        } else {
            if known(&town.folder)?.get("city") != Some(&Value::from(city_of(plan))) {
                return fail(format!(
                    "`{}` holds an installation of another city; remove the folder, or use \
                     another one",
                    town.folder.display()
                ));
            }
            tell("found an installation in this folder; using it again");
            town.free_port()?;
            // Its bundles may have run out meanwhile: enrolling the hub anew signs fresh ones into
            // its folder.
            town.enrol_hub()?;
            if known(&town.folder)?.get("day").and_then(Value::as_str)
                != Some(plan.spec.today.to_string().as_str())
            {
                tell("its registers are of another day: making today's, which their owners sign");
                town.renew(plan)?;
            }
        }
        town.start_hub()?;
        if fresh {
            tell(
                "inviting and admitting four departments and two issuers, each with keys of its \
                 own",
            );
            for (member, en, zh, _) in DEPARTMENTS {
                town.admit_connector(member, en, zh)?;
            }
            town.admit_issuer(FUND, "Provident fund centre", "住房公积金管理中心")?;
            town.admit_issuer(TRANSIT, "Transit company", "公交公司")?;
            tell("each owner signs its dataset and approves the check; the authority grants it");
            for (member, ..) in DEPARTMENTS {
                town.approve(member)?;
            }
            town.grant()?;
        }
        for (member, ..) in DEPARTMENTS {
            town.start_connector(member)?;
        }
        town.wait_attached(&[
            "police.household",
            "civil.marriage",
            "estate.ownership",
            "housing.presale",
        ])?;
        town.remember(plan)?;
        Ok(town)
    }

    /// What the next start in this folder has to know. Written last: without it, an installation
    /// was never finished.
    fn remember(&self, plan: &Plan) -> Result<(), Failure> {
        let known = serde_json::json!({ "url": self.url, "day": plan.spec.today.to_string(), "city": city_of(plan) });
        Ok(fs::write(self.folder.join("town.json"), known.to_string())?)
    }

    /// Registers of the plan's day in the place of older ones. There may be fewer rows in them, and
    /// their owners mean it.
    fn renew(&self, plan: &Plan) -> Result<(), Failure> {
        city::generate_telling(&plan.spec, &self.folder.join("city"), &self.servers, &mut |_| {})?;
        for (member, ..) in DEPARTMENTS {
            let counts = self.folder.join(member).join("state/rows");
            if counts.exists() {
                fs::remove_dir_all(counts)?;
            }
            self.sign(member)?;
        }
        Ok(())
    }

    /// A path in the folder, as text.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs the `zerotrip` command.
    pub fn zerotrip(&self, arguments: &[&str]) -> Result<Finished, Failure> {
        run("zerotrip", arguments, &self.folder)
    }

    /// Asks, or issues, about somebody, as an issuer; the result is the command's JSON.
    pub fn ask(
        &self,
        verb: &str,
        issuer: &str,
        variant: &str,
        applicant: &str,
        more: &[&str],
    ) -> Result<Finished, Failure> {
        self.ask_of(verb, issuer, ("no-property", variant), applicant, more)
    }

    /// `zerotrip check` or `issue` of any check, with `--json`.
    pub fn ask_of(
        &self,
        verb: &str,
        issuer: &str,
        question: (&str, &str),
        applicant: &str,
        more: &[&str],
    ) -> Result<Finished, Failure> {
        let arguments = self.question_of(verb, issuer, question, applicant);
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(more);
        self.zerotrip(&arguments)
    }

    /// The arguments of `zerotrip` for it.
    pub fn question(
        &self,
        verb: &str,
        issuer: &str,
        variant: &str,
        applicant: &str,
    ) -> Vec<String> {
        self.question_of(verb, issuer, ("no-property", variant), applicant)
    }

    /// The arguments of `zerotrip` for a check and its variant.
    pub fn question_of(
        &self,
        verb: &str,
        issuer: &str,
        (check, variant): (&str, &str),
        applicant: &str,
    ) -> Vec<String> {
        let name = match check {
            "business-good-standing" => "enterprise",
            "vessel-certificates" => "vessel",
            _ => "applicant",
        };
        let (dir, parameter) = (self.path(issuer), format!("{name}={applicant}"));
        let mut arguments = vec![
            "--json",
            verb,
            "--dir",
            &dir,
            "--check",
            check,
            "--variant",
            variant,
            "--param",
            &parameter,
        ];
        arguments.extend([
            "--official",
            "0471",
            "--service-item",
            "rent-withdrawal-330100",
            "--purpose",
            PURPOSE,
        ]);
        arguments.extend(["--basis", BASIS, "--case", "HZ-2026-000417"]);
        arguments.into_iter().map(str::to_owned).collect()
    }

    /// Starts the hub and waits until it says that it listens.
    pub fn start_hub(&mut self) -> Result<(), Failure> {
        let listen = self.url.trim_start_matches("https://").to_owned();
        let definitions = self.definitions.display().to_string();
        let (dir, store) = (self.path("hub"), self.folder.display().to_string());
        let arguments = [
            "serve",
            "--dir",
            &dir,
            "--listen",
            &listen,
            "--definitions",
            &definitions,
            "--store",
            &store,
        ];
        let hub = Running::start("zerotrip-hub", &arguments, &self.log("hub"))?;
        self.hub.insert(hub).wait_for("listens on")?;
        Ok(())
    }

    /// The hub's process.
    pub fn hub(&mut self) -> Option<&mut Running> {
        self.hub.as_mut()
    }

    /// SIGKILL for the hub, and waits until it is gone.
    pub fn kill_hub(&mut self) -> Result<(), Failure> {
        self.hub.take().map_or(Ok(()), Running::kill)
    }

    /// Starts a department's connector and waits until it says that it serves.
    pub fn start_connector(&mut self, member: &str) -> Result<(), Failure> {
        let dir = self.path(member);
        let mut connector =
            Running::start("zerotrip-connector", &["serve", "--dir", &dir], &self.log(member))?;
        connector.wait_for("serving")?;
        self.connectors.insert(member.to_owned(), connector);
        Ok(())
    }

    /// A department's process.
    pub fn connector(&self, member: &str) -> Option<&Running> {
        self.connectors.get(member)
    }

    /// Stops a department's connector.
    pub fn stop_connector(&mut self, member: &str) -> Result<(), Failure> {
        self.connectors.remove(member).map_or(Ok(()), Running::stop)
    }

    /// SIGKILL for a department's connector, and waits until it is gone.
    pub fn kill_connector(&mut self, member: &str) -> Result<(), Failure> {
        self.connectors.remove(member).map_or(Ok(()), Running::kill)
    }

    /// Waits until the catalog shows all of these datasets attached.
    pub fn wait_attached(&self, datasets: &[&str]) -> Result<(), Failure> {
        wait_until(Duration::from_secs(30), &format!("{datasets:?} attached"), || {
            let listed =
                self.zerotrip(&["--json", "catalog", "list", "--dir", &self.path(FUND)])?;
            let text = listed.output;
            let attached = |name: &&str| values(&text).iter().any(|value| is_attached(value, name));
            Ok(datasets.iter().all(attached))
        })
    }

    /// Waits until the catalog shows this dataset detached.
    pub fn wait_detached(&self, dataset: &str) -> Result<(), Failure> {
        wait_until(Duration::from_secs(10), &format!("{dataset} detached"), || {
            let listed =
                self.zerotrip(&["--json", "catalog", "list", "--dir", &self.path(FUND)])?;
            Ok(!values(&listed.output).iter().any(|value| is_attached(value, dataset)))
        })
    }

    /// Stops everything in order.
    pub fn stop(mut self) -> Result<(), Failure> {
        if let Some(hub) = self.hub.take() {
            hub.stop()?;
        }
        for (_, connector) in std::mem::take(&mut self.connectors) {
            connector.stop()?;
        }
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(format!("{name}.log"))
    }

    fn found(&self, plan: &Plan) -> Result<City, Failure> {
        fs::create_dir_all(self.folder.join("logs"))?;
        let city = city::generate_telling(
            &plan.spec,
            &self.folder.join("city"),
            &self.servers,
            &mut |_| {},
        )?;
        let (authority, hub) = (self.path("authority"), self.path("hub"));
        let init = [
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
        ];
        self.zerotrip(&init)?.expect(0)?;
        run(
            "zerotrip-hub",
            &["init", "--dir", &hub, "--trust-domain", TRUST_DOMAIN, "--name", "hub-1"],
            &self.folder,
        )?
        .expect(0)?;
        fs::write(self.folder.join("hub").join("hub.toml"), &plan.hub_settings)?;
        self.enrol_hub()?;
        Ok(city)
    }

    fn enrol_hub(&self) -> Result<(), Failure> {
        self.zerotrip(&[
            "authority",
            "enrol-hub",
            "--dir",
            &self.path("authority"),
            "--hub-dir",
            &self.path("hub"),
        ])?
        .expect(0)?;
        Ok(())
    }

    /// The port is part of every system's identity here, so another one will not do.
    fn free_port(&self) -> Result<(), Failure> {
        let address = self.url.trim_start_matches("https://");
        match TcpListener::bind(address) {
            Ok(_free) => Ok(()),
            Err(error) => fail(format!(
                "the installation in `{}` belongs on {address}, and that cannot be had: {error}; \
                 stop what listens there (an earlier run in this folder?), or use another folder",
                self.folder.display()
            )),
        }
    }

    fn invite(
        &self,
        (member, system): (&str, &str),
        (en, zh): (&str, &str),
        folder: &str,
    ) -> Result<String, Failure> {
        let (authority, out) = (self.path("authority"), self.path(&format!("{folder}.invitation")));
        let arguments = [
            "member",
            "invite",
            "--dir",
            &authority,
            "--member",
            member,
            "--system",
            system,
            "--name-en",
            en,
            "--name-zh",
            zh,
            "--out",
            &out,
        ];
        self.zerotrip(&arguments)?.expect(0)?;
        Ok(out)
    }

    fn admit(&self, member: &str, system: &str, joining: Running) -> Result<(), Failure> {
        let authority = self.path("authority");
        let admit = [
            "member", "admit", "--dir", &authority, "--member", member, "--system", system,
            "--wait", "30",
        ];
        self.zerotrip(&admit)?.expect(0)?;
        joining.wait_success(Duration::from_secs(30))
    }

    fn admit_connector(&self, member: &str, en: &str, zh: &str) -> Result<(), Failure> {
        self.admit_connector_in(member, (en, zh), member)
    }

    fn admit_connector_in(
        &self,
        member: &str,
        (en, zh): (&str, &str),
        folder: &str,
    ) -> Result<(), Failure> {
        let invitation = self.invite((member, "front"), (en, zh), folder)?;
        let arguments = ["join", "--dir", &self.path(folder), "--invitation", &invitation];
        let joining =
            Running::start("zerotrip-connector", &arguments, &self.log(&format!("{member}-join")))?;
        self.admit(member, "front", joining)
    }

    fn admit_issuer(&self, member: &str, en: &str, zh: &str) -> Result<(), Failure> {
        let invitation = self.invite((member, "window"), (en, zh), member)?;
        let arguments = ["join", "--dir", &self.path(member), "--invitation", &invitation];
        let joining = Running::start("zerotrip", &arguments, &self.log(&format!("{member}-join")))?;
        self.admit(member, "window", joining)
    }

    fn sign(&self, member: &str) -> Result<(), Failure> {
        let Some((.., file)) = DEPARTMENTS.iter().find(|(known, ..)| *known == member) else {
            return fail(format!("no department `{member}`"));
        };
        let (dir, dataset) = (self.path(member), self.path(&format!("city/{member}/{file}")));
        run("zerotrip-connector", &["sign", "--dir", &dir, &dataset], &self.folder)?.expect(0)?;
        Ok(())
    }

    fn approve(&self, member: &str) -> Result<(), Failure> {
        self.sign(member)?;
        let dir = self.path(member);
        // The owners would serve the transit company too; that it gets nothing is the authority's
        // grants' doing.
        let approve = [
            "approve",
            "--dir",
            &dir,
            "--check",
            "no-property",
            "--requester",
            FUND,
            "--requester",
            TRANSIT,
            "--purpose",
            PURPOSE,
            "--yes",
        ];
        run("zerotrip-connector", &approve, &self.folder)?.expect(0)?;
        Ok(())
    }

    fn grant(&self) -> Result<(), Failure> {
        for variant in ["applicant", "couple", "family"] {
            let (authority, id, check) = (
                self.path("authority"),
                format!("fund-{variant}"),
                format!("no-property/{variant}"),
            );
            let add = [
                "grant",
                "add",
                "--dir",
                &authority,
                "--id",
                &id,
                "--member",
                FUND,
                "--check",
                &check,
                "--purpose",
                PURPOSE,
                "--basis",
                BASIS,
                "--may-issue",
                // The tests ask every variant about everybody.
                "--variants-per-subject",
                "3",
            ];
            self.zerotrip(&add)?.expect(0)?;
        }
        Ok(())
    }
}

/// Every JSON value in a command's output, one a line; arrays are opened.
pub fn values(text: &str) -> Vec<Value> {
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let open = |value: Value| match value {
        Value::Array(items) => items,
        Value::Object(ref fields) => match fields.get("datasets") {
            Some(Value::Array(items)) => items.clone(),
            _ => vec![value],
        },
        other => vec![other],
    };
    lines.flat_map(open).collect()
}

fn is_attached(value: &Value, dataset: &str) -> bool {
    let named = ["dataset", "id"]
        .iter()
        .any(|key| value.get(*key).and_then(Value::as_str) == Some(dataset));
    named && value.get("attached").and_then(Value::as_bool) == Some(true)
}

/// Waits until `holds`, looking ever less often; an error names what was waited for.
pub fn wait_until(
    most: Duration,
    what: &str,
    mut holds: impl FnMut() -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        if holds()? {
            return Ok(());
        }
        if begun.elapsed() > most {
            return fail(format!("waited {} s in vain for: {what}", most.as_secs()));
        }
        std::thread::park_timeout(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// The definitions that ship with the product.
pub fn definitions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../certs/definitions")
}

/// Definitions of checks that exist for tests alone.
pub fn test_definitions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kit/definitions")
}

/// Definitions that show how one is written.
pub fn worked_definitions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/definitions")
}

/// The text of a shipped definition.
pub fn definition_text(check: &str) -> Result<String, Failure> {
    Ok(DefinitionFolder::read(&definitions().join(check))?.text)
}

/// The text of the definition of the no-property proof.
pub fn no_property() -> Result<String, Failure> {
    definition_text("no-property")
}

/// An address on loopback for a hub, which the authority names before the hub binds it. The port
/// lies below those that the system gives to outgoing connections (from 32768 on), any of which
/// could take it meanwhile.
pub fn free_address() -> Result<String, Failure> {
    for _ in 0..100 {
        let port = 10_000 + uuid::Uuid::new_v4().as_u128() % 20_000;
        let address = format!("127.0.0.1:{port}");
        if TcpListener::bind(&address).is_ok() {
            return Ok(address);
        }
    }
    fail("no free port between 10000 and 30000 was found")
}

/// What the last start in this folder has written down.
/// Which city it is, whatever the day.
fn city_of(plan: &Plan) -> String {
    format!("{} residents, seed {}", plan.spec.residents, plan.spec.seed)
}

fn known(folder: &Path) -> Result<Value, Failure> {
    Ok(serde_json::from_str(&fs::read_to_string(folder.join("town.json"))?)?)
}

fn known_address(folder: &Path) -> Result<String, Failure> {
    match known(folder)?.get("url").and_then(Value::as_str) {
        Some(url) => Ok(url.to_owned()),
        None => {
            fail(format!("`{}` is damaged; use another --dir", folder.join("town.json").display()))
        }
    }
}
