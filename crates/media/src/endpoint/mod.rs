//! Endpoints: where the media of one leg ends.

mod latch;
mod plain;
mod webrtc;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime};

use crate::audio::{AudioCodec, OpusSettings, Transcoder};
use crate::control::{CodecSpec, Configure, Direction, EndpointListing, Failure, Kind, Local, Remote, Stats};
use crate::player::Player;
use crate::recording::Recording;
use crate::rtp::{Outgoing, Reception, dtmf, outgoing::Feed, rtcp};

pub use plain::Plain;
pub use webrtc::{Identity, Outcome, Webrtc};

/// How often reports are sent; the randomisation of RFC 3550 §6.3 is the spread of the endpoints' beginnings.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// How packets get to the peer.
pub enum Transport {
    /// Plain RTP.
    Plain(Plain),
    /// A browser.
    Webrtc(Box<Webrtc>),
}

/// An audio codec that was negotiated.
#[derive(Clone, Debug)]
pub struct AudioFormat {
    /// Which.
    pub codec: AudioCodec,
    /// Its number here.
    pub payload_type: u8,
    /// What the peer wants of Opus.
    pub opus: OpusSettings,
}

/// What a payload type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Audio.
    Audio(AudioCodec),
    /// Telephone events with this clock.
    Events(u32),
}

/// What an endpoint does with what its bridge partner hears of it.
#[derive(Default)]
pub struct Translation {
    /// From, to, and the machine.
    pub transcoder: Option<(AudioCodec, AudioCodec, Transcoder)>,
    /// Sequence number and timestamp that come next.
    pub expected: Option<(u64, u32)>,
    /// A telephone event's timestamps, theirs and ours.
    pub event: Option<(u32, u32)>,
}

/// One endpoint.
pub struct Endpoint {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// The client that made it.
    pub owner: String,
    /// How packets get to the peer.
    pub transport: Transport,
    /// Negotiated audio, ours to send first.
    pub formats: Vec<AudioFormat>,
    /// Payload type and clock of telephone events.
    pub events: Option<(u8, u32)>,
    /// From our side.
    pub direction: Direction,
    /// What arrives.
    pub reception: Reception,
    /// What the peer hears.
    pub outgoing: Outgoing,
    /// The bridge and the endpoint at its other side.
    pub bridge: Option<(u64, u64)>,
    /// What plays to the peer instead of the bridge.
    pub player: Option<Player>,
    /// Digits on their way to the peer.
    pub digits: Option<dtmf::Sender>,
    /// What is recorded.
    pub recording: Option<Recording>,
    /// Digits of the peer.
    pub presses: dtmf::Receiver,
    /// What the bridge partner hears of it.
    pub translation: Translation,
    /// Next report to the peer.
    pub report_at: Instant,
    /// Until when a browser's timer is armed.
    pub armed: Option<Instant>,
    local: Local,
    kind: Kind,
    meanings: Box<[Option<Meaning>; 128]>,
    timeout: Option<Duration>,
    heard: Instant,
    started: bool,
    silent: bool,
    last_codec: Option<AudioCodec>,
    peer_report: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
}

/// What a new endpoint is made of.
pub struct Birth {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// The client that makes it.
    pub owner: String,
    /// Plain or browser.
    pub kind: Kind,
    /// Where it listens.
    pub local: Local,
}

impl Endpoint {
    /// An endpoint that knows no peer yet.
    pub fn new(birth: Birth, transport: Transport, outgoing: Outgoing, now: Instant) -> Self {
        Self {
            id: birth.id,
            tag: birth.tag,
            owner: birth.owner,
            transport,
            formats: Vec::new(),
            events: None,
            direction: Direction::Inactive,
            reception: Reception::default(),
            outgoing,
            bridge: None,
            player: None,
            digits: None,
            recording: None,
            presses: dtmf::Receiver::default(),
            translation: Translation::default(),
            report_at: now + REPORT_INTERVAL / 2,
            armed: None,
            local: birth.local,
            kind: birth.kind,
            meanings: Box::new([None; 128]),
            timeout: None,
            heard: now,
            started: false,
            silent: false,
            last_codec: None,
            peer_report: None,
            round_trip: None,
        }
    }

