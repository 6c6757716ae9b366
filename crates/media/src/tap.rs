//! Sound of a leg for another program, as it happens: a datagram for each 20 ms to a Unix socket of that program.
//!
//! Nobody is waited for: what the socket has no room for is lost, and the sequence number shows it.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Instant;

use crate::audio::AudioCodec;
use crate::control::What;
use crate::player::next_due;
use crate::tracks::Tracks;

/// One listener at one leg.
pub struct Tap {
    /// Number.
    pub id: u64,
    /// When the next frame is due.
    pub due: Instant,
    rate: u32,
    tracks: Tracks,
    socket: UnixDatagram,
    sequence: u32,
    datagram: Vec<u8>,
}

impl Tap {
    /// To a socket at which somebody listens already.
    ///
    /// # Errors
    /// When nobody does.
    pub fn open(id: u64, path: &Path, what: What, rate: u32, now: Instant) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_nonblocking(true)?;
        let due = now + crate::player::FRAME;
        Ok(Self { id, due, rate, tracks: Tracks::new(what, rate), socket, sequence: 0, datagram: Vec::new() })
    }

    /// Takes a packet of the peer's.
    pub fn received(&mut self, codec: AudioCodec, payload: &[u8]) {
        self.tracks.received(codec, payload);
    }

    /// Takes a packet to the peer.
    pub fn sent(&mut self, codec: AudioCodec, payload: &[u8]) {
        self.tracks.sent(codec, payload);
    }

    /// Sends the next 20 ms: number of the tap, of the frame, samples a second (big endian), samples (little endian).
    ///
    /// # Errors
    /// The listener is gone; one that does not read is no error.
    pub fn frame(&mut self, now: Instant) -> io::Result<()> {
        self.due = next_due(self.due, now);
        self.datagram.clear();
        self.datagram.extend(self.id.to_be_bytes());
        self.datagram.extend(self.sequence.to_be_bytes());
        self.datagram.extend(self.rate.to_be_bytes());
        for sample in self.tracks.frame() {
            self.datagram.extend(sample.to_le_bytes());
        }
        self.sequence = self.sequence.wrapping_add(1);
        match self.socket.send(&self.datagram) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: usize = 8 + 4 + 4;

    #[test]
    fn who_does_not_read_loses_frames_and_who_is_gone_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ear");
        let now = Instant::now();
        assert!(Tap::open(7, &path, What::Received, 8_000, now).is_err());
        let ear = UnixDatagram::bind(&path).expect("a socket");
        let mut tap = Tap::open(7, &path, What::Received, 8_000, now).expect("it listens");
        for _ in 0..2 {
            tap.received(AudioCodec::Pcma, &[0xd5; 160]);
        }
        for _ in 0..1000 {
            tap.frame(now).expect("nobody waits");
        }
        let mut buffer = [0; 2048];
        let mut hear = || {
            let length = ear.recv(&mut buffer).expect("a datagram");
            assert_eq!(
                (length, &buffer[..8], &buffer[12..16]),
                (HEAD + 320, &[0, 0, 0, 0, 0, 0, 0, 7][..], &[0, 0, 31, 64][..])
            );
            (u32::from_be_bytes([buffer[8], buffer[9], buffer[10], buffer[11]]), buffer[HEAD])
        };
        assert_eq!(hear(), (0, 8));
        let mut last = 0;
        tap.frame(now).expect("nobody waits");
        while last < 999 {
            let (sequence, sample) = hear();
            assert!(sequence > last && sample <= 8);
            last = sequence;
        }
        assert_eq!(last, 1000, "the frames between are lost");
        drop(ear);
        assert!(tap.frame(now).is_err());
    }
}
