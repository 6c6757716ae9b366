//! Faxes: terminals that clients start, gateways that a bridge between a line and T.38 needs.

use std::time::Instant;

use super::{Engine, Word};
use crate::audio::Encoder;
use crate::control::fax::{FaxFinished, FaxListing, FaxPage, FaxRelayed, StartFax};
use crate::control::{Event, Failure, Reply};
use crate::endpoint::{Endpoint, Transport};
use crate::fax::worker::{self, Task};
use crate::fax::{Inbox, Input, Mode, Outcome, Report};
use crate::rtp::{HEADER, outgoing::Feed};

/// One fax that runs in a thread of its own.
pub(super) struct Fax {
    tag: String,
    role: Role,
    inbox: Inbox,
}

#[derive(Clone, Copy)]
enum Role {
    Terminal { endpoint: u64 },
    Gateway { bridge: u64, line: u64, packets: u64 },
}

impl Role {
    /// Who hears what is said.
    fn line(self) -> u64 {
        match self {
            Self::Terminal { endpoint } => endpoint,
            Self::Gateway { line, .. } => line,
        }
    }

    /// Who gets datagrams.
    fn packets(self) -> u64 {
        match self {
            Self::Terminal { endpoint } => endpoint,
            Self::Gateway { packets, .. } => packets,
        }
    }
}

impl Engine {
    pub(super) fn start_fax(&mut self, request: StartFax) -> Result<Reply, Failure> {
        let endpoint = self.endpoint(request.endpoint)?;
        if endpoint.fax.is_some() {
            let text = format!("endpoint {} has a fax already", endpoint.id);
            return Err(Failure { code: "limit", text });
        }
        if endpoint.t38.is_none() && !endpoint.speaks_g711() {
            let text = "a fax needs G.711 or T.38".into();
            return Err(Failure { code: "unsupported", text });
        }
        let (id, tag, t38) = (endpoint.id, endpoint.tag.clone(), endpoint.t38);
        let job = request.job()?;
        if job.mode == Mode::Send
            && let Err(error) = std::fs::File::open(&job.path)
        {
            return Err(Failure { code: "bad-request", text: format!("path: {error}") });
        }
        self.silence(id);
        let fax = self.launch(tag, Role::Terminal { endpoint: id }, Task::Terminal(job, t38))?;
        Ok(Reply::Fax { fax })
    }

    pub(super) fn stop_fax(&mut self, id: u64) -> Reply {
        if let Some(fax) = self.faxes.get(&id) {
            let role = fax.role;
            // A thread that ended meanwhile has told its end.
            let _ = fax.inbox.send(Input::Stop);
            self.release(id, role);
        }
        Reply::Done {}
    }

    pub(super) fn list_faxes(&self) -> Vec<FaxListing> {
        let listing = |(id, fax): (&u64, &Fax)| FaxListing {
            id: *id,
            tag: fax.tag.clone(),
            endpoint: fax.role.packets(),
            bridge: match fax.role {
                Role::Terminal { .. } => None,
                Role::Gateway { bridge, .. } => Some(bridge),
            },
        };
        let mut faxes: Vec<FaxListing> = self.faxes.iter().map(listing).collect();
        faxes.sort_unstable_by_key(|fax| fax.id);
        faxes
    }

    /// Follows what was negotiated for an endpoint: its terminal changes its way, its bridge may need a gateway.
    pub(super) fn negotiated(&mut self, id: u64) {
        let Some(endpoint) = self.endpoints.get(&id) else {
            return;
        };
        let (t38, bridge) = (endpoint.t38, endpoint.bridge.map(|(bridge, _)| bridge));
        if let Some((fax, inbox)) = &endpoint.fax
            && self.faxes.get(fax).is_some_and(|fax| matches!(fax.role, Role::Terminal { .. }))
        {
            // A thread that ended meanwhile has told its end.
            let _ = inbox.send(Input::Switch(t38));
        } else if let Some(bridge) = bridge {
            self.settle_gateway(bridge);
        }
    }

