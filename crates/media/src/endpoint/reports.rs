//! Reports to and from the peer, and what they say of the quality.

use std::time::{Duration, Instant, SystemTime};

use super::{Endpoint, Transport};
use crate::audio::AudioCodec;
use crate::control::{RemoteStats, Stats};
use crate::rtp::quality::{Line, opinion, rating};
use crate::rtp::reception::ReportBlock;
use crate::rtp::rtcp;
use crate::rtp::xr::VoipMetrics;

/// How often reports are sent; the randomisation of RFC 3550 §6.3 is the spread of the endpoints' beginnings.
const INTERVAL: Duration = Duration::from_secs(5);
/// In a packet before it is sent, in milliseconds.
const PACKET_MS: f64 = 20.0;
/// A hearer's buffer is taken to be this many times the jitter.
const BUFFERED: f64 = 2.0;

/// What was last told, and when the next report is due.
#[derive(Debug)]
pub struct Reports {
    due: Instant,
    /// Middle bits of the peer's last sender report, and when it came.
    peer: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    /// How our packets arrive at the peer.
    block: Option<ReportBlock>,
    /// Whether the peer knows extended reports, and what it says in them.
    extended: bool,
    voip: Option<VoipMetrics>,
}

impl Reports {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            due: now + INTERVAL / 2,
            peer: None,
            round_trip: None,
            block: None,
            extended: false,
            voip: None,
        }
    }

    fn rtt_ms(&self) -> Option<f64> {
        self.round_trip.map(|trip| trip.as_secs_f64() * 1000.0)
    }
}

impl Endpoint {
    /// Takes a report of the peer's; one that is protected has been decrypted.
    pub fn hear_report(&mut self, packet: &[u8], now: Instant) {
        let Some(told) = rtcp::read(packet, self.outgoing.ssrc) else {
            return;
        };
        self.alive(now);
        if let Some(report) = told.last_report {
            self.reports.peer = Some((report, now));
        }
        if let Some(echo) = told.echo {
            self.reports.round_trip = rtcp::round_trip(echo, SystemTime::now()).or(self.reports.round_trip);
        }
        self.reports.block = told.block.or(self.reports.block);
        self.reports.extended |= told.extended;
        self.reports.voip = told.voip.or(self.reports.voip);
    }

    /// Sends a report when it is time; browsers are str0m's business.
    pub fn report(&mut self, now: Instant) {
        if now < self.reports.due {
            return;
        }
        self.reports.due = now + INTERVAL;
        let clock = self.clock();
        let extended = if self.reports.extended { self.voip_metrics() } else { None };
        let Transport::Plain(plain) = &mut self.transport else {
            return;
        };
        if plain.remote().is_none() {
            return;
        }
        let sent = (self.outgoing.packets > 0).then(|| rtcp::Sent {
            timestamp: self.outgoing.timestamp_at(clock, now),
            packets: self.outgoing.packets,
            bytes: self.outgoing.bytes,
        });
        let last = self.reports.peer.map(|(report, at)| (report, now.duration_since(at)));
        let heard = self.reception.report().map(|block| (block, last));
        if sent.is_some() || heard.is_some() {
            let mut packet = rtcp::compose(self.outgoing.ssrc, sent, heard, SystemTime::now());
            if let Some((source, metrics)) = extended {
                metrics.write(self.outgoing.ssrc, source, &mut packet);
            }
            plain.send_rtcp(&packet);
        }
    }

    /// Counters and quality.
    pub fn stats(&self) -> Stats {
        let counts = self.counts();
        let jitter_ms = self.reception.jitter_ms();
        let heard = self.codec().filter(|_| self.reception.packets > 0);
        Stats {
            packets_received: self.reception.packets,
            packets_sent: self.outgoing.packets,
            bytes_received: self.reception.bytes,
            bytes_sent: self.outgoing.bytes,
            packets_lost: self.reception.lost(),
            jitter_ms,
            rtt_ms: self.reports.rtt_ms(),
            codec: self.codec().map(|codec| codec.name().to_owned()),
            mos: heard.map(|codec| self.mos(codec, jitter_ms, self.reception.loss())),
            remote: self.reports.block.map(|block| self.remote_stats(block)),
            frames_concealed: counts.concealed,
            packets_late: counts.late,
            xr: self.reports.voip,
            bandwidth: match &self.transport {
                Transport::Webrtc(webrtc) => webrtc.estimate(),
                Transport::Plain(_) => None,
            },
            video: Vec::new(),
        }
    }

    /// What an extended report says of the peer's stream.
    fn voip_metrics(&self) -> Option<(u32, VoipMetrics)> {
        let (source, bursts, gaps) = self.reception.bursts()?;
        let codec = self.codec()?;
        let milliseconds = |packets: f64| (packets * PACKET_MS).min(f64::from(u16::MAX)) as u16;
        let buffer_ms = self.buffer_ms();
        let loss = self.reception.loss();
        let jitter_ms = self.reception.jitter_ms();
        let delay_ms = self.delay_ms(jitter_ms);
        let conversation = rating(codec, Line { delay_ms, loss });
        let arrived = self.reception.packets.max(1) as f64;
        let metrics = VoipMetrics {
            loss,
            discarded: self.counts().late as f64 / arrived,
            burst_density: bursts.density(),
            gap_density: gaps.density(),
            burst_ms: milliseconds(bursts.mean()),
            gap_ms: milliseconds(gaps.mean()),
            round_trip_ms: self.reports.rtt_ms().unwrap_or(0.0) as u16,
            end_system_delay_ms: (PACKET_MS + buffer_ms.unwrap_or(0.0)) as u16,
            r_factor: Some(conversation as u8),
            mos_listening: Some(opinion(rating(codec, Line { delay_ms: 0.0, loss }))),
            mos_conversation: Some(opinion(conversation)),
            buffer_ms: buffer_ms.map(|milliseconds| milliseconds.max(1.0) as u16),
        };
        Some((source, metrics))
    }

    /// What is kept of the peer's stream for a room or a bridge that transcodes.
    fn buffer_ms(&self) -> Option<f64> {
        let room = self.playout.as_ref().map(|playout| playout.delay_ms());
        room.or(self.translation.as_ref().map(|translation| translation.delay_ms()))
    }

    fn remote_stats(&self, block: ReportBlock) -> RemoteStats {
        let jitter_ms = f64::from(block.jitter) * 1000.0 / f64::from(self.clock());
        let loss = f64::from(block.fraction_lost) / 256.0;
        let said = self.formats.audio.first().map(|format| format.codec);
        RemoteStats {
            packets_lost: block.lost.into(),
            loss,
            jitter_ms,
            mos: said.map(|codec| self.mos(codec, jitter_ms, loss)),
        }
    }

    fn mos(&self, codec: AudioCodec, jitter_ms: f64, loss: f64) -> f64 {
        opinion(rating(codec, Line { delay_ms: self.delay_ms(jitter_ms), loss }))
    }

    /// From mouth to ear.
    fn delay_ms(&self, jitter_ms: f64) -> f64 {
        let one_way = self.reports.rtt_ms().unwrap_or(0.0) / 2.0;
        one_way + PACKET_MS + BUFFERED * jitter_ms
    }

    /// Of what we send.
    fn clock(&self) -> u32 {
        self.formats.audio.first().map_or(8000, |format| format.codec.rtp_clock())
    }
}
