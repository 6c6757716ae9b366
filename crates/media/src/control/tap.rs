//! Requests about taps.

use std::path::PathBuf;

use serde::Deserialize;

use super::What;

/// Fields of `tap`.
#[derive(Debug, Deserialize)]
pub struct OpenTap {
    /// Of whom.
    pub endpoint: u64,
    /// A Unix datagram socket at which somebody listens.
    pub path: PathBuf,
    /// Which directions.
    pub what: What,
    /// Samples a second.
    pub rate: u32,
}

/// Fields of `stop-tap`.
#[derive(Debug, Deserialize)]
pub struct OnTap {
    /// Which.
    pub tap: u64,
}
