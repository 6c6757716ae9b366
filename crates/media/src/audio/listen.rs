//! Ears for tests: which frequency is in a piece of audio, and how loud.

use std::f32::consts::TAU;

use super::tone::FULL_SCALE_DBM0;

/// Level of one frequency in dBm0, by Goertzel; a full-scale sine is +3.14 dBm0 (ITU-T G.711).
pub fn level_of(frequency: f32, samples: &[i16], rate: u32) -> f32 {
    let coefficient = 2.0 * (TAU * frequency / rate as f32).cos();
    let (mut before, mut last) = (0.0f32, 0.0f32);
    for sample in samples {
        let next = f32::from(*sample) / 32768.0 + coefficient * last - before;
        before = last;
        last = next;
    }
    let power = last * last + before * before - coefficient * last * before;
    let amplitude = 2.0 * power.max(1e-20).sqrt() / samples.len() as f32;
    20.0 * amplitude.log10() + FULL_SCALE_DBM0
}

/// A sine of one second.
pub fn sine(frequency: f32, level_dbm0: f32, rate: u32) -> Vec<i16> {
    let amplitude = 32767.0 * 10f32.powf((level_dbm0 - FULL_SCALE_DBM0) / 20.0);
    (0..rate).map(|n| (amplitude * (TAU * frequency * n as f32 / rate as f32).sin()) as i16).collect()
}
