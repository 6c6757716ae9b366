//! The thread of one fax: gives a session its clock, takes what the engine heard, and tells what is to be sent.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::session::{FRAME, Job, Mode, Outcome, Page, Session, Step, T38Settings};

/// Length of a frame.
const PACE: Duration = Duration::from_millis(20);
/// Behind by more than this, the schedule begins anew instead of catching up.
const LATE: Duration = Duration::from_millis(500);
/// Nothing came for this long: the line is taken to be silent, lest timers of T.30 stand still.
const SILENCE: Duration = Duration::from_millis(100);

/// What the engine tells a fax.
#[derive(Debug)]
pub enum Input {
    /// The line said this.
    Heard(u64, Vec<i16>),
    /// The T.38 peer sent this.
    Datagram(Vec<u8>),
    /// The call goes on by T.38, or over the line again.
    Switch(Option<T38Settings>),
    /// Hang up.
    Stop,
}

/// Where the engine tells it.
pub type Inbox = mpsc::Sender<Input>;

/// What a fax tells the engine.
#[derive(Debug)]
pub struct Word {
    /// Number of the fax.
    pub fax: u64,
    /// What.
    pub report: Report,
}

/// What a fax tells.
#[derive(Debug)]
pub enum Report {
    /// The line hears this, 20 ms at 8 kHz.
    Speak(Vec<i16>),
    /// A datagram, and how often at once.
    Datagram(Vec<u8>, u32),
    /// A page was confirmed.
    Page(Page),
    /// It is over, and the file is complete; where one came.
    End(Outcome, Option<PathBuf>),
}

/// What a thread is started for.
#[derive(Clone, Debug)]
pub enum Task {
    /// A terminal; over G.711 without settings.
    Terminal(Job, Option<T38Settings>),
    /// A gateway.
    Gateway(T38Settings),
}

/// Starts the thread. It ends after [`Report::End`], or when the inbox is dropped.
///
/// # Errors
/// When the system has no thread left.
pub fn start(fax: u64, task: Task, tell: impl Fn(Word) + Send + 'static) -> std::io::Result<Inbox> {
    let (inbox, inputs) = mpsc::channel();
    std::thread::Builder::new().name(format!("fax-{fax}")).spawn(move || {
        Worker { fax, task, tell }.run(&inputs);
    })?;
    Ok(inbox)
}

struct Worker<T> {
    fax: u64,
    task: Task,
    tell: T,
}

impl<T: Fn(Word)> Worker<T> {
    fn run(&mut self, inputs: &mpsc::Receiver<Input>) {
        let Some(mut session) = self.session() else {
            return self.end(Outcome { status: FAILED, ..nothing() });
        };
        let (mut due, mut heard) = (Instant::now(), Instant::now());
        loop {
            let input = inputs.recv_timeout(due.saturating_duration_since(Instant::now()));
            let steps = match input {
                Ok(Input::Heard(sequence, samples)) => {
                    heard = Instant::now();
                    session.hear(sequence, samples);
                    vec![]
                }
                Ok(Input::Datagram(bytes)) => {
                    session.datagram(&bytes);
                    vec![]
                }
                Ok(Input::Switch(t38)) => {
                    self.switch(&mut session, t38);
                    vec![]
                }
                Ok(Input::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    let steps = session.hang_up();
                    drop(session);
                    self.follow(steps);
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = Instant::now();
                    due = if now > due + LATE { now + PACE } else { due + PACE };
                    if now > heard + SILENCE {
                        session.miss(FRAME);
                    }
                    session.advance()
                }
            };
            if steps.iter().any(|step| matches!(step, Step::End(_))) {
                // Its files are closed with it.
                drop(session);
                return self.follow(steps);
            }
            self.follow(steps);
        }
    }

    fn session(&self) -> Option<Session> {
        match &self.task {
            Task::Terminal(job, t38) => {
                let path = if job.mode == Mode::Receive { partial(&job.path) } else { job.path.clone() };
                Session::terminal(&Job { path, ..job.clone() }, *t38)
            }
            Task::Gateway(t38) => Session::gateway(*t38),
        }
    }

    /// Begins anew on the other way, as both sides do, unless a page has been confirmed already.
    fn switch(&mut self, session: &mut Session, to: Option<T38Settings>) {
        match &mut self.task {
            Task::Terminal(_, t38) if *t38 == to => return,
            Task::Terminal(..) if session.begun() => {
                return log::warn!("fax {}: its way changes after a page", self.fax);
            }
            Task::Terminal(_, t38) => *t38 = to,
            Task::Gateway(t38) => match to {
                Some(to) if *t38 != to => *t38 = to,
                _ => return,
            },
        }
        if let Some(new) = self.session() {
            *session = new;
        }
    }

    fn follow(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Speak(samples) => self.say(Report::Speak(samples)),
                Step::Datagram(bytes, times) => self.say(Report::Datagram(bytes, times)),
                Step::Page(page) => self.say(Report::Page(page)),
                Step::End(outcome) => self.end(outcome),
            }
        }
    }

    /// Gives a file that was received its name; one without a page is deleted.
    fn end(&mut self, mut outcome: Outcome) {
        let path = match &self.task {
            Task::Terminal(job, _) if job.mode == Mode::Receive => {
                let partial = partial(&job.path);
                let kept = outcome.pages > 0 && keep(&partial, &job.path, &mut outcome);
                if !kept {
                    // Where nothing came there may be no file.
                    let _ = std::fs::remove_file(&partial);
                }
                kept.then(|| job.path.clone())
            }
            _ => None,
        };
        self.say(Report::End(outcome, path));
    }

    fn say(&self, report: Report) {
        (self.tell)(Word { fax: self.fax, report });
    }
}

/// "Cannot open a file" (`T30_ERR_FILEERROR`).
const FAILED: i32 = 41;

fn nothing() -> Outcome {
    Outcome { status: 0, pages: 0, ident: String::new(), progress: Default::default() }
}

fn keep(from: &Path, to: &Path, outcome: &mut Outcome) -> bool {
    std::fs::rename(from, to)
        .inspect_err(|error| {
            log::error!("fax {}: {error}", to.display());
            outcome.status = FAILED;
        })
        .is_ok()
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
