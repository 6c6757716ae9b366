//! Load for the `transcoding` and `rooms` measurements: telephones that speak all the time, and count what they hear.
//!
//! A telephone sends a packet every 20 ms, all of them evenly spread over that time: half a second of a tone with
//! pauses, in its codec. What comes out of the other side of a transcoder or a mixer cannot be told packet by packet;
//! counted is what arrives of the payload type that is expected. The program never sleeps while it measures.
//!
//! Arguments: seconds of warming up, seconds measured, and the codec of each telephone (`PCMU` or `opus`), separated
//! by commas. Lines on stdout and stdin, in this order:
//!
//! 1. prints `{"ports": [port, …]}`, the local port of each telephone;
//! 2. reads one line for each, `address:port`: where it sends to;
//! 3. prints `measuring` when warm, `measured` when the last packet is sent, and then the result as one JSON object.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use stimme_media::audio::{AudioCodec, Encoder, OpusSettings};
use stimme_media::rtp::Header;

const PACKET_TIME: Duration = Duration::from_millis(20);
/// Packets of a round, after which the same ones come again: a second.
const ROUND: usize = 50;
/// Payload type of Opus; G.711 has its own (RFC 3551 §6).
const OPUS: u8 = 96;

struct Telephone {
    socket: UdpSocket,
    payload_type: u8,
    ticks: u32,
    payloads: Vec<Vec<u8>>,
    ssrc: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [warm, seconds, codecs] = arguments.as_slice() else {
        return Err("usage: codec_load WARM_SECONDS SECONDS CODEC,CODEC,…".into());
    };
    let (warm, seconds): (u64, u64) = (warm.parse()?, seconds.parse()?);
    let telephones =
        codecs.split(',').enumerate().map(|(number, codec)| Telephone::new(number as u32, codec));
    let telephones = telephones.collect::<Result<Vec<_>, _>>()?;
    connect(&telephones)?;
    let (sent, received) = talk(&telephones, warm * 50, (warm + seconds) * 50)?;
    println!("{{\"sent\": {sent}, \"received\": {received}}}");
    Ok(())
}

impl Telephone {
    fn new(number: u32, codec: &str) -> Result<Self, Box<dyn Error>> {
        let codec = AudioCodec::from_name(codec).ok_or("no such codec")?;
        let payload_type = match codec {
            AudioCodec::Pcmu => 0,
            AudioCodec::Pcma => 8,
            AudioCodec::G722 => 9,
            AudioCodec::Opus => OPUS,
        };
        let mut encoder = Encoder::new(codec, &OpusSettings::default())?;
        let mut payloads = Vec::new();
        for frame in 0..ROUND {
            let mut payload = Vec::new();
            encoder.encode(&voice(frame, codec, number), &mut payload)?;
            payloads.push(payload);
        }
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.set_nonblocking(true)?;
        let ticks = codec.rtp_ticks_per_frame();
        Ok(Self { socket, payload_type, ticks, payloads, ssrc: 0x2000_0000 + number })
    }

    fn send(&self, number: u64) -> io::Result<usize> {
        let header = Header {
            payload_type: self.payload_type,
            marker: number == 0,
            sequence: number as u16,
            timestamp: (number as u32).wrapping_mul(self.ticks),
            ssrc: self.ssrc,
        };
        let payload = &self.payloads[number as usize % ROUND];
        let mut packet = vec![0; 12];
        header.write(&mut packet);
        packet.extend_from_slice(payload);
        self.socket.send(&packet)
    }

    /// Packets of the expected payload type that wait.
    fn hear(&self, buffer: &mut [u8]) -> u64 {
        let mut heard = 0;
        while let Ok(length) = self.socket.recv(buffer) {
            let header = Header::parse(&buffer[..length]).map(|(header, ..)| header);
            heard += u64::from(header.is_some_and(|header| header.payload_type == self.payload_type));
        }
        heard
    }
}

/// 20 ms of a buzz of some pitch that comes in syllables.
fn voice(frame: usize, codec: AudioCodec, number: u32) -> Vec<i16> {
    let (rate, length) = (codec.sample_rate() as f32, codec.samples_per_frame());
    let pitch = 110.0 + 10.0 * (number % 12) as f32;
    let sample = |n: usize| {
        let phase = std::f32::consts::TAU * pitch * n as f32 / rate;
        let buzz: f32 = (1..8).map(|harmonic| (phase * harmonic as f32).sin() / harmonic as f32).sum();
        if frame % 10 < 7 { (4000.0 * buzz) as i16 } else { 0 }
    };
    (frame * length..(frame + 1) * length).map(sample).collect()
}

fn connect(telephones: &[Telephone]) -> Result<(), Box<dyn Error>> {
    let ports: io::Result<Vec<String>> =
        telephones.iter().map(|each| Ok(each.socket.local_addr()?.port().to_string())).collect();
    println!("{{\"ports\": [{}]}}", ports?.join(", "));
    io::stdout().flush()?;
    let mut lines = io::stdin().lock().lines();
    for telephone in telephones {
        let line = lines.next().ok_or("fewer lines than telephones")??;
        telephone.socket.connect(line.trim().parse::<SocketAddr>()?)?;
    }
    Ok(())
}

/// Packets sent and heard from round `warm` to `rounds`.
fn talk(telephones: &[Telephone], warm: u64, rounds: u64) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut sent, mut received, mut buffer) = (0, 0, [0; 2048]);
    let start = Instant::now() + PACKET_TIME;
    let spacing = PACKET_TIME / u32::try_from(telephones.len())?;
    for round in 0..rounds {
        if round == warm {
            say("measuring")?;
            (sent, received) = (0, 0);
        }
        for (number, telephone) in telephones.iter().enumerate() {
            let due = start + PACKET_TIME * u32::try_from(round)? + spacing * u32::try_from(number)?;
            while Instant::now() < due {
                std::hint::spin_loop();
            }
            // A relay that does not take it, or has ended, is seen by what arrives.
            sent += u64::from(telephone.send(round).is_ok());
            received += telephone.hear(&mut buffer);
        }
    }
    say("measured")?;
    Ok((sent, received))
}

fn say(word: &str) -> io::Result<()> {
    println!("{word}");
    io::stdout().flush()
}
