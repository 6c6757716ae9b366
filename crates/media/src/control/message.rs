//! Requests, as a client sends them: `[0, id, operation, fields]`.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fax::{OnFax, StartFax, T38Spec};
use super::near::Near;
use super::room::{CreateRoom, JoinRoom, OnRoom, RoomPlay, RoomRecord};
use super::source::{CreateSource, OnSource, SourceSpec};
use super::tap::{OnTap, OpenTap};
use super::video::{ExtensionSpec, VideoSpec, WatchVideo};

/// A request with the number that its answer carries.
#[derive(Debug)]
pub struct Request {
    /// Chosen by the client.
    pub id: u64,
    /// What is asked.
    pub operation: Operation,
}

/// What can be asked.
#[derive(Debug)]
pub enum Operation {
    /// The first request of a connection.
    Hello(Hello),
    /// Open an endpoint.
    CreateEndpoint(CreateEndpoint),
    /// Say where the peer is and what was negotiated.
    Configure(Box<Configure>),
    /// Play to the peer.
    Play(Play),
    /// Stop a player.
    StopPlayer(OnPlayer),
    /// Write a WAV file.
    Record(Record),
    /// Complete a WAV file.
    StopRecorder(OnRecorder),
    /// Send digits.
    SendDtmf(SendDtmf),
    /// Counters of an endpoint.
    Stats(OnEndpoint),
    /// Close an endpoint.
    DeleteEndpoint(OnEndpoint),
    /// Let two endpoints hear each other.
    CreateBridge(CreateBridge),
    /// Separate them.
    DeleteBridge(OnBridge),
    /// Open a source that many hear.
    CreateSource(CreateSource),
    /// Close it.
    DeleteSource(OnSource),
    /// Every source there is.
    ListSources,
    /// Open a room.
    CreateRoom(CreateRoom),
    /// Close a room.
    DeleteRoom(OnRoom),
    /// Let an endpoint into a room, or change its role.
    JoinRoom(JoinRoom),
    /// Let an endpoint out of its room.
    LeaveRoom(OnEndpoint),
    /// Say whom an endpoint is shown in its room.
    WatchVideo(WatchVideo),
    /// Play to everybody in a room.
    RoomPlay(RoomPlay),
    /// Write what is heard in a room to a WAV file.
    RoomRecord(RoomRecord),
    /// Every room there is.
    ListRooms,
    /// Send or receive a document.
    StartFax(StartFax),
    /// Hang up.
    StopFax(OnFax),
    /// Every fax there is.
    ListFaxes,
    /// Send what is said to another program as well.
    OpenTap(OpenTap),
    /// No longer.
    StopTap(OnTap),
    /// Take digits as if the peer had sent them.
    ReceiveDtmf(SendDtmf),
    /// Every endpoint there is.
    ListEndpoints,
    /// Every bridge there is.
    ListBridges,
}

/// Fields of `hello`.
#[derive(Debug, Deserialize)]
pub struct Hello {
    /// Version that the client speaks.
    pub protocol: u32,
    /// Name of the client; its endpoints carry it.
    pub owner: String,
}

/// Fields of `create-endpoint`.
#[derive(Clone, Debug, Deserialize)]
pub struct CreateEndpoint {
    /// Plain RTP or a browser.
    pub kind: Kind,
    /// The client's own name for it.
    pub tag: String,
    /// With whom it will be joined, as far as is known: it begins in the same thread.
    #[serde(default)]
    pub near: Option<Near>,
}

