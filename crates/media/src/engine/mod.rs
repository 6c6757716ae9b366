//! Everything that lives in the engine, and what clients may do with it.

mod arrivals;
mod bridges;
mod faxes;
mod figures;
mod keys;
mod legs;
mod moving;
mod recordings;
mod rooms;
mod sound;
mod sources;
mod taps;
mod token;
mod translations;
mod video;
mod views;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::audio::{Library, RecordingWriter};
use crate::control::{Event, Failure, Operation, PROTOCOL, Reply, Stats};
use crate::endpoint::{Endpoint, Identity, Transport};
use crate::fax;
use crate::figures::{Opinions, Totals, Troubles};
use crate::ids::{IdMap, Seat};
use crate::ports::Ports;
use crate::relay::Aftermath;
use crate::room::Room;
use crate::shared::SharedSource;
use crate::video::Origin;
use crate::watch::Watch;

use bridges::Bridge;
use faxes::Fax;
pub use moving::Luggage;
pub use token::Token;

/// How often every endpoint is looked at: for silence, and for a report that is due.
const ROUND: Duration = Duration::from_millis(250);
/// Largest datagram that is read.
const DATAGRAM: usize = 2048;

/// A recording that is complete, as its thread tells it.
pub type Written = (u64, PathBuf, Result<u64, String>);

/// What other threads tell the engine.
#[derive(Debug)]
pub enum Word {
    /// A recording is complete.
    Written(Written),
    /// Of a fax.
    Fax(fax::Word),
}

impl Word {
    /// Number of the recorder or fax that it is about.
    pub fn about(&self) -> u64 {
        match self {
            Self::Written((recorder, ..)) => *recorder,
            Self::Fax(word) => word.fax,
        }
    }
}

/// How they tell it.
pub type Tell = Arc<dyn Fn(Word) + Send + Sync>;

/// How much lives in an engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Endpoints.
    pub endpoints: usize,
    /// Conferences.
    pub rooms: usize,
    /// The highest number that is known there.
    pub last: u64,
}

/// What a moment was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Player,
    Digits,
    Recording,
    Browser,
    Source,
    Room,
    Translation,
    Tap,
}

/// Where a player plays, or what a recorder records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Endpoint(u64),
    Room(u64),
}

/// What all engines of a process have in common.
#[derive(Clone)]
pub struct Common {
    /// Random for each start.
    pub instance: String,
    /// What browsers see.
    pub identity: Identity,
}

impl Common {
    /// Of a process that starts.
    ///
    /// # Errors
    /// When no DTLS certificate can be made.
    pub fn generate() -> Result<Self, String> {
        Ok(Self { instance: format!("{:016x}", rand::random::<u64>()), identity: Identity::generate()? })
    }

    /// The answer to a client that says hello.
    pub fn hello(&self) -> Reply {
        Reply::Hello {
            protocol: PROTOCOL,
            instance: self.instance.clone(),
            version: env!("CARGO_PKG_VERSION"),
            abilities: &["keep-digits", "video"],
        }
    }
}

/// All endpoints and bridges of one thread.
pub struct Engine {
    common: Common,
    seat: Seat,
    ports: Ports,
    endpoints: IdMap<Box<Endpoint>>,
    bridges: BTreeMap<u64, Bridge>,
    players: IdMap<Stage>,
    sources: BTreeMap<u64, SharedSource>,
    library: Library,
    recorders: IdMap<(Stage, String)>,
    rooms: BTreeMap<u64, Room>,
    writer: RecordingWriter,
    faxes: IdMap<Fax>,
    /// Taps and the endpoints that have them.
    taps: IdMap<u64>,
    /// Browsers for whom something was written that has not gone out.
    undriven: Vec<u64>,
    /// Whom a packet of video goes to; kept for its memory.
    viewers: Vec<Origin>,
    tell: Tell,
    timers: BinaryHeap<Reverse<(Instant, u64, Timer)>>,
    round: Instant,
    aftermath: Aftermath,
    buffer: Box<[u8]>,
    last: u64,
    /// Endpoints that were made, and sums over those that are gone.
    endpoints_made: u64,
    gone: Totals,
    /// What endpoints that came from another engine had counted there.
    brought: Totals,
    opinions: Opinions,
    troubles: Troubles,
}

impl Engine {
    /// An engine with nothing in it. Other threads call `tell`, whose words come back by [`Self::told`].
    pub fn new(ports: Ports, common: Common, seat: Seat, tell: Tell) -> Self {
        let written = Arc::clone(&tell);
        let writer = RecordingWriter::start(Box::new(move |id, path, result| {
            written(Word::Written((id, path, result)));
        }));
        Self {
            common,
            seat,
            ports,
            endpoints: IdMap::default(),
            bridges: BTreeMap::new(),
            players: IdMap::default(),
            sources: BTreeMap::new(),
            library: Library::start(),
            recorders: IdMap::default(),
            rooms: BTreeMap::new(),
            writer,
            faxes: IdMap::default(),
            taps: IdMap::default(),
            undriven: Vec::new(),
            viewers: Vec::new(),
            tell,
            timers: BinaryHeap::new(),
            round: Instant::now() + ROUND,
            aftermath: Aftermath::default(),
            buffer: vec![0; DATAGRAM].into_boxed_slice(),
            last: 0,
            endpoints_made: 0,
            gone: Totals::default(),
            brought: Totals::default(),
            opinions: Opinions::default(),
            troubles: Troubles::default(),
        }
    }

    /// How much lives in it, and the highest number that is known here.
    pub fn load(&self) -> Load {
        Load { endpoints: self.endpoints.len(), rooms: self.rooms.len(), last: self.last }
    }

