//! Taps: opened and closed by clients; one whose listener is gone ends by itself.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Timer};
use crate::control::tap::OpenTap;
use crate::control::{Event, Failure, Reply};
use crate::tap::Tap;

/// Listeners at one leg at most: each decodes for itself.
const MOST: usize = 4;

impl Engine {
    pub(super) fn open_tap(&mut self, request: &OpenTap, now: Instant) -> Result<Reply, Failure> {
        if ![8_000, 16_000, 48_000].contains(&request.rate) {
            let text = format!("rate: {} Hz, but only 8000, 16000 and 48000 are sent", request.rate);
            return Err(Failure { code: "bad-request", text });
        }
        let id = self.number();
        let endpoint = self.endpoint(request.endpoint)?;
        if endpoint.taps.len() >= MOST {
            let text = format!("endpoint {} has {MOST} taps already", endpoint.id);
            return Err(Failure { code: "limit", text });
        }
        let tap = Tap::open(id, &request.path, request.what, request.rate, now)
            .map_err(|error| Failure { code: "failed", text: format!("path: {error}") })?;
        let due = tap.due;
        endpoint.taps.push(tap);
        self.taps.insert(id, request.endpoint);
        self.timers.push(Reverse((due, id, Timer::Tap)));
        Ok(Reply::Tap { tap: id })
    }

    pub(super) fn close_tap(&mut self, id: u64) -> Reply {
        if let Some(endpoint) = self.taps.remove(&id).and_then(|endpoint| self.endpoints.get_mut(&endpoint)) {
            endpoint.taps.retain(|tap| tap.id != id);
        }
        Reply::Done {}
    }

    pub(super) fn tap_frame(&mut self, id: u64, now: Instant) {
        let endpoint = self.taps.get(&id).and_then(|endpoint| self.endpoints.get_mut(endpoint));
        let Some(endpoint) = endpoint else {
            return;
        };
        let Some(tap) = endpoint.taps.iter_mut().find(|tap| tap.id == id) else {
            return;
        };
        match tap.frame(now) {
            Ok(()) => self.timers.push(Reverse((tap.due, id, Timer::Tap))),
            Err(error) => {
                let (endpoint, tag, reason) = (endpoint.id, endpoint.tag.clone(), error.to_string());
                self.aftermath.events.push(Event::TapFinished { endpoint, tag, tap: id, reason });
                self.close_tap(id);
            }
        }
    }
}