/// Fields of `configure`.
#[derive(Debug, Deserialize)]
pub struct Configure {
    /// Which.
    pub endpoint: u64,
    /// The peer's side.
    pub remote: Remote,
    /// As negotiated; the first audio codec is what we send.
    pub codecs: Vec<CodecSpec>,
    /// From our side.
    pub direction: Direction,
    /// Seconds of silence until `media-timeout`.
    pub timeout: Option<f64>,
    /// How the peer gets and sends digits.
    #[serde(default)]
    pub dtmf: DtmfMethod,
    /// The peer's digits are told to the client only, which passes them on or does not.
    #[serde(default)]
    pub keep_digits: bool,
    /// The peer speaks T.38 by UDPTL instead of RTP.
    #[serde(default)]
    pub t38: Option<T38Spec>,
    /// Identification of a browser's audio stream (RFC 5888); `0` if there is none.
    #[serde(default)]
    pub mid: Option<String>,
    /// A browser's video streams, in the order of the SDP.
    #[serde(default)]
    pub video: Vec<VideoSpec>,
    /// Header extensions that were negotiated with a browser.
    #[serde(default)]
    pub extensions: Vec<ExtensionSpec>,
}

/// How digits come and go.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum DtmfMethod {
    /// RFC 4733, if it was negotiated.
    #[default]
    Events,
    /// Tones in the audio.
    Inband,
    /// SIP INFO, which is the client's business: it tells us, and we tell it.
    Info,
}

/// Fields of `play`.
#[derive(Debug, Deserialize)]
pub struct Play {
    /// To whom.
    pub endpoint: u64,
    /// What.
    pub source: SourceSpec,
    /// From the beginning again at its end.
    #[serde(rename = "loop")]
    pub looped: bool,
}

/// Fields of `record`.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// Of whom.
    pub endpoint: u64,
    /// Where to.
    pub path: PathBuf,
    /// Which directions.
    pub what: What,
    /// What ends it, and what is left out.
    #[serde(flatten)]
    pub limits: RecordLimits,
}

/// What ends a recording by itself, and what is left out of it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct RecordLimits {
    /// Longest recording.
    #[serde(default)]
    pub limit_ms: Option<u32>,
    /// Silence that ends it.
    #[serde(default)]
    pub silence_ms: Option<u32>,
    /// Without silence at its beginning and end.
    #[serde(default)]
    pub trim: bool,
}

/// Fields of `send-dtmf`.
#[derive(Debug, Deserialize)]
pub struct SendDtmf {
    /// To whom.
    pub endpoint: u64,
    /// `0`–`9`, `*`, `#`, `A`–`D`.
    pub digits: String,
    /// Of each digit.
    pub duration_ms: u32,
}

/// Fields of `create-bridge`.
#[derive(Debug, Deserialize)]
pub struct CreateBridge {
    /// One side.
    pub a: u64,
    /// The other side.
    pub b: u64,
    /// The client's own name for it.
    pub tag: String,
}

/// Fields of a request about an endpoint.
#[derive(Debug, Deserialize)]
pub struct OnEndpoint {
    /// Which.
    pub endpoint: u64,
}

/// Fields of a request about a player.
#[derive(Debug, Deserialize)]
pub struct OnPlayer {
    /// Which.
    pub player: u64,
}

/// Fields of a request about a recorder.
#[derive(Debug, Deserialize)]
pub struct OnRecorder {
    /// Which.
    pub recorder: u64,
}

/// Fields of a request about a bridge.
#[derive(Debug, Deserialize)]
pub struct OnBridge {
    /// Which.
    pub bridge: u64,
}

/// How an endpoint speaks to its peer.
#[derive(Clone, Copy, Debug, Deserialize, serde::Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// RTP without encryption.
    Rtp,
    /// ICE, DTLS and SRTP.
    Webrtc,
}

/// Media direction from our side (RFC 3264 §5.1).
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Both ways.
    Sendrecv,
    /// We only send.
    Sendonly,
    /// We only listen.
    Recvonly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether we send.
    pub fn sends(self) -> bool {
        matches!(self, Self::Sendrecv | Self::Sendonly)
    }

    /// Whether we listen.
    pub fn receives(self) -> bool {
        matches!(self, Self::Sendrecv | Self::Recvonly)
    }
}

