//! The pages for people are kept true here: the commands of `docs/` run as they are written, links
//! and anchors resolve, the READMEs stay short, and the Chinese pages give the same commands.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use zerotrip_tests::deployment::{binary_path, definitions, free_address, run, wait_until};

mod links;
mod settings;
mod ways_out;

#[path = "../../examples/rust/no_property.rs"]
#[allow(dead_code, reason = "its `main` is for people")]
mod example;

/// Pages with commands, each with its Chinese page below `docs/zh/`.
const PAGES: [&str; 10] = [
    "definitions.md",
    "set-up.md",
    "ask.md",
    "unavailable.md",
    "certificate.md",
    "operate.md",
    "attach.md",
    "settings.md",
    "comparison.md",
    "not-yet.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The fenced blocks of a page: language and text.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let (mut found, mut open) = (Vec::new(), None::<(&str, String)>);
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(language), None) => open = Some((language, String::new())),
            (None, Some((_, block))) => block.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

fn commands(name: &str) -> Vec<String> {
    let text = page(name);
    blocks(&text)
        .into_iter()
        .filter(|(language, _)| *language == "sh")
        .map(|(_, block)| block)
        .collect()
}

/// The block with what it leaves to its reader, each `<…>`, replaced.
fn substituted(block: &str, value: &str) -> String {
    let mut text = block.to_owned();
    while let Some((before, (_, after))) =
        text.split_once('<').and_then(|(before, rest)| Some((before, rest.split_once('>')?)))
    {
        text = format!("{before}{value}{after}");
    }
    text
}

/// A folder in which blocks of commands run, with the binaries of this build on the `PATH`.
struct Shell {
    folder: TempDir,
    address: String,
    /// Of everything that was started; each block has a group of its own.
    groups: Vec<u32>,
}

