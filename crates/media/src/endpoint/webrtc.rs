//! A browser's endpoint: ICE-lite, DTLS-SRTP and SRTP by str0m, RTP in and out of it.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::bwe::{Bitrate, BweKind};
use str0m::config::{DtlsCert, Fingerprint};
use str0m::media::{Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite, Ssrc, VideoOrientation};
use str0m::{Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc, RtcError};

use super::session::{Arrived, Session, Terms};
use crate::control::{Configure, Failure};
use crate::rtp::packet::is_rtcp;
use crate::video::VideoLine;
use crate::video::splice::Place;

/// Checks that are kept until we know the browser; it repeats them, so that the latest matter most.
const EARLY: usize = 16;
/// Longest of them: a binding request with all attributes of ICE (RFC 8445 §7.1).
const EARLY_LENGTH: usize = 300;

/// The certificate of this process, which all browsers see.
#[derive(Clone)]
pub struct Identity {
    certificate: DtlsCert,
    fingerprint: String,
}

impl Identity {
    /// Makes a certificate.
    ///
    /// # Errors
    /// When the cryptographic library cannot.
    pub fn generate() -> Result<Self, String> {
        let provider = str0m::crypto::from_feature_flags();
        let certificate =
            provider.dtls_provider.generate_certificate().ok_or("no DTLS certificate could be made")?;
        let mut prototype = Rtc::builder().set_dtls_cert(certificate.clone()).build(Instant::now());
        let fingerprint = write_fingerprint(prototype.direct_api().local_dtls_fingerprint());
        Ok(Self { certificate, fingerprint })
    }
}

/// What an input brought.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Decrypted packets, in order.
    pub packets: Vec<Arrived>,
    /// Video streams of which the peer needs a key frame.
    pub keyframes: Vec<usize>,
    /// When str0m wants to be called again.
    pub again: Option<Instant>,
    /// The connection is lost for good.
    pub failed: Option<String>,
    /// A sign of life other than RTP.
    pub alive: bool,
}

/// One browser.
pub struct Webrtc {
    socket: UdpSocket,
    local: SocketAddr,
    credentials: IceCreds,
    identity: Identity,
    ssrc: u32,
    session: Option<Session>,
    /// Checks that came before we knew the browser, with their senders.
    early: VecDeque<(SocketAddr, Vec<u8>)>,
    /// What the way to the browser carries, bit/s, and what is wished for.
    estimate: Option<u64>,
    desired: u64,
}

impl Webrtc {
    /// Takes a bound socket; `ssrc` is what we send with.
    ///
    /// # Errors
    /// When the socket has no address.
    pub fn new(socket: UdpSocket, identity: Identity, ssrc: u32) -> io::Result<Self> {
        let local = socket.local_addr()?;
        Ok(Self {
            socket,
            local,
            credentials: IceCreds::new(),
            identity,
            ssrc,
            session: None,
            early: VecDeque::new(),
            estimate: None,
            desired: 0,
        })
    }

    /// The socket of everything.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Username fragment, password and fingerprint for the SDP.
    pub fn credentials(&self) -> (&str, &str, &str) {
        (&self.credentials.ufrag, &self.credentials.pass, &self.identity.fingerprint)
    }

    /// Starts ICE and DTLS with the peer, or follows a change of its ICE credentials and of what was negotiated.
    ///
    /// # Errors
    /// `bad-request` for values that are missing or make no sense, `unsupported` for another certificate later on and
    /// for payload types of video that were not negotiated at first.
    pub fn configure(
        &mut self,
        request: &Configure,
        lines: &[VideoLine],
        now: Instant,
    ) -> Result<(), Failure> {
        let remote = &request.remote;
        let (Some(ufrag), Some(password), Some(fingerprint)) =
            (&remote.ice_ufrag, &remote.ice_pwd, &remote.fingerprint)
        else {
            return Err(bad("a browser's remote needs ice_ufrag, ice_pwd and fingerprint"));
        };
        if let Some(session) = &mut self.session {
            if session.fingerprint != *fingerprint {
                return Err(Failure {
                    code: "unsupported",
                    text: "the certificate of a connection cannot change".into(),
                });
            }
            session.renegotiate(lines)?;
            let credentials = (ufrag.clone(), password.clone());
            if session.remote != credentials {
                let creds = IceCreds { ufrag: ufrag.clone(), pass: password.clone() };
                session.rtc.direct_api().set_remote_ice_credentials(creds);
                session.remote = credentials;
            }
            return Ok(());
        }
        let mid = request.mid.as_deref().unwrap_or("0");
        let mid = if mid.is_empty() { Mid::from("0") } else { Mid::from(mid) };
        if lines.iter().any(|line| line.mid == mid || line.ssrc.0 == self.ssrc || line.ssrc.1 == self.ssrc) {
            return Err(bad("video: a stream has the mid or the SSRC of another one"));
        }
        let peer =
            parse_fingerprint(fingerprint).ok_or_else(|| bad("fingerprint: expected `sha-256 AA:BB:…`"))?;
        let terms = Terms::read(&request.codecs, lines, &request.extensions)?;
        let own = (self.identity.certificate.clone(), self.credentials.clone());
        let mut session = Session::new((terms, &request.codecs), own, (mid, self.ssrc), lines, now);
        let candidate =
            Candidate::host(self.local, Protocol::Udp).map_err(|error| bad(&error.to_string()))?;
        session.rtc.add_local_candidate(candidate);
        for candidate in remote.candidates.iter().filter_map(|text| Candidate::from_sdp_string(text).ok()) {
            session.rtc.add_remote_candidate(candidate);
        }
        let mut direct = session.rtc.direct_api();
        direct.set_remote_ice_credentials(IceCreds { ufrag: ufrag.clone(), pass: password.clone() });
        direct.set_ice_controlling(false);
        direct.set_remote_fingerprint(peer);
        direct
            .start_dtls(remote.dtls_setup.as_deref() == Some("active"))
            .map_err(|error| Failure { code: "failed", text: error.to_string() })?;
        session.remote = (ufrag.clone(), password.clone());
        session.fingerprint.clone_from(fingerprint);
        self.session = Some(session);
        Ok(())
    }

