//! The loop of the control socket: with one thread that of the one engine, else that in front of the shards.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::clients::Clients;
use crate::control::ClientId;
use crate::engine::{Common, Token};
use crate::figures::Figures;
use crate::heartbeat::Heartbeat;
use crate::ids::Seat;
use crate::metrics::Board;
use crate::ports::Ports;
use crate::reactor::{Came, Reactor, sharpen_timers};
use crate::shards::Front;

/// How often the figures are gathered.
const GATHERED: Duration = Duration::from_secs(1);

/// Who does the work.
enum Crew {
    /// This thread.
    Alone(Box<Reactor>),
    /// Others, one for each core.
    Several(Box<Front>),
}

/// The engine with its socket.
pub struct Service {
    clients: Clients,
    crew: Crew,
    heartbeat: Option<Heartbeat>,
    board: Option<(Board, Instant)>,
}

impl Service {
    /// Listens for clients; endpoints are spread over so many threads, fewer where there are fewer ports than that.
    ///
    /// # Errors
    /// When the socket, the certificate or a thread cannot be made.
    pub fn bind(socket: &Path, ports: Ports, threads: usize) -> io::Result<Self> {
        let common = Common::generate().map_err(io::Error::other)?;
        let (clients, crew) = if threads.min(ports.capacity()) > 1 {
            let front = Front::start(ports.split(threads), common)?;
            (Clients::bind(socket, front.watch())?, Crew::Several(Box::new(front)))
        } else {
            let reactor = Reactor::new(ports, common, Seat::ALONE)?;
            (Clients::bind(socket, &reactor.watch)?, Crew::Alone(Box::new(reactor)))
        };
        Ok(Self { clients, crew, heartbeat: None, board: None })
    }

    /// Tells a supervisor that the loop goes round.
    pub fn beat(&mut self, heartbeat: Heartbeat) {
        self.heartbeat = Some(heartbeat);
    }

    /// Leaves figures there every second.
    pub fn show(&mut self, board: Board) {
        self.board = Some((board, Instant::now()));
    }

    /// Where a signal handler may write to wake the loop.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn waker(&self) -> io::Result<UnixStream> {
        match &self.crew {
            Crew::Alone(reactor) => reactor.waker(),
            Crew::Several(front) => front.waker(),
        }
    }

    /// Runs until `stop` is set and the loop is woken.
    ///
    /// # Errors
    /// When the system refuses to wait, or a thread has died.
    pub fn run(&mut self, stop: &Arc<AtomicBool>) -> io::Result<()> {
        sharpen_timers();
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.ready();
        }
        let mut came = Came::default();
        while !stop.load(Ordering::Relaxed) {
            match &mut self.crew {
                Crew::Alone(reactor) => {
                    round(reactor, &mut came, &mut self.clients)?;
                    // The engine's own rounds are shorter than what is due here.
                    let now = reactor.account();
                    account(&mut self.heartbeat, &mut self.board, now, || {
                        let figures = Figures::sum(&[reactor.figures()]);
                        self.clients.add_to(figures)
                    });
                }
                Crew::Several(front) => {
                    front.round(&mut self.clients)?;
                    let now = Instant::now();
                    let mut alive = self.heartbeat.as_mut().filter(|_| front.all_alive(now));
                    account(&mut alive, &mut self.board, now, || self.clients.add_to(front.figures()));
                }
            }
        }
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.stopping();
        }
        Ok(())
    }
}

/// Once round the loop of an engine that serves the clients itself.
fn round(reactor: &mut Reactor, came: &mut Came, clients: &mut Clients) -> io::Result<()> {
    let now = reactor.wait(came)?;
    // Words about what is gone, and no orders: nobody gives any.
    came.notes.clear();
    for token in came.tokens.drain(..) {
        match token {
            Token::Client(id) => {
                // What happened before a request is told before its answer.
                tell(reactor, clients);
                serve(reactor, clients, id, now);
            }
            _ => clients.accept(&reactor.watch),
        }
    }
    reactor.engine.tick(now);
    tell(reactor, clients);
    clients.flush(&reactor.watch);
    Ok(())
}

fn tell(reactor: &mut Reactor, clients: &mut Clients) {
    for event in reactor.engine.events() {
        clients.tell(&event);
    }
}

fn serve(reactor: &mut Reactor, clients: &mut Clients, client: ClientId, now: Instant) {
    let alive = clients.read(client);
    while let Some(next) = clients.next(client) {
        match next {
            Ok(request) => {
                let owner = clients.owner(client);
                let answer = reactor.engine.perform(owner, request.operation, &reactor.watch, now);
                clients.answer(client, request.id, &answer);
            }
            Err(refusal) => clients.refuse(client, &refusal),
        }
    }
    if !alive {
        clients.part(client);
    }
}

fn account(
    heartbeat: &mut Option<impl std::borrow::BorrowMut<Heartbeat>>,
    board: &mut Option<(Board, Instant)>,
    now: Instant,
    figures: impl FnOnce() -> Figures,
) {
    if let Some(heartbeat) = heartbeat {
        heartbeat.borrow_mut().beat(now);
    }
    if let Some((board, due)) = board
        && now >= *due
    {
        *due = now + GATHERED;
        board.put(figures());
    }
}
