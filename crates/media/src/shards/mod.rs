//! Several cores: endpoints spread over threads that share nothing.
//!
//! Each shard is a thread with an engine of its own: sockets, bridges, rooms, players, ports, helper threads. In front
//! of them stands the thread of the control socket, which knows where everything lives, hands requests on and gives
//! back answers and events. What is joined lives in one shard; an endpoint that is joined with somebody in another one
//! goes there first ([`crate::engine::Luggage`]). With one thread there is none of all this: the loop of the one engine
//! serves the clients itself.

mod dispatch;
mod front;
mod joining;
mod shard;
mod whereabouts;

use crate::control::source::CreateSource;
use crate::control::{Event, Failure, Operation, Reply};
use crate::engine::{Load, Luggage, Word};
use crate::figures::Figures;

pub use front::Front;

/// What the front wants of a shard. Each but the last two is answered once.
pub enum Order {
    /// Do what a client asks, one after the other; numbers begin behind `last`.
    Perform {
        /// Name of the client.
        owner: String,
        /// What it asks.
        operations: Vec<Operation>,
        /// The highest number that any shard gave.
        last: u64,
    },
    /// Say whether it lives there.
    Find(Thing),
    /// Let an endpoint go.
    Depart(u64),
    /// Take one in, and do at once what it came for: no packet is read in between.
    Arrive {
        /// The endpoint.
        luggage: Box<Luggage>,
        /// What a client asks, and its name.
        errand: Option<(String, Operation)>,
        /// As above.
        last: u64,
    },
    /// Open a source that lives elsewhere as well.
    PutSource(u64, CreateSource),
    /// Take word of what came from another shard, with how many have been asked.
    Take(Word, usize),
    /// End.
    Stop,
}

/// What may live in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An endpoint.
    Endpoint(u64),
    /// A conference.
    Room(u64),
}

/// What a shard answers.
pub enum Answer {
    /// To [`Order::Perform`], one for each operation, and to [`Order::PutSource`].
    Performed(Vec<Result<Reply, Failure>>),
    /// To [`Order::Find`].
    Found(bool),
    /// To [`Order::Depart`].
    Departed(Result<Box<Luggage>, Failure>),
    /// To [`Order::Arrive`]: what the errand has led to; the luggage where it could not be taken in.
    Arrived(Result<Vec<Result<Reply, Failure>>, Box<Luggage>>),
}

/// What a shard has for the front.
pub enum News {
    /// For the clients.
    Event(Event),
    /// To an order, and what it has led to at once: that is told after the client has its answer.
    Answer(Answer, Load, Vec<Event>),
    /// Word about something that has gone to another shard, with how many have been asked before.
    Astray(Word, usize),
    /// Its figures, once a second: a sign of life as well.
    Figures(Box<Figures>),
    /// It has ended, and nobody told it to.
    Dead(String),
}
