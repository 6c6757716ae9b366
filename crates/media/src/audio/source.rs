//! What a player plays.

use super::{AudioError, ToneSource, WavSource};
use crate::control::SourceSpec;

/// A source of samples.
pub enum Source {
    /// Never ends.
    Tone(ToneSource),
    /// Ends with the file, or never when looped.
    Wav {
        /// The file.
        source: Box<WavSource>,
        /// From the beginning again at its end.
        looped: bool,
    },
    /// Ends after this many samples.
    Silence(u64),
}

impl Source {
    /// Opens what a client asked for, at a sample rate.
    ///
    /// # Errors
    /// A file that cannot be played.
    pub fn open(spec: &SourceSpec, looped: bool, rate: u32) -> Result<Self, AudioError> {
        Ok(match spec {
            SourceSpec::Tone { frequencies, cadence, level_dbm0 } => {
                Self::Tone(ToneSource::new(frequencies, cadence, *level_dbm0, rate))
            }
            SourceSpec::Wav { path } => Self::Wav { source: Box::new(WavSource::open(path, rate)?), looped },
            SourceSpec::Silence { .. } if looped => Self::Silence(u64::MAX),
            SourceSpec::Silence { duration_ms } => {
                Self::Silence(u64::from(*duration_ms) * u64::from(rate) / 1000)
            }
        })
    }

    /// Writes the next samples; fewer than asked for is the end.
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        match self {
            Self::Tone(tone) => {
                tone.fill(out);
                out.len()
            }
            Self::Wav { source, looped } => {
                let mut filled = source.fill(out);
                while *looped && filled < out.len() && source.rewind() {
                    let more = source.fill(&mut out[filled..]);
                    if more == 0 {
                        break;
                    }
                    filled += more;
                }
                filled
            }
            Self::Silence(left) => {
                let length = out.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                out[..length].fill(0);
                *left -= length as u64;
                length
            }
        }
    }
}
