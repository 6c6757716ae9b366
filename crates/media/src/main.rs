//! `stimme-media`: the media engine as a process.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use stimme_media::ports::Ports;
use stimme_media::service::Service;

const USAGE: &str = "usage: stimme-media --socket PATH --address IP --ports FIRST-LAST [--log-level LEVEL]";

struct Options {
    socket: PathBuf,
    ports: Ports,
    level: log::LevelFilter,
}

fn main() -> ExitCode {
    let options = match read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("stimme-media: {text}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    env_logger::Builder::new()
        .filter_level(options.level)
        .filter_module("str0m", log::LevelFilter::Warn)
        .init();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stimme-media: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> std::io::Result<()> {
    raise_descriptors(&options.ports);
    let mut service = Service::bind(&options.socket, options.ports)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
        signal_hook::low_level::pipe::register(signal, service.waker()?)?;
    }
    log::info!("listening at {}", options.socket.display());
    service.run(&stop)?;
    std::io::stderr().flush()
}

/// Every endpoint needs two descriptors; the default limit of 1024 would end at 500 endpoints.
fn raise_descriptors(ports: &Ports) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let wanted = (ports.capacity() * 2 + 1024) as u64;
    let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if limit.current.is_some_and(|now| now < current)
        && let Err(error) =
            setrlimit(Resource::Nofile, Rlimit { current: Some(current), maximum: limit.maximum })
    {
        log::warn!("the limit of open files stays low: {error}");
    }
    if current < wanted {
        log::warn!("only {current} files may be open, {wanted} would be needed for all ports");
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
    let (mut socket, mut address, mut range, mut level) = (None, None, None, log::LevelFilter::Info);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(format!("{name} needs a value"))?;
        match name.as_str() {
            "--socket" => socket = Some(PathBuf::from(value)),
            "--address" => {
                address = Some(value.parse::<IpAddr>().map_err(|_| format!("{value} is no IP address"))?)
            }
            "--ports" => range = Some(read_range(&value)?),
            "--log-level" => level = value.parse().map_err(|_| format!("{value} is no log level"))?,
            _ => return Err(format!("{name} is not known")),
        }
    }
    let (first, last) = range.ok_or("--ports is missing")?;
    let address = address.ok_or("--address is missing")?;
    let ports = Ports::new(address, first, last).ok_or(format!("no pair of ports in {first}-{last}"))?;
    Ok(Options { socket: socket.ok_or("--socket is missing")?, ports, level })
}

fn read_range(text: &str) -> Result<(u16, u16), String> {
    let range = text.split_once('-').and_then(|(first, last)| first.parse().ok().zip(last.parse().ok()));
    range.ok_or(format!("{text} is no range of ports such as 16384-32767"))
}
