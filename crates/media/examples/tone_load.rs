//! Telephones that send a steady tone and listen for gaps in what they hear: the load of `test_media_full_load.py`.
//!
//! A telephone sends a packet every 20 ms, all of them evenly spread over that time. What it hears is decoded and looked
//! at in windows of 5 ms: one without a tone is silent, and a packet that never came is 20 ms of silence. Reported is the
//! longest silence of every telephone, by content and sequence number and not by the clock, so that a moment in which
//! this program did not run is none. The program never sleeps while it measures.
//!
//! Arguments: seconds of warming up, seconds measured, and the codec of each telephone, separated by commas. The lines on
//! stdin and stdout are those of `codec_load`; the result has `sent`, `received`, `longest_ms` and `deaf`, the number of
//! telephones that heard less than 98 of 100 packets.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use stimme_media::audio::{AudioCodec, Decoder, Encoder, OpusSettings};
use stimme_media::rtp::Header;

const PACKET_TIME: Duration = Duration::from_millis(20);
const PACKET_MS: u32 = 20;
const WINDOW_MS: u32 = 5;
/// Packets after which the same ones come again: whole periods of the tone.
const ROUND: usize = 50;
const OPUS: u8 = 96;
const PITCH: f32 = 400.0;
const LEVEL: f32 = 8000.0;
/// Root mean square of a window that still counts as the tone: a quarter of what was sent.
const HEARD: f32 = LEVEL / 4.0 / std::f32::consts::SQRT_2;

/// Looks at what one telephone hears.
struct Ear {
    decoder: Decoder,
    window: usize,
    pcm: Vec<i16>,
    last: Option<u16>,
    received: u64,
    silent_ms: u32,
    longest_ms: u32,
}

impl Ear {
    fn new(codec: AudioCodec) -> Result<Self, Box<dyn Error>> {
        let window = codec.samples_per_frame() * WINDOW_MS as usize / PACKET_MS as usize;
        let decoder = Decoder::new(codec)?;
        Ok(Self { decoder, window, pcm: Vec::new(), last: None, received: 0, silent_ms: 0, longest_ms: 0 })
    }

    fn hear(&mut self, sequence: u16, payload: &[u8]) {
        let step = self.last.map_or(1, |last| sequence.wrapping_sub(last));
        if step == 0 || step > u16::MAX / 2 {
            return; // once more, or late: its place counted as a gap already
        }
        self.last = Some(sequence);
        self.received += 1;
        self.note(PACKET_MS * u32::from(step - 1), false);
        self.pcm.clear();
        if self.decoder.decode(payload, &mut self.pcm).is_err() {
            self.note(PACKET_MS, false);
            return;
        }
        let heard: Vec<bool> =
            self.pcm.chunks_exact(self.window).map(|window| level(window) >= HEARD).collect();
        for tone in heard {
            self.note(WINDOW_MS, tone);
        }
    }

    fn note(&mut self, milliseconds: u32, tone: bool) {
        self.silent_ms = if tone { 0 } else { self.silent_ms + milliseconds };
        self.longest_ms = self.longest_ms.max(self.silent_ms);
    }

    /// From here on it counts.
    fn begin(&mut self) {
        (self.received, self.silent_ms, self.longest_ms) = (0, 0, 0);
    }
}

fn level(window: &[i16]) -> f32 {
    let sum: f32 = window.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    (sum / window.len() as f32).sqrt()
}

struct Telephone {
    socket: UdpSocket,
    payload_type: u8,
    ticks: u32,
    payloads: Vec<Vec<u8>>,
    ssrc: u32,
    ear: Ear,
}

impl Telephone {
    fn new(number: u32, name: &str) -> Result<Self, Box<dyn Error>> {
        let codec = AudioCodec::from_name(name).ok_or("no such codec")?;
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
            encoder.encode(&tone(frame, codec), &mut payload)?;
            payloads.push(payload);
        }
        let socket = UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.set_nonblocking(true)?;
        let ticks = codec.rtp_ticks_per_frame();
        Ok(Self { socket, payload_type, ticks, payloads, ssrc: 0x3000_0000 + number, ear: Ear::new(codec)? })
    }

    fn send(&self, number: u64) -> io::Result<usize> {
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

    fn hear(&mut self, buffer: &mut [u8]) {
        while let Ok(length) = self.socket.recv(buffer) {
            let Some((header, start, end)) = Header::parse(&buffer[..length]) else { continue };
            if header.payload_type == self.payload_type {
                self.ear.hear(header.sequence, &buffer[start..end]);
            }
        }
    }
}

/// 20 ms of the tone.
fn tone(frame: usize, codec: AudioCodec) -> Vec<i16> {
    let (rate, length) = (codec.sample_rate() as f32, codec.samples_per_frame());
    let sample = |n: usize| (LEVEL * (std::f32::consts::TAU * PITCH * n as f32 / rate).sin()) as i16;
    (frame * length..(frame + 1) * length).map(sample).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [warm, seconds, codecs] = arguments.as_slice() else {
        return Err("usage: tone_load WARM_SECONDS SECONDS CODEC,CODEC,…".into());
    };
    let (warm, seconds): (u64, u64) = (warm.parse()?, seconds.parse()?);
    let telephones =
        codecs.split(',').enumerate().map(|(number, codec)| Telephone::new(number as u32, codec));
    let mut telephones = telephones.collect::<Result<Vec<_>, _>>()?;
    connect(&telephones)?;
    let sent = talk(&mut telephones, warm * 50, (warm + seconds) * 50)?;
    let received: u64 = telephones.iter().map(|each| each.ear.received).sum();
    let longest = telephones.iter().map(|each| each.ear.longest_ms).max().unwrap_or_default();
    let deaf = telephones.iter().filter(|each| each.ear.received * 100 < seconds * 50 * 98).count();
    println!("{{\"sent\": {sent}, \"received\": {received}, \"longest_ms\": {longest}, \"deaf\": {deaf}}}");
    Ok(())
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

/// Packets sent from round `warm` to `rounds`.
fn talk(telephones: &mut [Telephone], warm: u64, rounds: u64) -> Result<u64, Box<dyn Error>> {
    let (mut sent, mut buffer) = (0, [0; 2048]);
    let start = Instant::now() + PACKET_TIME;
    let spacing = PACKET_TIME / u32::try_from(telephones.len())?;
    for round in 0..rounds {
        if round == warm {
            say("measuring")?;
            sent = 0;
            telephones.iter_mut().for_each(|each| each.ear.begin());
        }
        for (number, telephone) in telephones.iter_mut().enumerate() {
            let due = start + PACKET_TIME * u32::try_from(round)? + spacing * u32::try_from(number)?;
            while Instant::now() < due {
                std::hint::spin_loop();
            }
            sent += u64::from(telephone.send(round).is_ok());
            telephone.hear(&mut buffer);
        }
    }
    say("measured")?;
    Ok(sent)
}

fn say(word: &str) -> io::Result<()> {
    println!("{word}");
    io::stdout().flush()
}
