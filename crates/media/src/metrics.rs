//! Figures for Prometheus, in its text format 0.0.4, on a listener of their own for the inside network.
//!
//! The loop leaves its figures every second; a thread answers whoever asks, so that no scrape delays a packet.

use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use tiny_http::{Header, Method, Response, Server};

use crate::figures::{Figures, OPINIONS};

/// Where the loop leaves its figures.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Figures>>);

impl Board {
    /// Replaces them.
    pub fn put(&self, figures: Figures) {
        if let Ok(mut board) = self.0.lock() {
            *board = figures;
        }
    }

    fn read(&self) -> Figures {
        self.0.lock().map(|figures| figures.clone()).unwrap_or_default()
    }
}

/// Answers at an address from now on, for as long as the process lives; returns the address with its port.
///
/// # Errors
/// When the address is taken or no thread is left.
pub fn serve(address: SocketAddr, board: Board) -> std::io::Result<SocketAddr> {
    let server = Server::http(address).map_err(std::io::Error::other)?;
    let bound = server.server_addr().to_ip().unwrap_or(address);
    let started = SystemTime::now();
    std::thread::Builder::new().name("metrics".into()).spawn(move || {
        for request in server.incoming_requests() {
            let found = request.url() == "/metrics" && matches!(request.method(), Method::Get | Method::Head);
            let (status, text) =
                if found { (200, render(&board.read(), started)) } else { (404, String::new()) };
            let kind = Header::from_bytes("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            let mut response = Response::from_string(text).with_status_code(status);
            if let Ok(kind) = kind {
                response.add_header(kind);
            }
            // Who asked may have gone.
            let _ = request.respond(response);
        }
    })?;
    Ok(bound)
}

struct Page(String);

impl Page {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn value(&mut self, name: &str, labels: &str, value: f64) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "gauge", help);
        self.value(name, "", value);
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.head(name, "counter", help);
        self.value(name, "", value);
    }
}

fn render(figures: &Figures, started: SystemTime) -> String {
    let mut page = Page(String::with_capacity(8192));
    living(&mut page, figures);
    totals(&mut page, figures);
    quality(&mut page, figures);
    control(&mut page, figures);
    process(&mut page, started);
    page.0
}

fn living(page: &mut Page, figures: &Figures) {
    let name = "stimme_media_endpoints";
    page.head(name, "gauge", "Endpoints that live.");
    page.value(name, "{kind=\"rtp\"}", figures.rtp_endpoints as f64);
    page.value(name, "{kind=\"webrtc\"}", figures.webrtc_endpoints as f64);
    for (name, help, value) in [
        ("transcoded_endpoints", "Endpoints whose audio is transcoded for a bridge.", figures.transcoded),
        ("bridges", "Bridges that live.", figures.bridges),
        ("rooms", "Conferences that live.", figures.rooms),
        ("room_members", "Endpoints in conferences.", figures.members),
        ("players", "Players that play.", figures.players),
        ("sources", "Sources that many hear.", figures.sources),
        ("recorders", "Recordings that are written.", figures.recorders),
        ("taps", "Programs that listen to a leg.", figures.taps),
        ("faxes", "Fax terminals and gateways.", figures.faxes),
        ("port_pairs", "Pairs of ports in the configured range.", figures.port_pairs),
        ("clients", "Clients of the control socket.", figures.clients),
    ] {
        page.gauge(&format!("stimme_media_{name}"), help, value as f64);
    }
}

fn totals(page: &mut Page, figures: &Figures) {
    let totals = &figures.totals;
    for (name, help, value) in [
        ("endpoints_made_total", "Endpoints that were made.", totals.endpoints),
        ("packets_received_total", "RTP packets of peers.", totals.packets_received),
        ("packets_sent_total", "RTP packets to peers.", totals.packets_sent),
        ("payload_received_bytes_total", "Payload of peers.", totals.bytes_received),
        ("payload_sent_bytes_total", "Payload to peers.", totals.bytes_sent),
        ("packets_late_total", "Packets that came when their time was over.", totals.packets_late),
        ("frames_concealed_total", "Frames of 20 ms that were made up.", totals.frames_concealed),
        ("video_packets_received_total", "RTP packets of browsers' video.", totals.video_packets_received),
        ("video_packets_sent_total", "RTP packets of video to browsers.", totals.video_packets_sent),
        ("video_received_bytes_total", "Payload of browsers' video.", totals.video_bytes_received),
        ("video_sent_bytes_total", "Payload of video to browsers.", totals.video_bytes_sent),
        ("keyframes_asked_total", "Key frames that browsers were asked for.", totals.keyframes_asked),
        ("timeouts_total", "Peers that fell silent.", figures.troubles.timeouts),
        ("transport_failures_total", "Browsers whose ICE or DTLS was lost.", figures.troubles.transports),
        ("port_shortages_total", "Endpoints refused because no port was left.", figures.troubles.ports),
    ] {
        page.counter(&format!("stimme_media_{name}"), help, value as f64);
    }
    // A gauge: a packet that comes late after all makes it smaller.
    page.gauge("stimme_media_packets_lost", "Packets that should have come.", totals.packets_lost as f64);
}

