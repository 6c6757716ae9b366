//! One video stream of an endpoint: what comes from the peer, layer by layer, and what the peer is shown.

use std::time::{Duration, Instant};

use str0m::media::{Mid, Rid};
use str0m::rtp::Vp8Descriptor;

use super::splice::{Place, Splice};
use super::{MAX_LAYERS, VideoCodec, VideoFormat};
use crate::control::video::{Content, VideoSpec, VideoStats};
use crate::control::{Direction, Failure};

/// A peer is asked for a key frame no more often than this, whoever wants one.
const ASKING: Duration = Duration::from_millis(400);
/// Somebody who waits for a key frame asks again.
const PATIENCE: Duration = Duration::from_millis(1000);
/// A layer from which nothing came for so long is not sent any more.
const ALIVE: Duration = Duration::from_millis(1500);

/// A stream of an endpoint's peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Whose.
    pub endpoint: u64,
    /// Which, by its place in the endpoint.
    pub line: usize,
}

/// What exactly is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Whose stream.
    pub origin: Origin,
    /// Which layer.
    pub layer: usize,
    /// As the peer numbers it; another one begins anew.
    pub ssrc: u32,
}

/// What a client wants an endpoint to be shown in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Whoever speaks, or shares a screen.
    #[default]
    Speaker,
    /// Nobody.
    Nothing,
    /// This one.
    Source(Origin),
}

/// One layer of what the peer sends.
#[derive(Debug, Default)]
pub struct Layer {
    /// As the peer names it.
    pub rid: Option<Rid>,
    /// What it was last sent with.
    pub ssrc: Option<u32>,
    packets: u64,
    bytes: u64,
    keyframes: u64,
    heard: Option<Instant>,
    since: u64,
    rate: f64,
    wanted: bool,
    asked: Option<Instant>,
    times_asked: u64,
}

/// What the peer is shown.
#[derive(Debug)]
pub struct View {
    /// What it is to be.
    pub target: Option<Origin>,
    /// In which layer.
    pub layer: usize,
    /// What it is until the target's next key frame.
    pub current: Option<Watched>,
    /// How often the peer asked for a key frame.
    pub wanted: u64,
    splice: Splice,
    packets: u64,
    bytes: u64,
    switches: u64,
    waiting: Option<Instant>,
}

/// One stream in both directions.
#[derive(Debug)]
pub struct VideoLine {
    /// As the SDP names it.
    pub mid: Mid,
    /// What it shows.
    pub content: Content,
    /// From our side.
    pub direction: Direction,
    /// What was negotiated.
    pub formats: Vec<VideoFormat>,
    /// What we send with, and our retransmissions.
    pub ssrc: (u32, u32),
    /// What comes.
    pub layers: Vec<Layer>,
    /// Who is shown it.
    pub viewers: Vec<Origin>,
    /// What a client wants the peer to be shown.
    pub wish: Wish,
    /// What the peer is shown.
    pub view: View,
    codec: Option<VideoCodec>,
}

