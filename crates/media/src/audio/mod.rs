//! Codecs, and what is done with audio between decoding and encoding.

mod codec;
mod delay;
mod error;
mod file;
mod key_tones;
mod opus_file;
mod playout;
mod recorder;
mod resample;
mod source;
mod stream;
mod stretch;
mod tone;

pub use codec::{AudioCodec, Decoder, Encoder, OpusSettings, between_g711, decode_g711};
pub use error::AudioError;
pub use file::AudioFile;
pub use key_tones::{KeyEar, KeyVoice};
pub use playout::{Counts, Playout};
pub use recorder::{RecordingWriter, Reel};
pub use resample::Resampler;
pub use source::Source;
pub use stream::{Filled, Library, Piece};
pub use tone::ToneSource;

#[cfg(test)]
pub(crate) mod listen;
