//! G.711 (ITU-T G.711), G.722 (ITU-T G.722) and Opus (RFC 6716, RFC 7587), mono, in frames of 20 ms.

use audio_codec_algorithms::{
    convert_alaw_to_ulaw, convert_ulaw_to_alaw, decode_alaw, decode_ulaw, encode_alaw, encode_ulaw,
};
use ezk_g722::libg722::Bitrate;
use ezk_g722::libg722::decoder::Decoder as G722Decoder;
use ezk_g722::libg722::encoder::Encoder as G722Encoder;
use opus::{Application, Channels};

use super::AudioError;
use crate::ffi::spandsp::Concealer;

/// Of Opus, in bit/s: wideband speech without audible loss (RFC 6716 §2.1.1).
const OPUS_BITRATE: i32 = 32_000;
/// Of Opus, 0–10: what a conversation needs; 10 costs twice as much.
const OPUS_COMPLEXITY: i32 = 5;
/// Loss that Opus reckons with where the peer takes copies, in percent: with 5 at this bit rate it sends none.
const OPUS_LOSS: i32 = 10;
/// Longest Opus packet, 120 ms at 48 kHz.
const OPUS_LONGEST: usize = 5760;
/// Largest Opus frame (RFC 6716 §3.4).
const OPUS_LARGEST: usize = 1275;

/// The codecs that are decoded and encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722 at 64 kbit/s.
    G722,
    /// Opus.
    Opus,
}

impl AudioCodec {
    /// By its name in SDP.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pcma, Self::Pcmu, Self::G722, Self::Opus]
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// Its name in SDP.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// Whether it is G.711, which has no memory and carries modems.
    pub fn is_g711(self) -> bool {
        matches!(self, Self::Pcma | Self::Pcmu)
    }

    /// Ticks of the RTP timestamp a second; G.722's are a historical error that stays (RFC 3551 §4.5.2).
    pub fn rtp_clock(self) -> u32 {
        if self == Self::Opus { 48_000 } else { 8_000 }
    }

    /// Samples a second after decoding.
    pub fn sample_rate(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8_000,
            Self::G722 => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Samples in 20 ms.
    pub fn samples_per_frame(self) -> usize {
        self.sample_rate() as usize / 50
    }

    /// Ticks of the RTP timestamp in 20 ms.
    pub fn rtp_ticks_per_frame(self) -> u32 {
        self.rtp_clock() / 50
    }

    /// Ticks of the RTP timestamp that a payload lasts.
    pub fn ticks_of(self, payload: &[u8]) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu | Self::G722 => payload.len() as u32,
            Self::Opus => opus::packet::get_nb_samples(payload, 48_000).map_or(960, |samples| samples as u32),
        }
    }
}

/// What a peer wants of our Opus (RFC 7587 §6.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpusSettings {
    /// `maxaveragebitrate`, bit/s.
    pub max_average_bitrate: Option<i32>,
    /// `useinbandfec`.
    pub use_inband_fec: bool,
    /// `usedtx`.
    pub use_dtx: bool,
    /// `cbr`.
    pub constant_bitrate: bool,
}

impl OpusSettings {
    /// Reads `a=fmtp`; what is not known is passed over, as RFC 7587 §7.1 wants.
    pub fn from_fmtp(fmtp: &str) -> Self {
        let mut settings = Self::default();
        for (name, value) in fmtp.split(';').filter_map(|parameter| parameter.split_once('=')) {
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "maxaveragebitrate" => {
                    settings.max_average_bitrate =
                        value.parse().ok().map(|rate: i32| rate.clamp(6_000, 510_000))
                }
                "useinbandfec" => settings.use_inband_fec = value == "1",
                "usedtx" => settings.use_dtx = value == "1",
                "cbr" => settings.constant_bitrate = value == "1",
                _ => {}
            }
        }
        settings
    }
}

/// How bytes of one G.711 become the other's (ITU-T G.711, tables 3 and 4); None between other codecs.
pub fn between_g711(from: AudioCodec, to: AudioCodec) -> Option<fn(u8) -> u8> {
    match (from, to) {
        (AudioCodec::Pcma, AudioCodec::Pcmu) => Some(convert_alaw_to_ulaw),
        (AudioCodec::Pcmu, AudioCodec::Pcma) => Some(convert_ulaw_to_alaw),
        _ => None,
    }
}

