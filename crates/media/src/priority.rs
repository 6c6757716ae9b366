//! How the engine stands beside everything else that wants the processors. A packet is due every 20 ms, and one that
//! waits for other programs longer than its hearer's buffer lasts is lost.
//!
//! Threads inherit it: it is taken before there are any, and before the sandbox leaves no right to take it.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{getpid, getsid, setpriority_process};

/// Where the kernel keeps the priority of a whole session (sched(7), *the autogroup feature*).
const AUTOGROUP: &str = "/proc/self/autogroup";
/// Without privileges it may be set every tenth of a second only, by whomever.
const AGAIN: Duration = Duration::from_millis(110);
/// So often is it tried.
const TRIALS: usize = 5;

/// Takes a nice value, -20 (before everybody) to 19 (after everybody).
///
/// Where the kernel shares the processors out among sessions first, a nice value counts within its session alone: that
/// of the session is set as well, where the session is the engine's own, as it is under a supervisor.
///
/// # Errors
/// A better one than before needs `CAP_SYS_NICE`, or a limit that allows it (`RLIMIT_NICE`).
pub fn take(nice: i32) -> io::Result<()> {
    setpriority_process(None, nice)?;
    let own = getsid(None).is_ok_and(|session| session == getpid());
    if own && Path::new(AUTOGROUP).exists() {
        set_session(nice).map_err(|error| io::Error::new(error.kind(), format!("{AUTOGROUP}: {error}")))?;
    }
    Ok(())
}

fn set_session(nice: i32) -> io::Result<()> {
    let mut outcome = Ok(());
    for _ in 0..TRIALS {
        outcome = std::fs::write(AUTOGROUP, nice.to_string());
        match &outcome {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(AGAIN),
            _ => break,
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[test]
    fn threads_inherit_it() {
        // In a thread of its own: what it takes cannot be given back without a right.
        let thread = std::thread::spawn(|| {
            let own = getpriority_process(None).expect("it is known");
            let wanted = (own + 3).min(19);
            take(wanted).expect("behind others everybody may go");
            let inherited = std::thread::spawn(|| getpriority_process(None)).join().expect("a thread");
            assert_eq!(inherited, Ok(wanted));
        });
        thread.join().expect("nothing failed");
    }
}
