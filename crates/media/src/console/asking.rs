//! The client's side of the protocol, as far as looking needs it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::control::PROTOCOL;
use crate::control::frame::{FrameReader, write_frame};

/// An engine that does not answer for so long hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The socket.
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    /// A refusal.
    #[error("the engine refuses: {0}")]
    Refused(String),
    /// An answer of another form.
    #[error("the engine's answer is not understood: {0}")]
    Answer(String),
}

/// What is known of the engine.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct About {
    /// Random for each start.
    pub instance: String,
    /// Of the program.
    pub version: String,
}

/// An endpoint in the list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Endpoint {
    /// Number.
    pub id: u64,
    /// Its client's name for it.
    pub tag: String,
    /// Its client.
    pub owner: String,
    /// `rtp` or `webrtc`.
    pub kind: String,
    /// Where it listens.
    pub local: Address,
    /// Its bridge.
    pub bridge: Option<u64>,
    /// Its room.
    pub room: Option<u64>,
    /// Counters and quality; none when it was deleted meanwhile.
    #[serde(default)]
    pub stats: Option<Stats>,
}

/// Where an endpoint listens.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Address {
    /// IP address.
    pub address: String,
    /// RTP port.
    pub port: u16,
}

/// What `stats` answers, as far as it is shown.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Stats {
    /// RTP packets.
    pub packets_received: u64,
    /// RTP packets.
    pub packets_sent: u64,
    /// That should have come.
    pub packets_lost: u64,
    /// Milliseconds.
    pub jitter_ms: f64,
    /// Milliseconds.
    pub rtt_ms: Option<f64>,
    /// What the peer speaks.
    pub codec: Option<String>,
    /// Of what arrives here.
    pub mos: Option<f64>,
    /// What the peer reports.
    pub remote: Option<Remote>,
    /// Frames of 20 ms that were made up.
    pub frames_concealed: u64,
    /// Packets that came when their time was over.
    pub packets_late: u64,
}

/// What the peer reports.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Remote {
    /// That it misses.
    pub packets_lost: u64,
    /// Of what it hears.
    pub mos: Option<f64>,
}

/// A bridge in the list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Bridge {
    /// Number.
    pub id: u64,
    /// Its client's name for it.
    pub tag: String,
    /// One side.
    pub a: u64,
    /// The other side.
    pub b: u64,
}

/// A conference in the list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Room {
    /// Number.
    pub id: u64,
    /// Its client's name for it.
    pub tag: String,
    /// Samples a second.
    pub rate: u32,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// A member of a conference.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Member {
    /// Who.
    pub endpoint: u64,
    /// `talk`, `listen`, `muted` or `whisper`.
    pub role: String,
}

/// A fax in the list.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fax {
    /// Number.
    pub id: u64,
    /// The endpoint's or the bridge's name.
    pub tag: String,
    /// With whom.
    pub endpoint: u64,
    /// Of a gateway.
    pub bridge: Option<u64>,
}

/// Everything that is shown, at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Snapshot {
    /// Which engine.
    pub engine: About,
    /// In the order in which they were made.
    pub endpoints: Vec<Endpoint>,
    /// As above.
    pub bridges: Vec<Bridge>,
    /// As above.
    pub rooms: Vec<Room>,
    /// As above.
    pub faxes: Vec<Fax>,
}

/// A connection that has said hello.
pub(super) struct Asking {
    stream: UnixStream,
    reader: FrameReader,
    about: About,
    last: u64,
}

#[derive(Serialize)]
struct Hello {
    protocol: u32,
    owner: &'static str,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct OnEndpoint {
    endpoint: u64,
}

