//! Conferences: everybody hears everybody else (N-1 mixing), 20 ms at a time.
//!
//! What a member says comes from its endpoint's jitter buffer, what it hears is encoded for it alone. A member that has
//! a player of its own, or to which digits are sent, hears those instead of the room for as long as they last.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::audio::{AudioError, Encoder, Filled, Reel, Resampler, Source};
use crate::control::video::Content;
use crate::control::{Event, Role, RoomListing, RoomMember};
use crate::endpoint::{AudioFormat, Endpoint};
use crate::ids::IdMap;
use crate::player::next_due;
use crate::rtp::HEADER;
use crate::rtp::outgoing::Feed;
use crate::video::stage::Stage;

/// Mean square of a frame above which somebody speaks: -40 dBm0.
const SPEECH: f32 = 26_000.0;
/// Frames for which somebody who paused still counts as speaking: half a second.
const HANGOVER: u32 = 25;
/// Frames in a row that make a speaker: a cough is none.
const ONSET: u32 = 4;

/// One conference.
pub struct Room {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// Samples a second.
    pub rate: u32,
    /// When the next frame is due.
    pub due: Instant,
    /// What everybody hears beside the members, with the players' numbers.
    pub players: Vec<(u64, Source)>,
    /// The recording of the mix.
    pub recorder: Option<Reel>,
    members: BTreeMap<u64, Member>,
    speakers: Vec<u64>,
    /// Whose camera and whose screen is seen.
    stages: [Stage; 2],
    sum: Vec<i32>,
}

struct Member {
    role: Role,
    frame: Vec<i16>,
    speaks: bool,
    activity: Activity,
    mouth: Option<Mouth>,
}

/// Whether somebody speaks, by loudness.
#[derive(Debug, Default)]
struct Activity {
    loudness: f32,
    onset: u32,
    left: u32,
}

/// The way from the mix to one member's codec.
struct Mouth {
    format: AudioFormat,
    resampler: Resampler,
    encoder: Encoder,
    samples: Vec<i16>,
    encoded: Vec<u8>,
    packet: Vec<u8>,
}

impl Room {
    /// An empty room; the rate is 8000, 16000 or 48000.
    pub fn new(id: u64, tag: String, rate: u32, now: Instant) -> Self {
        Self {
            id,
            tag,
            rate,
            due: now,
            players: Vec::new(),
            recorder: None,
            members: BTreeMap::new(),
            speakers: Vec::new(),
            stages: Default::default(),
            sum: vec![0; rate as usize / 50],
        }
    }

    /// Lets an endpoint in, or gives it another role.
    pub fn admit(&mut self, endpoint: u64, role: Role) {
        let length = self.sum.len();
        self.members.entry(endpoint).and_modify(|member| member.role = role).or_insert_with(|| Member {
            role,
            frame: vec![0; length],
            speaks: false,
            activity: Activity::default(),
            mouth: None,
        });
    }

    /// Lets an endpoint out.
    pub fn dismiss(&mut self, endpoint: u64) {
        self.members.remove(&endpoint);
    }

    /// Who is in it.
    pub fn members(&self) -> impl Iterator<Item = u64> {
        self.members.keys().copied()
    }

    /// Who is in it in such a role.
    pub fn visible(&self, wanted: impl Fn(Role) -> bool) -> Vec<u64> {
        self.members.iter().filter(|(_, member)| wanted(member.role)).map(|(id, _)| *id).collect()
    }

    /// Decides whose camera is seen, by who speaks, and whose screen: of several the one that was shared first.
    pub fn follow_stages(&mut self, cameras: &[u64], screens: &[u64], now: Instant) {
        self.stages[Content::Main as usize].follow(cameras, &self.speakers, now);
        self.stages[Content::Slides as usize].follow(screens, &[], now);
    }

    /// Whom a member is to see.
    pub fn seen_by(&self, content: Content, member: u64) -> Option<u64> {
        self.stages[content as usize].seen_by(member)
    }

    /// Whether nobody needs a next frame: neither a member nor a recorder nor a player.
    pub fn idle(&self) -> bool {
        self.members.is_empty() && self.players.is_empty() && self.recorder.is_none()
    }

    /// As a list shows it.
    pub fn listing(&self) -> RoomListing {
        let members = self.members.iter().map(|(id, member)| RoomMember::new(*id, member.role));
        RoomListing { id: self.id, tag: self.tag.clone(), rate: self.rate, members: members.collect() }
    }

    /// Goes on by 20 ms; returns players that came to their end.
    pub fn frame(
        &mut self,
        endpoints: &mut IdMap<Box<Endpoint>>,
        now: Instant,
        events: &mut Vec<Event>,
    ) -> Vec<u64> {
        self.due = next_due(self.due, now);
        self.sum.fill(0);
        for (id, member) in &mut self.members {
            member.listen(endpoints.get_mut(id).map(Box::as_mut));
            if member.speaks && member.role == Role::Talk {
                for (sum, sample) in self.sum.iter_mut().zip(&member.frame) {
                    *sum += i32::from(*sample);
                }
            }
        }
        let ended = self.announce();
        if let Some(recorder) = &mut self.recorder {
            recorder.write(self.sum.iter().map(|sample| limit(*sample)).collect());
        }
        let mut mix = vec![0i16; self.sum.len()];
        let hearers: Vec<u64> = self.members.keys().copied().collect();
        for id in hearers {
            if let Some(endpoint) = endpoints.get_mut(&id).filter(|endpoint| endpoint.open_for_bridge()) {
                self.mix_for(id, &mut mix);
                if let Some(member) = self.members.get_mut(&id) {
                    member.speak(endpoint, self.id, self.rate, &mix, now);
                }
            }
        }
        self.tell_speakers(events);
        ended
    }

