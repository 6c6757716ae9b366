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
use std::time::Instant;

use stimme_media::audio::{AudioCodec, Decoder};

#[path = "shared/mod.rs"]
mod shared;
use shared::{PACKET_TIME, Telephone, connect, say, wait_for_turn};

const PACKET_MS: u32 = 20;
const WINDOW_MS: u32 = 5;
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
    let people = codecs.split(',').enumerate().map(|(number, name)| {
        let codec = AudioCodec::from_name(name).ok_or("no such codec")?;
        let telephone = Telephone::new(codec, 0x3000_0000 + number as u32, |frame| tone(frame, codec))?;
        Ok::<_, Box<dyn Error>>((telephone, Ear::new(codec)?))
    });
    let mut people = people.collect::<Result<Vec<_>, _>>()?;
    connect(people.iter().map(|(telephone, _)| telephone))?;
    let sent = talk(&mut people, warm * 50, (warm + seconds) * 50)?;
    let ears = || people.iter().map(|(_, ear)| ear);
    let received: u64 = ears().map(|ear| ear.received).sum();
    let longest = ears().map(|ear| ear.longest_ms).max().unwrap_or_default();
    let deaf = ears().filter(|ear| ear.received * 100 < seconds * 50 * 98).count();
    println!("{{\"sent\": {sent}, \"received\": {received}, \"longest_ms\": {longest}, \"deaf\": {deaf}}}");
    Ok(())
}

/// Packets sent from round `warm` to `rounds`.
fn talk(people: &mut [(Telephone, Ear)], warm: u64, rounds: u64) -> Result<u64, Box<dyn Error>> {
    let (mut sent, mut buffer, count) = (0, [0; 2048], people.len());
    let start = Instant::now() + PACKET_TIME;
    for round in 0..rounds {
        if round == warm {
            say("measuring")?;
            sent = 0;
            people.iter_mut().for_each(|(_, ear)| ear.begin());
        }
        for (number, (telephone, ear)) in people.iter_mut().enumerate() {
            wait_for_turn(start, round, number, count)?;
            sent += u64::from(telephone.send(round).is_ok());
            telephone.hear(&mut buffer, |sequence, payload| ear.hear(sequence, payload));
        }
    }
    say("measured")?;
    Ok(sent)
}
