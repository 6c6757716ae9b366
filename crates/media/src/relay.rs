//! The way of a packet from one endpoint to the one it is bridged with.

use std::time::Instant;

use crate::audio::{AudioCodec, between_g711, decode_g711};
use crate::control::{DtmfMethod, Event};
use crate::endpoint::{Endpoint, Meaning};
use crate::fax::{Inbox, Input};
use crate::ids::IdMap;
use crate::rtp::dtmf::{self, Press};
use crate::rtp::outgoing::Feed;
use crate::rtp::{HEADER, Header};
use crate::translation::Translation;

/// What packets lead to beyond what is sent on at once.
#[derive(Default)]
pub struct Aftermath {
    /// For the clients.
    pub events: Vec<Event>,
    /// Keys that an endpoint's peer is to be told in another way than they came.
    pub keys: Vec<(u64, Press)>,
    /// Endpoints whose translation is due from now on, and when.
    pub woken: Vec<(u64, Instant)>,
}

/// Takes a packet that arrived at endpoint `id`; `packet` is the whole of it and may be changed.
pub fn arrived(
    endpoints: &mut IdMap<Box<Endpoint>>,
    id: u64,
    packet: &mut [u8],
    now: Instant,
    aftermath: &mut Aftermath,
) {
    let Some((header, start, end)) = Header::parse(packet) else {
        return;
    };
    let Some((source, target)) = pair(endpoints, id) else {
        return;
    };
    let Some(meaning) = source.formats.meaning(header.payload_type) else {
        return;
    };
    let clock = match meaning {
        Meaning::Audio(codec) => codec.rtp_clock(),
        Meaning::Events(clock) | Meaning::Noise(clock) => clock,
    };
    let sequence = source.reception.receive(&header, end - start, clock, now);
    if source.heard(now) {
        aftermath.events.push(Event::MediaStarted { endpoint: id, tag: source.tag.clone() });
    }
    if !source.direction.receives() {
        return;
    }
    let packet = &mut packet[start - HEADER..end];
    match meaning {
        Meaning::Audio(codec) => {
            source.spoke(codec);
            if let Some((_, inbox)) = &source.fax {
                return fax(inbox, codec, sequence, &packet[HEADER..]);
            }
            let pressed = hear(source, codec, (header, sequence), &packet[HEADER..], now);
            press(source, target.as_deref(), pressed, aftermath);
            if let Some(target) = target.filter(|target| target.open_for_bridge()) {
                audio(source, target, codec, (header, sequence), packet, now, aftermath);
            }
        }
        Meaning::Noise(_) => {
            if let Some(playout) = &mut source.playout {
                playout.push_noise(&packet[HEADER..]);
            }
            if let Some(target) = target.filter(|target| target.open_for_bridge()) {
                noise(source, target, (header, sequence), packet, now, aftermath);
            }
        }
        Meaning::Events(_) => {
            let Some(event) = dtmf::Event::parse(&packet[HEADER..]) else {
                return;
            };
            let pressed = source.presses.receive(header.timestamp, event, clock);
            press(source, target.as_deref(), pressed.into_iter().collect(), aftermath);
            let follows = |target: &&mut Endpoint| {
                target.open_for_bridge() && understands(target) && goes_through(source, target)
            };
            if let Some(target) = target.filter(follows) {
                telephone_event(source, target, (header, sequence), event, clock, now);
            }
        }
    }
}

/// Lets a fax hear a packet; only G.711 carries modems.
fn fax(inbox: &Inbox, codec: AudioCodec, sequence: u64, payload: &[u8]) {
    if let Some(samples) = decode_g711(codec, payload) {
        // A thread that ended meanwhile has told its end.
        let _ = inbox.send(Input::Heard(sequence, samples));
    }
}

/// Hands a packet to whoever listens to this endpoint; returns keys that were heard in it.
fn hear(
    source: &mut Endpoint,
    codec: AudioCodec,
    (header, sequence): (Header, u64),
    payload: &[u8],
    now: Instant,
) -> Vec<Press> {
    if let Some(recording) = &mut source.recording {
        recording.received(codec, payload);
    }
    for tap in &mut source.taps {
        tap.received(codec, payload);
    }
    if let Some(playout) = &mut source.playout {
        playout.push(codec, sequence, header.timestamp, payload, now);
    }
    let mut pressed = Vec::new();
    if let Some(ear) = &mut source.ear {
        ear.hear(codec, payload, &mut pressed);
    }
    pressed
}

/// Tells of keys, and lets them be told on where they do not go through as they came.
fn press(source: &Endpoint, target: Option<&Endpoint>, pressed: Vec<Press>, aftermath: &mut Aftermath) {
    for press in pressed {
        let Press { digit, duration_ms } = press;
        aftermath.events.push(Event::Dtmf {
            endpoint: source.id,
            tag: source.tag.clone(),
            digit,
            duration_ms,
        });
        if let Some(target) = target.filter(|target| !source.keep_digits && !goes_through(source, target)) {
            aftermath.keys.push((target.id, press));
        }
    }
}

/// Whether a key gets to the other side by the packets in which it came.
fn goes_through(source: &Endpoint, target: &Endpoint) -> bool {
    match source.dtmf {
        _ if source.keep_digits => false,
        DtmfMethod::Events => understands(target),
        DtmfMethod::Inband => target.dtmf == DtmfMethod::Inband,
        DtmfMethod::Info => false,
    }
}