    /// Gives a bridge its gateway where one side speaks T.38 and the other over a line, and takes it away else.
    pub(super) fn settle_gateway(&mut self, bridge: u64) {
        let Some((a, b)) = self.sides(bridge) else {
            return;
        };
        let [a, b] = [a, b].map(|side| self.endpoints.get(&side));
        let (Some(a), Some(b)) = (a, b) else {
            return;
        };
        let terminal = |side: &Endpoint| {
            let fax = side.fax.as_ref().and_then(|(fax, _)| self.faxes.get(fax));
            fax.is_some_and(|fax| matches!(fax.role, Role::Terminal { .. }))
        };
        if terminal(a) || terminal(b) {
            return;
        }
        let running = self.gateway(bridge);
        let (packets, line) = match (a.t38, b.t38) {
            (Some(_), None) => (a, b),
            (None, Some(_)) => (b, a),
            _ => {
                if let Some(fax) = running {
                    self.stop_fax(fax);
                }
                return;
            }
        };
        let Some(t38) = packets.t38 else {
            return;
        };
        let (packets, line, suits) = (packets.id, line.id, line.speaks_g711());
        match running {
            Some(fax) if self.faxes[&fax].role.line() == line => {
                // A thread that ended meanwhile has told its end.
                let _ = self.faxes[&fax].inbox.send(Input::Switch(Some(t38)));
                return;
            }
            Some(fax) => _ = self.stop_fax(fax),
            None => {}
        }
        let tag = self.bridge_tag(bridge);
        let role = Role::Gateway { bridge, line, packets };
        if !suits {
            log::warn!("bridge {bridge}: T.38 on one side, but no G.711 on the other");
        } else if let Err(failure) = self.launch(tag, role, Task::Gateway(t38)) {
            log::error!("bridge {bridge}: {}", failure.text);
        }
    }

    /// A bridge is gone: its gateway ends.
    pub(super) fn end_gateway(&mut self, bridge: u64) {
        if let Some(fax) = self.gateway(bridge) {
            self.stop_fax(fax);
        }
    }

    /// A datagram of a peer that speaks T.38.
    pub(super) fn udptl(&mut self, id: u64, length: usize, now: Instant) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else {
            return;
        };
        if endpoint.heard(now) {
            let tag = endpoint.tag.clone();
            self.aftermath.events.push(Event::MediaStarted { endpoint: id, tag });
        }
        endpoint.reception.packets += 1;
        endpoint.reception.bytes += length as u64;
        let datagram = &self.buffer[..length];
        if let Some((_, inbox)) = &endpoint.fax {
            // A thread that ended meanwhile has told its end.
            let _ = inbox.send(Input::Datagram(datagram.to_vec()));
        } else if let Some((_, partner)) = endpoint.bridge
            && let Some(partner) = self.endpoints.get_mut(&partner).filter(|partner| partner.t38.is_some())
        {
            partner.send_datagram(datagram);
        }
    }

    /// Does what a fax says.
    pub(super) fn fax_says(&mut self, word: crate::fax::Word, now: Instant) {
        let Some((role, tag)) = self.faxes.get(&word.fax).map(|fax| (fax.role, fax.tag.clone())) else {
            return;
        };
        match word.report {
            Report::Speak(samples) => {
                if let Some(endpoint) = self.voice_of(word.fax, role.line()) {
                    speak(endpoint, word.fax, &samples, now);
                }
            }
            Report::Datagram(bytes, times) => {
                if let Some(endpoint) = self.voice_of(word.fax, role.packets()) {
                    for _ in 0..times.min(5) {
                        endpoint.send_datagram(&bytes);
                    }
                }
            }
            Report::Page(page) => self.aftermath.events.push(Event::FaxPage(FaxPage {
                endpoint: role.packets(),
                tag,
                fax: word.fax,
                page: page.number,
                bit_rate: page.progress.bit_rate,
                ecm: page.progress.error_correction != 0,
                bad_rows: page.progress.bad_rows,
                retries: page.progress.retries,
            })),
            Report::End(outcome, path) => {
                self.release(word.fax, role);
                self.faxes.remove(&word.fax);
                self.aftermath.events.push(end(word.fax, role, tag, outcome, path));
            }
        }
    }

    fn launch(&mut self, tag: String, role: Role, task: Task) -> Result<u64, Failure> {
        let id = self.number();
        let tell = self.tell.clone();
        let inbox = worker::start(id, task, move |word| tell(Word::Fax(word)))
            .map_err(|error| Failure { code: "failed", text: error.to_string() })?;
        for side in [role.line(), role.packets()] {
            if let Some(endpoint) = self.endpoints.get_mut(&side) {
                endpoint.fax = Some((id, inbox.clone()));
            }
        }
        self.faxes.insert(id, Fax { tag, role, inbox });
        Ok(id)
    }

    /// Endpoints hear their bridges again.
    fn release(&mut self, id: u64, role: Role) {
        for side in [role.line(), role.packets()] {
            if let Some(endpoint) = self.endpoints.get_mut(&side) {
                endpoint.fax.take_if(|(fax, _)| *fax == id);
            }
        }
    }

    fn voice_of(&mut self, fax: u64, id: u64) -> Option<&mut Endpoint> {
        self.endpoints
            .get_mut(&id)
            .map(Box::as_mut)
            .filter(|endpoint| endpoint.fax.as_ref().is_some_and(|(id, _)| *id == fax))
    }

    fn gateway(&self, wanted: u64) -> Option<u64> {
        let of_bridge = |fax: &Fax| matches!(fax.role, Role::Gateway { bridge, .. } if bridge == wanted);
        let sides = self.sides(wanted).map(|(a, b)| [a, b]).unwrap_or_default();
        let carrying = sides.iter().filter_map(|side| self.endpoints.get(side)?.fax.as_ref());
        carrying.map(|(fax, _)| *fax).find(|fax| self.faxes.get(fax).is_some_and(of_bridge))
    }
}

