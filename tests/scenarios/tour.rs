//! The demonstration that `./run` starts: its eleven errands, and the same folder again on a later
//! day.

use std::fs;

use chrono::{Days, Utc};
use zerotrip_tests::city::{self, Spec, day_in_china};
use zerotrip_tests::deployment::{CITIES, run};

#[test]
fn the_errands_hold_and_hold_again_in_the_same_folder_days_later() {
    let folder = tempfile::tempdir().unwrap();
    let (residents, seed) = (60, 5);
    assert!(CITIES.contains(&(residents, seed)));
    let dir = folder.path().join("d");
    let tour = || {
        let (dir, residents, seed) =
            (dir.display().to_string(), residents.to_string(), seed.to_string());
        let arguments = ["--once", "--dir", &dir, "--residents", &residents, "--seed", &seed];
        run("zerotrip-tour", &arguments, folder.path()).unwrap().expect(0).unwrap().output
    };
    let told = tour();
    assert!(
        told.contains("11. The first errand again") && !told.contains("of another day"),
        "{told}"
    );
    // As if it had been set up last week: what its registers hold is too old for anybody's proof,
    // and of people of another age.
    let today = day_in_china(Utc::now());
    let then = today.checked_sub_days(Days::new(7)).unwrap();
    city::generate(&Spec::on(residents, seed, then), &dir.join("city")).unwrap();
    let known = dir.join("town.json");
    let mut town: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&known).unwrap()).unwrap();
    assert!(
        town["day"] == today.to_string() || town["day"] == today.pred_opt().unwrap().to_string(),
        "{town}"
    );
    town["day"] = then.to_string().into();
    fs::write(&known, town.to_string()).unwrap();
    let told = tour();
    assert!(
        told.contains("11. The first errand again") && told.contains("of another day"),
        "{told}"
    );
    // And at once again, of the same day.
    assert!(!tour().contains("of another day"));
}
