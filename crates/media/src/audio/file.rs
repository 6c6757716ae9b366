//! Sound files: WAV, MP3, Ogg with Opus or Vorbis, as samples of one channel.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use opus::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::Time;

use super::AudioError;

/// Longest Opus packet, 120 ms at 48 kHz.
const OPUS_LONGEST: usize = 5760;

/// A file that is read packet by packet.
pub struct AudioFile {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: FileDecoder,
    track: u32,
    rate: u32,
    /// Samples to be left out: files are entered at a packet, not at a sample.
    skip: usize,
    interleaved: Vec<i16>,
    /// Reading it has failed in a way after which nobody knows what is in its reader.
    broken: bool,
}

enum FileDecoder {
    Opus(opus::Decoder),
    Other(Box<dyn AudioDecoder>),
}

impl AudioFile {
    /// Opens a file, whatever its name ends in.
    ///
    /// # Errors
    /// When there is none, or it is none of the forms above.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let file = File::open(path)
            .map_err(|error| AudioError::File { path: path.to_owned(), reason: error.to_string() })?;
        Self::of(path, Box::new(file))
    }

    fn of(path: &Path, source: Box<dyn MediaSource>) -> Result<Self, AudioError> {
        guarded(|| Self::probe(path, source)).unwrap_or_else(|| Err(damaged_file(path)))
    }

    fn probe(path: &Path, source: Box<dyn MediaSource>) -> Result<Self, AudioError> {
        let fail = |reason: String| AudioError::File { path: path.to_owned(), reason };
        let stream = MediaSourceStream::new(source, Default::default());
        let format = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| fail(error.to_string()))?;
        let track = format.default_track(TrackType::Audio).ok_or_else(|| fail("no sound in it".into()))?;
        let parameters = track.codec_params.as_ref().and_then(|parameters| parameters.audio());
        let parameters = parameters.ok_or_else(|| fail("no sound in it".into()))?;
        // What the encoder put before the sound (RFC 7845 §4.2).
        let skip = if parameters.codec == CODEC_ID_OPUS { track.delay.unwrap_or(0) as usize } else { 0 };
        let (decoder, rate) = if parameters.codec == CODEC_ID_OPUS {
            (FileDecoder::Opus(opus::Decoder::new(48_000, Channels::Mono)?), 48_000)
        } else {
            let decoder = symphonia::default::get_codecs()
                .make_audio_decoder(parameters, &AudioDecoderOptions::default())
                .map_err(|error| fail(error.to_string()))?;
            let rate = parameters.sample_rate.filter(|rate| (4_000..=192_000).contains(rate));
            (FileDecoder::Other(decoder), rate.ok_or_else(|| fail("no sample rate that makes sense".into()))?)
        };
        let track = track.id;
        let (path, interleaved, broken) = (path.to_owned(), Vec::new(), false);
        Ok(Self { path, format, decoder, track, rate, skip, interleaved, broken })
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Goes to a moment, counted from the beginning.
    ///
    /// # Errors
    /// A moment behind the end, or a damaged file.
    pub fn seek(&mut self, seconds: f64) -> Result<(), AudioError> {
        self.unless_broken(|file| file.go_to(seconds)).unwrap_or_else(|| Err(damaged_file(&self.path)))
    }

    fn go_to(&mut self, seconds: f64) -> Result<(), AudioError> {
        let fail = |reason: String| AudioError::File { path: self.path.clone(), reason };
        let time = Time::try_from_secs_f64(seconds)
            .ok_or_else(|| fail(format!("{seconds} s is no moment in a file")))?;
        let to = SeekTo::Time { time, track_id: Some(self.track) };
        let reached = self.format.seek(SeekMode::Accurate, to).map_err(|error| fail(error.to_string()))?;
        let short = reached.required_ts.get().saturating_sub(reached.actual_ts.get());
        self.skip = usize::try_from(short).unwrap_or(0);
        match &mut self.decoder {
            FileDecoder::Opus(decoder) => decoder.reset_state()?,
            FileDecoder::Other(decoder) => decoder.reset(),
        }
        Ok(())
    }

    /// Appends the next piece; false at the end, which a damaged file comes to early.
    pub fn read(&mut self, out: &mut Vec<i16>) -> bool {
        self.unless_broken(|file| file.read_piece(out)).unwrap_or(false)
    }

    fn unless_broken<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.broken {
            return None;
        }
        let done = guarded(|| work(self));
        self.broken = done.is_none();
        done
    }

    fn read_piece(&mut self, out: &mut Vec<i16>) -> bool {
        loop {
            let packet = match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => packet,
                Ok(Some(_)) => continue,
                Ok(None) => return false,
                Err(error) => {
                    log::debug!("{}: {error}", self.path.display());
                    return false;
                }
            };
            let start = out.len();
            match self.decode(&packet, out) {
                Ok(()) => {
                    let left_out = self.skip.min(out.len() - start);
                    out.drain(start..start + left_out);
                    self.skip -= left_out;
                    return true;
                }
                Err(AudioError::Codec(error)) => log::debug!("{}: {error}", self.path.display()),
                Err(_) => return false,
            }
        }
    }

    fn decode(&mut self, packet: &Packet, out: &mut Vec<i16>) -> Result<(), AudioError> {
        let start = out.len();
        match &mut self.decoder {
            FileDecoder::Opus(decoder) => {
                out.resize(start + OPUS_LONGEST, 0);
                let decoded = decoder.decode(&packet.data, &mut out[start..], false);
                out.truncate(start + *decoded.as_ref().unwrap_or(&0));
                decoded?;
                // What it put behind the sound.
                let surplus = packet.trim_end.get() as usize;
                out.truncate(out.len().saturating_sub(surplus).max(start));
            }
            FileDecoder::Other(decoder) => {
                let buffer = decoder.decode(packet).map_err(|error| match error {
                    Error::DecodeError(text) => AudioError::Codec(text.into()),
                    other => AudioError::File { path: self.path.clone(), reason: other.to_string() },
                })?;
                let channels = buffer.spec().channels().count().max(1);
                buffer.copy_to_vec_interleaved(&mut self.interleaved);
                out.extend(self.interleaved.chunks_exact(channels).map(mix));
            }
        }
        Ok(())
    }
}

