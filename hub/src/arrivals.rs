//! Handshakes under way, bounded by giving up the oldest: a flood of them drives out its own, and
//! an address behind which one machine floods stays open to the others. Who means it is through in
//! a moment; who leaves a handshake half open waits among its like.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Handshakes under way, by the address that they come from.
#[derive(Debug)]
pub struct Arrivals<K> {
    most: usize,
    waiting: Mutex<Waiting<K>>,
}

#[derive(Debug)]
struct Waiting<K> {
    next: u64,
    all: BTreeMap<u64, (K, oneshot::Sender<()>)>,
    of: HashMap<K, BTreeSet<u64>>,
    given_up: u64,
}

/// One of them; dropped, it has left.
#[derive(Debug)]
pub struct Arrival<K: Clone + Eq + Hash> {
    arrivals: Arc<Arrivals<K>>,
    number: u64,
    shed: oneshot::Receiver<()>,
}

impl<K: Clone + Eq + Hash> Arrivals<K> {
    /// So many at once.
    pub fn new(most: usize) -> Arc<Self> {
        let waiting = Waiting { next: 0, all: BTreeMap::new(), of: HashMap::new(), given_up: 0 };
        Arc::new(Self { most, waiting: Mutex::new(waiting) })
    }

    /// The newest is always let in. Where that is one too many, the oldest from the place with the
    /// most is given up.
    pub fn enter(self: &Arc<Self>, whose: K) -> Arrival<K> {
        let (give_up, shed) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.all.len() >= self.most {
            let most = waiting
                .of
                .iter()
                .max_by_key(|(_, numbers)| numbers.len())
                .map(|(whose, _)| whose.clone());
            most.into_iter().for_each(|whose| waiting.give_up_oldest(&whose));
        }
        let number = waiting.next;
        waiting.next += 1;
        waiting.all.insert(number, (whose.clone(), give_up));
        waiting.of.entry(whose).or_default().insert(number);
        Arrival { arrivals: Arc::clone(self), number, shed }
    }
}

impl<K: Clone + Eq + Hash> Waiting<K> {
    fn give_up_oldest(&mut self, whose: &K) {
        let Some(oldest) = self.of.get(whose).and_then(|numbers| numbers.first().copied()) else {
            return;
        };
        if let Some((_, give_up)) = self.remove(oldest) {
            // It may be through by now.
            let _gone = give_up.send(());
        }
        self.given_up += 1;
        if self.given_up.is_power_of_two() {
            let count = self.given_up;
            tracing::warn!(
                count,
                "handshakes were given up unfinished since too many are under way; an address may \
                 be flooding"
            );
        }
    }

    fn remove(&mut self, number: u64) -> Option<(K, oneshot::Sender<()>)> {
        let (whose, give_up) = self.all.remove(&number)?;
        if let Some(numbers) = self.of.get_mut(&whose) {
            numbers.remove(&number);
            if numbers.is_empty() {
                self.of.remove(&whose);
            }
        }
        Some((whose, give_up))
    }
}

impl<K: Clone + Eq + Hash> Arrival<K> {
    /// Completes once it is given up for a newer one.
    pub async fn given_up(&mut self) {
        // Its sender is dropped only together with it.
        let _either = (&mut self.shed).await;
    }
}

impl<K: Clone + Eq + Hash> Drop for Arrival<K> {
    fn drop(&mut self) {
        let _left = self
            .arrivals
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn is_given_up<K: Clone + Eq + Hash>(arrival: &mut Arrival<K>) -> bool {
        arrival.shed.try_recv().is_ok()
    }

    #[test]
    fn a_flood_drives_out_its_own() {
        let arrivals = Arrivals::new(8);
        let mut others: Vec<_> = (0..3).map(|_| arrivals.enter("other")).collect();
        let mut flood: Vec<_> = (0..100).map(|_| arrivals.enter("flooded")).collect();
        let given_up = flood.iter_mut().map(is_given_up).collect::<Vec<_>>();
        assert_eq!(given_up.iter().filter(|given_up| !**given_up).count(), 5);
        assert!(given_up[95..].iter().all(|given_up| !given_up), "the newest");
        assert!(others.iter_mut().all(|one| !is_given_up(one)), "nobody else notices");
        // Somebody of that address, in the middle of it, has the time of four others.
        let mut honest = arrivals.enter("flooded");
        flood.extend((0..4).map(|_| arrivals.enter("flooded")));
        assert!(!is_given_up(&mut honest));
        // Of all addresses together, the fullest gives way.
        let mut third = arrivals.enter("third");
        assert!(!is_given_up(&mut third) && others.iter_mut().all(|one| !is_given_up(one)));
        assert_eq!(arrivals.waiting.lock().unwrap().all.len(), 8);
        drop((honest, third, others, flood));
        let waiting = arrivals.waiting.lock().unwrap();
        assert!(waiting.all.is_empty() && waiting.of.is_empty());
    }

    proptest! {
        #[test]
        fn bounds_hold_whoever_comes_and_goes(steps in proptest::collection::vec((0u8..5, any::<bool>(), any::<prop::sample::Index>()), 0..200)) {
            let arrivals = Arrivals::new(6);
            let mut held: Vec<Arrival<u8>> = Vec::new();
            for (whose, enters, at) in steps {
                if enters || held.is_empty() {
                    held.push(arrivals.enter(whose));
                    prop_assert!(!is_given_up(held.last_mut().unwrap()), "the newest is let in");
                } else {
                    held.swap_remove(at.index(held.len()));
                }
                let waiting = arrivals.waiting.lock().unwrap();
                prop_assert!(waiting.all.len() <= 6 && waiting.of.values().all(|numbers| !numbers.is_empty()));
                prop_assert_eq!(waiting.all.len(), waiting.of.values().map(BTreeSet::len).sum::<usize>());
            }
        }
    }
}
