//! What owners and the authority do before a check beside the first can be asked.

use std::collections::BTreeSet;
use std::path::Path;

use zerotrip_hub::state::DefinitionFolder;

use super::others::{departments, front};
use super::{BASIS, DEPARTMENTS, FUND, Failure, PURPOSE, TestDeployment, run};

impl TestDeployment {
    /// Owners approve the check for the fund, and the authority grants it every variant, with
    /// certificates; what was done before in this folder is not done again. The owners' connectors
    /// take it up within about a second.
    pub fn allow(&self, check: &str) -> Result<(), Failure> {
        // An id has 32 characters at most, with the variant's name.
        let initials: String = check.split('-').filter_map(|word| word.chars().next()).collect();
        let id = format!("{FUND}-{initials}");
        let authority = self.path("authority");
        let listed = self.zerotrip(&["--json", "grant", "list", "--dir", &authority])?.expect(0)?;
        if listed.output.contains(&format!("\"{check}/")) {
            return Ok(());
        }
        for member in asked(&self.definitions.join(check))? {
            let dir = self.path(&front(&member));
            let mut approve = vec!["approve", "--dir", &dir, "--check", check];
            approve.extend(["--requester", FUND, "--purpose", PURPOSE, "--yes"]);
            run("zerotrip-connector", &approve, &self.folder)?.expect(0)?;
        }
        let mut grant = vec!["--id", &id, "--member", FUND, "--check", check, "--purpose", PURPOSE];
        grant.extend(["--basis", BASIS, "--may-issue", "--variants-per-subject", "16"]);
        self.authority(&["grant", "add"], &grant)?.expect(0)?;
        Ok(())
    }
}

/// The departments that a check asks.
fn asked(folder: &Path) -> Result<BTreeSet<String>, Failure> {
    let definition = DefinitionFolder::read(folder)?.definition()?;
    let scans = definition.variants.iter().flat_map(|variant| variant.scans());
    let owners = scans.filter_map(|(_, scan)| scan.dataset.split_once('.'));
    let owners: BTreeSet<String> = owners.map(|(owner, _)| owner.to_owned()).collect();
    let is_known = |owner: &&String| {
        let mut first = DEPARTMENTS.iter().map(|(member, ..)| *member);
        first.any(|member| member == *owner)
            || departments().any(|(member, _)| member == owner.as_str())
    };
    match owners.iter().find(|owner| !is_known(owner)) {
        Some(other) => Err(format!("no department `{other}`").into()),
        None => Ok(owners),
    }
}
