//! What str0m must know of a browser: payload types, header extensions, streams; and which of them a packet belongs to.

use std::time::Instant;

use str0m::config::DtlsCert;
use str0m::format::{Codec, FormatParams};
use str0m::media::{Frequency, KeyframeRequestKind, MediaKind, Mid, Pt, Rid};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket, Ssrc};
use str0m::{IceCreds, Rtc, RtcConfig};

use crate::control::video::ExtensionSpec;
use crate::control::{CodecSpec, Failure};
use crate::rtp::packet::is_rtcp;
use crate::video::{MAX_FORMATS, VideoCodec, VideoLine};

/// SSRCs that a browser may use for audio before further ones are ignored; one microphone uses one.
const MAX_SOURCES: usize = 8;
/// SSRCs of everything else; three layers with retransmissions of two cameras use a dozen.
const MAX_SSRCS: usize = 128;
/// Packets that are kept to be sent again, of each video stream: two seconds at 2 Mbit/s.
const RESENDABLE: usize = 512;
/// How long they are kept.
const RESENDABLE_FOR: std::time::Duration = std::time::Duration::from_secs(2);
/// What a viewer's network is taken to carry before anything is known of it, bit/s.
const FIRST_ESTIMATE: u64 = 1_000_000;

/// The extensions that are made use of.
const EXTENSIONS: [Extension; 6] = [
    Extension::RtpMid,
    Extension::RtpStreamId,
    Extension::RepairedRtpStreamId,
    Extension::TransportSequenceNumber,
    Extension::AbsoluteSendTime,
    Extension::VideoOrientation,
];

/// What was negotiated when the connection began; str0m takes it then and never again.
#[derive(Debug, Default)]
pub struct Terms {
    /// All payload types, and retransmissions with what they repair.
    types: Vec<(u8, Option<u8>, Codec)>,
    /// Payload types of audio, a bit each.
    audio: u128,
    extensions: Vec<(u8, Extension)>,
}

/// A connection.
pub struct Session {
    /// Of str0m.
    pub rtc: Rtc,
    /// The peer's ICE user fragment and password.
    pub remote: (String, String),
    /// The peer's certificate.
    pub fingerprint: String,
    terms: Terms,
    audio_mid: Mid,
    audio_sources: Vec<u32>,
    seen: Vec<u32>,
    lines: Vec<(Mid, Vec<Option<Rid>>)>,
    /// SSRCs of video, with stream and layer.
    known: Vec<(u32, usize, usize)>,
}

/// A packet of the peer's, decrypted.
#[derive(Debug)]
pub enum Arrived {
    /// Audio, events, noise.
    Audio(RtpPacket),
    /// Video.
    Video {
        /// Which stream.
        line: usize,
        /// Which of its layers.
        layer: usize,
        /// The packet.
        packet: RtpPacket,
    },
}

impl Terms {
    /// Reads what was negotiated.
    ///
    /// # Errors
    /// `bad-request` for payload types that mean two things.
    pub fn read(
        codecs: &[CodecSpec],
        lines: &[VideoLine],
        extensions: &[ExtensionSpec],
    ) -> Result<Self, Failure> {
        let mut terms = Self::default();
        for spec in codecs {
            let codec = match spec.name.to_ascii_lowercase().as_str() {
                "opus" => Codec::Opus,
                "pcma" => Codec::PCMA,
                "pcmu" => Codec::PCMU,
                "g722" => Codec::G722,
                "telephone-event" => Codec::Tele,
                _ => continue,
            };
            terms.audio |= 1 << (spec.payload_type & 0x7f);
            terms.types.push((spec.payload_type, None, codec));
        }
        for format in lines.iter().flat_map(|line| &line.formats) {
            let codec = match format.codec {
                VideoCodec::Vp8 => Codec::Vp8,
                VideoCodec::Vp9 => Codec::Vp9,
                VideoCodec::H264 => Codec::H264,
            };
            let wanted = (format.payload_type, format.resend, codec);
            let taken = |number: u8| {
                terms.types.iter().find(|known| known.0 == number || known.1 == Some(number)).copied()
            };
            match taken(format.payload_type).or_else(|| format.resend.and_then(taken)) {
                Some(known) if known == wanted => {}
                Some(_) => {
                    let text = format!("video: payload type {} means two things", format.payload_type);
                    return Err(Failure { code: "bad-request", text });
                }
                None => terms.types.push(wanted),
            }
        }
        if terms.types.len() > MAX_FORMATS {
            let text = format!("video: {} formats, at most {MAX_FORMATS}", terms.types.len());
            return Err(Failure { code: "bad-request", text });
        }
        for spec in extensions.iter().filter(|spec| (1..=14).contains(&spec.id)) {
            if let Some(known) = EXTENSIONS.iter().find(|known| known.as_uri() == spec.uri) {
                terms.extensions.push((spec.id, known.clone()));
            }
        }
        Ok(terms)
    }

