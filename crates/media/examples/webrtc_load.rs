//! Load for the `video` and `webrtc` measurements: browsers as str0m makes them, ICE, DTLS and SRTP included.
//!
//! `video`: the first browser sends pictures (25 a second, of five packets of 1000 bytes each: 1 Mbit/s; as VP8, whole
//! pictures where one is asked for), the others watch. `audio`: each browser speaks Opus with a telephone behind the
//! server under test, both ways. Counted is what arrives.
//!
//! Arguments: `video` or `audio`, seconds of warming up, seconds measured, how many watch, or how many calls, and the
//! browsers' own address. Lines on stdout and stdin, in this order:
//!
//! 1. prints `{"peers": [{…}, …]}`: port, ICE credentials, fingerprint and SSRC of each browser, and its telephone's port;
//! 2. reads one JSON object for each: where it connects to, and what was negotiated; prints `first` when the first one is
//!    connected, the others may be told later;
//! 3. prints `measuring` when all are connected and warm, `measured` at the end, and then the result as one JSON object.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use stimme_media::audio::{AudioCodec, Encoder, OpusSettings};
use stimme_media::rtp::Header;
use str0m::config::{DtlsCert, Fingerprint};
use str0m::format::{Codec, FormatParams};
use str0m::media::{Frequency, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap, RtpWrite, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, IceCreds, Input, Output, Rtc};

/// Time between pictures and between packets of speech.
const PICTURE_TIME: Duration = Duration::from_millis(40);
const SPEECH_TIME: Duration = Duration::from_millis(20);
const PACKETS: usize = 5;
const PACKET: usize = 1000;
/// How long everybody may take to connect.
const PATIENCE: Duration = Duration::from_secs(60);
const EXTENSIONS: [Extension; 2] = [Extension::RtpMid, Extension::TransportSequenceNumber];

/// What a browser is told.
#[derive(Deserialize)]
struct Told {
    address: SocketAddr,
    ufrag: String,
    pwd: String,
    fingerprint: String,
    /// Whether it begins DTLS.
    active: bool,
    payload_type: u8,
    mid: String,
    /// What the server sends with, if it is known.
    ssrc: Option<u32>,
    /// Header extensions that were negotiated.
    #[serde(default)]
    extensions: Vec<(u8, String)>,
    /// Where the telephone sends to.
    plain: Option<SocketAddr>,
}

struct Browser {
    socket: UdpSocket,
    own: SocketAddr,
    credentials: IceCreds,
    ssrc: u32,
    video: bool,
    session: Option<Session>,
    telephone: Option<Telephone>,
    sequence: u64,
    received: u64,
}

struct Session {
    rtc: Rtc,
    next: Instant,
    payload_type: u8,
    asked: bool,
    connected: bool,
    trouble: Option<String>,
}

/// Plain RTP; the second socket keeps RTCP from being refused.
struct Telephone {
    socket: UdpSocket,
    _reports: UdpSocket,
    port: u16,
    target: Option<SocketAddr>,
    payload_type: u8,
    received: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, warm, seconds, count, address] = arguments.as_slice() else {
        return Err("usage: webrtc_load video|audio WARM_SECONDS SECONDS COUNT ADDRESS".into());
    };
    let (warm, seconds, count): (u64, u64, usize) = (warm.parse()?, seconds.parse()?, count.parse()?);
    let video = mode == "video";
    let provider = str0m::crypto::from_feature_flags();
    let certificate = provider.dtls_provider.generate_certificate().ok_or("no certificate")?;
    let mut browsers: Vec<Browser> = Vec::new();
    for number in 0..count + usize::from(video) {
        browsers.push(Browser::new(number as u32, video, address.parse()?)?);
    }
    introduce(&browsers, &certificate)?;
    let told = lines(browsers.len());
    connect(&mut browsers, &told, &certificate)?;
    let (warm, seconds) = (Duration::from_secs(warm), Duration::from_secs(seconds));
    let expected = talk(&mut browsers, video, warm, seconds)?;
    let browsed: u64 = browsers.iter().map(|browser| browser.received).sum();
    let heard: u64 = browsers.iter().filter_map(|b| b.telephone.as_ref()).map(|t| t.received).sum();
    println!("{}", json!({ "sent": expected, "received": browsed + heard }));
    Ok(())
}

