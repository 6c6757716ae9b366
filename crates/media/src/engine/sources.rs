//! Sources that many hear: created by clients, played to endpoints.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Timer};
use crate::audio::Filled;
use crate::control::source::CreateSource;
use crate::control::{Event, Failure, Reply, SourceListing};
use crate::rtp::outgoing::Feed;
use crate::shared::SharedSource;

impl Engine {
    pub(super) fn create_source(&mut self, request: CreateSource, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        self.put_source(id, request, now)
    }

    /// Opens a source under a number that another engine gave it: each plays it to its own endpoints.
    ///
    /// # Errors
    /// When it cannot be played.
    pub fn put_source(&mut self, id: u64, request: CreateSource, now: Instant) -> Result<Reply, Failure> {
        let source = SharedSource::new(request.tag, &request.source, request.looped, &mut self.library, now)
            .map_err(|error| Failure { code: "bad-request", text: format!("source: {error}") })?;
        self.sources.insert(id, source);
        Ok(Reply::Source { source: id })
    }

    pub(super) fn delete_source(&mut self, id: u64) -> Reply {
        if let Some(source) = self.sources.remove(&id) {
            for (endpoint, player) in source.listeners {
                self.player_over(endpoint, player);
            }
        }
        Reply::Done {}
    }

    pub(super) fn list_sources(&self) -> Vec<SourceListing> {
        self.sources.iter().map(|(id, source)| source.listing(*id)).collect()
    }

    /// Lets an endpoint hear a source from now on.
    pub(super) fn listen(
        &mut self,
        id: u64,
        endpoint: u64,
        player: u64,
        now: Instant,
    ) -> Result<(), Failure> {
        let source = self.sources.get_mut(&id).ok_or_else(|| Failure::not_found("source", id))?;
        if source.listeners.is_empty() {
            source.due = now;
            self.timers.push(Reverse((now, id, Timer::Source)));
        }
        source.listeners.insert(endpoint, player);
        Ok(())
    }

    /// An endpoint hears it no longer.
    pub(super) fn unlisten(&mut self, id: u64, endpoint: u64) {
        if let Some(source) = self.sources.get_mut(&id) {
            source.listeners.remove(&endpoint);
        }
    }

    pub(super) fn source_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let Some(source) = self.sources.get_mut(&id).filter(|source| source.due == at) else {
            return;
        };
        if source.listeners.is_empty() {
            return;
        }
        match source.advance(now) {
            Filled::Samples(0) => {
                for (endpoint, player) in std::mem::take(&mut source.listeners) {
                    self.player_over(endpoint, player);
                }
                return;
            }
            Filled::Later => {}
            Filled::Samples(_) => {
                let mut packet = Vec::new();
                let listeners = std::mem::take(&mut source.listeners);
                for (listener, player) in &listeners {
                    let Some(endpoint) = self.endpoints.get_mut(listener) else {
                        continue;
                    };
                    let Some(format) = endpoint.formats.audio.first().cloned() else {
                        continue;
                    };
                    source.packet(&format, &mut packet);
                    if endpoint.direction.sends() && endpoint.digits.is_none() {
                        let feed = Feed::Made { id: *player, clock: format.codec.rtp_clock() };
                        let ticks = format.codec.rtp_ticks_per_frame();
                        endpoint.transmit_made(feed, ticks, format.payload_type, &mut packet, now);
                    }
                }
                source.listeners = listeners;
            }
        }
        self.timers.push(Reverse((source.due, id, Timer::Source)));
    }

    /// A player that hears a source is over, and the client is told.
    fn player_over(&mut self, id: u64, player: u64) {
        self.players.remove(&player);
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        if endpoint.player.take_if(|playing| playing.id() == player).is_some() {
            let tag = endpoint.tag.clone();
            self.aftermath.events.push(Event::PlayerFinished { endpoint: Some(id), tag, player });
        }
    }

    /// Takes away what plays to an endpoint; nobody is told.
    pub(super) fn silence(&mut self, id: u64) {
        let player = self.endpoints.get_mut(&id).and_then(|endpoint| endpoint.player.take());
        if let Some(player) = player {
            self.players.remove(&player.id());
            if let Some(source) = player.shared() {
                self.unlisten(source, id);
            }
        }
    }
}