fn understands(target: &Endpoint) -> bool {
    target.dtmf == DtmfMethod::Events && target.formats.events.is_some()
}

fn pair(endpoints: &mut IdMap<Box<Endpoint>>, id: u64) -> Option<(&mut Endpoint, Option<&mut Endpoint>)> {
    match endpoints.get(&id)?.bridge {
        Some((_, partner)) => {
            let [source, target] = endpoints.get_disjoint_mut([&id, &partner]);
            Some((source?, target.map(Box::as_mut)))
        }
        None => Some((endpoints.get_mut(&id)?, None)),
    }
}

/// Forwards untouched where the partner negotiated the same codec, byte by byte between the two G.711, else translates.
fn audio(
    source: &mut Endpoint,
    target: &mut Endpoint,
    codec: AudioCodec,
    (header, sequence): (Header, u64),
    packet: &mut [u8],
    now: Instant,
    aftermath: &mut Aftermath,
) {
    if source.ear.as_ref().is_some_and(|ear| ear.sounding()) && !goes_through(source, target) {
        // The hearer is told of the key in its own way; with the tone it would have it twice.
        match codec {
            AudioCodec::Pcma => packet[HEADER..].fill(0xd5),
            AudioCodec::Pcmu => packet[HEADER..].fill(0xff),
            AudioCodec::G722 | AudioCodec::Opus => {
                if let Some(translation) = &mut source.translation {
                    translation.rest();
                }
                return;
            }
        }
    }
    let Some(payload_type) = target.payload_type(codec).or_else(|| convert(target, codec, packet)) else {
        let payload = &packet[HEADER..];
        return translate(source, target, codec, (header, sequence), payload, now, aftermath);
    };
    if source.translation.is_some() {
        source.translate_by(None);
    }
    let feed = feed(source, codec);
    if let Some(place) = target.outgoing.forward(feed, sequence, header.timestamp, now) {
        target.transmit(place, payload_type, header.marker, packet, now);
    }
}

/// Makes the one G.711 of the other where the partner hears that; returns the payload type.
fn convert(target: &Endpoint, from: AudioCodec, packet: &mut [u8]) -> Option<u8> {
    let format = target.formats.audio.first()?;
    let convert = between_g711(from, format.codec)?;
    packet[HEADER..].iter_mut().for_each(|byte| *byte = convert(*byte));
    Some(format.payload_type)
}

/// Comfort noise goes to a peer that knows it and hears the audio untouched; a translation makes the noise itself.
fn noise(
    source: &mut Endpoint,
    target: &mut Endpoint,
    (header, sequence): (Header, u64),
    packet: &mut [u8],
    now: Instant,
    aftermath: &mut Aftermath,
) {
    if let Some(translation) = &mut source.translation {
        if translation.push_noise(&packet[HEADER..], now) {
            aftermath.woken.push((source.id, translation.due));
        }
        return;
    }
    let untouched = source.codec().filter(|codec| target.payload_type(*codec).is_some());
    if let (Some(codec), Some((payload_type, _))) = (untouched, target.formats.noise)
        && let Some(place) = target.outgoing.forward(feed(source, codec), sequence, header.timestamp, now)
    {
        target.transmit(place, payload_type, header.marker, packet, now);
    }
}

fn feed(source: &Endpoint, codec: AudioCodec) -> Feed {
    Feed::Forwarded { endpoint: source.id, generation: source.reception.generation, clock: codec.rtp_clock() }
}

fn translate(
    source: &mut Endpoint,
    target: &Endpoint,
    from: AudioCodec,
    (header, sequence): (Header, u64),
    payload: &[u8],
    now: Instant,
    aftermath: &mut Aftermath,
) {
    let Some(format) = target.formats.audio.first() else {
        return;
    };
    if !source.translation.as_ref().is_some_and(|translation| translation.suits(format)) {
        match Translation::new(format.clone(), now) {
            Ok(translation) => source.translate_by(Some(Box::new(translation))),
            Err(error) => return log::error!("{} to {}: {error}", from.name(), format.codec.name()),
        }
    }
    if let Some(translation) = &mut source.translation
        && translation.push(from, sequence, header.timestamp, payload, now)
    {
        aftermath.woken.push((source.id, translation.due));
    }
}

fn telephone_event(
    source: &mut Endpoint,
    target: &mut Endpoint,
    (header, sequence): (Header, u64),
    event: dtmf::Event,
    from: u32,
    now: Instant,
) {
    let Some((payload_type, to)) = target.formats.events else {
        return;
    };
    let duration = u64::from(event.duration) * u64::from(to) / u64::from(from.max(1));
    let event = dtmf::Event { duration: duration.min(u64::from(u16::MAX)) as u16, ..event };
    if let Some(translation) = &mut source.translation {
        translation.rest();
    }
    let untouched =
        source.codec().filter(|codec| target.payload_type(*codec).is_some() && codec.rtp_clock() == from);
    let place = match untouched {
        Some(codec) => target.outgoing.forward(feed(source, codec), sequence, header.timestamp, now),
        None => {
            let ours = match source.event {
                Some((theirs, ours)) if theirs == header.timestamp => ours,
                _ => target.outgoing.timestamp_at(to, now),
            };
            source.event = Some((header.timestamp, ours));
            Some(target.outgoing.again(ours))
        }
    };
    if let Some(place) = place {
        let mut packet = [0; HEADER + 4];
        packet[HEADER..].copy_from_slice(&event.bytes());
        target.transmit(place, payload_type, header.marker, &mut packet, now);
    }
}