/// The libraries believe some of what damaged files say, and panic over it. That is to be the end of the file, and not of
/// the thread that reads it, which other people hear.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn damaged_file(path: &Path) -> AudioError {
    AudioError::File { path: path.to_owned(), reason: "it is damaged".into() }
}

fn mix(channels: &[i16]) -> i16 {
    let sum: i32 = channels.iter().map(|sample| i32::from(*sample)).sum();
    (sum / channels.len() as i32) as i16
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;
    use crate::damage::damaged;
    use hound::{SampleFormat, WavSpec, WavWriter};
    use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::io::Cursor;

    /// 0.4 s of a tone, by FFmpeg 5.1 with LAME and libvorbis.
    const MP3: &[u8] = include_bytes!("../../tests/sounds/tone.mp3");
    const VORBIS: &[u8] = include_bytes!("../../tests/sounds/tone.ogg");

    fn write(path: &Path, rate: u32, channels: u16, bits: u16) {
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec).expect("a file");
        for sample in sine(700.0, -10.0, rate) {
            for _ in 0..channels {
                writer.write_sample(if bits == 16 { sample } else { sample >> 8 }).expect("room");
            }
        }
        writer.finalize().expect("a header");
    }

    fn read_all(file: &mut AudioFile) -> Vec<i16> {
        let mut out = Vec::new();
        while file.read(&mut out) {}
        out
    }

    #[test]
    fn every_form_of_wav_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        for (rate, channels, bits) in [(8_000, 1, 16), (16_000, 2, 16), (44_100, 2, 16), (48_000, 1, 8)] {
            write(&path, rate, channels, bits);
            let mut file = AudioFile::open(&path).expect("a WAV file");
            assert_eq!(file.rate(), rate);
            let samples = read_all(&mut file);
            assert_eq!(samples.len(), rate as usize);
            let level = level_of(700.0, &samples, rate);
            assert!((level + 10.0).abs() < 0.5, "{rate} Hz, {channels} channels, {bits} bit: {level} dBm0");
            file.seek(0.75).expect("a moment in it");
            assert_eq!(read_all(&mut file).len(), rate as usize / 4);
        }
    }

    #[test]
    fn what_is_no_sound_is_refused_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        std::fs::write(&path, "no music").expect("a file");
        for path in [path.as_path(), Path::new("/nowhere.wav")] {
            let error = AudioFile::open(path).err().expect("refused").to_string();
            assert!(error.contains(&path.display().to_string()), "{error}");
        }
    }

    #[test]
    fn mp3_and_vorbis_are_read() {
        for bytes in [MP3, VORBIS] {
            let mut file = AudioFile::of(Path::new("tone"), Box::new(Cursor::new(bytes))).expect("sound");
            let samples = read_all(&mut file);
            let (rate, half) = (file.rate(), samples.len() / 2);
            let level = level_of(700.0, &samples[half - rate as usize / 10..half + rate as usize / 10], rate);
            assert!((level + 10.0).abs() < 1.0, "{level} dBm0");
        }
    }

    #[test]
    fn a_file_over_which_a_library_panics_is_a_damaged_one() {
        let mut packets = vorbis_packets();
        // A table of one value with 32 dimensions: symphonia 0.6.1 computes how many there may be, which is too many.
        packets[2] = [&b"\x05vorbis\0BCV\x20\0\x01\0\0\x80"[..], &[0; 64]].concat();
        let bytes = Box::new(Cursor::new(in_pages(packets)));
        let error = AudioFile::of(Path::new("tone"), bytes).err().expect("refused").to_string();
        assert!(error.contains("tone") && error.contains("damaged"), "{error}");
    }

    /// From its beginning to its end, and once more from a moment in it. There is an end, whatever is in it.
    fn play(bytes: Vec<u8>) {
        let Ok(mut file) = AudioFile::of(Path::new("damaged"), Box::new(Cursor::new(bytes))) else {
            return;
        };
        let (mut samples, mut pieces) = (Vec::new(), 0);
        for _ in 0..2 {
            while file.read(&mut samples) {
                samples.clear();
                pieces += 1;
                assert!(pieces < 100_000, "there is no end");
            }
            if file.seek(0.1).is_err() {
                return;
            }
        }
    }

    fn wav(channels: u16, bits: u16) -> Vec<u8> {
        let spec =
            WavSpec { channels, sample_rate: 8_000, bits_per_sample: bits, sample_format: SampleFormat::Int };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec).expect("memory");
        for number in 0..600 {
            writer.write_sample(number % 100).expect("memory");
        }
        writer.finalize().expect("a header");
        bytes.into_inner()
    }

    /// Packets in pages with the right checksums; without those nobody would look into them.
    fn in_pages(packets: Vec<Vec<u8>>) -> Vec<u8> {
        let (mut writer, last) = (PacketWriter::new(Vec::new()), packets.len().saturating_sub(1));
        for (number, packet) in packets.into_iter().enumerate() {
            let info = match number {
                _ if number == last => PacketWriteEndInfo::EndStream,
                0..=2 => PacketWriteEndInfo::EndPage,
                _ => PacketWriteEndInfo::NormalPacket,
            };
            let position = number.saturating_sub(2) as u64 * 960;
            writer.write_packet(packet, 7, info, position).expect("memory");
        }
        writer.into_inner()
    }

    fn vorbis_packets() -> Vec<Vec<u8>> {
        let mut reader = PacketReader::new(Cursor::new(VORBIS));
        std::iter::from_fn(|| reader.read_packet().expect("pages")).map(|packet| packet.data).collect()
    }

    fn opus_heads() -> Vec<Vec<u8>> {
        let head = b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0".to_vec();
        vec![head, b"OpusTags\0\0\0\0\0\0\0\0".to_vec()]
    }

    /// A stream of which one packet is damaged, every other time one of the three that begin it.
    fn damaged_stream(packets: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
        let which = (any::<bool>(), any::<proptest::sample::Index>());
        let damage = which.prop_flat_map(move |(head, index)| {
            let packets = packets.clone();
            let which = index.index(if head { 3 } else { packets.len() });
            damaged(Just(packets[which].clone())).prop_map(move |packet| {
                let mut packets = packets.clone();
                packets[which] = packet;
                packets
            })
        });
        damage.prop_map(in_pages)
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_played(
            head in prop_oneof![
                Just(&b"RIFF\x40\x02\0\0WAVEfmt "[..]), Just(&b"OggS\0\x02"[..]), Just(&b"ID3\x04\0"[..]),
                Just(&b"\xff\xfb\x90\x64"[..]), Just(&b""[..]),
            ],
            rest in vec(any::<u8>(), 0..600),
        ) {
            play([head, &rest].concat());
        }

        #[test]
        fn damaged_wav_is_refused_or_played(bytes in damaged(prop_oneof![
            Just(wav(1, 16)), Just(wav(2, 16)), Just(wav(1, 8)), Just(wav(2, 24)),
        ])) {
            play(bytes);
        }

        #[test]
        fn damaged_mp3_is_refused_or_played(bytes in damaged(Just(MP3.to_vec()))) {
            play(bytes);
        }

        /// Frames of the right length (ISO 11172-3 §2.4.1.3: 128 kbit/s at 44.1 kHz) with anything in them.
        #[test]
        fn any_frames_of_mp3_are_refused_or_played(frames in vec(vec(any::<u8>(), 413), 2..8)) {
            play(frames.iter().flat_map(|frame| [&b"\xff\xfb\x90\x64"[..], frame].concat()).collect());
        }

        #[test]
        fn damaged_vorbis_is_refused_or_played(bytes in damaged_stream(vorbis_packets())) {
            play(bytes);
        }

        #[test]
        fn any_packets_of_opus_are_refused_or_played(
            head in damaged(Just(opus_heads().swap_remove(0))),
            whole: bool,
            packets in vec(vec(any::<u8>(), 0..120), 1..6),
        ) {
            let mut all = opus_heads();
            if !whole {
                all[0] = head;
            }
            all.extend(packets);
            play(in_pages(all));
        }
    }
}