/// Which directions a recording has.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// What the peer says.
    Received,
    /// What the peer hears.
    Sent,
    /// Both, left and right.
    Both,
    /// Both in one channel.
    Mixed,
}

/// Where the peer wants its packets, and its keys.
#[derive(Clone, Debug, Deserialize)]
pub struct Remote {
    /// IP address.
    pub address: String,
    /// RTP port.
    pub port: u16,
    /// RTCP port if it is not the next one.
    #[serde(default)]
    pub rtcp_port: Option<u16>,
    /// RTP and RTCP on one port (RFC 5761).
    #[serde(default)]
    pub rtcp_mux: bool,
    /// Of a browser.
    #[serde(default)]
    pub ice_ufrag: Option<String>,
    /// Of a browser.
    #[serde(default)]
    pub ice_pwd: Option<String>,
    /// Of a browser, `sha-256 AA:BB:…`.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Of a browser, as in the SDP.
    #[serde(default)]
    pub candidates: Vec<String>,
    /// Keys of SRTP from the SDP.
    #[serde(default)]
    pub crypto: Option<Crypto>,
    /// Our role in DTLS: `active` or `passive`.
    #[serde(default)]
    pub dtls_setup: Option<String>,
}

/// Keys of SRTP that offer and answer carried (RFC 4568).
#[derive(Clone, Deserialize, PartialEq, Eq)]
pub struct Crypto {
    /// As in the SDP.
    pub suite: String,
    /// What we encrypt with: key and salt in base64.
    pub send_key: String,
    /// What the peer encrypts with.
    pub receive_key: String,
    /// The peer has sent with its key before this endpoint was made.
    #[serde(default)]
    pub late: bool,
}

impl std::fmt::Debug for Crypto {
    /// Keys are secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Crypto").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// A negotiated payload format.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct CodecSpec {
    /// As in the SDP.
    pub name: String,
    /// 0–127.
    pub payload_type: u8,
    /// As the SDP writes it.
    pub clock_rate: u32,
    /// As the SDP writes it.
    #[serde(default)]
    pub channels: u8,
    /// The format's parameters.
    #[serde(default)]
    pub fmtp: String,
}

/// Why a request was not understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Number of the request, if that much could be read.
    pub id: Option<u64>,
    /// `bad-request` or `unknown-operation`.
    pub code: &'static str,
    /// A sentence that names the field.
    pub text: String,
}

/// Reads a request.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn decode_request(frame: &[u8]) -> Result<Request, Malformed> {
    let (kind, id, name, fields) = read_head(frame).ok_or_else(|| Malformed {
        id: None,
        code: "bad-request",
        text: "a frame must be [0, id, operation, fields]".into(),
    })?;
    if kind != 0 {
        let text = format!("a frame of kind {kind} is no request");
        return Err(Malformed { id: Some(id), code: "bad-request", text });
    }
    let operation = match name {
        "hello" => read(id, name, fields).map(Operation::Hello),
        "create-endpoint" => read(id, name, fields).map(Operation::CreateEndpoint),
        "configure" => read(id, name, fields).map(|request| Operation::Configure(Box::new(request))),
        "play" => read(id, name, fields).map(Operation::Play),
        "stop-player" => read(id, name, fields).map(Operation::StopPlayer),
        "record" => read(id, name, fields).map(Operation::Record),
        "stop-recorder" => read(id, name, fields).map(Operation::StopRecorder),
        "send-dtmf" => read(id, name, fields).map(Operation::SendDtmf),
        "stats" => read(id, name, fields).map(Operation::Stats),
        "delete-endpoint" => read(id, name, fields).map(Operation::DeleteEndpoint),
        "create-bridge" => read(id, name, fields).map(Operation::CreateBridge),
        "delete-bridge" => read(id, name, fields).map(Operation::DeleteBridge),
        "create-source" => read(id, name, fields).map(Operation::CreateSource),
        "delete-source" => read(id, name, fields).map(Operation::DeleteSource),
        "list-sources" => Ok(Operation::ListSources),
        "create-room" => read(id, name, fields).map(Operation::CreateRoom),
        "delete-room" => read(id, name, fields).map(Operation::DeleteRoom),
        "join-room" => read(id, name, fields).map(Operation::JoinRoom),
        "leave-room" => read(id, name, fields).map(Operation::LeaveRoom),
        "watch" => read(id, name, fields).map(Operation::WatchVideo),
        "play-room" => read(id, name, fields).map(Operation::RoomPlay),
        "record-room" => read(id, name, fields).map(Operation::RoomRecord),
        "list-rooms" => Ok(Operation::ListRooms),
        "start-fax" => read(id, name, fields).map(Operation::StartFax),
        "stop-fax" => read(id, name, fields).map(Operation::StopFax),
        "list-faxes" => Ok(Operation::ListFaxes),
        "tap" => read(id, name, fields).map(Operation::OpenTap),
        "stop-tap" => read(id, name, fields).map(Operation::StopTap),
        "receive-dtmf" => read(id, name, fields).map(Operation::ReceiveDtmf),
        "list-endpoints" => Ok(Operation::ListEndpoints),
        "list-bridges" => Ok(Operation::ListBridges),
        _ => {
            let text = format!("there is no operation {name}");
            Err(Malformed { id: Some(id), code: "unknown-operation", text })
        }
    }?;
    Ok(Request { id, operation })
}

