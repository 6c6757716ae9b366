//! Telephones that send a steady tone and listen for gaps in what they hear: the load of `test_media_full_load.py`.
//!
//! A telephone sends a packet every 20 ms, all of them evenly spread over that time. What it hears is decoded and looked
//! at in windows of 5 ms: one without a tone is silent, and a packet that never came is 20 ms of silence. Reported is the
//! longest silence of every telephone, by content and sequence number and not by the clock, so that a moment in which
//! this program did not run is none. The program sleeps for as long as nothing is due, and little else: a real-time priority
//! takes nothing away from others then, for which the kernel would stop it 50 ms of every second.
//!
//! Arguments: seconds of warming up, seconds measured, the port of an echo, and the codec of each telephone, separated by
//! commas. The lines on stdin and stdout are those of `codec_load`; the result has `sent`, `received`, `longest_ms`, `deaf`,
//! the number of telephones that heard less than 98 of 100 packets, and `gaps`: number of the telephone, milliseconds from
//! the start, and length of what was longer than a packet. `control` is a flow without the engine (`shared/control.rs`).
//!
//! With the one argument `echo` it is the other end of that flow.

#![forbid(unsafe_code)]

use std::error::Error;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stimme_media::audio::{AudioCodec, Decoder};

#[path = "shared/mod.rs"]
mod shared;
use shared::{PACKET_TIME, Telephone, connect, say, turn};
#[path = "shared/control.rs"]
mod control;
use control::{Control, echo};

const PACKET_MS: u32 = 20;
const WINDOW_MS: u32 = 5;
const PITCH: f32 = 400.0;
const LEVEL: f32 = 8000.0;
/// Root mean square of a window that still counts as the tone: a quarter of what was sent.
const HEARD: f32 = LEVEL / 4.0 / std::f32::consts::SQRT_2;

/// It does not sleep for less than this, so that what is due meanwhile is done at one waking up.
const SHORTEST_SLEEP: Duration = Duration::from_micros(200);
/// So many gaps are told at most.
const MOST_GAPS: usize = 1000;

/// Looks at what one telephone hears.
struct Ear {
    decoder: Decoder,
    window: usize,
    pcm: Vec<i16>,
    last: Option<u16>,
    received: u64,
    silent_ms: u32,
    longest_ms: u32,
    /// One that has just ended, longer than a packet.
    gap: Option<u32>,
}

impl Ear {
    fn new(codec: AudioCodec) -> Result<Self, Box<dyn Error>> {
        let window = codec.samples_per_frame() * WINDOW_MS as usize / PACKET_MS as usize;
        let decoder = Decoder::new(codec)?;
        let (pcm, last, gap) = (Vec::new(), None, None);
        Ok(Self { decoder, window, pcm, last, received: 0, silent_ms: 0, longest_ms: 0, gap })
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
        if tone && self.silent_ms > PACKET_MS {
            self.gap = Some(self.silent_ms);
        }
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

/// Everything that happens while it is measured.
struct Talk {
    people: Vec<(Telephone, Ear)>,
    control: Control,
    /// Telephone, milliseconds from the start, length.
    gaps: Vec<(usize, u64, u32)>,
}

impl Talk {
    /// Packets sent from round `warm` to `rounds`.
    fn run(&mut self, warm: u64, rounds: u64) -> Result<u64, Box<dyn Error>> {
        let (mut sent, mut buffer, count) = (0, [0; 2048], self.people.len());
        let start = Instant::now() + PACKET_TIME;
        for round in 0..rounds {
            if round == warm {
                say("measuring")?;
                sent = 0;
                self.begin();
            }
            for number in 0..count {
                let now = self.wait(turn(start, round, number, count)?);
                let (telephone, ear) = &mut self.people[number];
                sent += u64::from(telephone.send(round).is_ok());
                telephone.hear(&mut buffer, |sequence, payload| ear.hear(sequence, payload));
                if let Some(gap) = ear.gap.take().filter(|_| self.gaps.len() < MOST_GAPS) {
                    self.gaps.push((number, self.control.milliseconds(now), gap));
                }
            }
        }
        say("measured")?;
        Ok(sent)
    }

    fn begin(&mut self) {
        self.people.iter_mut().for_each(|(_, ear)| ear.begin());
        self.gaps.clear();
        self.control.begin(Instant::now());
    }

    fn wait(&mut self, due: Instant) -> Instant {
        loop {
            let now = Instant::now();
            if now >= due {
                self.control.behind(now, now - due);
                return now;
            }
            self.control.turn(now);
            std::thread::sleep((due - now).max(SHORTEST_SLEEP));
        }
    }

    fn summary(&self, sent: u64, seconds: u64) -> Value {
        let ears = || self.people.iter().map(|(_, ear)| ear);
        let control = &self.control;
        json!({
            "sent": sent,
            "received": ears().map(|ear| ear.received).sum::<u64>(),
            "longest_ms": ears().map(|ear| ear.longest_ms).max(),
            "deaf": ears().filter(|ear| ear.received * 100 < seconds * 50 * 98).count(),
            "gaps": self.gaps,
            "control": {
                "sent": control.packets.0,
                "received": control.packets.1,
                "away_ms": control.away.as_secs_f64() * 1000.0,
                "lag_ms": control.lag.as_secs_f64() * 1000.0,
                "stalls": control.stalls,
            },
        })
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [warm, seconds, port, codecs] = arguments.as_slice() else {
        return match arguments.as_slice() {
            [word] if word == "echo" => echo(),
            _ => Err("usage: tone_load WARM_SECONDS SECONDS ECHO_PORT CODEC,CODEC,… | tone_load echo".into()),
        };
    };
    let (warm, seconds): (u64, u64) = (warm.parse()?, seconds.parse()?);
    let people = codecs.split(',').enumerate().map(|(number, name)| {
        let codec = AudioCodec::from_name(name).ok_or("no such codec")?;
        let telephone = Telephone::new(codec, 0x3000_0000 + number as u32, |frame| tone(frame, codec))?;
        Ok::<_, Box<dyn Error>>((telephone, Ear::new(codec)?))
    });
    let people = people.collect::<Result<Vec<_>, _>>()?;
    connect(people.iter().map(|(telephone, _)| telephone))?;
    let mut talk = Talk { people, control: Control::new(port.parse()?)?, gaps: Vec::new() };
    let sent = talk.run(warm * 50, (warm + seconds) * 50)?;
    println!("{}", talk.summary(sent, seconds));
    Ok(())
}