impl VideoLine {
    /// As negotiated for the first time.
    ///
    /// # Errors
    /// `bad-request` or `unsupported` for what cannot be.
    pub fn new(spec: &VideoSpec) -> Result<Self, Failure> {
        let valid = |text: &str, longest: usize| {
            !text.is_empty() && text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if !valid(&spec.mid, 16) {
            return Err(bad(format!("video: {:?} is no mid", spec.mid)));
        }
        if let Some(layer) = spec.layers.iter().find(|layer| !valid(layer, 8)) {
            return Err(bad(format!("video: {layer:?} is no rid")));
        }
        if spec.layers.len() > MAX_LAYERS {
            return Err(bad(format!("video: {} layers, at most {MAX_LAYERS}", spec.layers.len())));
        }
        let layers = if spec.layers.is_empty() {
            vec![Layer::default()]
        } else {
            let layer = |rid: &String| Layer { rid: Some(Rid::from(rid.as_str())), ..Layer::default() };
            spec.layers.iter().map(layer).collect()
        };
        Ok(Self {
            mid: Mid::from(spec.mid.as_str()),
            content: spec.content,
            direction: spec.direction,
            formats: VideoFormat::read(&spec.codecs)?,
            ssrc: (spec.ssrc.unwrap_or_else(rand::random), spec.resend_ssrc.unwrap_or_else(rand::random)),
            layers,
            viewers: Vec::new(),
            wish: Wish::default(),
            view: View::new(),
            codec: None,
        })
    }

    /// As negotiated again. The layers and what we send with stay as they were: a session cannot change them.
    ///
    /// # Errors
    /// As at first.
    pub fn renegotiate(&mut self, spec: &VideoSpec) -> Result<(), Failure> {
        self.formats = VideoFormat::read(&spec.codecs)?;
        self.content = spec.content;
        self.direction = spec.direction;
        Ok(())
    }

    /// What a payload type means here.
    pub fn format(&self, payload_type: u8) -> Option<&VideoFormat> {
        self.formats.iter().find(|format| format.payload_type == payload_type)
    }

    /// The number of a format of somebody else's here.
    pub fn number_of(&self, format: &VideoFormat) -> Option<u8> {
        self.formats.iter().find(|own| own.fits(format)).map(|own| own.payload_type)
    }

    /// Counts a packet. True for the first of a layer that was not sent before.
    pub fn arrived(&mut self, layer: usize, packet: &Arrival, now: Instant) -> bool {
        self.codec = Some(packet.codec);
        let Some(layer) = self.layers.get_mut(layer) else {
            return false;
        };
        let was_alive = layer.alive(now);
        layer.ssrc = Some(packet.ssrc);
        layer.packets += 1;
        layer.bytes += packet.length as u64;
        layer.keyframes += u64::from(packet.keyframe);
        layer.heard = Some(now);
        if packet.keyframe {
            layer.wanted = false;
        }
        !was_alive
    }

    /// Whether the peer sends at all.
    pub fn alive(&self, now: Instant) -> bool {
        self.direction.receives() && self.layers.iter().any(|layer| layer.alive(now))
    }

    /// The layers that are sent, and their bit rates, in the order of the negotiation: lowest first.
    ///
    /// What a still picture costs says nothing of its size, so that a layer counts at least as much as those below it.
    pub fn ranked(&self, now: Instant) -> Vec<(usize, u64)> {
        let mut most = 0;
        let alive = self.layers.iter().enumerate().filter(|(_, layer)| layer.alive(now));
        alive
            .map(|(index, layer)| {
                most = most.max(layer.rate as u64);
                (index, most)
            })
            .collect()
    }

    /// Somebody needs a key frame of a layer.
    pub fn want_keyframe(&mut self, layer: usize) {
        if let Some(layer) = self.layers.get_mut(layer) {
            layer.wanted = true;
        }
    }

    /// The source to be asked for a key frame now, if it is time for any.
    pub fn to_ask(&mut self, now: Instant) -> Option<u32> {
        self.layers.iter_mut().find_map(|layer| {
            let due = layer.asked.is_none_or(|asked| now.duration_since(asked) >= ASKING);
            let ssrc = layer.ssrc.filter(|_| layer.wanted && due)?;
            layer.asked = Some(now);
            layer.times_asked += 1;
            layer.wanted = false;
            Some(ssrc)
        })
    }

    /// Closes a round of measuring.
    pub fn measure(&mut self, elapsed: Duration) {
        for layer in &mut self.layers {
            let lately = (layer.bytes - layer.since) as f64 * 8.0 / elapsed.as_secs_f64().max(0.001);
            layer.since = layer.bytes;
            // Over about a second: key frames are many times as long as others.
            layer.rate += (lately - layer.rate) / if lately > layer.rate { 3.0 } else { 5.0 };
        }
    }

    /// The counters; the source's own name of its stream is the caller's to add.
    pub fn stats(&self) -> VideoStats {
        let sum = |of: fn(&Layer) -> u64| self.layers.iter().map(of).sum();
        VideoStats {
            mid: self.mid.to_string(),
            content: self.content,
            codec: self.codec.map(VideoCodec::name),
            packets_received: sum(|layer| layer.packets),
            bytes_received: sum(|layer| layer.bytes),
            keyframes_received: sum(|layer| layer.keyframes),
            bitrate_received: sum(|layer| layer.rate as u64),
            layers: self.layers.iter().filter(|layer| layer.packets > 0).count(),
            packets_sent: self.view.packets,
            bytes_sent: self.view.bytes,
            keyframes_asked: sum(|layer| layer.times_asked),
            keyframes_wanted: self.view.wanted,
            source: None,
            layer: None,
            switches: self.view.switches,
        }
    }
}

/// What is known of a packet that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Its codec.
    pub codec: VideoCodec,
    /// What it was sent with.
    pub ssrc: u32,
    /// Bytes of payload.
    pub length: usize,
    /// A key frame begins with it.
    pub keyframe: bool,
}

