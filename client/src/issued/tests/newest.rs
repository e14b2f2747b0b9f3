//! A number is given away only where the register is seen to be the newest.

use super::*;

/// Tries to give the next number away.
fn next(organ: &Organ) -> Result<Entry, RegisterError> {
    organ.register().reserve(ground("next"), Profile::National, 2027)
}

#[test]
fn no_number_is_given_away_beside_a_list_that_cannot_be_read() {
    let organ = Organ::new();
    let entry = organ.issued("e-1");
    organ.publish(Due::All, at(0));
    let name = entry.reference.uri.rsplit('/').next().unwrap();
    let file = organ.home.path().join("lists").join(name);
    let list = fs::read(&file).unwrap();
    for damaged in [Some(""), Some("rubbish"), None] {
        match damaged {
            Some(text) => fs::write(&file, text).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let refused = next(&organ);
        assert!(matches!(refused, Err(RegisterError::Unseen { .. })), "{refused:?}");
    }
    // The operator has seen to it that the register is the newest.
    organ.publish(Due::Anew, at(1));
    next(&organ).unwrap();
    fs::write(&file, list).unwrap();
    // What it does not know of: a list of its own, and what could be one.
    let other = file.with_file_name("other.jwt");
    fs::copy(&file, &other).unwrap();
    assert!(matches!(next(&organ), Err(RegisterError::Older(_))));
    fs::write(&other, "rubbish").unwrap();
    assert!(matches!(next(&organ), Err(RegisterError::Unseen { .. })));
    // Another system's list may be beside it, and files that are no lists.
    fs::write(file.with_file_name("README"), "rubbish").unwrap();
    let beside = Organ::new();
    let settings = "uri = \"https://status.example/other\"\nfolder = \"lists\"\n";
    fs::write(beside.home.path().join(FILE), settings).unwrap();
    let theirs = beside.issued("e-1");
    beside.publish(Due::All, at(0));
    let name = theirs.reference.uri.rsplit('/').next().unwrap();
    fs::copy(beside.home.path().join("lists").join(name), &other).unwrap();
    next(&organ).unwrap();
}

#[test]
fn a_register_of_the_first_version_is_taken_over_with_its_refusals() {
    let organ = Organ::new();
    let (refused, silent) = (organ.reserve("e-1"), organ.reserve("e-2"));
    let mut register = organ.register();
    for (entry, code) in [(&refused, Some(ErrorCode::NotIssuable)), (&silent, None)] {
        let token = organ.token(&entry.exchange, "330106198503020027");
        register.sealed(&entry.serial, &token, (at(0), at(900))).unwrap();
        register.give_up(&entry.serial, code, at(1)).unwrap();
    }
    let before = "DROP INDEX certificate_errand; ALTER TABLE certificate DROP COLUMN errand; ALTER \
                  TABLE certificate DROP COLUMN refusal; PRAGMA user_version = 1;";
    register.connection.execute_batch(before).unwrap();
    let register = organ.register();
    assert!(register.is_refused(&refused.serial).unwrap());
    assert!(!register.is_refused(&silent.serial).unwrap());
    assert_eq!(register.entry(&refused.serial).unwrap().stage, Stage::GivenUp);
}
