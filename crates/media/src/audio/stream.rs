//! Files that play: a thread of its own reads them ahead, so that no disk ever delays a packet.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use super::{AudioError, AudioFile, Resampler, ToneSource};

/// Read at a time, in seconds: two of these are ahead of what plays.
const CHUNK: f64 = 0.2;

/// A piece of what plays.
pub enum Piece {
    /// A file, from a moment on, in seconds. The path is opened when it is its turn.
    File(PathBuf, f64),
    /// A tone for a number of milliseconds.
    Tone(Box<ToneSource>, u32),
    /// Silence for a number of milliseconds.
    Silence(u32),
}

/// What became of a request for samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// So many were written; fewer than asked for is the end.
    Samples(usize),
    /// The disk is late; nothing was written.
    Later,
}

enum Order {
    Open(u64, Box<Track>, Sender<Vec<i16>>),
    More(u64),
    Close(u64),
}

/// Starts streams.
pub struct Library {
    orders: Sender<Order>,
    last: u64,
}

impl Library {
    /// Starts the thread. It ends with the library and the last of its streams.
    pub fn start() -> Self {
        let (orders, waiting) = channel();
        let thread = std::thread::Builder::new().name("library".into()).spawn(move || read(&waiting));
        if let Err(error) = &thread {
            log::error!("no file can be played: {error}");
        }
        Self { orders, last: 0 }
    }

    /// Plays pieces one after the other at a sample rate, again from the first one when looped.
    ///
    /// # Errors
    /// When one of the files is not there, or the first one cannot be played.
    pub fn open(&mut self, pieces: Vec<Piece>, looped: bool, rate: u32) -> Result<Stream, AudioError> {
        for piece in &pieces {
            if let Piece::File(path, _) = piece
                && let Err(error) = std::fs::metadata(path)
            {
                return Err(AudioError::File { path: path.clone(), reason: error.to_string() });
            }
        }
        let mut track = Track { pieces, looped, rate, next: 0, current: None };
        track.advance()?;
        self.last += 1;
        let (sender, chunks) = channel();
        let orders = self.orders.clone();
        let stream = Stream { id: self.last, orders, chunks, waiting: VecDeque::new(), over: false };
        stream.order(Order::Open(self.last, Box::new(track), sender));
        stream.order(Order::More(self.last));
        stream.order(Order::More(self.last));
        Ok(stream)
    }
}

/// Samples that come from the thread.
pub struct Stream {
    id: u64,
    orders: Sender<Order>,
    chunks: Receiver<Vec<i16>>,
    waiting: VecDeque<i16>,
    over: bool,
}

impl Stream {
    /// Writes the next samples, or nothing as long as not all of them are there.
    pub fn fill(&mut self, out: &mut [i16]) -> Filled {
        while self.waiting.len() < out.len() && self.take_chunk() {}
        if self.waiting.len() < out.len() && !self.over {
            return Filled::Later;
        }
        let length = self.waiting.len().min(out.len());
        for (sample, from) in out.iter_mut().zip(self.waiting.drain(..length)) {
            *sample = from;
        }
        Filled::Samples(length)
    }

    /// False when there is none, yet or ever.
    fn take_chunk(&mut self) -> bool {
        match self.chunks.try_recv() {
            Ok(chunk) => {
                self.waiting.extend(chunk);
                self.order(Order::More(self.id));
                true
            }
            Err(TryRecvError::Empty) => false,
            Err(TryRecvError::Disconnected) => {
                self.over = true;
                false
            }
        }
    }

    fn order(&self, order: Order) {
        // Without the thread the chunks end as well, and with them the stream.
        let _ = self.orders.send(order);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.order(Order::Close(self.id));
    }
}

/// What the thread knows of a stream.
struct Track {
    pieces: Vec<Piece>,
    looped: bool,
    rate: u32,
    next: usize,
    current: Option<Current>,
}

enum Current {
    File(Box<AudioFile>, Resampler),
    Tone(usize, u64),
    Silence(u64),
}

impl Track {
    /// Goes to the next piece; false behind the last one.
    fn advance(&mut self) -> Result<bool, AudioError> {
        if self.next == self.pieces.len() && self.looped {
            self.next = 0;
        }
        let Some(piece) = self.pieces.get(self.next) else {
            self.current = None;
            return Ok(false);
        };
        let index = self.next;
        self.next += 1;
        let length = |ms: u32| u64::from(ms) * u64::from(self.rate) / 1000;
        self.current = Some(match piece {
            Piece::File(path, start) => {
                let mut file = AudioFile::open(path)?;
                if *start > 0.0 {
                    file.seek(*start)?;
                }
                let resampler = Resampler::new(file.rate(), self.rate);
                Current::File(Box::new(file), resampler)
            }
            Piece::Tone(_, ms) => Current::Tone(index, length(*ms)),
            Piece::Silence(ms) => Current::Silence(length(*ms)),
        });
        Ok(true)
    }

