//! The command line.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::console::Form;
use crate::ports::Ports;

/// What can be typed.
pub const USAGE: &str = "\
usage: stimme-media --socket PATH --address IP --ports FIRST-LAST [--threads N] [--metrics IP:PORT]
                    [--nice N] [--sandbox on|off] [--log-level LEVEL]
       stimme-media show --socket PATH [--json yes|no] [--every SECONDS]

Without a verb it is the engine. `show` shows the endpoints, bridges, rooms and faxes of a running one, and how
good their speech is. Endpoints are spread over --threads, or else over one for each processor that it may use.";

/// More threads than this are a slip of the pen.
const MOST_THREADS: usize = 256;

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// To be the engine.
    Serve(Serve),
    /// To look into one.
    Show(PathBuf, Form),
    /// To tell what can be typed.
    Help,
}

/// How the engine is to be.
#[derive(Debug)]
pub struct Serve {
    /// Of control.
    pub socket: PathBuf,
    /// Of media.
    pub ports: Ports,
    /// Over how many threads endpoints are spread.
    pub threads: usize,
    /// Where figures are shown.
    pub metrics: Option<SocketAddr>,
    /// How it stands beside other programs, where it is to be set.
    pub nice: Option<i32>,
    /// Whether privileges are given up.
    pub sandbox: bool,
    /// Of what it writes on standard error.
    pub level: log::LevelFilter,
}

/// Reads arguments, the program's name not among them.
///
/// # Errors
/// A sentence that names the argument.
pub fn read(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = arguments.peekable();
    let show = arguments.next_if(|argument| argument == "show").is_some();
    let (mut socket, mut address, mut range, mut metrics) = (None, None, None, None);
    let (mut threads, mut nice) = (None, None);
    let (mut level, mut sandbox, mut form) = (log::LevelFilter::Info, true, Form::default());
    while let Some(name) = arguments.next() {
        if name == "--help" {
            return Ok(Command::Help);
        }
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match (name.as_str(), show) {
            ("--socket", _) => socket = Some(PathBuf::from(value)),
            ("--json", true) => form.json = switch(&value, "yes", "no")?,
            ("--every", true) => form.every = Some(read_pause(&value)?),
            ("--address", false) => {
                address = Some(value.parse::<IpAddr>().map_err(|_| format!("{value} is no IP address"))?)
            }
            ("--ports", false) => range = Some(read_range(&value)?),
            ("--threads", false) => {
                let count = value.parse().ok().filter(|count| (1..=MOST_THREADS).contains(count));
                threads =
                    Some(count.ok_or(format!("{value} is no number of threads from 1 to {MOST_THREADS}"))?);
            }
            ("--metrics", false) => {
                metrics =
                    Some(value.parse().map_err(|_| format!("{value} is no address such as 127.0.0.1:9300"))?)
            }
            ("--nice", false) => {
                let read = value.parse().ok().filter(|nice| (-20..=19).contains(nice));
                nice = Some(read.ok_or(format!("{value} is no nice value from -20 to 19"))?);
            }
            ("--sandbox", false) => sandbox = switch(&value, "on", "off")?,
            ("--log-level", false) => {
                level = value.parse().map_err(|_| format!("{value} is no log level"))?
            }
            _ => return Err(format!("{name} is not known")),
        }
    }
    let socket = socket.ok_or("--socket is missing")?;
    if show {
        return Ok(Command::Show(socket, form));
    }
    let (first, last) = range.ok_or("--ports is missing")?;
    let address = address.ok_or("--address is missing")?;
    let ports = Ports::new(address, first, last).ok_or(format!("no pair of ports in {first}-{last}"))?;
    let threads = threads.unwrap_or_else(processors);
    Ok(Command::Serve(Serve { socket, ports, threads, metrics, nice, sandbox, level }))
}

/// Processors that the process may use.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get().min(MOST_THREADS))
}

fn switch(value: &str, yes: &str, no: &str) -> Result<bool, String> {
    if value == yes || value == no {
        Ok(value == yes)
    } else {
        Err(format!("{value} is neither {yes} nor {no}"))
    }
}

fn read_pause(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or(format!("{text} is no number of seconds from 0.1 to 3600"))
}

fn read_range(text: &str) -> Result<(u16, u16), String> {
    let range = text.split_once('-').and_then(|(first, last)| first.parse().ok().zip(last.parse().ok()));
    range.ok_or(format!("{text} is no range of ports such as 16384-32767"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Command, String> {
        read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn an_engine_and_a_look_into_one() {
        let serve = of("--socket /run/m --address 127.0.0.1 --ports 16384-16390 --metrics 127.0.0.1:0");
        let Ok(Command::Serve(serve)) = serve else { panic!("{serve:?}") };
        assert_eq!((serve.ports.capacity(), serve.sandbox, serve.metrics.is_some()), (3, true, true));
        assert_eq!((serve.threads, serve.nice), (processors(), None));
        let serve = of("--threads 3 --socket /run/m --address 127.0.0.1 --ports 16384-16390");
        assert!(matches!(serve, Ok(Command::Serve(Serve { threads: 3, .. }))));
        let serve = of("--nice -10 --socket /run/m --address 127.0.0.1 --ports 16384-16390");
        assert!(matches!(serve, Ok(Command::Serve(Serve { nice: Some(-10), .. }))));
        let show = of("show --socket /run/m --json yes --every 0.5");
        let Ok(Command::Show(socket, form)) = show else { panic!("{show:?}") };
        assert_eq!(socket, PathBuf::from("/run/m"));
        assert_eq!(form, Form { json: true, every: Some(Duration::from_millis(500)) });
        assert!(matches!(of("--help"), Ok(Command::Help)));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (line, named) in [
            ("", "--socket"),
            ("--socket", "--socket"),
            ("--socket /m --address here", "here"),
            ("--socket /m --address ::1 --ports 9", "9"),
            ("--socket /m --address ::1 --ports 9-9", "9-9"),
            ("--socket /m --threads 0", "0"),
            ("--socket /m --every 2", "--every"),
            ("--socket /m --nice -21", "-21"),
            ("--socket /m --nice kind", "kind"),
            ("show --socket /m --every 0", "0"),
            ("show --socket /m --ports 1-9", "--ports"),
            ("--socket /m --sandbox maybe", "maybe"),
        ] {
            let refusal = of(line).expect_err(line);
            assert!(refusal.contains(named), "{line}: {refusal}");
        }
    }
}
