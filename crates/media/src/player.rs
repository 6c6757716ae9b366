//! Plays a source to an endpoint's peer, 20 ms at a time.

use std::time::{Duration, Instant};

use crate::audio::{AudioCodec, AudioError, Encoder, Filled, Library, Source};
use crate::control::SourceSpec;
use crate::endpoint::AudioFormat;
use crate::rtp::HEADER;

/// Length of a frame.
pub const FRAME: Duration = Duration::from_millis(20);
/// Behind by more than this, a schedule begins anew instead of catching up.
const LATE: Duration = Duration::from_millis(200);

/// What plays to a peer.
pub enum Player {
    /// A source of its own.
    Own(Box<OwnPlayer>),
    /// One that many hear; its frames come with those of the others.
    Shared {
        /// Number of the player.
        id: u64,
        /// Number of the source.
        source: u64,
    },
}

impl Player {
    /// Number.
    pub fn id(&self) -> u64 {
        match self {
            Self::Own(player) => player.id,
            Self::Shared { id, .. } => *id,
        }
    }

    /// The source that others hear as well.
    pub fn shared(&self) -> Option<u64> {
        match self {
            Self::Own(_) => None,
            Self::Shared { source, .. } => Some(*source),
        }
    }

    /// Takes the player out when its next frame is due at that moment; another moment is that of a player before it.
    pub fn take_due(player: &mut Option<Self>, at: Instant) -> Option<Box<OwnPlayer>> {
        match player.take_if(|player| matches!(player, Self::Own(own) if own.due == at))? {
            Self::Own(own) => Some(own),
            Self::Shared { .. } => None,
        }
    }
}

/// A source, an encoder and a schedule.
pub struct OwnPlayer {
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

/// What a player has to say.
pub enum Frame<'a> {
    /// A packet, with room for a header before the payload.
    Packet(&'a mut [u8]),
    /// Nothing yet: the disk is late.
    Later,
    /// It is over.
    End,
}

impl OwnPlayer {
    /// Opens the source.
    ///
    /// # Errors
    /// When there is no such file or it cannot be played.
    pub fn new(
        id: u64,
        spec: &SourceSpec,
        looped: bool,
        format: &AudioFormat,
        library: &mut Library,
        now: Instant,
    ) -> Result<Self, AudioError> {
        let rate = format.codec.sample_rate();
        Ok(Self {
            id,
            codec: format.codec,
            due: now,
            source: Source::open(spec, looped, rate, library)?,
            encoder: Encoder::new(format.codec, &format.opus)?,
            pcm: vec![0; format.codec.samples_per_frame()],
            packet: Vec::new(),
            encoded: Vec::new(),
            ended: false,
        })
    }

    /// The next frame.
    pub fn frame(&mut self, now: Instant) -> Frame<'_> {
        self.due = next_due(self.due, now);
        if self.ended {
            return Frame::End;
        }
        let filled = match self.source.fill(&mut self.pcm) {
            Filled::Later => return Frame::Later,
            Filled::Samples(0) => return Frame::End,
            Filled::Samples(filled) => filled,
        };
        self.pcm[filled..].fill(0);
        self.ended = filled < self.pcm.len();
        if let Err(error) = self.encoder.encode(&self.pcm, &mut self.encoded) {
            log::warn!("player {} ends: {error}", self.id);
            return Frame::End;
        }
        self.packet.clear();
        self.packet.resize(HEADER, 0);
        self.packet.extend_from_slice(&self.encoded);
        Frame::Packet(&mut self.packet)
    }
}

/// The frame after the one that was due.
pub fn next_due(due: Instant, now: Instant) -> Instant {
    let next = due + FRAME;
    if now > next + LATE { now + FRAME } else { next }
}
