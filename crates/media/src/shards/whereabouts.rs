//! In which shard something lives: where its number says that it was made, unless it went elsewhere.

use crate::ids::{IdMap, Seat};

/// Knows what has moved.
#[derive(Debug)]
pub struct Whereabouts {
    shards: usize,
    /// Endpoints that are not where they were made, what went along with each of them, and all of these.
    luggage: IdMap<Vec<u64>>,
    moved: IdMap<usize>,
}

impl Whereabouts {
    /// Nothing has moved yet.
    pub fn new(shards: usize) -> Self {
        Self { shards, luggage: IdMap::default(), moved: IdMap::default() }
    }

    /// The shard of an endpoint, bridge, room, player, recorder, tap or fax, if there is such a thing at all.
    pub fn shard(&self, number: u64) -> usize {
        self.moved.get(&number).copied().unwrap_or_else(|| Seat::giver(number, self.shards))
    }

    /// An endpoint and what went along are elsewhere now.
    pub fn note(&mut self, endpoint: u64, contents: Vec<u64>, shard: usize) {
        self.forget(endpoint);
        for number in contents.iter().copied().chain([endpoint]) {
            if Seat::giver(number, self.shards) != shard {
                self.moved.insert(number, shard);
            }
        }
        self.luggage.insert(endpoint, contents);
    }

    /// An endpoint is gone.
    pub fn forget(&mut self, endpoint: u64) {
        for number in self.luggage.remove(&endpoint).into_iter().flatten().chain([endpoint]) {
            self.moved.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moved_is_found_with_its_luggage_until_it_is_gone() {
        let mut known = Whereabouts::new(2);
        assert_eq!([known.shard(1), known.shard(2), known.shard(3)], [0, 1, 0]);
        known.note(1, vec![3, 4], 1);
        assert_eq!([1, 3, 4, 5].map(|number| known.shard(number)), [1, 1, 1, 0]);
        known.note(1, vec![6], 0);
        assert_eq!([1, 3, 4, 6].map(|number| known.shard(number)), [0, 0, 1, 0]);
        known.forget(1);
        assert_eq!(known.shard(6), 1);
        assert!(known.moved.is_empty() && known.luggage.is_empty());
    }
}
