//! An endpoint moves in the middle of everything that it can be doing; whoever listens notices nothing.

use std::net::UdpSocket;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::audio::listen::{level_of, sine};
use crate::audio::{AudioCodec, Encoder, OpusSettings, decode_g711};
use crate::control::message::{
    Configure, CreateBridge, CreateEndpoint, OnEndpoint, OnRecorder, Play, Record, RecordLimits, SendDtmf,
};
use crate::control::source::CreateSource;
use crate::control::{
    CodecSpec, Crypto, Direction, DtmfMethod, Event, Kind, Operation, Remote, Reply, SourceSpec, What,
};
use crate::engine::{Common, Word};
use crate::ids::Seat;
use crate::player::FRAME;
use crate::ports::Ports;
use crate::rtp::packet::is_rtcp;
use crate::rtp::{HEADER, Header};
use crate::srtp::{Session, Suite};

const KEYS: [[u8; 30]; 2] = [[7; 30], [9; 30]];

/// An engine, what it waits for, and what its helpers tell.
struct Place {
    engine: Engine,
    watch: Watch,
    words: Receiver<Word>,
}

impl Place {
    /// Two of one process.
    fn pair() -> [Self; 2] {
        let common = Common::generate().expect("a certificate");
        [0, 1].map(|index| {
            let (sender, words) = channel();
            let tell = std::sync::Arc::new(move |word| _ = sender.send(word));
            let ports = Ports::new([127, 0, 0, 1].into(), 28_000 + 200 * index, 28_199 + 200 * index);
            let seat = Seat::new(index.into(), 2);
            let engine = Engine::new(ports.expect("a range"), common.clone(), seat, tell);
            Self { engine, watch: Watch::new().expect("a descriptor"), words }
        })
    }

    fn ask(&mut self, operation: Operation, now: Instant) -> Reply {
        self.engine.perform("test", operation, &self.watch, now).expect("done")
    }

    fn move_to(&mut self, other: &mut Self, endpoint: u64, now: Instant) {
        let luggage = self.engine.depart(endpoint, &self.watch, now).expect("it lives here");
        assert!(other.engine.arrive(Box::new(luggage), &other.watch, now).is_ok());
    }

    /// Reads everything that waits at an endpoint.
    fn read(&mut self, now: Instant) {
        let mut ready = Vec::new();
        loop {
            self.watch.wait(Some(Duration::ZERO), &mut ready).expect("epoll");
            if ready.is_empty() {
                return;
            }
            for number in ready.drain(..) {
                match Token::of(number) {
                    Token::Media(id) => self.engine.readable(id, now),
                    Token::Report(id) => self.engine.readable_rtcp(id, now),
                    _ => unreachable!("nothing else is watched"),
                }
            }
        }
    }
}

/// A telephone that speaks SRTP and A-law.
struct Phone {
    socket: UdpSocket,
    ours: Session,
    theirs: Session,
    voice: Vec<i16>,
    sequence: u16,
    heard: Vec<(Header, Vec<u8>)>,
}

impl Phone {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_nonblocking(true).expect("a socket");
        let session = |key: &[u8]| Session::new(Suite::AesCm128Sha1Tag80, key).expect("a key");
        Self {
            socket,
            ours: session(&KEYS[1]),
            theirs: session(&KEYS[0]),
            voice: sine(600.0, -10.0, 8_000),
            sequence: 100,
            heard: Vec::new(),
        }
    }

    /// Says the next 20 ms of a tone of 600 Hz.
    fn speak(&mut self, to: u16) {
        let mut payload = Vec::new();
        let start = usize::from(self.sequence - 100) * 160 % 8_000;
        Encoder::new(AudioCodec::Pcma, &OpusSettings::default())
            .and_then(|mut encoder| encoder.encode(&self.voice[start..start + 160], &mut payload))
            .expect("A-law");
        let mut packet = vec![0; HEADER];
        let timestamp = u32::from(self.sequence) * 160;
        Header { payload_type: 8, marker: false, sequence: self.sequence, timestamp, ssrc: 77 }
            .write(&mut packet);
        packet.extend(payload);
        assert!(self.ours.protect(&mut packet));
        self.socket.send_to(&packet, ("127.0.0.1", to)).expect("sent");
        self.sequence += 1;
    }

    fn listen(&mut self) {
        let mut buffer = [0; 2048];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            if is_rtcp(&buffer[..length]) {
                continue;
            }
            let length = self.theirs.unprotect(&mut buffer[..length]).expect("the keys that were agreed on");
            let (header, start, end) = Header::parse(&buffer[..length]).expect("RTP");
            self.heard.push((header, buffer[start..end].to_vec()));
        }
    }
}

