//! One thread writes all recordings, so that no disk ever delays a packet.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::AudioError;
use super::opus_file::OpusFile;

/// Frames that may wait for the disk, over all recordings: two seconds of 100 recordings.
const QUEUE: usize = 10_000;

/// Told when a file is complete: number, path, and its length in milliseconds or what went wrong.
pub type Notify = Box<dyn Fn(u64, PathBuf, Result<u64, String>) + Send>;

/// A file that is being written, in the form that its name says.
enum Tape {
    Wav(WavWriter<BufWriter<File>>),
    Opus(OpusFile),
}

enum Order {
    Open(u64, PathBuf, Box<Tape>),
    Write(u64, Vec<i16>),
    /// Samples of silence in place of frames that found no room.
    Gap(u64, usize),
    Finish(u64),
}

/// Begins files that the thread writes.
pub struct RecordingWriter {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// One file that is being written. It may be handed to another thread; its writer stays the same.
pub struct Reel {
    id: u64,
    orders: SyncSender<Order>,
    /// Samples that found no room.
    gap: usize,
}

impl RecordingWriter {
    /// Starts the thread. It ends with the writer and the last of its files.
    pub fn start(notify: Notify) -> Self {
        let (orders, waiting) = sync_channel(QUEUE);
        let thread =
            std::thread::Builder::new().name("recorder".into()).spawn(move || write(&waiting, &notify));
        if let Err(error) = &thread {
            log::error!("nothing can be recorded: {error}");
        }
        Self { orders: Some(orders), thread: thread.ok() }
    }

    /// Begins a file under a temporary name beside `path`: Ogg with Opus where that ends in `.opus`, else WAV.
    ///
    /// # Errors
    /// When the folder cannot be written to, or too much waits for the disk.
    pub fn open(&self, id: u64, path: PathBuf, channels: u16, rate: u32) -> Result<Reel, AudioError> {
        let fail = |reason: &str| AudioError::File { path: path.clone(), reason: reason.into() };
        let orders = self.orders.clone().ok_or_else(|| fail("nothing is recorded any more"))?;
        let tape = Tape::create(&path, channels, rate)?;
        let reel = Reel { id, orders, gap: 0 };
        let sent = reel.send(Order::Open(id, path.clone(), Box::new(tape)));
        if sent { Ok(reel) } else { Err(fail("too many recordings wait for the disk")) }
    }
}

impl Reel {
    /// Number.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Appends samples, channels interleaved; never waits. What finds no room becomes silence of the same length.
    pub fn write(&mut self, samples: Vec<i16>) {
        let (length, gap) = (samples.len(), std::mem::take(&mut self.gap));
        if gap > 0 && !self.send(Order::Gap(self.id, gap)) {
            self.gap = gap + length;
        } else if !self.send(Order::Write(self.id, samples)) {
            self.gap = length;
        }
    }

    /// Completes the file.
    pub fn finish(self) {
        // The end must not get lost: this waits when the disk is that slow.
        if self.orders.send(Order::Finish(self.id)).is_err() {
            log::error!("recording {}: the writing thread is gone", self.id);
        }
    }

    fn send(&self, order: Order) -> bool {
        match self.orders.try_send(order) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

impl Drop for RecordingWriter {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the writing thread has died");
        }
    }
}

impl Tape {
    fn create(path: &Path, channels: u16, rate: u32) -> Result<Self, AudioError> {
        if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("opus")) {
            return OpusFile::create(&part(path), channels, rate).map(Self::Opus);
        }
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        WavWriter::create(part(path), spec)
            .map(Self::Wav)
            .map_err(|error| AudioError::File { path: path.to_owned(), reason: error.to_string() })
    }

    fn write(&mut self, mut samples: impl Iterator<Item = i16>) -> Result<(), String> {
        match self {
            Self::Wav(writer) => {
                samples.try_for_each(|sample| writer.write_sample(sample)).map_err(|error| error.to_string())
            }
            Self::Opus(file) => file.write(samples),
        }
    }

    /// Returns the length in milliseconds.
    fn finish(self) -> Result<u64, String> {
        match self {
            Self::Wav(writer) => {
                let length =
                    u64::from(writer.duration()) * 1000 / u64::from(writer.spec().sample_rate.max(1));
                writer.finalize().map(|()| length).map_err(|error| error.to_string())
            }
            Self::Opus(file) => file.finish(),
        }
    }
}

type Files = HashMap<u64, (PathBuf, Box<Tape>, Result<(), String>)>;

fn write(orders: &Receiver<Order>, notify: &Notify) {
    let mut files: Files = HashMap::new();
    while let Ok(order) = orders.recv() {
        match order {
            Order::Open(id, path, tape) => {
                files.insert(id, (path, tape, Ok(())));
            }
            Order::Write(id, samples) => append(&mut files, id, samples.into_iter()),
            Order::Gap(id, length) => append(&mut files, id, std::iter::repeat_n(0, length)),
            Order::Finish(id) => {
                if let Some((path, tape, result)) = files.remove(&id) {
                    let result = result.and_then(|()| complete(&path, *tape));
                    notify(id, path, result);
                }
            }
        }
    }
    for (id, (path, tape, result)) in files {
        let result = result.and_then(|()| complete(&path, *tape));
        notify(id, path, result);
    }
}

fn append(files: &mut Files, id: u64, samples: impl Iterator<Item = i16>) {
    if let Some((_, tape, result @ Ok(()))) = files.get_mut(&id) {
        *result = tape.write(samples);
    }
}

fn complete(path: &Path, tape: Tape) -> Result<u64, String> {
    let length = tape.finish()?;
    std::fs::rename(part(path), path).map_err(|error| error.to_string())?;
    Ok(length)
}

fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("call.wav");
        let (sender, told) = channel();
        let writer = RecordingWriter::start(Box::new(move |id, path, result| {
            sender.send((id, path, result)).expect("the test waits");
        }));
        let mut reel = writer.open(1, path.clone(), 2, 16_000).expect("a file");
        for n in 0..50 {
            reel.write(vec![n; 640]);
        }
        assert!(!path.exists());
        reel.finish();
        assert_eq!(told.recv(), Ok((1, path.clone(), Ok(1000))));
        let reader = hound::WavReader::open(&path).expect("a WAV file");
        assert_eq!((reader.spec().channels, reader.duration()), (2, 16_000));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_once() {
        let writer = RecordingWriter::start(Box::new(|_, _, _| {}));
        let error = writer.open(1, "/nowhere/call.wav".into(), 1, 16_000).err().expect("no folder");
        assert!(error.to_string().contains("/nowhere/call.wav"), "{error}");
    }
}