    /// Adds what players play; returns those that are over.
    fn announce(&mut self) -> Vec<u64> {
        let (mut frame, mut ended) = (vec![0; self.sum.len()], Vec::new());
        self.players.retain_mut(|(id, source)| match source.fill(&mut frame) {
            Filled::Later => true,
            Filled::Samples(length) => {
                for (sum, sample) in self.sum.iter_mut().zip(&frame[..length]) {
                    *sum += i32::from(*sample);
                }
                if length < frame.len() {
                    ended.push(*id);
                }
                length == frame.len()
            }
        });
        ended
    }

    /// Everybody but the hearer, and those who whisper to it.
    fn mix_for(&self, hearer: u64, mix: &mut [i16]) {
        let own = self.members.get(&hearer).filter(|member| member.speaks && member.role == Role::Talk);
        match own {
            Some(own) => {
                for ((mixed, sum), own) in mix.iter_mut().zip(&self.sum).zip(&own.frame) {
                    *mixed = limit(*sum - i32::from(*own));
                }
            }
            None => {
                for (mixed, sum) in mix.iter_mut().zip(&self.sum) {
                    *mixed = limit(*sum);
                }
            }
        }
        let whisperers =
            self.members.values().filter(|member| member.speaks && member.role == Role::Whisper(hearer));
        for whisperer in whisperers {
            for (mixed, sample) in mix.iter_mut().zip(&whisperer.frame) {
                *mixed = mixed.saturating_add(*sample);
            }
        }
    }

    fn tell_speakers(&mut self, events: &mut Vec<Event>) {
        let speaking = |(id, member): (&u64, &Member)| {
            (member.role == Role::Talk && member.activity.left > 0).then_some((member.activity.loudness, *id))
        };
        let mut speakers: Vec<(f32, u64)> = self.members.iter().filter_map(speaking).collect();
        let same = speakers.len() == self.speakers.len()
            && speakers.iter().all(|(_, id)| self.speakers.contains(id));
        if same {
            return;
        }
        speakers.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        self.speakers = speakers.into_iter().map(|(_, id)| id).collect();
        let speakers = self.speakers.clone();
        events.push(Event::RoomSpeakers { room: self.id, tag: self.tag.clone(), speakers });
    }
}

impl Member {
    /// Takes the next 20 ms of what the endpoint's peer says.
    fn listen(&mut self, endpoint: Option<&mut Endpoint>) {
        let playout = endpoint.and_then(|endpoint| endpoint.playout.as_mut());
        self.speaks = playout.is_some_and(|playout| playout.pull(&mut self.frame));
        self.activity.follow(if self.speaks { &self.frame } else { &[] });
    }

    fn speak(&mut self, endpoint: &mut Endpoint, room: u64, rate: u32, mix: &[i16], now: Instant) {
        let Some(format) = endpoint.formats.audio.first() else {
            return;
        };
        if !self.mouth.as_ref().is_some_and(|mouth| mouth.suits(format)) {
            self.mouth = match Mouth::new(format, rate) {
                Ok(mouth) => Some(mouth),
                Err(error) => return log::error!("{}: {error}", format.codec.name()),
            };
        }
        let Some(mouth) = &mut self.mouth else {
            return;
        };
        if mouth.encode(mix) {
            let codec = mouth.format.codec;
            let feed = Feed::Made { id: room, clock: codec.rtp_clock() };
            let payload_type = mouth.format.payload_type;
            endpoint.transmit_made(feed, codec.rtp_ticks_per_frame(), payload_type, &mut mouth.packet, now);
        }
    }
}

impl Activity {
    fn follow(&mut self, frame: &[i16]) {
        let energy: f32 = frame.iter().map(|sample| f32::from(*sample) * f32::from(*sample)).sum();
        let power = energy / frame.len().max(1) as f32;
        self.loudness += (power - self.loudness) / 8.0;
        self.onset = if power > SPEECH { self.onset + 1 } else { 0 };
        if self.onset >= ONSET {
            self.left = HANGOVER;
        } else {
            self.left = self.left.saturating_sub(1);
        }
    }
}

impl Mouth {
    fn new(format: &AudioFormat, rate: u32) -> Result<Self, AudioError> {
        Ok(Self {
            format: format.clone(),
            resampler: Resampler::new(rate, format.codec.sample_rate()),
            encoder: Encoder::new(format.codec, &format.opus)?,
            samples: Vec::new(),
            encoded: Vec::new(),
            packet: Vec::new(),
        })
    }

    fn suits(&self, format: &AudioFormat) -> bool {
        (self.format.codec, self.format.payload_type, &self.format.opus)
            == (format.codec, format.payload_type, &format.opus)
    }

    /// Fills `packet`, with room for a header before the payload.
    fn encode(&mut self, mix: &[i16]) -> bool {
        self.samples.clear();
        self.resampler.push(mix, &mut self.samples);
        if let Err(error) = self.encoder.encode(&self.samples, &mut self.encoded) {
            log::debug!("a frame is left out: {error}");
            return false;
        }
        self.packet.clear();
        self.packet.resize(HEADER, 0);
        self.packet.extend_from_slice(&self.encoded);
        true
    }
}

fn limit(sample: i32) -> i16 {
    sample.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}
