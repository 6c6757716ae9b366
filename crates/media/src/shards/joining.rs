//! What needs more than one shard: joining endpoints of two of them, sources that each of them plays, lists.

use std::io;

use super::dispatch::single;
use super::{Answer, Front, Order, Thing};
use crate::clients::Clients;
use crate::control::message::CreateBridge;
use crate::control::room::JoinRoom;
use crate::control::source::{CreateSource, OnSource};
use crate::control::video::WatchVideo;
use crate::control::{Failure, Operation, Reply, Role};

/// What a client is told; the outer failure ends the process.
type Told = io::Result<Result<Reply, Failure>>;

impl Front {
    /// Does what no shard can do alone.
    pub(super) fn conduct(&mut self, owner: &str, operation: Operation, clients: &mut Clients) -> Told {
        match operation {
            Operation::Hello(_) => Ok(Ok(self.common.hello())),
            Operation::CreateBridge(pair) => self.bridge(owner, pair, clients),
            Operation::JoinRoom(join) => self.join(owner, join, clients),
            Operation::WatchVideo(watch) => self.watch_video(owner, watch, clients),
            Operation::CreateSource(source) => self.create_source(owner, source, clients),
            Operation::DeleteSource(OnSource { source }) => {
                self.all(owner, || Operation::DeleteSource(OnSource { source }), clients)?;
                Ok(Ok(Reply::Done {}))
            }
            Operation::ListEndpoints => self.list(owner, || Operation::ListEndpoints, clients),
            Operation::ListBridges => self.list(owner, || Operation::ListBridges, clients),
            Operation::ListRooms => self.list(owner, || Operation::ListRooms, clients),
            Operation::ListSources => self.list(owner, || Operation::ListSources, clients),
            Operation::ListFaxes => self.list(owner, || Operation::ListFaxes, clients),
            other => self.one(0, owner, other, clients),
        }
    }

    /// Joins endpoints of two shards: one of them goes where the other is, into the emptier of the two.
    fn bridge(&mut self, owner: &str, pair: CreateBridge, clients: &mut Clients) -> Told {
        let [at, bt] = [pair.a, pair.b].map(|side| self.whereabouts.shard(side));
        let b_stays = self.shards[at].load.endpoints > self.shards[bt].load.endpoints;
        let (goes, stays, to) = if b_stays { (pair.a, pair.b, bt) } else { (pair.b, pair.a, at) };
        if !self.lives(Thing::Endpoint(stays), to, clients)? {
            // It says which of them is missing.
            return self.one(at, owner, Operation::CreateBridge(pair), clients);
        }
        self.fetch(goes, to, (owner, Operation::CreateBridge(pair)), clients)
    }

    /// Lets an endpoint into a room: it goes where the room is. Whom it whispers to may come later.
    fn join(&mut self, owner: &str, mut join: JoinRoom, clients: &mut Clients) -> Told {
        let to = self.whereabouts.shard(join.room);
        match join.role() {
            Err(failure) => return Ok(Err(failure)),
            Ok(Role::Whisper(hearer)) => {
                let at = self.whereabouts.shard(hearer);
                join.hearer_elsewhere = at != to && self.lives(Thing::Endpoint(hearer), at, clients)?;
                if at != to && !join.hearer_elsewhere {
                    return Ok(Err(Failure::not_found("endpoint", hearer)));
                }
            }
            Ok(_) => {}
        }
        if self.whereabouts.shard(join.endpoint) != to {
            if !self.lives(Thing::Room(join.room), to, clients)? {
                return Ok(Err(Failure::not_found("room", join.room)));
            }
            return self.fetch(join.endpoint, to, (owner, Operation::JoinRoom(join)), clients);
        }
        self.one(to, owner, Operation::JoinRoom(join), clients)
    }

    /// Whoever is in another shard is not in the same room; the shard says so, or what else is wrong.
    fn watch_video(&mut self, owner: &str, mut watch: WatchVideo, clients: &mut Clients) -> Told {
        if let Some(source) = watch.source {
            let at = self.whereabouts.shard(source);
            watch.source_elsewhere = self.lives(Thing::Endpoint(source), at, clients)?;
        }
        let shard = self.whereabouts.shard(watch.endpoint);
        self.one(shard, owner, Operation::WatchVideo(watch), clients)
    }

