//! Answers `[1, id, result]`, errors `[2, id, code, text]` and events `[3, seq, name, fields]`.

use std::path::PathBuf;

use serde::Serialize;

use super::fax::{FaxFinished, FaxListing, FaxPage, FaxRelayed};
use super::frame::write_frame;
use super::video::VideoStats;
use super::{Kind, RoomListing};
use crate::rtp::xr::VoipMetrics;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `not-found`, `bad-request`, `unsupported`, `no-ports`, `limit`, `failed`, …
    pub code: &'static str,
    /// A sentence.
    pub text: String,
}

impl Failure {
    /// There is no such thing.
    pub fn not_found(what: &str, id: u64) -> Self {
        Self { code: "not-found", text: format!("there is no {what} {id}") }
    }
}

/// Where an endpoint listens.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Local {
    /// IP address.
    pub address: String,
    /// RTP port.
    pub port: u16,
    /// RTCP port; none where RTP and RTCP share one.
    pub rtcp_port: Option<u16>,
    /// For a browser.
    pub ice_ufrag: Option<String>,
    /// For a browser.
    pub ice_pwd: Option<String>,
    /// For a browser, `sha-256 AA:BB:…`.
    pub fingerprint: Option<String>,
}

/// Counters of an endpoint.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Stats {
    /// RTP packets.
    pub packets_received: u64,
    /// RTP packets.
    pub packets_sent: u64,
    /// Of payload.
    pub bytes_received: u64,
    /// Of payload.
    pub bytes_sent: u64,
    /// That should have come.
    pub packets_lost: u64,
    /// Interarrival jitter.
    pub jitter_ms: f64,
    /// Measured by RTCP.
    pub rtt_ms: Option<f64>,
    /// What the peer last spoke.
    pub codec: Option<String>,
    /// Mean opinion score of what the peer says as it arrives here (ITU-T G.107); none before anything came.
    pub mos: Option<f64>,
    /// What the peer reports of what it hears.
    pub remote: Option<RemoteStats>,
    /// Frames that were made up, for a room or a bridge that transcodes, because packets were missing.
    pub frames_concealed: u64,
    /// Packets that came too late for a room or a bridge that transcodes.
    pub packets_late: u64,
    /// What the peer's extended reports say of what it hears; left out before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xr: Option<VoipMetrics>,
    /// What the way to a browser carries, bit/s, where it helps to measure it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<u64>,
    /// Of each video stream; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub video: Vec<VideoStats>,
}

/// How our packets arrive at the peer, as its receiver reports say.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct RemoteStats {
    /// That it misses.
    pub packets_lost: u64,
    /// Part that it missed lately, 0 to 1.
    pub loss: f64,
    /// Interarrival jitter.
    pub jitter_ms: f64,
    /// Mean opinion score of what it hears.
    pub mos: Option<f64>,
}

/// An endpoint in a list.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointListing {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// The client that made it.
    pub owner: String,
    /// Plain or browser.
    pub kind: Kind,
    /// Where it listens.
    pub local: Local,
    /// Its bridge.
    pub bridge: Option<u64>,
    /// Its room.
    pub room: Option<u64>,
}

/// A bridge in a list.
#[derive(Clone, Debug, Serialize)]
pub struct BridgeListing {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// One side.
    pub a: u64,
    /// The other side.
    pub b: u64,
}

/// A source in a list.
#[derive(Clone, Debug, Serialize)]
pub struct SourceListing {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// Endpoints that hear it.
    pub listeners: Vec<u64>,
}

/// The answer to a request that succeeded.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To `hello`.
    Hello {
        /// Version that the engine speaks.
        protocol: u32,
        /// Random for each start of the engine.
        instance: String,
        /// Of the program.
        version: &'static str,
        /// What it can do beyond the first engines of this protocol.
        abilities: &'static [&'static str],
    },
    /// To `create-endpoint`.
    Endpoint {
        /// Number.
        endpoint: u64,
        /// Where it listens.
        local: Local,
    },
    /// To `play`.
    Player {
        /// Number.
        player: u64,
    },
    /// To `record`.
    Recorder {
        /// Number.
        recorder: u64,
    },
    /// To `create-bridge`.
    Bridge {
        /// Number.
        bridge: u64,
    },
    /// To `create-source`.
    Source {
        /// Number.
        source: u64,
    },
    /// To `stats`.
    Stats(Stats),
    /// To `create-room`.
    Room {
        /// Number.
        room: u64,
    },
    /// To `start-fax`.
    Fax {
        /// Number.
        fax: u64,
    },
    /// To `tap`.
    Tap {
        /// Number.
        tap: u64,
    },
    /// To `list-faxes`.
    Faxes(Vec<FaxListing>),
    /// To `list-rooms`.
    Rooms(Vec<RoomListing>),
    /// To `list-sources`.
    Sources(Vec<SourceListing>),
    /// To `list-endpoints`.
    Endpoints(Vec<EndpointListing>),
    /// To `list-bridges`.
    Bridges(Vec<BridgeListing>),
    /// To everything that has nothing to say.
    Done {},
}