/// The samples of a packet of G.711, which has no memory; None for another codec.
pub fn decode_g711(codec: AudioCodec, payload: &[u8]) -> Option<Vec<i16>> {
    let decode = match codec {
        AudioCodec::Pcma => decode_alaw,
        AudioCodec::Pcmu => decode_ulaw,
        AudioCodec::G722 | AudioCodec::Opus => return None,
    };
    Some(payload.iter().map(|byte| decode(*byte)).collect())
}

/// From packets to samples.
pub struct Decoder {
    codec: AudioCodec,
    machine: Decoding,
    last: Vec<i16>,
    concealed: u32,
}

enum Decoding {
    Table(fn(u8) -> i16, Concealer),
    G722(Box<G722Decoder>),
    Opus(opus::Decoder),
}

impl Decoder {
    /// A decoder that has heard nothing.
    ///
    /// # Errors
    /// When a library has no memory.
    pub fn new(codec: AudioCodec) -> Result<Self, AudioError> {
        let concealer = || Concealer::new().ok_or_else(|| AudioError::Codec("no memory".into()));
        let machine = match codec {
            AudioCodec::Pcma => Decoding::Table(decode_alaw, concealer()?),
            AudioCodec::Pcmu => Decoding::Table(decode_ulaw, concealer()?),
            AudioCodec::G722 => {
                Decoding::G722(Box::new(G722Decoder::new(Bitrate::Mode1_64000, false, false)))
            }
            AudioCodec::Opus => Decoding::Opus(opus::Decoder::new(48_000, Channels::Mono)?),
        };
        Ok(Self { codec, machine, last: Vec::new(), concealed: 0 })
    }

    /// Appends the samples of one packet, at the codec's sample rate.
    ///
    /// # Errors
    /// A packet that is no such codec's.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), AudioError> {
        let start = out.len();
        match &mut self.machine {
            Decoding::Table(decode, concealer) => {
                out.extend(payload.iter().map(|byte| decode(*byte)));
                concealer.heard(&mut out[start..]);
            }
            Decoding::G722(decoder) => out.extend(decoder.decode(payload)),
            Decoding::Opus(decoder) => {
                out.resize(start + OPUS_LONGEST, 0);
                let decoded = decoder.decode(payload, &mut out[start..], false);
                out.truncate(start + *decoded.as_ref().unwrap_or(&0));
                decoded?;
            }
        }
        if matches!(self.machine, Decoding::G722(_)) {
            self.concealed = 0;
            self.last.clear();
            self.last.extend_from_slice(&out[start..]);
        }
        Ok(())
    }

    /// Appends 20 ms for a packet that was lost, out of the one behind it where the speaker put a copy into that
    /// (Opus, RFC 6716 §2.1.7); else as [`Self::conceal`].
    pub fn recover(&mut self, next: &[u8], out: &mut Vec<i16>) {
        let (start, length) = (out.len(), self.codec.samples_per_frame());
        if let Decoding::Opus(decoder) = &mut self.machine {
            out.resize(start + length, 0);
            match decoder.decode(next, &mut out[start..], true) {
                Ok(_) => return,
                Err(_) => out.truncate(start),
            }
        }
        self.conceal(out);
    }

    /// Appends 20 ms for a packet that was lost: the voice goes on in its period and fades; G.722 repeats itself ever
    /// more quietly.
    pub fn conceal(&mut self, out: &mut Vec<i16>) {
        let (start, length) = (out.len(), self.codec.samples_per_frame());
        out.resize(start + length, 0);
        match &mut self.machine {
            Decoding::Opus(decoder) => {
                if let Err(error) = decoder.decode(&[], &mut out[start..], false) {
                    log::debug!("concealment: {error}");
                }
                return;
            }
            Decoding::Table(_, concealer) => return concealer.fill(&mut out[start..]),
            Decoding::G722(_) => {}
        }
        self.concealed += 1;
        if self.last.is_empty() {
            return;
        }
        let divisor = 1i16 << self.concealed.min(14);
        for (sample, past) in out[start..].iter_mut().zip(self.last.iter().cycle()) {
            *sample = past / divisor;
        }
    }
}

/// From samples to packets.
pub struct Encoder {
    machine: Encoding,
}

enum Encoding {
    Table(fn(i16) -> u8),
    G722(Box<G722Encoder>),
    Opus(opus::Encoder),
}

