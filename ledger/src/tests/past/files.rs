//! Whatever is wrong with a file is named.

use super::*;

/// Each part of each file, and what the store says of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_is_missing_cut_swapped_or_altered_is_named() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    let files = store.segment_files();
    assert_eq!(files.len(), 2);
    let other = Store::new();
    let (ledger, _) = other.open();
    exchanges(&ledger, 0..1600).await;
    move_all(&ledger).await;
    ledger.close().await.unwrap();
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let good = fs::read(file).unwrap();
        let bodies = name.ends_with("bodies");
        let mut edits: Vec<(&str, Option<Vec<u8>>)> = vec![
            ("missing", None),
            ("is cut", Some(good[..good.len() - 1].to_vec())),
            ("is cut", Some(Vec::new())),
            ("was swapped", Some([b"x", &good[1..]].concat())),
        ];
        // Of another hub's log: as long and named alike, and nothing in it opens.
        let theirs = fs::read(other.path().join("segments").join(name)).unwrap();
        let mut swapped = theirs[..theirs.len().min(good.len())].to_vec();
        swapped.resize(good.len(), 0);
        edits.push(("was altered", Some(swapped)));
        for at in [100, good.len() / 3, good.len() / 2, good.len() - 1] {
            let mut altered = good.clone();
            altered[at] ^= 1;
            edits.push(("was altered", Some(altered)));
        }
        for (what, bytes) in edits {
            match &bytes {
                Some(bytes) => fs::write(file, bytes).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            // Missing or cut, the segment that is written to does not even open.
            let opened = store.try_open();
            if what == "was altered" {
                let (ledger, _) = opened.unwrap();
                let faults = ledger.verify_segments().unwrap().faults;
                assert!(
                    !faults.is_empty()
                        && faults.iter().all(|it| it.contains(name) && it.contains(what)),
                    "{name} {what}: {faults:?}"
                );
                // Never as if there were no body: an error, or the right one.
                let (mut right, mut wrong) = (0, 0);
                for number in 0..1200 {
                    match ledger.exchange(&id(number)) {
                        Ok(Some(ExchangeRow {
                            state: ExchangeState::Closed { answer: Some(answer), .. },
                            ..
                        })) if answer == body(number).encode_to_vec() => right += 1,
                        Err(LedgerError::Segment(error)) if error.to_string().contains(name) => {
                            wrong += 1
                        }
                        other => panic!("{name} {what}: {other:?}"),
                    }
                }
                assert!(right + wrong == 1200 && wrong > 0, "{name}: {right} {wrong}");
                ledger.close().await.unwrap();
            } else {
                let error = opened.map(drop).unwrap_err();
                assert!(
                    matches!(&error, OpenError::Segment(error) if error.to_string().contains(name)),
                    "{name} {what}: {error}"
                );
                assert!(error.to_string().contains(what), "{name} {what}: {error}");
            }
            let all = store.verify_all();
            assert!(all.is_err() || bodies, "{name} {what}");
            drop(all);
            let to = store.path().join("copy");
            let copied = crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None);
            assert!(
                copied.as_ref().is_err_and(|error| error.to_string().contains(name)),
                "{name} {what}: {copied:?}"
            );
            assert!(!to.exists());
            fs::write(file, &good).unwrap();
        }
    }
    // In the store: a key, a digest, where a block is, an exchange's row.
    for edit in [
        "UPDATE block SET key = zeroblob(32) WHERE first = 0",
        "UPDATE block SET entries_digest = zeroblob(32) WHERE first = 1024",
        "UPDATE block SET bodies_digest = zeroblob(32) WHERE first = 0",
        "UPDATE block SET entries_at = entries_at - 1 WHERE first = 1024",
        "UPDATE block SET bodies_at = bodies_at + 1 WHERE first = 0",
        "DELETE FROM block WHERE first = 1024",
        "UPDATE past SET key = zeroblob(32) WHERE leaf < 300",
        "DELETE FROM past WHERE leaf < 300",
        "UPDATE past SET leaf = leaf + 2 WHERE leaf < 300",
        "UPDATE node SET hash = zeroblob(32) WHERE level = 8 AND idx = 1",
        "UPDATE meta SET moved = 1024",
        "UPDATE segment SET dictionary = x'01'",
    ] {
        let kept = fs::read(store.path().join("store.sqlite")).unwrap();
        let connection = rusqlite::Connection::open(store.path().join("store.sqlite")).unwrap();
        connection.execute_batch(edit).unwrap();
        drop(connection);
        match store.try_open() {
            Ok((ledger, _)) => {
                let faults = ledger.verify_segments().map(|checked| checked.faults);
                assert!(!matches!(&faults, Ok(faults) if faults.is_empty()), "{edit}");
                drop(ledger);
            }
            Err(error) => assert!(edit.starts_with("UPDATE meta"), "{edit}: {error}"),
        }
        for name in ["store.sqlite-wal", "store.sqlite-shm"] {
            drop(fs::remove_file(store.path().join(name)));
        }
        fs::write(store.path().join("store.sqlite"), kept).unwrap();
    }
    store.verify_all().unwrap();
}

