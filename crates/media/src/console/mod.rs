//! What people type to see into a running engine: it asks over the control socket like any other client.

mod asking;
mod table;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

pub use asking::{AskError, Snapshot};

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// For programs, one line for each snapshot.
    pub json: bool,
    /// Again and again, with this pause.
    pub every: Option<Duration>,
}

/// Shows what lives in the engine at `socket`, until the reader goes away where it is shown again and again.
///
/// # Errors
/// When no engine listens there, or it speaks another protocol.
pub fn show(socket: &Path, form: Form) -> Result<(), AskError> {
    let mut engine = asking::Asking::connect(socket)?;
    let mut out = io::stdout().lock();
    loop {
        let snapshot = engine.snapshot()?;
        match write(&mut out, &snapshot, form) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            result => result?,
        }
        let Some(pause) = form.every else {
            return Ok(());
        };
        std::thread::sleep(pause);
    }
}

fn write(out: &mut impl Write, snapshot: &Snapshot, form: Form) -> io::Result<()> {
    if form.json {
        serde_json::to_writer(&mut *out, snapshot)?;
        writeln!(out)?;
    } else {
        if form.every.is_some() && io::stdout().is_terminal() {
            // Home, and clear to the end (ECMA-48).
            write!(out, "\x1b[H\x1b[J")?;
        }
        table::write(out, snapshot)?;
    }
    out.flush()
}
