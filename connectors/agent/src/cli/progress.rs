//! Progress of long work, on standard error.

use std::future::Future;
use std::time::{Duration, Instant};

/// Shorter work is not reported.
const LONG: Duration = Duration::from_secs(2);

/// Does the work, and says on standard error every two seconds that it is still going on.
pub async fn with_progress<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + LONG, LONG);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = ticks.tick() => eprintln!("{what}: {} s …", begun.elapsed().as_secs()),
        }
    }
}
