//! What the engine tells of itself.

use super::Engine;
use crate::control::Event;
use crate::endpoint::{Endpoint, Transport};
use crate::figures::{Figures, Totals};

impl Engine {
    /// Everything that it counts; the loop adds its own.
    pub fn figures(&self) -> Figures {
        let mut totals = Totals { endpoints: self.endpoints_made, ..self.gone };
        let (mut webrtc_endpoints, mut transcoded) = (0, 0);
        for endpoint in self.endpoints.values() {
            totals.add(endpoint);
            webrtc_endpoints += u64::from(matches!(endpoint.transport, Transport::Webrtc(_)));
            transcoded += u64::from(endpoint.translation.is_some());
        }
        totals.subtract(&self.brought);
        Figures {
            rtp_endpoints: self.endpoints.len() as u64 - webrtc_endpoints,
            webrtc_endpoints,
            transcoded,
            bridges: self.bridges.len() as u64,
            rooms: self.rooms.len() as u64,
            members: self.rooms.values().map(|room| room.members().count() as u64).sum(),
            players: self.players.len() as u64,
            sources: self.sources.len() as u64,
            recorders: self.recorders.len() as u64,
            taps: self.taps.len() as u64,
            faxes: self.faxes.len() as u64,
            port_pairs: self.ports.capacity() as u64,
            totals,
            opinions: self.opinions,
            troubles: self.troubles,
            ..Figures::default()
        }
    }

    /// Keeps the counters of an endpoint that is going.
    pub(super) fn remember(&mut self, endpoint: &Endpoint) {
        self.gone.add(endpoint);
        if let Some(score) = endpoint.stats().mos {
            self.opinions.add(score);
        }
    }

    /// Counts what went wrong among events that are told now.
    pub(super) fn count_troubles(&mut self) {
        for event in &self.aftermath.events {
            match event {
                Event::MediaTimeout { .. } => self.troubles.timeouts += 1,
                Event::TransportFailed { .. } => self.troubles.transports += 1,
                _ => {}
            }
        }
    }
}
