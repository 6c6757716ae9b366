//! Between 8, 16 and 48 kHz: one polyphase filter, as the ratios are whole numbers.
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
    ratio: Ratio,
    /// For each phase of the output, newest sample last.
    taps: Vec<Vec<f32>>,
    history: Vec<f32>,
    /// Input samples until the next output sample, when the rate falls.
    skip: usize,
}

#[derive(Clone, Copy, Debug)]
enum Ratio {
    Same,
    Up,
    Down(usize),
}

impl Resampler {
    /// From one rate to another, in hertz; both must be 8000, 16000 or 48000.
    pub fn new(from: u32, to: u32) -> Self {
        let (ratio, factor) = match (from, to) {
            (from, to) if from < to => (Ratio::Up, (to / from) as usize),
            (from, to) if from > to => (Ratio::Down((from / to) as usize), (from / to) as usize),
            _ => (Ratio::Same, 1),
        };
        let taps = match ratio {
            Ratio::Same => Vec::new(),
            Ratio::Up => phases(factor),
            Ratio::Down(_) => vec![prototype(factor).into_iter().rev().map(|tap| tap as f32).collect()],
        };
        let length = taps.first().map_or(0, Vec::len);
        Self { ratio, taps, history: vec![0.0; length.saturating_sub(1)], skip: 0 }
    }

    /// Appends what these samples become.
    pub fn push(&mut self, input: &[i16], out: &mut Vec<i16>) {
        if matches!(self.ratio, Ratio::Same) {
            return out.extend_from_slice(input);
        }
        let kept = self.history.len();
        self.history.extend(input.iter().map(|sample| f32::from(*sample)));
        let length = self.taps.first().map_or(1, Vec::len);
        let windows = self.history.windows(length);
        match self.ratio {
            Ratio::Up => {
                for window in windows {
                    out.extend(self.taps.iter().map(|taps| round(dot(window, taps))));
                }
            }
            Ratio::Down(factor) => {
                out.extend(
                    windows.skip(self.skip).step_by(factor).map(|window| round(dot(window, &self.taps[0]))),
                );
                let taken = input.len().saturating_sub(self.skip).div_ceil(factor) * factor;
                self.skip = (self.skip + taken).saturating_sub(input.len());
            }
            Ratio::Same => {}
        }
        let surplus = self.history.len() - kept;
        self.history.drain(..surplus);
    }
}

/// A low pass of `SPAN * factor` taps at the higher rate whose sum is 1.
fn prototype(factor: usize) -> Vec<f64> {
    let length = SPAN * factor;
    let middle = (length - 1) as f64 / 2.0;
    let cutoff = CUTOFF / factor as f64;
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

fn phases(factor: usize) -> Vec<Vec<f32>> {
    let taps = prototype(factor);
    let phase = |p: usize| {
        taps.iter().skip(p).step_by(factor).rev().map(|tap| (tap * factor as f64) as f32).collect()
    };
    (0..factor).map(phase).collect()
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

    const RATES: [u32; 3] = [8_000, 16_000, 48_000];

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
                assert_eq!(out.len(), to as usize, "{from} to {to}");
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
        for (from, to) in [(8_000, 48_000), (48_000, 8_000), (16_000, 48_000), (48_000, 16_000)] {
            let input = sine(700.0, -10.0, from);
            let whole = resample(&input, from, to, input.len());
            for chunk in [1, 7, 160, 961] {
                assert_eq!(resample(&input, from, to, chunk), whole, "pieces of {chunk}, {from} to {to}");
            }
        }
    }
}
