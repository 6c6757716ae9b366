//! Hands what a peer says and hears to the writer.

use std::path::PathBuf;
use std::time::Instant;

use crate::audio::{AudioCodec, AudioError, RecordingWriter, Reel};
use crate::control::What;
use crate::control::message::RecordLimits;
use crate::player::next_due;
use crate::tracks::Tracks;

/// Samples a second in the file: what G.722 and wideband Opus speech need.
pub const RATE: u32 = 16_000;
/// Frames of silence that are held back at most, a minute: longer ones stay in the file.
const LONGEST_PAUSE: usize = 3_000;
/// Mean square of a frame that counts as silence: -45 dBm0.
const SILENT: f32 = 8_200.0;

/// One recording.
pub struct Recording {
    /// When the next frame is due.
    pub due: Instant,
    reel: Reel,
    tracks: Tracks,
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
    /// Begins a file now.
    ///
    /// # Errors
    /// As [`RecordingWriter::open`].
    pub fn begin(
        id: u64,
        path: PathBuf,
        (what, limits): (What, RecordLimits),
        writer: &RecordingWriter,
        now: Instant,
    ) -> Result<Self, AudioError> {
        let tracks = Tracks::new(what, RATE);
        Ok(Self {
            due: now + crate::player::FRAME,
            reel: writer.open(id, path, tracks.channels(), RATE)?,
            tracks,
            limits,
            frames: 0,
            quiet: 0,
            held: Vec::new(),
            spoken: false,
        })
    }

    /// Number.
    pub fn id(&self) -> u64 {
        self.reel.id()
    }

    /// Completes the file.
    pub fn finish(self) {
        self.reel.finish();
    }

    /// Takes a packet of the peer's.
    pub fn received(&mut self, codec: AudioCodec, payload: &[u8]) {
        self.tracks.received(codec, payload);
    }

    /// Takes a packet to the peer.
    pub fn sent(&mut self, codec: AudioCodec, payload: &[u8]) {
        self.tracks.sent(codec, payload);
    }

    /// Hands the next 20 ms to the writer; false when the recording is over.
    pub fn frame(&mut self, now: Instant) -> bool {
        self.due = next_due(self.due, now);
        let frame = self.tracks.frame();
        self.frames += 1;
        self.quiet = if is_silent(&frame) { self.quiet + 1 } else { 0 };
        self.write(frame);
        let reached = |limit: Option<u32>, frames: u32| limit.is_some_and(|limit| frames * 20 >= limit);
        !reached(self.limits.limit_ms, self.frames) && !reached(self.limits.silence_ms, self.quiet)
    }

    fn write(&mut self, frame: Vec<i16>) {
        self.spoken |= self.quiet == 0;
        if !self.limits.trim || self.quiet == 0 || self.held.len() >= LONGEST_PAUSE {
            for held in self.held.drain(..) {
                self.reel.write(held);
            }
            self.reel.write(frame);
        } else if self.spoken {
            self.held.push(frame);
        }
    }
}

fn is_silent(frame: &[i16]) -> bool {
    let energy: f32 = frame.iter().map(|sample| f32::from(*sample) * f32::from(*sample)).sum();
    energy / frame.len().max(1) as f32 <= SILENT
}