    /// Whether a session that began with these can carry what has been negotiated anew.
    fn cover(&self, lines: &[VideoLine]) -> bool {
        let known = |number: u8, resend: Option<u8>| {
            self.types
                .iter()
                .any(|(known, repair, _)| *known == number && (resend.is_none() || *repair == resend))
        };
        lines.iter().flat_map(|line| &line.formats).all(|format| known(format.payload_type, format.resend))
    }

    fn has(&self, wanted: &Extension) -> bool {
        self.extensions.iter().any(|(_, extension)| extension == wanted)
    }

    /// Whether the peer tells of each packet when it came.
    fn measures(&self) -> bool {
        self.has(&Extension::TransportSequenceNumber)
    }

    fn is_audio(&self, payload_type: u8) -> bool {
        self.audio >> (payload_type & 0x7f) & 1 == 1
    }

    fn build(
        &self,
        codecs: &[CodecSpec],
        certificate: DtlsCert,
        credentials: IceCreds,
        video: bool,
    ) -> RtcConfig {
        let mut map = ExtensionMap::empty();
        for (id, extension) in &self.extensions {
            map.set(*id, extension.clone());
        }
        let mut config = Rtc::builder()
            .set_rtp_mode(true)
            .set_ice_lite(true)
            .set_dtls_cert(certificate)
            .set_local_ice_credentials(credentials)
            .set_extension_map(map)
            .clear_codecs();
        if video && self.measures() {
            config = config.enable_bwe(Some(str0m::bwe::Bitrate::bps(FIRST_ESTIMATE)));
        }
        for (number, resend, codec) in &self.types {
            let spec = codecs.iter().find(|spec| spec.payload_type == *number && self.is_audio(*number));
            let clock = match spec {
                None => Frequency::NINETY_KHZ,
                Some(spec) if spec.clock_rate == 48_000 => Frequency::FORTY_EIGHT_KHZ,
                Some(_) => Frequency::EIGHT_KHZ,
            };
            let channels = spec.map(|spec| spec.channels).filter(|channels| *channels > 1);
            let (number, resend) = (Pt::new_with_value(*number), resend.map(Pt::new_with_value));
            config.codec_config().add_config(
                number,
                resend,
                *codec,
                clock,
                channels,
                FormatParams::default(),
            );
        }
        config
    }
}

impl Session {
    /// A connection that has not begun; streams are declared already.
    pub fn new(
        (terms, codecs): (Terms, &[CodecSpec]),
        (certificate, credentials): (DtlsCert, IceCreds),
        (audio_mid, audio_ssrc): (Mid, u32),
        lines: &[VideoLine],
        now: Instant,
    ) -> Self {
        let rtc = terms.build(codecs, certificate, credentials, !lines.is_empty()).build(now);
        let mut session = Self {
            rtc,
            remote: Default::default(),
            fingerprint: String::new(),
            terms,
            audio_mid,
            audio_sources: Vec::new(),
            seen: Vec::new(),
            lines: Vec::new(),
            known: Vec::new(),
        };
        let measures = session.terms.measures();
        let mut direct = session.rtc.direct_api();
        direct.declare_media(audio_mid, MediaKind::Audio);
        direct.declare_stream_tx(Ssrc::from(audio_ssrc), None, audio_mid, None).set_unpaced(true);
        if measures {
            direct.enable_twcc_feedback();
        }
        session.declare(lines);
        session
    }

    /// Declares streams that are new.
    fn declare(&mut self, lines: &[VideoLine]) {
        for line in lines.iter().skip(self.lines.len()) {
            let mut direct = self.rtc.direct_api();
            let media = direct.declare_media(line.mid, MediaKind::Video);
            for rid in line.layers.iter().filter_map(|layer| layer.rid) {
                media.expect_rid_rx(rid);
            }
            let (ssrc, resend) = line.ssrc;
            // Whatever is negotiated for this stream later: retransmissions have somewhere to go.
            let resends = self.terms.types.iter().any(|(_, resend, _)| resend.is_some());
            let resend = resends.then(|| Ssrc::from(resend));
            let stream = direct.declare_stream_tx(Ssrc::from(ssrc), resend, line.mid, None);
            // The sender has paced it already; waiting once more would only add delay.
            stream.set_unpaced(true);
            stream.set_rtx_cache(RESENDABLE, RESENDABLE_FOR, Some(0.15));
            self.lines.push((line.mid, line.layers.iter().map(|layer| layer.rid).collect()));
        }
    }

