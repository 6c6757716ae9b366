//! Tones by frequency and cadence.

use std::f32::consts::TAU;

/// Level of a sine that fills all 16 bits (ITU-T G.711 §4).
#[expect(clippy::approx_constant, reason = "a level that happens to look like π")]
pub const FULL_SCALE_DBM0: f32 = 3.14;

/// Sine waves that sound together, on and off.
#[derive(Debug)]
pub struct ToneSource {
    steps: Vec<f32>,
    phases: Vec<f32>,
    amplitude: f32,
    /// In samples: on, off, on, …
    cadence: Vec<u64>,
    position: usize,
    left: u64,
}

impl ToneSource {
    /// Frequencies in hertz, cadence in milliseconds (empty: continuous), level of each frequency.
    pub fn new(frequencies: &[f32], cadence_ms: &[u32], level_dbm0: f32, rate: u32) -> Self {
        let cadence: Vec<u64> = cadence_ms.iter().map(|ms| u64::from(*ms) * u64::from(rate) / 1000).collect();
        // A cadence without any length would never come to a sample.
        let cadence = if cadence.iter().all(|length| *length == 0) { Vec::new() } else { cadence };
        Self {
            steps: frequencies.iter().map(|frequency| TAU * frequency / rate as f32).collect(),
            phases: vec![0.0; frequencies.len()],
            amplitude: 32767.0 * 10f32.powf((level_dbm0 - FULL_SCALE_DBM0) / 20.0),
            left: cadence.first().copied().unwrap_or(u64::MAX),
            cadence,
            position: 0,
        }
    }

    /// Writes the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            while self.left == 0 {
                self.position = (self.position + 1) % self.cadence.len().max(1);
                self.left = self.cadence.get(self.position).copied().unwrap_or(u64::MAX);
            }
            self.left -= 1;
            let mut sum = 0.0;
            for (phase, step) in self.phases.iter_mut().zip(&self.steps) {
                sum += phase.sin();
                *phase = (*phase + step) % TAU;
            }
            let on = self.position.is_multiple_of(2);
            *sample = if on { (self.amplitude * sum).clamp(-32768.0, 32767.0) as i16 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::listen::level_of;
    use super::*;

    #[test]
    fn two_frequencies_at_their_level() {
        let mut tone = ToneSource::new(&[425.0, 1000.0], &[], -13.0, 8000);
        let mut out = vec![0; 8000];
        tone.fill(&mut out);
        for frequency in [425.0, 1000.0] {
            let level = level_of(frequency, &out, 8000);
            assert!((level + 13.0).abs() < 0.2, "{frequency} Hz: {level} dBm0");
        }
    }

    #[test]
    fn the_ringing_tone_of_germany() {
        let mut tone = ToneSource::new(&[425.0], &[1000, 4000], -13.0, 8000);
        let mut out = vec![0; 50_000];
        tone.fill(&mut out);
        assert!(level_of(425.0, &out[..8000], 8000) > -14.0);
        assert!(out[8000..40_000].iter().all(|sample| *sample == 0));
        assert!(level_of(425.0, &out[40_000..48_000], 8000) > -14.0);
    }

    #[test]
    fn a_cadence_of_nothing_is_continuous() {
        let mut out = vec![0; 80];
        ToneSource::new(&[425.0], &[0, 0], -13.0, 8000).fill(&mut out);
        assert!(out.iter().any(|sample| *sample != 0));
    }
}
