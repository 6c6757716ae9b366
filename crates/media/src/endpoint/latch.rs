//! Where a peer's packets really come from: symmetric RTP (RFC 4961) that a stranger cannot hijack.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long another source than the signalled one may still be replaced by it.
const LEARNING: Duration = Duration::from_secs(3);

/// Which source is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latch {
    /// Nothing has come yet.
    Open,
    /// A source that was not signalled spoke first, as a telephone behind a NAT does.
    Learning {
        /// Who.
        source: SocketAddr,
        /// Since when.
        since: Instant,
    },
    /// Nobody else is heard until the next offer or answer.
    Pinned(SocketAddr),
}

impl Latch {
    /// Whether a packet is believed. `signalled` is what the SDP says; the latch moves on by what it sees.
    pub fn admits(&mut self, source: SocketAddr, signalled: Option<SocketAddr>, now: Instant) -> bool {
        match *self {
            Self::Pinned(peer) => peer == source,
            Self::Open | Self::Learning { .. } if Some(source) == signalled => {
                *self = Self::Pinned(source);
                true
            }
            Self::Open => {
                *self = Self::Learning { source, since: now };
                true
            }
            Self::Learning { source: peer, since } => {
                if now.duration_since(since) >= LEARNING {
                    *self = Self::Pinned(peer);
                }
                peer == source
            }
        }
    }

    /// Where to send, once something came.
    pub fn source(&self) -> Option<SocketAddr> {
        match self {
            Self::Open => None,
            Self::Learning { source, .. } | Self::Pinned(source) => Some(*source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    #[test]
    fn the_signalled_source_is_pinned_at_once() {
        let (mut latch, now) = (Latch::Open, Instant::now());
        assert!(latch.admits(at(1), Some(at(1)), now));
        assert!(!latch.admits(at(2), Some(at(1)), now), "a stranger");
        assert_eq!(latch, Latch::Pinned(at(1)));
    }

    #[test]
    fn the_signalled_source_replaces_a_stranger_only_while_learning() {
        let (mut latch, now) = (Latch::Open, Instant::now());
        assert!(latch.admits(at(2), Some(at(1)), now));
        assert!(!latch.admits(at(3), Some(at(1)), now));
        assert!(latch.admits(at(1), Some(at(1)), now + LEARNING / 2));
        assert!(!latch.admits(at(2), Some(at(1)), now + LEARNING / 2));

        let mut late = Latch::Learning { source: at(2), since: now };
        assert!(late.admits(at(2), Some(at(1)), now + LEARNING));
        assert_eq!(late, Latch::Pinned(at(2)));
        assert!(!late.admits(at(1), Some(at(1)), now + LEARNING));
    }

    proptest! {
        /// Whatever comes in whatever order: at most one source besides the signalled one is ever believed, and none
        /// once the signalled one has spoken in time.
        #[test]
        fn nobody_hijacks(packets in proptest::collection::vec((0u16..5, 0u64..3000), 1..60)) {
            let (mut latch, start) = (Latch::Open, Instant::now());
            let signalled = at(0);
            let (mut strangers, mut signalled_believed, mut clock) = (Vec::new(), false, 0);
            for (port, wait) in packets {
                clock += wait;
                let now = start + Duration::from_millis(clock);
                if !latch.admits(at(port), Some(signalled), now) {
                    continue;
                }
                prop_assert_eq!(latch.source(), Some(at(port)));
                if port == 0 {
                    signalled_believed = true;
                } else {
                    prop_assert!(!signalled_believed, "a stranger after the signalled source");
                    strangers.push(port);
                }
            }
            strangers.dedup();
            prop_assert!(strangers.len() <= 1, "{:?}", strangers);
        }
    }
}
