//! Which layer of each stream a viewer gets, by what its network can carry.

/// An upgrade must leave this part of the network free: what is measured wavers.
const HEADROOM: f64 = 1.15;

/// Chooses a layer for each stream.
///
/// `streams` are the bit rates of each stream's layers that are alive, lowest first, the most important stream first;
/// `current` is what each gets now. Everybody gets the lowest layer before anybody gets more, and a layer that is
/// shown already may use the headroom that another one must leave. Without an estimate everybody gets the highest.
/// A stream without layers has no choice and gets 0.
pub fn allocate(estimate: Option<u64>, streams: &[Vec<u64>], current: &[usize]) -> Vec<usize> {
    let Some(estimate) = estimate else {
        return streams.iter().map(|layers| layers.len().saturating_sub(1)).collect();
    };
    let lowest: u64 = streams.iter().filter_map(|layers| layers.first()).sum();
    let mut left = estimate.saturating_sub(lowest);
    let mut chosen = Vec::with_capacity(streams.len());
    for (index, layers) in streams.iter().enumerate() {
        let base = layers.first().copied().unwrap_or(0);
        let affordable = |layer: usize| {
            let more = layers.get(layer).copied().unwrap_or(0).saturating_sub(base);
            let shown = current.get(index).is_some_and(|current| layer <= *current);
            let needed = if shown { more } else { (more as f64 * HEADROOM) as u64 };
            (needed <= left).then_some((layer, more))
        };
        let (layer, more) = (0..layers.len()).rev().find_map(affordable).unwrap_or((0, 0));
        left = left.saturating_sub(more);
        chosen.push(layer);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_network_decides() {
        let camera = vec![150_000, 500_000, 1_700_000];
        let of = |estimate, current| allocate(estimate, std::slice::from_ref(&camera), &[current])[0];
        assert_eq!(of(None, 0), 2);
        assert_eq!(of(Some(3_000_000), 0), 2);
        assert_eq!(of(Some(100_000), 2), 0, "the lowest is always sent");
        assert_eq!(of(Some(1_800_000), 2), 2, "what is shown stays");
        assert_eq!(of(Some(1_800_000), 0), 1, "what is not shown needs headroom");
        assert_eq!(of(Some(1_600_000), 2), 1);
    }

    #[test]
    fn everybody_gets_something_before_anybody_gets_more() {
        let streams = [vec![100, 1000], vec![100, 1000], vec![], vec![300]];
        assert_eq!(allocate(Some(1600), &streams, &[0; 4]), [1, 0, 0, 0]);
        assert_eq!(allocate(Some(1400), &streams, &[0; 4]), [0, 0, 0, 0]);
        assert_eq!(allocate(Some(5000), &streams, &[0; 4]), [1, 1, 0, 0]);
    }

    proptest! {
        #[test]
        fn more_than_there_is_is_never_spent(
            estimate in 0u64..10_000_000,
            streams in proptest::collection::vec(proptest::collection::vec(1u64..3_000_000, 0..4), 0..6),
            current in proptest::collection::vec(0usize..4, 0..6),
        ) {
            let sorted: Vec<Vec<u64>> =
                streams.into_iter().map(|mut layers| { layers.sort_unstable(); layers }).collect();
            let chosen = allocate(Some(estimate), &sorted, &current);
            prop_assert_eq!(chosen.len(), sorted.len());
            let spent: u64 = sorted.iter().zip(&chosen).filter_map(|(layers, layer)| layers.get(*layer)).sum();
            let lowest: u64 = sorted.iter().filter_map(|layers| layers.first()).sum();
            prop_assert!(spent <= estimate.max(lowest), "{spent} of {estimate}");
        }
    }
}
