//! What a thread with an engine does over and over: waits for packets, words of other threads, and time.

use std::io::{self, Read, Write};
use std::num::NonZeroU64;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::engine::{Common, Engine, Token, Word};
use crate::figures::{Figures, LoopTimes};
use crate::ids::Seat;
use crate::pacing::{KEPT, LONGEST, PATIENCE, Pacing, Patience};
use crate::ports::Ports;
use crate::shards::Order;
use crate::watch::{BEAT_EVERY, Watch};

/// By how much the kernel may delay our timers, in nanoseconds.
const TIMER_SLACK: u64 = 5_000;

/// What another thread has for the loop.
pub enum Note {
    /// For the engine.
    Word(Word),
    /// For the thread.
    Order(Order),
}

/// The way to a loop, from any thread.
#[derive(Clone)]
pub struct Post {
    notes: mpsc::Sender<Note>,
    waker: Arc<UnixStream>,
}

impl Post {
    /// Leaves a note and wakes the loop. False when it has ended.
    pub fn send(&self, note: Note) -> bool {
        let sent = self.notes.send(note).is_ok();
        if sent {
            // A full pipe wakes as well.
            let _ = (&*self.waker).write(&[0]);
        }
        sent
    }
}

/// What the engine itself cannot take.
#[derive(Default)]
pub struct Came {
    /// Descriptors that are ready.
    pub tokens: Vec<Token>,
    /// Orders, and words about what does not live here.
    pub notes: Vec<Note>,
}

/// An engine with what it waits for.
pub struct Reactor {
    /// Everything that lives in this thread.
    pub engine: Engine,
    /// What is waited for.
    pub watch: Watch,
    /// The loop's condition.
    pub times: LoopTimes,
    notes: mpsc::Receiver<Note>,
    post: Post,
    wake: UnixStream,
    pacing: Pacing,
    ready: Vec<u64>,
    woken: Instant,
}

impl Reactor {
    /// An engine in which nothing lives.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new(ports: Ports, common: Common, seat: Seat) -> io::Result<Self> {
        let watch = Watch::new()?;
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        watch.add(&wake, Token::Wake.number())?;
        let (sender, notes) = mpsc::channel();
        let post = Post { notes: sender, waker: Arc::new(waker) };
        let own = post.clone();
        let tell = move |word| _ = own.send(Note::Word(word));
        let now = Instant::now();
        Ok(Self {
            engine: Engine::new(ports, common, seat, Arc::new(tell)),
            watch,
            times: LoopTimes::default(),
            notes,
            post,
            wake,
            pacing: Pacing::new(now),
            ready: Vec::new(),
            woken: now,
        })
    }

    /// The way to it.
    pub fn post(&self) -> Post {
        self.post.clone()
    }

    /// Where a signal handler may write to wake the loop.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn waker(&self) -> io::Result<UnixStream> {
        self.post.waker.try_clone()
    }

    /// Waits, and takes packets and words; what is not the engine's is left in `came`.
    ///
    /// # Errors
    /// When the system refuses to wait.
    pub fn wait(&mut self, came: &mut Came) -> io::Result<Instant> {
        if let Some(pause) = self.pacing.pause() {
            let began = Instant::now();
            std::thread::sleep(pause);
            self.pacing.paused(pause, began.elapsed());
        }
        let mut timeout = self.engine.next_timeout().saturating_duration_since(Instant::now());
        let rang = match self.pacing.patience() {
            Some(Patience::Beat) if timeout >= BEAT_EVERY => Some(self.watch.gather(None)?),
            // What is due waits as long as in a pause, so that it does not wake us up one by one.
            Some(_) => Some(self.watch.gather(Some(timeout.clamp(LONGEST, PATIENCE)))?),
            None => self.watch.rest().map(|()| None)?,
        };
        if rang.is_some() {
            timeout = Duration::ZERO;
        }
        self.watch.wait(Some(timeout), &mut self.ready)?;
        let now = Instant::now();
        if let Some(rang) = rang {
            self.pacing.waited(!rang && self.ready.len() >= KEPT);
        }
        self.pacing.count(self.ready.len(), now);
        for number in self.ready.drain(..) {
            match Token::of(number) {
                Token::Media(id) => self.engine.readable(id, now),
                Token::Report(id) => self.engine.readable_rtcp(id, now),
                Token::Wake => {
                    let mut bytes = [0; 64];
                    while matches!(self.wake.read(&mut bytes), Ok(length) if length > 0) {}
                    came.notes.extend(self.notes.try_iter().filter_map(|note| match note {
                        Note::Word(word) => self.engine.told(word, now).map(Note::Word),
                        order @ Note::Order(_) => Some(order),
                    }));
                }
                token => came.tokens.push(token),
            }
        }
        self.woken = now;
        Ok(now)
    }

    /// Closes a round that began when [`Self::wait`] returned.
    pub fn account(&mut self) -> Instant {
        let now = Instant::now();
        self.times.add(now.duration_since(self.woken));
        now
    }

    /// Everything that is counted here; the longest round is measured anew from now on.
    pub fn figures(&mut self) -> Figures {
        let figures = Figures { times: self.times, ..self.engine.figures() };
        self.times.longest = Duration::ZERO;
        figures
    }
}

/// Lets this thread's timers be as exact as the kernel's: its usual 50 µs would come on top of every pause.
pub fn sharpen_timers() {
    if let Err(error) = rustix::thread::set_current_timer_slack(NonZeroU64::new(TIMER_SLACK)) {
        log::warn!("timers stay coarse: {error}");
    }
}
