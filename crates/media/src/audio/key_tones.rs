//! Keys as tones (ITU-T Q.23): heard in a conversation by Goertzel's filters, and made.

use std::collections::VecDeque;
use std::f32::consts::TAU;

use super::tone::FULL_SCALE_DBM0;
use super::{AudioCodec, AudioError, Decoder, Encoder, OpusSettings, Resampler, ToneSource};
use crate::rtp::dtmf::Press;

/// Samples a second that are listened to.
const RATE: u32 = 8_000;
/// Samples looked at together, 12.75 ms: a tone of 40 ms, the shortest there is (ITU-T Q.24), fills two such blocks.
const BLOCK: usize = 102;
const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] =
    [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];
/// Quieter than this, each of the two, is no key, in dBm0.
const QUIETEST: f32 = -33.0;
/// How much louder one of the two may be, as a ratio of powers: 8 dB.
const TWIST: f32 = 6.3;
/// How much louder each must be than its neighbours, as a ratio of powers: 8 dB.
const CLEAR: f32 = 6.3;
/// Part of all power that the two must have, lest speech be taken for keys.
const PURE: f32 = 0.75;
/// Blocks that must agree for a beginning, and for an end.
const AGREE: u32 = 2;
/// Level of each of the two tones that are made, in dBm0.
const LEVEL: f32 = -9.0;
/// Between two keys, in frames of 20 ms.
const PAUSE: u32 = 4;
/// A key sounds for at least this long, in frames of 20 ms: ITU-T Q.24 wants 40 ms, worn lines more.
const SHORTEST: u32 = 4;

/// Finds keys in samples of 8 kHz.
#[derive(Debug, Default)]
pub struct KeyDetector {
    block: Vec<f32>,
    candidate: Option<char>,
    agreed: u32,
    sounding: Option<(char, u32)>,
    missing: u32,
}

impl KeyDetector {
    /// Takes samples; appends a press for each key that was let go.
    pub fn hear(&mut self, samples: &[i16], presses: &mut Vec<Press>) {
        for sample in samples {
            self.block.push(f32::from(*sample));
            if self.block.len() == BLOCK {
                let key = recognise(&self.block);
                self.block.clear();
                presses.extend(self.follow(key));
            }
        }
    }

    /// Whether a key sounds at the moment, or might: it is told by two blocks, but heard by others with the first.
    pub fn sounding(&self) -> bool {
        self.sounding.is_some() || self.candidate.is_some()
    }

    fn follow(&mut self, key: Option<char>) -> Option<Press> {
        if key == self.candidate {
            self.agreed += 1;
        } else {
            (self.candidate, self.agreed) = (key, 1);
        }
        match (&mut self.sounding, key) {
            (Some((sounding, blocks)), Some(key)) if *sounding == key => {
                *blocks += 1 + std::mem::take(&mut self.missing);
                return None;
            }
            (Some(_), _) => self.missing += 1,
            (None, _) => {}
        }
        let mut press = None;
        if let Some((digit, blocks)) = self.sounding
            && self.missing >= AGREE
        {
            let duration_ms = blocks * BLOCK as u32 * 1000 / RATE;
            press = Some(Press { digit, duration_ms });
            self.sounding = None;
            self.missing = 0;
        }
        if let Some(key) = key.filter(|_| self.sounding.is_none() && self.agreed >= AGREE) {
            self.sounding = Some((key, self.agreed));
        }
        press
    }
}

fn recognise(block: &[f32]) -> Option<char> {
    let total = block.iter().map(|sample| sample * sample).sum::<f32>() / block.len() as f32;
    let quietest = 32768.0 * 10f32.powf((QUIETEST - FULL_SCALE_DBM0) / 20.0);
    let least = quietest * quietest / 2.0;
    if total < least {
        return None;
    }
    let (row, row_power) = strongest(block, &ROWS)?;
    let (column, column_power) = strongest(block, &COLUMNS)?;
    let (louder, quieter) = (row_power.max(column_power), row_power.min(column_power));
    let clear = quieter >= least && louder <= TWIST * quieter && row_power + column_power >= PURE * total;
    clear.then(|| KEYS[row][column])
}

fn strongest(block: &[f32], frequencies: &[f32; 4]) -> Option<(usize, f32)> {
    let powers = frequencies.map(|frequency| power(block, frequency));
    let (best, power) =
        powers.iter().copied().enumerate().max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let clear = powers.iter().enumerate().all(|(index, other)| index == best || power >= CLEAR * other);
    clear.then_some((best, power))
}

/// Mean square of one frequency.
fn power(block: &[f32], frequency: f32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency / RATE as f32).cos();
    let (mut before, mut last) = (0.0f32, 0.0f32);
    for sample in block {
        let next = sample + coefficient * last - before;
        before = last;
        last = next;
    }
    let magnitude = last * last + before * before - coefficient * last * before;
    2.0 * magnitude / (block.len() * block.len()) as f32
}

/// Listens for keys in what a peer says, whatever its codec.
#[derive(Default)]
pub struct KeyEar {
    machine: Option<(AudioCodec, Decoder, Resampler)>,
    detector: KeyDetector,
    decoded: Vec<i16>,
    samples: Vec<i16>,
}

impl KeyEar {
    /// Takes a packet; appends what was pressed.
    pub fn hear(&mut self, codec: AudioCodec, payload: &[u8], presses: &mut Vec<Press>) {
        if self.machine.as_ref().is_none_or(|(current, ..)| *current != codec) {
            self.machine = Decoder::new(codec)
                .ok()
                .map(|decoder| (codec, decoder, Resampler::new(codec.sample_rate(), RATE)));
        }
        let Some((_, decoder, resampler)) = &mut self.machine else {
            return;
        };
        self.decoded.clear();
        self.samples.clear();
        if decoder.decode(payload, &mut self.decoded).is_ok() {
            resampler.push(&self.decoded, &mut self.samples);
            self.detector.hear(&self.samples, presses);
        }
    }

