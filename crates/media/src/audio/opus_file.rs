//! Recordings as Ogg with Opus (RFC 3533, RFC 7845): a tenth of the size of WAV.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use ogg::writing::{PacketWriteEndInfo, PacketWriter};
use opus::{Application, Bitrate, Channels};

use super::AudioError;

/// Of each channel, in bit/s: wideband speech without audible loss (RFC 6716 §2.1.1).
const BITRATE: i32 = 24_000;
/// Largest Opus packet of one frame (RFC 6716 §3.4), for two channels with room to spare.
const LARGEST: usize = 4_000;
/// Ticks a second of an Ogg page's position, whatever the rate of the sound (RFC 7845 §4).
const CLOCK: u64 = 48_000;
/// Frames of 20 ms on a page: a second, so that little is lost with the power.
const PAGE: u64 = 50;

/// A file that is being written.
pub struct OpusFile {
    packets: PacketWriter<'static, BufWriter<File>>,
    encoder: opus::Encoder,
    serial: u32,
    channels: usize,
    /// Samples of one channel in 20 ms.
    frame: usize,
    rate: u64,
    /// What the encoder puts before the sound, in ticks.
    skip: u64,
    waiting: Vec<i16>,
    /// Frames that were written.
    frames: u64,
    /// Samples of one channel that were taken.
    taken: u64,
}

impl OpusFile {
    /// Begins a file; the rate is 8000, 16000 or 48000, and there are one or two channels.
    ///
    /// # Errors
    /// When the file cannot be written, or Opus refuses the rate.
    pub fn create(path: &Path, channels: u16, rate: u32) -> Result<Self, AudioError> {
        let fail =
            |error: std::io::Error| AudioError::File { path: path.to_owned(), reason: error.to_string() };
        let layout = if channels == 2 { Channels::Stereo } else { Channels::Mono };
        let mut encoder = opus::Encoder::new(rate, layout, Application::Voip)?;
        encoder.set_bitrate(Bitrate::Bits(BITRATE * i32::from(channels)))?;
        let lookahead = u64::try_from(encoder.get_lookahead()?).unwrap_or(0);
        let skip = lookahead * CLOCK / u64::from(rate);
        let packets = PacketWriter::new(BufWriter::new(File::create(path).map_err(fail)?));
        let mut file = Self {
            packets,
            encoder,
            serial: rand::random(),
            channels: usize::from(channels),
            frame: rate as usize / 50,
            rate: u64::from(rate),
            skip,
            waiting: Vec::new(),
            frames: 0,
            taken: 0,
        };
        file.put(head(channels as u8, skip as u16, rate), PacketWriteEndInfo::EndPage, 0).map_err(fail)?;
        file.put(tags(), PacketWriteEndInfo::EndPage, 0).map_err(fail)?;
        Ok(file)
    }

    /// Appends samples, channels interleaved.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&mut self, samples: impl Iterator<Item = i16>) -> Result<(), String> {
        self.waiting.extend(samples);
        let length = self.frame * self.channels;
        // A frame is kept back: the last one has to be marked as such.
        while self.waiting.len() > length {
            let frame: Vec<i16> = self.waiting.drain(..length).collect();
            self.taken += self.frame as u64;
            let end = self.frames % PAGE == PAGE - 1;
            self.encode(
                &frame,
                if end { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket },
            )?;
        }
        Ok(())
    }

    /// Completes the file; returns its length in milliseconds.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> Result<u64, String> {
        self.taken += (self.waiting.len() / self.channels.max(1)) as u64;
        let total = self.skip + self.taken * CLOCK / self.rate;
        let length = self.frame * self.channels;
        let mut rest = std::mem::take(&mut self.waiting);
        // Silence behind the sound brings out what the encoder holds back.
        while (self.frames + 1) * CLOCK / 50 < total {
            let next = rest.split_off(rest.len().min(length));
            rest.resize(length, 0);
            self.encode(&rest, PacketWriteEndInfo::NormalPacket)?;
            rest = next;
        }
        rest.resize(length, 0);
        let payload = self.encoder.encode_vec(&rest, LARGEST).map_err(|error| error.to_string())?;
        self.put(payload, PacketWriteEndInfo::EndStream, total).map_err(|error| error.to_string())?;
        self.packets.inner_mut().flush().map_err(|error| error.to_string())?;
        Ok(self.taken * 1000 / self.rate)
    }

    fn encode(&mut self, frame: &[i16], end: PacketWriteEndInfo) -> Result<(), String> {
        let payload = self.encoder.encode_vec(frame, LARGEST).map_err(|error| error.to_string())?;
        self.frames += 1;
        self.put(payload, end, self.frames * CLOCK / 50).map_err(|error| error.to_string())
    }

    fn put(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo, position: u64) -> std::io::Result<()> {
        self.packets.write_packet(packet, self.serial, end, position)
    }
}

/// RFC 7845 §5.1.
fn head(channels: u8, skip: u16, rate: u32) -> Vec<u8> {
    let mut packet = b"OpusHead".to_vec();
    packet.extend([1, channels]);
    packet.extend(skip.to_le_bytes());
    packet.extend(rate.to_le_bytes());
    packet.extend([0, 0, 0]);
    packet
}

/// RFC 7845 §5.2.
fn tags() -> Vec<u8> {
    let mut packet = b"OpusTags".to_vec();
    packet.extend(6u32.to_le_bytes());
    packet.extend(b"stimme");
    packet.extend(0u32.to_le_bytes());
    packet
}

#[cfg(test)]
mod tests {
    use super::super::AudioFile;
    use super::super::listen::{level_of, sine};
    use super::*;

    #[test]
    fn what_is_written_is_read_to_the_sample() {
        let folder = tempfile::tempdir().expect("a folder");
        for (rate, channels, extra) in [(8_000, 1, 0), (16_000, 2, 37), (16_000, 1, 320), (48_000, 1, 1)] {
            let path = folder.path().join(format!("{rate}-{channels}.opus"));
            let mut file = OpusFile::create(&path, channels, rate).expect("a file");
            let mut tone = sine(700.0, -10.0, rate);
            tone.extend_from_within(..extra);
            for piece in tone.chunks(333) {
                let samples = piece.iter().flat_map(|sample| vec![*sample; channels.into()]);
                file.write(samples).expect("room");
            }
            assert_eq!(file.finish(), Ok(tone.len() as u64 * 1000 / u64::from(rate)));
            let (mut read, mut heard) = (AudioFile::open(&path).expect("an Ogg file"), Vec::new());
            while read.read(&mut heard) {}
            assert_eq!(heard.len(), tone.len() * 48_000 / rate as usize, "{rate} Hz, {channels} channels");
            let level = level_of(700.0, &heard[4_800..43_200], 48_000);
            assert!((level + 10.0).abs() < 1.0, "{rate} Hz, {channels} channels: {level} dBm0");
        }
    }

    #[test]
    fn a_file_without_sound_is_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("empty.opus");
        let file = OpusFile::create(&path, 1, 16_000).expect("a file");
        assert_eq!(file.finish(), Ok(0));
        let (mut read, mut heard) = (AudioFile::open(&path).expect("an Ogg file"), Vec::new());
        while read.read(&mut heard) {}
        assert!(heard.is_empty(), "{} samples", heard.len());
    }
}
