//! From packets that come when they come to samples at an even pace: jitter buffer, decoder, concealment.
//!
//! Packets are kept in the order of their timestamps for as long as [`DelayEstimator`] says. What is missing when its
//! turn comes is made up for at most 100 ms, then there is silence. A buffer that grew too long plays faster and one
//! that runs empty slower, by whole periods of the voice, so that a sender's clock may drift.

use std::collections::BTreeMap;
use std::time::Instant;

use super::delay::DelayEstimator;
use super::stretch::{lengthen, shorten};
use super::{AudioCodec, Decoder, Resampler};

/// Packets kept at most: a second of 10 ms each.
const MOST: usize = 100;
/// Frames made up in a row at most.
const CONCEALED: u32 = 5;
/// Kept beyond the spread of the delays, in milliseconds: one frame that is being played.
const FRAME_MS: f64 = 20.0;
/// Longer than wanted by this much on average, the buffer is shortened.
const SLACK_MS: f64 = 20.0;
/// A timestamp that is further away is another stream, in seconds.
const LEAP: i64 = 10;

/// One direction of a leg as an even stream.
pub struct Playout {
    rate: u32,
    packets: BTreeMap<i64, Packet>,
    machine: Option<Machine>,
    delay: DelayEstimator,
    /// Timestamp that is decoded next, while playing.
    cursor: Option<i64>,
    newest: i64,
    played: u64,
    concealed: u32,
    ahead: u32,
    /// The sender is silent on purpose.
    resting: bool,
    average_ms: f64,
    ready: Vec<i16>,
    noise: Noise,
    counts: Counts,
}

struct Packet {
    sequence: u64,
    payload: Vec<u8>,
}

struct Machine {
    codec: AudioCodec,
    decoder: Decoder,
    resampler: Resampler,
    decoded: Vec<i16>,
    piece: Vec<i16>,
}

/// What became of the packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That came when their time was over.
    pub late: u64,
    /// Frames of 20 ms that were made up.
    pub concealed: u64,
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { late: self.late + other.late, concealed: self.concealed + other.concealed }
    }
}