impl Encoder {
    /// An encoder that has said nothing.
    ///
    /// # Errors
    /// When Opus has no memory or refuses the settings.
    pub fn new(codec: AudioCodec, settings: &OpusSettings) -> Result<Self, AudioError> {
        let machine = match codec {
            AudioCodec::Pcma => Encoding::Table(encode_alaw),
            AudioCodec::Pcmu => Encoding::Table(encode_ulaw),
            AudioCodec::G722 => {
                Encoding::G722(Box::new(G722Encoder::new(Bitrate::Mode1_64000, false, false)))
            }
            AudioCodec::Opus => Encoding::Opus(opus_encoder(settings)?),
        };
        Ok(Self { machine })
    }

    /// Encodes 20 ms of samples at the codec's sample rate; `out` holds the payload and nothing else afterwards.
    ///
    /// # Errors
    /// When Opus refuses, as for a frame of another length.
    pub fn encode(&mut self, pcm: &[i16], out: &mut Vec<u8>) -> Result<(), AudioError> {
        out.clear();
        match &mut self.machine {
            Encoding::Table(encode) => out.extend(pcm.iter().map(|sample| encode(*sample))),
            Encoding::G722(encoder) => out.extend(encoder.encode(pcm)),
            Encoding::Opus(encoder) => {
                out.resize(OPUS_LARGEST, 0);
                let length = encoder.encode(pcm, out);
                out.truncate(*length.as_ref().unwrap_or(&0));
                length?;
            }
        }
        Ok(())
    }
}

