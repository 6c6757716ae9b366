//! Recordings: begun and ended by clients, written by a thread of their own.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Stage, Timer, Written};
use crate::control::message::Record;
use crate::control::{Event, Failure, Reply};
use crate::recording::{self, Recording};

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
        let recording = Recording::new(id, request.what, request.limits, now);
        self.writer
            .open(id, request.path, recording.channels(), recording::RATE)
            .map_err(|error| Failure { code: "failed", text: format!("path: {error}") })?;
        self.timers.push(Reverse((recording.due, request.endpoint, Timer::Recording)));
        self.recorders.insert(id, (Stage::Endpoint(request.endpoint), tag));
        self.endpoint(request.endpoint)?.recording = Some(recording);
        Ok(Reply::Recorder { recorder: id })
    }

    pub(super) fn stop_recorder(&mut self, id: u64) -> Reply {
        let running = match self.recorders.get(&id) {
            Some((Stage::Endpoint(endpoint), _)) => self
                .endpoints
                .get_mut(endpoint)
                .is_some_and(|endpoint| endpoint.recording.take_if(|recording| recording.id == id).is_some()),
            Some((Stage::Room(room), _)) => self
                .rooms
                .get_mut(room)
                .is_some_and(|room| room.recorder.take_if(|recorder| *recorder == id).is_some()),
            None => false,
        };
        if running {
            self.writer.finish(id);
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
        if recording.frame(&self.writer, now) {
            self.timers.push(Reverse((recording.due, id, Timer::Recording)));
        } else {
            self.writer.finish(recording.id);
            endpoint.recording = None;
        }
    }
}