/// What the engine tells by itself.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(untagged)]
pub enum Event {
    /// The first packet came.
    MediaStarted {
        /// Whose.
        endpoint: u64,
        /// Its name.
        tag: String,
    },
    /// Nothing came for long.
    MediaTimeout {
        /// Whose.
        endpoint: u64,
        /// Its name.
        tag: String,
        /// How long.
        silent_seconds: f64,
    },
    /// A key was pressed.
    Dtmf {
        /// Whose.
        endpoint: u64,
        /// Its name.
        tag: String,
        /// Which key.
        digit: char,
        /// How long.
        duration_ms: u32,
    },
    /// A key is to be told to a peer that gets its digits by SIP INFO.
    DtmfHandover {
        /// Whose.
        endpoint: u64,
        /// Its name.
        tag: String,
        /// Which key.
        digit: char,
        /// How long.
        duration_ms: u32,
    },
    /// Others speak in a room than before.
    RoomSpeakers {
        /// Which.
        room: u64,
        /// Its name.
        tag: String,
        /// Endpoints, the loudest first.
        speakers: Vec<u64>,
    },
    /// A player came to its end.
    PlayerFinished {
        /// Whose; none in a room.
        #[serde(skip_serializing_if = "Option::is_none")]
        endpoint: Option<u64>,
        /// Its name.
        tag: String,
        /// Which.
        player: u64,
    },
    /// A recording is complete.
    RecorderFinished {
        /// Whose; none of a room.
        #[serde(skip_serializing_if = "Option::is_none")]
        endpoint: Option<u64>,
        /// Its name.
        tag: String,
        /// Which.
        recorder: u64,
        /// The file.
        path: PathBuf,
        /// Its length; 0 when it could not be written.
        duration_ms: u64,
    },
    /// The listener of a tap is gone.
    TapFinished {
        /// Whose.
        endpoint: u64,
        /// Its name.
        tag: String,
        /// Which.
        tap: u64,
        /// A sentence.
        reason: String,
    },
    /// A page of a fax was confirmed.
    FaxPage(FaxPage),
    /// A fax is over.
    FaxFinished(FaxFinished),
    /// A gateway has ended.
    FaxRelayed(FaxRelayed),
    /// Somebody else is shown to an endpoint.
    VideoShown {
        /// To whom.
        endpoint: u64,
        /// Its name.
        tag: String,
        /// In which of its streams.
        mid: String,
        /// Who; none: nobody any more.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<u64>,
        /// Which of their streams.
        #[serde(skip_serializing_if = "Option::is_none")]
        source_mid: Option<String>,
    },
    /// ICE or DTLS failed.
    TransportFailed {
        /// Whose.
        endpoint: u64,
        /// Its name.
        tag: String,
        /// A sentence.
        reason: String,
    },
}

impl Event {
    /// Its name in the protocol.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MediaStarted { .. } => "media-started",
            Self::MediaTimeout { .. } => "media-timeout",
            Self::Dtmf { .. } => "dtmf",
            Self::DtmfHandover { .. } => "dtmf-handover",
            Self::RoomSpeakers { .. } => "room-speakers",
            Self::PlayerFinished { .. } => "player-finished",
            Self::RecorderFinished { .. } => "recorder-finished",
            Self::TapFinished { .. } => "tap-finished",
            Self::FaxPage(_) => "fax-page",
            Self::FaxFinished(_) => "fax-finished",
            Self::FaxRelayed(_) => "fax-relayed",
            Self::VideoShown { .. } => "video-shown",
            Self::TransportFailed { .. } => "transport-failed",
        }
    }
}

/// Appends the frame of an answer.
pub fn encode_reply(out: &mut Vec<u8>, id: u64, reply: &Reply) {
    encode(out, &(1u8, id, reply));
}

/// Appends the frame of an error.
pub fn encode_failure(out: &mut Vec<u8>, id: Option<u64>, code: &str, text: &str) {
    encode(out, &(2u8, id, code, text));
}

/// Appends the frame of an event.
pub fn encode_event(out: &mut Vec<u8>, sequence: u64, event: &Event) {
    encode(out, &(3u8, sequence, event.name(), event));
}

fn encode(out: &mut Vec<u8>, value: &impl Serialize) {
    write_frame(out, |out| {
        let mut serializer = rmp_serde::Serializer::new(&mut *out).with_struct_map();
        if let Err(error) = value.serialize(&mut serializer) {
            // Only a value that MessagePack cannot hold gets here, and there is none among ours.
            log::error!("an answer could not be written: {error}");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmpv::Value;

    fn decode(frame: &[u8]) -> Value {
        rmpv::decode::read_value(&mut &frame[4..]).expect("MessagePack")
    }

    #[test]
    fn an_answer_is_a_map_with_names() {
        let mut out = Vec::new();
        encode_reply(&mut out, 4, &Reply::Player { player: 9 });
        let value = decode(&out);
        assert_eq!(value[0], 1.into());
        assert_eq!(value[1], 4.into());
        assert_eq!(value[2], Value::Map(vec![("player".into(), 9.into())]));
    }

    #[test]
    fn an_event_carries_its_name() {
        let mut out = Vec::new();
        encode_event(&mut out, 1, &Event::Dtmf { endpoint: 2, tag: "a".into(), digit: '#', duration_ms: 80 });
        let value = decode(&out);
        assert_eq!(value[2], "dtmf".into());
        assert_eq!(value[3]["digit"], "#".into());
    }

    #[test]
    fn nothing_to_say_is_an_empty_map() {
        let mut out = Vec::new();
        encode_reply(&mut out, 4, &Reply::Done {});
        assert_eq!(decode(&out)[2], Value::Map(vec![]));
    }
}
