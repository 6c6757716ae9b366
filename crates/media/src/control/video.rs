//! What is asked and told of video.

use serde::{Deserialize, Serialize};

use super::{CodecSpec, Direction};

/// What a stream shows (RFC 4796).
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Content {
    /// People: a camera.
    #[default]
    Main,
    /// A screen that is shared.
    Slides,
}

/// One video stream of `configure`, an m-line of the SDP.
#[derive(Clone, Debug, Deserialize)]
pub struct VideoSpec {
    /// Its identification (RFC 5888).
    pub mid: String,
    /// As negotiated, retransmissions (RFC 4588) among them.
    pub codecs: Vec<CodecSpec>,
    /// From our side.
    pub direction: Direction,
    /// What it shows.
    #[serde(default)]
    pub content: Content,
    /// The layers of its simulcast, as the peer names them (RFC 8853), lowest first; none: it sends one stream.
    #[serde(default)]
    pub layers: Vec<String>,
    /// What we send with, as our SDP says.
    #[serde(default)]
    pub ssrc: Option<u32>,
    /// What our retransmissions are sent with.
    #[serde(default)]
    pub resend_ssrc: Option<u32>,
}

/// A header extension (RFC 8285) that was negotiated; one number for all streams of an endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct ExtensionSpec {
    /// 1 to 14.
    pub id: u8,
    /// Which; what is not known is passed over.
    pub uri: String,
}

/// Fields of `watch`: what an endpoint is shown in its room.
#[derive(Debug, Deserialize)]
pub struct WatchVideo {
    /// Who looks.
    pub endpoint: u64,
    /// In which of its streams.
    pub mid: String,
    /// `speaker`, `nothing` or `endpoint`.
    pub what: String,
    /// At whom.
    #[serde(default)]
    pub source: Option<u64>,
    /// At which of its streams; else the first that shows the same kind.
    #[serde(default)]
    pub source_mid: Option<String>,
    /// The source is known to live, though in another thread and so not in the same room.
    #[serde(skip)]
    pub source_elsewhere: bool,
}

/// Counters of one video stream.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct VideoStats {
    /// Which.
    pub mid: String,
    /// What it shows.
    pub content: Content,
    /// What the peer last sent.
    pub codec: Option<&'static str>,
    /// RTP packets.
    pub packets_received: u64,
    /// Of payload.
    pub bytes_received: u64,
    /// Key frames that came.
    pub keyframes_received: u64,
    /// Of all layers together, bit/s, lately.
    pub bitrate_received: u64,
    /// Layers that come.
    pub layers: usize,
    /// RTP packets.
    pub packets_sent: u64,
    /// Of payload.
    pub bytes_sent: u64,
    /// How often the peer was asked for a key frame.
    pub keyframes_asked: u64,
    /// How often the peer asked for one.
    pub keyframes_wanted: u64,
    /// Whom it shows to the peer: the endpoint and which of its streams.
    pub source: Option<(u64, String)>,
    /// In which layer, as the sender names it.
    pub layer: Option<String>,
    /// How often it changed to another stream or layer.
    pub switches: u64,
}