    /// Reads what waits at the socket, at most a few datagrams.
    pub fn receive(&mut self, buffer: &mut [u8], now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        for _ in 0..16 {
            let Ok((length, source)) = self.socket.recv_from(buffer) else {
                break;
            };
            self.datagram(source, &buffer[..length], now, &mut outcome);
            if outcome.failed.is_some() {
                break;
            }
        }
        outcome
    }

    fn datagram(&mut self, source: SocketAddr, packet: &[u8], now: Instant, outcome: &mut Outcome) {
        let local = self.local;
        let Some(session) = &mut self.session else {
            return self.keep(source, packet);
        };
        let Ok(receive) = Receive::new(Protocol::Udp, source, local, packet) else {
            return;
        };
        if matches!(packet.first(), Some(128..=191)) {
            outcome.alive |= is_rtcp(packet);
            if !session.expect(packet) {
                return;
            }
        }
        if let Err(error) = session.rtc.handle_input(Input::Receive(now, receive)) {
            // One bad datagram ends nothing; str0m says by `is_alive` when it gives up.
            log::debug!("{local}: {error}");
        }
        self.drive(now, outcome);
    }

    /// A browser may check its way to us as soon as it has our SDP, while its own is still on the way (RFC 8445 §7.3).
    fn keep(&mut self, source: SocketAddr, packet: &[u8]) {
        let is_request = packet.first() == Some(&0) && packet.get(1) == Some(&1);
        if is_request && packet.len() <= EARLY_LENGTH {
            self.early.push_back((source, packet.to_vec()));
            while self.early.len() > EARLY {
                self.early.pop_front();
            }
        }
    }

    /// Answers the checks that came early; to be called after [`Self::configure`].
    pub fn catch_up(&mut self, now: Instant) -> Outcome {
        let mut outcome = self.tick(now);
        for (source, packet) in std::mem::take(&mut self.early) {
            if self.session.is_some() {
                self.datagram(source, &packet, now, &mut outcome);
            }
        }
        outcome
    }

    /// Lets time pass: to be called when [`Outcome::again`] says.
    pub fn tick(&mut self, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(session) = &mut self.session
            && let Err(error) = session.rtc.handle_input(Input::Timeout(now))
        {
            outcome.failed = Some(error.to_string());
        }
        self.drive(now, &mut outcome);
        outcome
    }

    /// Encrypts and sends one packet; returns whether it went out.
    pub fn send(
        &mut self,
        payload_type: u8,
        sequence: u64,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
        now: Instant,
    ) -> bool {
        let ssrc = Ssrc::from(self.ssrc);
        let Some(session) = self.session.as_mut().filter(|session| session.rtc.is_connected()) else {
            return false;
        };
        let packet =
            RtpWrite::new(Pt::new_with_value(payload_type), sequence.into(), timestamp, now, payload)
                .marker(marker);
        let mut direct = session.rtc.direct_api();
        let Some(stream) = direct.stream_tx(&ssrc) else {
            return false;
        };
        stream.write_rtp(packet);
        let mut outcome = self.tick(now);
        // Nothing was received, so nothing but a failure can be in it, and the next tick reports that again.
        outcome.packets.clear();
        outcome.failed.is_none()
    }