impl Playout {
    /// Plays at a sample rate.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            packets: BTreeMap::new(),
            machine: None,
            delay: DelayEstimator::default(),
            cursor: None,
            newest: 0,
            played: 0,
            concealed: 0,
            ahead: 0,
            resting: false,
            average_ms: 0.0,
            ready: Vec::new(),
            noise: Noise::default(),
            counts: Counts::default(),
        }
    }

    /// Takes a packet; `sequence` is extended.
    pub fn push(&mut self, codec: AudioCodec, sequence: u64, timestamp: u32, payload: &[u8], now: Instant) {
        if self.machine.as_ref().is_none_or(|machine| machine.codec != codec) {
            self.begin(codec);
        }
        let clock = codec.rtp_clock();
        let extended = extend(timestamp, self.newest);
        if (extended - self.newest).abs() > LEAP * i64::from(clock) && !self.packets.is_empty() {
            self.restart();
        }
        if self.packets.is_empty() && self.cursor.is_none() {
            self.newest = extended;
        }
        if self.cursor.is_some_and(|cursor| extended < cursor) {
            self.counts.late += 1;
            self.delay.arrived(extended, clock, now);
            return;
        }
        self.delay.arrived(extended, clock, now);
        self.resting = false;
        self.newest = self.newest.max(extended);
        self.noise.silence();
        self.packets.insert(extended, Packet { sequence, payload: payload.to_vec() });
        if self.packets.len() > MOST {
            self.packets.pop_first();
        }
    }

    /// The sender pauses on purpose: when what is there has been played, nothing is made up.
    pub fn rest(&mut self) {
        self.resting = true;
    }

    /// Takes a comfort-noise packet (RFC 3389 §3): noise of this level until speech goes on.
    pub fn push_noise(&mut self, payload: &[u8]) {
        self.noise.level(payload.first().copied().unwrap_or(127));
    }

    /// Writes the next samples; false when they are nothing but silence.
    pub fn pull(&mut self, out: &mut [i16]) -> bool {
        let per_ms = f64::from(self.rate) / 1000.0;
        if self.cursor.is_none() {
            let waiting = self.packets.first_key_value().map(|(first, _)| self.newest - first);
            let wanted = self.delay.spread_ms() - FRAME_MS;
            match waiting {
                Some(waiting) if self.milliseconds(waiting) >= wanted => {
                    self.cursor = self.packets.first_key_value().map(|(first, _)| *first);
                    self.average_ms = self.delay.cushion_ms();
                }
                _ => {
                    out.fill(0);
                    return self.noise.fill(out);
                }
            }
        }
        while self.ready.len() < out.len() && self.cursor.is_some() {
            self.decode_next();
        }
        let length = self.ready.len().min(out.len());
        out[..length].copy_from_slice(&self.ready[..length]);
        out[length..].fill(0);
        self.ready.drain(..length);
        let frame = self.machine.as_ref().map_or(0, |machine| machine.codec.rtp_ticks_per_frame());
        let kept = self.cursor.map_or(0, |cursor| self.newest + i64::from(frame) - cursor);
        let level = self.milliseconds(kept) + self.ready.len() as f64 / per_ms;
        self.average_ms += (level - self.average_ms) / 32.0;
        true
    }

    /// What became of the packets so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How much is kept at the moment, on average, in milliseconds.
    pub fn delay_ms(&self) -> f64 {
        if self.cursor.is_some() { self.average_ms.max(0.0) } else { 0.0 }
    }

    fn begin(&mut self, codec: AudioCodec) {
        self.restart();
        self.machine = match Decoder::new(codec) {
            Ok(decoder) => Some(Machine {
                codec,
                decoder,
                resampler: Resampler::new(codec.sample_rate(), self.rate),
                decoded: Vec::new(),
                piece: Vec::new(),
            }),
            Err(error) => {
                log::error!("{}: {error}", codec.name());
                None
            }
        };
    }

    fn restart(&mut self) {
        self.packets.clear();
        self.delay.restart();
        self.cursor = None;
        self.concealed = 0;
        self.ahead = 0;
    }

    fn milliseconds(&self, ticks: i64) -> f64 {
        let clock = self.machine.as_ref().map_or(8000, |machine| machine.codec.rtp_clock());
        ticks as f64 * 1000.0 / f64::from(clock)
    }

    /// Brings the next piece into `ready`, or stops playing.
    fn decode_next(&mut self) {
        let (Some(cursor), Some(machine)) = (self.cursor, &self.machine) else {
            self.cursor = None;
            return;
        };
        let frame = i64::from(machine.codec.rtp_ticks_per_frame());
        match self.packets.first_key_value().map(|(at, packet)| (*at, packet.sequence)) {
            Some((at, _)) if at <= cursor => self.play(),
            // Nothing was lost: the sender was silent.
            Some((at, sequence)) if sequence == self.played + 1 => {
                self.cursor = Some(if at - cursor < frame { at } else { cursor + frame });
                self.pause();
            }
            Some((at, _)) => {
                self.cursor = Some(if at - cursor < frame { at } else { cursor + frame });
                if self.ahead > 0 {
                    // It was made up when the buffer ran empty.
                    self.ahead -= 1;
                } else {
                    self.conceal(at - cursor <= frame);
                }
            }
            None if self.concealed < CONCEALED && !self.resting => {
                // Too late rather than lost, for all that is known: it is made up, and still waited for.
                self.ahead += 1;
                self.conceal(false);
            }
            None => {
                self.cursor = None;
                self.ahead = 0;
                self.concealed = 0;
            }
        }
    }

    fn play(&mut self) {
        let Some((at, packet)) = self.packets.pop_first() else {
            return;
        };
        let Some(machine) = &mut self.machine else {
            return;
        };
        self.played = packet.sequence;
        self.cursor = Some(at + i64::from(machine.codec.ticks_of(&packet.payload).max(1)));
        self.concealed = 0;
        machine.decoded.clear();
        if let Err(error) = machine.decoder.decode(&packet.payload, &mut machine.decoded) {
            log::debug!("a packet is left out: {error}");
            machine.decoder.conceal(&mut machine.decoded);
        }
        machine.piece.clear();
        machine.resampler.push(&machine.decoded, &mut machine.piece);
        let wanted = self.delay.cushion_ms();
        if self.average_ms > wanted + SLACK_MS {
            let before = machine.piece.len();
            let start = self.ready.len();
            shorten(&machine.piece, self.rate, &mut self.ready);
            let saved = before.saturating_sub(self.ready.len() - start);
            self.average_ms -= saved as f64 * 1000.0 / f64::from(self.rate);
        } else if self.packets.is_empty() && self.average_ms < wanted - SLACK_MS {
            lengthen(&machine.piece, self.rate, &mut self.ready);
        } else {
            self.ready.extend_from_slice(&machine.piece);
        }
    }

    /// Makes up a frame; `followed`: the packet behind it is there.
    fn conceal(&mut self, followed: bool) {
        let Some(machine) = &mut self.machine else {
            return;
        };
        self.concealed += 1;
        self.counts.concealed += 1;
        if self.concealed > CONCEALED {
            return self.pause();
        }
        machine.decoded.clear();
        match self.packets.first_key_value() {
            Some((_, next)) if followed => machine.decoder.recover(&next.payload, &mut machine.decoded),
            _ => machine.decoder.conceal(&mut machine.decoded),
        }
        machine.resampler.push(&machine.decoded, &mut self.ready);
    }

    fn pause(&mut self) {
        let start = self.ready.len();
        self.ready.resize(start + self.rate as usize / 50, 0);
        self.noise.fill(&mut self.ready[start..]);
    }
}