    /// Opens a source in every shard, under one number: each plays it to its own endpoints.
    fn create_source(&mut self, owner: &str, request: CreateSource, clients: &mut Clients) -> Told {
        let answer = self.one(0, owner, Operation::CreateSource(request.clone()), clients)?;
        let Ok(Reply::Source { source }) = answer else {
            return Ok(answer);
        };
        let put = |shard| (shard, Order::PutSource(source, request.clone()));
        let orders: Vec<(usize, Order)> = (1..self.shards.len()).map(put).collect();
        for other in self.ask_each(orders, clients)? {
            if let Err(failure) = single(other)? {
                self.all(owner, || Operation::DeleteSource(OnSource { source }), clients)?;
                return Ok(Err(failure));
            }
        }
        Ok(answer)
    }

    fn list(&mut self, owner: &str, of: impl Fn() -> Operation, clients: &mut Clients) -> Told {
        let mut lists = self.all(owner, of, clients)?.into_iter();
        let mut whole = lists.next().unwrap_or(Ok(Reply::Done {}));
        for list in lists {
            whole = whole.and_then(|whole| list.map(|list| merge(whole, list)));
        }
        Ok(whole)
    }

    /// Whether it lives in that shard.
    fn lives(&mut self, thing: Thing, shard: usize, clients: &mut Clients) -> io::Result<bool> {
        let answer = self.ask(shard, Order::Find(thing), clients)?;
        Ok(matches!(answer, Answer::Found(true)))
    }

    /// Moves an endpoint to a shard, out of its bridge or room, and does there what it came for.
    fn fetch(
        &mut self,
        endpoint: u64,
        to: usize,
        (owner, operation): (&str, Operation),
        clients: &mut Clients,
    ) -> Told {
        let from = self.whereabouts.shard(endpoint);
        let luggage = match self.ask(from, Order::Depart(endpoint), clients)? {
            Answer::Departed(Ok(luggage)) => luggage,
            Answer::Departed(Err(failure)) => return Ok(Err(failure)),
            _ => return Err(io::Error::other("an endpoint did not depart")),
        };
        let contents = luggage.contents();
        let order = self.arrive(luggage, Some((owner.to_owned(), operation)));
        match self.ask(to, order, clients)? {
            Answer::Arrived(Ok(answers)) => {
                self.whereabouts.note(endpoint, contents, to);
                single(Answer::Performed(answers))
            }
            Answer::Arrived(Err(luggage)) => {
                let order = self.arrive(luggage, None);
                if !matches!(self.ask(from, order, clients)?, Answer::Arrived(Ok(_))) {
                    return Err(io::Error::other(format!("endpoint {endpoint} is lost")));
                }
                let text = format!("endpoint {endpoint} could not be moved to another thread");
                Ok(Err(Failure { code: "failed", text }))
            }
            _ => Err(io::Error::other("an endpoint did not arrive")),
        }
    }
}

/// Two lists as one, in the order of the numbers.
fn merge(one: Reply, other: Reply) -> Reply {
    match (one, other) {
        (Reply::Endpoints(one), Reply::Endpoints(other)) => Reply::Endpoints(ordered(one, other, |it| it.id)),
        (Reply::Bridges(one), Reply::Bridges(other)) => Reply::Bridges(ordered(one, other, |it| it.id)),
        (Reply::Rooms(one), Reply::Rooms(other)) => Reply::Rooms(ordered(one, other, |it| it.id)),
        (Reply::Faxes(one), Reply::Faxes(other)) => Reply::Faxes(ordered(one, other, |it| it.id)),
        (Reply::Sources(mut one), Reply::Sources(other)) => {
            for source in other {
                if let Some(own) = one.iter_mut().find(|own| own.id == source.id) {
                    own.listeners.extend(source.listeners);
                    own.listeners.sort_unstable();
                }
            }
            Reply::Sources(one)
        }
        (one, _) => one,
    }
}

fn ordered<T>(mut one: Vec<T>, other: Vec<T>, number: fn(&T) -> u64) -> Vec<T> {
    one.extend(other);
    one.sort_by_key(number);
    one
}
