//! The video streams of an endpoint: what was negotiated, and what goes out.

use std::sync::Arc;
use std::time::Instant;

use str0m::rtp::{RtpPacket, Vp8Descriptor};

use super::{Endpoint, Transport};
use crate::control::video::{Content, VideoSpec};
use crate::control::{Direction, Failure};
use crate::video::{MAX_LINES, VideoFormat, VideoLine, Watched};

/// What is needed to take a negotiation back.
#[derive(Default)]
pub struct Before {
    lines: Vec<(Vec<VideoFormat>, Content, Direction)>,
}

/// A packet of somebody else's that may be shown.
pub struct Shown<'a> {
    /// Where it comes from.
    pub from: Watched,
    /// What it is in the source's own words.
    pub format: VideoFormat,
    /// Itself.
    pub packet: &'a RtpPacket,
    /// A key frame begins with it.
    pub keyframe: bool,
    /// Its descriptor, if it is VP8.
    pub vp8: Option<Vp8Descriptor>,
}

impl Endpoint {
    /// Takes what was negotiated of video; streams that are not named any more are inactive.
    ///
    /// # Errors
    /// `bad-request` and `unsupported`; nothing has changed then.
    pub(super) fn negotiate_video(&mut self, specs: &[VideoSpec]) -> Result<Before, Failure> {
        let state = |line: &VideoLine| (line.formats.clone(), line.content, line.direction);
        let before = Before { lines: self.video.iter().map(state).collect() };
        let taken = self.take_video(specs);
        if taken.is_err() {
            self.restore_video(&before);
        }
        taken.map(|()| before)
    }

    fn take_video(&mut self, specs: &[VideoSpec]) -> Result<(), Failure> {
        let mut named = Vec::new();
        for line in &mut self.video {
            line.direction = Direction::Inactive;
        }
        for spec in specs {
            if named.contains(&spec.mid) {
                let text = format!("video: two streams have the mid {:?}", spec.mid);
                return Err(Failure { code: "bad-request", text });
            }
            named.push(spec.mid.clone());
            let full = self.video.len() >= MAX_LINES;
            match self.video.iter_mut().find(|line| *line.mid == *spec.mid) {
                Some(line) => line.renegotiate(spec)?,
                None if full => {
                    let text = format!("video: an endpoint has at most {MAX_LINES} streams");
                    return Err(Failure { code: "limit", text });
                }
                None => self.video.push(VideoLine::new(spec)?),
            }
        }
        let mut sources: Vec<u32> = self.video.iter().flat_map(|line| [line.ssrc.0, line.ssrc.1]).collect();
        sources.sort_unstable();
        if sources.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Failure { code: "bad-request", text: "video: two streams have one SSRC".into() });
        }
        Ok(())
    }

    pub(super) fn restore_video(&mut self, before: &Before) {
        self.video.truncate(before.lines.len());
        for (line, (formats, content, direction)) in self.video.iter_mut().zip(&before.lines) {
            line.formats.clone_from(formats);
            (line.content, line.direction) = (*content, *direction);
        }
    }

    /// Shows a packet in one of this endpoint's streams; returns whether it will go out when the transport is driven.
    pub fn show(&mut self, line: usize, shown: &Shown<'_>, now: Instant) -> bool {
        let Some(line) = self.video.get_mut(line).filter(|line| line.direction.sends()) else {
            return false;
        };
        let (Transport::Webrtc(webrtc), Some(number)) = (&mut self.transport, line.number_of(&shown.format))
        else {
            return false;
        };
        let header = &shown.packet.header;
        let numbers = (*shown.packet.seq_no, header.timestamp);
        let Some(place) = line.view.place(shown.from, numbers, shown.keyframe, shown.vp8.as_ref(), now)
        else {
            return false;
        };
        let payload = Arc::clone(&shown.packet.payload);
        let length = payload.len();
        let extras = (header.marker, header.ext_vals.video_orientation);
        let sent = webrtc.send_video((line.ssrc.0, number), place, extras, payload, now);
        if sent {
            line.view.sent(length);
        }
        sent
    }
}