/// On a thread of its own: what waited for ever would keep the test from saying so.
fn within<T: Send + 'static>(what: &str, task: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(task()));
    answer.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{what}: it waited"))
}

fn pipe(place: &Path) {
    assert!(std::process::Command::new("mkfifo").arg(place).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pipe_or_a_device_in_the_place_of_a_file_is_named_and_not_waited_for() {
    let store = Store::new();
    let (ledger, _) = store.open();
    exchanges(&ledger, 0..1600).await;
    assert!(ledger.move_block(later(), later()).await.unwrap());
    let segments = store.segment_files();
    // While it is open: nothing is written into it, and nothing read out of it.
    for file in &segments {
        let good = fs::read(file).unwrap();
        fs::remove_file(file).unwrap();
        pipe(file);
        let (name, hand) = (file.display().to_string(), ledger.clone());
        let moved = within(&name, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(hand.move_block(later(), later()))
        });
        let named = file.file_name().unwrap().to_str().unwrap();
        let error = moved.unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("not a regular file"), "{error}");
        fs::remove_file(file).unwrap();
        fs::write(file, good).unwrap();
    }
    move_all(&ledger).await;
    ledger.close().await.unwrap();

    let others = [store.path().join("head"), store.path().join("ledger/checkpoint")];
    for file in segments.iter().chain(&others) {
        let good = fs::read(file).unwrap();
        fs::remove_file(file).unwrap();
        for device in [false, true] {
            if device {
                std::os::unix::fs::symlink("/dev/zero", file).unwrap();
            } else {
                pipe(file);
            }
            let named = file.file_name().unwrap().to_str().unwrap();
            let (path, keys) = (store.path().to_owned(), store.keys());
            let said = within(named, move || {
                let to = path.join("copy");
                let opened = Ledger::open(&path, ORIGIN, keys.clone()).map(drop);
                let copied = crate::backup(&path, &to, ORIGIN, &keys, at(9), None).map(drop);
                let verified = crate::verify_segments(&path, ORIGIN, None).unwrap().faults;
                fs::remove_dir_all(to).unwrap_or_default();
                (opened.map_err(|error| error.to_string()), copied, verified)
            });
            let is_named = |text: &str| text.contains(named) && text.contains("not a regular file");
            assert!(said.0.as_ref().is_err_and(|text| is_named(text)), "{named}: {said:?}");
            if segments.contains(file) {
                assert!(said.2.iter().any(|fault| is_named(fault)), "{named}: {said:?}");
                assert!(said.1.is_err_and(|error| is_named(&error.to_string())), "{named}");
            }
            fs::remove_file(file).unwrap();
        }
        fs::write(file, good).unwrap();
    }
    store.verify_all().unwrap();
}