/// The 64-bit timestamp that is nearest to one seen before.
fn extend(timestamp: u32, near: i64) -> i64 {
    near + i64::from(timestamp.wrapping_sub(near as u32) as i32)
}

/// White noise that stands in for the background of a silent room.
#[derive(Debug)]
struct Noise {
    amplitude: f32,
    state: u32,
}

impl Default for Noise {
    fn default() -> Self {
        Self { amplitude: 0.0, state: 0x9e37_79b9 }
    }
}

impl Noise {
    /// In dB below the overload point (RFC 3389 §3.1).
    fn level(&mut self, below: u8) {
        // Evenly spread noise of this amplitude has an effective value of a √3rd of it.
        self.amplitude = 32_767.0 * 3f32.sqrt() * 10f32.powf(-f32::from(below.min(127)) / 20.0);
    }

    fn silence(&mut self) {
        self.amplitude = 0.0;
    }

    fn fill(&mut self, out: &mut [i16]) -> bool {
        if self.amplitude < 1.0 {
            return false;
        }
        for sample in out {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 17;
            self.state ^= self.state << 5;
            *sample = (self.amplitude * (self.state as i32 as f32 / 2_147_483_648.0)) as i16;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::super::{Encoder, OpusSettings};
    use super::*;
    use std::time::Duration;

    /// A second of a tone in packets, each with the moment at which it arrives; None is lost.
    struct Line {
        playout: Playout,
        arrivals: Vec<(u64, u64, Vec<u8>)>,
        codec: AudioCodec,
        /// What was kept when the last packet came.
        delay_ms: f64,
    }

    impl Line {
        fn new(codec: AudioCodec, seconds: usize, delay: impl Fn(u64) -> Option<u64>) -> Self {
            let mut encoder = Encoder::new(codec, &OpusSettings::default()).expect("an encoder");
            let mut arrivals = Vec::new();
            let tone = sine(400.0, -10.0, codec.sample_rate()).repeat(seconds);
            for (number, frame) in tone.chunks(codec.samples_per_frame()).enumerate() {
                let mut payload = Vec::new();
                encoder.encode(frame, &mut payload).expect("a frame");
                if let Some(delay) = delay(number as u64) {
                    arrivals.push((20 * number as u64 + delay, number as u64, payload));
                }
            }
            arrivals.sort_by_key(|(at, ..)| *at);
            Self { playout: Playout::new(16_000), arrivals, codec, delay_ms: 0.0 }
        }

        /// Plays for as long as packets come, and a little longer.
        fn hear(&mut self) -> Vec<i16> {
            let start = Instant::now();
            let (mut heard, mut frame) = (Vec::new(), [0; 320]);
            let last = self.arrivals.last().map_or(0, |(at, ..)| *at);
            let mut waiting = std::mem::take(&mut self.arrivals).into_iter().peekable();
            for now in (0..last + 200).step_by(20) {
                while let Some((at, number, payload)) = waiting.next_if(|(at, ..)| *at <= now) {
                    let timestamp = (number as u32).wrapping_mul(self.codec.rtp_ticks_per_frame());
                    let timestamp = timestamp.wrapping_sub(5000);
                    let at = start + Duration::from_millis(at);
                    self.playout.push(self.codec, number + 70_000, timestamp, &payload, at);
                }
                self.playout.pull(&mut frame);
                heard.extend_from_slice(&frame);
                if waiting.peek().is_some() {
                    self.delay_ms = self.playout.delay_ms();
                }
            }
            heard
        }
    }

    fn quiet_frames(heard: &[i16]) -> usize {
        heard.chunks_exact(320).filter(|frame| level_of(400.0, frame, 16_000) < -25.0).count()
    }

    #[test]
    fn an_even_stream_is_played_at_once_and_whole() {
        for codec in [AudioCodec::Pcma, AudioCodec::G722, AudioCodec::Opus] {
            let mut line = Line::new(codec, 2, |_| Some(0));
            let heard = line.hear();
            let start = heard.iter().position(|sample| sample.abs() > 500).expect("the tone");
            assert!(start <= 3 * 320, "{codec:?}: heard after {start} samples");
            assert!(level_of(400.0, &heard[1600..32_000], 16_000) > -11.0, "{codec:?}");
            assert_eq!(quiet_frames(&heard[1600..31_000]), 0);
            assert_eq!(line.playout.counts().late, 0);
        }
    }

    #[test]
    fn jitter_is_learnt() {
        let mut line = Line::new(AudioCodec::Pcma, 20, |n| Some(n.wrapping_mul(2_654_435_761) % 80));
        let heard = line.hear();
        let rest = &heard[16_000 * 10..16_000 * 19];
        assert!(quiet_frames(rest) <= 2, "{} frames are missing", quiet_frames(rest));
        assert!((20.0..80.0).contains(&line.delay_ms), "{}", line.delay_ms);
    }

    #[test]
    fn a_lost_packet_is_made_up() {
        let mut line = Line::new(AudioCodec::Pcma, 2, |n| (n % 20 != 7).then_some(0));
        let heard = line.hear();
        assert_eq!(quiet_frames(&heard[1600..31_000]), 0);
        assert!(line.playout.counts().concealed >= 5);
    }

    #[test]
    fn a_buffer_that_grew_gets_short_again() {
        // For two seconds the network is bad, then good.
        let mut line = Line::new(AudioCodec::Pcma, 30, |n| {
            Some(if n < 100 { n.wrapping_mul(2_654_435_761) % 150 } else { 0 })
        });
        let heard = line.hear();
        assert!(line.delay_ms < 60.0, "{}", line.delay_ms);
        assert_eq!(quiet_frames(&heard[16_000 * 20..16_000 * 29]), 0);
    }

    #[test]
    fn a_clock_that_is_too_slow_or_too_fast_leaves_no_gap() {
        // 300 parts in a million are much for a telephone: 0.3 ms a second.
        for drift in [-0.000_5f64, 0.000_5] {
            let mut line =
                Line::new(AudioCodec::Pcma, 60, |n| Some((200.0 + n as f64 * 20.0 * drift) as u64));
            let heard = line.hear();
            assert!(quiet_frames(&heard[32_000..16_000 * 59]) <= 1, "{drift}");
            assert!(line.delay_ms < 80.0, "{drift}: {}", line.delay_ms);
        }
    }

    #[test]
    fn noise_of_the_level_that_was_told() {
        let mut playout = Playout::new(8000);
        let mut out = [0; 160];
        assert!(!playout.pull(&mut out));
        playout.push_noise(&[40]);
        assert!(playout.pull(&mut out));
        let power = out.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / 160.0;
        let level = 10.0 * (power / 32_767f64.powi(2)).log10();
        assert!((level + 40.0).abs() < 1.5, "{level} dB");
    }

    proptest::proptest! {
        #[test]
        fn any_comfort_noise_is_bearable(
            payload in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
        ) {
            let (mut playout, mut out) = (Playout::new(16_000), [0; 320]);
            playout.push_noise(&payload);
            playout.pull(&mut out);
            let quiet = payload.first().is_none_or(|level| *level >= 40);
            proptest::prop_assert!(!quiet || out.iter().all(|sample| sample.abs() < 600));
        }

        #[test]
        fn nothing_panics(packets in proptest::collection::vec(
            (0u64..200_000, proptest::prelude::any::<u32>(), proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), 0usize..4),
            0..60,
        )) {
            let all = [AudioCodec::Pcma, AudioCodec::Pcmu, AudioCodec::G722, AudioCodec::Opus];
            let (mut playout, now, mut out) = (Playout::new(16_000), Instant::now(), [0; 320]);
            for (sequence, timestamp, payload, codec) in packets {
                playout.push(all[codec / 2], sequence, timestamp, &payload, now);
                playout.pull(&mut out);
            }
        }
    }
}
