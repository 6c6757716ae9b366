//! Recordings: begun and ended by clients, written by a thread of their own.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Stage, Timer, Written};
use crate::control::message::Record;
use crate::control::{Event, Failure, Reply};
use crate::recording::Recording;

impl Engine {
    /// Takes word of a recording that is complete.
    pub(super) fn written(&mut self, (recorder, path, result): Written) {
        let Some((stage, tag)) = self.recorders.remove(&recorder) else {
            return;
        };
        let duration_ms = result.unwrap_or_else(|error| {
            log::error!("recording {}: {error}", path.display());
            0
        });
        let endpoint = match stage {
            Stage::Endpoint(endpoint) => Some(endpoint),
            Stage::Room(_) => None,
        };
        self.aftermath.events.push(Event::RecorderFinished { endpoint, tag, recorder, path, duration_ms });
    }

    pub(super) fn record(&mut self, request: Record, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let tag = {
            let endpoint = self.endpoint(request.endpoint)?;
            if endpoint.recording.is_some() {
                return Err(Failure {
                    code: "limit",
                    text: format!("endpoint {} is recorded already", endpoint.id),
                });
            }
            endpoint.tag.clone()
        };
        let kind = (request.what, request.limits);
        let recording = Recording::begin(id, request.path, kind, &self.writer, now)
            .map_err(|error| Failure { code: "failed", text: format!("path: {error}") })?;
        self.timers.push(Reverse((recording.due, request.endpoint, Timer::Recording)));
        self.recorders.insert(id, (Stage::Endpoint(request.endpoint), tag));
        self.endpoint(request.endpoint)?.recording = Some(Box::new(recording));
        Ok(Reply::Recorder { recorder: id })
    }

    pub(super) fn stop_recorder(&mut self, id: u64) -> Reply {
        match self.recorders.get(&id) {
            Some((Stage::Endpoint(endpoint), _)) => {
                let endpoint = self.endpoints.get_mut(endpoint);
                let running = |recording: &mut Box<Recording>| recording.id() == id;
                if let Some(recording) = endpoint.and_then(|endpoint| endpoint.recording.take_if(running)) {
                    recording.finish();
                }
            }
            Some((Stage::Room(room), _)) => {
                let room = self.rooms.get_mut(room);
                if let Some(reel) = room.and_then(|room| room.recorder.take_if(|reel| reel.id() == id)) {
                    reel.finish();
                }
            }
            None => {}
        }
        Reply::Done {}
    }

    pub(super) fn record_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        let Some(recording) = endpoint.recording.as_mut().filter(|recording| recording.due == at) else {
            return;
        };
        if recording.frame(now) {
            self.timers.push(Reverse((recording.due, id, Timer::Recording)));
        } else if let Some(recording) = endpoint.recording.take() {
            recording.finish();
        }
    }
}
