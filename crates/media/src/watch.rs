//! Which file descriptors are ready: level-triggered epoll, one number for each.
//!
//! Where packets come so fast that waking up costs as much as what is done with them, [`Watch::gather`] lets some come
//! together. It waits for a second set, the bell, in which two of seven media sockets are; what all of them have is taken
//! afterwards. So packets gather without a timer, which would cost as much as some of them: should nobody ring, a beat
//! that goes on by itself ends the wait.

use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags};

/// A set of file descriptors; one that is closed leaves it by itself.
pub struct Watch {
    epoll: OwnedFd,
    bell: OwnedFd,
    beat: OwnedFd,
    beating: Cell<bool>,
    /// Media sockets so far.
    media: Cell<u64>,
}

/// How many are told at once.
const MOST: usize = 1024;
/// Two of seven media sockets ring the bell: fewer would spare more, and let packets wait longer than a tenth of a millisecond.
const RINGING: (u64, u64) = (2, 7);
/// Number of the beat, which no descriptor of others has.
const BEAT: u64 = u64::MAX;
/// A wait without a time ends after this at the latest.
pub const BEAT_EVERY: Duration = Duration::from_millis(5);

impl Watch {
    /// An empty set.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let set = || epoll::create(epoll::CreateFlags::CLOEXEC);
        let beat = rustix::time::timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        let (epoll, bell) = (set()?, set()?);
        epoll::add(&bell, &beat, epoll::EventData::new_u64(BEAT), epoll::EventFlags::IN)?;
        Ok(Self { epoll, bell, beat, beating: Cell::new(false), media: Cell::new(0) })
    }

    /// Watches for something to read.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&self, descriptor: impl AsFd, number: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number);
        epoll::add(&self.epoll, &descriptor, data, epoll::EventFlags::IN)?;
        Ok(epoll::add(&self.bell, &descriptor, data, epoll::EventFlags::IN)?)
    }

    /// Watches for packets, which may be let gather.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add_media(&self, descriptor: impl AsFd, number: u64) -> io::Result<()> {
        let count = self.media.get();
        self.media.set(count + 1);
        if rings(count) { self.add(descriptor, number) } else { self.add_mute(descriptor, number) }
    }

    /// Watches for what may always wait until something else comes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add_mute(&self, descriptor: impl AsFd, number: u64) -> io::Result<()> {
        let data = epoll::EventData::new_u64(number);
        Ok(epoll::add(&self.epoll, descriptor, data, epoll::EventFlags::IN)?)
    }

    /// Watches no longer; what waits there goes on waiting.
    ///
    /// # Errors
    /// When it was not watched.
    pub fn remove(&self, descriptor: impl AsFd) -> io::Result<()> {
        match epoll::delete(&self.bell, &descriptor) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(epoll::delete(&self.epoll, &descriptor)?)
    }

    /// Watches for room to write as well, or no longer; not for media.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn writable(&self, descriptor: impl AsFd, number: u64, wanted: bool) -> io::Result<()> {
        let flags =
            if wanted { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
        let data = epoll::EventData::new_u64(number);
        epoll::modify(&self.epoll, &descriptor, data, flags)?;
        Ok(epoll::modify(&self.bell, &descriptor, data, flags)?)
    }

    /// Waits until the bell rings, or in vain until the time is over; says which. Without a time it is the next beat.
    ///
    /// # Errors
    /// As [`Self::wait`], which tells afterwards what there is.
    pub fn gather(&self, timeout: Option<Duration>) -> io::Result<bool> {
        if timeout.is_none() {
            self.beat(true)?;
        }
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; 2];
        let events = match epoll::wait(&self.bell, &mut events, timeout.map(timespec).as_ref()) {
            Err(Errno::INTR) => return Ok(true),
            result => result?.0,
        };
        let beats = events.iter().filter(|event| event.data.u64() == BEAT).count();
        if beats > 0 {
            // It goes on once it is read; it may have been stopped meanwhile.
            let _ = rustix::io::read(&self.beat, &mut [0; 8]);
        }
        Ok(events.len() > beats)
    }

    /// Ends the beat: nobody waits by it now.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn rest(&self) -> io::Result<()> {
        self.beat(false)
    }

    fn beat(&self, wanted: bool) -> io::Result<()> {
        if self.beating.replace(wanted) != wanted {
            let every = timespec(if wanted { BEAT_EVERY } else { Duration::ZERO });
            let times = Itimerspec { it_interval: every, it_value: every };
            rustix::time::timerfd_settime(&self.beat, TimerfdTimerFlags::empty(), &times)?;
        }
        Ok(())
    }

    /// Waits until something is ready or the time is over; appends the numbers to `numbers`.
    ///
    /// # Errors
    /// When the system refuses; an interruption by a signal is none.
    pub fn wait(&self, timeout: Option<Duration>, numbers: &mut Vec<u64>) -> io::Result<()> {
        let timeout = timeout.map(timespec);
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; MOST];
        match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            result => numbers.extend(result?.0.iter().map(|event| event.data.u64())),
        }
        Ok(())
    }
}

