//! The thread of one shard.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{Answer, News, Order, Thing};
use crate::reactor::{Came, Note, Post, Reactor, sharpen_timers};

/// How often the figures are sent.
const GATHERED: Duration = Duration::from_secs(1);

/// The way to the front, which need not be woken while it waits for an answer anyway.
pub struct Report {
    /// Which shard.
    pub index: usize,
    /// Where the news go.
    pub news: mpsc::Sender<(usize, News)>,
    /// Wakes the front.
    pub waker: Arc<UnixStream>,
    /// The front waits for news.
    pub attentive: Arc<AtomicBool>,
}

impl Report {
    /// Sends news. Order is kept; the front outlives the shards.
    fn send(&self, news: News) {
        let _ = self.news.send((self.index, news));
        // Either the front sees the news when it stops waiting for them, or this sees that it has stopped.
        fence(Ordering::SeqCst);
        if !self.attentive.load(Ordering::Relaxed) {
            // A full pipe wakes as well.
            let _ = (&*self.waker).write(&[0]);
        }
    }
}

/// What a thread does until it is told to stop.
pub type Life = fn(&mut Reactor, &Report) -> io::Result<()>;

/// Starts a thread.
///
/// # Errors
/// When the system has none left.
pub fn start(reactor: Reactor, report: Report, life: Life) -> io::Result<(Post, JoinHandle<()>)> {
    let post = reactor.post();
    let name = format!("shard {}", report.index);
    let thread = std::thread::Builder::new().name(name).spawn(move || {
        let mut reactor = reactor;
        // After a panic it goes before the reactor, which may wait for files that others still write.
        let obituary = Obituary(&report);
        match life(&mut reactor, &report) {
            Ok(()) => std::mem::forget(obituary),
            Err(error) => log::error!("shard {}: {error}", report.index),
        }
    })?;
    Ok((post, thread))
}

/// Tells the front of an end that nobody wanted, a panic included.
struct Obituary<'a>(&'a Report);

impl Drop for Obituary<'_> {
    fn drop(&mut self) {
        self.0.send(News::Dead(format!("shard {} has ended", self.0.index)));
    }
}

/// The life of a shard: packets, orders, time.
///
/// # Errors
/// When the system refuses to wait.
pub fn run(reactor: &mut Reactor, report: &Report) -> io::Result<()> {
    sharpen_timers();
    let mut came = Came::default();
    let mut due = Instant::now();
    loop {
        let mut now = reactor.wait(&mut came)?;
        if !came.notes.is_empty() {
            // An endpoint that arrives has seen moments at which this thread was busy already.
            now = Instant::now();
        }
        for note in came.notes.drain(..) {
            match note {
                Note::Order(Order::Stop) => return Ok(()),
                Note::Order(Order::Take(word, asked)) => {
                    if let Some(word) = reactor.engine.told(word, now) {
                        report.send(News::Astray(word, asked));
                    }
                }
                Note::Order(order) => {
                    // What happened before the order is told before its answer.
                    tell(reactor, report);
                    if let Some(answer) = obey(reactor, order, now) {
                        let events = reactor.engine.events();
                        report.send(News::Answer(answer, reactor.engine.load(), events));
                    }
                }
                Note::Word(word) => report.send(News::Astray(word, 0)),
            }
        }
        reactor.engine.tick(now);
        tell(reactor, report);
        let now = reactor.account();
        if now >= due {
            due = now + GATHERED;
            report.send(News::Figures(Box::new(reactor.figures())));
        }
    }
}

fn tell(reactor: &mut Reactor, report: &Report) {
    for event in reactor.engine.events() {
        report.send(News::Event(event));
    }
}

fn obey(reactor: &mut Reactor, order: Order, now: Instant) -> Option<Answer> {
    let Reactor { engine, watch, .. } = reactor;
    Some(match order {
        Order::Perform { owner, operations, last } => {
            engine.count_from(last);
            let perform = |operation| engine.perform(&owner, operation, watch, now);
            Answer::Performed(operations.into_iter().map(perform).collect())
        }
        Order::Find(Thing::Endpoint(id)) => Answer::Found(engine.has_endpoint(id)),
        Order::Find(Thing::Room(id)) => Answer::Found(engine.has_room(id)),
        Order::Depart(id) => Answer::Departed(engine.depart(id, watch, now).map(Box::new)),
        Order::Arrive { luggage, errand, last } => {
            engine.count_from(last);
            let arrived = engine.arrive(luggage, watch, now);
            let perform = |(owner, operation): (String, _)| engine.perform(&owner, operation, watch, now);
            Answer::Arrived(arrived.map(|()| errand.map(perform).into_iter().collect()))
        }
        Order::PutSource(id, request) => Answer::Performed(vec![engine.put_source(id, request, now)]),
        Order::Take(..) | Order::Stop => return None,
    })
}