    /// Takes what was negotiated; repeated by every re-INVITE.
    ///
    /// # Errors
    /// `bad-request` names the field; nothing has changed then.
    pub fn configure(&mut self, request: &Configure, now: Instant) -> Result<(), Failure> {
        let (formats, events, meanings) = read_codecs(&request.codecs)?;
        let timeout = match request.timeout {
            None => None,
            Some(seconds) if seconds > 0.0 && seconds < 1e6 => Some(Duration::from_secs_f64(seconds)),
            Some(seconds) => return Err(bad(format!("timeout: {seconds} is no positive number of seconds"))),
        };
        match &mut self.transport {
            Transport::Plain(plain) => {
                let (rtp, rtcp) = read_remote(&request.remote)?;
                plain
                    .configure(rtp, rtcp, request.remote.rtcp_mux)
                    .map_err(|error| Failure { code: "failed", text: error.to_string() })?;
            }
            Transport::Webrtc(webrtc) => webrtc.configure(&request.remote, &request.codecs, now)?,
        }
        self.formats = formats;
        self.events = events;
        self.meanings = meanings;
        self.direction = request.direction;
        self.timeout = timeout;
        self.heard = now;
        self.silent = false;
        self.translation = Translation::default();
        Ok(())
    }

    /// What a payload type means here.
    pub fn meaning(&self, payload_type: u8) -> Option<Meaning> {
        self.meanings.get(usize::from(payload_type)).copied().flatten()
    }

    /// The number of a codec here, if it was negotiated.
    pub fn payload_type(&self, codec: AudioCodec) -> Option<u8> {
        self.formats.iter().find(|format| format.codec == codec).map(|format| format.payload_type)
    }

    /// Whether bridged audio may go out: nothing else plays, and the direction allows it.
    pub fn open_for_bridge(&self) -> bool {
        self.player.is_none() && self.digits.is_none() && self.direction.sends()
    }

    /// Notes that the peer lives. True for its very first packet.
    pub fn heard(&mut self, now: Instant) -> bool {
        self.heard = now;
        self.silent = false;
        !std::mem::replace(&mut self.started, true)
    }

    /// Notes a sign of life that is no audio.
    pub fn alive(&mut self, now: Instant) {
        self.heard = now;
        self.silent = false;
    }

    /// Notes what the peer speaks.
    pub fn spoke(&mut self, codec: AudioCodec) {
        self.last_codec = Some(codec);
    }

    /// What the peer speaks.
    pub fn codec(&self) -> Option<AudioCodec> {
        self.last_codec
    }

    /// How long nothing has come, told once for each silence that is too long.
    pub fn fallen_silent(&mut self, now: Instant) -> Option<Duration> {
        let silence = now.duration_since(self.heard);
        if self.silent || self.timeout.is_none_or(|timeout| silence < timeout) {
            return None;
        }
        self.silent = true;
        Some(silence)
    }

    /// Sends one packet whose payload begins at byte 12 of `packet`; the bytes before are written here.
    pub fn transmit(
        &mut self,
        place: crate::rtp::outgoing::Place,
        payload_type: u8,
        marker: bool,
        packet: &mut [u8],
        now: Instant,
    ) {
        let header = self.outgoing.header(place, payload_type, marker);
        let payload = packet.len().saturating_sub(crate::rtp::HEADER);
        let sent = match &mut self.transport {
            Transport::Plain(plain) => {
                header.write(packet);
                plain.send(packet)
            }
            Transport::Webrtc(webrtc) => webrtc.send(
                payload_type,
                place.sequence,
                place.timestamp,
                header.marker,
                packet.get(crate::rtp::HEADER..).unwrap_or_default(),
                now,
            ),
        };
        if sent {
            self.outgoing.sent(payload);
        }
        let codec = match self.meaning(payload_type) {
            Some(Meaning::Audio(codec)) => codec,
            _ => return,
        };
        if let Some(recording) = &mut self.recording {
            recording.sent(codec, packet.get(crate::rtp::HEADER..).unwrap_or_default());
        }
    }

    /// Sends a packet that the engine made.
    pub fn transmit_made(
        &mut self,
        feed: Feed,
        ticks: u32,
        payload_type: u8,
        packet: &mut [u8],
        now: Instant,
    ) {
        let place = self.outgoing.next(feed, ticks, now);
        self.transmit(place, payload_type, false, packet, now);
    }

    /// Takes a report of the peer's.
    pub fn hear_report(&mut self, packet: &[u8], now: Instant) {
        let Some(told) = rtcp::read(packet, self.outgoing.ssrc) else {
            return;
        };
        self.alive(now);
        if let Some(report) = told.last_report {
            self.peer_report = Some((report, now));
        }
        if let Some(echo) = told.echo {
            self.round_trip = rtcp::round_trip(echo, SystemTime::now()).or(self.round_trip);
        }
    }

