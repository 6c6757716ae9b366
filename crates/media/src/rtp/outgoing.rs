//! The stream that one endpoint hears: one SSRC whose sequence numbers and timestamps go on whatever plays into it.

use std::time::Instant;

use super::Header;

/// Who feeds the stream; another value means that numbers begin anew and have to be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Packets of a bridge's other side, forwarded as they came.
    Forwarded {
        /// The endpoint they came from.
        endpoint: u64,
        /// Which of its streams, as [`super::Reception`] counts them.
        generation: u32,
        /// Clock of the payload.
        clock: u32,
    },
    /// Packets that the engine made: transcoded or played.
    Made {
        /// The endpoint that is transcoded, or the player.
        id: u64,
        /// Clock of the payload.
        clock: u32,
    },
}

impl Feed {
    fn clock(self) -> u32 {
        match self {
            Self::Forwarded { clock, .. } | Self::Made { clock, .. } => clock,
        }
    }
}

/// Numbers of an outgoing stream.
#[derive(Debug)]
pub struct Outgoing {
    /// Ours, fixed for the life of the endpoint.
    pub ssrc: u32,
    /// Packets sent.
    pub packets: u64,
    /// Bytes of payload sent.
    pub bytes: u64,
    sequence: u64,
    timestamp: u32,
    at: Option<Instant>,
    feed: Option<Feed>,
    joint: Joint,
}

/// How the numbers of a forwarded source become ours.
#[derive(Debug, Default)]
struct Joint {
    sequence: u64,
    timestamp: u32,
    first: u64,
}

/// The place of one packet in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Extended sequence number.
    pub sequence: u64,
    /// Timestamp.
    pub timestamp: u32,
    /// The source has just changed: receivers adjust their buffers at a marker.
    pub joined: bool,
}

