//! SRTP and SRTCP with keys from outside, SDES (RFC 3711, RFC 6188, RFC 7714): one direction of a leg, without I/O.
//!
//! AES in counter mode, GCM and HMAC are libraries'; what is built of them here is tested against libsrtp
//! (`tests/srtp.rs`). Encrypted header extensions and master key identifiers are not used: offers of them are refused.

mod cipher;
mod replay;
mod suite;

use std::collections::HashMap;

use cipher::Keys;
use replay::Window;
pub use suite::Suite;

/// Streams of one direction that are kept apart; a telephone has one, some take a new one after each hold. None is forgotten
/// while the leg lives: its packets could be played again.
const MOST_STREAMS: usize = 1000;
/// How often a stream's numbers may have begun anew before we hear it for the first time: four days of packets of 20 ms.
const MOST_ROLLOVERS: u64 = 256;
/// Packets that may be searched for in vain: nobody without the key makes us search for long.
const MOST_SEARCHES: u32 = 100;
const FIXED_HEADER: usize = 12;
const REPORT_HEADER: usize = 8;
/// The word behind a report: its number, and in the highest bit that it is encrypted (RFC 3711 §3.4).
const WORD: usize = 4;
const ENCRYPTED: u32 = 1 << 31;

/// One direction of a leg: keys, and what is remembered of its streams.
pub struct Session {
    rtp: Keys,
    rtcp: Keys,
    streams: HashMap<u32, Stream>,
    /// How many first packets may still be searched for.
    searches: u32,
}

/// One SSRC: which packets and reports have been.
#[derive(Clone, Default)]
struct Stream {
    packets: Window,
    reports: Window,
}

impl Session {
    /// With a key and salt of [`Suite::key_length`] bytes. None when the length is another one.
    pub fn new(suite: Suite, key: &[u8]) -> Option<Self> {
        let (master, salt) = key.split_at_checked(suite.master_length())?;
        (key.len() == suite.key_length()).then(|| Self {
            rtp: Keys::of_rtp(suite, master, salt),
            rtcp: Keys::of_rtcp(suite, master, salt),
            streams: HashMap::new(),
            searches: 0,
        })
    }

    /// The peer has sent with this key before we came: how often its numbers began anew is found by trying
    /// (RFC 3711 §3.3.1 leaves it to others to tell who joins late).
    pub fn join_late(&mut self) {
        self.searches = MOST_SEARCHES;
    }

    /// Encrypts an RTP packet that fills `packet`; it grows by the tag. False when it is none, or was sent before.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some((start, ssrc, sequence)) = read_header(packet) else {
            return false;
        };
        let Some(stream) = stream(&mut self.streams, ssrc) else {
            return false;
        };
        let Some(index) = stream.packets.index(sequence).filter(|index| stream.packets.is_new(*index)) else {
            return false; // the same number with other contents would give both away (RFC 3711 §9.1)
        };
        stream.packets.take(index);
        self.rtp.seal(packet, start, ssrc, index);
        true
    }

    /// Decrypts an RTP packet in place; returns its length. None: it is not the peer's, or it was replayed.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Option<usize> {
        let (start, ssrc, sequence) = read_header(packet)?;
        if self.searches > 0 && !self.streams.contains_key(&ssrc) {
            return self.search(packet, start, ssrc, sequence);
        }
        // Nothing is remembered of a packet before its tag is right: strangers must not move the window.
        let known = self.streams.get(&ssrc).cloned().unwrap_or_default();
        let index = known.packets.index(sequence).filter(|index| known.packets.is_new(*index))?;
        let length = self.rtp.open(packet, start, ssrc, index)?;
        stream(&mut self.streams, ssrc)?.packets.take(index);
        Some(length)
    }

    /// The first packet of a stream that may have begun long ago.
    fn search(&mut self, packet: &mut [u8], start: usize, ssrc: u32, sequence: u16) -> Option<usize> {
        self.searches -= 1;
        for rollover in 0..MOST_ROLLOVERS {
            let index = rollover << 16 | u64::from(sequence);
            let mut tried = packet.to_vec(); // GCM spoils what it could not open
            let Some(length) = self.rtp.open(&mut tried, start, ssrc, index) else {
                continue;
            };
            stream(&mut self.streams, ssrc)?.packets.take(index);
            packet[..length].copy_from_slice(&tried[..length]);
            return Some(length);
        }
        None
    }

    /// Encrypts a compound RTCP packet. False when it is none.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(ssrc) = word(packet, 4) else {
            return false;
        };
        let Some(stream) = stream(&mut self.streams, ssrc) else {
            return false;
        };
        let index = stream.reports.next();
        if index >= u64::from(ENCRYPTED) {
            return false; // after 2^31 reports there must be a new key (RFC 3711 §9.2)
        }
        stream.reports.take(index);
        self.rtcp.seal_report(packet, ssrc, index as u32 | ENCRYPTED);
        true
    }

    /// Decrypts a compound RTCP packet in place; returns its length. None as for RTP.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let ssrc = word(packet, 4)?;
        let last = word(packet, packet.len().checked_sub(self.rtcp.behind_word() + WORD)?)?;
        if last & ENCRYPTED == 0 {
            return None; // was agreed to be encrypted
        }
        let index = u64::from(last & !ENCRYPTED);
        if !self.streams.get(&ssrc).is_none_or(|stream| stream.reports.is_new(index)) {
            return None;
        }
        let length = self.rtcp.open_report(packet, ssrc, last)?;
        stream(&mut self.streams, ssrc)?.reports.take(index);
        Some(length)
    }
}

fn stream(streams: &mut HashMap<u32, Stream>, ssrc: u32) -> Option<&mut Stream> {
    if !streams.contains_key(&ssrc) && streams.len() >= MOST_STREAMS {
        return None;
    }
    Some(streams.entry(ssrc).or_default())
}

/// Where the payload begins, SSRC and sequence number; None for what is no RTP packet.
fn read_header(packet: &[u8]) -> Option<(usize, u32, u16)> {
    let first = *packet.first().filter(|first| **first >> 6 == 2)?;
    let sources = FIXED_HEADER + 4 * usize::from(first & 0x0f);
    let start = if first & 0x10 == 0 {
        sources
    } else {
        sources + 4 + 4 * usize::from(word(packet, sources)? as u16)
    };
    let sequence = u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]);
    (start <= packet.len()).then_some((start, word(packet, 8)?, sequence))
}

fn word(packet: &[u8], at: usize) -> Option<u32> {
    let bytes = packet.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}
