//! A connector that moves to another machine: its folder is copied, and the old one is started too,
//! beside it and after it. Only one of them serves; and what its owner has said since on the new
//! machine is not unsaid by the old one.

use std::process::Command;
use std::time::Duration;

use zerotrip_tests::deployment::{FUND, run, wait_until};

use crate::support::{DeployedCity, deploy};

impl DeployedCity {
    fn answers(&self) -> bool {
        let (applicant, _) = self.cast("nothing_owned");
        self.deployment.ask("check", FUND, "couple", &applicant, &[]).unwrap().code == 0
    }

    pub fn wait_in_log(&self, name: &str, text: &str) {
        let log = self.deployment.folder.join("logs").join(format!("{name}.log"));
        let said = || Ok(std::fs::read_to_string(&log).unwrap_or_default().contains(text));
        wait_until(Duration::from_secs(30), &format!("`{text}` in the log of {name}"), said)
            .unwrap();
    }
}

#[test]
fn of_a_connector_and_its_copy_one_serves_and_the_older_says_nothing_again() {
    let mut town = deploy(200, 31);
    let (old, moved) = (town.deployment.path("estate"), town.deployment.path("moved"));
    assert!(Command::new("cp").args(["-r", &old, &moved]).status().unwrap().success());
    // Beside one that is alive the newcomer is refused, whichever of them it is.
    town.deployment.start_connector("moved").unwrap();
    town.wait_in_log("moved", "a connector with the same keys is attached and alive");
    assert!(town.answers());
    town.deployment.kill_connector("estate").unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert!(town.answers(), "the moved one serves");
    town.deployment.start_connector("estate").unwrap();
    town.wait_in_log("estate", "a connector with the same keys is attached and alive");
    assert!(town.answers());
    town.deployment.kill_connector("estate").unwrap();

    // Its owner states the dataset anew, where it is now; the hub hears it as the channel opens.
    let described = town.deployment.path("city/estate/ownership.toml");
    run("zerotrip-connector", &["sign", "--dir", &moved, &described], &town.deployment.folder)
        .unwrap()
        .expect(0)
        .unwrap();
    town.deployment.kill_connector("moved").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    town.deployment.start_connector("moved").unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert!(town.answers());
    town.deployment.kill_connector("moved").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    town.deployment.start_connector("estate").unwrap();
    town.wait_in_log("estate", "the connector's folder is an older copy");
    assert!(!town.answers(), "the old folder serves what was unsaid since");
    // Also after the hub was killed: it keeps what was stated.
    town.deployment.kill_hub().unwrap();
    town.deployment.start_hub().unwrap();
    town.deployment
        .wait_attached(&["police.household", "civil.marriage", "housing.presale"])
        .unwrap();
    assert!(!town.answers());
    // The old one still runs: of it nothing was taken, and it keeps nobody out.
    town.deployment.start_connector("moved").unwrap();
    town.deployment.wait_all_attached().unwrap();
    assert!(town.answers());
    town.deployment.stop().unwrap();
}