impl Asking {
    pub(super) fn connect(socket: &Path) -> Result<Self, AskError> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut asking = Self { stream, reader: FrameReader::default(), about: About::default(), last: 0 };
        asking.about = asking.one("hello", &Hello { protocol: PROTOCOL, owner: "console" })?;
        Ok(asking)
    }

    /// Asks for everything; what is deleted while it asks is left out or has no figures.
    pub(super) fn snapshot(&mut self) -> Result<Snapshot, AskError> {
        let mut endpoints: Vec<Endpoint> = self.one("list-endpoints", &Nothing {})?;
        let requests: Vec<OnEndpoint> =
            endpoints.iter().map(|endpoint| OnEndpoint { endpoint: endpoint.id }).collect();
        let stats = self.all("stats", &requests)?;
        for (endpoint, stats) in endpoints.iter_mut().zip(stats) {
            endpoint.stats = stats.ok();
        }
        Ok(Snapshot {
            engine: self.about.clone(),
            endpoints,
            bridges: self.one("list-bridges", &Nothing {})?,
            rooms: self.one("list-rooms", &Nothing {})?,
            faxes: self.one("list-faxes", &Nothing {})?,
        })
    }

    fn one<T: DeserializeOwned>(&mut self, operation: &str, fields: &impl Serialize) -> Result<T, AskError> {
        let answer = self.all(operation, std::slice::from_ref(fields))?.pop();
        answer.unwrap_or_else(|| Err("nothing".into())).map_err(AskError::Refused)
    }

    /// Sends requests in one write; answers in their order, or the engine's refusals.
    fn all<T: DeserializeOwned>(
        &mut self,
        operation: &str,
        requests: &[impl Serialize],
    ) -> Result<Vec<Result<T, String>>, AskError> {
        let (first, mut out) = (self.last + 1, Vec::new());
        for fields in requests {
            self.last += 1;
            let body = rmp_serde::to_vec_named(&(0u8, self.last, operation, fields));
            let body = body.map_err(|error| AskError::Answer(error.to_string()))?;
            write_frame(&mut out, |out| out.extend_from_slice(&body));
        }
        self.stream.write_all(&out)?;
        let mut answers = BTreeMap::new();
        while answers.len() < requests.len() {
            let frame = self.frame()?;
            if let Some((id, answer)) = read_answer(&frame)? {
                answers.insert(id, answer);
            }
        }
        Ok(answers
            .range(first..)
            .map(|(_, answer)| answer.as_ref().map_err(Clone::clone))
            .map(parse)
            .collect())
    }

    fn frame(&mut self) -> Result<Vec<u8>, AskError> {
        let mut buffer = [0; 65536];
        loop {
            if let Some(frame) =
                self.reader.next_frame().map_err(|error| AskError::Answer(error.to_string()))?
            {
                return Ok(frame);
            }
            match self.stream.read(&mut buffer)? {
                0 => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                length => self.reader.push(&buffer[..length]),
            }
        }
    }
}

type Raw = Result<Vec<u8>, String>;

/// Number and content of an answer; None for an event.
fn read_answer(frame: &[u8]) -> Result<Option<(u64, Raw)>, AskError> {
    let fail = |text: &str| AskError::Answer(text.to_owned());
    let mut rest = frame;
    rmp::decode::read_array_len(&mut rest).map_err(|_| fail("no array"))?;
    let kind: u64 = rmp::decode::read_int(&mut rest).map_err(|_| fail("no kind"))?;
    if kind == 3 {
        return Ok(None);
    }
    if kind == 1 {
        let id = rmp::decode::read_int(&mut rest).map_err(|_| fail("no number"))?;
        return Ok(Some((id, Ok(rest.to_vec()))));
    }
    let (_, id, code, text): (u8, Option<u64>, String, String) =
        rmp_serde::from_slice(frame).map_err(|error| AskError::Answer(error.to_string()))?;
    let refusal = format!("{code}: {text}");
    match id {
        Some(id) => Ok(Some((id, Err(refusal)))),
        None => Err(AskError::Refused(refusal)),
    }
}

fn parse<T: DeserializeOwned>(answer: Result<&Vec<u8>, String>) -> Result<T, String> {
    let bytes = answer?;
    rmp_serde::from_slice(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::reply::{encode_event, encode_failure, encode_reply};
    use crate::control::{BridgeListing, Event, Reply};
    use proptest::prelude::*;

    #[test]
    fn answers_refusals_and_events_are_told_apart() {
        let mut out = Vec::new();
        let listing = BridgeListing { id: 3, tag: "call".into(), a: 1, b: 2 };
        encode_reply(&mut out, 7, &Reply::Bridges(vec![listing]));
        let (id, answer) = read_answer(&out[4..]).expect("understood").expect("an answer");
        let bridges: Vec<Bridge> = parse(answer.as_ref().map_err(Clone::clone)).expect("a list");
        assert_eq!((id, bridges[0].a, bridges[0].tag.as_str()), (7, 1, "call"));

        out.clear();
        encode_failure(&mut out, Some(8), "not-found", "there is no endpoint 4");
        let (_, answer) = read_answer(&out[4..]).expect("understood").expect("an answer");
        assert_eq!(answer, Err("not-found: there is no endpoint 4".into()));

        out.clear();
        encode_event(&mut out, 1, &Event::MediaStarted { endpoint: 1, tag: String::new() });
        assert!(read_answer(&out[4..]).expect("understood").is_none());
    }

    proptest! {
        #[test]
        fn nothing_panics(frame in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Some((_, Ok(bytes)))) = read_answer(&frame) {
                let _ = rmp_serde::from_slice::<serde::de::IgnoredAny>(&bytes);
                let _ = rmp_serde::from_slice::<Vec<Endpoint>>(&bytes);
            }
        }
    }
}
