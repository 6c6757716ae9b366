//! What valid bytes may look like when they come from somebody who means harm: for property tests of parsers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// Where the heads of most formats are.
const HEAD: usize = 64;

/// The bytes with up to eight of them changed, left out or put in, half of that near the beginning; one in four is cut
/// off somewhere.
pub fn damaged(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), any::<bool>(), 0u8..6, any::<u8>());
    let cut = proptest::option::weighted(0.25, any::<Index>());
    (bytes, vec(change, 0..=8), cut).prop_map(|(mut bytes, changes, cut)| {
        for (at, near, kind, value) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(if near { bytes.len().min(HEAD) } else { bytes.len() });
            match kind {
                0 => bytes.insert(at, value),
                1 => _ = bytes.remove(at),
                2 => bytes[at] ^= 1 << (value & 7),
                3 => bytes[at] = bytes[at].wrapping_add(1),
                4 => bytes[at] = if value & 1 == 0 { 0 } else { 0xff },
                _ => bytes[at] = value,
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        bytes
    })
}
