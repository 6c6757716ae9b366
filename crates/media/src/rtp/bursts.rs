//! Whether losses come alone or in bursts (RFC 3611 §4.7.2): a burst lasts as long as fewer than [`GMIN`] packets in
//! a row arrive between two that are lost.

/// Packets in a row that end a burst.
pub const GMIN: u64 = 16;

/// Lengths in packets, and what was lost of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// How many there were.
    pub count: u64,
    /// Packets in all, lost or not.
    pub packets: u64,
    /// Of these, lost.
    pub lost: u64,
}

impl Stretch {
    /// Part that was lost, 0 to 1.
    pub fn density(&self) -> f64 {
        if self.packets == 0 { 0.0 } else { self.lost as f64 / self.packets as f64 }
    }

    /// Packets of one on average.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.packets as f64 / self.count as f64 }
    }

    fn take(&mut self, other: &Self) {
        self.packets += other.packets;
        self.lost += other.lost;
    }
}

/// Sorts the packets of a stream into bursts and the gaps between them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bursts {
    bursts: Stretch,
    gaps: Stretch,
    /// The last losses that lie close together, and all packets between them.
    open: Stretch,
    /// Packets that arrived since the last loss.
    good: u64,
}

impl Bursts {
    /// A packet arrived behind `lost` others that did not.
    pub fn arrived(&mut self, lost: u64) {
        for _ in 0..lost.min(GMIN) {
            self.miss();
        }
        // Whatever is lost in a row beyond that only makes the burst longer.
        let further = lost.saturating_sub(GMIN);
        self.open.packets += further;
        self.open.lost += further;
        self.good += 1;
    }

    fn miss(&mut self) {
        if self.open.lost > 0 && self.good < GMIN {
            self.open.packets += self.good + 1;
        } else {
            self.close();
            self.gaps.packets += self.good;
            self.open = Stretch { count: 0, packets: 1, lost: 0 };
        }
        self.open.lost += 1;
        self.good = 0;
    }

    /// One loss alone belongs to the gap around it.
    fn close(&mut self) {
        let open = std::mem::take(&mut self.open);
        if open.lost > 1 {
            self.bursts.count += 1;
            self.bursts.take(&open);
        } else {
            self.gaps.take(&open);
        }
    }

    /// Bursts and gaps up to now.
    pub fn sum(&self) -> (Stretch, Stretch) {
        let mut now = *self;
        now.close();
        now.gaps.packets += now.good;
        now.gaps.count = now.bursts.count + 1;
        (now.bursts, now.gaps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(pattern: &[(u64, u64)]) -> (Stretch, Stretch) {
        let mut bursts = Bursts::default();
        for (good, lost) in pattern {
            for _ in 1..*good {
                bursts.arrived(0);
            }
            bursts.arrived(*lost);
        }
        bursts.sum()
    }

    #[test]
    fn losses_far_apart_are_no_burst() {
        let (bursts, gaps) = of(&[(1, 0), (50, 1), (50, 1), (50, 1)]);
        assert_eq!(bursts, Stretch::default());
        assert_eq!(gaps, Stretch { count: 1, packets: 154, lost: 3 });
    }

    #[test]
    fn losses_close_together_are_one() {
        // 100 arrive; lost: one, then after 5 two, then after 3 one; 40 arrive.
        let (bursts, gaps) = of(&[(101, 1), (5, 2), (3, 1), (39, 0)]);
        assert_eq!((bursts.count, bursts.lost), (1, 4));
        assert_eq!(bursts.packets, 1 + 5 + 2 + 3 + 1);
        assert_eq!((gaps.count, gaps.lost, gaps.packets), (2, 0, 100 + 40));
        assert!((bursts.density() - 4.0 / 12.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn every_packet_is_in_one_of_both(pattern in proptest::collection::vec((1u64..40, 0u64..40), 1..50)) {
            let (bursts, gaps) = of(&pattern);
            let arrived: u64 = pattern.iter().map(|(good, _)| good).sum();
            let lost: u64 = pattern.iter().map(|(_, lost)| lost).sum();
            prop_assert_eq!(bursts.lost + gaps.lost, lost);
            prop_assert_eq!(bursts.packets + gaps.packets, arrived + lost);
        }
    }
}