/// The first three elements of a frame, and the bytes of the fourth.
fn read_head(frame: &[u8]) -> Option<(u64, u64, &str, &[u8])> {
    let mut rest = frame;
    if rmp::decode::read_array_len(&mut rest).ok()? != 4 {
        return None;
    }
    let kind = rmp::decode::read_int(&mut rest).ok()?;
    let id = rmp::decode::read_int(&mut rest).ok()?;
    let (name, fields) = rmp::decode::read_str_from_slice(rest).ok()?;
    Some((kind, id, name, fields))
}

fn read<T: DeserializeOwned>(id: u64, operation: &str, fields: &[u8]) -> Result<T, Malformed> {
    rmp_serde::from_slice(fields).map_err(|error| Malformed {
        id: Some(id),
        code: "bad-request",
        text: format!("{operation}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rmpv::Value;

    fn frame(id: u64, name: &str, fields: Vec<(&str, Value)>) -> Vec<u8> {
        let fields = fields.into_iter().map(|(key, value)| (Value::from(key), value)).collect();
        let value = Value::Array(vec![0.into(), id.into(), name.into(), Value::Map(fields)]);
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &value).expect("to memory");
        bytes
    }

    #[test]
    fn a_play_request() {
        let source = Value::Map(vec![
            ("kind".into(), "tone".into()),
            ("frequencies".into(), Value::Array(vec![425.0.into()])),
            ("cadence".into(), Value::Array(vec![1000.into(), 4000.into()])),
            ("level_dbm0".into(), (-13.0).into()),
        ]);
        let bytes = frame(7, "play", vec![("endpoint", 3.into()), ("source", source), ("loop", true.into())]);
        let request = decode_request(&bytes).expect("valid");
        assert_eq!(request.id, 7);
        let Operation::Play(play) = request.operation else { panic!("{:?}", request.operation) };
        assert_eq!((play.endpoint, play.looped), (3, true));
        assert!(matches!(play.source, SourceSpec::Tone { cadence, .. } if cadence == [1000, 4000]));
    }

    #[test]
    fn a_missing_field_is_named() {
        let failure = decode_request(&frame(7, "stats", vec![])).expect_err("no endpoint");
        assert_eq!((failure.id, failure.code), (Some(7), "bad-request"));
        assert!(failure.text.contains("endpoint"), "{}", failure.text);
        let failure = decode_request(&frame(8, "fly", vec![])).expect_err("no such operation");
        assert_eq!((failure.id, failure.code), (Some(8), "unknown-operation"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode_request(&bytes);
        }
    }
}