fn introduce(browsers: &[Browser], certificate: &DtlsCert) -> Result<(), Box<dyn Error>> {
    let mut prototype = Rtc::builder().set_dtls_cert(certificate.clone()).build(Instant::now());
    let fingerprint = write_fingerprint(prototype.direct_api().local_dtls_fingerprint());
    let peer = |browser: &Browser| {
        json!({
            "address": browser.own.ip(),
            "port": browser.own.port(),
            "ufrag": browser.credentials.ufrag,
            "pwd": browser.credentials.pass,
            "fingerprint": fingerprint,
            "ssrc": browser.ssrc,
            "plain": browser.telephone.as_ref().map(|telephone| telephone.port),
        })
    };
    let peers: Vec<_> = browsers.iter().map(peer).collect();
    println!("{}", json!({ "peers": peers }));
    Ok(io::stdout().flush()?)
}

/// Reads in a thread of its own: whoever is connected already must go on answering.
fn lines(count: usize) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok).take(count) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn connect(
    browsers: &mut [Browser],
    told: &mpsc::Receiver<String>,
    certificate: &DtlsCert,
) -> Result<(), Box<dyn Error>> {
    let (deadline, mut begun, mut first) = (Instant::now() + PATIENCE, 0, false);
    while begun < browsers.len() || !browsers.iter().all(Browser::is_connected) {
        while let Ok(line) = told.try_recv() {
            browsers[begun].begin(&serde_json::from_str(&line)?, certificate)?;
            begun += 1;
        }
        let mut any = false;
        for browser in browsers.iter_mut() {
            any |= browser.turn(Instant::now());
            if let Some(trouble) = browser.session.as_ref().and_then(|session| session.trouble.clone()) {
                return Err(trouble.into());
            }
        }
        if !first && browsers[0].is_connected() {
            first = true;
            say("first")?;
        }
        if Instant::now() > deadline {
            return Err(format!("only {begun} of {} browsers are there", browsers.len()).into());
        }
        if !any {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    Ok(())
}

/// Talks until the time is over; returns how many packets should have arrived in the measured part.
fn talk(
    browsers: &mut [Browser],
    video: bool,
    warm: Duration,
    seconds: Duration,
) -> Result<u64, Box<dyn Error>> {
    let interval = if video { PICTURE_TIME } else { SPEECH_TIME };
    let speech = speech()?;
    let start = Instant::now();
    let senders = if video { 1 } else { browsers.len() };
    let (mut rounds, mut measuring, mut expected) = (vec![0u32; senders], false, 0);
    loop {
        let now = Instant::now();
        let since = now.duration_since(start);
        if since >= warm && !measuring {
            measuring = true;
            for browser in browsers.iter_mut() {
                browser.received = 0;
                browser.telephone.as_mut().into_iter().for_each(|telephone| telephone.received = 0);
            }
            expected = 0;
            say("measuring")?;
        }
        if since >= warm + seconds {
            break;
        }
        let mut any = false;
        for (number, round) in rounds.iter_mut().enumerate() {
            // Spread over the interval, as senders that know nothing of each other are.
            let due = interval * *round + interval * number as u32 / senders as u32;
            if since >= due {
                *round += 1;
                any = true;
                expected += if video {
                    browsers[number].show(*round, now) * (browsers.len() as u64 - 1)
                } else {
                    browsers[number].speak(*round, &speech[*round as usize % speech.len()], now)
                };
            }
        }
        for browser in browsers.iter_mut() {
            any |= browser.turn(now);
        }
        if !any {
            std::thread::sleep(Duration::from_micros(100));
        }
    }
    say("measured")?;
    let late = Instant::now() + Duration::from_millis(200);
    while Instant::now() < late {
        for browser in browsers.iter_mut() {
            browser.turn(Instant::now());
        }
    }
    Ok(expected)
}

impl Browser {
    fn new(number: u32, video: bool, address: IpAddr) -> io::Result<Self> {
        let socket = open(address)?;
        let telephone = if video { None } else { Some(Telephone::new()?) };
        let own = socket.local_addr()?;
        let credentials = IceCreds::new();
        let ssrc = 0x3000_0000 + number * 2;
        let (session, sequence, received) = (None, 1000, 0);
        Ok(Self { socket, own, credentials, ssrc, video, session, telephone, sequence, received })
    }

    fn is_connected(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.connected)
    }

    fn begin(&mut self, told: &Told, certificate: &DtlsCert) -> Result<(), Box<dyn Error>> {
        let now = Instant::now();
        let mut map = ExtensionMap::empty();
        for (id, uri) in &told.extensions {
            if let Some(known) = EXTENSIONS.iter().find(|known| known.as_uri() == uri) {
                map.set(*id, known.clone());
            }
        }
        let mut config = Rtc::builder()
            .set_rtp_mode(true)
            .set_dtls_cert(certificate.clone())
            .set_local_ice_credentials(self.credentials.clone())
            .set_extension_map(map)
            .clear_codecs();
        let (codec, clock, channels, kind) = if self.video {
            (Codec::Vp8, Frequency::NINETY_KHZ, None, MediaKind::Video)
        } else {
            (Codec::Opus, Frequency::FORTY_EIGHT_KHZ, Some(2), MediaKind::Audio)
        };
        let number = Pt::new_with_value(told.payload_type);
        config.codec_config().add_config(number, None, codec, clock, channels, FormatParams::default());
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(self.own, Protocol::Udp)?);
        rtc.add_remote_candidate(Candidate::host(told.address, Protocol::Udp)?);
        let mid = Mid::from(told.mid.as_str());
        let mut direct = rtc.direct_api();
        direct.set_remote_ice_credentials(IceCreds { ufrag: told.ufrag.clone(), pass: told.pwd.clone() });
        direct.set_ice_controlling(true);
        direct.set_remote_fingerprint(read_fingerprint(&told.fingerprint).ok_or("no fingerprint")?);
        direct.declare_media(mid, kind);
        direct.declare_stream_tx(Ssrc::from(self.ssrc), None, mid, None).set_unpaced(true);
        if let Some(ssrc) = told.ssrc {
            direct.expect_stream_rx(Ssrc::from(ssrc), None, mid, None).suppress_nack(!self.video);
        }
        if told.extensions.iter().any(|(_, uri)| uri == EXTENSIONS[1].as_uri()) {
            direct.enable_twcc_feedback();
        }
        direct.start_dtls(told.active)?;
        if let (Some(telephone), Some(target)) = (&mut self.telephone, told.plain) {
            telephone.target = Some(target);
            telephone.payload_type = told.payload_type;
        }
        let payload_type = told.payload_type;
        let mut session =
            Session { rtc, next: now, payload_type, asked: true, connected: false, trouble: None };
        session.drive(&self.socket, &mut self.received);
        self.session = Some(session);
        Ok(())
    }

    /// Takes what came and does what is due; returns whether there was anything.
    fn turn(&mut self, now: Instant) -> bool {
        let mut any = false;
        if let Some(telephone) = &mut self.telephone {
            any |= telephone.listen();
        }
        let Some(session) = &mut self.session else {
            return any;
        };
        let mut buffer = [0; 2000];
        while let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
            any = true;
            let Ok(receive) = Receive::new(Protocol::Udp, source, self.own, &buffer[..length]) else {
                continue;
            };
            session.handle(Input::Receive(now, receive));
            session.drive(&self.socket, &mut self.received);
        }
        if now >= session.next {
            session.handle(Input::Timeout(now));
            session.drive(&self.socket, &mut self.received);
        }
        any
    }

    /// Sends a picture; returns of how many packets.
    fn show(&mut self, round: u32, now: Instant) -> u64 {
        let whole = self.session.as_mut().is_none_or(|session| std::mem::take(&mut session.asked));
        for packet in 0..PACKETS {
            let mut payload = vec![0x5a; PACKET];
            let start = if packet == 0 { 0x90 } else { 0x80 };
            payload[..5].copy_from_slice(&[
                start,
                0x80,
                0x80 | (round >> 8) as u8 & 0x7f,
                round as u8,
                if whole { 0 } else { 1 },
            ]);
            self.write(payload, round.wrapping_mul(3600), packet + 1 == PACKETS, now);
        }
        self.flush(now);
        PACKETS as u64
    }

    /// Lets the browser and its telephone say something to each other.
    fn speak(&mut self, round: u32, payload: &[u8], now: Instant) -> u64 {
        self.write(payload.to_vec(), round.wrapping_mul(960), false, now);
        self.flush(now);
        if let Some(telephone) = &self.telephone {
            telephone.say(round, payload);
        }
        2
    }

    fn write(&mut self, payload: Vec<u8>, timestamp: u32, marker: bool, now: Instant) {
        self.sequence += 1;
        let ssrc = Ssrc::from(self.ssrc);
        if let Some(session) = &mut self.session {
            let number = Pt::new_with_value(session.payload_type);
            let packet = RtpWrite::new(number, self.sequence.into(), timestamp, now, payload).marker(marker);
            if let Some(stream) = session.rtc.direct_api().stream_tx(&ssrc) {
                stream.write_rtp(packet);
            }
        }
    }

    fn flush(&mut self, now: Instant) {
        if let Some(session) = &mut self.session {
            session.handle(Input::Timeout(now));
            session.drive(&self.socket, &mut self.received);
        }
    }
}