    /// Follows another negotiation.
    ///
    /// # Errors
    /// `unsupported` for payload types that were not negotiated when the connection began.
    pub fn renegotiate(&mut self, lines: &[VideoLine]) -> Result<(), Failure> {
        if !self.terms.cover(lines) {
            let text = "video: its payload types must be negotiated when the connection begins".into();
            return Err(Failure { code: "unsupported", text });
        }
        self.declare(lines);
        Ok(())
    }

    /// Looks at a datagram before str0m does. False: it is not worth decrypting.
    ///
    /// Tells str0m of a source before its first packet where nothing in the packet does: our SDP names no SSRC of the
    /// browser's, and neither must the browser's.
    pub fn expect(&mut self, packet: &[u8]) -> bool {
        let Some(&[_, kind, _, _, _, _, _, _, a, b, c, d]) = packet.first_chunk() else {
            return false;
        };
        if is_rtcp(packet) {
            return true;
        }
        let (ssrc, payload_type) = (u32::from_be_bytes([a, b, c, d]), kind & 0x7f);
        let connected = self.rtc.is_connected();
        if self.terms.is_audio(payload_type) {
            let new = !self.audio_sources.contains(&ssrc);
            if new && connected && self.audio_sources.len() < MAX_SOURCES {
                self.audio_sources.push(ssrc);
                let mut direct = self.rtc.direct_api();
                direct.expect_stream_rx(Ssrc::from(ssrc), None, self.audio_mid, None).suppress_nack(true);
            }
            return self.audio_sources.contains(&ssrc);
        }
        if self.seen.contains(&ssrc) {
            return true;
        }
        if self.seen.len() >= MAX_SSRCS || !connected {
            return self.seen.len() < MAX_SSRCS;
        }
        self.seen.push(ssrc);
        if !self.terms.has(&Extension::RtpMid)
            && let Some((mid, _)) = self.lines.first()
        {
            // RFC 8843 §9.2: by the payload type, where nothing else tells.
            self.rtc.direct_api().expect_stream_rx(Ssrc::from(ssrc), None, *mid, None);
        }
        true
    }

    /// Finds out which stream a packet belongs to. None: a stream that nobody declared.
    pub fn sort(&mut self, packet: RtpPacket) -> Option<Arrived> {
        if self.terms.is_audio(*packet.header.payload_type) {
            return Some(Arrived::Audio(packet));
        }
        let ssrc = *packet.header.ssrc;
        let known =
            self.known.iter().find(|(known, ..)| *known == ssrc).map(|(_, line, layer)| (*line, *layer));
        let (line, layer) = match known {
            Some(known) => known,
            None => self.place(ssrc)?,
        };
        Some(Arrived::Video { line, layer, packet })
    }

    fn place(&mut self, ssrc: u32) -> Option<(usize, usize)> {
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_rx(&Ssrc::from(ssrc))?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let line = self.lines.iter().position(|(own, _)| *own == mid)?;
        let layer = self.lines.get(line)?.1.iter().position(|own| *own == rid)?;
        self.known.retain(|(_, known_line, known_layer)| (*known_line, *known_layer) != (line, layer));
        self.known.push((ssrc, line, layer));
        Some((line, layer))
    }

    /// Asks the peer for a key frame (PLI, RFC 4585 §6.3.1).
    pub fn ask_keyframe(&mut self, ssrc: u32) {
        if let Some(stream) = self.rtc.direct_api().stream_rx(&Ssrc::from(ssrc)) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
    }

    /// Tells the peer to send no more than this (REMB).
    pub fn limit(&mut self, ssrc: u32, bits_per_second: u64) {
        if let Some(stream) = self.rtc.direct_api().stream_rx(&Ssrc::from(ssrc)) {
            stream.request_remb(str0m::bwe::Bitrate::bps(bits_per_second));
        }
    }

    /// Which stream this is.
    pub fn line_of(&self, mid: Mid) -> Option<usize> {
        self.lines.iter().position(|(own, _)| *own == mid)
    }
}