impl Outgoing {
    /// A stream that has sent nothing; `random` seeds its numbers (RFC 3550 §5.1).
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            packets: 0,
            bytes: 0,
            // Half the range, so that SRTP's first rollover (RFC 3711 §3.3.1) is never at the very beginning.
            sequence: u64::from(sequence & 0x7fff),
            timestamp,
            at: None,
            feed: None,
            joint: Joint::default(),
        }
    }

    /// Place of a forwarded packet; gaps and reordering of the source stay visible. None: older than the last change.
    pub fn forward(&mut self, feed: Feed, sequence: u64, timestamp: u32, now: Instant) -> Option<Place> {
        let joined = self.join(feed, now);
        if joined {
            let next = self.sequence + 1;
            self.joint = Joint {
                sequence: next.wrapping_sub(sequence),
                timestamp: self.timestamp.wrapping_sub(timestamp),
                first: sequence,
            };
        }
        if sequence < self.joint.first {
            return None;
        }
        let place = Place {
            sequence: sequence.wrapping_add(self.joint.sequence),
            timestamp: timestamp.wrapping_add(self.joint.timestamp),
            joined,
        };
        if place.sequence > self.sequence {
            self.sequence = place.sequence;
            self.timestamp = place.timestamp;
            self.at = Some(now);
        }
        Some(place)
    }

    /// Place of a packet of the engine's own making; `ticks` after the one before it.
    pub fn next(&mut self, feed: Feed, ticks: u32, now: Instant) -> Place {
        let joined = self.join(feed, now);
        if !joined {
            self.timestamp = self.timestamp.wrapping_add(ticks);
        }
        self.sequence += 1;
        self.at = Some(now);
        Place { sequence: self.sequence, timestamp: self.timestamp, joined }
    }

    /// Place of a further packet that belongs to the same moment, as those of one telephone event do.
    pub fn again(&mut self, timestamp: u32) -> Place {
        self.sequence += 1;
        Place { sequence: self.sequence, timestamp, joined: false }
    }

    /// The timestamp of this moment.
    pub fn timestamp_at(&self, clock: u32, now: Instant) -> u32 {
        let elapsed = self.at.map_or(0.0, |at| now.duration_since(at).as_secs_f64());
        self.timestamp.wrapping_add((elapsed * f64::from(clock)) as u32)
    }

    /// Leaves out time in which the source made nothing.
    pub fn skip(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// Forgets who fed the stream; the next packet is joined anew.
    pub fn part(&mut self) {
        self.feed = None;
    }

    /// Counts a packet that went out.
    pub fn sent(&mut self, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
    }

    /// The header of a packet at this place.
    pub fn header(&self, place: Place, payload_type: u8, marker: bool) -> Header {
        Header {
            payload_type,
            marker: marker || place.joined,
            sequence: place.sequence as u16,
            timestamp: place.timestamp,
            ssrc: self.ssrc,
        }
    }

    fn join(&mut self, feed: Feed, now: Instant) -> bool {
        if self.feed == Some(feed) {
            return false;
        }
        self.timestamp = self.timestamp_at(feed.clock(), now);
        self.feed = Some(feed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const FIRST: Feed = Feed::Forwarded { endpoint: 1, generation: 7, clock: 8000 };
    const SECOND: Feed = Feed::Forwarded { endpoint: 1, generation: 8, clock: 8000 };

    #[test]
    fn gaps_and_reordering_of_a_source_stay() {
        let (mut out, now) = (Outgoing::new(9, 100, 5000), Instant::now());
        let places: Vec<_> = [(70_000, 0), (70_002, 320), (70_001, 160)]
            .iter()
            .map(|(sequence, timestamp)| out.forward(FIRST, *sequence, *timestamp, now).expect("in order"))
            .collect();
        assert_eq!(places.iter().map(|place| place.sequence).collect::<Vec<_>>(), [101, 103, 102]);
        assert_eq!(places.iter().map(|place| place.timestamp).collect::<Vec<_>>(), [5000, 5320, 5160]);
        assert_eq!(places.iter().map(|place| place.joined).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn another_source_goes_on_where_the_last_ended() {
        let (mut out, start) = (Outgoing::new(9, 100, 5000), Instant::now());
        out.forward(FIRST, 1, 0, start);
        out.forward(FIRST, 2, 160, start);
        let later = start + Duration::from_millis(40);
        let place = out.forward(SECOND, 900, 77_777, later).expect("new source");
        assert_eq!((place.sequence, place.timestamp, place.joined), (103, 5160 + 320, true));
        assert_eq!(out.forward(SECOND, 899, 77_617, later), None, "older than the change");
        let made = out.next(Feed::Made { id: 3, clock: 8000 }, 160, later + Duration::from_millis(20));
        assert_eq!((made.sequence, made.timestamp, made.joined), (104, 5160 + 320 + 160, true));
        let made = out.next(Feed::Made { id: 3, clock: 8000 }, 160, later + Duration::from_millis(40));
        assert_eq!((made.sequence, made.timestamp, made.joined), (105, 5160 + 320 + 320, false));
    }

    proptest! {
        /// Sources come and go, lose and repeat packets: what goes out never uses a number twice for two packets made
        /// here, and sources that begin anew come behind all that went out.
        #[test]
        fn numbers_go_on(steps in proptest::collection::vec((0u32..4, 0u64..30, any::<u32>(), 0u64..50), 1..100)) {
            let (mut out, start) = (Outgoing::new(9, 100, 5000), Instant::now());
            let (mut clock, mut highest, mut feed_before) = (0, 0, None);
            for (generation, sequence, timestamp, wait) in steps {
                clock += wait;
                let now = start + Duration::from_millis(clock);
                let feed = Feed::Forwarded { endpoint: 1, generation, clock: 8000 };
                let place = if generation == 0 {
                    Some(out.next(Feed::Made { id: 3, clock: 8000 }, 160, now))
                } else {
                    out.forward(feed, 70_000 + sequence, timestamp, now)
                };
                let Some(place) = place else { continue };
                if generation == 0 || feed_before != Some(generation) {
                    prop_assert!(place.sequence > highest, "{} after {}", place.sequence, highest);
                }
                highest = highest.max(place.sequence);
                feed_before = Some(generation);
            }
        }
    }
}