    /// The next chunk; shorter or empty at the end.
    fn chunk(&mut self) -> Vec<i16> {
        let wanted = (CHUNK * f64::from(self.rate)) as usize;
        let (mut out, mut decoded, mut idle) = (Vec::with_capacity(2 * wanted), Vec::new(), 0);
        while out.len() < wanted {
            let before = out.len();
            if self.produce(wanted - before, &mut decoded, &mut out) {
                continue;
            }
            // Pieces without a sample in a row: a loop of nothing must end.
            idle = if out.len() > before { 0 } else { idle + 1 };
            match self.advance() {
                Ok(true) if idle <= self.pieces.len() => {}
                Ok(_) => break,
                Err(error) => log::warn!("left out: {error}"),
            }
        }
        out
    }

    /// Appends from the current piece; false when it is over.
    fn produce(&mut self, wanted: usize, decoded: &mut Vec<i16>, out: &mut Vec<i16>) -> bool {
        let take = |left: &mut u64| {
            let length = wanted.min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= length as u64;
            length
        };
        match &mut self.current {
            Some(Current::File(file, resampler)) => {
                decoded.clear();
                let more = file.read(decoded);
                resampler.push(decoded, out);
                more
            }
            Some(Current::Tone(index, left)) => {
                let (start, length) = (out.len(), take(left));
                out.resize(start + length, 0);
                if let Some(Piece::Tone(tone, _)) = self.pieces.get_mut(*index) {
                    tone.fill(&mut out[start..]);
                }
                *left > 0
            }
            Some(Current::Silence(left)) => {
                let length = take(left);
                out.resize(out.len() + length, 0);
                *left > 0
            }
            None => false,
        }
    }
}

fn read(orders: &Receiver<Order>) {
    let mut tracks: HashMap<u64, (Box<Track>, Sender<Vec<i16>>)> = HashMap::new();
    while let Ok(order) = orders.recv() {
        match order {
            Order::Open(id, track, chunks) => {
                tracks.insert(id, (track, chunks));
            }
            Order::Close(id) => {
                tracks.remove(&id);
            }
            Order::More(id) => {
                let sent = tracks.get_mut(&id).is_some_and(|(track, chunks)| {
                    let chunk = track.chunk();
                    !chunk.is_empty() && chunks.send(chunk).is_ok()
                });
                if !sent {
                    tracks.remove(&id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::listen::{level_of, sine};
    use super::*;
    use hound::{SampleFormat, WavSpec, WavWriter};
    use std::path::Path;

    fn write(path: &Path, frequency: f32, rate: u32) {
        let spec =
            WavSpec { channels: 1, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(path, spec).expect("a file");
        for sample in sine(frequency, -10.0, rate) {
            writer.write_sample(sample).expect("room");
        }
        writer.finalize().expect("a header");
    }

    /// Everything up to the end, at most `most` samples.
    fn collect(stream: &mut Stream, most: usize) -> Vec<i16> {
        let (mut all, mut frame) = (Vec::new(), [0; 160]);
        while all.len() < most {
            match stream.fill(&mut frame) {
                Filled::Later => std::thread::yield_now(),
                Filled::Samples(length) => {
                    all.extend_from_slice(&frame[..length]);
                    if length < frame.len() {
                        break;
                    }
                }
            }
        }
        all
    }

    #[test]
    fn pieces_play_one_after_the_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let (first, second) = (folder.path().join("1.wav"), folder.path().join("2.wav"));
        write(&first, 500.0, 16_000);
        write(&second, 900.0, 44_100);
        let mut library = Library::start();
        let beep = Box::new(ToneSource::new(&[1400.0], &[], -10.0, 8000));
        let pieces = vec![
            Piece::File(first, 0.5),
            Piece::Silence(100),
            Piece::Tone(beep, 200),
            Piece::File(second, 0.0),
        ];
        let mut stream = library.open(pieces, false, 8000).expect("files");
        let heard = collect(&mut stream, usize::MAX);
        assert!(heard.len().abs_diff(4000 + 800 + 1600 + 8000) <= 2, "{}", heard.len());
        for (frequency, range) in [(500.0, 400..3600), (1400.0, 4800..6400), (900.0, 6800..14_000)] {
            let level = level_of(frequency, &heard[range], 8000);
            assert!((level + 10.0).abs() < 0.5, "{frequency} Hz: {level} dBm0");
        }
        assert!(heard[4100..4700].iter().all(|sample| *sample == 0));
    }

    #[test]
    fn a_loop_never_ends_and_a_loop_of_nothing_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("1.wav");
        write(&path, 500.0, 8000);
        let mut library = Library::start();
        let mut stream = library.open(vec![Piece::File(path, 0.0)], true, 8000).expect("a file");
        let heard = collect(&mut stream, 40_000);
        assert!(level_of(500.0, &heard[..40_000], 8000) > -10.5);
        let mut nothing = library.open(vec![Piece::Silence(0)], true, 8000).expect("no file at all");
        assert!(collect(&mut nothing, 1000).is_empty());
    }

    #[test]
    fn a_file_that_is_not_there_is_told_at_once() {
        let mut library = Library::start();
        let pieces = vec![Piece::Silence(20), Piece::File("/nowhere/2.mp3".into(), 0.0)];
        let error = library.open(pieces, false, 8000).err().expect("no file").to_string();
        assert!(error.contains("/nowhere/2.mp3"), "{error}");
    }
}
