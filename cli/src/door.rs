//! `door`: opens the HTTP door of a system, until it is told to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use zerotrip_door::{Door, SealsWithHub, open};

use crate::folders::SystemDir;
use crate::offer::door_failure;
use crate::render::{Failure, Screen};
use crate::renewals;

/// Which door, and where.
#[derive(Args)]
pub(super) struct DoorArgs {
    #[command(flatten)]
    system: SystemDir,
    /// Address and port to listen on. Another machine's without `[tls]` in `door.toml` is refused.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

/// Opens it.
pub(super) async fn door(arguments: DoorArgs, screen: &Screen) -> Result<ExitCode, Failure> {
    let dir = &arguments.system.dir;
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .init();
    renewals::open_home(dir, screen)?;
    let door = Door::new(dir, Arc::new(SealsWithHub::new(dir)));
    let door = Arc::new(door.map_err(|error| door_failure(&error))?);
    let uri = door.uri().to_owned();
    let opened = open(door, arguments.listen).await.map_err(|error| door_failure(&error))?;
    let at = opened.at.to_string();
    let text = format!("{} {at}", screen.pick("the door listens on", "正在监听"));
    screen.show(&text, &json!({ "listening": at, "uri": uri }))?;
    let stopped = stop().await.map_err(|error| Failure::usage(&error, "无法等待停止信号"));
    opened.close().await;
    stopped.map(|()| ExitCode::SUCCESS)
}

/// Ends when this process is told to stop.
async fn stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _told = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
