//! The thread in front of the shards: clients on one side, shards on the other.
//!
//! Requests in a row are handed on together, one order for each shard, and all answers are waited for; what needs more
//! than one shard is done alone. So clients see one engine, and an endpoint that moves is never asked for meanwhile.
//! Packets do not wait for any of this: they are the shards'.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::shard::{self, Life, Report};
use super::whereabouts::Whereabouts;
use super::{Answer, News, Order};
use crate::clients::Clients;
use crate::control::{ClientId, Event, Operation};
use crate::engine::{Common, Load, Luggage, Token};
use crate::figures::Figures;
use crate::ids::Seat;
use crate::ports::Ports;
use crate::reactor::{Note, Post, Reactor};
use crate::watch::Watch;

/// How long it waits for something to happen.
const PAUSE: Duration = Duration::from_millis(250);
/// A shard of which nothing has been heard for longer hangs: it sends its figures every second.
const SILENCE: Duration = Duration::from_secs(2);

/// All shards, and what is known of them.
pub struct Front {
    pub(super) common: Common,
    pub(super) shards: Vec<Shard>,
    pub(super) whereabouts: Whereabouts,
    /// Where a client's last new endpoint is.
    pub(super) newest: Option<(ClientId, usize)>,
    /// Events that wait until a client has its answer, and whether others are to wait as well: they may tell of
    /// what an answer that is there already has led to.
    after: Vec<Event>,
    holding: bool,
    /// The highest number that any shard gave.
    last: u64,
    watch: Watch,
    ready: Vec<u64>,
    wake: UnixStream,
    waker: Arc<UnixStream>,
    news: mpsc::Receiver<(usize, News)>,
    attentive: Arc<AtomicBool>,
}

/// One of them as it is seen from the front.
pub(super) struct Shard {
    pub(super) load: Load,
    post: Post,
    thread: Option<JoinHandle<()>>,
    figures: Figures,
    seen: Instant,
}

impl Front {
    /// Starts a thread for each part of the ports.
    ///
    /// # Errors
    /// When the system has no descriptor or thread left.
    pub fn start(ports: Vec<Ports>, common: Common) -> io::Result<Self> {
        Self::start_with(ports, common, shard::run)
    }

    fn start_with(ports: Vec<Ports>, common: Common, life: Life) -> io::Result<Self> {
        let watch = Watch::new()?;
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        watch.add(&wake, Token::Wake.number())?;
        let (sender, news) = mpsc::channel();
        let (waker, attentive) = (Arc::new(waker), Arc::new(AtomicBool::new(false)));
        let of = ports.len();
        let mut shards = Vec::new();
        for (index, ports) in ports.into_iter().enumerate() {
            let report = Report {
                index,
                news: sender.clone(),
                waker: Arc::clone(&waker),
                attentive: Arc::clone(&attentive),
            };
            let reactor = Reactor::new(ports, common.clone(), Seat::new(index, of))?;
            let (post, thread) = shard::start(reactor, report, life)?;
            let (load, figures, seen) = (Load::default(), Figures::default(), Instant::now());
            shards.push(Shard { load, post, thread: Some(thread), figures, seen });
        }
        Ok(Self {
            common,
            shards,
            whereabouts: Whereabouts::new(of),
            newest: None,
            after: Vec::new(),
            holding: false,
            last: 0,
            watch,
            ready: Vec::new(),
            wake,
            waker,
            news,
            attentive,
        })
    }

