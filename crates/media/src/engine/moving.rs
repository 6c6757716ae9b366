//! Endpoints that go from one engine to another, of another thread, to be joined with somebody there.
//!
//! An endpoint goes alone: what it was joined with stays behind, as it would if the endpoint were joined with somebody
//! else here. Everything else goes along: sockets with what waits in them, codecs, keys, the browser's session, what
//! plays, records, listens and faxes, and the moments that were waited for. Between the two engines nobody reads its
//! sockets, and the kernel keeps the packets.

use std::cmp::Reverse;
use std::io;
use std::time::Instant;

use super::faxes::Fax;
use super::{Engine, Stage, Timer, Token};
use crate::control::Failure;
use crate::endpoint::{Endpoint, Transport};
use crate::figures::Totals;
use crate::player::Player;
use crate::watch::Watch;

/// An endpoint on its way, with all that belongs to it.
pub struct Luggage {
    endpoint: Box<Endpoint>,
    timers: Vec<(Instant, u64, Timer)>,
    recorder: Option<(u64, (Stage, String))>,
    fax: Option<(u64, Fax)>,
}

impl Luggage {
    /// Number of the endpoint.
    pub fn endpoint(&self) -> u64 {
        self.endpoint.id
    }

    /// Numbers of what goes along.
    pub fn contents(&self) -> Vec<u64> {
        let player = self.endpoint.player.as_ref().map(Player::id);
        let recorder = self.recorder.as_ref().map(|(id, _)| *id);
        let fax = self.fax.as_ref().map(|(id, _)| *id);
        let taps = self.endpoint.taps.iter().map(|tap| tap.id);
        [player, recorder, fax].into_iter().flatten().chain(taps).collect()
    }
}

impl Engine {
    /// Whether there is such an endpoint.
    pub fn has_endpoint(&self, id: u64) -> bool {
        self.endpoints.contains_key(&id)
    }

    /// Whether there is such a room.
    pub fn has_room(&self, id: u64) -> bool {
        self.rooms.contains_key(&id)
    }

    /// Lets an endpoint go, out of its bridge or room.
    ///
    /// # Errors
    /// `not-found`; nothing has changed then.
    pub fn depart(&mut self, id: u64, watch: &Watch, now: Instant) -> Result<Luggage, Failure> {
        let bridge = self.endpoint(id)?.bridge;
        self.leave_room(id, now);
        if let Some((bridge, _)) = bridge {
            self.delete_bridge(bridge, now);
        }
        // What was written for its browser goes out while it is still here.
        self.drive(now);
        let endpoint = self.endpoints.remove(&id).ok_or_else(|| Failure::not_found("endpoint", id))?;
        for socket in sockets(&endpoint) {
            if let Err(error) = watch.remove(socket) {
                log::warn!("endpoint {id} leaves a socket behind: {error}");
            }
        }
        let taps: Vec<u64> = endpoint.taps.iter().map(|tap| tap.id).collect();
        for tap in &taps {
            self.taps.remove(tap);
        }
        if let Some(player) = &endpoint.player {
            self.players.remove(&player.id());
            if let Some(source) = player.shared() {
                self.unlisten(source, id);
            }
        }
        let recorder = endpoint.recording.as_ref().map(|recording| recording.id());
        let fax = endpoint.fax.as_ref().map(|(fax, _)| *fax);
        let of_endpoint = |of: u64, timer: Timer| match timer {
            Timer::Player | Timer::Digits | Timer::Recording | Timer::Browser | Timer::Translation => {
                of == id
            }
            Timer::Tap => taps.contains(&of),
            Timer::Source | Timer::Room => false,
        };
        let all = std::mem::take(&mut self.timers).into_vec();
        let (own, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|Reverse((_, of, timer))| of_endpoint(*of, *timer));
        self.timers = others.into();
        // Sums never shrink here, and do not count twice there.
        self.gone.merge(&Totals::of(&endpoint));
        Ok(Luggage {
            timers: own.into_iter().map(|Reverse(timer)| timer).collect(),
            recorder: recorder.and_then(|recorder| self.recorders.remove_entry(&recorder)),
            fax: fax.and_then(|fax| self.faxes.remove_entry(&fax)),
            endpoint,
        })
    }

    /// Takes an endpoint in.
    ///
    /// # Errors
    /// The endpoint itself, when its sockets cannot be watched here.
    pub fn arrive(&mut self, luggage: Box<Luggage>, watch: &Watch, now: Instant) -> Result<(), Box<Luggage>> {
        let id = luggage.endpoint.id;
        if let Err(error) = observe(&luggage.endpoint, watch) {
            log::error!("endpoint {id} cannot be taken in: {error}");
            for socket in sockets(&luggage.endpoint) {
                // One of two may be watched already.
                let _ = watch.remove(socket);
            }
            return Err(luggage);
        }
        let Luggage { endpoint, timers, recorder, fax } = *luggage;
        self.brought.merge(&Totals::of(&endpoint));
        self.timers.extend(timers.into_iter().map(Reverse));
        self.taps.extend(endpoint.taps.iter().map(|tap| (tap.id, id)));
        self.recorders.extend(recorder);
        self.faxes.extend(fax);
        let player = endpoint.player.as_ref().map(|player| (player.id(), player.shared()));
        self.endpoints.insert(id, endpoint);
        if let Some((player, shared)) = player {
            self.players.insert(player, Stage::Endpoint(id));
            if let Some(source) = shared
                && let Err(failure) = self.listen(source, id, player, now)
            {
                log::error!("player {player} falls silent: {}", failure.text);
            }
        }
        self.undriven.push(id);
        self.drive(now);
        Ok(())
    }
}

fn sockets(endpoint: &Endpoint) -> Vec<&std::net::UdpSocket> {
    match &endpoint.transport {
        Transport::Plain(plain) => vec![plain.rtp(), plain.rtcp()],
        Transport::Webrtc(webrtc) => vec![webrtc.socket()],
    }
}

/// Waits for what comes to an endpoint.
pub(super) fn observe(endpoint: &Endpoint, watch: &Watch) -> io::Result<()> {
    match &endpoint.transport {
        Transport::Plain(plain) => {
            watch.add_media(plain.rtp(), Token::Media(endpoint.id).number())?;
            watch.add_mute(plain.rtcp(), Token::Report(endpoint.id).number())
        }
        Transport::Webrtc(webrtc) => watch.add_media(webrtc.socket(), Token::Media(endpoint.id).number()),
    }
}

#[cfg(test)]
mod tests;