    /// Whether a key sounds at the moment.
    pub fn sounding(&self) -> bool {
        self.detector.sounding()
    }
}

/// Says keys as tones, one after the other.
pub struct KeyVoice {
    /// What the tones are encoded as.
    pub codec: AudioCodec,
    encoder: Encoder,
    waiting: VecDeque<(char, u32)>,
    current: Option<(ToneSource, u32)>,
    samples: Vec<i16>,
    payload: Vec<u8>,
}

impl KeyVoice {
    /// In a codec.
    ///
    /// # Errors
    /// When Opus has no memory.
    pub fn new(codec: AudioCodec, opus: &OpusSettings) -> Result<Self, AudioError> {
        let samples = vec![0; codec.samples_per_frame()];
        let encoder = Encoder::new(codec, opus)?;
        Ok(Self { codec, encoder, waiting: VecDeque::new(), current: None, samples, payload: Vec::new() })
    }

    /// Adds a key behind those that are still to be said.
    pub fn append(&mut self, digit: char, duration_ms: u32) {
        self.waiting.push_back((digit, (duration_ms / 20).clamp(SHORTEST, 250)));
    }

    /// The payload of this frame of 20 ms; None when all is said.
    pub fn frame(&mut self) -> Option<&[u8]> {
        if self.current.is_none() {
            let (digit, frames) = self.waiting.pop_front()?;
            let tone = ToneSource::new(
                &frequencies(digit)?,
                &[frames * 20, 3_600_000],
                LEVEL,
                self.codec.sample_rate(),
            );
            self.current = Some((tone, frames + PAUSE));
        }
        let (tone, left) = self.current.as_mut()?;
        tone.fill(&mut self.samples);
        *left -= 1;
        if *left == 0 {
            self.current = None;
        }
        match self.encoder.encode(&self.samples, &mut self.payload) {
            Ok(()) => Some(&self.payload),
            Err(error) => {
                log::warn!("keys are left out: {error}");
                None
            }
        }
    }
}

fn frequencies(digit: char) -> Option<[f32; 2]> {
    let row = KEYS.iter().position(|row| row.contains(&digit))?;
    let column = KEYS[row].iter().position(|key| *key == digit)?;
    Some([ROWS[row], COLUMNS[column]])
}

#[cfg(test)]
mod tests {
    use super::super::listen::sine;
    use super::*;

    fn hear(samples: &[i16]) -> String {
        let (mut detector, mut presses) = (KeyDetector::default(), Vec::new());
        detector.hear(samples, &mut presses);
        detector.hear(&[0; 4 * BLOCK], &mut presses);
        presses.iter().map(|press| press.digit).collect()
    }

    fn key(digit: char, ms: usize, level: f32, twist: f32) -> Vec<i16> {
        let [row, column] = frequencies(digit).expect("a key");
        let length = ms * 8;
        let (low, high) = (sine(row, level, 8000), sine(column, level + twist, 8000));
        low.iter().zip(&high).take(length).map(|(low, high)| low.saturating_add(*high)).collect()
    }

    #[test]
    fn every_key_in_every_codec_and_back() {
        for codec in [AudioCodec::Pcma, AudioCodec::Pcmu, AudioCodec::G722, AudioCodec::Opus] {
            let mut voice = KeyVoice::new(codec, &OpusSettings::default()).expect("a voice");
            let digits = "0123456789*#ABCD1122";
            for digit in digits.chars() {
                voice.append(digit, 80);
            }
            let (mut ear, mut presses) = (KeyEar::default(), Vec::new());
            while let Some(payload) = voice.frame() {
                ear.hear(codec, payload, &mut presses);
            }
            let heard: String = presses.iter().map(|press| press.digit).collect();
            assert_eq!(heard, digits, "{codec:?}");
            assert!(presses.iter().all(|press| (60..=110).contains(&press.duration_ms)), "{presses:?}");
        }
    }

    #[test]
    fn the_shortest_the_quietest_and_the_most_crooked() {
        for offset in (0..102).step_by(17) {
            for (ms, level, twist) in
                [(40, -10.0, 0.0), (50, -28.0, 0.0), (50, -15.0, 5.0), (50, -12.0, -5.0)]
            {
                let mut line = vec![0; offset];
                line.extend(key('5', ms, level, twist));
                line.extend([0; 400]);
                line.extend(key('5', ms, level, twist));
                assert_eq!(hear(&line), "55", "{ms} ms, {level} dBm0, {twist} dB, from {offset}");
            }
        }
    }

    #[test]
    fn what_is_no_key_is_not_heard() {
        assert_eq!(hear(&sine(1000.0, -10.0, 8000)), "");
        assert_eq!(hear(&sine(697.0, -10.0, 8000)), "");
        assert_eq!(hear(&key('5', 20, -10.0, 0.0)), "", "20 ms");
        assert_eq!(hear(&key('5', 100, -40.0, 0.0)), "", "too quiet");
        assert_eq!(hear(&key('5', 100, -15.0, 12.0)), "", "too crooked");
        let voice: Vec<i16> = (0..8000)
            .map(|n| {
                let t = n as f32 / 8000.0;
                (1..12).map(|h| 1500.0 / h as f32 * (TAU * 140.0 * h as f32 * t).sin()).sum::<f32>() as i16
            })
            .collect();
        assert_eq!(hear(&voice), "");
    }
}
