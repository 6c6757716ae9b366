//! Tables by number: numbers count up from 1 and nobody outside chooses them, so hashing them needs no secret.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by the number of an endpoint, player or recorder.
pub type IdMap<V> = HashMap<u64, V, BuildHasherDefault<IdHasher>>;

/// Spreads consecutive numbers by one multiplication (Fibonacci hashing).
#[derive(Clone, Copy, Debug, Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The table takes its place from the low bits and its tag from the high ones.
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

/// The place of a shard among all, which the numbers that it gives tell: they count up over all shards together, and
/// each shard takes those that are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    index: usize,
    of: usize,
}

impl Seat {
    /// The only one.
    pub const ALONE: Self = Self { index: 0, of: 1 };

    /// One of several; `index` counts from 0.
    pub fn new(index: usize, of: usize) -> Self {
        Self { index, of: of.max(1) }
    }

    /// The next number that this shard may give, after any shard gave `last`.
    pub fn next(self, last: u64) -> u64 {
        let (index, of) = (self.index as u64, self.of as u64);
        last + 1 + (index + of - last % of) % of
    }

    /// The shard that gave a number, of `of`.
    pub fn giver(number: u64, of: usize) -> usize {
        (number.wrapping_sub(1) % of.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_up_and_tell_who_gave_them() {
        assert_eq!([0, 1, 2].map(|last| Seat::ALONE.next(last)), [1, 2, 3]);
        let mut last = 0;
        for index in [0, 1, 2, 2, 0, 1, 1, 0] {
            let number = Seat::new(index, 3).next(last);
            assert!(number > last && number <= last + 3, "{number} after {last}");
            assert_eq!(Seat::giver(number, 3), index);
            last = number;
        }
        assert!(Seat::giver(0, 3) < 3, "a number that nobody gave");
    }

    #[test]
    fn consecutive_numbers_are_found_and_spread() {
        let table: IdMap<u64> = (1..10_000).map(|number| (number, number * 2)).collect();
        assert!((1..10_000).all(|number| table.get(&number) == Some(&(number * 2))));
        let mut low: Vec<u64> = (0..256u64)
            .map(|number| {
                let mut hasher = IdHasher::default();
                hasher.write_u64(number);
                hasher.finish() & 0xff
            })
            .collect();
        low.sort_unstable();
        low.dedup();
        assert!(low.len() > 128, "{} different places of 256", low.len());
    }
}
