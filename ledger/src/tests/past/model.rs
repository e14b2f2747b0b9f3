//! Whatever is asked, moved, erased, held, dropped and killed in whichever order.

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Ask(usize),
    Move,
    Kill,
    Erase(prop::sample::Index),
    Hold(prop::sample::Index),
    Release,
    Rule(u64),
    Drop(u64),
    Backup,
    PutBack,
    Confirm,
}

fn step() -> impl Strategy<Value = Step> {
    use prop::sample::Index;
    prop_oneof![
        5 => (100usize..700).prop_map(Step::Ask),
        4 => Just(Step::Move),
        3 => Just(Step::Kill),
        3 => any::<Index>().prop_map(Step::Erase),
        2 => any::<Index>().prop_map(Step::Hold),
        1 => Just(Step::Release),
        1 => (0u64..3000).prop_map(Step::Rule),
        1 => (1u64..4).prop_map(Step::Drop),
        2 => Just(Step::Backup),
        3 => Just(Step::PutBack),
        1 => Just(Step::Confirm),
    ]
}

/// What must be there, by what was acknowledged.
#[derive(Clone, Default)]
struct Model {
    asked: usize,
    erased: BTreeSet<usize>,
    held: BTreeMap<u64, usize>,
    leaves: BTreeMap<u64, (Vec<u8>, Option<EntryOpening>)>,
    /// It was put back, and nobody has said that no hold is missing.
    unconfirmed: bool,
}

impl Model {
    fn is_held(&self, number: usize) -> bool {
        self.held.values().any(|held| *held == number)
    }

    fn holds(&self, ledger: &Ledger) {
        for number in 0..self.asked {
            let answer = answer_of(ledger, number);
            assert_eq!(answer.is_none(), self.erased.contains(&number), "{number}");
            assert!(answer.is_none_or(|answer| answer == body(number).encode_to_vec()));
        }
        for (index, (leaf, opening)) in &self.leaves {
            let receipt = ledger.inclusion(*index, &Reader::Authority).unwrap();
            assert_eq!((&receipt.entry, &receipt.opening), (leaf, opening));
        }
    }
}

fn back_up(store: &Store) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("copy");
    crate::backup(store.path(), &to, ORIGIN, &store.keys(), at(9), None).unwrap();
    (folder, to)
}

async fn play(steps: Vec<Step>) {
    let mut store = Store::new();
    let mut ledger = store.open().0;
    let mut model = Model::default();
    let mut kept: Option<((TempDir, PathBuf), Model)> = None;
    for (round, step) in (0..).zip(steps) {
        match step {
            Step::Ask(count) => {
                exchanges(&ledger, model.asked..model.asked + count).await;
                model.asked += count;
                let last = exchange_of(&ledger, model.asked).await;
                model.asked += 1;
                model.leaves.insert(last.index, (last.entry, last.opening));
            }
            Step::Move => {
                for _ in 0..3 {
                    ledger.move_block(later(), later()).await.unwrap();
                }
            }
            Step::Kill => {
                // The files as they are, with the writer still there; then another writer over
                // them.
                let after = Store { folder: tempfile::tempdir().unwrap(), key: store.key.clone() };
                copy_store(store.path(), after.path());
                drop(ledger);
                store = after;
                ledger = store.open().0;
            }
            Step::Erase(which) if model.asked > 0 => {
                let number = which.index(model.asked);
                match ledger.erase(&id(number), order()).await {
                    Ok(_) => {
                        assert!(!model.is_held(number) && !model.unconfirmed);
                        model.erased.insert(number);
                    }
                    Err(LedgerError::Held { .. }) => assert!(model.is_held(number)),
                    Err(LedgerError::Unconfirmed(_)) => assert!(model.unconfirmed),
                    Err(error) => panic!("{error}"),
                }
            }
            Step::Hold(which) if model.asked > 0 => {
                let number = which.index(model.asked);
                let held = Held::Exchange(id(number));
                let hold = ledger.place_hold(held, order()).await.unwrap();
                model.held.insert(hold, number);
            }
            Step::Release => {
                if let Some((hold, _)) = model.held.pop_first() {
                    ledger.release_hold(hold, order()).await.unwrap();
                }
            }
            Step::Rule(seconds) => {
                let done = ledger.erase_before(at(seconds), order()).await;
                assert_eq!(done.is_err(), model.unconfirmed, "{done:?}");
                // A block is erased once all of it is old enough.
                for number in 0..model.asked {
                    if answer_of(&ledger, number).is_none() && !model.erased.contains(&number) {
                        assert!((number as u64) < seconds && !model.is_held(number));
                        model.erased.insert(number);
                    }
                }
            }
            Step::Drop(segment) => {
                if ledger.drop_segment(segment, order()).await.is_ok() {
                    assert!(!model.unconfirmed);
                    let moved = ledger.segments().unwrap()[segment as usize - 1].clone();
                    for number in 0..model.asked {
                        let row = ledger.exchange(&id(number)).unwrap().unwrap();
                        let ExchangeState::Closed { completion_index, answer, .. } = row.state
                        else {
                            panic!("{row:?}")
                        };
                        let inside = (moved.first..moved.end).contains(&completion_index);
                        if inside && !model.is_held(number) {
                            assert_eq!(answer, None);
                            model.erased.insert(number);
                        }
                    }
                }
            }
            Step::Backup => {
                let folder = back_up(&store);
                let (copy, _) = Ledger::open(&folder.1, ORIGIN, store.key.clone()).unwrap();
                model.holds(&copy);
                copy.close().await.unwrap();
                kept = Some((folder, model.clone()));
            }
            Step::PutBack => {
                let ((_, from), before) =
                    kept.get_or_insert_with(|| (back_up(&store), model.clone()));
                ledger.close().await.unwrap();
                let put_back =
                    crate::restore(from, store.path(), ORIGIN, &store.keys(), at(round), None);
                fs::remove_dir_all(put_back.unwrap().1).unwrap();
                ledger = store.open().0;
                model = Model { unconfirmed: true, ..before.clone() };
            }
            Step::Confirm => {
                let done = ledger.confirm_holds(order()).await;
                assert_eq!(done.is_ok(), model.unconfirmed, "{done:?}");
                model.unconfirmed = false;
            }
            Step::Erase(_) | Step::Hold(_) => {}
        }
        model.holds(&ledger);
    }
    assert_eq!(ledger.verify_segments().unwrap().faults, Vec::<String>::new());
    // A reader that was in the way when the WAL was to be emptied: the hub's keeper tries again.
    let begun = std::time::Instant::now();
    for number in &model.erased {
        while store.has(person(*number).as_bytes()) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{number} is still in a file");
            ledger.sweep().await.unwrap();
        }
    }
    ledger.close().await.unwrap();
    model.holds(&store.verify_all().unwrap().0);
}

fn copy_store(from: &Path, to: &Path) {
    for name in ["store.sqlite", "store.sqlite-wal", "head"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
    if from.join("segments").exists() {
        fs::create_dir(to.join("segments")).unwrap();
        for entry in fs::read_dir(from.join("segments")).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, to.join("segments").join(path.file_name().unwrap())).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]
    /// Whatever is asked, moved, erased, held, dropped and killed in whichever order.
    #[test]
    fn whatever_happens_what_is_not_erased_is_there(
        steps in proptest::collection::vec(step(), 5..22),
    ) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(play(steps));
    }
}
