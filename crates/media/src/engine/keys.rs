//! Digits: sent to peers, each in the way that it understands.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Timer};
use crate::audio::KeyVoice;
use crate::control::message::SendDtmf;
use crate::control::{DtmfMethod, Event, Failure, Reply};
use crate::endpoint::{Digits, Endpoint};
use crate::player::FRAME;
use crate::rtp::dtmf::{self, Press};
use crate::rtp::{HEADER, outgoing::Feed};

impl Engine {
    pub(super) fn send_dtmf(&mut self, request: &SendDtmf, now: Instant) -> Result<Reply, Failure> {
        for press in presses(request)? {
            self.key(request.endpoint, press, now)?;
        }
        Ok(Reply::Done {})
    }

    /// Takes digits that came another way than by RTP as if the peer had sent them here.
    pub(super) fn receive_dtmf(&mut self, request: &SendDtmf, now: Instant) -> Result<Reply, Failure> {
        let presses = presses(request)?;
        let endpoint = self.endpoint(request.endpoint)?;
        let partner = endpoint.bridge.filter(|_| !endpoint.keep_digits).map(|(_, partner)| partner);
        let tag = endpoint.tag.clone();
        for press in presses {
            let Press { digit, duration_ms } = press;
            let event = Event::Dtmf { endpoint: request.endpoint, tag: tag.clone(), digit, duration_ms };
            self.aftermath.events.push(event);
            if let Some(partner) = partner
                && let Err(failure) = self.key(partner, press, now)
            {
                log::debug!("key for {partner}: {}", failure.text);
            }
        }
        Ok(Reply::Done {})
    }

    /// Tells a peer of a key.
    pub(super) fn key(&mut self, id: u64, press: Press, now: Instant) -> Result<(), Failure> {
        let endpoint = self.endpoint(id)?;
        if endpoint.dtmf == DtmfMethod::Info {
            let (tag, Press { digit, duration_ms }) = (endpoint.tag.clone(), press);
            self.aftermath.events.push(Event::DtmfHandover { endpoint: id, tag, digit, duration_ms });
            return Ok(());
        }
        let idle = endpoint.digits.is_none();
        queue(endpoint, press)?;
        if idle {
            self.timers.push(Reverse((now, id, Timer::Digits)));
        }
        Ok(())
    }

    pub(super) fn digit_frame(&mut self, id: u64, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        let Some(mut digits) = endpoint.digits.take() else {
            return;
        };
        let goes_on = match &mut digits {
            Digits::Events(sender) => event_frame(endpoint, sender, now),
            Digits::Tones(voice) => tone_frame(endpoint, voice, now),
        };
        if goes_on {
            endpoint.digits = Some(digits);
            self.timers.push(Reverse((now + FRAME, id, Timer::Digits)));
        }
    }
}

fn presses(request: &SendDtmf) -> Result<Vec<Press>, Failure> {
    let press = |key: char| {
        let press = Press { digit: key.to_ascii_uppercase(), duration_ms: request.duration_ms };
        let text = format!("digits: there is no key {key:?}");
        dtmf::code_of(key).map(|_| press).ok_or(Failure { code: "bad-request", text })
    };
    request.digits.chars().map(press).collect()
}

/// Puts a key behind those that are still to be sent.
fn queue(endpoint: &mut Endpoint, press: Press) -> Result<(), Failure> {
    if endpoint.digits.is_none() {
        endpoint.digits = Some(match (endpoint.dtmf, endpoint.formats.audio.first()) {
            (DtmfMethod::Inband, Some(format)) => KeyVoice::new(format.codec, &format.opus)
                .map(|voice| Digits::Tones(Box::new(voice)))
                .map_err(|error| Failure { code: "failed", text: error.to_string() })?,
            (DtmfMethod::Events, _) if endpoint.formats.events.is_some() => {
                Digits::Events(dtmf::Sender::default())
            }
            _ => {
                let text = "the peer takes no telephone events".into();
                return Err(Failure { code: "unsupported", text });
            }
        });
    }
    match (&mut endpoint.digits, dtmf::code_of(press.digit)) {
        (Some(Digits::Events(sender)), Some(code)) => sender.append(code, press.duration_ms),
        (Some(Digits::Tones(voice)), Some(_)) => voice.append(press.digit, press.duration_ms),
        _ => {}
    }
    Ok(())
}

/// False when all is sent.
fn event_frame(endpoint: &mut Endpoint, sender: &mut dtmf::Sender, now: Instant) -> bool {
    let Some((payload_type, clock)) = endpoint.formats.events else {
        return false;
    };
    let timestamp = sender.timestamp(endpoint.outgoing.timestamp_at(clock, now));
    let Some(packets) = sender.frame(clock) else {
        return false;
    };
    for outbound in packets {
        // Audio that follows is joined behind the event.
        endpoint.outgoing.part();
        let place = endpoint.outgoing.again(timestamp);
        let mut packet = [0; HEADER + 4];
        packet[HEADER..].copy_from_slice(&outbound.event.bytes());
        endpoint.transmit(place, payload_type, outbound.first, &mut packet, now);
    }
    true
}

/// False when all is said.
fn tone_frame(endpoint: &mut Endpoint, voice: &mut KeyVoice, now: Instant) -> bool {
    let codec = voice.codec;
    let (Some(payload), Some(payload_type)) = (voice.frame(), endpoint.payload_type(codec)) else {
        return false;
    };
    let mut packet = vec![0; HEADER];
    packet.extend_from_slice(payload);
    let feed = Feed::Made { id: endpoint.id, clock: codec.rtp_clock() };
    endpoint.transmit_made(feed, codec.rtp_ticks_per_frame(), payload_type, &mut packet, now);
    true
}