    /// Sends a report when it is time; browsers are str0m's business.
    pub fn report(&mut self, now: Instant) {
        if now < self.report_at {
            return;
        }
        self.report_at = now + REPORT_INTERVAL;
        let Transport::Plain(plain) = &self.transport else {
            return;
        };
        if plain.remote().is_none() {
            return;
        }
        let clock = self.formats.first().map_or(8000, |format| format.codec.rtp_clock());
        let sent = (self.outgoing.packets > 0).then(|| rtcp::Sent {
            timestamp: self.outgoing.timestamp_at(clock, now),
            packets: self.outgoing.packets,
            bytes: self.outgoing.bytes,
        });
        let last = self.peer_report.map(|(report, at)| (report, now.duration_since(at)));
        let heard = self.reception.report().map(|block| (block, last));
        if sent.is_some() || heard.is_some() {
            plain.send_rtcp(&rtcp::compose(self.outgoing.ssrc, sent, heard, SystemTime::now()));
        }
    }

    /// Counters.
    pub fn stats(&self) -> Stats {
        Stats {
            packets_received: self.reception.packets,
            packets_sent: self.outgoing.packets,
            bytes_received: self.reception.bytes,
            bytes_sent: self.outgoing.bytes,
            packets_lost: self.reception.lost(),
            jitter_ms: self.reception.jitter_ms(),
            rtt_ms: self.round_trip.map(|trip| trip.as_secs_f64() * 1000.0),
            codec: self.last_codec.map(|codec| codec.name().to_owned()),
        }
    }

    /// As a list shows it.
    pub fn listing(&self) -> EndpointListing {
        EndpointListing {
            id: self.id,
            tag: self.tag.clone(),
            owner: self.owner.clone(),
            kind: self.kind,
            local: self.local.clone(),
            bridge: self.bridge.map(|(bridge, _)| bridge),
        }
    }
}

type Codecs = (Vec<AudioFormat>, Option<(u8, u32)>, Box<[Option<Meaning>; 128]>);

fn read_codecs(codecs: &[CodecSpec]) -> Result<Codecs, Failure> {
    let (mut formats, mut events, mut meanings) = (Vec::new(), None, Box::new([None; 128]));
    for spec in codecs {
        let slot = meanings
            .get_mut(usize::from(spec.payload_type))
            .ok_or_else(|| bad(format!("codecs: there is no payload type {}", spec.payload_type)))?;
        if spec.name.eq_ignore_ascii_case("telephone-event") {
            *slot = Some(Meaning::Events(spec.clock_rate));
            events = events.or(Some((spec.payload_type, spec.clock_rate)));
        } else if let Some(codec) = AudioCodec::from_name(&spec.name) {
            *slot = Some(Meaning::Audio(codec));
            formats.push(AudioFormat {
                codec,
                payload_type: spec.payload_type,
                opus: OpusSettings::from_fmtp(&spec.fmtp),
            });
        } else {
            return Err(Failure { code: "unsupported", text: format!("codecs: {} is not known", spec.name) });
        }
    }
    // Events in the clock of what we send come first (RFC 4733 §2.5.1.2: one clock for a stream).
    if let Some(format) = formats.first() {
        let fitting = codecs.iter().find(|spec| {
            spec.name.eq_ignore_ascii_case("telephone-event") && spec.clock_rate == format.codec.rtp_clock()
        });
        events = fitting.map(|spec| (spec.payload_type, spec.clock_rate)).or(events);
    }
    Ok((formats, events, meanings))
}

fn read_remote(remote: &Remote) -> Result<(Option<SocketAddr>, Option<SocketAddr>), Failure> {
    let address: IpAddr = remote
        .address
        .parse()
        .map_err(|_| bad(format!("remote.address: {} is no IP address", remote.address)))?;
    // Port 0 is a stream that was turned down, 0.0.0.0 the hold of old telephones (RFC 3264 §8.4).
    if remote.port == 0 || address.is_unspecified() {
        return Ok((None, None));
    }
    let rtcp = remote.rtcp_port.or_else(|| remote.port.checked_add(1));
    Ok((Some(SocketAddr::new(address, remote.port)), rtcp.map(|port| SocketAddr::new(address, port))))
}

fn bad(text: String) -> Failure {
    Failure { code: "bad-request", text }
}