impl Shell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("definitions");
        let copied = Command::new("cp").arg("-r").args([&definitions(), &copy]).status().unwrap();
        assert!(copied.success());
        let address = free_address().unwrap();
        Self { folder, address, groups: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a block to its end. What it leaves in the background runs on.
    ///
    /// Substituted are the port, which is a free one here, and what the page leaves to its reader:
    /// each `<…>` is replaced by `value`. What `approve` and `withdraw` ask is answered with yes,
    /// and what `adjudicate` asks with the end of the input.
    fn run(&mut self, block: &str, value: &str) -> String {
        let script = substituted(&block.replace("127.0.0.1:7443", &self.address), value);
        let answers = if script.contains(" adjudicate ") { "" } else { "y\n" };
        let script =
            script.replace("zerotrip-connector approve ", "echo y | zerotrip-connector approve ");
        // What runs on in the background writes on.
        let (typed, log) =
            (self.path("typed"), self.path(&format!("block-{}.log", self.groups.len())));
        fs::write(&typed, answers).unwrap();
        let output = File::create(&log).unwrap();
        let binaries = binary_path("zerotrip").unwrap().parent().unwrap().display().to_string();
        let mut child = Command::new("bash")
            .args(["-eu", "-o", "pipefail", "-c", &script])
            .current_dir(self.folder.path())
            .env("PATH", format!("{binaries}:{}", std::env::var("PATH").unwrap_or_default()))
            .env("LANG", "C.UTF-8")
            .env_remove("ZEROTRIP_DIR")
            .env_remove("ZEROTRIP_AUTHORITY_DIR")
            .stdin(Stdio::from(File::open(&typed).unwrap()))
            .stderr(Stdio::from(output.try_clone().unwrap()))
            .stdout(Stdio::from(output))
            .process_group(0)
            .spawn()
            .unwrap();
        self.groups.push(child.id());
        let ended = wait_until(Duration::from_secs(120), "the block's end", || {
            Ok(child.try_wait()?.is_some())
        });
        let said = fs::read_to_string(&log).unwrap();
        ended.unwrap_or_else(|error| panic!("{error}\n{script}\n{said}"));
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}\n{script}\n{said}");
        said
    }

    /// Stops what the page says to stop, and waits until its process has ended.
    fn stop(&self, name: &str) {
        let pid = fs::read_to_string(self.path(&format!("{name}.pid"))).unwrap().trim().to_owned();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success(), "{name}");
        // A process that has ended, and that nobody has waited for, runs no program.
        let runs = || fs::read_link(format!("/proc/{pid}/exe")).is_ok();
        wait_until(Duration::from_secs(40), &format!("the end of {name}"), || Ok(!runs())).unwrap();
    }

    /// The command's JSON and exit code.
    fn zerotrip(&self, arguments: &[&str]) -> (i32, Value) {
        let ended = run("zerotrip", arguments, self.folder.path()).unwrap();
        (ended.code, serde_json::from_str(ended.output.trim()).unwrap_or(Value::Null))
    }

    fn check(&self, applicant: &str) -> (i32, Value) {
        let applicant = format!("applicant={applicant}");
        let asked = [
            "--json",
            "check",
            "--dir",
            "fund",
            "--check",
            "no-property",
            "--variant",
            "couple",
            "--param",
            &applicant,
        ];
        let errand = [
            "--official",
            "0471",
            "--service-item",
            "rent-withdrawal-330100",
            "--purpose",
            "rent-withdrawal",
        ];
        self.zerotrip(
            &[
                &asked[..],
                &errand,
                &["--basis", "住房公积金管理条例第24条", "--case", "HZ-2026-000417"],
            ]
            .concat(),
        )
    }

    /// A person of the invented city who must be answered so in the variant `couple`, by this
    /// dataset's doing.
    fn person(&self, outcome: &str, dataset: &str) -> String {
        let cast: BTreeMap<String, Value> =
            serde_json::from_str(&fs::read_to_string(self.path("city/cast.json")).unwrap())
                .unwrap();
        let fits = |one: &&Value| {
            one["variant"] == "couple" && one["outcome"] == outcome && one["dataset"] == dataset
        };
        cast.values().find(fits).unwrap_or_else(|| panic!("no person is {outcome}"))["applicant"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Waits until all four registers are attached; polls the catalog, for questions about one
    /// person are bounded.
    fn wait_attached(&self) {
        let attached = || {
            let listed = run(
                "zerotrip",
                &["--json", "catalog", "list", "--dir", "fund"],
                self.folder.path(),
            )?
            .output;
            Ok(listed.matches(r#""attached":true"#).count() == 4)
        };
        wait_until(Duration::from_secs(60), "four registers attached", attached).unwrap();
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for group in &self.groups {
            // Fails for a group of which nothing is left.
            let _ended = Command::new("kill")
                .args(["-KILL", "--", &format!("-{group}")])
                .stderr(Stdio::null())
                .status();
        }
    }
}

#[test]
fn the_pages_run_from_the_first_command_to_the_last() {
    zerotrip_trust::tls::install_provider();
    let mut shell = Shell::new();

    for (place, block) in (1..).zip(commands("docs/set-up.md")) {
        let applicant =
            if block.contains("cast.json") { shell.person("true", "") } else { String::new() };
        let said = shell.run(&block, &applicant);
        assert!(place < 4 || said.contains("YES  (no-property/couple)"), "{said}");
    }
    let (yes, unavailable) =
        (shell.person("true", ""), shell.person("unavailable", "estate.ownership"));

    let asked = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(example::ask(&shell.path("fund"), &yes))
        .unwrap();
    let (code, told) = example::tell(&asked);
    assert!(code == 0 && told.starts_with("yes\nproven by entry "), "{code} {told}");

    let (code, answer) = shell.check(&unavailable);
    assert_eq!((code, answer["code"].as_str()), (4, Some("UNSETTLED")), "{answer}");
    let exchange = answer["request_id"].as_str().unwrap().to_owned();
    let mut said = String::new();
    for block in commands("docs/ask.md") {
        said += &shell.run(&block, if block.contains("--exchange") { &exchange } else { &yes });
    }
    assert_eq!(said.matches("YES  (no-property/couple)").count(), 2, "{said}");
    assert_eq!(said.matches("  seal: verified").count(), 3, "issued, and verified twice: {said}");
    assert!(said.contains("is whole: "), "{said}");

    for block in commands("docs/unavailable.md") {
        shell.run(&block, "");
    }

    for block in commands("docs/definitions.md") {
        if block.contains("zerotrip-hub serve") {
            shell.stop("hub");
        }
        let said = shell.run(&block, &yes);
        assert!(!block.contains("zerotrip check") || said.contains("YES  (no-contract/applicant)"));
    }

    for block in commands("docs/operate.md") {
        if block.contains("zerotrip-hub restore") {
            // Systems and departments see more of the log than the backup has.
            assert_eq!(shell.check(&yes).0, 0);
            shell.stop("hub");
        }
        if block.contains("hub-seen.toml") {
            assert_eq!(shell.check(&yes).0, 5, "the hub was set back behind what the fund saw");
        }
        if block.contains("zerotrip-hub init") {
            shell.stop("hub");
        }
        shell.run(&block, "");
        if block.contains("hub-seen.toml") || block.contains("zerotrip-hub init") {
            shell.wait_attached();
            assert_eq!(shell.check(&yes).0, 0, "after {block}");
        }
    }

    // The page goes on with a copy of the invented register, once the connector that serves it has
    // stopped.
    shell.stop("estate");
    fs::copy(shell.path("city/estate/ownership.db"), shell.path("ownership.db")).unwrap();
    for block in commands("docs/attach.md") {
        if block.contains("zerotrip-connector check") {
            let proposed = fs::read_to_string(shell.path("ownership.toml")).unwrap();
            assert!(proposed.contains("FILL_IN"), "{proposed}");
            fs::copy(shell.path("city/estate/ownership.toml"), shell.path("ownership.toml"))
                .unwrap();
        }
        if block.contains("zerotrip-connector withdraw") {
            shell.wait_attached();
            assert_eq!(shell.check(&yes).0, 0, "over the register attached anew");
        }
        let said = shell.run(&block, "");
        assert!(
            !block.contains("zerotrip-connector check") || said.contains("verdict: served"),
            "{said}"
        );
    }
    wait_until(Duration::from_secs(10), "no answer without the owner's approval", || {
        Ok(shell.check(&yes).0 == 4)
    })
    .unwrap();

    // Each process stops at SIGTERM.
    for name in ["hub", "connector", "police", "civil", "housing"] {
        shell.stop(name);
    }
}

#[test]
fn the_chinese_pages_give_the_same_commands() {
    // What a page leaves to its reader is said in its language.
    let bare = |block: &String| substituted(block, "…");
    for name in PAGES {
        let (en, zh) = (commands(&format!("docs/{name}")), commands(&format!("docs/zh/{name}")));
        assert_eq!(
            en.iter().map(bare).collect::<Vec<_>>(),
            zh.iter().map(bare).collect::<Vec<_>>(),
            "{name}"
        );
    }
}
