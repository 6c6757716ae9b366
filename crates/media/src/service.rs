//! The loop: one thread that waits for packets, clients and time.

use std::io::{self, Read, Write};
use std::num::NonZeroU64;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::control::{ClientId, Server};
use crate::engine::{Engine, Token, Word};
use crate::figures::{Figures, LoopTimes};
use crate::heartbeat::Heartbeat;
use crate::metrics::Board;
use crate::pacing::Pacing;
use crate::ports::Ports;
use crate::watch::Watch;

/// By how much the kernel may delay our timers, in nanoseconds.
const TIMER_SLACK: u64 = 5_000;
/// How often the figures are gathered.
const GATHERED: Duration = Duration::from_secs(1);

/// The engine with its socket.
pub struct Service {
    watch: Watch,
    server: Server,
    engine: Engine,
    words: mpsc::Receiver<Word>,
    wake: UnixStream,
    waker: UnixStream,
    blocked: Vec<ClientId>,
    heartbeat: Option<Heartbeat>,
    board: Option<(Board, Instant)>,
    times: LoopTimes,
    requests: u64,
    refusals: u64,
}

impl Service {
    /// Listens for clients.
    ///
    /// # Errors
    /// When the socket or the certificate cannot be made.
    pub fn bind(socket: &Path, ports: Ports) -> io::Result<Self> {
        let watch = Watch::new()?;
        let server = Server::bind(socket)?;
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        watch.add(server.listener(), Token::Listener.number())?;
        watch.add(&wake, Token::Wake.number())?;
        let (sender, words) = mpsc::channel();
        let notifier = waker.try_clone()?;
        let tell = move |word| {
            if sender.send(word).is_ok() {
                // A full pipe wakes as well.
                let _ = (&notifier).write(&[0]);
            }
        };
        let engine = Engine::new(ports, Arc::new(tell)).map_err(io::Error::other)?;
        Ok(Self {
            watch,
            server,
            engine,
            words,
            wake,
            waker,
            blocked: Vec::new(),
            heartbeat: None,
            board: None,
            times: LoopTimes::default(),
            requests: 0,
            refusals: 0,
        })
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
        self.waker.try_clone()
    }

    /// Runs until `stop` is set and the loop is woken.
    ///
    /// # Errors
    /// When the system refuses to wait.
    pub fn run(&mut self, stop: &Arc<AtomicBool>) -> io::Result<()> {
        // The usual 50 µs would come on top of every pause.
        if let Err(error) = rustix::thread::set_current_timer_slack(NonZeroU64::new(TIMER_SLACK)) {
            log::warn!("timers stay coarse: {error}");
        }
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.ready();
        }
        let mut ready = Vec::new();
        let mut pacing = Pacing::new(Instant::now());
        while !stop.load(Ordering::Relaxed) {
            if let Some(pause) = pacing.pause() {
                std::thread::sleep(pause);
            }
            let timeout = self.engine.next_timeout().saturating_duration_since(Instant::now());
            self.watch.wait(Some(timeout), &mut ready)?;
            let now = Instant::now();
            pacing.count(ready.len(), now);
            for number in ready.drain(..) {
                match Token::of(number) {
                    Token::Media(id) => self.engine.readable(id, now),
                    Token::Report(id) => self.engine.readable_rtcp(id, now),
                    Token::Client(id) => self.serve(id, now),
                    Token::Listener => self.accept(),
                    Token::Wake => self.wake(now),
                }
            }
            self.engine.tick(now);
            for event in self.engine.events() {
                self.server.broadcast(&event);
            }
            self.flush();
            self.account(now);
        }
        if let Some(heartbeat) = &self.heartbeat {
            heartbeat.stopping();
        }
        Ok(())
    }

    /// Closes a round that began at `woken`. The engine's own rounds are shorter than what is due here.
    fn account(&mut self, woken: Instant) {
        let now = Instant::now();
        self.times.add(now.duration_since(woken));
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.beat(now);
        }
        if let Some((board, due)) = &mut self.board
            && now >= *due
        {
            *due = now + GATHERED;
            board.put(Figures {
                clients: self.server.clients() as u64,
                requests: self.requests,
                refusals: self.refusals,
                times: self.times,
                ..self.engine.figures()
            });
            self.times.longest = Duration::ZERO;
        }
    }

    fn accept(&mut self) {
        let added = self.server.accept().and_then(|id| match self.server.stream(id) {
            Some(stream) => self.watch.add(stream, Token::Client(id).number()),
            None => Ok(()),
        });
        match added {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                log::warn!("a client is lost: {error}")
            }
            _ => {}
        }
    }

    fn serve(&mut self, client: ClientId, now: Instant) {
        let alive = self.server.read(client);
        while let Some(request) = self.server.next_request(client) {
            let owner = self.server.owner(client).to_owned();
            let answer = self.engine.perform(&owner, request.operation, &self.watch, now);
            self.requests += 1;
            if let Err(failure) = &answer {
                self.refusals += 1;
                log::debug!("{owner}: {}: {}", failure.code, failure.text);
            }
            self.server.answer(client, request.id, answer.as_ref());
        }
        if !alive {
            let owner = self.server.owner(client);
            log::info!("{owner} is gone, its endpoints stay");
            self.server.remove(client);
        }
    }

    fn wake(&mut self, now: Instant) {
        let mut bytes = [0; 64];
        while matches!(self.wake.read(&mut bytes), Ok(length) if length > 0) {}
        while let Ok(word) = self.words.try_recv() {
            self.engine.told(word, now);
        }
    }

    fn flush(&mut self) {
        let (gone, full) = self.server.flush();
        for client in gone {
            self.server.remove(client);
        }
        for (clients, wanted) in [(&self.blocked, false), (&full, true)] {
            for client in clients {
                if let Some(stream) = self.server.stream(*client)
                    && let Err(error) = self.watch.writable(stream, Token::Client(*client).number(), wanted)
                {
                    log::warn!("client {client}: {error}");
                }
            }
        }
        self.blocked = full;
    }
}
