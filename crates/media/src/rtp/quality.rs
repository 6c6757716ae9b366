//! How good speech is that came over a network like this: the E-model (ITU-T G.107), as far as a network can spoil it.

use crate::audio::AudioCodec;

/// Quality of a call over a network without fault (G.107 §7.1, all defaults).
const BEST: f64 = 93.2;
/// Delay from which people begin to speak over each other, in milliseconds.
const NOTICED_MS: f64 = 177.3;

/// What one direction of a leg is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// From mouth to ear, in milliseconds.
    pub delay_ms: f64,
    /// Part of the packets that are missing when they are needed, 0 to 1.
    pub loss: f64,
}

/// Transmission rating, 0 to 93.2.
///
/// Delay counts as in the approximation that RFC-based monitors use (R. Cole and J. Rosenbluth, 2001), loss by G.107
/// equation 3-29 with random loss.
pub fn rating(codec: AudioCodec, line: Line) -> f64 {
    let (impairment, robustness) = equipment(codec);
    let late = (line.delay_ms - NOTICED_MS).max(0.0);
    let delay = 0.024 * line.delay_ms.max(0.0) + 0.11 * late;
    let percent = line.loss.clamp(0.0, 1.0) * 100.0;
    let equipment = impairment + (95.0 - impairment) * percent / (percent + robustness);
    (BEST - delay - equipment).clamp(0.0, BEST)
}

/// Mean opinion score of a rating, 1 to 4.4 (G.107 annex B).
pub fn opinion(rating: f64) -> f64 {
    if rating <= 0.0 {
        return 1.0;
    }
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).clamp(1.0, 4.5)
}

/// Equipment impairment and robustness against loss (G.113 appendix I; concealment as the hearers have it). Wideband
/// codecs are rated on the same narrowband scale, so that legs can be compared.
fn equipment(codec: AudioCodec) -> (f64, f64) {
    match codec {
        AudioCodec::Pcma | AudioCodec::Pcmu => (0.0, 25.1),
        AudioCodec::G722 => (0.0, 13.0),
        AudioCodec::Opus => (0.0, 30.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mos(delay_ms: f64, loss: f64) -> f64 {
        opinion(rating(AudioCodec::Pcma, Line { delay_ms, loss }))
    }

    #[test]
    fn a_network_without_fault_is_as_good_as_it_gets() {
        assert!((mos(20.0, 0.0) - 4.4).abs() < 0.05, "{}", mos(20.0, 0.0));
    }

    #[test]
    fn the_promised_network_carries_good_speech() {
        assert!(mos(150.0, 0.01) > 4.2, "{}", mos(150.0, 0.01));
    }

    #[test]
    fn delay_and_loss_make_it_worse() {
        assert!(mos(400.0, 0.0) < 3.8);
        assert!(mos(50.0, 0.05) < mos(50.0, 0.01));
        assert!(mos(50.0, 0.3) < 2.6);
        assert_eq!(mos(5000.0, 1.0), 1.0);
    }
}
