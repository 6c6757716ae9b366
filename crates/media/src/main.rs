//! `stimme-media`: the media engine as a process, and a look into one.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use signal_hook::consts::{SIGINT, SIGTERM};
use stimme_media::heartbeat::Heartbeat;
use stimme_media::metrics::{self, Board};
use stimme_media::options::{self, Command, Serve, USAGE};
use stimme_media::ports::Ports;
use stimme_media::service::Service;
use stimme_media::{console, priority, sandbox};

fn main() -> ExitCode {
    let outcome = match options::read(std::env::args().skip(1)) {
        Ok(Command::Serve(options)) => serve(options).map_err(|error| error.to_string()),
        Ok(Command::Show(socket, form)) => {
            console::show(&socket, form).map_err(|error| format!("{}: {error}", socket.display()))
        }
        Ok(Command::Help) => writeln!(std::io::stdout(), "{USAGE}").map_err(|error| error.to_string()),
        Err(text) => {
            eprintln!("stimme-media: {text}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("stimme-media: {text}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: Serve) -> std::io::Result<()> {
    env_logger::Builder::new()
        .filter_level(options.level)
        .filter_module("str0m", log::LevelFilter::Warn)
        .init();
    raise_descriptors(&options.ports);
    if let Some(nice) = options.nice {
        match priority::take(nice) {
            Ok(()) => log::info!("nice value {nice}"),
            Err(error) => log::warn!("no nice value {nice}, packets may wait for other programs: {error}"),
        }
    }
    if options.sandbox {
        sandbox::enter().map_err(std::io::Error::other)?;
    }
    let mut service = Service::bind(&options.socket, options.ports, options.threads)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
        signal_hook::low_level::pipe::register(signal, service.waker()?)?;
    }
    if let Some(address) = options.metrics {
        let board = Board::default();
        let address = metrics::serve(address, board.clone())?;
        service.show(board);
        log::info!("figures at http://{address}/metrics");
    }
    if let Some(heartbeat) = Heartbeat::from_environment(Instant::now())? {
        service.beat(heartbeat);
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
