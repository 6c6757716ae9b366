//! One thread writes all recordings, so that no disk ever delays a packet.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::AudioError;

/// Frames that may wait for the disk, over all recordings: two seconds of 100 recordings.
const QUEUE: usize = 10_000;

/// Told when a file is complete: number, path, and its length in milliseconds or what went wrong.
pub type Notify = Box<dyn Fn(u64, PathBuf, Result<u64, String>) + Send>;

enum Order {
    Open(u64, PathBuf, Box<WavWriter<BufWriter<File>>>),
    Write(u64, Vec<i16>),
    /// Samples of silence in place of frames that found no room.
    Gap(u64, usize),
    Finish(u64),
}

/// Hands frames to the thread.
pub struct RecordingWriter {
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
    /// Samples that found no room, by recording.
    gaps: Mutex<HashMap<u64, usize>>,
}

impl RecordingWriter {
    /// Starts the thread.
    pub fn start(notify: Notify) -> Self {
        let (orders, waiting) = sync_channel(QUEUE);
        let thread =
            std::thread::Builder::new().name("recorder".into()).spawn(move || write(&waiting, &notify));
        if let Err(error) = &thread {
            log::error!("nothing can be recorded: {error}");
        }
        Self { orders: Some(orders), thread: thread.ok(), gaps: Mutex::new(HashMap::new()) }
    }

    /// Begins a file under a temporary name beside `path`.
    ///
    /// # Errors
    /// When the folder cannot be written to, or too much waits for the disk.
    pub fn open(&self, id: u64, path: PathBuf, channels: u16, rate: u32) -> Result<(), AudioError> {
        let fail = |reason: String| AudioError::File { path: path.clone(), reason };
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let writer = WavWriter::create(part(&path), spec).map_err(|error| fail(error.to_string()))?;
        let sent = self.send(Order::Open(id, path.clone(), Box::new(writer)));
        if sent { Ok(()) } else { Err(fail("too many recordings wait for the disk".into())) }
    }

    /// Appends samples, channels interleaved; never waits. What finds no room becomes silence of the same length.
    pub fn write(&self, id: u64, samples: Vec<i16>) {
        let Ok(mut gaps) = self.gaps.lock() else {
            return;
        };
        let length = samples.len();
        let gap = gaps.remove(&id).unwrap_or(0);
        if gap > 0 && !self.send(Order::Gap(id, gap)) {
            gaps.insert(id, gap + length);
        } else if !self.send(Order::Write(id, samples)) {
            gaps.insert(id, length);
        }
    }

    /// Completes a file.
    pub fn finish(&self, id: u64) {
        if let Ok(mut gaps) = self.gaps.lock() {
            gaps.remove(&id);
        }
        // The end must not get lost: this waits when the disk is that slow.
        if let Some(orders) = &self.orders
            && orders.send(Order::Finish(id)).is_err()
        {
            log::error!("recording {id}: the writing thread is gone");
        }
    }

    fn send(&self, order: Order) -> bool {
        match self.orders.as_ref().map(|orders| orders.try_send(order)) {
            Some(Ok(())) => true,
            Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => false,
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

type Files = HashMap<u64, (PathBuf, Box<WavWriter<BufWriter<File>>>, Result<(), String>)>;

fn write(orders: &Receiver<Order>, notify: &Notify) {
    let mut files: Files = HashMap::new();
    while let Ok(order) = orders.recv() {
        match order {
            Order::Open(id, path, writer) => {
                files.insert(id, (path, writer, Ok(())));
            }
            Order::Write(id, samples) => append(&mut files, id, samples.into_iter()),
            Order::Gap(id, length) => append(&mut files, id, std::iter::repeat_n(0, length)),
            Order::Finish(id) => {
                if let Some((path, writer, result)) = files.remove(&id) {
                    let result = result.and_then(|()| complete(&path, *writer));
                    notify(id, path, result);
                }
            }
        }
    }
    for (id, (path, writer, result)) in files {
        let result = result.and_then(|()| complete(&path, *writer));
        notify(id, path, result);
    }
}

fn append(files: &mut Files, id: u64, samples: impl Iterator<Item = i16>) {
    if let Some((_, writer, result @ Ok(()))) = files.get_mut(&id) {
        for sample in samples {
            if let Err(error) = writer.write_sample(sample) {
                *result = Err(error.to_string());
                return;
            }
        }
    }
}

fn complete(path: &PathBuf, writer: WavWriter<BufWriter<File>>) -> Result<u64, String> {
    let length = u64::from(writer.duration()) * 1000 / u64::from(writer.spec().sample_rate.max(1));
    writer.finalize().map_err(|error| error.to_string())?;
    std::fs::rename(part(path), path).map_err(|error| error.to_string())?;
    Ok(length)
}

fn part(path: &std::path::Path) -> PathBuf {
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
        writer.open(1, path.clone(), 2, 16_000).expect("a file");
        for n in 0..50 {
            writer.write(1, vec![n; 640]);
        }
        assert!(!path.exists());
        writer.finish(1);
        assert_eq!(told.recv(), Ok((1, path.clone(), Ok(1000))));
        let reader = hound::WavReader::open(&path).expect("a WAV file");
        assert_eq!((reader.spec().channels, reader.duration()), (2, 16_000));
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_once() {
        let writer = RecordingWriter::start(Box::new(|_, _, _| {}));
        let error = writer.open(1, "/nowhere/call.wav".into(), 1, 16_000).expect_err("no folder");
        assert!(error.to_string().contains("/nowhere/call.wav"), "{error}");
    }
}
