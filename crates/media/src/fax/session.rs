//! One fax transfer, by whatever way the call carries it. Time is counted in samples; nothing here waits.

use std::path::PathBuf;

use super::line::{Line, Piece};
use super::udptl::{Receiver, Repair, Sender};
use crate::ffi::spandsp::{self, Gateway, Machine, Outbound, Progress, T38, Task, Terminal};

/// Samples in 20 ms.
pub const FRAME: usize = 160;

/// Which way the document goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To the peer.
    Send,
    /// From the peer.
    Receive,
}

/// What a terminal is to do.
#[derive(Clone, Debug)]
pub struct Job {
    /// Which way.
    pub mode: Mode,
    /// A TIFF file: read, or written while pages come.
    pub path: PathBuf,
    /// Whether the call was made by this side.
    pub calling: bool,
    /// Number that the peer's display and report show, at most 20 characters.
    pub ident: String,
    /// Text above each page that is sent, at most 50 characters; empty for none.
    pub header: String,
    /// Zone of the time in it, as in POSIX `TZ`.
    pub zone: String,
    /// Whether error correction may be used.
    pub error_correction: bool,
    /// Fastest modem, bit/s.
    pub bit_rate: u32,
}

/// How T.38 was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct T38Settings {
    /// Of the protocol itself.
    pub protocol: T38,
    /// How datagrams repair losses.
    pub repair: Repair,
    /// Packets that are repeated, or parities.
    pub depth: usize,
    /// Longest datagram that the peer takes, in bytes.
    pub longest: usize,
}

/// A page that was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: u32,
    /// Its format and how it came.
    pub progress: Progress,
}

/// How a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// spandsp's completion code; 0 is well.
    pub status: i32,
    /// Pages that were confirmed.
    pub pages: u32,
    /// Number that the peer showed.
    pub ident: String,
    /// Of image data.
    pub progress: Progress,
}

impl Outcome {
    /// A word for programs.
    pub fn result(&self) -> &'static str {
        match self.status {
            0 => "ok",
            1..=5 => "no-fax",
            6 => "cannot-train",
            8..=12 => "incompatible",
            41..=47 => "file",
            49 => "dropped",
            _ => "protocol",
        }
    }

    /// A sentence for people who know T.30.
    pub fn text(&self) -> String {
        spandsp::describe(self.status)
    }
}

/// What a session wants to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The line hears this, 20 ms.
    Speak(Vec<i16>),
    /// A datagram, and how often at once.
    Datagram(Vec<u8>, u32),
    /// A page was confirmed.
    Page(Page),
    /// It is over.
    End(Outcome),
}

/// A terminal or a gateway.
pub struct Session {
    way: Way,
    line: Line,
    pages: u32,
    over: bool,
}

enum Way {
    Audio(Machine),
    T38(Terminal, Packets),
    Gateway(Gateway, Packets),
}

/// Both directions of UDPTL.
struct Packets {
    sender: Sender,
    receiver: Receiver,
}

impl Packets {
    fn new(t38: T38Settings) -> Self {
        Self { sender: Sender::new(t38.repair, t38.depth, t38.longest), receiver: Receiver::default() }
    }

    fn pack(&mut self, outbound: Vec<Outbound>, steps: &mut Vec<Step>) {
        steps.extend(
            outbound.into_iter().map(|(packet, times)| Step::Datagram(self.sender.pack(packet), times)),
        );
    }
}

impl Job {
    fn task(&self) -> Task<'_> {
        let of = |mode| (self.mode == mode).then_some(self.path.as_path());
        Task {
            send: of(Mode::Send),
            receive: of(Mode::Receive),
            calling: self.calling,
            ident: &self.ident,
            header: &self.header,
            zone: &self.zone,
            error_correction: self.error_correction,
            bit_rate: self.bit_rate,
        }
    }
}

impl Session {
    /// A terminal; over G.711 without `t38`. None: a text of the job is too long.
    pub fn terminal(job: &Job, t38: Option<T38Settings>) -> Option<Self> {
        let way = match t38 {
            Some(t38) => Way::T38(Terminal::new(&job.task(), t38.protocol)?, Packets::new(t38)),
            None => Way::Audio(Machine::new(&job.task())?),
        };
        Some(Self { way, line: Line::default(), pages: 0, over: false })
    }

