//! Everything that lives in the engine, and what clients may do with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::audio::RecordingWriter;
use crate::control::message::{Configure, CreateBridge, CreateEndpoint, Play, Record, SendDtmf};
use crate::control::{BridgeListing, Event, Failure, Kind, Local, Operation, PROTOCOL, Reply};
use crate::endpoint::{Birth, Endpoint, Identity, Outcome, Plain, Transport, Webrtc};
use crate::player::Player;
use crate::ports::Ports;
use crate::recording::{self, Recording};
use crate::relay;
use crate::rtp::{HEADER, Header, Outgoing, dtmf, outgoing::Feed};
use crate::watch::Watch;

/// How often every endpoint is looked at: for silence, and for a report that is due.
const ROUND: Duration = Duration::from_millis(250);
/// Largest datagram that is read.
const DATAGRAM: usize = 2048;

/// A recording that is complete, as its thread tells it.
pub type Written = (u64, PathBuf, Result<(), String>);

/// Which of an endpoint's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Player,
    Digits,
    Recording,
    Browser,
}

struct Bridge {
    tag: String,
    a: u64,
    b: u64,
}

/// All endpoints and bridges of this process.
pub struct Engine {
    /// Random for each start.
    instance: String,
    ports: Ports,
    identity: Identity,
    endpoints: HashMap<u64, Endpoint>,
    bridges: BTreeMap<u64, Bridge>,
    players: HashMap<u64, u64>,
    recorders: HashMap<u64, (u64, String)>,
    writer: RecordingWriter,
    timers: BinaryHeap<Reverse<(Instant, u64, Timer)>>,
    round: Instant,
    events: Vec<Event>,
    buffer: Box<[u8]>,
    last: u64,
}

