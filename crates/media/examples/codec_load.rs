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
use std::time::Instant;

use stimme_media::audio::AudioCodec;

#[path = "shared/mod.rs"]
mod shared;
use shared::{PACKET_TIME, Telephone, connect, say, turn};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [warm, seconds, codecs] = arguments.as_slice() else {
        return Err("usage: codec_load WARM_SECONDS SECONDS CODEC,CODEC,…".into());
    };
    let (warm, seconds): (u64, u64) = (warm.parse()?, seconds.parse()?);
    let telephones = codecs.split(',').enumerate().map(|(number, name)| {
        let codec = AudioCodec::from_name(name).ok_or("no such codec")?;
        Telephone::new(codec, 0x2000_0000 + number as u32, |frame| voice(frame, codec, number as u32))
    });
    let telephones = telephones.collect::<Result<Vec<_>, _>>()?;
    connect(telephones.iter())?;
    let (sent, received) = talk(&telephones, warm * 50, (warm + seconds) * 50)?;
    println!("{{\"sent\": {sent}, \"received\": {received}}}");
    Ok(())
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

/// Packets sent and heard from round `warm` to `rounds`.
fn talk(telephones: &[Telephone], warm: u64, rounds: u64) -> Result<(u64, u64), Box<dyn Error>> {
    let (mut sent, mut received, mut buffer) = (0, 0, [0; 2048]);
    let start = Instant::now() + PACKET_TIME;
    for round in 0..rounds {
        if round == warm {
            say("measuring")?;
            (sent, received) = (0, 0);
        }
        for (number, telephone) in telephones.iter().enumerate() {
            let due = turn(start, round, number, telephones.len())?;
            while Instant::now() < due {
                std::hint::spin_loop();
            }
            // A relay that does not take it, or has ended, is seen by what arrives.
            sent += u64::from(telephone.send(round).is_ok());
            telephone.hear(&mut buffer, |_, _| received += 1);
        }
    }
    say("measured")?;
    Ok((sent, received))
}
