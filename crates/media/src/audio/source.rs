//! What a player plays.

use super::stream::{Filled, Library, Piece, Stream};
use super::{AudioError, ToneSource};
use crate::control::SourceSpec;

/// A source of samples.
pub enum Source {
    /// Never ends.
    Tone(ToneSource),
    /// Files and what stands between them; ends with the last one, or never when looped.
    Stream(Stream),
    /// Ends after this many samples.
    Silence(u64),
}

impl Source {
    /// Opens what a client asked for, at a sample rate.
    ///
    /// # Errors
    /// A file that cannot be played, or a list with something endless in it.
    pub fn open(
        spec: &SourceSpec,
        looped: bool,
        rate: u32,
        library: &mut Library,
    ) -> Result<Self, AudioError> {
        Ok(match spec {
            SourceSpec::Tone { frequencies, cadence, level_dbm0, duration_ms: None } => {
                Self::Tone(ToneSource::new(frequencies, cadence, *level_dbm0, rate))
            }
            SourceSpec::Silence { .. } if looped => Self::Silence(u64::MAX),
            SourceSpec::Silence { duration_ms } => {
                Self::Silence(u64::from(*duration_ms) * u64::from(rate) / 1000)
            }
            _ => {
                let mut pieces = Vec::new();
                lay_out(spec, rate, &mut pieces)?;
                Self::Stream(library.open(pieces, looped, rate)?)
            }
        })
    }

    /// Writes the next samples; fewer than asked for is the end.
    pub fn fill(&mut self, out: &mut [i16]) -> Filled {
        match self {
            Self::Tone(tone) => {
                tone.fill(out);
                Filled::Samples(out.len())
            }
            Self::Stream(stream) => stream.fill(out),
            Self::Silence(left) => {
                let length = out.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                out[..length].fill(0);
                *left -= length as u64;
                Filled::Samples(length)
            }
        }
    }
}

fn lay_out(spec: &SourceSpec, rate: u32, pieces: &mut Vec<Piece>) -> Result<(), AudioError> {
    match spec {
        SourceSpec::Wav { path } => pieces.push(Piece::File(path.clone(), 0.0)),
        SourceSpec::File { path, start_ms } => {
            pieces.push(Piece::File(path.clone(), f64::from(*start_ms) / 1000.0));
        }
        SourceSpec::Silence { duration_ms } => pieces.push(Piece::Silence(*duration_ms)),
        SourceSpec::Tone { frequencies, cadence, level_dbm0, duration_ms: Some(duration) } => {
            let tone = ToneSource::new(frequencies, cadence, *level_dbm0, rate);
            pieces.push(Piece::Tone(Box::new(tone), *duration));
        }
        SourceSpec::Playlist { items } => {
            for item in items {
                lay_out(item, rate, pieces)?;
            }
        }
        SourceSpec::Tone { duration_ms: None, .. } => {
            return Err(AudioError::Spec("a tone in a list needs a duration".into()));
        }
        SourceSpec::Shared { .. } => {
            return Err(AudioError::Spec("a shared source cannot be part of another".into()));
        }
    }
    Ok(())
}
