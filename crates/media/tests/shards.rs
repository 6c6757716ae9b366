//! Two threads behind one control socket: a client sees one engine, and its requests done in their order.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rmpv::Value;
use stimme_media::control::frame::{FrameReader, write_frame};
use stimme_media::ports::Ports;
use stimme_media::service::Service;

/// A process without the process.
struct Running {
    socket: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start(first: u16, last: u16, threads: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("media.sock");
        let ports = Ports::new(IpAddr::V4(Ipv4Addr::LOCALHOST), first, last).expect("a range");
        let mut service = Service::bind(&socket, ports, threads).expect("it listens");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || service.run(&stopped).expect("nothing fails"));
        Self { socket, stop, thread: Some(thread), _folder: folder }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // A client that comes wakes the loop.
        let _ = UnixStream::connect(&self.socket);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

struct Client {
    stream: UnixStream,
    reader: FrameReader,
    last: u64,
    events: Vec<Value>,
}

impl Client {
    fn connect(running: &Running) -> Self {
        let stream = UnixStream::connect(&running.socket).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
        let mut client = Self { stream, reader: FrameReader::default(), last: 0, events: vec![] };
        let hello = client.ask(vec![("hello", fields(&[("protocol", 1.into()), ("owner", "test".into())]))]);
        assert_eq!(hello[0]["protocol"], 1.into());
        client
    }

    /// Sends requests in one write; answers in their order. An error is its code.
    fn ask(&mut self, requests: Vec<(&str, Value)>) -> Vec<Value> {
        let (mut bytes, first) = (Vec::new(), self.last + 1);
        let count = requests.len();
        for (name, fields) in requests {
            self.last += 1;
            let request = Value::Array(vec![0.into(), self.last.into(), name.into(), fields]);
            write_frame(&mut bytes, |out| rmpv::encode::write_value(out, &request).expect("to memory"));
        }
        self.stream.write_all(&bytes).expect("sent");
        let mut answers = Vec::new();
        while answers.len() < count {
            let frame = self.frame();
            match frame[0].as_u64() {
                Some(1 | 2) => {
                    assert_eq!(frame[1].as_u64(), Some(first + answers.len() as u64), "in their order");
                    answers.push(frame[2].clone());
                }
                _ => self.note(frame),
            }
        }
        answers
    }

    fn one(&mut self, name: &str, of: &[(&str, Value)]) -> Value {
        self.ask(vec![(name, fields(of))]).remove(0)
    }

    fn note(&mut self, event: Value) {
        assert_eq!(event[1].as_u64(), Some(self.events.len() as u64 + 1), "counted without a gap");
        self.events.push(event);
    }

    fn frame(&mut self) -> Value {
        loop {
            if let Some(frame) = self.reader.next_frame().expect("short frames") {
                return rmpv::decode::read_value(&mut frame.as_slice()).expect("MessagePack");
            }
            let mut buffer = [0; 65536];
            let length = self.stream.read(&mut buffer).expect("an answer");
            assert!(length > 0, "the connection was ended");
            self.reader.push(&buffer[..length]);
        }
    }

    fn endpoints(&mut self, near: &[Option<Value>]) -> Vec<(u64, u16)> {
        let wanted = near.iter().map(|near| {
            let mut of = vec![("kind", "rtp".into()), ("tag", "leg".into())];
            of.extend(near.clone().map(|near| ("near", near)));
            ("create-endpoint", fields(&of))
        });
        let made = self.ask(wanted.collect());
        made.iter().map(|made| (number(&made["endpoint"]), number(&made["local"]["port"]) as u16)).collect()
    }

