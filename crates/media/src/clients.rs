//! The clients of the control socket as a loop serves them.

use std::io;
use std::path::Path;

use crate::control::{ClientId, Event, Failure, Refusal, Reply, Request, Server};
use crate::engine::Token;
use crate::figures::Figures;
use crate::watch::Watch;

/// All clients, and what was answered to them.
pub struct Clients {
    server: Server,
    /// For whom there was no room to write.
    blocked: Vec<ClientId>,
    requests: u64,
    refusals: u64,
    /// Requests for a port when none was left.
    shortages: u64,
}

impl Clients {
    /// Listens.
    ///
    /// # Errors
    /// As [`Server::bind`].
    pub fn bind(socket: &Path, watch: &Watch) -> io::Result<Self> {
        let server = Server::bind(socket)?;
        watch.add(server.listener(), Token::Listener.number())?;
        Ok(Self { server, blocked: Vec::new(), requests: 0, refusals: 0, shortages: 0 })
    }

    /// Takes a client that waits.
    pub fn accept(&mut self, watch: &Watch) {
        let added = self.server.accept().and_then(|id| match self.server.stream(id) {
            Some(stream) => watch.add(stream, Token::Client(id).number()),
            None => Ok(()),
        });
        match added {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                log::warn!("a client is lost: {error}")
            }
            _ => {}
        }
    }

    /// Reads what a client sent. False: it is gone, after the requests that wait.
    pub fn read(&mut self, client: ClientId) -> bool {
        self.server.read(client)
    }

    /// The next request that waits, or what cannot be one and is to be refused in its place.
    pub fn next(&mut self, client: ClientId) -> Option<Result<Request, Refusal>> {
        self.server.next_request(client)
    }

    /// Name that a client gave itself.
    pub fn owner(&self, client: ClientId) -> &str {
        self.server.owner(client)
    }

    /// Queues the answer to what is no request.
    pub fn refuse(&mut self, client: ClientId, refusal: &Refusal) {
        self.server.refuse(client, refusal);
    }

    /// Queues an answer.
    pub fn answer(&mut self, client: ClientId, request: u64, answer: &Result<Reply, Failure>) {
        self.requests += 1;
        if let Err(failure) = answer {
            self.refusals += 1;
            self.shortages += u64::from(failure.code == "no-ports");
            log::debug!("{}: {}: {}", self.server.owner(client), failure.code, failure.text);
        }
        self.server.answer(client, request, answer.as_ref());
    }

    /// Queues an event for everybody.
    pub fn tell(&mut self, event: &Event) {
        self.server.broadcast(event);
    }

    /// Forgets one that is gone.
    pub fn part(&mut self, client: ClientId) {
        log::info!("{} is gone, its endpoints stay", self.server.owner(client));
        self.server.remove(client);
    }

    /// Writes what is queued.
    pub fn flush(&mut self, watch: &Watch) {
        let (gone, full) = self.server.flush();
        for client in gone {
            self.server.remove(client);
        }
        // Only what has changed: one that never reads stays full, and must not cost every packet two calls of the system.
        let freed = self.blocked.iter().filter(|client| !full.contains(client)).map(|client| (client, false));
        let filled = full.iter().filter(|client| !self.blocked.contains(client)).map(|client| (client, true));
        for (client, wanted) in freed.chain(filled) {
            if let Some(stream) = self.server.stream(*client)
                && let Err(error) = watch.writable(stream, Token::Client(*client).number(), wanted)
            {
                log::warn!("client {client}: {error}");
            }
        }
        self.blocked = full;
    }

    /// Adds what was counted here.
    pub fn add_to(&self, mut figures: Figures) -> Figures {
        figures.clients = self.server.clients() as u64;
        figures.requests = self.requests;
        figures.refusals = self.refusals;
        figures.troubles.ports = self.shortages;
        figures
    }
}
