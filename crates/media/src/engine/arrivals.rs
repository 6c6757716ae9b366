//! What the sockets bring.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Timer};
use crate::control::Event;
use crate::endpoint::{Arrived, Outcome, Transport};
use crate::relay;
use crate::rtp::{HEADER, Header};
use crate::video::Origin;

impl Engine {
    /// Reads one datagram of RTP, or what a browser sent.
    pub fn readable(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        match &mut endpoint.transport {
            Transport::Plain(plain) => {
                let Ok(Some(length)) = plain.receive(&mut self.buffer, now) else {
                    return;
                };
                if endpoint.t38.is_some() {
                    return self.udptl(id, length, now);
                }
                if crate::rtp::packet::is_rtcp(&self.buffer[..length]) {
                    return endpoint.hear_report(&self.buffer[..length], now);
                }
                relay::arrived(&mut self.endpoints, id, &mut self.buffer[..length], now, &mut self.aftermath);
                self.settle(now);
            }
            Transport::Webrtc(webrtc) => {
                let outcome = webrtc.receive(&mut self.buffer, now);
                self.follow(id, outcome, now);
            }
        }
    }

    /// Reads one datagram of RTCP.
    pub fn readable_rtcp(&mut self, id: u64, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id)
            && let Transport::Plain(plain) = &mut endpoint.transport
            && let Ok(Some(length)) = plain.receive_rtcp(&mut self.buffer)
        {
            endpoint.hear_report(&self.buffer[..length], now);
        }
    }

    pub(super) fn browser_timeout(&mut self, id: u64, at: Instant, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id)
            && endpoint.armed == Some(at)
            && let Transport::Webrtc(webrtc) = &mut endpoint.transport
        {
            endpoint.armed = None;
            let outcome = webrtc.tick(now);
            self.follow(id, outcome, now);
        }
    }

    /// Does what a browser's connection brought, and lets go out what that leads to.
    pub(super) fn follow(&mut self, id: u64, outcome: Outcome, now: Instant) {
        self.take(id, outcome, now);
        self.drive(now);
        self.settle(now);
    }

    /// Does what a browser's connection brought; what that leads to waits for [`Self::drive`].
    pub(super) fn take(&mut self, id: u64, outcome: Outcome, now: Instant) {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            if outcome.alive {
                endpoint.alive(now);
            }
            if let Some(again) =
                outcome.again.filter(|again| endpoint.armed.is_none_or(|armed| *again < armed))
            {
                endpoint.armed = Some(again);
                self.timers.push(Reverse((again, id, Timer::Browser)));
            }
            if let Some(reason) = outcome.failed {
                self.aftermath.events.push(Event::TransportFailed {
                    endpoint: id,
                    tag: endpoint.tag.clone(),
                    reason,
                });
            }
        }
        for line in outcome.keyframes {
            self.keyframe_wanted(Origin { endpoint: id, line }, now);
        }
        for arrived in outcome.packets {
            let packet = match arrived {
                Arrived::Audio(packet) => packet,
                Arrived::Video { line, layer, packet } => {
                    self.video_arrived(Origin { endpoint: id, line }, layer, &packet, now);
                    continue;
                }
            };
            let header = Header {
                payload_type: *packet.header.payload_type,
                marker: packet.header.marker,
                sequence: packet.header.sequence_number,
                timestamp: packet.header.timestamp,
                ssrc: *packet.header.ssrc,
            };
            let end = HEADER + packet.payload.len();
            if let Some(room) = self.buffer.get_mut(..end) {
                header.write(room);
                room[HEADER..].copy_from_slice(&packet.payload);
                relay::arrived(&mut self.endpoints, id, room, now, &mut self.aftermath);
            }
        }
    }

    /// Sends keys on that came in another way than they go, and wakes translations.
    fn settle(&mut self, now: Instant) {
        for (id, due) in self.aftermath.woken.drain(..) {
            self.timers.push(Reverse((due, id, Timer::Translation)));
        }
        for (id, press) in std::mem::take(&mut self.aftermath.keys) {
            if let Err(failure) = self.key(id, press, now) {
                log::debug!("key for {id}: {}", failure.text);
            }
        }
    }
}
