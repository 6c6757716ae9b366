//! What can go wrong with audio.

use std::path::PathBuf;

/// A sentence for whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// A file that cannot be played or written.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// What was asked makes no sense.
    #[error("{0}")]
    Spec(String),
    /// The codec's library refuses.
    #[error("{0}")]
    Codec(String),
}

impl From<opus::Error> for AudioError {
    fn from(error: opus::Error) -> Self {
        Self::Codec(error.to_string())
    }
}