impl Layer {
    fn alive(&self, now: Instant) -> bool {
        self.heard.is_some_and(|heard| now.saturating_duration_since(heard) < ALIVE)
    }
}

impl View {
    fn new() -> Self {
        Self {
            target: None,
            layer: 0,
            current: None,
            wanted: 0,
            splice: Splice::new(rand::random(), rand::random()),
            packets: 0,
            bytes: 0,
            switches: 0,
            waiting: None,
        }
    }

    /// Shows something else from its next key frame on. Nothing at all is shown at once.
    pub fn turn(&mut self, target: Option<Origin>, layer: usize, now: Instant) {
        (self.target, self.layer) = (target, layer);
        self.waiting = target.map(|_| now);
        if target.is_none() {
            self.current = None;
        }
    }

    /// Whether a packet is shown: of what is shown now, or the key frame for which was waited.
    fn admits(&self, from: Watched, keyframe: bool) -> bool {
        self.current == Some(from)
            || (keyframe && self.target == Some(from.origin) && self.layer == from.layer)
    }

    /// The place of a packet in what the peer is shown, if it is shown.
    pub fn place(
        &mut self,
        from: Watched,
        (sequence, timestamp): (u64, u32),
        keyframe: bool,
        vp8: Option<&Vp8Descriptor>,
        now: Instant,
    ) -> Option<Place> {
        if !self.admits(from, keyframe) {
            return None;
        }
        if self.current != Some(from) {
            self.switches += u64::from(self.current.is_some());
            self.current = Some(from);
            self.waiting = None;
            self.splice.join(sequence, timestamp, vp8, now);
        }
        self.splice.place(sequence, timestamp, vp8, now)
    }

    /// Counts a packet that went out.
    pub fn sent(&mut self, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
    }

    /// Whether the target's key frame is overdue; asked once for each time.
    pub fn impatient(&mut self, now: Instant) -> bool {
        let overdue = self.waiting.is_some_and(|since| now.duration_since(since) >= PATIENCE);
        if overdue {
            self.waiting = Some(now);
        }
        overdue
    }
}

