//! Extended reports (RFC 3611): the block of VoIP metrics (§4.7).

use std::ops::RangeInclusive;

use serde::Serialize;

/// Payload type of an extended report (RFC 3611 §2).
pub const XR: u8 = 207;
/// Type of the block of VoIP metrics.
const VOIP: u8 = 7;
/// Length of that block behind its first word, in words.
const WORDS: u16 = 8;
/// A figure that is not known (§4.7.3 to §4.7.5).
const UNKNOWN: u8 = 127;
/// What a transmission rating may be, and an opinion score in tenths (§4.7.5).
const RATINGS: RangeInclusive<u8> = 0..=100;
const SCORES: RangeInclusive<u8> = 10..=50;
/// "Enhanced" concealment and an adaptive buffer (§4.7.6).
const OURS: u8 = 0b1011_0000;

/// What one side says of a stream that it hears.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct VoipMetrics {
    /// Part that was lost, 0 to 1; all parts come in steps of 1/256.
    pub loss: f64,
    /// Part that came too late.
    pub discarded: f64,
    /// Part that was lost or too late in bursts.
    pub burst_density: f64,
    /// The same between bursts.
    pub gap_density: f64,
    /// Mean length of a burst.
    pub burst_ms: u16,
    /// Mean length between bursts.
    pub gap_ms: u16,
    /// Of the network, between the two sides.
    pub round_trip_ms: u16,
    /// From the packet to the ear and from the mouth to the packet.
    pub end_system_delay_ms: u16,
    /// Transmission rating (G.107), 0 to 100.
    pub r_factor: Option<u8>,
    /// Opinion score of listening.
    pub mos_listening: Option<f64>,
    /// Opinion score of conversation, delay included.
    pub mos_conversation: Option<f64>,
    /// Of the hearer's buffer at the moment; none where it forwards.
    pub buffer_ms: Option<u16>,
}

impl VoipMetrics {
    /// Appends an extended report from `ssrc` about `source`.
    pub fn write(&self, ssrc: u32, source: u32, packet: &mut Vec<u8>) {
        // The length is that of everything behind this word: the sender, the block's first word, and the rest of it.
        packet.extend([0x80, XR, 0, 2 + WORDS as u8]);
        packet.extend(ssrc.to_be_bytes());
        packet.extend([VOIP, 0]);
        packet.extend(WORDS.to_be_bytes());
        packet.extend(source.to_be_bytes());
        packet.extend([self.loss, self.discarded, self.burst_density, self.gap_density].map(part));
        for milliseconds in [self.burst_ms, self.gap_ms, self.round_trip_ms, self.end_system_delay_ms] {
            packet.extend(milliseconds.to_be_bytes());
        }
        packet.extend([UNKNOWN, UNKNOWN, UNKNOWN, super::bursts::GMIN as u8]);
        packet.extend([self.r_factor.unwrap_or(UNKNOWN), UNKNOWN]);
        packet.extend([self.mos_listening, self.mos_conversation].map(tenths));
        packet.extend([if self.buffer_ms.is_some() { OURS } else { 0 }, 0]);
        let buffer = self.buffer_ms.unwrap_or(0);
        for milliseconds in [buffer, buffer, if buffer > 0 { 500 } else { 0 }] {
            packet.extend(milliseconds.to_be_bytes());
        }
    }

    /// Looks for the metrics of `source` in what follows the sender of an extended report.
    pub fn find(mut blocks: &[u8], source: u32) -> Option<Self> {
        while let Some(head) = blocks.get(..4) {
            let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
            let block = blocks.get(..length)?;
            if head[0] == VOIP
                && let Some(body) = block.get(4..4 + 4 * usize::from(WORDS))
                && body[..4] == source.to_be_bytes()
            {
                return Some(Self::read(body));
            }
            blocks = &blocks[length..];
        }
        None
    }

    /// Of the words behind the block's first; there are as many as they must be.
    fn read(body: &[u8]) -> Self {
        let byte = |at: usize| body.get(at).copied().unwrap_or_default();
        let part = |at: usize| f64::from(byte(at)) / 256.0;
        let word = |at: usize| u16::from_be_bytes([byte(at), byte(at + 1)]);
        // What is outside the range of a figure is to be ignored (§4.7.5), `UNKNOWN` as well.
        let within =
            |at: usize, range: RangeInclusive<u8>| Some(byte(at)).filter(|value| range.contains(value));
        let score = |at: usize| within(at, SCORES).map(|tenths| f64::from(tenths) / 10.0);
        Self {
            loss: part(4),
            discarded: part(5),
            burst_density: part(6),
            gap_density: part(7),
            burst_ms: word(8),
            gap_ms: word(10),
            round_trip_ms: word(12),
            end_system_delay_ms: word(14),
            r_factor: within(20, RATINGS),
            mos_listening: score(22),
            mos_conversation: score(23),
            buffer_ms: Some(word(26)).filter(|milliseconds| *milliseconds > 0),
        }
    }
}