fn speak(endpoint: &mut Endpoint, fax: u64, samples: &[i16], now: Instant) {
    let Some(format) = endpoint.formats.audio.first().cloned() else {
        return;
    };
    if endpoint.t38.is_some() || !endpoint.direction.sends() || !endpoint.speaks_g711() {
        return;
    }
    let (mut packet, mut payload) = (vec![0; HEADER], Vec::new());
    // G.711 has no memory: an encoder for each frame costs nothing.
    let encoded =
        Encoder::new(format.codec, &format.opus).and_then(|mut coder| coder.encode(samples, &mut payload));
    if let Err(error) = encoded {
        return log::debug!("{}: {error}", format.codec.name());
    }
    packet.extend_from_slice(&payload);
    let feed = Feed::Made { id: fax, clock: format.codec.rtp_clock() };
    let ticks = format.codec.rtp_ticks_per_frame();
    endpoint.transmit_made(feed, ticks, format.payload_type, &mut packet, now);
}

fn end(fax: u64, role: Role, tag: String, outcome: Outcome, path: Option<std::path::PathBuf>) -> Event {
    let (bit_rate, ecm) = (outcome.progress.bit_rate, outcome.progress.error_correction != 0);
    match role {
        Role::Gateway { bridge, .. } => {
            Event::FaxRelayed(FaxRelayed { bridge, tag, pages: outcome.pages, bit_rate, ecm })
        }
        Role::Terminal { endpoint } => Event::FaxFinished(FaxFinished {
            endpoint,
            tag,
            fax,
            result: outcome.result(),
            text: outcome.text(),
            pages: outcome.pages,
            ident: outcome.ident,
            bit_rate,
            ecm,
            path,
        }),
    }
}

impl Endpoint {
    /// Whether what we send is G.711, which alone carries modems.
    pub(super) fn speaks_g711(&self) -> bool {
        self.formats.audio.first().is_some_and(|format| format.codec.is_g711())
    }

    /// Sends a datagram that is no RTP.
    fn send_datagram(&mut self, datagram: &[u8]) {
        if let Transport::Plain(plain) = &mut self.transport
            && self.direction.sends()
            && plain.send(datagram)
        {
            self.outgoing.sent(datagram.len());
        }
    }
}
