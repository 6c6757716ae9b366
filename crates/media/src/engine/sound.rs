//! Players: what the engine itself says to a peer.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Stage, Timer};
use crate::control::message::Play;
use crate::control::{Event, Failure, Reply, SourceSpec};
use crate::player::{Frame, OwnPlayer, Player};
use crate::rtp::outgoing::Feed;

impl Engine {
    pub(super) fn play(&mut self, request: &Play, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let endpoint = self
            .endpoints
            .get(&request.endpoint)
            .ok_or_else(|| Failure::not_found("endpoint", request.endpoint))?;
        let format = endpoint.formats.audio.first().ok_or_else(|| not_configured(request.endpoint))?;
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
            Some(Stage::Room(room)) => {
                if let Some(room) = self.rooms.get_mut(room) {
                    room.players.retain(|(player, _)| *player != id);
                }
                self.players.remove(&id);
            }
            None => {}
        }
        Reply::Done {}
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
                self.aftermath.events.push(Event::PlayerFinished { endpoint: Some(id), tag, player: number });
                return;
            }
        }
        self.timers.push(Reverse((player.due, id, Timer::Player)));
        endpoint.player = Some(Player::Own(player));
    }
}

fn not_configured(id: u64) -> Failure {
    Failure { code: "bad-request", text: format!("endpoint {id} is not configured") }
}
