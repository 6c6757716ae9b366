//! The way of video: from the one who sends it to all who are shown it.

use std::time::{Duration, Instant};

use str0m::rtp::{RtpPacket, Vp8Descriptor};

use super::Engine;
use crate::endpoint::{Shown, Transport};
use crate::video::allocation::allocate;
use crate::video::line::Arrival;
use crate::video::payload::begins_keyframe;
use crate::video::{Origin, VideoCodec, Watched};

/// Senders without layers are told what their only viewer can take, unless it is more than this anyway.
const PLENTY: u64 = 10_000_000;
/// Nobody is told to send less than this; speech still goes through.
const LEAST: u64 = 60_000;
/// What is wished for where nothing is known yet: a camera's usual rate.
const USUAL: u64 = 1_500_000;

impl Engine {
    /// Takes a packet of an endpoint's video to all who are shown it.
    pub(super) fn video_arrived(&mut self, origin: Origin, layer: usize, packet: &RtpPacket, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&origin.endpoint) else {
            return;
        };
        endpoint.alive(now);
        let Some(line) = endpoint.video.get_mut(origin.line).filter(|line| line.direction.receives()) else {
            return;
        };
        let Some(format) = line.format(*packet.header.payload_type).copied() else {
            return;
        };
        let payload = &packet.payload;
        let keyframe = begins_keyframe(format.codec, payload);
        let ssrc = *packet.header.ssrc;
        let arrival = Arrival { codec: format.codec, ssrc, length: payload.len(), keyframe };
        let begins = line.arrived(layer, &arrival, now);
        let mut viewers = std::mem::take(&mut self.viewers);
        viewers.extend_from_slice(&line.viewers);
        let vp8 = (format.codec == VideoCodec::Vp8).then(|| Vp8Descriptor::parse(payload).ok()).flatten();
        let from = Watched { origin, layer, ssrc };
        let shown = Shown { from, format, packet, keyframe, vp8 };
        for viewer in viewers.drain(..) {
            if let Some(endpoint) = self.endpoints.get_mut(&viewer.endpoint)
                && endpoint.show(viewer.line, &shown, now)
            {
                self.undriven.push(viewer.endpoint);
            }
        }
        self.viewers = viewers;
        if begins {
            self.video_begins(origin, now);
        }
    }

    /// A stream or layer comes that did not come before: somebody may have waited for it.
    fn video_begins(&mut self, origin: Origin, now: Instant) {
        let room = self.endpoints.get(&origin.endpoint).and_then(|endpoint| endpoint.room);
        if let Some(room) = room {
            self.settle_views(room, now);
        }
        if let Some(line) = self.line(origin) {
            let waited: Vec<Origin> = line.viewers.clone();
            for viewer in waited {
                if let Some(view) = self.line(viewer).map(|line| &line.view)
                    && view.current.is_none_or(|current| current.origin != origin)
                {
                    let layer = view.layer;
                    self.want_keyframe(origin, layer);
                }
            }
        }
        self.ask(origin, now);
    }

    /// The peer of an endpoint lost the thread in one of the streams that it is shown.
    pub(super) fn keyframe_wanted(&mut self, viewer: Origin, now: Instant) {
        let Some(line) = self.line(viewer) else {
            return;
        };
        line.view.wanted += 1;
        let shown = line.view.current.map(|current| (current.origin, current.layer));
        if let Some((origin, layer)) = shown.or(line.view.target.map(|target| (target, line.view.layer))) {
            self.want_keyframe(origin, layer);
            self.ask(origin, now);
        }
    }

    pub(super) fn want_keyframe(&mut self, origin: Origin, layer: usize) {
        if let Some(line) = self.line(origin) {
            line.want_keyframe(layer);
        }
    }

    /// Asks a sender for the key frames that are wanted, if it is time.
    pub(super) fn ask(&mut self, origin: Origin, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&origin.endpoint) else {
            return;
        };
        let (Some(line), Transport::Webrtc(webrtc)) =
            (endpoint.video.get_mut(origin.line), &mut endpoint.transport)
        else {
            return;
        };
        while let Some(ssrc) = line.to_ask(now) {
            webrtc.ask_keyframe(ssrc);
            self.undriven.push(origin.endpoint);
        }
    }

    /// Lets everything go out that was written since the last time.
    pub(super) fn drive(&mut self, now: Instant) {
        while !self.undriven.is_empty() {
            let mut undriven = std::mem::take(&mut self.undriven);
            undriven.sort_unstable();
            undriven.dedup();
            for id in undriven {
                if let Some(Transport::Webrtc(webrtc)) = self.transport(id) {
                    let outcome = webrtc.tick(now);
                    self.take(id, outcome, now);
                }
            }
        }
    }

    /// What is done every quarter of a second: rates are measured, layers chosen, requests that were put off are sent.
    pub(super) fn video_round(&mut self, elapsed: Duration, now: Instant) {
        let mut with_video: Vec<u64> = Vec::new();
        for endpoint in self.endpoints.values_mut().filter(|endpoint| !endpoint.video.is_empty()) {
            with_video.push(endpoint.id);
            for line in &mut endpoint.video {
                line.measure(elapsed);
            }
        }
        if with_video.is_empty() {
            return;
        }
        let rooms: Vec<u64> = self.rooms.keys().copied().collect();
        for room in rooms {
            self.settle_views(room, now);
        }
        for id in &with_video {
            self.choose_layers(*id, now);
        }
        for id in with_video {
            for line in 0..self.endpoints.get(&id).map_or(0, |endpoint| endpoint.video.len()) {
                self.limit_sender(Origin { endpoint: id, line });
                self.ask(Origin { endpoint: id, line }, now);
            }
        }
        self.drive(now);
    }

    /// Gives each stream that an endpoint is shown the layer that its network can carry.
    fn choose_layers(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get(&id) else {
            return;
        };
        let Transport::Webrtc(webrtc) = &endpoint.transport else {
            return;
        };
        let estimate = webrtc.estimate();
        // Whoever shares a screen is looked at first.
        let mut shown: Vec<(usize, Origin)> = endpoint
            .video
            .iter()
            .enumerate()
            .filter_map(|(index, line)| line.view.target.map(|target| (index, target)))
            .collect();
        shown.sort_by_key(|(index, _)| (endpoint.video[*index].content == Default::default(), *index));
        let (mut rates, mut ranks, mut current) = (Vec::new(), Vec::new(), Vec::new());
        for (index, target) in &shown {
            let ranked = self
                .endpoints
                .get(&target.endpoint)
                .and_then(|source| source.video.get(target.line))
                .map(|line| line.ranked(now))
                .unwrap_or_default();
            let layer = endpoint.video[*index].view.layer;
            current.push(ranked.iter().position(|(own, _)| *own == layer).unwrap_or(0));
            rates.push(ranked.iter().map(|(_, rate)| *rate).collect::<Vec<u64>>());
            ranks.push(ranked);
        }
        let chosen = allocate(estimate, &rates, &current);
        let desired: u64 = rates.iter().filter_map(|layers| layers.last()).map(|rate| rate * 3 / 2).sum();
        if let Some(Transport::Webrtc(webrtc)) = self.transport(id)
            && !shown.is_empty()
        {
            webrtc.desire(desired.max(USUAL));
        }
        for (((index, target), ranked), rank) in shown.into_iter().zip(ranks).zip(chosen) {
            let Some(view) = self.line(Origin { endpoint: id, line: index }).map(|line| &mut line.view)
            else {
                continue;
            };
            let layer = ranked.get(rank).map_or(view.layer, |(layer, _)| *layer);
            if layer != view.layer {
                view.turn(Some(target), layer, now);
                self.want_keyframe(target, layer);
            } else if view.impatient(now) {
                self.want_keyframe(target, layer);
            }
        }
    }

    /// A sender whom one endpoint alone watches is told what the way to that one carries: it has no layers to choose from.
    fn limit_sender(&mut self, origin: Origin) {
        let Some(line) = self.line(origin) else {
            return;
        };
        let (&[viewer], [layer]) = (line.viewers.as_slice(), line.layers.as_slice()) else {
            return;
        };
        let Some(ssrc) = layer.ssrc else {
            return;
        };
        let estimate = match self.endpoints.get(&viewer.endpoint).map(|endpoint| &endpoint.transport) {
            Some(Transport::Webrtc(webrtc)) => webrtc.estimate(),
            _ => None,
        };
        if let Some(estimate) = estimate.filter(|estimate| *estimate < PLENTY)
            && let Some(Transport::Webrtc(webrtc)) = self.transport(origin.endpoint)
        {
            webrtc.limit(ssrc, estimate.max(LEAST));
            self.undriven.push(origin.endpoint);
        }
    }

    pub(super) fn line(&mut self, origin: Origin) -> Option<&mut crate::video::VideoLine> {
        self.endpoints.get_mut(&origin.endpoint)?.video.get_mut(origin.line)
    }
}
