//! `certificates review`: a standing order, with a purpose and approvals of its own, that
//! supersedes certificates which are no longer so.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use zerotrip_tests::city::Variant;
use zerotrip_tests::deployment::{DEPARTMENTS, FUND, Finished, PURPOSE, run, wait_until};

use crate::many::ids;
use crate::status::with_status;
use crate::support::{DeployedCity, deploy, expected};

const REVIEW: &str = "certificate-review";
const BASIS: &str = "电子证照复核办法第3条";

impl DeployedCity {
    fn reviews(&self, more: &[&str]) -> Finished {
        let dir = self.deployment.path(FUND);
        let review = ["--json", "certificates", "review", "--dir", &dir, "--check", "no-property"];
        let errand = ["--variant", "applicant", "--official", "0471", "--service-item", "review-1"];
        let order = ["--purpose", REVIEW, "--basis", BASIS, "--case", "STANDING-2026-001"];
        let arguments = [&review[..], &errand, &order, more].concat();
        self.deployment.zerotrip(&arguments).unwrap()
    }

    /// How verifying ends, by the newest list.
    fn state_of(&self, name: &str, issued: &Value) -> i32 {
        let (file, keys) =
            (self.deployment.path(name), self.deployment.path("authority/jwks.json"));
        let list = self.list_of(issued);
        let list = list.to_str().unwrap();
        let verify = ["verify", &file, "--jwks", &keys, "--status", list, "--json"];
        self.deployment.zerotrip(&verify).unwrap().code
    }
}

/// The last line that the command says.
fn counts(done: &Finished) -> BTreeMap<String, Value> {
    serde_json::from_str(done.output.lines().last().unwrap()).unwrap()
}

fn owns_a_home(register: &Path, person: &str) {
    let register = rusqlite::Connection::open(register).unwrap();
    let added = register
        .execute(
            "insert into T_FDCQ (DYH, QLRSFZH, QLRMC, GYFE, QSZT, DJRQ, ZXRQ) select \
             substr(DYH, 1, length(DYH) - 4) || '9876', ?1, QLRMC, GYFE, QSZT, DJRQ, ZXRQ from \
             T_FDCQ where QSZT = '现势' and DJRQ like '20%' and length(GYFE) > 0 limit 1",
            [person],
        )
        .unwrap();
    assert_eq!(added, 1);
}

#[test]
fn what_a_register_shows_later_supersedes_a_certificate_under_an_order_of_its_own() {
    let mut town = deploy(200, 41);
    with_status(&town);
    let keys = town.keys();
    let is_free =
        |id: &&String| keys.iter().all(|key| expected(key, id, Variant::Applicant).0 == "true");
    let everybody = ids(&town.city);
    let free: Vec<&String> = everybody.iter().filter(is_free).take(2).collect();
    let [buyer, other] = free[..] else { panic!("nobody owns nothing") };
    let issue = |person: &str, name: &str| {
        let out = town.deployment.path(name);
        let done = town.deployment.ask("issue", FUND, "applicant", person, &["--out", &out]);
        done.unwrap().expect(0).unwrap().json().unwrap()
    };
    let (of_buyer, of_other) = (issue(buyer, "buyer.sdjwt"), issue(other, "other.sdjwt"));
    let states = |town: &DeployedCity| {
        (town.state_of("buyer.sdjwt", &of_buyer), town.state_of("other.sdjwt", &of_other))
    };
    // Nobody has granted or approved it: what the certificates were issued for does not cover it.
    let refused = town.reviews(&[]);
    assert_eq!((refused.code, &counts(&refused)["denied"]), (3, &2.into()), "{refused:?}");
    assert_eq!(states(&town), (0, 0));

    let grant = ["--id", "review", "--member", FUND, "--check", "no-property", "--purpose", REVIEW];
    let more = ["--basis", BASIS, "--max-subjects", "1000"];
    town.deployment.authority(&["grant", "add"], &[&grant[..], &more].concat()).unwrap();
    for (member, ..) in DEPARTMENTS {
        let dir = town.deployment.path(member);
        let approve = ["approve", "--dir", &dir, "--check", "no-property", "--requester", FUND];
        let purposes = ["--purpose", PURPOSE, "--purpose", REVIEW, "--max-subjects", "1000"];
        let approve = [&approve[..], &purposes, &["--yes"]].concat();
        run("zerotrip-connector", &approve, &town.deployment.folder).unwrap().expect(0).unwrap();
    }
    wait_until(Duration::from_secs(20), "what was approved is in force", || {
        Ok(town.reviews(&["--only-tell"]).code == 0)
    })
    .unwrap();
    assert_eq!(counts(&town.reviews(&[]))["still_so"], 2);

    let register = town.deployment.folder.join("city/estate/ownership.db");
    owns_a_home(&register, buyer);
    wait_until(Duration::from_secs(20), "the register shows it", || {
        Ok(town.deployment.ask("check", FUND, "applicant", buyer, &[])?.code == 1)
    })
    .unwrap();
    assert_eq!(states(&town), (0, 0), "nobody has asked");
    let told = town.reviews(&["--only-tell"]);
    assert_eq!((told.code, counts(&told)["marked"].clone()), (1, false.into()), "{told:?}");
    assert_eq!(states(&town), (0, 0), "it was told alone");
    // Nothing is published by it either, not even what an order left to be published.
    let of_fund = zerotrip_channel::SystemHome::load(&town.deployment.folder.join(FUND)).unwrap();
    let mut issued = zerotrip_client::issued::Register::open(&of_fund).unwrap().unwrap();
    let mut order = |order| {
        let serial = of_other["serial"].as_str().unwrap();
        issued.order(serial, &order, "why", std::time::SystemTime::now()).unwrap()
    };
    assert!(order(zerotrip_client::issued::Order::Suspend).entry.unpublished);
    assert_eq!(town.reviews(&["--only-tell"]).code, 1);
    assert_eq!(states(&town), (0, 0), "it published nothing");
    order(zerotrip_client::issued::Order::Lift);
    let done = town.reviews(&[]);
    let first: Value = serde_json::from_str(done.output.lines().next().unwrap()).unwrap();
    assert_eq!((done.code, &first["serial"]), (1, &of_buyer["serial"]), "{done:?}");
    assert!(!done.output.contains(buyer.as_str()), "a number says enough");
    assert_eq!(states(&town), (12, 0));
    // Once is enough; and who cannot be answered keeps the certificate.
    let again = town.reviews(&[]);
    assert_eq!((again.code, &counts(&again)["still_so"]), (0, &1.into()), "{again:?}");
    town.deployment.stop_connector("estate").unwrap();
    town.deployment.wait_detached("estate.ownership").unwrap();
    let down = town.reviews(&[]);
    assert_eq!((down.code, &counts(&down)["unanswered"]), (4, &1.into()), "{down:?}");
    assert_eq!(states(&town), (12, 0));
    town.deployment.stop().unwrap();
}