    fn configure(&mut self, endpoint: u64, phone: &UdpSocket) {
        let port = phone.local_addr().expect("bound").port();
        let remote = fields(&[("address", "127.0.0.1".into()), ("port", port.into())]);
        let codec =
            fields(&[("name", "PCMA".into()), ("payload_type", 8.into()), ("clock_rate", 8000.into())]);
        let done = self.one(
            "configure",
            &[
                ("endpoint", endpoint.into()),
                ("remote", remote),
                ("codecs", Value::Array(vec![codec])),
                ("direction", "sendrecv".into()),
            ],
        );
        assert_eq!(done, Value::Map(vec![]));
    }
}

fn fields(of: &[(&str, Value)]) -> Value {
    Value::Map(of.iter().map(|(name, value)| (Value::from(*name), value.clone())).collect())
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
    socket
}

fn say(phone: &UdpSocket, to: u16, sequence: u16, said: u8) {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend(7u32.to_be_bytes());
    packet.extend([said; 160]);
    phone.send_to(&packet, ("127.0.0.1", to)).expect("sent");
}

/// Sequence number and first byte of the next packet.
fn hear(phone: &UdpSocket) -> (u16, u8) {
    let mut buffer = [0; 2048];
    let length = phone.recv(&mut buffer).expect("a packet");
    assert_eq!(length, 12 + 160);
    (u16::from_be_bytes([buffer[2], buffer[3]]), buffer[12])
}

#[test]
fn answers_come_in_order_whoever_gives_them() {
    let running = Running::start(27_000, 27_099, 2);
    let mut client = Client::connect(&running);
    let made = client.endpoints(&[None, None, None, None]);
    let (ids, ports): (Vec<u64>, Vec<u16>) = made.into_iter().unzip();
    assert_eq!(ids, [1, 2, 3, 4], "numbers count up over all threads");
    assert_eq!(
        ports.iter().filter(|port| **port < 27_050).count(),
        2,
        "{ports:?}: half of them in each thread"
    );
    let about = |name: &'static str, id: u64| (name, fields(&[("endpoint", id.into())]));
    let answers = client.ask(vec![
        about("stats", 1),
        about("stats", 2),
        ("stats", fields(&[])),
        about("stats", 99),
        ("fly", fields(&[])),
        about("delete-endpoint", 2),
        about("stats", 2),
        ("list-endpoints", fields(&[])),
    ]);
    assert_eq!(answers[0]["packets_received"], 0.into());
    assert_eq!(answers[2], "bad-request".into());
    assert_eq!(answers[3], "not-found".into());
    assert_eq!(answers[4], "unknown-operation".into());
    assert_eq!(answers[6], "not-found".into());
    let listed: Vec<u64> =
        answers[7].as_array().expect("a list").iter().map(|each| number(&each["id"])).collect();
    assert_eq!(listed, [1, 3, 4]);
}

#[test]
fn who_belongs_together_begins_together() {
    let running = Running::start(27_100, 27_199, 2);
    let mut client = Client::connect(&running);
    let mut low = |near: &[Option<Value>]| -> (Vec<u64>, Vec<bool>) {
        client.endpoints(near).into_iter().map(|(id, port)| (id, port < 27_150)).unzip()
    };
    let (_, pairs) = low(&[None, Some("last".into()), None, Some("last".into())]);
    assert_eq!(pairs, [true, true, false, false]);
    let (first, places) = low(&[None]);
    let (_, near) = low(&[Some(first[0].into()), Some(first[0].into()), Some(first[0].into())]);
    assert_eq!(BTreeSet::from_iter(places.iter().chain(&near)).len(), 1);
    let (_, far) = low(&[None]);
    assert_ne!(far, places, "the emptier one");
}

#[test]
fn when_one_has_no_port_left_another_gives_one() {
    let running = Running::start(27_200, 27_207, 2);
    let mut client = Client::connect(&running);
    let near: Vec<Option<Value>> = (0..4).map(|_| Some("last".into())).collect();
    let ports: BTreeSet<u16> = client.endpoints(&near).into_iter().map(|(_, port)| port).collect();
    assert_eq!(ports.len(), 4);
    let refused = client.one("create-endpoint", &[("kind", "rtp".into()), ("tag", "leg".into())]);
    assert_eq!(refused, "no-ports".into());
}

#[test]
fn who_is_joined_from_two_threads_hears_every_packet() {
    let running = Running::start(27_300, 27_399, 2);
    let mut client = Client::connect(&running);
    let made = client.endpoints(&[None, None, None]);
    let phones = [phone(), phone(), phone()];
    for ((id, _), phone) in made.iter().zip(&phones) {
        client.configure(*id, phone);
    }
    let [(a, _), (b, _), (c, _)] = made[..] else { panic!("three of them") };
    let bridge = |client: &mut Client, a: u64, b: u64| {
        let made = client.one("create-bridge", &[("a", a.into()), ("b", b.into()), ("tag", "call".into())]);
        number(&made["bridge"])
    };
    for (wrong, right) in [(99, b), (b, 99)] {
        let of = [("a", wrong.into()), ("b", right.into()), ("tag", "call".into())];
        assert_eq!(client.one("create-bridge", &of), "not-found".into());
    }
    let mut spoken = [0u16; 3];
    let mut say = |speaker: usize, to: u16| {
        spoken[speaker] += 1;
        // Nobody else says this.
        let said = speaker as u8 * 80 + spoken[speaker] as u8;
        say(&phones[speaker], to, spoken[speaker], said);
        said
    };
    for (x, y, one, other) in [(a, b, 0, 1), (b, c, 1, 2), (c, a, 2, 0), (a, b, 0, 1)] {
        let port = |phone: usize| made[phone].1;
        // These come before, or while one of the two is on its way.
        for _ in 0..3 {
            say(one, port(one));
        }
        let number = bridge(&mut client, x, y);
        let mut before = None;
        for _ in 0..20 {
            let said = say(one, port(one));
            // What it heard before is of the turns before.
            let (sequence, first) = match before {
                Some(_) => hear(&phones[other]),
                None => std::iter::repeat_with(|| hear(&phones[other]))
                    .find(|(_, first)| *first == said)
                    .unwrap_or_default(),
            };
            assert_eq!(first, said);
            assert!(before.is_none_or(|before: u16| sequence == before.wrapping_add(1)));
            before = Some(sequence);
        }
        let said = say(other, port(other));
        while hear(&phones[one]).1 != said {}
        let bridges = client.one("list-bridges", &[]);
        let listed: Vec<u64> =
            bridges.as_array().expect("a list").iter().map(|each| crate::number(&each["id"])).collect();
        assert_eq!(listed, [number], "the one before has ended");
    }
    for ((id, _), spoken) in made.iter().zip(spoken) {
        let stats = client.one("stats", &[("endpoint", (*id).into())]);
        let counted = (number(&stats["packets_received"]), number(&stats["packets_lost"]));
        assert_eq!(counted, (spoken.into(), 0), "endpoint {id}");
    }
    let started = client.events.iter().filter(|event| event[2] == "media-started".into()).count();
    assert_eq!(started, 3);
}

#[test]
fn rooms_whispers_and_sources_work_across_threads() {
    let running = Running::start(27_400, 27_499, 2);
    let mut client = Client::connect(&running);
    let made = client.endpoints(&[None, None, None, None]);
    let ids: Vec<u64> = made.iter().map(|(id, _)| *id).collect();
    let phones: Vec<UdpSocket> = ids.iter().map(|_| phone()).collect();
    for (id, phone) in ids.iter().zip(&phones) {
        client.configure(*id, phone);
    }
    let room =
        number(&client.one("create-room", &[("tag", "meeting".into()), ("rate", 16_000.into())])["room"]);
    let mut join = |endpoint: u64, room: u64, role: &str, to: Option<u64>| {
        let mut of = vec![("room", room.into()), ("endpoint", endpoint.into()), ("role", role.into())];
        of.extend(to.map(|to| ("whisper_to", to.into())));
        client.one("join-room", &of)
    };
    let done = Value::Map(vec![]);
    assert_eq!(join(ids[1], 99, "talk", None), "not-found".into());
    assert_eq!(join(99, room, "talk", None), "not-found".into());
    assert_eq!(join(ids[1], room, "shout", None), "bad-request".into());
    assert_eq!(join(ids[0], room, "whisper", Some(99)), "not-found".into());
    // Whom it whispers to is elsewhere, and comes later.
    assert_eq!(join(ids[0], room, "whisper", Some(ids[1])), done);
    assert_eq!(join(ids[1], room, "talk", None), done);
    assert_eq!(join(ids[3], room, "talk", None), done);
    let rooms = client.one("list-rooms", &[]);
    let members: Vec<u64> =
        rooms[0]["members"].as_array().expect("members").iter().map(|it| number(&it["endpoint"])).collect();
    assert_eq!(members, [ids[0], ids[1], ids[3]]);
    for phone in [&phones[0], &phones[1], &phones[3]] {
        hear(phone);
    }

    let tone = fields(&[
        ("kind", "tone".into()),
        ("frequencies", Value::Array(vec![425.0.into()])),
        ("cadence", Value::Array(vec![])),
        ("level_dbm0", (-10.0).into()),
    ]);
    let of = [("tag", "music".into()), ("source", tone), ("loop", true.into())];
    let source = number(&client.one("create-source", &of)["source"]);
    let missing = fields(&[("kind", "wav".into()), ("path", "/nowhere.wav".into())]);
    let of = [("tag", "none".into()), ("source", missing), ("loop", true.into())];
    assert_eq!(client.one("create-source", &of), "bad-request".into());
    // The third stayed where it was, the second is in the room's thread by now.
    for id in [ids[1], ids[2]] {
        let shared = fields(&[("kind", "shared".into()), ("source", source.into())]);
        let of = [("endpoint", id.into()), ("source", shared), ("loop", true.into())];
        assert!(client.one("play", &of)["player"].is_u64());
    }
    hear(&phones[2]);
    let sources = client.one("list-sources", &[]);
    assert_eq!(sources.as_array().map(Vec::len), Some(1));
    assert_eq!(sources[0]["listeners"], Value::Array(vec![ids[1].into(), ids[2].into()]));
    client.one("delete-source", &[("source", source.into())]);
    let finished =
        |client: &Client| client.events.iter().filter(|event| event[2] == "player-finished".into()).count();
    let begun = Instant::now();
    while finished(&client) < 2 {
        assert!(begun.elapsed() < Duration::from_secs(5), "both players end");
        client.one("list-sources", &[]);
    }
    client.one("delete-room", &[("room", room.into())]);
    for id in &ids {
        client.one("delete-endpoint", &[("endpoint", (*id).into())]);
    }
    assert_eq!(client.one("list-endpoints", &[]), Value::Array(vec![]));
    assert_eq!(client.one("list-rooms", &[]), Value::Array(vec![]));
}
