//! What was negotiated: payload types and what they mean.

use crate::audio::{AudioCodec, OpusSettings};
use crate::control::{CodecSpec, Failure};

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
    /// Comfort noise (RFC 3389) with this clock.
    Noise(u32),
}

/// Everything of an answer that concerns payload types.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Formats {
    /// The first audio codec and its number, which nearly every packet has: found without looking any further.
    usual: Option<(AudioCodec, u8)>,
    /// Audio, ours to send first.
    pub audio: Vec<AudioFormat>,
    /// Payload type and clock of telephone events.
    pub events: Option<(u8, u32)>,
    /// Payload type and clock of comfort noise.
    pub noise: Option<(u8, u32)>,
    /// A handful at most, so that looking through them is quickest.
    meanings: Vec<(u8, Meaning)>,
}

impl Formats {
    /// Reads what a client says was negotiated.
    ///
    /// # Errors
    /// `bad-request` for a payload type that cannot be, `unsupported` for a codec that is not known.
    pub fn read(codecs: &[CodecSpec]) -> Result<Self, Failure> {
        let mut formats = Self::default();
        for spec in codecs {
            if spec.payload_type > 127 {
                let text = format!("codecs: there is no payload type {}", spec.payload_type);
                return Err(Failure { code: "bad-request", text });
            }
            let format = (spec.payload_type, spec.clock_rate);
            let meaning = if spec.name.eq_ignore_ascii_case("telephone-event") {
                formats.events = formats.events.or(Some(format));
                Meaning::Events(spec.clock_rate)
            } else if spec.name.eq_ignore_ascii_case("CN") {
                formats.noise = formats.noise.or(Some(format));
                Meaning::Noise(spec.clock_rate)
            } else if let Some(codec) = AudioCodec::from_name(&spec.name) {
                let opus = OpusSettings::from_fmtp(&spec.fmtp);
                formats.audio.push(AudioFormat { codec, payload_type: spec.payload_type, opus });
                Meaning::Audio(codec)
            } else {
                let text = format!("codecs: {} is not known", spec.name);
                return Err(Failure { code: "unsupported", text });
            };
            formats.meanings.push((spec.payload_type, meaning));
        }
        formats.prefer_events_of_our_clock(codecs);
        let first = formats.audio.first().map(|format| (format.codec, format.payload_type));
        formats.usual =
            first.filter(|(codec, number)| formats.meaning(*number) == Some(Meaning::Audio(*codec)));
        Ok(formats)
    }

    /// What a payload type means.
    pub fn meaning(&self, payload_type: u8) -> Option<Meaning> {
        if let Some((codec, _)) = self.usual.filter(|(_, number)| *number == payload_type) {
            return Some(Meaning::Audio(codec));
        }
        self.meanings.iter().find(|(number, _)| *number == payload_type).map(|(_, meaning)| *meaning)
    }

    /// The number of a codec, if it was negotiated.
    pub fn payload_type(&self, codec: AudioCodec) -> Option<u8> {
        if let Some((_, number)) = self.usual.filter(|(usual, _)| *usual == codec) {
            return Some(number);
        }
        self.audio.iter().find(|format| format.codec == codec).map(|format| format.payload_type)
    }

    /// Events in the clock of what we send come first (RFC 4733 §2.5.1.2: one clock for a stream).
    fn prefer_events_of_our_clock(&mut self, codecs: &[CodecSpec]) {
        let Some(clock) = self.audio.first().map(|format| format.codec.rtp_clock()) else {
            return;
        };
        let fitting = codecs
            .iter()
            .find(|spec| spec.name.eq_ignore_ascii_case("telephone-event") && spec.clock_rate == clock);
        self.events = fitting.map(|spec| (spec.payload_type, spec.clock_rate)).or(self.events);
    }
}
