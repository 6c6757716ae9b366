//! Video: forwarded, never decoded. What the engine must know of it is where a key frame begins, because nobody can
//! watch a stream from anywhere else.

pub mod allocation;
pub mod codec;
pub mod line;
pub mod payload;
pub mod splice;
pub mod stage;

pub use codec::{VideoCodec, VideoFormat};
pub use line::{Origin, VideoLine, Watched, Wish};

/// Samples of video are counted in 90 kHz whatever the codec (RFC 7741, 9628 and 6184).
pub const CLOCK: u32 = 90_000;
/// Video streams of one endpoint: a camera, a screen, and a page full of other people.
pub const MAX_LINES: usize = 16;
/// Layers of a stream's simulcast.
pub const MAX_LAYERS: usize = 4;
/// Formats of all streams of one endpoint; browsers offer some twenty.
pub const MAX_FORMATS: usize = 64;