    /// A gateway between a line and a T.38 peer. None: no memory.
    pub fn gateway(t38: T38Settings) -> Option<Self> {
        let way = Way::Gateway(Gateway::new(t38.protocol, true)?, Packets::new(t38));
        Some(Self { way, line: Line::default(), pages: 0, over: false })
    }

    /// Takes a packet of the line.
    pub fn hear(&mut self, sequence: u64, samples: Vec<i16>) {
        for piece in self.line.push(sequence, samples) {
            match (&mut self.way, piece) {
                (Way::Audio(machine), Piece::Heard(mut samples)) => machine.hear(&mut samples),
                (Way::Gateway(gateway, _), Piece::Heard(mut samples)) => gateway.hear(&mut samples),
                (_, Piece::Lost(samples)) => self.miss(samples),
                (Way::T38(..), Piece::Heard(_)) => {}
            }
        }
    }

    /// Nothing came from the line for so many samples.
    pub fn miss(&mut self, samples: usize) {
        match &mut self.way {
            Way::Audio(machine) => machine.miss(samples),
            Way::Gateway(gateway, _) => gateway.miss(samples),
            Way::T38(..) => {}
        }
    }

    /// Takes a datagram of the T.38 peer.
    pub fn datagram(&mut self, bytes: &[u8]) {
        match &mut self.way {
            Way::Audio(_) => {}
            Way::T38(terminal, packets) => {
                for (sequence, packet) in packets.receiver.unpack(bytes) {
                    terminal.receive(&packet, sequence);
                }
            }
            Way::Gateway(gateway, packets) => {
                for (sequence, packet) in packets.receiver.unpack(bytes) {
                    gateway.receive(&packet, sequence);
                }
            }
        }
    }

    /// Goes on by 20 ms.
    pub fn advance(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.over {
            return steps;
        }
        match &mut self.way {
            Way::Audio(machine) => {
                let mut samples = vec![0; FRAME];
                machine.speak(&mut samples);
                steps.push(Step::Speak(samples));
            }
            Way::T38(terminal, packets) => {
                terminal.advance(FRAME);
                packets.pack(terminal.outbound(), &mut steps);
            }
            Way::Gateway(gateway, packets) => {
                let mut samples = vec![0; FRAME];
                gateway.speak(&mut samples);
                packets.pack(gateway.outbound(), &mut steps);
                steps.push(Step::Speak(samples));
            }
        }
        self.look(&mut steps);
        steps
    }

    /// Hangs up; what was received so far is complete then.
    pub fn hang_up(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        match &mut self.way {
            Way::Audio(machine) => machine.t30().terminate(),
            Way::T38(terminal, packets) => {
                terminal.t30().terminate();
                packets.pack(terminal.outbound(), &mut steps);
            }
            Way::Gateway(gateway, _) if !self.over => {
                let carried = gateway.carried();
                let progress = Progress {
                    bit_rate: carried.bit_rate,
                    error_correction: carried.error_correction,
                    ..Progress::default()
                };
                let pages = u32::try_from(carried.pages).unwrap_or(0);
                steps.push(Step::End(Outcome { status: 0, pages, ident: String::new(), progress }));
                self.over = true;
            }
            Way::Gateway(..) => {}
        }
        self.look(&mut steps);
        steps
    }

    /// Whether a page has been confirmed already.
    pub fn begun(&self) -> bool {
        self.pages > 0
    }

    fn look(&mut self, steps: &mut Vec<Step>) {
        let t30 = match &self.way {
            _ if self.over => return,
            Way::Audio(machine) => machine.t30(),
            Way::T38(terminal, _) => terminal.t30(),
            Way::Gateway(..) => return,
        };
        let progress = t30.progress();
        let pages = u32::try_from(progress.pages_sent.max(progress.pages_received)).unwrap_or(0);
        let before = self.pages;
        self.pages = pages.max(before);
        let over = !t30.active();
        steps.extend((before + 1..=pages).map(|number| Step::Page(Page { number, progress })));
        if over {
            let ident = t30.remote_ident();
            steps.push(Step::End(Outcome { status: progress.status, pages: self.pages, ident, progress }));
        }
        self.over = over;
    }
}