fn leg(place: &mut Place, phone: &Phone, dtmf: DtmfMethod, now: Instant) -> (u64, u16) {
    let wanted = CreateEndpoint { kind: Kind::Rtp, tag: "leg".into(), near: None };
    let Reply::Endpoint { endpoint, local } = place.ask(Operation::CreateEndpoint(wanted), now) else {
        panic!("no endpoint")
    };
    let codec = |name: &str, payload_type| CodecSpec {
        name: name.into(),
        payload_type,
        clock_rate: 8_000,
        channels: 1,
        fmtp: String::new(),
    };
    // Forty letters are thirty bytes.
    let [send_key, receive_key] = ["BwcH", "CQkJ"].map(|three| three.repeat(10));
    let remote = Remote {
        address: "127.0.0.1".into(),
        port: phone.socket.local_addr().expect("bound").port(),
        rtcp_port: None,
        rtcp_mux: true,
        ice_ufrag: None,
        ice_pwd: None,
        fingerprint: None,
        candidates: vec![],
        crypto: Some(Crypto { suite: "AES_CM_128_HMAC_SHA1_80".into(), send_key, receive_key, late: false }),
        dtls_setup: None,
    };
    let request = Configure {
        endpoint,
        remote,
        codecs: vec![codec("PCMA", 8), codec("telephone-event", 101)],
        direction: Direction::Sendrecv,
        timeout: Some(5.0),
        dtmf,
        keep_digits: false,
        t38: None,
        mid: None,
        video: vec![],
        extensions: vec![],
    };
    place.ask(Operation::Configure(Box::new(request)), now);
    (endpoint, local.port)
}

fn tone() -> SourceSpec {
    SourceSpec::Tone { frequencies: vec![425.0], cadence: vec![], level_dbm0: -10.0, duration_ms: None }
}

fn loud(samples: &[i16], hz: f32, rate: u32, what: &str) {
    for (number, piece) in samples.chunks_exact(rate as usize / 50).enumerate() {
        let level = level_of(hz, piece, rate);
        assert!((level + 10.0).abs() < 1.5, "{what}, frame {number}: {level} dBm0");
    }
}

fn check_file(path: &Path) {
    let mut reader = hound::WavReader::open(path).expect("a recording");
    let samples: Vec<i16> = reader.samples().map(|sample| sample.expect("a sample")).collect();
    for (channel, hz) in [(0, 600.0), (1, 425.0)] {
        let own: Vec<i16> = samples.iter().skip(channel).step_by(2).copied().collect();
        // The first two frames wait for the first packet.
        assert_eq!(own.len() / 320, 149);
        loud(&own[2 * 320..], hz, 16_000, &format!("channel {channel}"));
    }
}

#[test]
fn the_tone_goes_on_whoever_plays_it() {
    let [mut one, mut other] = Place::pair();
    let (mut phone, mut now) = (Phone::new(), Instant::now());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("call.wav");
    let (endpoint, port) = leg(&mut one, &phone, DtmfMethod::Events, now);
    one.ask(Operation::Play(Play { endpoint, source: tone(), looped: true }), now);
    let record = Record { endpoint, path: path.clone(), what: What::Both, limits: RecordLimits::default() };
    let Reply::Recorder { recorder } = one.ask(Operation::Record(record), now) else { panic!("no recorder") };
    // There, back again, and there: what was waited for before must not be waited for twice.
    for turn in 0..3 {
        for frame in 0..50 {
            phone.speak(port);
            if turn < 2 && frame == 49 {
                // What comes while it is under way waits in the socket.
                one.move_to(&mut other, endpoint, now);
                std::mem::swap(&mut one, &mut other);
            }
            one.read(now);
            one.engine.tick(now);
            other.engine.tick(now);
            phone.listen();
            now += FRAME;
        }
    }
    assert!(other.engine.depart(endpoint, &other.watch, now).is_err(), "it is gone from there");
    let Reply::Stats(stats) = one.ask(Operation::Stats(OnEndpoint { endpoint }), now) else {
        panic!("no stats")
    };
    assert_eq!((stats.packets_received, stats.packets_lost, stats.packets_sent), (150, 0, 150));
    let totals = [one.engine.figures().totals, other.engine.figures().totals];
    assert_eq!(totals.map(|totals| totals.packets_sent).iter().sum::<u64>(), 150, "each is counted once");
    assert_eq!(totals.map(|totals| totals.endpoints).iter().sum::<u64>(), 1);

    assert_eq!(phone.heard.len(), 150);
    for (last, next) in phone.heard.iter().zip(&phone.heard[1..]) {
        assert_eq!(next.0.sequence, last.0.sequence.wrapping_add(1));
        assert_eq!(next.0.timestamp, last.0.timestamp.wrapping_add(160));
        assert_eq!((next.0.ssrc, next.0.marker), (last.0.ssrc, false), "nothing is new to the hearer");
    }
    let heard: Vec<i16> = phone
        .heard
        .iter()
        .flat_map(|(_, payload)| decode_g711(AudioCodec::Pcma, payload).expect("A-law"))
        .collect();
    loud(&heard, 425.0, 8_000, "the telephone");

    one.ask(Operation::StopRecorder(OnRecorder { recorder }), now);
    // The thread that writes belongs to where the recording began.
    let word = [&one, &other].iter().find_map(|place| place.words.recv_timeout(Duration::from_secs(5)).ok());
    let word = word.expect("the file is complete");
    assert_eq!(word.about(), recorder);
    let word = other.engine.told(word, now).expect("nothing is known of it any more");
    assert!(one.engine.told(word, now).is_none());
    let finished =
        one.engine.events().into_iter().find(|event| matches!(event, Event::RecorderFinished { .. }));
    assert!(
        matches!(finished, Some(Event::RecorderFinished { endpoint: Some(id), .. }) if id == endpoint),
        "{finished:?}"
    );
    check_file(&path);
}

