//! What one side of a bridge says in the codec of the other: by way of a jitter buffer, so that packets that come
//! unevenly, in disorder or not at all are heard evenly, made up where they are missing.

use std::time::{Duration, Instant};

use crate::audio::{AudioCodec, AudioError, Counts, Encoder, Playout};
use crate::endpoint::AudioFormat;
use crate::player::next_due;
use crate::rtp::HEADER;

/// From the first packet to the first frame: half a packet, so that one a little late is not missed.
const CUSHION: Duration = Duration::from_millis(10);
/// Frames without sound after which nothing is waited for any more: ten seconds.
const PATIENCE: u32 = 500;

/// The way from one codec to another.
pub struct Translation {
    /// What the other side hears.
    pub format: AudioFormat,
    /// When the next frame is due.
    pub due: Instant,
    playout: Playout,
    encoder: Encoder,
    running: bool,
    quiet: u32,
    paused: bool,
    samples: Vec<i16>,
    encoded: Vec<u8>,
    packet: Vec<u8>,
}

/// What there is to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// A packet, with room for a header; whether it is the first one after a pause.
    Packet(&'a mut [u8], bool),
    /// Nothing, for the moment.
    Nothing,
    /// Nothing for so long that it is not due again before a packet comes.
    Asleep,
}

impl Translation {
    /// A way that nothing has come by yet.
    ///
    /// # Errors
    /// When Opus has no memory.
    pub fn new(format: AudioFormat, now: Instant) -> Result<Self, AudioError> {
        let rate = format.codec.sample_rate();
        Ok(Self {
            due: now,
            playout: Playout::new(rate),
            encoder: Encoder::new(format.codec, &format.opus)?,
            running: false,
            quiet: 0,
            paused: false,
            samples: vec![0; format.codec.samples_per_frame()],
            encoded: Vec::new(),
            packet: Vec::new(),
            format,
        })
    }

    /// Whether it leads to this format.
    pub fn suits(&self, format: &AudioFormat) -> bool {
        (self.format.codec, self.format.payload_type, &self.format.opus)
            == (format.codec, format.payload_type, &format.opus)
    }

    /// Takes a packet; true when it was asleep and is due from now on.
    pub fn push(
        &mut self,
        from: AudioCodec,
        sequence: u64,
        timestamp: u32,
        payload: &[u8],
        now: Instant,
    ) -> bool {
        self.playout.push(from, sequence, timestamp, payload, now);
        self.wake(now)
    }

    /// Takes comfort noise; true as above.
    pub fn push_noise(&mut self, payload: &[u8], now: Instant) -> bool {
        self.playout.push_noise(payload);
        self.wake(now)
    }

    /// The speaker is silent on purpose, as during a telephone event: nothing is made up.
    pub fn rest(&mut self) {
        self.playout.rest();
    }

    fn wake(&mut self, now: Instant) -> bool {
        if self.running {
            return false;
        }
        self.running = true;
        self.quiet = 0;
        self.due = now + CUSHION;
        true
    }