impl Session {
    fn handle(&mut self, input: Input) {
        if let Err(error) = self.rtc.handle_input(input) {
            self.trouble = Some(error.to_string());
        }
    }

    fn drive(&mut self, socket: &UdpSocket, received: &mut u64) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.next = at;
                    break;
                }
                Ok(Output::Transmit(transmit)) => {
                    // What the system does not take is lost, and counted as such at the other end.
                    let _ = socket.send_to(&transmit.contents, transmit.destination);
                }
                Ok(Output::Event(Event::RtpPacket(_))) => *received += 1,
                Ok(Output::Event(Event::KeyframeRequest(_))) => self.asked = true,
                Ok(Output::Event(Event::Connected)) => self.connected = true,
                // Before the first answer it is no loss; who never connects is noticed by the deadline.
                Ok(Output::Event(Event::IceConnectionStateChange(IceConnectionState::Disconnected)))
                    if self.connected =>
                {
                    self.trouble = Some("ICE is lost".into());
                }
                Ok(Output::Event(_)) => {}
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    break;
                }
            }
        }
    }
}

impl Telephone {
    fn new() -> io::Result<Self> {
        loop {
            let socket = open(Ipv4Addr::LOCALHOST.into())?;
            let port = socket.local_addr()?.port();
            if port.is_multiple_of(2)
                && let Ok(reports) = UdpSocket::bind(("127.0.0.1", port + 1))
            {
                let (target, payload_type, received) = (None, 0, 0);
                return Ok(Self { socket, _reports: reports, port, target, payload_type, received });
            }
        }
    }