#[test]
fn a_key_that_is_being_sent_is_sent_once() {
    let [mut one, mut other] = Place::pair();
    let (mut phone, mut now) = (Phone::new(), Instant::now());
    let (endpoint, _) = leg(&mut one, &phone, DtmfMethod::Events, now);
    let digits = SendDtmf { endpoint, digits: "5".into(), duration_ms: 120 };
    one.ask(Operation::SendDtmf(digits), now);
    for frame in 0..20 {
        if frame == 3 || frame == 4 {
            one.move_to(&mut other, endpoint, now);
            std::mem::swap(&mut one, &mut other);
        }
        one.engine.tick(now);
        other.engine.tick(now);
        phone.listen();
        now += FRAME;
    }
    let events: Vec<(u8, bool, u16)> = phone
        .heard
        .iter()
        .map(|(_, event)| (event[0], event[1] & 0x80 != 0, u16::from_be_bytes([event[2], event[3]])))
        .collect();
    assert!(events.iter().all(|(key, ..)| *key == 5));
    assert_eq!(events.iter().filter(|(_, end, _)| *end).count(), 3, "{events:?}");
    let grows: Vec<u16> = events.iter().filter(|(_, end, _)| !end).map(|(.., duration)| *duration).collect();
    assert!(grows.windows(2).all(|pair| pair[1] == pair[0] + 160), "{grows:?}");
    assert!(phone.heard.iter().all(|(header, _)| header.timestamp == phone.heard[0].0.timestamp));
}

#[test]
fn who_leaves_is_out_of_its_bridge_and_hears_the_music_on_there() {
    let [mut one, mut other] = Place::pair();
    let (phones, mut now) = ([Phone::new(), Phone::new()], Instant::now());
    let [a, b] = [&phones[0], &phones[1]].map(|phone| leg(&mut one, phone, DtmfMethod::Events, now).0);
    let music = CreateSource { tag: "music".into(), source: tone(), looped: true };
    let Reply::Source { source } = one.ask(Operation::CreateSource(music.clone()), now) else {
        panic!("no source")
    };
    other.engine.put_source(source, music, now).expect("the same there");
    one.ask(Operation::CreateBridge(CreateBridge { a, b, tag: "call".into() }), now);
    one.ask(Operation::Play(Play { endpoint: a, source: SourceSpec::Shared { source }, looped: true }), now);
    let [mut phone, _] = phones;
    for frame in 0..50 {
        if frame == 25 {
            one.move_to(&mut other, a, now);
        }
        one.engine.tick(now);
        other.engine.tick(now);
        phone.listen();
        now += FRAME;
    }
    let Reply::Bridges(bridges) = one.ask(Operation::ListBridges, now) else { panic!("no list") };
    assert!(bridges.is_empty());
    let listeners = |place: &mut Place, now| match place.ask(Operation::ListSources, now) {
        Reply::Sources(sources) => sources[0].listeners.clone(),
        reply => panic!("{reply:?}"),
    };
    assert_eq!((listeners(&mut one, now), listeners(&mut other, now)), (vec![], vec![a]));
    assert_eq!(phone.heard.len(), 50);
    let heard: Vec<i16> = phone
        .heard
        .iter()
        .flat_map(|(_, payload)| decode_g711(AudioCodec::Pcma, payload).expect("A-law"))
        .collect();
    loud(&heard, 425.0, 8_000, "the telephone");
    other.ask(Operation::DeleteEndpoint(OnEndpoint { endpoint: a }), now);
    assert_eq!(listeners(&mut other, now), Vec::<u64>::new());
}
