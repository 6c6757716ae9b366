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

#[cfg(test)]
mod tests {
    use super::*;

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
