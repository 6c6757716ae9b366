//! Takes what a peer says and hears, brings both to one clock, and hands frames to the writer.

use std::collections::VecDeque;
use std::time::Instant;

use crate::audio::{AudioCodec, Decoder, RecordingWriter, Resampler};
use crate::control::What;
use crate::control::message::RecordLimits;
use crate::player::next_due;

/// Samples a second in the file: what G.722 and wideband Opus speech need.
pub const RATE: u32 = 16_000;
const FRAME: usize = RATE as usize / 50;
/// Collected before a stream that paused is heard again: two packets of jitter.
const CUSHION: usize = 2 * FRAME;
/// Frames of silence that are held back at most, a minute: longer ones stay in the file.
const LONGEST_PAUSE: usize = 3_000;
/// Mean square of a frame that counts as silence: -45 dBm0.
const SILENT: f32 = 8_200.0;
/// More than this is late speech that nobody waits for.
const MOST: usize = RATE as usize;

/// One recording.
pub struct Recording {
    /// Number.
    pub id: u64,
    /// When the next frame is due.
    pub due: Instant,
    received: Option<Track>,
    sent: Option<Track>,
    mixed: bool,
    limits: RecordLimits,
    /// Frames so far.
    frames: u32,
    /// Of these, silent ones at the end.
    quiet: u32,
    /// Silence that is written only when somebody speaks again.
    held: Vec<Vec<i16>>,
    spoken: bool,
}

impl Recording {
    /// Begins now.
    pub fn new(id: u64, what: What, limits: RecordLimits, now: Instant) -> Self {
        Self {
            id,
            due: now + crate::player::FRAME,
            received: (what != What::Sent).then(Track::default),
            sent: (what != What::Received).then(Track::default),
            mixed: what == What::Mixed,
            limits,
            frames: 0,
            quiet: 0,
            held: Vec::new(),
            spoken: false,
        }
    }

    /// How many channels the file has.
    pub fn channels(&self) -> u16 {
        if self.mixed { 1 } else { u16::from(self.received.is_some()) + u16::from(self.sent.is_some()) }
    }

    /// Takes a packet of the peer's.
    pub fn received(&mut self, codec: AudioCodec, payload: &[u8]) {
        if let Some(track) = &mut self.received {
            track.take(codec, payload);
        }
    }

    /// Takes a packet to the peer.
    pub fn sent(&mut self, codec: AudioCodec, payload: &[u8]) {
        if let Some(track) = &mut self.sent {
            track.take(codec, payload);
        }
    }

    /// Hands the next 20 ms to the writer; false when the recording is over.
    pub fn frame(&mut self, writer: &RecordingWriter, now: Instant) -> bool {
        self.due = next_due(self.due, now);
        let tracks: Vec<Vec<i16>> =
            [&mut self.received, &mut self.sent].into_iter().flatten().map(Track::frame).collect();
        let frame = match tracks.as_slice() {
            [one, other] if self.mixed => {
                one.iter().zip(other).map(|(one, other)| one.saturating_add(*other)).collect()
            }
            [left, right] => left.iter().zip(right).flat_map(|(left, right)| [*left, *right]).collect(),
            [only] => only.clone(),
            _ => return false,
        };
        self.frames += 1;
        self.quiet = if is_silent(&frame) { self.quiet + 1 } else { 0 };
        self.write(writer, frame);
        let reached = |limit: Option<u32>, frames: u32| limit.is_some_and(|limit| frames * 20 >= limit);
        !reached(self.limits.limit_ms, self.frames) && !reached(self.limits.silence_ms, self.quiet)
    }

    fn write(&mut self, writer: &RecordingWriter, frame: Vec<i16>) {
        self.spoken |= self.quiet == 0;
        if !self.limits.trim || self.quiet == 0 || self.held.len() >= LONGEST_PAUSE {
            for held in self.held.drain(..) {
                writer.write(self.id, held);
            }
            writer.write(self.id, frame);
        } else if self.spoken {
            self.held.push(frame);
        }
    }
}

fn is_silent(frame: &[i16]) -> bool {
    let energy: f32 = frame.iter().map(|sample| f32::from(*sample) * f32::from(*sample)).sum();
    energy / frame.len().max(1) as f32 <= SILENT
}

/// One direction.
#[derive(Default)]
struct Track {
    decoder: Option<(AudioCodec, Decoder, Resampler)>,
    samples: VecDeque<i16>,
    running: bool,
    decoded: Vec<i16>,
    resampled: Vec<i16>,
}

impl Track {
    fn take(&mut self, codec: AudioCodec, payload: &[u8]) {
        if self.decoder.as_ref().is_none_or(|(current, ..)| *current != codec) {
            self.decoder = Decoder::new(codec)
                .ok()
                .map(|decoder| (codec, decoder, Resampler::new(codec.sample_rate(), RATE)));
        }
        let Some((_, decoder, resampler)) = &mut self.decoder else {
            return;
        };
        self.decoded.clear();
        self.resampled.clear();
        if decoder.decode(payload, &mut self.decoded).is_ok() {
            resampler.push(&self.decoded, &mut self.resampled);
            self.samples.extend(&self.resampled);
            let excess = self.samples.len().saturating_sub(MOST);
            self.samples.drain(..excess);
        }
    }

    fn frame(&mut self) -> Vec<i16> {
        self.running = self.samples.len() >= if self.running { 1 } else { CUSHION };
        let available = if self.running { self.samples.len().min(FRAME) } else { 0 };
        let mut frame: Vec<i16> = self.samples.drain(..available).collect();
        frame.resize(FRAME, 0);
        frame
    }
}
