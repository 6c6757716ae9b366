//! Players and digits: what the engine itself says to a peer.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Timer};
use crate::control::message::{Play, SendDtmf};
use crate::control::{Event, Failure, Reply};
use crate::player::{FRAME, Player};
use crate::rtp::{HEADER, dtmf, outgoing::Feed};

impl Engine {
    pub(super) fn play(&mut self, request: &Play, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let endpoint = self.endpoint(request.endpoint)?;
        let format = endpoint.formats.first().ok_or_else(|| not_configured(request.endpoint))?;
        let player = Player::new(id, &request.source, request.looped, format, now)
            .map_err(|error| Failure { code: "bad-request", text: format!("source: {error}") })?;
        let before = endpoint.player.replace(player);
        if let Some(before) = before {
            self.players.remove(&before.id);
        }
        self.timers.push(Reverse((now, request.endpoint, Timer::Player)));
        self.players.insert(id, request.endpoint);
        Ok(Reply::Player { player: id })
    }

    pub(super) fn stop_player(&mut self, id: u64) -> Reply {
        let endpoint = self.players.remove(&id).and_then(|endpoint| self.endpoints.get_mut(&endpoint));
        if let Some(endpoint) =
            endpoint.filter(|endpoint| endpoint.player.as_ref().is_some_and(|player| player.id == id))
        {
            endpoint.player = None;
        }
        Reply::Done {}
    }

    pub(super) fn send_dtmf(&mut self, request: &SendDtmf, now: Instant) -> Result<Reply, Failure> {
        let endpoint = self.endpoint(request.endpoint)?;
        if endpoint.events.is_none() {
            return Err(Failure { code: "unsupported", text: "the peer takes no telephone events".into() });
        }
        let codes = request.digits.chars().map(|digit| {
            let text = format!("digits: there is no key {digit:?}");
            dtmf::code_of(digit).ok_or(Failure { code: "bad-request", text })
        });
        let codes = codes.collect::<Result<Vec<u8>, Failure>>()?;
        match &mut endpoint.digits {
            Some(sender) => sender.append(codes),
            None => {
                endpoint.digits = Some(dtmf::Sender::new(codes, request.duration_ms));
                self.timers.push(Reverse((now, request.endpoint, Timer::Digits)));
            }
        }
        Ok(Reply::Done {})
    }

    pub(super) fn play_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        // Another moment is that of a player which was stopped or replaced.
        let Some(mut player) = endpoint.player.take_if(|player| player.due == at) else {
            return;
        };
        let (number, codec) = (player.id, player.codec);
        match (player.frame(now), endpoint.payload_type(codec)) {
            (Some(packet), Some(payload_type)) => {
                if endpoint.direction.sends() && endpoint.digits.is_none() {
                    let feed = Feed::Made { id: number, clock: codec.rtp_clock() };
                    endpoint.transmit_made(feed, codec.rtp_ticks_per_frame(), payload_type, packet, now);
                }
                self.timers.push(Reverse((player.due, id, Timer::Player)));
                endpoint.player = Some(player);
            }
            _ => {
                self.players.remove(&number);
                self.events.push(Event::PlayerFinished {
                    endpoint: id,
                    tag: endpoint.tag.clone(),
                    player: number,
                });
            }
        }
    }

    pub(super) fn digit_frame(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        let (Some(mut sender), Some((payload_type, clock))) = (endpoint.digits.take(), endpoint.events)
        else {
            return;
        };
        let timestamp = sender.timestamp(endpoint.outgoing.timestamp_at(clock, now));
        let Some(packets) = sender.frame(clock) else {
            return;
        };
        for outbound in packets {
            // Audio that follows is joined behind the event.
            endpoint.outgoing.part();
            let place = endpoint.outgoing.again(timestamp);
            let mut packet = [0; HEADER + 4];
            packet[HEADER..].copy_from_slice(&outbound.event.bytes());
            endpoint.transmit(place, payload_type, outbound.first, &mut packet, now);
        }
        endpoint.digits = Some(sender);
        self.timers.push(Reverse((now + FRAME, id, Timer::Digits)));
    }
}

fn not_configured(id: u64) -> Failure {
    Failure { code: "bad-request", text: format!("endpoint {id} is not configured") }
}
