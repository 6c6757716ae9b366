//! Tells whoever started the process that its loop goes round: `sd_notify(3)`, as systemd and our own supervisor read it.
//!
//! `NOTIFY_SOCKET` names a datagram socket; with `WATCHDOG_USEC` a sign of life is due in that time, and who misses
//! it is killed and started anew. The loop itself sends it, at half that time: a loop that hangs sends none.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// The way to the supervisor.
pub struct Heartbeat {
    socket: UnixDatagram,
    interval: Option<Duration>,
    due: Instant,
}

impl Heartbeat {
    /// As the environment says; None where nobody wants to know.
    ///
    /// # Errors
    /// When there is no such socket.
    pub fn from_environment(now: Instant) -> io::Result<Option<Self>> {
        let read = |name: &str| std::env::var(name).ok();
        let Some(path) = read("NOTIFY_SOCKET").filter(|path| !path.is_empty()) else {
            return Ok(None);
        };
        let for_us = read("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let within = read("WATCHDOG_USEC").and_then(|text| text.parse().ok()).filter(|_| for_us);
        Self::open(&path, within.map(Duration::from_micros), now).map(Some)
    }

    /// To a socket by its path; `@` stands for a name in the abstract namespace.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn open(path: &str, within: Option<Duration>, now: Instant) -> io::Result<Self> {
        let address = match path.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(path)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, interval: within.map(|within| within / 2), due: now })
    }

    /// The engine listens.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The engine ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Sends a sign of life when one is due; to be called on every round of the loop.
    pub fn beat(&mut self, now: Instant) {
        if let Some(interval) = self.interval
            && now >= self.due
        {
            self.due = now + interval;
            self.tell("WATCHDOG=1");
        }
    }

    fn tell(&self, word: &str) {
        // A supervisor that does not read, or is gone, must not stop the packets.
        if let Err(error) = self.socket.send(word.as_bytes()) {
            log::debug!("{word}: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(socket: &UnixDatagram) -> Vec<String> {
        let mut words = Vec::new();
        let mut buffer = [0; 64];
        socket.set_nonblocking(true).expect("a socket");
        while let Ok(length) = socket.recv(&mut buffer) {
            words.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
        words
    }

    #[test]
    fn a_sign_of_life_comes_twice_in_the_time_that_is_granted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("notify");
        let (supervisor, start) = (UnixDatagram::bind(&path).expect("a socket"), Instant::now());
        let path = path.to_str().expect("a name");
        let mut heart = Heartbeat::open(path, Some(Duration::from_secs(10)), start).expect("it listens");
        heart.ready();
        for seconds in 0..21 {
            heart.beat(start + Duration::from_secs(seconds));
        }
        heart.stopping();
        let beat = "WATCHDOG=1";
        assert_eq!(words(&supervisor), ["READY=1", beat, beat, beat, beat, beat, "STOPPING=1"]);
        drop(supervisor);
        heart.ready();
    }

    #[test]
    fn an_abstract_name_is_understood_and_without_a_limit_none_beats() {
        let name = format!("stimme-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let supervisor = UnixDatagram::bind_addr(&address).expect("a socket");
        let mut heart = Heartbeat::open(&format!("@{name}"), None, Instant::now()).expect("it listens");
        heart.beat(Instant::now() + Duration::from_secs(3600));
        heart.ready();
        assert_eq!(words(&supervisor), ["READY=1"]);
    }
}
