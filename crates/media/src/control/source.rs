//! What can be played, and sources that many hear.

use std::path::PathBuf;

use serde::Deserialize;

/// Fields of `create-source`.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateSource {
    /// The client's own name for it.
    pub tag: String,
    /// What.
    pub source: SourceSpec,
    /// From the beginning again at its end.
    #[serde(rename = "loop")]
    pub looped: bool,
}

/// Fields of a request about a source.
#[derive(Debug, Deserialize)]
pub struct OnSource {
    /// Which.
    pub source: u64,
}

/// What can be played.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum SourceSpec {
    /// A WAV file.
    Wav {
        /// Where it is.
        path: PathBuf,
    },
    /// A WAV, MP3 or Ogg file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Where in it to begin, in milliseconds.
        #[serde(default)]
        start_ms: u32,
    },
    /// Sine waves that sound together.
    Tone {
        /// In hertz.
        frequencies: Vec<f32>,
        /// Milliseconds on, off, on, …; empty is continuous.
        cadence: Vec<u32>,
        /// Of each frequency.
        level_dbm0: f32,
        /// How long in all; without it, for ever.
        #[serde(default)]
        duration_ms: Option<u32>,
    },
    /// Nothing.
    Silence {
        /// For how long.
        duration_ms: u32,
    },
    /// One after the other.
    Playlist {
        /// What.
        items: Vec<SourceSpec>,
    },
    /// A source that many hear.
    Shared {
        /// Which.
        source: u64,
    },
}
