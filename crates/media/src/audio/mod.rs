//! Codecs, and what is done with audio between decoding and encoding.

mod codec;
mod error;
mod recorder;
mod resample;
mod source;
mod tone;
mod transcoder;
mod wav;

pub use codec::{AudioCodec, Decoder, Encoder, OpusSettings};
pub use error::AudioError;
pub use recorder::RecordingWriter;
pub use resample::Resampler;
pub use source::Source;
pub use tone::ToneSource;
pub use transcoder::Transcoder;
pub use wav::WavSource;

#[cfg(test)]
pub(crate) mod listen;
