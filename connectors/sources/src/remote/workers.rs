//! A runtime of a source's own: its connections live as long as the source.

use tokio::runtime::{Builder, Runtime};
use zerotrip_proto::v1::ErrorCode;

use super::super::SourceError;

/// Threads of one source; they wait for the server most of the time.
const THREADS: usize = 2;

/// A runtime of the source's own: its connections live as long as the source.
pub struct Workers(pub Option<Runtime>);

impl Drop for Workers {
    fn drop(&mut self) {
        // A source can be dropped in a task, and a task must not wait for threads.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Workers {
    pub fn new() -> Result<Self, SourceError> {
        let made = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("zerotrip-source")
            .enable_all()
            .build();
        made.map(|runtime| Self(Some(runtime))).map_err(|error| {
            SourceError::new(ErrorCode::SourceFailed, format!("no threads: {error}"))
        })
    }

    /// Runs `work`; its end can be waited for in any runtime. Should the caller not wait any
    /// more, it goes on to its own end.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, SourceError>> + Send + 'static,
    ) -> Result<T, SourceError> {
        let stopped = |why: String| {
            SourceError::new(ErrorCode::SourceFailed, format!("the source's worker stopped: {why}"))
        };
        let runtime = self.0.as_ref().ok_or_else(|| stopped("the source was closed".to_owned()))?;
        runtime.spawn(work).await.unwrap_or_else(|error| Err(stopped(error.to_string())))
    }
}