impl Engine {
    /// An engine with nothing in it. `written` gets word of recordings, followed by a call of `wake`.
    ///
    /// # Errors
    /// When no DTLS certificate can be made.
    pub fn new(
        ports: Ports,
        written: mpsc::Sender<Written>,
        wake: impl Fn() + Send + 'static,
    ) -> Result<Self, String> {
        let writer = RecordingWriter::start(Box::new(move |id, path, result| {
            if written.send((id, path, result)).is_ok() {
                wake();
            }
        }));
        Ok(Self {
            instance: format!("{:016x}", rand::random::<u64>()),
            ports,
            identity: Identity::generate()?,
            endpoints: HashMap::new(),
            bridges: BTreeMap::new(),
            players: HashMap::new(),
            recorders: HashMap::new(),
            writer,
            timers: BinaryHeap::new(),
            round: Instant::now() + ROUND,
            events: Vec::new(),
            buffer: vec![0; DATAGRAM].into_boxed_slice(),
            last: 0,
        })
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.endpoints.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// What has happened since the last call, in order.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Does what a client asks.
    ///
    /// # Errors
    /// The failure that the client is told; nothing has changed then.
    pub fn perform(
        &mut self,
        owner: &str,
        operation: Operation,
        watch: &Watch,
        now: Instant,
    ) -> Result<Reply, Failure> {
        match operation {
            Operation::Hello(_) => Ok(Reply::Hello {
                protocol: PROTOCOL,
                instance: self.instance.clone(),
                version: env!("CARGO_PKG_VERSION"),
            }),
            Operation::CreateEndpoint(request) => self.create_endpoint(owner, request, watch, now),
            Operation::Configure(request) => self.configure(&request, now),
            Operation::Play(request) => self.play(&request, now),
            Operation::StopPlayer(request) => Ok(self.stop_player(request.player)),
            Operation::Record(request) => self.record(request, now),
            Operation::StopRecorder(request) => Ok(self.stop_recorder(request.recorder)),
            Operation::SendDtmf(request) => self.send_dtmf(&request, now),
            Operation::Stats(request) => Ok(Reply::Stats(self.endpoint(request.endpoint)?.stats())),
            Operation::DeleteEndpoint(request) => Ok(self.delete_endpoint(request.endpoint)),
            Operation::CreateBridge(request) => self.create_bridge(request),
            Operation::DeleteBridge(request) => Ok(self.delete_bridge(request.bridge)),
            Operation::ListEndpoints => Ok(Reply::Endpoints(self.sorted().map(Endpoint::listing).collect())),
            Operation::ListBridges => Ok(Reply::Bridges(self.list_bridges())),
        }
    }

    /// When something is to be done even though nothing arrives.
    pub fn next_timeout(&self) -> Instant {
        self.timers.peek().map_or(self.round, |Reverse((at, ..))| self.round.min(*at))
    }

    /// Reads one datagram of RTP, or what a browser sent.
    pub fn readable(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        match &mut endpoint.transport {
            Transport::Plain(plain) => {
                let Ok(Some(length)) = plain.receive(&mut self.buffer, now) else {
                    return;
                };
                if crate::rtp::packet::is_rtcp(&self.buffer[..length]) {
                    return endpoint.hear_report(&self.buffer[..length], now);
                }
                relay::arrived(&mut self.endpoints, id, &mut self.buffer[..length], now, &mut self.events);
            }
            Transport::Webrtc(webrtc) => {
                let outcome = webrtc.receive(&mut self.buffer, now);
                self.follow(id, outcome, now);
            }
        }
    }

    /// Reads one datagram of RTCP.
    pub fn readable_rtcp(&mut self, id: u64, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id)
            && let Transport::Plain(plain) = &mut endpoint.transport
            && let Ok(Some(length)) = plain.receive_rtcp(&mut self.buffer)
        {
            endpoint.hear_report(&self.buffer[..length], now);
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        while let Some(Reverse((at, id, timer))) =
            self.timers.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            self.timers.pop();
            match timer {
                Timer::Player => self.play_frame(id, at, now),
                Timer::Digits => self.digit_frame(id, now),
                Timer::Recording => self.record_frame(id, at, now),
                Timer::Browser => self.browser_timeout(id, at, now),
            }
        }
        if self.round <= now {
            self.round = now + ROUND;
            for endpoint in self.endpoints.values_mut() {
                endpoint.report(now);
                if let Some(silence) = endpoint.fallen_silent(now) {
                    self.events.push(Event::MediaTimeout {
                        endpoint: endpoint.id,
                        tag: endpoint.tag.clone(),
                        silent_seconds: silence.as_secs_f64(),
                    });
                }
            }
        }
    }

