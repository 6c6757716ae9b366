//! Plays a source to an endpoint's peer, 20 ms at a time.

use std::time::{Duration, Instant};

use crate::audio::{AudioCodec, AudioError, Encoder, Source};
use crate::control::SourceSpec;
use crate::endpoint::AudioFormat;
use crate::rtp::HEADER;

/// Length of a frame.
pub const FRAME: Duration = Duration::from_millis(20);
/// Behind by more than this, a schedule begins anew instead of catching up.
const LATE: Duration = Duration::from_millis(200);

/// A source, an encoder and a schedule.
pub struct Player {
    /// Number.
    pub id: u64,
    /// What it is encoded as.
    pub codec: AudioCodec,
    /// When the next frame is due.
    pub due: Instant,
    source: Source,
    encoder: Encoder,
    pcm: Vec<i16>,
    packet: Vec<u8>,
    encoded: Vec<u8>,
    ended: bool,
}

impl Player {
    /// Opens the source.
    ///
    /// # Errors
    /// When there is no such file or it is no WAV file that can be played.
    pub fn new(
        id: u64,
        spec: &SourceSpec,
        looped: bool,
        format: &AudioFormat,
        now: Instant,
    ) -> Result<Self, AudioError> {
        let rate = format.codec.sample_rate();
        Ok(Self {
            id,
            codec: format.codec,
            due: now,
            source: Source::open(spec, looped, rate)?,
            encoder: Encoder::new(format.codec, &format.opus)?,
            pcm: vec![0; format.codec.samples_per_frame()],
            packet: Vec::new(),
            encoded: Vec::new(),
            ended: false,
        })
    }

    /// The next frame, with room for a header before it; None at the end.
    pub fn frame(&mut self, now: Instant) -> Option<&mut [u8]> {
        self.due = next_due(self.due, now);
        if self.ended {
            return None;
        }
        let filled = self.source.fill(&mut self.pcm);
        if filled == 0 {
            return None;
        }
        self.pcm[filled..].fill(0);
        self.ended = filled < self.pcm.len();
        if let Err(error) = self.encoder.encode(&self.pcm, &mut self.encoded) {
            log::warn!("player {} ends: {error}", self.id);
            return None;
        }
        self.packet.clear();
        self.packet.resize(HEADER, 0);
        self.packet.extend_from_slice(&self.encoded);
        Some(&mut self.packet)
    }
}

/// The frame after the one that was due.
pub fn next_due(due: Instant, now: Instant) -> Instant {
    let next = due + FRAME;
    if now > next + LATE { now + FRAME } else { next }
}
