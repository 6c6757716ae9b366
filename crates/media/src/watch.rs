//! Which file descriptors are ready: level-triggered epoll, one number for each.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};

/// A set of file descriptors; one that is closed leaves it by itself.
pub struct Watch {
    epoll: OwnedFd,
}

/// How many are told at once.
const MOST: usize = 1024;

impl Watch {
    /// An empty set.
    ///
    /// # Errors
    /// When the system has no descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(epoll::CreateFlags::CLOEXEC)? })
    }

    /// Watches for something to read.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn add(&self, descriptor: impl AsFd, number: u64) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, descriptor, epoll::EventData::new_u64(number), epoll::EventFlags::IN)?)
    }

    /// Watches no longer; what waits there goes on waiting.
    ///
    /// # Errors
    /// When it was not watched.
    pub fn remove(&self, descriptor: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, descriptor)?)
    }

    /// Watches for room to write as well, or no longer.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn writable(&self, descriptor: impl AsFd, number: u64, wanted: bool) -> io::Result<()> {
        let flags =
            if wanted { epoll::EventFlags::IN | epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
        Ok(epoll::modify(&self.epoll, descriptor, epoll::EventData::new_u64(number), flags)?)
    }

    /// Waits until something is ready or the time is over; appends the numbers to `numbers`.
    ///
    /// # Errors
    /// When the system refuses; an interruption by a signal is none.
    pub fn wait(&self, timeout: Option<Duration>, numbers: &mut Vec<u64>) -> io::Result<()> {
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: timeout.as_secs().min(3600) as i64,
            tv_nsec: timeout.subsec_nanos().into(),
        });
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; MOST];
        match epoll::wait(&self.epoll, &mut events, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            result => numbers.extend(result?.0.iter().map(|event| event.data.u64())),
        }
        Ok(())
    }
}
