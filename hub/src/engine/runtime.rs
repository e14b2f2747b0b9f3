//! What all requests' plans run on, and the task of one request.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionConfig;

use super::prepared::session_config;
use super::slots::ExchangeCx;

/// What the plans run on: shared by all requests.
#[derive(Clone, Debug)]
pub struct Engine {
    config: SessionConfig,
    runtime: Arc<RuntimeEnv>,
}

impl Engine {
    /// Over a runtime with the hub's memory limit.
    pub fn new(runtime: Arc<RuntimeEnv>) -> Self {
        Self { config: session_config(), runtime }
    }

    pub(super) fn task(&self, cx: &Arc<ExchangeCx>) -> Arc<TaskContext> {
        let config = self.config.clone().with_extension(Arc::clone(cx));
        Arc::new(TaskContext::new(
            None,
            String::new(),
            config,
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            Arc::clone(&self.runtime),
        ))
    }
}
