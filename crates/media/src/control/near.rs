//! With whom something new will be joined.

use serde::Deserialize;

/// Where a new endpoint is to be.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum Near {
    /// Where this one is.
    Endpoint(u64),
    /// `last`: where the client's last new endpoint is.
    Word(String),
}
