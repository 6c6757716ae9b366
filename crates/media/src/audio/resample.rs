//! Between any two sample rates: one polyphase filter.
//!
//! The filter works on any number of samples and delays by 1.5 ms at most; a resampler that works in blocks would
//! add half a block, 10 ms, to every direction of a call.

use std::f64::consts::PI;

/// Length of the filter in samples of the lower rate.
const SPAN: usize = 24;
/// Shape of the Kaiser window: 60 dB of stopband.
const BETA: f64 = 5.65;
/// Where the filter is 6 dB down, as a part of half the lower rate: flat to 3.4 kHz of 4 kHz.
const CUTOFF: f64 = 0.96;

/// Changes the sample rate of a stream.
#[derive(Debug)]
pub struct Resampler {
    /// Output samples in as many input samples as `down` says; both without a common factor.
    up: usize,
    down: usize,
    /// For each phase between two input samples, newest sample last; empty when the rates are the same.
    phases: Vec<Vec<f32>>,
    history: Vec<f32>,
    /// Where the next output sample lies, in parts of `up` behind the first sample that is still to come.
    position: usize,
}

impl Resampler {
    /// From one rate to another, in hertz. The filter grows with `to` divided by the greatest common divisor: files
    /// of 44.1 kHz need 160 phases, telephony at most six.
    pub fn new(from: u32, to: u32) -> Self {
        let (from, to) = (from.max(1) as usize, to.max(1) as usize);
        let divisor = greatest_common_divisor(from, to);
        let (up, down) = (to / divisor, from / divisor);
        let phases = if up == down { Vec::new() } else { phases(up, down) };
        let length = phases.first().map_or(0, Vec::len);
        Self { up, down, phases, history: vec![0.0; length.saturating_sub(1)], position: 0 }
    }

    /// Appends what these samples become.
    pub fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        let Some(length) = self.phases.first().map(Vec::len) else {
            return out.extend_from_slice(input);
        };
        self.history.extend(input.iter().map(|sample| f32::from(*sample)));
        let end = input.len() * self.up;
        out.reserve(end / self.down + 1);
        while self.position < end {
            let (start, phase) = (self.position / self.up, self.position % self.up);
            let taps = self.phases.get(phase).map_or(&[][..], Vec::as_slice);
            let window = self.history.get(start..start + length).unwrap_or_default();
            out.push(round(dot(window, taps)));
            self.position += self.down;
        }
        self.position -= end;
        let surplus = self.history.len() - (length - 1);
        self.history.drain(..surplus);
    }
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// A low pass at `up` times the input rate, dealt out to the phases; each phase adds up to about 1.
fn phases(up: usize, down: usize) -> Vec<Vec<f32>> {
    let wider = up.max(down);
    let length = (SPAN * wider).next_multiple_of(up);
    let taps = prototype(length, CUTOFF / wider as f64);
    let phase =
        |p: usize| taps.iter().skip(p).step_by(up).rev().map(|tap| (tap * up as f64) as f32).collect();
    (0..up).map(phase).collect()
}

/// A low pass whose sum is 1; `cutoff` as a part of half the rate.
fn prototype(length: usize, cutoff: f64) -> Vec<f64> {
    let middle = (length - 1) as f64 / 2.0;
    let taps: Vec<f64> = (0..length)
        .map(|n| {
            let x = n as f64 - middle;
            let edge = x / (length as f64 / 2.0);
            sinc(cutoff * x) * bessel(BETA * (1.0 - edge * edge).max(0.0).sqrt())
        })
        .collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| tap / sum).collect()
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Modified Bessel function of the first kind, order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..32 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// Eight sums side by side, which the compiler makes one vector of.
fn dot(window: &[f32], taps: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let (a, b) = (window.chunks_exact(8), taps.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    rest + sums.iter().sum::<f32>()
}

fn round(value: f32) -> i16 {
    value.round().clamp(-32768.0, 32767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;
    use proptest::prelude::*;

    const RATES: [u32; 4] = [8_000, 16_000, 44_100, 48_000];

    fn resample(input: &[i16], from: u32, to: u32, chunk: usize) -> Vec<i16> {
        let mut resampler = Resampler::new(from, to);
        let mut out = Vec::new();
        for piece in input.chunks(chunk) {
            resampler.push(piece, &mut out);
        }
        out
    }

    #[test]
    fn speech_keeps_its_level_and_length() {
        for (from, to) in RATES.iter().flat_map(|from| RATES.map(|to| (*from, to))) {
            for frequency in [100.0, 1000.0, 3000.0, 3400.0] {
                let out = resample(&sine(frequency, -10.0, from), from, to, 160);
                assert!(out.len().abs_diff(to as usize) <= 1, "{from} to {to}: {}", out.len());
                let level = level_of(frequency, &out[to as usize / 10..], to);
                assert!((level + 10.0).abs() < 0.5, "{frequency} Hz from {from} to {to}: {level} dBm0");
            }
        }
    }

    #[test]
    fn nothing_is_heard_that_was_not_said() {
        for (from, to, said, image) in [
            (48_000, 8_000, 5000.0, 3000.0),
            (48_000, 16_000, 10_000.0, 6000.0),
            (8_000, 48_000, 3000.0, 5000.0),
            (16_000, 8_000, 4800.0, 3200.0),
        ] {
            let out = resample(&sine(said, -10.0, from), from, to, 160);
            let level = level_of(image, &out[to as usize / 10..], to);
            assert!(level < -60.0, "{said} Hz from {from} to {to} is heard at {image} Hz with {level} dBm0");
        }
    }

    #[test]
    fn the_size_of_pieces_does_not_matter() {
        for (from, to) in
            [(8_000, 48_000), (48_000, 8_000), (16_000, 48_000), (48_000, 16_000), (44_100, 16_000)]
        {
            let input = sine(700.0, -10.0, from);
            let whole = resample(&input, from, to, input.len());
            for chunk in [1, 7, 160, 961] {
                assert_eq!(resample(&input, from, to, chunk), whole, "pieces of {chunk}, {from} to {to}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_sample_is_lost_or_added(
            from in prop_oneof![Just(8_000u32), Just(11_025), Just(16_000), Just(44_100), Just(48_000)],
            to in prop_oneof![Just(8_000u32), Just(16_000), Just(48_000)],
            pieces in proptest::collection::vec(proptest::collection::vec(any::<i16>(), 0..500), 0..20),
        ) {
            let (mut resampler, mut out) = (Resampler::new(from, to), Vec::new());
            for piece in &pieces {
                resampler.push(piece, &mut out);
            }
            let length = pieces.iter().map(Vec::len).sum::<usize>() as u64;
            let expected = (length * u64::from(to)).div_ceil(u64::from(from));
            prop_assert_eq!(out.len() as u64, expected);
        }
    }
}
