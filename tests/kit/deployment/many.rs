//! What owners and the authority do for questions about many.

use std::fs;
use std::time::Duration;

use super::{BASIS, DEPARTMENTS, FUND, Failure, PURPOSE, TestDeployment, run, wait_until};

impl TestDeployment {
    /// Every owner approves the fund's requests about up to so many; returns once that is in force.
    pub fn approve_many(&self, most: u32) -> Result<(), Failure> {
        let most = most.to_string();
        for (member, ..) in DEPARTMENTS {
            let approve = [
                "approve",
                "--dir",
                &self.path(member),
                "--check",
                "no-property",
                "--requester",
                FUND,
                "--purpose",
                PURPOSE,
                "--max-subjects",
                &most,
                "--yes",
            ];
            run("zerotrip-connector", &approve, &self.folder)?.expect(0)?;
        }
        for (member, ..) in DEPARTMENTS {
            let log = self.folder.join(format!("logs/{member}.log"));
            let said = format!("most_subjects={most}");
            wait_until(Duration::from_secs(20), &format!("{member} says {said}"), || {
                Ok(fs::read_to_string(&log)?.lines().any(|line| line.ends_with(&said)))
            })?;
        }
        Ok(())
    }

    /// The authority grants the fund requests about up to so many, in every variant; `more`: of the
    /// command's arguments.
    pub fn grant_many(&self, most: u32, more: &[&str]) -> Result<(), Failure> {
        let most = most.to_string();
        let grant = [
            "--id",
            "many",
            "--member",
            FUND,
            "--check",
            "no-property",
            "--purpose",
            PURPOSE,
            "--basis",
            BASIS,
            "--max-subjects",
            &most,
        ];
        self.authority(&["grant", "add"], &[&grant, more].concat())?.expect(0)?;
        Ok(())
    }

    /// Both, for as many as there can be, and for every variant about each.
    pub fn allow_many(&self) -> Result<(), Failure> {
        self.approve_many(10_000)?;
        self.grant_many(10_000, &["--variants-per-subject", "3"])
    }
}
