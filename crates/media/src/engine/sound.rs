//! Players and digits: what the engine itself says to a peer.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Stage, Timer};
use crate::control::message::{Play, SendDtmf};
use crate::control::{Event, Failure, Reply, SourceSpec};
use crate::player::{FRAME, Frame, OwnPlayer, Player};
use crate::rtp::{HEADER, dtmf, outgoing::Feed};

impl Engine {
    pub(super) fn play(&mut self, request: &Play, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let endpoint = self
            .endpoints
            .get(&request.endpoint)
            .ok_or_else(|| Failure::not_found("endpoint", request.endpoint))?;
        let format = endpoint.formats.first().ok_or_else(|| not_configured(request.endpoint))?;
        let player = match &request.source {
            SourceSpec::Shared { source } if self.sources.contains_key(source) => {
                Player::Shared { id, source: *source }
            }
            SourceSpec::Shared { source } => return Err(Failure::not_found("source", *source)),
            spec => OwnPlayer::new(id, spec, request.looped, format, &mut self.library, now)
                .map(|player| Player::Own(Box::new(player)))
                .map_err(|error| Failure { code: "bad-request", text: format!("source: {error}") })?,
        };
        self.silence(request.endpoint);
        match player.shared() {
            Some(source) => self.listen(source, request.endpoint, id, now)?,
            None => self.timers.push(Reverse((now, request.endpoint, Timer::Player))),
        }
        self.endpoint(request.endpoint)?.player = Some(player);
        self.players.insert(id, Stage::Endpoint(request.endpoint));
        Ok(Reply::Player { player: id })
    }

    pub(super) fn stop_player(&mut self, id: u64) -> Reply {
        match self.players.get(&id) {
            Some(Stage::Endpoint(endpoint)) => self.silence(*endpoint),
            None => {}
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
        let Some(mut player) = Player::take_due(&mut endpoint.player, at) else {
            return;
        };
        let (number, codec) = (player.id, player.codec);
        match (player.frame(now), endpoint.payload_type(codec)) {
            (Frame::Packet(packet), Some(payload_type)) => {
                if endpoint.direction.sends() && endpoint.digits.is_none() {
                    let feed = Feed::Made { id: number, clock: codec.rtp_clock() };
                    endpoint.transmit_made(feed, codec.rtp_ticks_per_frame(), payload_type, packet, now);
                }
            }
            (Frame::Later, Some(_)) => {}
            _ => {
                self.players.remove(&number);
                let tag = endpoint.tag.clone();
                self.events.push(Event::PlayerFinished { endpoint: Some(id), tag, player: number });
                return;
            }
        }
        self.timers.push(Reverse((player.due, id, Timer::Player)));
        endpoint.player = Some(Player::Own(player));
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
