//! Sound files: WAV, MP3, Ogg with Opus or Vorbis, as samples of one channel.

use std::fs::File;
use std::path::{Path, PathBuf};

use opus::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType};
use symphonia::core::io::MediaSourceStream;
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
        let fail = |reason: String| AudioError::File { path: path.to_owned(), reason };
        let file = File::open(path).map_err(|error| fail(error.to_string()))?;
        let stream = MediaSourceStream::new(Box::new(file), Default::default());
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
        Ok(Self { path: path.to_owned(), format, decoder, track, rate, skip, interleaved: Vec::new() })
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

fn mix(channels: &[i16]) -> i16 {
    let sum: i32 = channels.iter().map(|sample| i32::from(*sample)).sum();
    (sum / channels.len() as i32) as i16
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;
    use hound::{SampleFormat, WavSpec, WavWriter};

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
}
