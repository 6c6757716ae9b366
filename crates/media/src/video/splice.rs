//! What a viewer gets is one stream, whichever stream it is made of: numbers go on where the last one ended.

use std::time::Instant;

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use super::CLOCK;

/// The place of one packet in what the viewer gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Extended sequence number.
    pub sequence: u64,
    /// Timestamp.
    pub timestamp: u32,
    /// New picture numbers in a VP8 payload.
    pub patch: Option<Vp8Patch>,
}

/// Joins streams. The caller begins each of them with a key frame.
#[derive(Debug)]
pub struct Splice {
    sequence: u64,
    timestamp: u32,
    at: Option<Instant>,
    /// The stream that is forwarded: how its numbers become ours, and the first of them.
    offset: u64,
    shift: u32,
    first: u64,
    pictures: Pictures,
}

/// Numbers of VP8's pictures and of those of the lowest temporal layer (RFC 7741 §4.2).
#[derive(Debug, Default)]
struct Pictures {
    picture: u16,
    base: u8,
    offset: u16,
    shift: u8,
}

impl Splice {
    /// A stream that has sent nothing; its numbers begin at random ones (RFC 3550 §5.1).
    pub fn new(sequence: u16, timestamp: u32) -> Self {
        Self {
            // Half the range, so that SRTP's first rollover (RFC 3711 §3.3.1) is never at the very beginning.
            sequence: u64::from(sequence & 0x7fff),
            timestamp,
            at: None,
            offset: 0,
            shift: 0,
            first: 0,
            pictures: Pictures::default(),
        }
    }

    /// Another stream begins, with this packet.
    pub fn join(&mut self, sequence: u64, timestamp: u32, vp8: Option<&Vp8Descriptor>, now: Instant) {
        self.offset = (self.sequence + 1).wrapping_sub(sequence);
        let elapsed = self.at.map_or(0.0, |at| now.duration_since(at).as_secs_f64() * f64::from(CLOCK));
        // Two frames of one timestamp would be one frame.
        let next = self.timestamp.wrapping_add((elapsed as u32).max(1));
        self.shift = next.wrapping_sub(timestamp);
        self.first = sequence;
        if let Some(descriptor) = vp8 {
            let picture = descriptor.picture_id().unwrap_or(0);
            self.pictures.offset = self.pictures.picture.wrapping_add(1).wrapping_sub(picture);
            let base = descriptor.tl0_pic_idx().unwrap_or(0);
            self.pictures.shift = self.pictures.base.wrapping_add(1).wrapping_sub(base);
        }
    }

    /// The place of a packet; gaps and reordering stay visible. None: older than the join.
    pub fn place(
        &mut self,
        sequence: u64,
        timestamp: u32,
        vp8: Option<&Vp8Descriptor>,
        now: Instant,
    ) -> Option<Place> {
        if sequence < self.first {
            return None;
        }
        let place = Place {
            sequence: sequence.wrapping_add(self.offset),
            timestamp: timestamp.wrapping_add(self.shift),
            patch: vp8.and_then(|descriptor| self.pictures.patch(descriptor)),
        };
        if place.sequence > self.sequence {
            self.sequence = place.sequence;
            self.timestamp = place.timestamp;
            self.at = Some(now);
            if let Some(descriptor) = vp8 {
                self.pictures.note(descriptor);
            }
        }
        Some(place)
    }
}

impl Pictures {
    fn renumbered(&self, descriptor: &Vp8Descriptor) -> (Option<u16>, Option<u8>) {
        let picture = descriptor.picture_id().map(|picture| picture.wrapping_add(self.offset) & 0x7fff);
        let base = descriptor.tl0_pic_idx().map(|base| base.wrapping_add(self.shift));
        (picture, base)
    }

    fn patch(&self, descriptor: &Vp8Descriptor) -> Option<Vp8Patch> {
        let (picture, base) = self.renumbered(descriptor);
        let with = |picture: Option<u16>| {
            let mut patch = descriptor.patch();
            if let Some(picture) = picture {
                patch = patch.picture_id(picture);
            }
            if let Some(base) = base {
                patch = patch.tl0_pic_idx(base);
            }
            patch.build().ok()
        };
        // A number of seven bits stays one.
        with(picture).or_else(|| with(picture.map(|picture| picture & 0x7f)))
    }

