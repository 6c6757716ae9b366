//! From one codec to another, packet by packet.

use audio_codec_algorithms::{convert_alaw_to_ulaw, convert_ulaw_to_alaw};

use super::{AudioCodec, AudioError, Decoder, Encoder, OpusSettings, Resampler};

/// Takes packets of one codec and makes frames of 20 ms of another.
pub struct Transcoder {
    way: Way,
    to: AudioCodec,
    payload: Vec<u8>,
}

enum Way {
    /// A-law and µ-law differ by a table (ITU-T G.711, tables 3 and 4); the length of the packet stays.
    Table(fn(u8) -> u8),
    Samples(Box<Samples>),
}

struct Samples {
    decoder: Decoder,
    resampler: Resampler,
    encoder: Encoder,
    decoded: Vec<i16>,
    waiting: Vec<i16>,
}

impl Transcoder {
    /// Between two different codecs; `opus` is what the hearer wants if `to` is Opus.
    ///
    /// # Errors
    /// When Opus has no memory.
    pub fn new(from: AudioCodec, to: AudioCodec, opus: &OpusSettings) -> Result<Self, AudioError> {
        let way = match (from, to) {
            (AudioCodec::Pcma, AudioCodec::Pcmu) => Way::Table(convert_alaw_to_ulaw),
            (AudioCodec::Pcmu, AudioCodec::Pcma) => Way::Table(convert_ulaw_to_alaw),
            _ => Way::Samples(Box::new(Samples {
                decoder: Decoder::new(from)?,
                resampler: Resampler::new(from.sample_rate(), to.sample_rate()),
                encoder: Encoder::new(to, opus)?,
                decoded: Vec::new(),
                waiting: Vec::new(),
            })),
        };
        Ok(Self { way, to, payload: Vec::new() })
    }

    /// Takes a packet; `emit` gets every payload that is complete and its length in ticks of the RTP timestamp.
    ///
    /// A packet that cannot be decoded is left out.
    pub fn transcode(&mut self, payload: &[u8], emit: &mut dyn FnMut(&[u8], u32)) {
        match &mut self.way {
            Way::Table(convert) => {
                self.payload.clear();
                self.payload.extend(payload.iter().map(|byte| convert(*byte)));
                emit(&self.payload, self.to.ticks_of(&self.payload));
            }
            Way::Samples(samples) => {
                samples.decoded.clear();
                if let Err(error) = samples.decoder.decode(payload, &mut samples.decoded) {
                    return log::debug!("a packet is left out: {error}");
                }
                samples.encode(self.to, &mut self.payload, emit);
            }
        }
    }

    /// Makes up frames of 20 ms for packets that were lost; between the two G.711 the hearer does that itself.
    pub fn conceal(&mut self, frames: usize, emit: &mut dyn FnMut(&[u8], u32)) {
        if let Way::Samples(samples) = &mut self.way {
            for _ in 0..frames {
                samples.decoded.clear();
                samples.decoder.conceal(&mut samples.decoded);
                samples.encode(self.to, &mut self.payload, emit);
            }
        }
    }
}

impl Samples {
    fn encode(&mut self, to: AudioCodec, payload: &mut Vec<u8>, emit: &mut dyn FnMut(&[u8], u32)) {
        self.resampler.push(&self.decoded, &mut self.waiting);
        let length = to.samples_per_frame();
        let whole = self.waiting.len() - self.waiting.len() % length;
        for frame in self.waiting[..whole].chunks_exact(length) {
            match self.encoder.encode(frame, payload) {
                Ok(()) => emit(payload, to.rtp_ticks_per_frame()),
                Err(error) => log::debug!("a frame is left out: {error}"),
            }
        }
        self.waiting.drain(..whole);
    }
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;

    const ALL: [AudioCodec; 4] = [AudioCodec::Pcma, AudioCodec::Pcmu, AudioCodec::G722, AudioCodec::Opus];

    #[test]
    fn a_tone_survives_every_pair() {
        for (from, to) in
            ALL.iter().flat_map(|from| ALL.map(|to| (*from, to))).filter(|(from, to)| from != to)
        {
            let settings = OpusSettings::default();
            let mut encoder = Encoder::new(from, &settings).expect("an encoder");
            let mut transcoder = Transcoder::new(from, to, &settings).expect("a transcoder");
            let mut decoder = Decoder::new(to).expect("a decoder");
            let (mut payload, mut heard, mut ticks) = (Vec::new(), Vec::new(), 0);
            for frame in sine(1000.0, -10.0, from.sample_rate()).chunks(from.samples_per_frame()) {
                encoder.encode(frame, &mut payload).expect("a frame");
                transcoder.transcode(&payload, &mut |payload, length| {
                    ticks += length;
                    decoder.decode(payload, &mut heard).expect("a packet");
                });
            }
            assert_eq!(ticks, to.rtp_clock(), "{from:?} to {to:?}: a second stays a second");
            let rate = to.sample_rate();
            let level = level_of(1000.0, &heard[rate as usize / 5..], rate);
            assert!((level + 10.0).abs() < 1.5, "{from:?} to {to:?}: {level} dBm0");
        }
    }

    #[test]
    fn packets_of_another_length_become_frames() {
        let mut transcoder =
            Transcoder::new(AudioCodec::Pcma, AudioCodec::Opus, &OpusSettings::default()).expect("one");
        let mut frames = 0;
        for _ in 0..10 {
            transcoder.transcode(&[0xd5; 240], &mut |_, _| frames += 1);
        }
        assert_eq!(frames, 15, "ten packets of 30 ms");
        transcoder.conceal(3, &mut |_, _| frames += 1);
        assert_eq!(frames, 18);
    }
}
