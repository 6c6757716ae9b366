//! Rooms: opened and closed by clients, entered and left by endpoints.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Stage, Timer};
use crate::audio::{Playout, Source};
use crate::control::room::{CreateRoom, JoinRoom, RoomPlay, RoomRecord};
use crate::control::{Event, Failure, Reply, Role, RoomListing};
use crate::room::Room;

impl Engine {
    pub(super) fn create_room(&mut self, request: CreateRoom, now: Instant) -> Result<Reply, Failure> {
        if ![8_000, 16_000, 48_000].contains(&request.rate) {
            let text = format!("rate: {} Hz, but only 8000, 16000 and 48000 can be mixed", request.rate);
            return Err(Failure { code: "bad-request", text });
        }
        let id = self.number();
        self.rooms.insert(id, Room::new(id, request.tag, request.rate, now));
        Ok(Reply::Room { room: id })
    }

    pub(super) fn delete_room(&mut self, id: u64, now: Instant) -> Reply {
        let Some(room) = self.rooms.remove(&id) else {
            return Reply::Done {};
        };
        for member in room.members() {
            self.part_views(member, now);
            if let Some(endpoint) = self.endpoints.get_mut(&member) {
                endpoint.room = None;
                endpoint.listen_by(None);
            }
        }
        for (player, _) in &room.players {
            self.players.remove(player);
        }
        if let Some(recorder) = room.recorder {
            recorder.finish();
        }
        Reply::Done {}
    }

    pub(super) fn list_rooms(&self) -> Vec<RoomListing> {
        self.rooms.values().map(Room::listing).collect()
    }

    /// An endpoint enters, leaving its bridge or another room; or it changes its role.
    pub(super) fn join_room(&mut self, request: &JoinRoom, now: Instant) -> Result<Reply, Failure> {
        let role = request.role()?;
        if let Role::Whisper(hearer) = role
            && !request.hearer_elsewhere
        {
            self.endpoint(hearer)?;
        }
        let rate =
            self.rooms.get(&request.room).ok_or_else(|| Failure::not_found("room", request.room))?.rate;
        let endpoint = self.endpoint(request.endpoint)?;
        let bridge = endpoint.bridge.map(|(bridge, _)| bridge);
        let before = endpoint.room.filter(|room| *room != request.room);
        if endpoint.room != Some(request.room) {
            endpoint.listen_by(Some(Box::new(Playout::new(rate))));
            endpoint.room = Some(request.room);
        }
        if let Some(bridge) = bridge {
            self.delete_bridge(bridge, now);
        }
        if let Some(room) = before.and_then(|room| self.rooms.get_mut(&room)) {
            room.dismiss(request.endpoint);
            self.part_views(request.endpoint, now);
        }
        self.wake_room(request.room, now);
        if let Some(room) = self.rooms.get_mut(&request.room) {
            room.admit(request.endpoint, role);
        }
        self.settle_views(request.room, now);
        self.drive(now);
        Ok(Reply::Done {})
    }

    /// An endpoint leaves its room, if it is in one.
    pub(super) fn leave_room(&mut self, id: u64, now: Instant) -> Reply {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.listen_by(None);
            if let Some(number) = endpoint.room.take()
                && let Some(room) = self.rooms.get_mut(&number)
            {
                room.dismiss(id);
                self.part_views(id, now);
                self.settle_views(number, now);
            }
        }
        Reply::Done {}
    }

    pub(super) fn play_to_room(&mut self, request: &RoomPlay, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let room = self.rooms.get(&request.room).ok_or_else(|| Failure::not_found("room", request.room))?;
        let source = Source::open(&request.source, request.looped, room.rate, &mut self.library)
            .map_err(|error| Failure { code: "bad-request", text: format!("source: {error}") })?;
        self.wake_room(request.room, now);
        if let Some(room) = self.rooms.get_mut(&request.room) {
            room.players.push((id, source));
        }
        self.players.insert(id, Stage::Room(request.room));
        Ok(Reply::Player { player: id })
    }

    pub(super) fn record_room(&mut self, request: RoomRecord, now: Instant) -> Result<Reply, Failure> {
        let id = self.number();
        let room = self.rooms.get(&request.room).ok_or_else(|| Failure::not_found("room", request.room))?;
        if room.recorder.is_some() {
            return Err(Failure { code: "limit", text: format!("room {} is recorded already", room.id) });
        }
        let tag = room.tag.clone();
        let reel = self
            .writer
            .open(id, request.path, 1, room.rate)
            .map_err(|error| Failure { code: "failed", text: format!("path: {error}") })?;
        self.wake_room(request.room, now);
        if let Some(room) = self.rooms.get_mut(&request.room) {
            room.recorder = Some(reel);
        }
        self.recorders.insert(id, (Stage::Room(request.room), tag));
        Ok(Reply::Recorder { recorder: id })
    }

    pub(super) fn room_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let Some(room) = self.rooms.get_mut(&id).filter(|room| room.due == at && !room.idle()) else {
            return;
        };
        let ended = room.frame(&mut self.endpoints, now, &mut self.aftermath.events);
        self.timers.push(Reverse((room.due, id, Timer::Room)));
        let tag = room.tag.clone();
        for player in ended {
            self.players.remove(&player);
            self.aftermath.events.push(Event::PlayerFinished { endpoint: None, tag: tag.clone(), player });
        }
    }

    /// A room in which nothing happened stands still; now something does.
    fn wake_room(&mut self, id: u64, now: Instant) {
        if let Some(room) = self.rooms.get_mut(&id).filter(|room| room.idle()) {
            room.due = now;
            self.timers.push(Reverse((now, id, Timer::Room)));
        }
    }
}
