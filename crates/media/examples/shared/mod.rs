//! Telephones that send the same round of packets again and again, for the loads that speak in codecs.
//!
//! Lines on stdout and stdin, in this order: `{"ports": [port, …]}`, the local port of each telephone, is printed; one line
//! for each is read, `address:port`: where it sends to.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use stimme_media::audio::{AudioCodec, Encoder, OpusSettings};
use stimme_media::rtp::Header;

/// What one packet holds.
pub const PACKET_TIME: Duration = Duration::from_millis(20);
/// Packets of a round: a second.
const ROUND: usize = 50;
/// Payload type of Opus; G.711 and G.722 have their own (RFC 3551 §6).
const OPUS: u8 = 96;

/// A telephone with a socket of its own.
pub struct Telephone {
    socket: UdpSocket,
    payload_type: u8,
    ticks: u32,
    payloads: Vec<Vec<u8>>,
    ssrc: u32,
}

impl Telephone {
    /// One that speaks what `frame` gives for each packet of a round.
    pub fn new(
        codec: AudioCodec,
        ssrc: u32,
        frame: impl Fn(usize) -> Vec<i16>,
    ) -> Result<Self, Box<dyn Error>> {
        let payload_type = match codec {
            AudioCodec::Pcmu => 0,
            AudioCodec::Pcma => 8,
            AudioCodec::G722 => 9,
            AudioCodec::Opus => OPUS,
        };
        let mut encoder = Encoder::new(codec, &OpusSettings::default())?;
        let mut payloads = Vec::new();
        for number in 0..ROUND {
            let mut payload = Vec::new();
            encoder.encode(&frame(number), &mut payload)?;
            payloads.push(payload);
        }
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, payload_type, ticks: codec.rtp_ticks_per_frame(), payloads, ssrc })
    }

    /// Sends the packet of this number.
    pub fn send(&self, number: u64) -> io::Result<usize> {
        let header = Header {
            payload_type: self.payload_type,
            marker: number == 0,
            sequence: number as u16,
            timestamp: (number as u32).wrapping_mul(self.ticks),
            ssrc: self.ssrc,
        };
        let mut packet = vec![0; 12];
        header.write(&mut packet);
        packet.extend_from_slice(&self.payloads[number as usize % ROUND]);
        self.socket.send(&packet)
    }

    /// Hands on the number and the payload of each packet of its codec that waits.
    pub fn hear(&self, buffer: &mut [u8], mut heard: impl FnMut(u16, &[u8])) {
        while let Ok(length) = self.socket.recv(buffer) {
            if let Some((header, start, end)) = Header::parse(&buffer[..length])
                && header.payload_type == self.payload_type
            {
                heard(header.sequence, &buffer[start..end]);
            }
        }
    }
}

/// Tells where the telephones are, and learns where they send to.
pub fn connect<'a>(telephones: impl Iterator<Item = &'a Telephone> + Clone) -> Result<(), Box<dyn Error>> {
    let ports: io::Result<Vec<String>> =
        telephones.clone().map(|each| Ok(each.socket.local_addr()?.port().to_string())).collect();
    println!("{{\"ports\": [{}]}}", ports?.join(", "));
    io::stdout().flush()?;
    let mut lines = io::stdin().lock().lines();
    for telephone in telephones {
        let line = lines.next().ok_or("fewer lines than telephones")??;
        telephone.socket.connect(line.trim().parse::<SocketAddr>()?)?;
    }
    Ok(())
}

/// When it is a telephone's turn in a round.
pub fn turn(start: Instant, round: u64, number: usize, telephones: usize) -> Result<Instant, Box<dyn Error>> {
    let spacing = PACKET_TIME / u32::try_from(telephones)?;
    Ok(start + PACKET_TIME * u32::try_from(round)? + spacing * u32::try_from(number)?)
}

/// A line for whoever measures.
pub fn say(word: &str) -> io::Result<()> {
    println!("{word}");
    io::stdout().flush()
}
