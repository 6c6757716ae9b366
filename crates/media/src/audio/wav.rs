//! WAV files as a source, read while they play.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader};

use super::{AudioError, Resampler};

/// A WAV file, PCM 16 bit, mono or stereo, 8, 16 or 48 kHz, at the rate that is wanted.
pub struct WavSource {
    reader: WavReader<BufReader<File>>,
    path: PathBuf,
    resampler: Resampler,
    waiting: Vec<i16>,
    piece: Vec<i16>,
}

impl WavSource {
    /// Opens a file.
    ///
    /// # Errors
    /// When there is none, or it has another form than the ones above.
    pub fn open(path: &Path, rate: u32) -> Result<Self, AudioError> {
        let fail = |reason: String| AudioError::File { path: path.to_owned(), reason };
        let reader = WavReader::open(path).map_err(|error| fail(error.to_string()))?;
        let spec = reader.spec();
        if spec.sample_format != SampleFormat::Int || spec.bits_per_sample != 16 {
            return Err(fail(format!("{} bit, but only PCM of 16 bit can be played", spec.bits_per_sample)));
        }
        if !(1..=2).contains(&spec.channels) {
            return Err(fail(format!("{} channels, but only one or two can be played", spec.channels)));
        }
        if ![8_000, 16_000, 48_000].contains(&spec.sample_rate) {
            return Err(fail(format!(
                "{} Hz, but only 8000, 16000 and 48000 can be played",
                spec.sample_rate
            )));
        }
        let resampler = Resampler::new(spec.sample_rate, rate);
        Ok(Self { reader, path: path.to_owned(), resampler, waiting: Vec::new(), piece: Vec::new() })
    }

    /// Writes the next samples; fewer than asked for at the end.
    pub fn fill(&mut self, out: &mut [i16]) -> usize {
        while self.waiting.len() < out.len() && self.read() {}
        let length = out.len().min(self.waiting.len());
        out[..length].copy_from_slice(&self.waiting[..length]);
        self.waiting.drain(..length);
        length
    }

    /// Goes back to the beginning; what is left of the end is still played.
    pub fn rewind(&mut self) -> bool {
        match self.reader.seek(0) {
            Ok(()) => true,
            Err(error) => {
                log::warn!("{}: {error}", self.path.display());
                false
            }
        }
    }

    /// Reads 20 ms more; false at the end, which a damaged file comes to early.
    fn read(&mut self) -> bool {
        let spec = self.reader.spec();
        let channels = i32::from(spec.channels);
        let wanted = spec.sample_rate as usize / 50 * usize::from(spec.channels);
        let samples: Vec<i32> =
            self.reader.samples::<i16>().take(wanted).map_while(Result::ok).map(i32::from).collect();
        self.piece.clear();
        self.piece.extend(
            samples
                .chunks_exact(channels as usize)
                .map(|frame| (frame.iter().sum::<i32>() / channels) as i16),
        );
        self.resampler.push(&self.piece, &mut self.waiting);
        !self.piece.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;
    use hound::{WavSpec, WavWriter};

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

    #[test]
    fn every_form_is_played_at_every_rate() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        for (from, to, channels) in
            [(8_000, 48_000, 1), (16_000, 8_000, 2), (48_000, 16_000, 1), (8_000, 8_000, 2)]
        {
            write(&path, from, channels, 16);
            let mut source = WavSource::open(&path, to).expect("a WAV file");
            let mut out = vec![0; 2 * to as usize];
            let length = source.fill(&mut out);
            assert_eq!(length, to as usize);
            let level = level_of(700.0, &out[to as usize / 10..length], to);
            assert!((level + 10.0).abs() < 0.5, "{from} to {to}: {level} dBm0");
            assert!(source.rewind());
            assert_eq!(source.fill(&mut out), to as usize);
        }
    }

    #[test]
    fn other_forms_are_refused_with_a_sentence() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        for (rate, bits, word) in [(44_100, 16, "44100"), (8_000, 8, "8 bit")] {
            write(&path, rate, 1, bits);
            let error = WavSource::open(&path, 8000).err().expect("refused").to_string();
            assert!(error.contains(word), "{error}");
        }
        std::fs::write(&path, "no music").expect("a file");
        assert!(WavSource::open(&path, 8000).is_err());
        assert!(WavSource::open(Path::new("/nowhere.wav"), 8000).is_err());
    }
}