fn quality(page: &mut Page, figures: &Figures) {
    let name = "stimme_media_endpoint_mos";
    page.head(
        name,
        "histogram",
        "Opinion score (G.107) of what came from peers, told when an endpoint is gone.",
    );
    let mut sum = 0;
    for (bound, class) in OPINIONS.iter().zip(figures.opinions.classes) {
        sum += class;
        page.value(&format!("{name}_bucket"), &format!("{{le=\"{bound}\"}}"), sum as f64);
    }
    let all: u64 = figures.opinions.classes.iter().sum();
    page.value(&format!("{name}_bucket"), "{le=\"+Inf\"}", all as f64);
    page.value(&format!("{name}_sum"), "", figures.opinions.sum);
    page.value(&format!("{name}_count"), "", all as f64);
}

fn control(page: &mut Page, figures: &Figures) {
    page.counter("stimme_media_requests_total", "Requests that were done.", figures.requests as f64);
    page.counter("stimme_media_refusals_total", "Requests that were refused.", figures.refusals as f64);
    page.counter("stimme_media_loop_rounds_total", "Rounds of the loop.", figures.times.rounds as f64);
    let busy = figures.times.busy.as_secs_f64();
    page.counter("stimme_media_loop_busy_seconds_total", "Time in which the loop did something.", busy);
    let longest = figures.times.longest.as_secs_f64();
    page.gauge("stimme_media_loop_longest_seconds", "Longest round of the last second.", longest);
    shards(page, figures);
}

/// Each thread by itself: whether they share the work evenly.
fn shards(page: &mut Page, figures: &Figures) {
    let label = |shard: usize| format!("{{shard=\"{shard}\"}}");
    let name = "stimme_media_shard_endpoints";
    page.head(name, "gauge", "Endpoints that live in each thread.");
    for (shard, (endpoints, _)) in figures.shards.iter().enumerate() {
        page.value(name, &label(shard), *endpoints as f64);
    }
    let name = "stimme_media_shard_busy_seconds_total";
    page.head(name, "counter", "Time in which the loop of each thread did something.");
    for (shard, (_, times)) in figures.shards.iter().enumerate() {
        page.value(name, &label(shard), times.busy.as_secs_f64());
    }
}

/// What Prometheus' own libraries tell of a process.
fn process(page: &mut Page, started: SystemTime) {
    let since = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    page.gauge("process_start_time_seconds", "When it was started.", since);
    if let Some(seconds) = std::fs::read_to_string("/proc/self/stat").ok().and_then(|stat| cpu_seconds(&stat))
    {
        page.counter("process_cpu_seconds_total", "User and system time.", seconds);
    }
    if let Some(bytes) = std::fs::read_to_string("/proc/self/status").ok().and_then(|text| resident(&text)) {
        page.gauge("process_resident_memory_bytes", "Memory.", bytes);
    }
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Open files and sockets.", open.count() as f64);
    }
}

/// Fields 14 and 15 of `/proc/PID/stat` (proc(5)), counted behind the name in brackets.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / rustix::param::clock_ticks_per_second() as f64)
}

fn resident(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpStream};

    #[test]
    fn the_text_of_proc_is_read() {
        let stat = "12 (a (b) c) S 1 1 1 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 100 1000 10";
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(cpu_seconds(stat), Some(200.0 / ticks));
        assert_eq!(cpu_seconds("12 (a"), None);
        assert_eq!(resident("VmPeak:\t 9 kB\nVmRSS:\t  1234 kB\n"), Some(1_263_616.0));
    }

    #[test]
    fn a_page_has_every_figure_once() {
        let mut figures = Figures { rtp_endpoints: 3, ..Figures::default() };
        figures.shards = vec![(1, Default::default()), (2, Default::default())];
        figures.opinions.add(4.2);
        figures.opinions.add(1.0);
        let page = render(&figures, SystemTime::now());
        assert!(page.contains("\nstimme_media_endpoints{kind=\"rtp\"} 3\n"), "{page}");
        assert!(page.contains("\nstimme_media_endpoint_mos_bucket{le=\"4.03\"} 1\n"), "{page}");
        assert!(page.contains("\nstimme_media_endpoint_mos_bucket{le=\"+Inf\"} 2\n"), "{page}");
        assert!(page.contains("\nstimme_media_shard_endpoints{shard=\"1\"} 2\n"), "{page}");
        let mut names: Vec<&str> = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(' ').next())
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn whoever_asks_is_answered() {
        let board = Board::default();
        let address = serve((Ipv4Addr::LOCALHOST, 0).into(), board.clone()).expect("a port");
        board.put(Figures { bridges: 5, ..Figures::default() });
        let ask = |path: &str| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            answer
        };
        assert!(ask("/metrics").contains("\nstimme_media_bridges 5\n"));
        assert!(ask("/").starts_with("HTTP/1.1 404"));
    }
}
