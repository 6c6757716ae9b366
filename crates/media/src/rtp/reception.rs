//! What is known of a stream that arrives: extended sequence numbers, loss, jitter (RFC 3550 appendix A).

use std::time::Instant;

use super::Header;
use super::bursts::{Bursts, Stretch};

/// A jump of the sequence number by more than this is a new stream (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;

/// One incoming stream; a change of SSRC begins a new one, the totals go on.
#[derive(Debug, Default)]
#[repr(C)]
pub struct Reception {
    /// Packets that arrived, over all streams of this endpoint.
    pub packets: u64,
    /// Bytes of payload that arrived.
    pub bytes: u64,
    /// Counts streams: numbers before and after a change of it have nothing to do with each other.
    pub generation: u32,
    stream: Option<Stream>,
    lost_before: u64,
}

#[derive(Debug)]
#[repr(C)]
struct Stream {
    ssrc: u32,
    clock: u32,
    highest: u64,
    received: u64,
    transit: Option<(Instant, u32)>,
    jitter: f64,
    first: u64,
    reported_expected: u64,
    reported_received: u64,
    bursts: Bursts,
}

/// What a receiver report says of a stream (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose packets.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning, 24 bits.
    pub lost: u32,
    /// Extended highest sequence number.
    pub highest: u32,
    /// In ticks of the clock.
    pub jitter: u32,
}

impl Reception {
    /// Counts a packet; returns its extended sequence number.
    pub fn receive(&mut self, header: &Header, length: usize, clock: u32, now: Instant) -> u64 {
        self.packets += 1;
        self.bytes += length as u64;
        let same = self.stream.as_ref().is_some_and(|stream| {
            let distance = header.sequence.wrapping_sub(stream.highest as u16);
            stream.ssrc == header.ssrc && !(MAX_DROPOUT..=u16::MAX - MAX_DROPOUT).contains(&distance)
        });
        if !same {
            self.lost_before = self.lost();
            self.generation = self.generation.wrapping_add(1);
            self.stream = Some(Stream::new(header, clock));
        }
        match &mut self.stream {
            Some(stream) => stream.receive(header, clock, now),
            None => u64::from(header.sequence),
        }
    }

    /// Packets that should have come and did not.
    pub fn lost(&self) -> u64 {
        self.lost_before
            + self.stream.as_ref().map_or(0, |stream| stream.expected().saturating_sub(stream.received))
    }

    /// Part of the packets that are missing, over all streams, 0 to 1.
    pub fn loss(&self) -> f64 {
        let lost = self.lost() as f64;
        if lost > 0.0 { lost / (lost + self.packets as f64) } else { 0.0 }
    }

    /// Interarrival jitter in milliseconds (RFC 3550 §6.4.1).
    pub fn jitter_ms(&self) -> f64 {
        self.stream.as_ref().map_or(0.0, |stream| stream.jitter * 1000.0 / f64::from(stream.clock.max(1)))
    }

    /// Whose stream it is, and its bursts of losses and the gaps between them.
    pub fn bursts(&self) -> Option<(u32, Stretch, Stretch)> {
        let stream = self.stream.as_ref()?;
        let (bursts, gaps) = stream.bursts.sum();
        Some((stream.ssrc, bursts, gaps))
    }

    /// The block for the next report; what was lost since the last one is counted from here on.
    pub fn report(&mut self) -> Option<ReportBlock> {
        let stream = self.stream.as_mut()?;
        let expected = stream.expected();
        let lately = expected - stream.reported_expected;
        let arrived = stream.received - stream.reported_received;
        stream.reported_expected = expected;
        stream.reported_received = stream.received;
        let missing = lately.saturating_sub(arrived);
        Some(ReportBlock {
            ssrc: stream.ssrc,
            fraction_lost: (missing * 256).checked_div(lately).unwrap_or(0).min(255) as u8,
            lost: expected.saturating_sub(stream.received).min(0x7f_ffff) as u32,
            highest: stream.highest as u32,
            jitter: stream.jitter as u32,
        })
    }
}