fn timespec(timeout: Duration) -> Timespec {
    Timespec { tv_sec: timeout.as_secs().min(3600) as i64, tv_nsec: timeout.subsec_nanos().into() }
}

/// Whether the media socket of this place in the order in which they came rings: evenly spread (Fibonacci hashing), so
/// that neither the first nor the second parties of calls do it alone.
fn rings(place: u64) -> bool {
    place.wrapping_mul(0x9e37_79b9_7f4a_7c15) < u64::MAX / RINGING.1 * RINGING.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    fn socket() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0").expect("a socket")
    }

    fn knock(at: &UdpSocket) {
        socket().send_to(b"knock", at.local_addr().expect("bound")).expect("sent");
    }

    fn receive(at: &UdpSocket) {
        at.recv(&mut [0; 8]).expect("something");
    }

    fn ready(watch: &Watch) -> Vec<u64> {
        let mut numbers = Vec::new();
        watch.wait(Some(Duration::ZERO), &mut numbers).expect("epoll");
        numbers
    }

    #[test]
    fn two_of_seven_ring_of_either_party() {
        let ringing: Vec<u64> = (0..4000).filter(|place| rings(*place)).collect();
        assert!((1133..1153).contains(&ringing.len()), "{}", ringing.len());
        assert!(ringing.windows(2).all(|pair| (2..=5).contains(&(pair[1] - pair[0]))));
        let first = ringing.iter().filter(|place| *place % 2 == 0).count();
        assert!((561..581).contains(&first), "{first}");
    }

    #[test]
    fn media_gathers_until_the_bell_rings() {
        let watch = Watch::new().expect("descriptors");
        let (loud, quiet, control) = (socket(), socket(), socket());
        watch.add_media(&loud, 1).expect("watched");
        watch.add_media(&quiet, 2).expect("watched");
        watch.add(&control, 3).expect("watched");

        knock(&quiet);
        assert!(!watch.gather(Some(Duration::from_millis(20))).expect("epoll"), "nobody rings");
        assert_eq!(ready(&watch), [2]);

        let long = Some(Duration::from_secs(60));
        knock(&loud);
        assert!(watch.gather(long).expect("epoll"));
        assert_eq!(ready(&watch).len(), 2);

        receive(&loud);
        for _ in 0..3 {
            assert!(!watch.gather(None).expect("epoll"), "a beat");
        }
        watch.rest().expect("a timer");

        watch.remove(&loud).expect("watched");
        watch.remove(&quiet).expect("watched");
        assert!(watch.remove(&quiet).is_err());
        knock(&control);
        assert!(watch.gather(long).expect("epoll"));
        assert_eq!(ready(&watch), [3]);
    }
}
