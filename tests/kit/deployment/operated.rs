//! What the people of a deployment do over and over: the authority's commands, a look at the
//! ledger, a hub that comes back.

use serde_json::Value;

use super::{DATASETS, FUND, Failure, Finished, TestDeployment, fail};

impl TestDeployment {
    /// A command of the authority, in its own folder: `["member", "suspend"]` of `more`.
    pub fn authority(&self, command: &[&str], more: &[&str]) -> Result<Finished, Failure> {
        self.zerotrip(&[command, &["--dir", &self.path("authority")], more].concat())
    }

    /// A figure of the ledger's report, such as `size`, once the fund has verified the ledger.
    pub fn ledger_figure(&self, name: &str) -> Result<u64, Failure> {
        let verify = ["--json", "ledger", "verify", "--dir", &self.path(FUND)];
        let verified = self.zerotrip(&verify)?.expect(0)?;
        let report = verified.json()?;
        match report.pointer(&format!("/report/{name}")).and_then(Value::as_u64) {
            Some(figure) => Ok(figure),
            None => fail(format!("the report has no `{name}`: {}", verified.output)),
        }
    }

    /// Waits until every department's dataset is attached.
    pub fn wait_all_attached(&self) -> Result<(), Failure> {
        self.wait_attached(&DATASETS)
    }

    /// SIGKILL for the hub; starts it again, and waits for the departments.
    pub fn kill_and_start_hub(&mut self) -> Result<(), Failure> {
        self.kill_hub()?;
        self.start_hub()?;
        self.wait_all_attached()
    }
}
