//! Concealment of lost packets of telephone speech (spandsp's `plc.h`, in the manner of G.711 appendix I): the last
//! period of the voice is said again and fades, and what follows is joined to it by a cross-fade.

use std::ffi::c_void;
use std::ptr;

use super::length;
use super::library::{plc_fillin, plc_free, plc_init, plc_rx};

/// Samples that the library writes whatever length it is told: the join of a quarter of the longest period, 15 ms.
const SHORTEST: usize = 120 / 4;

/// Knows the last moments of one stream of 8000 samples a second.
pub struct Concealer {
    state: *mut c_void,
}

// SAFETY: the state is plain memory without callbacks or a thread of its own; moving it to another thread moves that.
unsafe impl Send for Concealer {}

impl Concealer {
    /// One that has heard nothing. None: the library has no memory.
    pub fn new() -> Option<Self> {
        // SAFETY: a null pointer lets the library allocate; the result is checked.
        let state = unsafe { plc_init(ptr::null_mut()) };
        (!state.is_null()).then_some(Self { state })
    }

    /// Takes samples that came; behind a gap their beginning is changed, to join them.
    pub fn heard(&mut self, samples: &mut [i16]) {
        // SAFETY: the state is alive; the library reads and writes no more samples than the length of the slice.
        unsafe { plc_rx(self.state, samples.as_mut_ptr(), length(samples)) };
    }

    /// Makes up samples that did not come; fewer than a join needs are silence.
    pub fn fill(&mut self, samples: &mut [i16]) {
        if samples.len() < SHORTEST {
            return samples.fill(0);
        }
        // SAFETY: as above; it is long enough for the join, whose length the library does not check.
        unsafe { plc_fillin(self.state, samples.as_mut_ptr(), length(samples)) };
    }
}

impl Drop for Concealer {
    fn drop(&mut self) {
        // SAFETY: the library allocated the state, and it is freed once.
        unsafe { plc_free(self.state) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A voice of 130 Hz with overtones.
    fn voice(length: usize) -> Vec<i16> {
        let tone = |n: usize, harmonic: f64| {
            (std::f64::consts::TAU * 130.0 * harmonic * n as f64 / 8000.0).sin() / harmonic
        };
        (0..length).map(|n| (6000.0 * (tone(n, 1.0) + tone(n, 2.0) + tone(n, 3.0))) as i16).collect()
    }

    #[test]
    fn the_voice_goes_on_in_its_period() {
        let voice = voice(1600);
        let mut concealer = Concealer::new().expect("memory");
        for frame in voice[..1280].chunks(160) {
            concealer.heard(&mut frame.to_vec());
        }
        let mut made = [0; 160];
        concealer.fill(&mut made);
        let (mut wrong, mut right) = (0.0, 0.0);
        for (made, truth) in made.iter().zip(&voice[1280..1440]) {
            wrong += f64::from(*made - *truth).powi(2);
            right += f64::from(*truth).powi(2);
        }
        let distance = 10.0 * (right / wrong).log10();
        assert!(distance > 10.0, "{distance} dB between the voice and what was made up");
    }

    #[test]
    fn what_is_made_up_fades_to_silence() {
        let mut concealer = Concealer::new().expect("memory");
        concealer.heard(&mut voice(1600));
        let mut made = [1; 160];
        for _ in 0..5 {
            concealer.fill(&mut made);
        }
        assert_eq!(made, [0; 160]);
    }

    proptest! {
        #[test]
        fn nothing_panics(pieces in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<i16>(), 0..500)), 0..20)) {
            let mut concealer = Concealer::new().expect("memory");
            for (lost, mut piece) in pieces {
                if lost { concealer.fill(&mut piece) } else { concealer.heard(&mut piece) }
            }
        }
    }
}