    fn note(&mut self, descriptor: &Vp8Descriptor) {
        let (picture, base) = self.renumbered(descriptor);
        self.picture = picture.unwrap_or(self.picture);
        self.base = base.unwrap_or(self.base);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    fn vp8(picture: u16, base: u8) -> Vp8Descriptor {
        let payload = [0x90, 0xe0, 0x80 | (picture >> 8) as u8, picture as u8, base, 0, 0];
        Vp8Descriptor::parse(&payload).expect("a descriptor")
    }

    #[test]
    fn another_stream_goes_on_where_the_last_ended() {
        let (mut splice, start) = (Splice::new(100, 5000), Instant::now());
        splice.join(70_000, 9, Some(&vp8(500, 7)), start);
        let first = splice.place(70_000, 9, Some(&vp8(500, 7)), start).expect("the first");
        assert_eq!((first.sequence, first.timestamp), (101, 5001));
        let second = splice.place(70_001, 3009, Some(&vp8(501, 8)), start).expect("the next");
        assert_eq!((second.sequence, second.timestamp), (102, 8001));
        let later = start + Duration::from_millis(100);
        splice.join(20, 1_000_000, Some(&vp8(32_767, 200)), later);
        let joined = splice.place(20, 1_000_000, Some(&vp8(32_767, 200)), later).expect("the other");
        assert_eq!((joined.sequence, joined.timestamp), (103, 17_001));
        assert_eq!(splice.place(19, 997_000, Some(&vp8(32_766, 199)), later), None, "older than the change");
        assert_eq!((splice.pictures.picture, splice.pictures.base), (3, 3));
        splice.place(22, 1_003_000, Some(&vp8(0, 201)), later).expect("a gap");
        assert_eq!((splice.sequence, splice.pictures.picture, splice.pictures.base), (105, 4, 4));
    }

    #[test]
    fn streams_that_meet_at_once_have_frames_of_their_own() {
        let (mut splice, now) = (Splice::new(0, u32::MAX), Instant::now());
        splice.join(1, 50, None, now);
        let one = splice.place(1, 50, None, now).expect("one");
        splice.join(1, 50, None, now);
        let other = splice.place(1, 50, None, now).expect("other");
        assert_eq!((other.sequence, other.timestamp), (one.sequence + 1, one.timestamp.wrapping_add(1)));
    }

    #[test]
    fn a_short_picture_number_stays_short() {
        let (mut splice, now) = (Splice::new(0, 0), Instant::now());
        let short = Vp8Descriptor::parse(&[0x90, 0x80, 0x42, 0x00]).expect("a descriptor");
        splice.pictures.picture = 300;
        splice.join(1, 0, Some(&short), now);
        let place = splice.place(1, 0, Some(&short), now).expect("the first");
        let expected = short.patch().picture_id(301 & 0x7f).build().expect("seven bits");
        assert_eq!(place.patch, Some(expected));
    }

    proptest! {
        /// Streams change, lose and reorder packets: what begins anew always comes behind all that went out.
        #[test]
        fn numbers_go_on(steps in proptest::collection::vec((0u8..3, 0u64..40, any::<u32>(), 0u64..50, any::<u16>()), 1..100)) {
            let (mut splice, start) = (Splice::new(77, 1), Instant::now());
            let (mut clock, mut highest, mut before) = (0, 0, None);
            for (stream, sequence, timestamp, wait, picture) in steps {
                clock += wait;
                let now = start + Duration::from_millis(clock);
                let descriptor = vp8(picture & 0x7fff, picture as u8);
                let joined = before != Some(stream);
                if joined {
                    splice.join(70_000 + sequence, timestamp, Some(&descriptor), now);
                }
                before = Some(stream);
                let Some(place) = splice.place(70_000 + sequence, timestamp, Some(&descriptor), now) else {
                    continue;
                };
                if joined {
                    prop_assert!(place.sequence > highest, "{} after {highest}", place.sequence);
                }
                highest = highest.max(place.sequence);
            }
        }
    }
}