    /// To be watched for clients.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Where a signal handler may write to wake the loop.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn waker(&self) -> io::Result<UnixStream> {
        self.waker.try_clone()
    }

    /// Serves clients and tells events, once round.
    ///
    /// # Errors
    /// When the system refuses to wait, or a shard has ended.
    pub fn round(&mut self, clients: &mut Clients) -> io::Result<()> {
        self.watch.wait(Some(PAUSE), &mut self.ready)?;
        for number in std::mem::take(&mut self.ready) {
            match Token::of(number) {
                Token::Client(id) => self.serve(id, clients)?,
                Token::Listener => clients.accept(&self.watch),
                _ => {
                    let mut bytes = [0; 64];
                    while matches!(self.wake.read(&mut bytes), Ok(length) if length > 0) {}
                }
            }
        }
        while let Ok((index, news)) = self.news.try_recv() {
            self.hear(index, news, clients)?;
        }
        clients.flush(&self.watch);
        Ok(())
    }

    /// Whether every shard has shown a sign of life lately.
    pub fn all_alive(&self, now: Instant) -> bool {
        self.shards.iter().all(|shard| now.saturating_duration_since(shard.seen) < SILENCE)
    }

    /// Sums over all shards, as they were within the last second.
    pub fn figures(&self) -> Figures {
        let parts: Vec<Figures> = self.shards.iter().map(|shard| shard.figures.clone()).collect();
        Figures::sum(&parts)
    }

    /// An order to do what a client asks.
    pub(super) fn perform(&self, owner: &str, operations: Vec<Operation>) -> Order {
        Order::Perform { owner: owner.to_owned(), operations, last: self.last }
    }

    /// An order to take an endpoint in, and to do what it came for.
    pub(super) fn arrive(&self, luggage: Box<Luggage>, errand: Option<(String, Operation)>) -> Order {
        Order::Arrive { luggage, errand, last: self.last }
    }

    /// Gives a shard an order and waits for its answer; events are told meanwhile.
    pub(super) fn ask(&mut self, shard: usize, order: Order, clients: &mut Clients) -> io::Result<Answer> {
        let mut answers = self.ask_each(vec![(shard, order)], clients)?;
        answers.pop().ok_or_else(|| io::Error::other("a shard gave no answer"))
    }

    /// Gives several shards an order each, and waits for the answers, which are in the order of the shards asked.
    pub(super) fn ask_each(
        &mut self,
        orders: Vec<(usize, Order)>,
        clients: &mut Clients,
    ) -> io::Result<Vec<Answer>> {
        let asked: Vec<usize> = orders.iter().map(|(shard, _)| *shard).collect();
        let mut answers: Vec<Option<Answer>> = asked.iter().map(|_| None).collect();
        self.attentive.store(true, Ordering::Relaxed);
        for (shard, order) in orders {
            self.shards[shard].post.send(Note::Order(order));
        }
        while answers.iter().any(Option::is_none) {
            let (index, news) = self.news.recv().map_err(io::Error::other)?;
            if let Some(answer) = self.hear(index, news, clients)?
                && let Some(place) = asked.iter().position(|shard| *shard == index)
            {
                answers[place] = Some(answer);
            }
        }
        // See `Report::send`: what came without waking is taken up at the end of the round.
        self.attentive.store(false, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        Ok(answers.into_iter().flatten().collect())
    }

    /// Tells what waited for a client's answer.
    pub(super) fn tell_after(&mut self, clients: &mut Clients) {
        self.holding = false;
        for event in self.after.drain(..) {
            clients.tell(&event);
        }
    }

    fn hear(&mut self, index: usize, news: News, clients: &mut Clients) -> io::Result<Option<Answer>> {
        let shard = &mut self.shards[index];
        shard.seen = Instant::now();
        match news {
            News::Event(event) if !self.holding => clients.tell(&event),
            News::Event(event) => self.after.push(event),
            News::Answer(answer, load, events) => {
                self.after.extend(events);
                self.holding = true;
                shard.load = load;
                self.last = self.last.max(load.last);
                return Ok(Some(answer));
            }
            News::Figures(figures) => shard.figures = *figures,
            News::Astray(word, asked) if asked <= self.shards.len() => {
                // A recording is completed after its endpoint is gone; then one after the other is asked.
                let known =
                    Some(self.whereabouts.shard(word.about())).filter(|known| asked == 0 && *known != index);
                let to = known.unwrap_or((index + 1) % self.shards.len());
                self.shards[to].post.send(Note::Order(Order::Take(word, asked + 1)));
            }
            // It lives nowhere any more.
            News::Astray(..) => {}
            News::Dead(reason) => return Err(io::Error::other(reason)),
        }
        Ok(None)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        for shard in &self.shards {
            shard.post.send(Note::Order(Order::Stop));
        }
        for shard in &mut self.shards {
            if let Some(thread) = shard.thread.take()
                && thread.join().is_err()
            {
                log::error!("a shard has died");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Thing;
    use super::*;
    use crate::reactor::Came;
    use std::net::{IpAddr, Ipv4Addr};

    fn dies_of_its_first_order(reactor: &mut Reactor, _report: &Report) -> io::Result<()> {
        let mut came = Came::default();
        while came.notes.is_empty() {
            reactor.wait(&mut came)?;
        }
        panic!("as the test wants it");
    }

    fn fails(_reactor: &mut Reactor, _report: &Report) -> io::Result<()> {
        Err(io::Error::other("as the test wants it"))
    }

    fn front(first: u16, life: Life) -> (Front, Clients, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder");
        let ports = Ports::new(IpAddr::V4(Ipv4Addr::LOCALHOST), first, first + 99).expect("a range");
        let common = Common::generate().expect("a certificate");
        let front = Front::start_with(ports.split(2), common, life).expect("threads");
        let clients = Clients::bind(&folder.path().join("media.sock"), front.watch()).expect("it listens");
        (front, clients, folder)
    }

    #[test]
    fn nobody_waits_for_the_answer_of_a_shard_that_has_died() {
        let (mut front, mut clients, _folder) = front(27_500, dies_of_its_first_order);
        let answer = front.ask(1, Order::Find(Thing::Endpoint(1)), &mut clients);
        assert_eq!(answer.err().expect("none").to_string(), "shard 1 has ended");
    }

    #[test]
    fn the_loop_ends_with_a_shard_that_has_failed() {
        let (mut front, mut clients, _folder) = front(27_600, fails);
        let error = loop {
            if let Err(error) = front.round(&mut clients) {
                break error.to_string();
            }
        };
        assert!(["shard 0 has ended", "shard 1 has ended"].contains(&error.as_str()), "{error}");
    }
}