fn part(share: f64) -> u8 {
    (share * 256.0) as u8
}

/// As a score is told.
fn tenths(score: Option<f64>) -> u8 {
    score.map_or(UNKNOWN, |score| ((score * 10.0).round() as u8).clamp(*SCORES.start(), *SCORES.end()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::damaged;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        let metrics = VoipMetrics {
            loss: 0.25,
            discarded: 1.0 / 256.0,
            burst_density: 0.5,
            gap_density: 0.0,
            burst_ms: 120,
            gap_ms: 40_000,
            round_trip_ms: 35,
            end_system_delay_ms: 60,
            r_factor: Some(87),
            mos_listening: Some(4.2),
            mos_conversation: None,
            buffer_ms: Some(40),
        };
        let mut packet = Vec::new();
        metrics.write(7, 9, &mut packet);
        assert_eq!(packet.len(), 44);
        assert_eq!(usize::from(u16::from_be_bytes([packet[2], packet[3]])) * 4 + 4, packet.len());
        assert_eq!(VoipMetrics::find(&packet[8..], 9), Some(metrics));
        assert_eq!(VoipMetrics::find(&packet[8..], 8), None, "about somebody else");
    }

    #[test]
    fn figures_out_of_their_range_are_ignored() {
        let mut packet = Vec::new();
        let known = VoipMetrics {
            r_factor: Some(100),
            mos_listening: Some(5.0),
            mos_conversation: Some(1.0),
            ..VoipMetrics::default()
        };
        known.write(7, 9, &mut packet);
        assert_eq!(VoipMetrics::find(&packet[8..], 9), Some(known));
        // Behind the report's two words and the block's first.
        let body = 12;
        for (at, value) in [(20, 101), (22, 51), (23, 9)] {
            packet[body + at] = value;
        }
        assert_eq!(VoipMetrics::find(&packet[8..], 9), Some(VoipMetrics::default()));
    }

    /// What a report can tell.
    fn metrics() -> impl Strategy<Value = VoipMetrics> {
        let share = || any::<u8>().prop_map(|part| f64::from(part) / 256.0);
        let score = || proptest::option::of(SCORES.prop_map(|tenths| f64::from(tenths) / 10.0));
        let rest = (proptest::option::of(RATINGS), score(), score(), proptest::option::of(1u16..));
        ((share(), share(), share(), share()), any::<[u16; 4]>(), rest).prop_map(|(shares, times, rest)| {
            VoipMetrics {
                loss: shares.0,
                discarded: shares.1,
                burst_density: shares.2,
                gap_density: shares.3,
                burst_ms: times[0],
                gap_ms: times[1],
                round_trip_ms: times[2],
                end_system_delay_ms: times[3],
                r_factor: rest.0,
                mos_listening: rest.1,
                mos_conversation: rest.2,
                buffer_ms: rest.3,
            }
        })
    }

    /// Blocks of other kinds, and behind them those metrics of source 9.
    fn blocks() -> impl Strategy<Value = (Vec<u8>, VoipMetrics)> {
        let other = (8u8.., any::<u8>(), proptest::collection::vec(any::<u32>(), 0..12));
        (proptest::collection::vec(other, 0..4), metrics()).prop_map(|(others, metrics)| {
            let (mut bytes, mut packet) = (Vec::new(), Vec::new());
            for (kind, specific, words) in others {
                bytes.extend([kind, specific]);
                bytes.extend((words.len() as u16).to_be_bytes());
                bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
            }
            metrics.write(7, 9, &mut packet);
            bytes.extend(&packet[8..]);
            (bytes, metrics)
        })
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(packet in proptest::collection::vec(any::<u8>(), 0..200), source: u32) {
            let _ = VoipMetrics::find(&packet, source);
        }

        #[test]
        fn metrics_are_found_behind_other_blocks((bytes, metrics) in blocks()) {
            prop_assert_eq!(VoipMetrics::find(&bytes, 9), Some(metrics));
            prop_assert_eq!(VoipMetrics::find(&bytes, 8), None);
        }

        /// Whatever was done to a report, what is read of it makes sense.
        #[test]
        fn damaged_reports_are_refused_or_read(bytes in damaged(blocks().prop_map(|(bytes, _)| bytes))) {
            if let Some(read) = VoipMetrics::find(&bytes, 9) {
                for share in [read.loss, read.discarded, read.burst_density, read.gap_density] {
                    prop_assert!((0.0..1.0).contains(&share), "{read:?}");
                }
                prop_assert!(read.r_factor.is_none_or(|rating| rating <= 100), "{read:?}");
                for score in [read.mos_listening, read.mos_conversation].into_iter().flatten() {
                    prop_assert!((1.0..=5.0).contains(&score), "{read:?}");
                }
            }
        }
    }
}
