//! Endpoints: where the media of one leg ends.

mod formats;
mod latch;
mod plain;
mod protection;
mod reports;
mod session;
mod video;
mod webrtc;

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::audio::{AudioCodec, Counts, KeyEar, KeyVoice, Playout};
use crate::control::fax::T38Spec;
use crate::control::{Configure, Direction, DtmfMethod, EndpointListing, Failure, Kind, Local, Remote};
use crate::fax;
use crate::player::Player;
use crate::recording::Recording;
use crate::rtp::{Outgoing, Reception, dtmf, outgoing::Feed};
use crate::tap::Tap;
use crate::translation::Translation;
use crate::video::VideoLine;

use protection::Protection;
use reports::Reports;

pub use formats::{AudioFormat, Formats, Meaning};
pub use plain::Plain;
pub use session::Arrived;
pub use video::Shown;
pub use webrtc::{Identity, Outcome, Webrtc};

/// How packets get to the peer; which of both is told where what every packet needs begins.
#[repr(u8)]
pub enum Transport {
    /// Plain RTP.
    Plain(Plain),
    /// A browser.
    Webrtc(Box<Webrtc>),
}

/// Digits on their way to a peer.
pub enum Digits {
    /// By RFC 4733.
    Events(dtmf::Sender),
    /// As tones.
    Tones(Box<KeyVoice>),
}

