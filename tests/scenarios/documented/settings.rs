//! The settings pages state the defaults and bounds that the code has.

use std::fs;

use zerotrip_datasets::DatasetFile;
use zerotrip_hub::config::Config;

use super::{blocks, page};

/// A row of a table of settings: key, default, least and most, as a file has them.
type Setting = (String, String, String, String);

/// The settings in the table below a heading, which begins so.
fn settings(text: &str, heading: &str) -> Vec<Setting> {
    let section = text.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let (mut found, plain) =
        (Vec::new(), |cell: &str| cell.trim().replace(',', "").replace('`', "\""));
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        if let Some((least, most)) = cells[2].split_once('–') {
            found.push((
                cells[0].trim().replace('`', ""),
                plain(cells[1]),
                plain(least),
                plain(most),
            ));
        }
    }
    found
}

/// One less than the least and one more than the most, of numbers.
fn outside(least: &str, most: &str) -> Vec<u64> {
    let number = |text: &str| text.parse::<u64>().ok();
    let below = number(least).and_then(|least| least.checked_sub(1));
    below.into_iter().chain(number(most).map(|most| most + 1)).collect()
}

#[test]
fn the_settings_pages_state_the_defaults_and_bounds_that_hold() {
    let folder = tempfile::tempdir().unwrap();
    let hub = |text: String| {
        fs::write(folder.path().join("hub.toml"), text).unwrap();
        Config::read(folder.path(), "definitions".into(), None).map(|config| format!("{config:?}"))
    };
    let manual = page("docs/sources/sqlite.md");
    let (_, example) =
        blocks(&manual).into_iter().find(|(language, _)| *language == "toml").unwrap();
    let limits = |text: String| {
        DatasetFile::parse(&format!("{example}\n[limits]\n{text}"), "f.toml")
            .map(|file| file.limits)
    };

    for (name, of_hub, of_scan) in
        [("docs/settings.md", "The hub", "The department"), ("docs/zh/settings.md", "枢纽", "部门")]
    {
        let text = page(name);
        let (of_hub, of_scan) = (settings(&text, of_hub), settings(&text, of_scan));
        assert_eq!((of_hub.len(), of_scan.len()), (9, 6), "{name}");
        for (key, default, least, most) in of_hub {
            assert_eq!(
                hub(format!("{key} = {default}")).unwrap(),
                hub(String::new()).unwrap(),
                "{name}: {key}"
            );
            hub(format!("{key} = {least}")).and_then(|_| hub(format!("{key} = {most}"))).unwrap();
            for value in outside(&least, &most) {
                assert!(hub(format!("{key} = {value}")).is_err(), "{name}: {key} = {value}");
            }
        }
        for (key, default, least, most) in of_scan {
            assert_eq!(
                limits(format!("{key} = {default}")).unwrap(),
                limits(String::new()).unwrap(),
                "{name}: {key}"
            );
            limits(format!("{key} = {least}"))
                .and_then(|_| limits(format!("{key} = {most}")))
                .unwrap();
            for value in outside(&least, &most) {
                assert!(limits(format!("{key} = {value}")).is_err(), "{name}: {key} = {value}");
            }
        }
    }
}
