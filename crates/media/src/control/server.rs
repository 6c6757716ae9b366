//! The Unix socket and its clients. Endpoints outlive the client that made them.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::frame::FrameReader;
use super::message::{Malformed, decode_request};
use super::reply::{encode_event, encode_failure, encode_reply};
use super::{Event, Failure, Operation, PROTOCOL, Reply, Request};

/// A client that does not read its answers is cut off when this much waits for it, in bytes.
const BACKLOG: usize = 8 << 20;

/// Number of a client.
pub type ClientId = u64;

/// Why a request is not one; answered in its place among the others by [`Server::refuse`].
#[derive(Debug)]
pub struct Refusal {
    reason: Malformed,
    /// Nothing after it can be understood.
    ends: bool,
}

/// Listens and keeps the clients.
#[derive(Debug)]
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    clients: BTreeMap<ClientId, Client>,
    last: ClientId,
}

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    reader: FrameReader,
    out: Vec<u8>,
    owner: Option<String>,
    events: u64,
    closing: bool,
    /// Took no more when it was last written to; nothing has been heard of it since.
    full: bool,
}

impl Server {
    /// Listens; only the owner of the process may connect. A file that a dead engine left is replaced.
    ///
    /// # Errors
    /// `AddrInUse` when a living engine listens there; whatever else the system says.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("{} is in use", path.display())));
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path: path.to_owned(), clients: BTreeMap::new(), last: 0 })
    }

    /// To be watched for new clients.
    pub fn listener(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// To be watched for a client's requests.
    pub fn stream(&self, client: ClientId) -> Option<BorrowedFd<'_>> {
        self.clients.get(&client).map(|client| client.stream.as_fd())
    }

    /// How many clients are connected.
    pub fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Name that a client gave itself.
    pub fn owner(&self, client: ClientId) -> &str {
        self.clients.get(&client).and_then(|client| client.owner.as_deref()).unwrap_or_default()
    }

    /// Takes one client that waits.
    ///
    /// # Errors
    /// `WouldBlock` when none waits.
    pub fn accept(&mut self) -> io::Result<ClientId> {
        let (stream, _) = self.listener.accept()?;
        stream.set_nonblocking(true)?;
        self.last += 1;
        let client = Client {
            stream,
            reader: FrameReader::default(),
            out: Vec::new(),
            owner: None,
            events: 0,
            closing: false,
            full: false,
        };
        self.clients.insert(self.last, client);
        Ok(self.last)
    }

    /// Reads what a client sent, or learns that it can be written to again. False: it is gone, after the requests that wait.
    pub fn read(&mut self, id: ClientId) -> bool {
        self.clients.get_mut(&id).is_some_and(Client::fill)
    }

    /// The next request that waits, or what cannot be one.
    pub fn next_request(&mut self, id: ClientId) -> Option<Result<Request, Refusal>> {
        let client = self.clients.get_mut(&id).filter(|client| !client.closing)?;
        match client.reader.next_frame() {
            Ok(Some(frame)) => Some(client.understand(&frame)),
            Ok(None) => None,
            Err(error) => {
                let reason = Malformed { id: None, code: "bad-request", text: error.to_string() };
                Some(Err(Refusal { reason, ends: true }))
            }
        }
    }

    /// Queues the answer to what is no request.
    pub fn refuse(&mut self, id: ClientId, refusal: &Refusal) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        let Refusal { reason, ends } = refusal;
        if *ends {
            log::warn!("a client is refused: {}", reason.text);
            client.closing = true;
        }
        encode_failure(&mut client.out, reason.id, reason.code, &reason.text);
    }

    /// Queues an answer.
    pub fn answer(&mut self, id: ClientId, request: u64, answer: Result<&Reply, &Failure>) {
        let Some(client) = self.clients.get_mut(&id) else {
            return;
        };
        match answer {
            Ok(reply) => encode_reply(&mut client.out, request, reply),
            Err(failure) => encode_failure(&mut client.out, Some(request), failure.code, &failure.text),
        }
    }

    /// Queues an event for every client that said hello.
    pub fn broadcast(&mut self, event: &Event) {
        for client in self.clients.values_mut().filter(|client| client.owner.is_some()) {
            client.events += 1;
            encode_event(&mut client.out, client.events, event);
        }
    }

    /// Writes what is queued; returns clients that are gone or must go, and those that could not take everything.
    pub fn flush(&mut self) -> (Vec<ClientId>, Vec<ClientId>) {
        let (mut gone, mut full) = (Vec::new(), Vec::new());
        for (id, client) in &mut self.clients {
            if client.drain().is_err() || (client.closing && client.out.is_empty()) {
                gone.push(*id);
            } else if client.out.len() > BACKLOG {
                log::warn!("client {id} does not read: {} bytes wait, it is cut off", client.out.len());
                gone.push(*id);
            } else if !client.out.is_empty() {
                full.push(*id);
            }
        }
        (gone, full)
    }

    /// Forgets a client; what it made stays.
    pub fn remove(&mut self, id: ClientId) {
        self.clients.remove(&id);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The file may be gone already; a stale one is replaced at the next start anyway.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Client {
    fn fill(&mut self) -> bool {
        let mut buffer = [0; 65536];
        self.full = false;
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(length) => {
                    self.reader.push(&buffer[..length]);
                    if length < buffer.len() {
                        return true;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    fn understand(&mut self, frame: &[u8]) -> Result<Request, Refusal> {
        let request =
            decode_request(frame).map_err(|reason| Refusal { ends: reason.id.is_none(), reason })?;
        let refuse = |code, text: String| {
            Err(Refusal { reason: Malformed { id: Some(request.id), code, text }, ends: true })
        };
        match &request.operation {
            Operation::Hello(hello) if hello.protocol != PROTOCOL => {
                let text = format!("this engine speaks protocol {PROTOCOL}, not {}", hello.protocol);
                return refuse("unsupported", text);
            }
            Operation::Hello(hello) => self.owner = Some(hello.owner.clone()),
            _ if self.owner.is_none() => {
                return refuse("hello-first", "the first request must be hello".into());
            }
            _ => {}
        }
        Ok(request)
    }

    fn drain(&mut self) -> io::Result<()> {
        while !self.out.is_empty() && !self.full {
            match self.stream.write(&self.out) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    self.out.drain(..length);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.full = true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
