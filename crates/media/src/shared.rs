//! A source that many hear, as music on hold: decoded once, encoded once for each codec.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::audio::{AudioError, Encoder, Filled, Library, Resampler, Source};
use crate::control::{SourceListing, SourceSpec};
use crate::endpoint::AudioFormat;
use crate::player::next_due;
use crate::rtp::HEADER;

/// Samples a second of the source itself: what Opus can make use of.
const RATE: u32 = 48_000;
const FRAME: usize = RATE as usize / 50;

/// One source. Without a listener it stands still.
pub struct SharedSource {
    /// The client's name for it.
    pub tag: String,
    /// When the next frame is due.
    pub due: Instant,
    /// Endpoints and their players.
    pub listeners: BTreeMap<u64, u64>,
    source: Source,
    pcm: Vec<i16>,
    voices: Vec<Voice>,
    over: bool,
}

/// The source in one codec.
struct Voice {
    format: AudioFormat,
    resampler: Resampler,
    encoder: Encoder,
    samples: Vec<i16>,
    encoded: Vec<u8>,
    used: bool,
}

impl SharedSource {
    /// Opens it.
    ///
    /// # Errors
    /// As a player's source.
    pub fn new(
        tag: String,
        spec: &SourceSpec,
        looped: bool,
        library: &mut Library,
        now: Instant,
    ) -> Result<Self, AudioError> {
        Ok(Self {
            tag,
            due: now,
            listeners: BTreeMap::new(),
            source: Source::open(spec, looped, RATE, library)?,
            pcm: vec![0; FRAME],
            voices: Vec::new(),
            over: false,
        })
    }

    /// Goes on by 20 ms: `Samples(0)` when the source is over.
    pub fn advance(&mut self, now: Instant) -> Filled {
        self.due = next_due(self.due, now);
        if self.over {
            return Filled::Samples(0);
        }
        let filled = self.source.fill(&mut self.pcm);
        if let Filled::Samples(length) = filled {
            self.over = length < FRAME;
            self.pcm[length..].fill(0);
            self.voices.retain(|voice| voice.used);
            for voice in &mut self.voices {
                voice.speak(&self.pcm);
            }
        }
        filled
    }

    /// The frame in an endpoint's codec, behind room for a header; `packet` is overwritten.
    ///
    /// The first frame for a codec that nobody heard before is as good as any other.
    pub fn packet(&mut self, format: &AudioFormat, packet: &mut Vec<u8>) {
        let index = match self.voices.iter().position(|voice| voice.suits(format)) {
            Some(index) => index,
            None => match Voice::new(format) {
                Ok(mut voice) => {
                    voice.speak(&self.pcm);
                    self.voices.push(voice);
                    self.voices.len() - 1
                }
                Err(error) => return log::error!("{}: {error}", format.codec.name()),
            },
        };
        let voice = &mut self.voices[index];
        voice.used = true;
        packet.clear();
        packet.resize(HEADER, 0);
        packet.extend_from_slice(&voice.encoded);
    }

    /// As a list shows it.
    pub fn listing(&self, id: u64) -> SourceListing {
        SourceListing { id, tag: self.tag.clone(), listeners: self.listeners.keys().copied().collect() }
    }
}

impl Voice {
    fn new(format: &AudioFormat) -> Result<Self, AudioError> {
        Ok(Self {
            format: format.clone(),
            resampler: Resampler::new(RATE, format.codec.sample_rate()),
            encoder: Encoder::new(format.codec, &format.opus)?,
            samples: Vec::new(),
            encoded: Vec::new(),
            used: true,
        })
    }

    fn suits(&self, format: &AudioFormat) -> bool {
        (self.format.codec, &self.format.opus) == (format.codec, &format.opus)
    }

    fn speak(&mut self, pcm: &[i16]) {
        self.used = false;
        self.samples.clear();
        self.resampler.push(pcm, &mut self.samples);
        if let Err(error) = self.encoder.encode(&self.samples, &mut self.encoded) {
            self.encoded.clear();
            log::debug!("{}: {error}", self.format.codec.name());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::AudioCodec;

    #[test]
    fn listeners_of_one_codec_hear_the_same_bytes() {
        let spec = SourceSpec::Tone {
            frequencies: vec![500.0],
            cadence: vec![],
            level_dbm0: -10.0,
            duration_ms: None,
        };
        let now = Instant::now();
        let mut source =
            SharedSource::new("music".into(), &spec, true, &mut Library::start(), now).expect("a tone");
        let format = |codec| AudioFormat { codec, payload_type: 8, opus: Default::default() };
        let (mut one, mut other) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            assert_eq!(source.advance(now), Filled::Samples(FRAME));
            source.packet(&format(AudioCodec::Pcma), &mut one);
            source.packet(&format(AudioCodec::Pcma), &mut other);
            assert_eq!((one.len(), &one), (HEADER + 160, &other));
            source.packet(&format(AudioCodec::G722), &mut other);
            assert_ne!(one, other);
        }
        assert_eq!(source.voices.len(), 2);
        source.advance(now);
        source.advance(now);
        assert!(source.voices.is_empty(), "codecs that nobody hears are forgotten");
    }
}