    /// Goes on by 20 ms.
    pub fn frame(&mut self, now: Instant) -> Said<'_> {
        self.due = next_due(self.due, now);
        if !self.playout.pull(&mut self.samples) {
            self.quiet += 1;
            self.paused = true;
            self.running = self.quiet < PATIENCE;
            return if self.running { Said::Nothing } else { Said::Asleep };
        }
        self.quiet = 0;
        if let Err(error) = self.encoder.encode(&self.samples, &mut self.encoded) {
            log::debug!("a frame is left out: {error}");
            return Said::Nothing;
        }
        self.packet.clear();
        self.packet.resize(HEADER, 0);
        self.packet.extend_from_slice(&self.encoded);
        Said::Packet(&mut self.packet, std::mem::take(&mut self.paused))
    }

    /// What became of the packets.
    pub fn counts(&self) -> Counts {
        self.playout.counts()
    }

    /// How much is kept at the moment, in milliseconds.
    pub fn delay_ms(&self) -> f64 {
        self.playout.delay_ms()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::listen::{level_of, sine};
    use crate::audio::{Decoder, OpusSettings};
    use proptest::prelude::*;

    const ALL: [AudioCodec; 4] = [AudioCodec::Pcma, AudioCodec::Pcmu, AudioCodec::G722, AudioCodec::Opus];

    fn format(codec: AudioCodec) -> AudioFormat {
        AudioFormat { codec, payload_type: 96, opus: OpusSettings::default() }
    }

    /// A second of a tone by way of a translation; `arrives` says by how many milliseconds a packet is late.
    fn hear(from: AudioCodec, to: AudioCodec, arrives: impl Fn(u64) -> Option<u64>) -> (Vec<i16>, Counts) {
        let start = Instant::now();
        let mut encoder = Encoder::new(from, &OpusSettings::default()).expect("an encoder");
        let mut translation = Translation::new(format(to), start).expect("a way");
        let mut packets = Vec::new();
        for (number, frame) in
            sine(1000.0, -10.0, from.sample_rate()).chunks(from.samples_per_frame()).enumerate()
        {
            let mut payload = Vec::new();
            encoder.encode(frame, &mut payload).expect("a frame");
            if let Some(late) = arrives(number as u64) {
                packets.push((20 * number as u64 + late, number as u64, payload));
            }
        }
        packets.sort_by_key(|(at, ..)| *at);
        let mut packets = packets.into_iter().peekable();
        let mut decoder = Decoder::new(to).expect("a decoder");
        let (mut heard, mut awake) = (Vec::new(), false);
        for millisecond in 0..1000 {
            let now = start + Duration::from_millis(millisecond);
            while let Some((_, number, payload)) = packets.next_if(|(at, ..)| *at <= millisecond) {
                let timestamp = number as u32 * from.rtp_ticks_per_frame();
                awake |= translation.push(from, number, timestamp, &payload, now);
            }
            if awake
                && now >= translation.due
                && let Said::Packet(packet, _) = translation.frame(now)
            {
                decoder.decode(&packet[HEADER..], &mut heard).expect("our own packet");
            }
        }
        (heard, translation.counts())
    }

    #[test]
    fn a_tone_survives_every_pair() {
        for (from, to) in
            ALL.iter().flat_map(|from| ALL.map(|to| (*from, to))).filter(|(from, to)| from != to)
        {
            let (heard, counts) = hear(from, to, |_| Some(0));
            let rate = to.sample_rate() as usize;
            assert!(
                (rate * 49 / 50..=rate).contains(&heard.len()),
                "{from:?} to {to:?}: {} samples",
                heard.len()
            );
            let level = level_of(1000.0, &heard[rate / 5..], to.sample_rate());
            assert!((level + 10.0).abs() < 1.5, "{from:?} to {to:?}: {level} dBm0");
            assert_eq!(counts, Counts::default(), "{from:?} to {to:?}");
        }
    }

    #[test]
    fn packets_in_disorder_are_heard_in_order() {
        let (heard, counts) =
            hear(AudioCodec::Pcma, AudioCodec::G722, |n| Some(if n % 10 == 5 { 25 } else { 0 }));
        assert_eq!(counts.late, 0);
        assert!(counts.concealed <= 2, "{counts:?}");
        let quiet = heard[4800..].chunks(320).filter(|frame| level_of(1000.0, frame, 16_000) < -16.0).count();
        assert_eq!(quiet, 0);
    }

    #[test]
    fn who_is_silent_for_long_is_not_waited_for() {
        let start = Instant::now();
        let mut translation = Translation::new(format(AudioCodec::G722), start).expect("a way");
        assert!(translation.push(AudioCodec::Pcma, 0, 0, &[0x55; 160], start));
        assert!(!translation.push(AudioCodec::Pcma, 1, 160, &[0x55; 160], start));
        let mut rounds = 0;
        while translation.frame(translation.due) != Said::Asleep {
            rounds += 1;
            assert!(rounds < 600);
        }
        assert!(translation.push(AudioCodec::Pcma, 2, 90_000, &[0x55; 160], translation.due));
        let due = translation.due;
        assert!(matches!(translation.frame(due), Said::Packet(_, true)));
    }

    proptest! {
        #[test]
        fn nothing_panics(packets in proptest::collection::vec(
            (0u64..200_000, any::<u32>(), proptest::collection::vec(any::<u8>(), 0..200), 0usize..4),
            0..40,
        )) {
            let now = Instant::now();
            for to in ALL {
                let mut translation = Translation::new(format(to), now).expect("a way");
                for (sequence, timestamp, payload, from) in &packets {
                    translation.push(ALL[*from], *sequence, *timestamp, payload, now);
                    translation.push_noise(payload, now);
                    translation.frame(now);
                }
            }
        }
    }
}