fn opus_encoder(settings: &OpusSettings) -> Result<opus::Encoder, AudioError> {
    let mut encoder = opus::Encoder::new(48_000, Channels::Mono, Application::Voip)?;
    let bitrate = settings.max_average_bitrate.unwrap_or(OPUS_BITRATE).min(OPUS_BITRATE);
    encoder.set_bitrate(opus::Bitrate::Bits(bitrate))?;
    encoder.set_complexity(OPUS_COMPLEXITY)?;
    encoder.set_inband_fec(settings.use_inband_fec)?;
    encoder.set_packet_loss_perc(if settings.use_inband_fec { OPUS_LOSS } else { 0 })?;
    encoder.set_dtx(settings.use_dtx)?;
    encoder.set_vbr(!settings.constant_bitrate)?;
    Ok(encoder)
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;
    use crate::damage::damaged;
    use proptest::prelude::*;

    const ALL: [AudioCodec; 4] = [AudioCodec::Pcma, AudioCodec::Pcmu, AudioCodec::G722, AudioCodec::Opus];

    #[test]
    fn a_tone_survives_every_codec() {
        for codec in ALL {
            let mut encoder = Encoder::new(codec, &OpusSettings::default()).expect("an encoder");
            let mut decoder = Decoder::new(codec).expect("a decoder");
            let (mut payload, mut heard) = (Vec::new(), Vec::new());
            for frame in sine(1000.0, -10.0, codec.sample_rate()).chunks(codec.samples_per_frame()) {
                encoder.encode(frame, &mut payload).expect("a frame");
                assert_eq!(codec.ticks_of(&payload), codec.rtp_ticks_per_frame());
                decoder.decode(&payload, &mut heard).expect("our own packet");
            }
            let rate = codec.sample_rate();
            assert_eq!(heard.len(), rate as usize, "{codec:?}");
            let level = level_of(1000.0, &heard[rate as usize / 5..], rate);
            assert!((level + 10.0).abs() < 1.0, "{codec:?}: {level} dBm0");
        }
    }

    #[test]
    fn what_is_made_up_fades() {
        for codec in [AudioCodec::Pcma, AudioCodec::G722] {
            let mut encoder = Encoder::new(codec, &OpusSettings::default()).expect("an encoder");
            let mut decoder = Decoder::new(codec).expect("a decoder");
            let (mut payload, mut out, rate) = (Vec::new(), Vec::new(), codec.sample_rate());
            for frame in sine(400.0, -10.0, rate).chunks(codec.samples_per_frame()).take(5) {
                encoder.encode(frame, &mut payload).expect("a frame");
                decoder.decode(&payload, &mut out).expect("our own packet");
            }
            let levels: Vec<f32> = (0..4)
                .map(|_| {
                    out.clear();
                    decoder.conceal(&mut out);
                    level_of(400.0, &out, rate)
                })
                .collect();
            assert!(levels.windows(2).all(|pair| pair[1] < pair[0] - 1.5), "{codec:?}: {levels:?}");
            assert!(levels[0] > -18.0 && levels[3] < -24.0, "{codec:?}: {levels:?}");
        }
    }

    #[test]
    fn a_lost_packet_is_in_the_one_behind_it() {
        let settings = OpusSettings { use_inband_fec: true, ..OpusSettings::default() };
        let mut encoder = Encoder::new(AudioCodec::Opus, &settings).expect("an encoder");
        let (mut packets, rate) = (Vec::new(), 48_000);
        // A voice in syllables of 70 ms: what was said in a packet cannot be guessed from the one before.
        let voiced = |n: usize| {
            let phase = std::f32::consts::TAU * 140.0 * n as f32 / 48_000.0;
            let buzz: f32 = (1..12).map(|harmonic| (phase * harmonic as f32).sin() / harmonic as f32).sum();
            if (n / 3_360).is_multiple_of(2) { 5000.0 * buzz } else { 0.0 }
        };
        let voice: Vec<i16> = (0..48_000).map(|n| voiced(n) as i16).collect();
        for frame in voice.chunks(960) {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload).expect("a frame");
            packets.push(payload);
        }
        let hear = |recover: bool| {
            let mut decoder = Decoder::new(AudioCodec::Opus).expect("a decoder");
            let mut out = Vec::new();
            for (number, packet) in packets.iter().enumerate() {
                match (number % 10, recover) {
                    (7, true) => decoder.recover(&packets[number + 1], &mut out),
                    (7, false) => decoder.conceal(&mut out),
                    _ => decoder.decode(packet, &mut out).expect("our own packet"),
                }
            }
            out
        };
        let mut decoder = Decoder::new(AudioCodec::Opus).expect("a decoder");
        let mut whole = Vec::new();
        for packet in &packets {
            decoder.decode(packet, &mut whole).expect("our own packet");
        }
        let distance = |heard: &[i16]| -> f64 {
            let differ = |(a, b): (&i16, &i16)| (f64::from(*a) - f64::from(*b)).powi(2);
            heard.iter().zip(&whole).map(differ).sum()
        };
        assert_eq!((whole.len(), hear(true).len()), (rate, rate));
        let (recovered, guessed) = (distance(&hear(true)), distance(&hear(false)));
        assert!(recovered < guessed / 2.0, "{recovered:.3e} and {guessed:.3e}");
    }

    #[test]
    fn fmtp_is_read_leniently() {
        let settings =
            OpusSettings::from_fmtp("minptime=10; useinbandfec=1;MaxAverageBitrate=20000;stereo=1;x");
        assert_eq!(
            settings,
            OpusSettings {
                max_average_bitrate: Some(20_000),
                use_inband_fec: true,
                ..OpusSettings::default()
            }
        );
    }

    /// A second of speech-like sound as Opus, each packet with a copy of the one before.
    fn opus_packets() -> Vec<Vec<u8>> {
        let settings = OpusSettings { use_inband_fec: true, use_dtx: true, ..OpusSettings::default() };
        let mut encoder = Encoder::new(AudioCodec::Opus, &settings).expect("an encoder");
        let mut packet = Vec::new();
        let encode = |frame: &[i16]| {
            encoder.encode(frame, &mut packet).expect("a frame");
            packet.clone()
        };
        sine(250.0, -10.0, 48_000).chunks(960).map(encode).collect()
    }

    proptest! {
        /// The first byte (TOC) says how long a packet is and how many frames are in it (RFC 6716 §3.1).
        #[test]
        fn damaged_opus_is_refused_or_heard(packets in proptest::collection::vec(
            damaged(proptest::sample::select(opus_packets())), 1..4,
        )) {
            let mut decoder = Decoder::new(AudioCodec::Opus).expect("a decoder");
            for packet in packets {
                let mut out = Vec::new();
                prop_assert!(AudioCodec::Opus.ticks_of(&packet) <= OPUS_LONGEST as u32);
                decoder.recover(&packet, &mut out);
                let _ = decoder.decode(&packet, &mut out);
                prop_assert!(out.len() <= 960 + OPUS_LONGEST);
            }
        }

        #[test]
        fn any_words_are_settings(fmtp in "\\PC{0,80}|(maxaveragebitrate|useinbandfec|cbr)=[-0-9]{0,20}") {
            let settings = OpusSettings::from_fmtp(&fmtp);
            prop_assert!(settings.max_average_bitrate.is_none_or(|rate| (6_000..=510_000).contains(&rate)));
        }

        #[test]
        fn no_packet_panics(payload in proptest::collection::vec(any::<u8>(), 0..400)) {
            for codec in ALL {
                let mut decoder = Decoder::new(codec).expect("a decoder");
                let mut out = Vec::new();
                let _ = decoder.decode(&payload, &mut out);
                let _ = codec.ticks_of(&payload);
                prop_assert!(out.len() <= OPUS_LONGEST);
            }
        }
    }
}
