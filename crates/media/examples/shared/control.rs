//! A flow without the engine: what it suffers, the machine does.
//!
//! An echo, a program of its own on the engine's core, gives every packet back at once. A packet that is late, or the
//! sender itself, was held up by something that is none of the engine's doing: other programs, or a host that halts the
//! virtual processor.

use std::error::Error;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::shared::say;

/// Between two packets.
const SPACING: Duration = Duration::from_millis(5);
/// What takes longer than this is told, with its moment.
const STALL: Duration = Duration::from_millis(5);
/// So many are told at most.
const MOST: usize = 1000;

/// Gives every packet back, forever; prints its port first.
pub fn echo() -> Result<(), Box<dyn Error>> {
    let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    say(&socket.local_addr()?.port().to_string())?;
    let mut buffer = [0; 64];
    loop {
        let (length, source) = socket.recv_from(&mut buffer)?;
        socket.send_to(&buffer[..length], source)?;
    }
}

/// The sender, and how late it and its packets have been.
pub struct Control {
    socket: UdpSocket,
    start: Instant,
    next: Instant,
    /// Packets sent and come back.
    pub packets: (u64, u64),
    /// The longest that a packet was away.
    pub away: Duration,
    /// The furthest that this program fell behind its schedule.
    pub lag: Duration,
    /// Milliseconds from the start, and how long it took, of the worse of both.
    pub stalls: Vec<(u64, u64)>,
}

impl Control {
    /// One that sends to an echo at this port.
    pub fn new(echo: u16) -> io::Result<Self> {
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.set_nonblocking(true)?;
        socket.connect(SocketAddr::from(([127, 0, 0, 1], echo)))?;
        let now = Instant::now();
        let (away, lag) = (Duration::ZERO, Duration::ZERO);
        Ok(Self { socket, start: now, next: now, packets: (0, 0), away, lag, stalls: Vec::new() })
    }

    /// From here on it counts.
    pub fn begin(&mut self, start: Instant) {
        (self.start, self.packets) = (start, (0, 0));
        (self.away, self.lag) = (Duration::ZERO, Duration::ZERO);
        self.stalls.clear();
    }

    /// Sends what is due and takes in what came back; to be called often.
    pub fn turn(&mut self, now: Instant) {
        let mut bytes = [0; 8];
        while matches!(self.socket.recv(&mut bytes), Ok(8)) {
            let sent = self.start + Duration::from_nanos(u64::from_le_bytes(bytes));
            self.packets.1 += 1;
            let away = now.saturating_duration_since(sent);
            self.away = self.away.max(away);
            self.note(now, away);
        }
        if now >= self.next {
            self.next = now + SPACING;
            let at = now.saturating_duration_since(self.start).as_nanos() as u64;
            self.packets.0 += u64::from(self.socket.send(&at.to_le_bytes()).is_ok());
        }
    }

    /// This program should have come to something so long ago.
    pub fn behind(&mut self, now: Instant, lag: Duration) {
        self.lag = self.lag.max(lag);
        self.note(now, lag);
    }

    fn note(&mut self, now: Instant, took: Duration) {
        if took < STALL || self.stalls.len() >= MOST {
            return;
        }
        let (at, took) = (self.milliseconds(now), took.as_millis() as u64);
        match self.stalls.last_mut() {
            // The same one, seen by the packets behind it.
            Some(last) if at < last.0 + last.1 + 5 => last.1 = last.1.max(took),
            _ => self.stalls.push((at, took)),
        }
    }

    /// Of the measurement.
    pub fn milliseconds(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_millis() as u64
    }
}