    /// Takes numbers behind this one from now on: another engine gave it.
    pub fn count_from(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    /// What has happened since the last call, in order.
    pub fn events(&mut self) -> Vec<Event> {
        self.count_troubles();
        std::mem::take(&mut self.aftermath.events)
    }

    /// Takes word of another thread. Gives it back where it is about nothing that lives here.
    pub fn told(&mut self, word: Word, now: Instant) -> Option<Word> {
        match word {
            Word::Written(written) if self.recorders.contains_key(&written.0) => self.written(written),
            Word::Fax(word) if self.faxes.contains_key(&word.fax) => self.fax_says(word, now),
            word => return Some(word),
        }
        None
    }

    /// Does what a client asks.
    ///
    /// # Errors
    /// The failure that the client is told; nothing has changed then.
    pub fn perform(
        &mut self,
        owner: &str,
        operation: Operation,
        watch: &Watch,
        now: Instant,
    ) -> Result<Reply, Failure> {
        match operation {
            Operation::Hello(_) => Ok(self.common.hello()),
            Operation::CreateEndpoint(request) => self.create_endpoint(owner, request, watch, now),
            Operation::Configure(request) => self.configure(&request, now),
            Operation::Play(request) => self.play(&request, now),
            Operation::StopPlayer(request) => Ok(self.stop_player(request.player)),
            Operation::Record(request) => self.record(request, now),
            Operation::StopRecorder(request) => Ok(self.stop_recorder(request.recorder)),
            Operation::SendDtmf(request) => self.send_dtmf(&request, now),
            Operation::Stats(request) => {
                let stats = self.endpoint(request.endpoint)?.stats();
                Ok(Reply::Stats(Stats { video: self.video_stats(request.endpoint), ..stats }))
            }
            Operation::DeleteEndpoint(request) => Ok(self.delete_endpoint(request.endpoint, now)),
            Operation::CreateBridge(request) => self.create_bridge(request, now),
            Operation::DeleteBridge(request) => Ok(self.delete_bridge(request.bridge, now)),
            Operation::CreateSource(request) => self.create_source(request, now),
            Operation::DeleteSource(request) => Ok(self.delete_source(request.source)),
            Operation::ListSources => Ok(Reply::Sources(self.list_sources())),
            Operation::CreateRoom(request) => self.create_room(request, now),
            Operation::DeleteRoom(request) => Ok(self.delete_room(request.room, now)),
            Operation::JoinRoom(request) => self.join_room(&request, now),
            Operation::LeaveRoom(request) => Ok(self.leave_room(request.endpoint, now)),
            Operation::WatchVideo(request) => self.watch_video(&request, now),
            Operation::RoomPlay(request) => self.play_to_room(&request, now),
            Operation::RoomRecord(request) => self.record_room(request, now),
            Operation::ListRooms => Ok(Reply::Rooms(self.list_rooms())),
            Operation::StartFax(request) => self.start_fax(request),
            Operation::StopFax(request) => Ok(self.stop_fax(request.fax)),
            Operation::ListFaxes => Ok(Reply::Faxes(self.list_faxes())),
            Operation::OpenTap(request) => self.open_tap(&request, now),
            Operation::StopTap(request) => Ok(self.close_tap(request.tap)),
            Operation::ReceiveDtmf(request) => self.receive_dtmf(&request, now),
            Operation::ListEndpoints => Ok(Reply::Endpoints(self.sorted().map(Endpoint::listing).collect())),
            Operation::ListBridges => Ok(Reply::Bridges(self.list_bridges())),
        }
    }

    /// When something is to be done even though nothing arrives.
    pub fn next_timeout(&self) -> Instant {
        self.timers.peek().map_or(self.round, |Reverse((at, ..))| self.round.min(*at))
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Instant) {
        while let Some(Reverse((at, id, timer))) =
            self.timers.peek().copied().filter(|Reverse((at, ..))| *at <= now)
        {
            self.timers.pop();
            match timer {
                Timer::Player => self.play_frame(id, at, now),
                Timer::Digits => self.digit_frame(id, now),
                Timer::Recording => self.record_frame(id, at, now),
                Timer::Browser => self.browser_timeout(id, at, now),
                Timer::Source => self.source_frame(id, at, now),
                Timer::Room => self.room_frame(id, at, now),
                Timer::Tap => self.tap_frame(id, now),
                Timer::Translation => self.translated_frame(id, at, now),
            }
        }
        if self.round <= now {
            let elapsed = ROUND + now.duration_since(self.round);
            self.round = now + ROUND;
            self.video_round(elapsed, now);
            for endpoint in self.endpoints.values_mut() {
                endpoint.report(now);
                if let Some(silence) = endpoint.fallen_silent(now) {
                    self.aftermath.events.push(Event::MediaTimeout {
                        endpoint: endpoint.id,
                        tag: endpoint.tag.clone(),
                        silent_seconds: silence.as_secs_f64(),
                    });
                }
            }
        }
    }

    fn number(&mut self) -> u64 {
        self.last = self.seat.next(self.last);
        self.last
    }

    fn endpoint(&mut self, id: u64) -> Result<&mut Endpoint, Failure> {
        self.endpoints.get_mut(&id).map(Box::as_mut).ok_or_else(|| Failure::not_found("endpoint", id))
    }

    fn transport(&mut self, id: u64) -> Option<&mut Transport> {
        self.endpoints.get_mut(&id).map(|endpoint| &mut endpoint.transport)
    }

    fn sorted(&self) -> impl Iterator<Item = &Endpoint> {
        let mut all: Vec<&Endpoint> = self.endpoints.values().map(Box::as_ref).collect();
        all.sort_unstable_by_key(|endpoint| endpoint.id);
        all.into_iter()
    }
}
