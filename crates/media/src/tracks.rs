//! Both directions of a leg at one clock, 20 ms at a time: for recordings and taps.

use std::collections::VecDeque;

use crate::audio::{AudioCodec, Decoder, Resampler};
use crate::control::What;

/// Frames collected before a stream that paused is heard again: two packets of jitter.
const CUSHION: usize = 2;
/// Frames kept at most, a second: more than this is late speech that nobody waits for.
const MOST: usize = 50;

/// What a leg's peer says, hears, or both.
pub struct Tracks {
    received: Option<Track>,
    sent: Option<Track>,
    mixed: bool,
}

impl Tracks {
    /// Of these directions, at a sample rate.
    pub fn new(what: What, rate: u32) -> Self {
        Self {
            received: (what != What::Sent).then(|| Track::new(rate)),
            sent: (what != What::Received).then(|| Track::new(rate)),
            mixed: what == What::Mixed,
        }
    }

    /// How many channels a frame has.
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

    /// The next 20 ms, channels interleaved: first what the peer says.
    pub fn frame(&mut self) -> Vec<i16> {
        let received = self.received.as_mut().map(Track::frame);
        let sent = self.sent.as_mut().map(Track::frame);
        match (received, sent) {
            (Some(one), Some(other)) if self.mixed => {
                one.iter().zip(&other).map(|(one, other)| one.saturating_add(*other)).collect()
            }
            (Some(left), Some(right)) => {
                left.iter().zip(&right).flat_map(|(left, right)| [*left, *right]).collect()
            }
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => Vec::new(),
        }
    }
}

/// One direction.
struct Track {
    rate: u32,
    decoder: Option<(AudioCodec, Decoder, Resampler)>,
    samples: VecDeque<i16>,
    running: bool,
    decoded: Vec<i16>,
    resampled: Vec<i16>,
}

impl Track {
    fn new(rate: u32) -> Self {
        let (decoded, resampled) = (Vec::new(), Vec::new());
        Self { rate, decoder: None, samples: VecDeque::new(), running: false, decoded, resampled }
    }

    fn length(&self) -> usize {
        self.rate as usize / 50
    }

    fn take(&mut self, codec: AudioCodec, payload: &[u8]) {
        if self.decoder.as_ref().is_none_or(|(current, ..)| *current != codec) {
            self.decoder = Decoder::new(codec)
                .ok()
                .map(|decoder| (codec, decoder, Resampler::new(codec.sample_rate(), self.rate)));
        }
        let most = MOST * self.length();
        let Some((_, decoder, resampler)) = &mut self.decoder else {
            return;
        };
        self.decoded.clear();
        self.resampled.clear();
        if decoder.decode(payload, &mut self.decoded).is_ok() {
            resampler.push(&self.decoded, &mut self.resampled);
            self.samples.extend(&self.resampled);
            let excess = self.samples.len().saturating_sub(most);
            self.samples.drain(..excess);
        }
    }

    fn frame(&mut self) -> Vec<i16> {
        let length = self.length();
        self.running = self.samples.len() >= if self.running { 1 } else { CUSHION * length };
        let available = if self.running { self.samples.len().min(length) } else { 0 };
        let mut frame: Vec<i16> = self.samples.drain(..available).collect();
        frame.resize(length, 0);
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_become_channels() {
        for (what, channels, expected) in [
            (What::Received, 1, vec![8; 160]),
            (What::Sent, 1, vec![0; 160]),
            (What::Both, 2, [8, 0].repeat(160)),
            (What::Mixed, 1, vec![8; 160]),
        ] {
            let mut tracks = Tracks::new(what, 8_000);
            tracks.received(AudioCodec::Pcma, &[0xd5; 320]);
            assert_eq!((tracks.channels(), tracks.frame()), (channels, expected), "{what:?}");
        }
    }

    #[test]
    fn who_begins_again_is_heard_after_two_packets() {
        let mut tracks = Tracks::new(What::Received, 16_000);
        tracks.received(AudioCodec::Pcma, &[0xaa; 160]);
        assert!(tracks.frame().iter().all(|sample| *sample == 0));
        tracks.received(AudioCodec::Pcma, &[0xaa; 160]);
        assert!(tracks.frame()[160..].iter().all(|sample| *sample > 20_000));
    }
}