impl Stream {
    fn new(header: &Header, clock: u32) -> Self {
        // The first cycle is counted from 1, so that an early packet that comes late never falls below zero.
        let first = u64::from(header.sequence) + (1 << 16);
        Self {
            ssrc: header.ssrc,
            first,
            highest: first.wrapping_sub(1),
            received: 0,
            clock,
            transit: None,
            jitter: 0.0,
            reported_expected: 0,
            reported_received: 0,
            bursts: Bursts::default(),
        }
    }

    fn expected(&self) -> u64 {
        self.highest.wrapping_add(1).wrapping_sub(self.first)
    }

    fn receive(&mut self, header: &Header, clock: u32, now: Instant) -> u64 {
        self.received += 1;
        let distance = header.sequence.wrapping_sub(self.highest as u16) as i16;
        let extended = self.highest.wrapping_add_signed(i64::from(distance));
        if extended > self.highest || self.received == 1 {
            self.bursts.arrived(extended.saturating_sub(self.highest).saturating_sub(1));
        }
        self.highest = self.highest.max(extended);
        if clock != self.clock {
            self.clock = clock;
            self.transit = None;
        }
        self.measure(header.timestamp, now);
        extended
    }

    fn measure(&mut self, timestamp: u32, now: Instant) {
        if let Some((at, before)) = self.transit {
            let arrival = now.duration_since(at).as_secs_f64() * f64::from(self.clock);
            let sent = f64::from(timestamp.wrapping_sub(before) as i32);
            // A pause between talk spurts says nothing about the network.
            if sent.abs() < f64::from(self.clock) {
                self.jitter += ((arrival - sent).abs() - self.jitter) / 16.0;
            }
        }
        self.transit = Some((now, timestamp));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn header(sequence: u16, ssrc: u32) -> Header {
        Header {
            payload_type: 8,
            marker: false,
            sequence,
            timestamp: u32::from(sequence).wrapping_mul(160),
            ssrc,
        }
    }

    #[test]
    fn sequence_numbers_extend_over_the_wrap() {
        let (mut reception, now) = (Reception::default(), Instant::now());
        let numbers: Vec<u64> = [65534u16, 65535, 0, 65533, 1]
            .iter()
            .map(|sequence| reception.receive(&header(*sequence, 1), 160, 8000, now))
            .collect();
        let steps: Vec<i64> = numbers.iter().map(|number| *number as i64 - numbers[0] as i64).collect();
        assert_eq!(steps, [0, 1, 2, -1, 3]);
    }

    #[test]
    fn loss_is_counted_and_reported_once() {
        let (mut reception, now) = (Reception::default(), Instant::now());
        for sequence in [0, 1, 2, 3, 6, 7] {
            reception.receive(&header(sequence, 1), 160, 8000, now);
        }
        assert_eq!(reception.lost(), 2);
        let report = reception.report().expect("a stream");
        assert_eq!((report.lost, report.fraction_lost), (2, 64));
        assert_eq!(reception.report().expect("a stream").fraction_lost, 0);
        reception.receive(&header(500, 2), 160, 8000, now);
        assert_eq!(reception.lost(), 2, "a new source forgets nothing of the old one");
    }

    #[test]
    fn even_arrival_has_no_jitter_and_uneven_has() {
        let (mut even, mut uneven, start) = (Reception::default(), Reception::default(), Instant::now());
        for sequence in 0..200u16 {
            let at = start + Duration::from_millis(20 * u64::from(sequence));
            even.receive(&header(sequence, 1), 160, 8000, at);
            let shaken = if sequence % 2 == 0 { at } else { at + Duration::from_millis(10) };
            uneven.receive(&header(sequence, 1), 160, 8000, shaken);
        }
        assert!(even.jitter_ms() < 0.1, "{}", even.jitter_ms());
        assert!((uneven.jitter_ms() - 10.0).abs() < 0.5, "{}", uneven.jitter_ms());
    }
}
