//! Load for the `rtp-relay` and `srtp-relay` measurements: telephones that speak G.711 through a relay and count what
//! arrives. With keys, the first leg of each call speaks SRTP.
//!
//! Each call has two legs, each leg a socket of its own that sends 50 packets a second, evenly spread over the legs,
//! so that packets reach the relay one by one as they do from real telephones and not in bursts. A packet carries in
//! its payload who sent it and when; the other leg checks that every one arrives once, unaltered, and how long it
//! took. The program never sleeps while it measures: its core is its own, and no packet waits for it to wake up.
//!
//! Arguments: calls, seconds of warming up, seconds measured. Lines on stdout and stdin, in this order:
//!
//! 1. prints `{"ports": [[a, b], …]}`, the local ports of the two legs of each call;
//! 2. reads one line per call, `address:port address:port`: where leg a and leg b send to; behind them may stand what leg
//!    a encrypts and decrypts with, key and salt in hexadecimal (`AES_CM_128_HMAC_SHA1_80`);
//! 3. prints `measuring` when warm, `measured` when the last packet is sent, and then the result as one JSON object.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};

#[path = "../tests/peers/libsrtp.rs"]
mod libsrtp;
use libsrtp::{Session, Suite, Way};

const PACKETS_PER_SECOND: u64 = 50;
const PACKET_TIME: Duration = Duration::from_millis(20);
const HEADER: usize = 12;
const PACKET: usize = HEADER + 160;
const MARK: [u8; 4] = *b"load";
/// After the last packet is sent: how long packets may still be under way.
const DRAIN: Duration = Duration::from_millis(500);

/// One telephone: its socket, and which packets of its partner it has heard.
struct Leg {
    socket: UdpSocket,
    heard: Vec<bool>,
    /// For what it sends and what it hears.
    keys: Option<(Session, Session)>,
}

/// What has been seen at all legs, of the packets sent while measuring.
#[derive(Default)]
struct Tally {
    sent: u64,
    send_errors: u64,
    received: u64,
    duplicates: u64,
    strangers: u64,
    /// Microseconds from send to receive.
    transit: Vec<u64>,
    /// The furthest this program itself fell behind its schedule.
    worst_lag: Duration,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut next = || numbers.next().ok_or("usage: rtp_load CALLS WARM_SECONDS SECONDS");
    let (calls, warm, seconds) = (next()??, next()??, next()??);

    let mut poll = Poll::new()?;
    let rounds = (warm + seconds) * PACKETS_PER_SECOND;
    let mut legs = (0..2 * calls).map(|_| bind(rounds)).collect::<io::Result<Vec<Leg>>>()?;
    connect(&mut legs)?;
    for (index, leg) in legs.iter_mut().enumerate() {
        poll.registry().register(&mut leg.socket, Token(index), Interest::READABLE)?;
    }
    let tally = talk(&mut poll, &mut legs, warm * PACKETS_PER_SECOND, rounds)?;
    println!("{}", summary(tally));
    Ok(())
}

fn bind(rounds: u64) -> io::Result<Leg> {
    let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    Ok(Leg { socket, heard: vec![false; usize::try_from(rounds).unwrap_or(0)], keys: None })
}

/// Tells the caller our ports and learns from it where each leg sends to.
fn connect(legs: &mut [Leg]) -> Result<(), Box<dyn Error>> {
    let mut pairs = Vec::new();
    for call in legs.chunks(2) {
        pairs.push(format!(
            "[{}, {}]",
            call[0].socket.local_addr()?.port(),
            call[1].socket.local_addr()?.port()
        ));
    }
    println!("{{\"ports\": [{}]}}", pairs.join(", "));
    io::stdout().flush()?;
    let mut lines = io::stdin().lock().lines();
    for call in legs.chunks_mut(2) {
        let line = lines.next().ok_or("fewer lines than calls")??;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [a, b, keys @ ..] = words.as_slice() else {
            return Err("two addresses expected".into());
        };
        call[0].socket.connect(a.parse()?)?;
        call[1].socket.connect(b.parse()?)?;
        if let [outbound, inbound] = keys {
            let session = |way, key: &str| {
                let key = unhex(key).ok_or("no hexadecimal key")?;
                Session::new(Suite::AesCm128Sha1Tag80, way, &key).ok_or("a key of another length")
            };
            call[0].keys = Some((session(Way::Outbound, outbound)?, session(Way::Inbound, inbound)?));
        }
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}

/// Sends `rounds` packets from each leg on time and hears what arrives; counts those from round `warm` on.
fn talk(poll: &mut Poll, legs: &mut [Leg], warm: u64, rounds: u64) -> Result<Tally, Box<dyn Error>> {
    let mut tally = Tally::default();
    let mut events = Events::with_capacity(1024);
    let count = u64::try_from(legs.len())?;
    let start = Instant::now() + PACKET_TIME;
    let spacing = PACKET_TIME / u32::try_from(legs.len())?;
    for round in 0..rounds {
        if round == warm {
            say("measuring")?;
        }
        for leg in 0..count {
            let due = start + PACKET_TIME * u32::try_from(round)? + spacing * u32::try_from(leg)?;
            listen(poll, &mut events, legs, warm, start, due, &mut tally)?;
            let now = Instant::now();
            let outcome = legs[usize::try_from(leg)?].send(packet(leg, round, now - start));
            if round >= warm {
                tally.worst_lag = tally.worst_lag.max(now - due);
                tally.sent += 1;
                tally.send_errors += u64::from(outcome.is_err());
            }
        }
    }
    say("measured")?;
    listen(poll, &mut events, legs, warm, start, Instant::now() + DRAIN, &mut tally)?;
    Ok(tally)
}

impl Leg {
    fn send(&mut self, packet: [u8; PACKET]) -> io::Result<usize> {
        let Some((outbound, _)) = &mut self.keys else {
            return self.socket.send(&packet);
        };
        let mut packet = packet.to_vec();
        if !outbound.protect(&mut packet) {
            return Err(io::Error::other("a packet cannot be encrypted"));
        }
        self.socket.send(&packet)
    }

    /// A packet as it was before it was encrypted.
    fn open<'a>(&mut self, bytes: &'a mut [u8]) -> &'a [u8] {
        let length = match &mut self.keys {
            Some((_, inbound)) => inbound.unprotect(bytes).unwrap_or(0),
            None => bytes.len(),
        };
        bytes.get(..length).unwrap_or_default()
    }
}