    fn say(&self, round: u32, payload: &[u8]) {
        let header = Header {
            payload_type: self.payload_type,
            marker: round == 1,
            sequence: round as u16,
            timestamp: round.wrapping_mul(960),
            ssrc: 0x4000_0000 + u32::from(self.port),
        };
        let mut packet = vec![0; 12 + payload.len()];
        header.write(&mut packet);
        packet[12..].copy_from_slice(payload);
        if let Some(target) = self.target {
            let _ = self.socket.send_to(&packet, target);
        }
    }

    fn listen(&mut self) -> bool {
        let (mut buffer, mut any) = ([0; 2000], false);
        while let Ok((length, _)) = self.socket.recv_from(&mut buffer) {
            any = true;
            let header = Header::parse(&buffer[..length]);
            self.received += u64::from(header.is_some_and(|(h, ..)| h.payload_type == self.payload_type));
        }
        any
    }
}

fn open(address: IpAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((address, 0))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// A second of a tone, in packets of Opus.
fn speech() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut encoder = Encoder::new(AudioCodec::Opus, &OpusSettings::default())?;
    let mut packets = Vec::new();
    for frame in 0..50 {
        let sample = |n: usize| {
            let at = (frame * 960 + n) as f64 / 48_000.0;
            ((at * 440.0 * std::f64::consts::TAU).sin() * 8000.0) as i16
        };
        let samples: Vec<i16> = (0..960).map(sample).collect();
        let mut packet = Vec::new();
        encoder.encode(&samples, &mut packet)?;
        packets.push(packet);
    }
    Ok(packets)
}

fn say(word: &str) -> io::Result<()> {
    println!("{word}");
    io::stdout().flush()
}

fn write_fingerprint(fingerprint: &Fingerprint) -> String {
    let bytes: Vec<String> = fingerprint.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{} {}", fingerprint.hash_func, bytes.join(":"))
}

fn read_fingerprint(text: &str) -> Option<Fingerprint> {
    let (hash, bytes) = text.trim().split_once(' ')?;
    let bytes: Option<Vec<u8>> = bytes.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    Some(Fingerprint { hash_func: hash.to_ascii_lowercase(), bytes: bytes?.into_iter().collect() })
}