fn bad(text: String) -> Failure {
    Failure { code: "bad-request", text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::CodecSpec;

    fn line(layers: &[&str]) -> VideoLine {
        let vp8 = CodecSpec {
            name: "VP8".into(),
            payload_type: 96,
            clock_rate: 90_000,
            channels: 1,
            fmtp: String::new(),
        };
        let spec = VideoSpec {
            mid: "1".into(),
            codecs: vec![vp8],
            direction: Direction::Sendrecv,
            content: Content::Main,
            layers: layers.iter().map(ToString::to_string).collect(),
            ssrc: None,
            resend_ssrc: None,
        };
        VideoLine::new(&spec).expect("valid")
    }

    fn arrival(length: usize, keyframe: bool) -> Arrival {
        Arrival { codec: VideoCodec::Vp8, ssrc: 7, length, keyframe }
    }

    #[test]
    fn a_view_changes_at_a_key_frame_only() {
        let (mut view, now) = (line(&[]).view, Instant::now());
        let from = |endpoint, layer| Watched { origin: Origin { endpoint, line: 0 }, layer, ssrc: 9 };
        view.turn(Some(from(1, 0).origin), 0, now);
        assert_eq!(view.place(from(1, 0), (5, 0), false, None, now), None);
        let first = view.place(from(1, 0), (6, 0), true, None, now).expect("a key frame");
        view.turn(Some(from(2, 0).origin), 0, now);
        let second = view.place(from(1, 0), (7, 0), false, None, now).expect("until the other comes");
        assert_eq!(view.place(from(2, 0), (900, 0), false, None, now), None);
        let third = view.place(from(2, 0), (901, 0), true, None, now).expect("the other's key frame");
        assert_eq!((second.sequence, third.sequence), (first.sequence + 1, first.sequence + 2));
        assert_eq!(view.place(from(1, 0), (8, 0), true, None, now), None, "is not shown any more");
        view.turn(Some(from(2, 0).origin), 1, now);
        assert!(view.place(from(2, 0), (902, 0), true, None, now).is_some(), "the old layer goes on");
        assert!(view.place(from(2, 1), (40, 0), true, None, now).is_some());
        assert_eq!(view.place(from(2, 0), (903, 0), true, None, now), None);
        view.turn(None, 0, now);
        assert_eq!(view.place(from(2, 1), (41, 0), true, None, now), None);
        assert_eq!(view.switches, 2);
    }

    #[test]
    fn who_waits_for_a_key_frame_asks_again() {
        let (mut view, now) = (line(&[]).view, Instant::now());
        assert!(!view.impatient(now + PATIENCE));
        view.turn(Some(Origin { endpoint: 1, line: 0 }), 0, now);
        assert!(!view.impatient(now));
        assert!(view.impatient(now + PATIENCE));
        assert!(!view.impatient(now + PATIENCE));
        assert!(view.impatient(now + 2 * PATIENCE));
    }

    #[test]
    fn a_sender_is_not_flooded_with_requests() {
        let (mut line, now) = (line(&[]), Instant::now());
        line.want_keyframe(0);
        assert_eq!(line.to_ask(now), None, "nothing came yet that could be asked");
        assert!(line.arrived(0, &arrival(100, false), now));
        assert_eq!(line.to_ask(now), Some(7));
        line.want_keyframe(0);
        assert_eq!(line.to_ask(now), None);
        assert_eq!(line.to_ask(now + ASKING), Some(7), "what was put off is not forgotten");
        line.want_keyframe(0);
        line.arrived(0, &arrival(100, true), now + ASKING);
        assert_eq!(line.to_ask(now + 3 * ASKING), None, "one came meanwhile");
    }

    #[test]
    fn layers_that_are_sent_are_ranked_with_what_they_cost() {
        let (mut line, now) = (line(&["l", "m", "h", "x"]), Instant::now());
        for _ in 0..20 {
            line.arrived(0, &arrival(3000, false), now);
            line.arrived(2, &arrival(100, false), now);
            line.measure(Duration::from_millis(250));
        }
        let ranked = line.ranked(now);
        assert_eq!(ranked.iter().map(|(layer, _)| *layer).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(ranked[0].1, ranked[1].1, "no layer costs less than those below it");
        assert!((90_000..=96_000).contains(&ranked[1].1), "{ranked:?}");
        assert!(line.ranked(now + ALIVE).is_empty());
        assert!(!line.alive(now + ALIVE));
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        let spec = |mid: &str, layers: &[&str]| VideoSpec {
            mid: mid.into(),
            codecs: vec![],
            direction: Direction::Inactive,
            content: Content::Main,
            layers: layers.iter().map(ToString::to_string).collect(),
            ssrc: None,
            resend_ssrc: None,
        };
        for (mid, layers) in
            [("", &[][..]), ("a b", &[]), ("12345678901234567", &[]), ("1", &["ü"]), ("1", &["a"; 5])]
        {
            assert_eq!(VideoLine::new(&spec(mid, layers)).expect_err("refused").code, "bad-request");
        }
    }
}