fn say(word: &str) -> io::Result<()> {
    println!("{word}");
    io::stdout().flush()
}

/// An RTP packet (RFC 3550 §5.1), PCMU, whose payload says which leg sent it, in which round, and when.
fn packet(leg: u64, round: u64, at: Duration) -> [u8; PACKET] {
    let mut bytes = [0xff; PACKET];
    bytes[0] = 0x80;
    bytes[1] = 0;
    bytes[2..4].copy_from_slice(&round.to_be_bytes()[6..]);
    bytes[4..8].copy_from_slice(&(round * 160).to_be_bytes()[4..]);
    bytes[8..12].copy_from_slice(&(0x1000_0000 + leg).to_be_bytes()[4..]);
    let payload = &mut bytes[HEADER..];
    payload[0..4].copy_from_slice(&MARK);
    payload[4..12].copy_from_slice(&leg.to_be_bytes());
    payload[12..20].copy_from_slice(&round.to_be_bytes());
    payload[20..28].copy_from_slice(&u64::try_from(at.as_nanos()).unwrap_or(u64::MAX).to_be_bytes());
    bytes
}

/// Reads back what `packet` wrote: leg, round, time; `None` if it is not one of ours or has been altered.
fn read_back(bytes: &[u8]) -> Option<(u64, u64, Duration)> {
    let payload = bytes.get(HEADER..).filter(|payload| payload.len() == PACKET - HEADER)?;
    let number = |from: usize| payload[from..from + 8].try_into().map(u64::from_be_bytes).ok();
    if payload[0..4] != MARK || payload[28..].iter().any(|byte| *byte != 0xff) {
        return None;
    }
    Some((number(4)?, number(12)?, Duration::from_nanos(number(20)?)))
}

/// Takes in whatever arrives until `until`; looks at least once.
fn listen(
    poll: &mut Poll,
    events: &mut Events,
    legs: &mut [Leg],
    warm: u64,
    start: Instant,
    until: Instant,
    tally: &mut Tally,
) -> io::Result<()> {
    let mut buffer = [0; 2048];
    loop {
        match poll.poll(events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => outcome?,
        }
        for event in events.iter() {
            let index = event.token().0;
            while let Ok(length) = legs[index].socket.recv(&mut buffer) {
                let leg = &mut legs[index];
                let packet = leg.open(&mut buffer[..length]);
                hear(leg, index, packet, warm, start.elapsed(), tally);
            }
        }
        if Instant::now() >= until {
            return Ok(());
        }
    }
}

fn hear(leg: &mut Leg, index: usize, bytes: &[u8], warm: u64, now: Duration, tally: &mut Tally) {
    let Some((sender, round, sent)) = read_back(bytes) else {
        tally.strangers += 1;
        return;
    };
    let slot = usize::try_from(round).ok().and_then(|round| leg.heard.get_mut(round));
    match slot {
        Some(heard) if usize::try_from(sender) == Ok(index ^ 1) => {
            if std::mem::replace(heard, true) {
                tally.duplicates += 1;
            } else if round >= warm {
                tally.received += 1;
                tally.transit.push(u64::try_from(now.saturating_sub(sent).as_micros()).unwrap_or(u64::MAX));
            }
        }
        _ => tally.strangers += 1,
    }
}

fn summary(mut tally: Tally) -> String {
    tally.transit.sort_unstable();
    let thousandth = |number: usize| {
        let position = tally.transit.len() * number / 1000;
        tally.transit.get(position.min(tally.transit.len().saturating_sub(1))).copied().unwrap_or(0)
    };
    format!(
        concat!(
            "{{\"sent\": {}, \"received\": {}, \"lost\": {}, \"duplicates\": {}, \"strangers\": {}, ",
            "\"send_errors\": {}, \"transit_us\": {{\"p50\": {}, \"p99\": {}, \"p999\": {}}}, \"worst_lag_us\": {}}}"
        ),
        tally.sent,
        tally.received,
        tally.sent - tally.received,
        tally.duplicates,
        tally.strangers,
        tally.send_errors,
        thousandth(500),
        thousandth(990),
        thousandth(999),
        tally.worst_lag.as_micros(),
    )
}