/// One endpoint. What nearly every packet asks comes first and in this order, so that it has to fetch few lines of memory:
/// between two packets of a leg the processor sees those of all others.
#[repr(C, align(64))]
pub struct Endpoint {
    /// Number.
    pub id: u64,
    /// The bridge and the endpoint at its other side.
    pub bridge: Option<(u64, u64)>,
    heard: Instant,
    started: bool,
    silent: bool,
    /// From our side.
    pub direction: Direction,
    last_codec: Option<AudioCodec>,
    /// How the peer gets and sends digits.
    pub dtmf: DtmfMethod,
    /// The peer's digits are the client's business alone.
    pub keep_digits: bool,
    /// Hears keys in what the peer says, where they come as tones.
    pub ear: Option<Box<KeyEar>>,
    /// What was negotiated.
    pub formats: Formats,
    /// What is recorded.
    pub recording: Option<Box<Recording>>,
    /// What the peer says, at an even pace for the room.
    pub playout: Option<Box<Playout>>,
    /// What the bridge partner hears of it, where the codecs differ.
    pub translation: Option<Box<Translation>>,
    /// Who listens besides.
    pub taps: Vec<Tap>,
    /// What plays to the peer instead of the bridge.
    pub player: Option<Player>,
    /// The fax that speaks instead of everything else, and where it hears.
    pub fax: Option<(u64, fax::Inbox)>,
    /// Digits on their way to the peer.
    pub digits: Option<Digits>,
    /// The peer speaks T.38 instead of RTP.
    pub t38: Option<fax::T38Settings>,
    /// What the peer hears.
    pub outgoing: Outgoing,
    /// What arrives.
    pub reception: Reception,
    /// How packets get to the peer.
    pub transport: Transport,
    /// The client's name for it.
    pub tag: String,
    /// The client that made it.
    pub owner: String,
    /// The room it is in.
    pub room: Option<u64>,
    /// Digits of the peer.
    pub presses: dtmf::Receiver,
    /// Video streams, in the order in which they were negotiated.
    pub video: Vec<VideoLine>,
    /// A telephone event's timestamps, the peer's and the bridge partner's.
    pub event: Option<(u32, u32)>,
    /// Until when a browser's timer is armed.
    pub armed: Option<Instant>,
    local: Local,
    kind: Kind,
    timeout: Option<Duration>,
    reports: Reports,
    /// Of buffers that are gone.
    counted: Counts,
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
            formats: Formats::default(),
            dtmf: DtmfMethod::default(),
            keep_digits: false,
            ear: None,
            direction: Direction::Inactive,
            reception: Reception::default(),
            outgoing,
            bridge: None,
            player: None,
            digits: None,
            room: None,
            playout: None,
            fax: None,
            t38: None,
            recording: None,
            taps: Vec::new(),
            presses: dtmf::Receiver::default(),
            translation: None,
            video: Vec::new(),
            event: None,
            armed: None,
            local: birth.local,
            kind: birth.kind,
            timeout: None,
            heard: now,
            started: false,
            silent: false,
            last_codec: None,
            reports: Reports::new(now),
            counted: Counts::default(),
        }
    }

    /// What became of packets in this endpoint's buffers.
    pub fn counts(&self) -> Counts {
        let room = self.playout.as_ref().map(|playout| playout.counts()).unwrap_or_default();
        let bridge = self.translation.as_ref().map(|translation| translation.counts()).unwrap_or_default();
        self.counted + room + bridge
    }

    /// Takes the room's buffer away, or gives another one.
    pub fn listen_by(&mut self, playout: Option<Box<Playout>>) {
        self.counted = self.counted + self.playout.take().map(|playout| playout.counts()).unwrap_or_default();
        self.playout = playout;
    }

    /// Takes the bridge's buffer away, or gives another one.
    pub fn translate_by(&mut self, translation: Option<Box<Translation>>) {
        if let Some(before) = std::mem::replace(&mut self.translation, translation) {
            self.counted = self.counted + before.counts();
        }
    }

    /// Takes what was negotiated; repeated by every re-INVITE.
    ///
    /// # Errors
    /// `bad-request` names the field; nothing has changed then.
    pub fn configure(&mut self, request: &Configure, now: Instant) -> Result<(), Failure> {
        let formats = Formats::read(&request.codecs)?;
        let t38 = request.t38.as_ref().map(T38Spec::settings).transpose()?;
        if t38.is_some() && matches!(self.transport, Transport::Webrtc(_)) {
            return Err(bad("t38: a browser does not speak it".into()));
        }
        let timeout = match request.timeout {
            // Who receives a fax by T.38 is silent for minutes; its own timers end it.
            _ if t38.is_some() => None,
            None => None,
            Some(seconds) if seconds > 0.0 && seconds < 1e6 => Some(Duration::from_secs_f64(seconds)),
            Some(seconds) => return Err(bad(format!("timeout: {seconds} is no positive number of seconds"))),
        };
        let negotiated = match self.transport {
            Transport::Plain(_) if !request.video.is_empty() => {
                return Err(Failure { code: "unsupported", text: "video: browsers only".into() });
            }
            Transport::Plain(_) => None,
            Transport::Webrtc(_) => Some(self.negotiate_video(&request.video)?),
        };
        match &mut self.transport {
            Transport::Plain(plain) => {
                let (rtp, rtcp) = read_remote(&request.remote)?;
                let protection = request.remote.crypto.as_ref().map(Protection::new).transpose()?;
                plain
                    .configure(rtp, rtcp, request.remote.rtcp_mux)
                    .map_err(|error| Failure { code: "failed", text: error.to_string() })?;
                match t38 {
                    Some(_) => plain.speak_clear(),
                    None => plain.protect(protection),
                }
            }
            Transport::Webrtc(webrtc) => {
                let before = negotiated.unwrap_or_default();
                if let Err(failure) = webrtc.configure(request, &self.video, now) {
                    self.restore_video(&before);
                    return Err(failure);
                }
            }
        }
        self.t38 = t38;
        self.formats = formats;
        self.dtmf = request.dtmf;
        self.keep_digits = request.keep_digits;
        match request.dtmf {
            DtmfMethod::Inband => _ = self.ear.get_or_insert_default(),
            DtmfMethod::Events | DtmfMethod::Info => self.ear = None,
        }
        self.direction = request.direction;
        self.timeout = timeout;
        self.heard = now;
        self.silent = false;
        self.event = None;
        Ok(())
    }

    /// The number of a codec here, if it was negotiated.
    pub fn payload_type(&self, codec: AudioCodec) -> Option<u8> {
        self.formats.payload_type(codec)
    }

    /// Whether bridged audio may go out: nothing else plays, and the direction allows it.
    pub fn open_for_bridge(&self) -> bool {
        self.player.is_none() && self.fax.is_none() && self.digits.is_none() && self.direction.sends()
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
        if self.recording.is_none() && self.taps.is_empty() {
            return;
        }
        let codec = match self.formats.meaning(payload_type) {
            Some(Meaning::Audio(codec)) => codec,
            _ => return,
        };
        if let Some(recording) = &mut self.recording {
            recording.sent(codec, packet.get(crate::rtp::HEADER..).unwrap_or_default());
        }
        for tap in &mut self.taps {
            tap.sent(codec, packet.get(crate::rtp::HEADER..).unwrap_or_default());
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

    /// As a list shows it.
    pub fn listing(&self) -> EndpointListing {
        EndpointListing {
            id: self.id,
            tag: self.tag.clone(),
            owner: self.owner.clone(),
            kind: self.kind,
            local: self.local.clone(),
            bridge: self.bridge.map(|(bridge, _)| bridge),
            room: self.room,
        }
    }
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
