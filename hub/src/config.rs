//! The hub's settings: raw → validated, every fault at once. Unknown keys are refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use zerotrip_channel::files;
use zerotrip_ledger::Place;
use zerotrip_text::toml_fault;

use crate::objects::{RawSegments, Segments};

/// Settings, validated.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where check definitions are.
    pub definitions: PathBuf,
    /// Where the store is; `None`: the hub's folder.
    pub store: Option<PathBuf>,
    /// Memory for joins.
    pub memory_bytes: usize,
    /// Departments' answers that all exchanges together hold, in bytes; what comes on top is not
    /// taken.
    pub answers_bytes: usize,
    /// Exchanges at once, of which one member may have half; more are refused with a hint to
    /// retry.
    pub exchanges: usize,
    /// Connections at once.
    pub connections: usize,
    /// Requests of one member a minute.
    pub member_per_minute: u32,
    /// Requests of one member about one subject an hour.
    pub subject_per_hour: u32,
    /// How long a draining hub lets exchanges finish.
    pub drain: Duration,
    /// Age at which what is finished moves out of the store, into segments.
    pub move_after: Duration,
    /// How long bodies of exchanges are kept; `None`: for ever.
    pub keep_bodies: Option<Duration>,
    /// Where full segments go; `None`: they stay.
    pub segments: Option<Segments>,
}

/// `hub.toml` in the hub's folder. All keys are optional.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// Memory for joins, in MiB: 16 to 65536, default 128.
    memory_mib: Option<u64>,
    /// Memory for departments' answers, of all exchanges together, in MiB: 32 to 65536, default
    /// 512.
    answers_mib: Option<u64>,
    /// Exchanges at once, of which one member may have half: 1 to 65536, default 512.
    exchanges: Option<u64>,
    /// Connections at once: 8 to 65536, default 1024.
    connections: Option<u64>,
    /// Requests of one member a minute: 1 to 10000000, default 120000.
    member_per_minute: Option<u64>,
    /// Requests of one member about one subject an hour: 1 to 1000000, default 60.
    subject_per_hour: Option<u64>,
    /// Seconds that a stopping hub waits for exchanges: 0 to 300, default 20.
    drain_seconds: Option<u64>,
    /// Minutes after which what is finished moves out of the store: 75 to 43200, default 120. A
    /// certificate can be issued on a check for an hour, and for none that has moved.
    move_after_minutes: Option<u64>,
    /// Days for which bodies of exchanges are kept, unless a hold keeps them: 0 to 36500, default
    /// 0, which is for ever.
    keep_bodies_days: Option<u64>,
    /// Where full segments go; default: nowhere.
    segments: Option<RawSegments>,
}

/// Everything wrong with the settings.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

impl Config {
    /// Reads `hub.toml` in `folder`, if there is one.
    pub fn read(
        folder: &Path,
        definitions: PathBuf,
        store: Option<PathBuf>,
    ) -> Result<Self, ConfigError> {
        let path = folder.join("hub.toml");
        let raw = if path.exists() {
            let text =
                files::read_text(&path).map_err(|error| ConfigError(vec![error.to_string()]))?;
            toml::from_str(&text).map_err(|error| {
                ConfigError(vec![format!("`{}`: {}", path.display(), toml_fault(&text, &error))])
            })?
        } else {
            Raw::default()
        };
        let mut faults = Vec::new();
        let mut bounded = |key: &str, value: Option<u64>, default: u64, least: u64, most: u64| {
            let value = value.unwrap_or(default);
            if !(least..=most).contains(&value) {
                faults.push(format!(
                    "`{}`: {key} = {value} is not within {least} to {most}",
                    path.display()
                ));
            }
            value
        };
        let memory_mib = bounded("memory_mib", raw.memory_mib, 128, 16, 65_536);
        let answers_mib = bounded("answers_mib", raw.answers_mib, 512, 32, 65_536);
        let exchanges = bounded("exchanges", raw.exchanges, 512, 1, 65_536);
        let connections = bounded("connections", raw.connections, 1024, 8, 65_536);
        let member_per_minute =
            bounded("member_per_minute", raw.member_per_minute, 120_000, 1, 10_000_000);
        let subject_per_hour = bounded("subject_per_hour", raw.subject_per_hour, 60, 1, 1_000_000);
        let drain = bounded("drain_seconds", raw.drain_seconds, 20, 0, 300);
        let move_after = bounded("move_after_minutes", raw.move_after_minutes, 120, 75, 43_200);
        let keep_bodies = bounded("keep_bodies_days", raw.keep_bodies_days, 0, 0, 36_500);
        let segments = raw.segments.map(|segments| segments.validated(folder)).transpose();
        let segments = segments.unwrap_or_else(|found| {
            let named = |fault| format!("`{}`: under `[segments]`, {fault}", path.display());
            faults.extend(found.into_iter().map(named));
            None
        });
        if !faults.is_empty() {
            return Err(ConfigError(faults));
        }
        let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
        Ok(Self {
            definitions,
            store,
            memory_bytes: size(memory_mib << 20),
            answers_bytes: size(answers_mib << 20),
            exchanges: size(exchanges),
            connections: size(connections),
            member_per_minute: narrow(member_per_minute),
            subject_per_hour: narrow(subject_per_hour),
            drain: Duration::from_secs(drain),
            move_after: Duration::from_secs(move_after * 60),
            keep_bodies: (keep_bodies > 0).then(|| Duration::from_secs(keep_bodies * 86_400)),
            segments,
        })
    }

    /// Where full segments go, and where those are that went.
    pub fn place(&self) -> Result<Option<Arc<dyn Place>>, ConfigError> {
        let opened = self.segments.as_ref().map(Segments::open).transpose();
        opened.map_err(|fault| ConfigError(vec![fault]))
    }

    /// The store's folder.
    pub fn store_folder(&self, folder: &Path) -> PathBuf {
        self.store.clone().unwrap_or_else(|| folder.to_owned())
    }
}