    /// Takes word of a recording that is complete.
    pub fn written(&mut self, (recorder, path, result): Written) {
        let Some((endpoint, tag)) = self.recorders.remove(&recorder) else {
            return;
        };
        if let Err(error) = result {
            log::error!("recording {}: {error}", path.display());
        }
        self.events.push(Event::RecorderFinished { endpoint, tag, recorder, path });
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn endpoint(&mut self, id: u64) -> Result<&mut Endpoint, Failure> {
        self.endpoints.get_mut(&id).ok_or_else(|| Failure::not_found("endpoint", id))
    }

    fn sorted(&self) -> impl Iterator<Item = &Endpoint> {
        let mut all: Vec<&Endpoint> = self.endpoints.values().collect();
        all.sort_unstable_by_key(|endpoint| endpoint.id);
        all.into_iter()
    }

    fn create_endpoint(
        &mut self,
        owner: &str,
        request: CreateEndpoint,
        watch: &Watch,
        now: Instant,
    ) -> Result<Reply, Failure> {
        let id = self.number();
        let ssrc = rand::random();
        let (transport, local) =
            self.open(request.kind, ssrc, watch, id).map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => Failure { code: "no-ports", text: error.to_string() },
                _ => Failure { code: "failed", text: format!("no socket could be opened: {error}") },
            })?;
        let outgoing = Outgoing::new(ssrc, rand::random(), rand::random());
        let birth =
            Birth { id, tag: request.tag, owner: owner.to_owned(), kind: request.kind, local: local.clone() };
        self.endpoints.insert(id, Endpoint::new(birth, transport, outgoing, now));
        Ok(Reply::Endpoint { endpoint: id, local })
    }

    fn open(&mut self, kind: Kind, ssrc: u32, watch: &Watch, id: u64) -> io::Result<(Transport, Local)> {
        let address = self.ports.address().to_string();
        match kind {
            Kind::Rtp => {
                let (rtp, rtcp) = self.ports.pair()?;
                let port = rtp.local_addr()?.port();
                watch.add(&rtp, Token::Media(id).number())?;
                watch.add(&rtcp, Token::Report(id).number())?;
                let local = Local {
                    address,
                    port,
                    rtcp_port: Some(port + 1),
                    ice_ufrag: None,
                    ice_pwd: None,
                    fingerprint: None,
                };
                Ok((Transport::Plain(Plain::new(rtp, rtcp)), local))
            }
            Kind::Webrtc => {
                let socket = self.ports.single()?;
                let port = socket.local_addr()?.port();
                watch.add(&socket, Token::Media(id).number())?;
                let webrtc = Webrtc::new(socket, self.identity.clone(), ssrc)?;
                let (ufrag, password, fingerprint) = webrtc.credentials();
                let local = Local {
                    address,
                    port,
                    rtcp_port: None,
                    ice_ufrag: Some(ufrag.into()),
                    ice_pwd: Some(password.into()),
                    fingerprint: Some(fingerprint.into()),
                };
                Ok((Transport::Webrtc(Box::new(webrtc)), local))
            }
        }
    }

    fn configure(&mut self, request: &Configure, now: Instant) -> Result<Reply, Failure> {
        let endpoint = self.endpoint(request.endpoint)?;
        endpoint.configure(request, now)?;
        if let Transport::Webrtc(webrtc) = &mut endpoint.transport {
            let outcome = webrtc.tick(now);
            self.follow(request.endpoint, outcome, now);
        }
        Ok(Reply::Done {})
    }

    fn play(&mut self, request: &Play, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let endpoint = self.endpoint(request.endpoint)?;
        let format = endpoint.formats.first().ok_or_else(|| not_configured(request.endpoint))?;
        let player = Player::new(id, &request.source, request.looped, format, now)
            .map_err(|error| Failure { code: "bad-request", text: format!("source: {error}") })?;
        let before = endpoint.player.replace(player);
        if let Some(before) = before {
            self.players.remove(&before.id);
        }
        self.timers.push(Reverse((now, request.endpoint, Timer::Player)));
        self.players.insert(id, request.endpoint);
        Ok(Reply::Player { player: id })
    }

    fn stop_player(&mut self, id: u64) -> Reply {
        let endpoint = self.players.remove(&id).and_then(|endpoint| self.endpoints.get_mut(&endpoint));
        if let Some(endpoint) =
            endpoint.filter(|endpoint| endpoint.player.as_ref().is_some_and(|player| player.id == id))
        {
            endpoint.player = None;
        }
        Reply::Done {}
    }

    fn record(&mut self, request: Record, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let tag = {
            let endpoint = self.endpoint(request.endpoint)?;
            if endpoint.recording.is_some() {
                return Err(Failure {
                    code: "limit",
                    text: format!("endpoint {} is recorded already", endpoint.id),
                });
            }
            endpoint.tag.clone()
        };
        let recording = Recording::new(id, request.path.clone(), request.what, now);
        self.writer
            .open(id, request.path, recording.channels(), recording::RATE)
            .map_err(|error| Failure { code: "failed", text: format!("path: {error}") })?;
        self.timers.push(Reverse((recording.due, request.endpoint, Timer::Recording)));
        self.recorders.insert(id, (request.endpoint, tag));
        self.endpoint(request.endpoint)?.recording = Some(recording);
        Ok(Reply::Recorder { recorder: id })
    }

    fn stop_recorder(&mut self, id: u64) -> Reply {
        let endpoint = self.recorders.get(&id).and_then(|(endpoint, _)| self.endpoints.get_mut(endpoint));
        if let Some(endpoint) = endpoint
            .filter(|endpoint| endpoint.recording.as_ref().is_some_and(|recording| recording.id == id))
        {
            endpoint.recording = None;
            self.writer.finish(id);
        }
        Reply::Done {}
    }

    fn send_dtmf(&mut self, request: &SendDtmf, now: Instant) -> Result<Reply, Failure> {
        let endpoint = self.endpoint(request.endpoint)?;
        if endpoint.events.is_none() {
            return Err(Failure { code: "unsupported", text: "the peer takes no telephone events".into() });
        }
        let codes = request.digits.chars().map(|digit| {
            let text = format!("digits: there is no key {digit:?}");
            dtmf::code_of(digit).ok_or(Failure { code: "bad-request", text })
        });
        let codes = codes.collect::<Result<Vec<u8>, Failure>>()?;
        match &mut endpoint.digits {
            Some(sender) => sender.append(codes),
            None => {
                endpoint.digits = Some(dtmf::Sender::new(codes, request.duration_ms));
                self.timers.push(Reverse((now, request.endpoint, Timer::Digits)));
            }
        }
        Ok(Reply::Done {})
    }

    fn delete_endpoint(&mut self, id: u64) -> Reply {
        if let Some(endpoint) = self.endpoints.remove(&id) {
            if let Some((bridge, _)) = endpoint.bridge {
                self.delete_bridge(bridge);
            }
            if let Some(player) = endpoint.player {
                self.players.remove(&player.id);
            }
            if let Some(recording) = endpoint.recording {
                self.writer.finish(recording.id);
            }
        }
        Reply::Done {}
    }

    fn create_bridge(&mut self, request: CreateBridge) -> Result<Reply, Failure> {
        if request.a == request.b {
            return Err(Failure {
                code: "bad-request",
                text: "b: an endpoint cannot be bridged with itself".into(),
            });
        }
        for side in [request.a, request.b] {
            self.endpoint(side)?;
        }
        for side in [request.a, request.b] {
            if let Some((before, _)) = self.endpoint(side)?.bridge {
                self.delete_bridge(before);
            }
        }
        let id = self.number();
        for (side, other) in [(request.a, request.b), (request.b, request.a)] {
            self.endpoint(side)?.bridge = Some((id, other));
        }
        self.bridges.insert(id, Bridge { tag: request.tag, a: request.a, b: request.b });
        Ok(Reply::Bridge { bridge: id })
    }

    fn delete_bridge(&mut self, id: u64) -> Reply {
        if let Some(bridge) = self.bridges.remove(&id) {
            for side in [bridge.a, bridge.b] {
                if let Some(endpoint) = self.endpoints.get_mut(&side) {
                    endpoint.bridge = None;
                }
            }
        }
        Reply::Done {}
    }

    fn list_bridges(&self) -> Vec<BridgeListing> {
        let listing = |(id, bridge): (&u64, &Bridge)| BridgeListing {
            id: *id,
            tag: bridge.tag.clone(),
            a: bridge.a,
            b: bridge.b,
        };
        self.bridges.iter().map(listing).collect()
    }

    fn play_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        // Another moment is that of a player which was stopped or replaced.
        let Some(mut player) = endpoint.player.take_if(|player| player.due == at) else {
            return;
        };
        let (number, codec) = (player.id, player.codec);
        match (player.frame(now), endpoint.payload_type(codec)) {
            (Some(packet), Some(payload_type)) => {
                if endpoint.direction.sends() && endpoint.digits.is_none() {
                    let feed = Feed::Made { id: number, clock: codec.rtp_clock() };
                    endpoint.transmit_made(feed, codec.rtp_ticks_per_frame(), payload_type, packet, now);
                }
                self.timers.push(Reverse((player.due, id, Timer::Player)));
                endpoint.player = Some(player);
            }
            _ => {
                self.players.remove(&number);
                self.events.push(Event::PlayerFinished {
                    endpoint: id,
                    tag: endpoint.tag.clone(),
                    player: number,
                });
            }
        }
    }

    fn digit_frame(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        let (Some(mut sender), Some((payload_type, clock))) = (endpoint.digits.take(), endpoint.events)
        else {
            return;
        };
        let timestamp = sender.timestamp(endpoint.outgoing.timestamp_at(clock, now));
        let Some(packets) = sender.frame(clock) else {
            return;
        };
        for outbound in packets {
            // Audio that follows is joined behind the event.
            endpoint.outgoing.part();
            let place = endpoint.outgoing.again(timestamp);
            let mut packet = [0; HEADER + 4];
            packet[HEADER..].copy_from_slice(&outbound.event.bytes());
            endpoint.transmit(place, payload_type, outbound.first, &mut packet, now);
        }
        endpoint.digits = Some(sender);
        self.timers.push(Reverse((now + crate::player::FRAME, id, Timer::Digits)));
    }

    fn record_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let recording = self.endpoints.get_mut(&id).and_then(|endpoint| endpoint.recording.as_mut());
        if let Some(recording) = recording.filter(|recording| recording.due == at) {
            recording.frame(&self.writer, now);
            self.timers.push(Reverse((recording.due, id, Timer::Recording)));
        }
    }

    fn browser_timeout(&mut self, id: u64, at: Instant, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id)
            && endpoint.armed == Some(at)
            && let Transport::Webrtc(webrtc) = &mut endpoint.transport
        {
            endpoint.armed = None;
            let outcome = webrtc.tick(now);
            self.follow(id, outcome, now);
        }
    }

    /// Does what a browser's connection brought.
    fn follow(&mut self, id: u64, outcome: Outcome, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            if outcome.alive {
                endpoint.alive(now);
            }
            if let Some(again) =
                outcome.again.filter(|again| endpoint.armed.is_none_or(|armed| *again < armed))
            {
                endpoint.armed = Some(again);
                self.timers.push(Reverse((again, id, Timer::Browser)));
            }
            if let Some(reason) = outcome.failed {
                self.events.push(Event::TransportFailed { endpoint: id, tag: endpoint.tag.clone(), reason });
            }
        }
        for packet in outcome.packets {
            let header = Header {
                payload_type: *packet.header.payload_type,
                marker: packet.header.marker,
                sequence: packet.header.sequence_number,
                timestamp: packet.header.timestamp,
                ssrc: *packet.header.ssrc,
            };
            let end = HEADER + packet.payload.len();
            if let Some(room) = self.buffer.get_mut(..end) {
                header.write(room);
                room[HEADER..].copy_from_slice(&packet.payload);
                relay::arrived(&mut self.endpoints, id, room, now, &mut self.events);
            }
        }
    }
}

fn not_configured(id: u64) -> Failure {
    Failure { code: "bad-request", text: format!("endpoint {id} is not configured") }
}

/// What a number of [`Watch`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// An endpoint's RTP, or all of a browser.
    Media(u64),
    /// An endpoint's RTCP.
    Report(u64),
    /// A client.
    Client(u64),
    /// The listening socket.
    Listener,
    /// Word of another thread, or a signal.
    Wake,
}

impl Token {
    /// As a number.
    pub fn number(self) -> u64 {
        match self {
            Self::Media(id) => id << 3,
            Self::Report(id) => id << 3 | 1,
            Self::Client(id) => id << 3 | 2,
            Self::Listener => 3,
            Self::Wake => 4,
        }
    }

    /// Of a number.
    pub fn of(number: u64) -> Self {
        match number & 7 {
            0 => Self::Media(number >> 3),
            1 => Self::Report(number >> 3),
            2 => Self::Client(number >> 3),
            3 => Self::Listener,
            _ => Self::Wake,
        }
    }
}