    /// Encrypts one packet of video; it goes out at the next [`Self::tick`]. Returns whether it will.
    pub fn send_video(
        &mut self,
        (ssrc, payload_type): (u32, u8),
        place: Place,
        (marker, orientation): (bool, Option<VideoOrientation>),
        payload: Arc<[u8]>,
        now: Instant,
    ) -> bool {
        let Some(session) = self.session.as_mut().filter(|session| session.rtc.is_connected()) else {
            return false;
        };
        let mut direct = session.rtc.direct_api();
        let Some(stream) = direct.stream_tx(&Ssrc::from(ssrc)) else {
            return false;
        };
        let payload_type = Pt::new_with_value(payload_type);
        let mut packet = RtpWrite::new(payload_type, place.sequence.into(), place.timestamp, now, payload)
            .marker(marker)
            .nackable(true);
        if let Some(patch) = place.patch {
            packet = packet.vp8_patch(patch);
        }
        if orientation.is_some() {
            packet =
                packet.ext_vals(ExtensionValues { video_orientation: orientation, ..Default::default() });
        }
        stream.write_rtp(packet);
        true
    }

    /// Asks the peer for a key frame, at the next [`Self::tick`].
    pub fn ask_keyframe(&mut self, ssrc: u32) {
        if let Some(session) = &mut self.session {
            session.ask_keyframe(ssrc);
        }
    }

    /// Tells the peer what those who watch it can take, at the next [`Self::tick`].
    pub fn limit(&mut self, ssrc: u32, bits_per_second: u64) {
        if let Some(session) = &mut self.session {
            session.limit(ssrc, bits_per_second);
        }
    }

    /// What the way to the peer carries, bit/s, where the peer helps to measure it.
    pub fn estimate(&self) -> Option<u64> {
        self.estimate
    }

    /// Says how much there is to send, so that the estimate is tried out up to there; small changes do not matter.
    pub fn desire(&mut self, bits_per_second: u64) {
        if bits_per_second.abs_diff(self.desired) * 5 > self.desired
            && let Some(session) = &mut self.session
        {
            self.desired = bits_per_second;
            session.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(bits_per_second));
        }
    }

    fn drive(&mut self, now: Instant, outcome: &mut Outcome) {
        let Some(session) = &mut self.session else {
            return;
        };
        loop {
            match session.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    outcome.again =
                        Some(at.max(now + Duration::from_millis(1)).min(now + Duration::from_secs(5)));
                    break;
                }
                Ok(Output::Transmit(transmit)) => {
                    // A datagram that the system does not take is lost, as on any network.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Ok(Output::Event(Event::EgressBitrateEstimate(kind))) => {
                    self.estimate = match kind {
                        BweKind::Twcc { estimate, .. } | BweKind::Remb { estimate, .. } => {
                            Some(estimate.as_u64())
                        }
                        _ => self.estimate,
                    };
                }
                Ok(Output::Event(event)) => outcome.note(event, session),
                Err(error) => {
                    outcome.failed = Some(describe(&error));
                    break;
                }
            }
        }
        if !session.rtc.is_alive() && outcome.failed.is_none() {
            outcome.failed = Some("the connection was closed".into());
        }
        if outcome.failed.is_some() {
            self.session = None;
        }
    }
}

impl Outcome {
    fn note(&mut self, event: Event, session: &mut Session) {
        match event {
            Event::RtpPacket(packet) => self.packets.extend(session.sort(packet)),
            Event::KeyframeRequest(request) => self.keyframes.extend(session.line_of(request.mid)),
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.failed = Some("no answer to ICE any more".into());
            }
            _ => {}
        }
    }
}

fn describe(error: &RtcError) -> String {
    error.to_string()
}

fn bad(text: &str) -> Failure {
    Failure { code: "bad-request", text: text.into() }
}

fn write_fingerprint(fingerprint: &Fingerprint) -> String {
    let bytes: Vec<String> = fingerprint.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{} {}", fingerprint.hash_func, bytes.join(":"))
}

fn parse_fingerprint(text: &str) -> Option<Fingerprint> {
    let (hash, bytes) = text.trim().split_once(' ')?;
    let bytes: Option<Vec<u8>> = bytes.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    Some(Fingerprint { hash_func: hash.to_ascii_lowercase(), bytes: bytes?.into_iter().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written() {
        let identity = Identity::generate().expect("a certificate");
        let parsed = parse_fingerprint(&identity.fingerprint).expect("our own form");
        assert_eq!((parsed.hash_func.as_str(), parsed.bytes.len()), ("sha-256", 32));
        assert_eq!(write_fingerprint(&parsed), identity.fingerprint);
        assert!(parse_fingerprint("sha-256").is_none());
        assert!(parse_fingerprint("sha-256 XY").is_none());
    }

    proptest! {
        #[test]
        fn any_words_are_refused_or_a_fingerprint(
            text in "\\PC{0,120}|sha-(1|256) ([0-9A-Fa-f]{1,3}:){0,40}[0-9A-F]{2}",
        ) {
            let _ = parse_fingerprint(&text);
        }
    }
}
