//! Sender and receiver reports (RFC 3550 §6.4), source description (§6.5).

use std::time::{Duration, SystemTime};

use super::reception::ReportBlock;
use super::xr::{VoipMetrics, XR};

/// Seconds from 1900 to 1970 (RFC 5905 §6).
const NTP_EPOCH: u64 = 2_208_988_800;

/// What the peer told us that the next report answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Told {
    /// Middle 32 bits of the NTP time of the peer's last sender report.
    pub last_report: Option<u32>,
    /// Middle 32 bits of our own NTP time that the peer echoes, with its delay in 1/65536 s.
    pub echo: Option<(u32, u32)>,
    /// How our packets arrive at the peer.
    pub block: Option<ReportBlock>,
    /// The peer speaks of extended reports.
    pub extended: bool,
    /// What it says there of our packets.
    pub voip: Option<VoipMetrics>,
}

/// What we say of our own stream.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Timestamp of this moment.
    pub timestamp: u32,
    /// Packets so far.
    pub packets: u64,
    /// Bytes of payload so far.
    pub bytes: u64,
}

/// NTP time of a moment, 32.32 bits.
pub fn ntp(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    ((since.as_secs() + NTP_EPOCH) << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}

/// A compound packet: sender report (receiver report when nothing was sent), then the source's name.
///
/// `heard` is the report block and how long ago the peer's last sender report came, with its middle NTP bits.
pub fn compose(
    ssrc: u32,
    sent: Option<Sent>,
    heard: Option<(ReportBlock, Option<(u32, Duration)>)>,
    at: SystemTime,
) -> Vec<u8> {
    let mut packet = Vec::with_capacity(80);
    let blocks = u8::from(heard.is_some());
    packet.extend([0x80 | blocks, if sent.is_some() { 200 } else { 201 }, 0, 0]);
    packet.extend(ssrc.to_be_bytes());
    if let Some(sent) = sent {
        packet.extend(ntp(at).to_be_bytes());
        packet.extend(sent.timestamp.to_be_bytes());
        packet.extend((sent.packets as u32).to_be_bytes());
        packet.extend((sent.bytes as u32).to_be_bytes());
    }
    if let Some((block, last)) = heard {
        packet.extend(block.ssrc.to_be_bytes());
        packet.extend((u32::from(block.fraction_lost) << 24 | block.lost & 0xff_ffff).to_be_bytes());
        packet.extend(block.highest.to_be_bytes());
        packet.extend(block.jitter.to_be_bytes());
        let (report, ago) = last.unwrap_or_default();
        packet.extend(report.to_be_bytes());
        packet.extend(((ago.as_secs_f64() * 65536.0) as u32).to_be_bytes());
    }
    let words = (packet.len() / 4 - 1) as u16;
    packet[2..4].copy_from_slice(&words.to_be_bytes());
    describe(&mut packet, ssrc);
    packet
}

/// Canonical name: random like the SSRC, tells nothing about the host (RFC 7022 §4.2).
fn describe(packet: &mut Vec<u8>, ssrc: u32) {
    let start = packet.len();
    let name = format!("{ssrc:08x}@stimme");
    packet.extend([0x81, 202, 0, 0]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend([1, name.len() as u8]);
    packet.extend(name.as_bytes());
    packet.push(0);
    while !(packet.len() - start).is_multiple_of(4) {
        packet.push(0);
    }
    let words = ((packet.len() - start) / 4 - 1) as u16;
    packet[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

/// Reads a compound packet; None when it is not RTCP. `ssrc` is ours: report blocks about others are passed over.
pub fn read(mut packet: &[u8], ssrc: u32) -> Option<Told> {
    let mut told = Told::default();
    let mut any = false;
    while let Some(head) = packet.get(..4) {
        if head[0] >> 6 != 2 || !(192..=223).contains(&head[1]) {
            break;
        }
        let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let body = packet.get(4..length)?;
        let blocks = usize::from(head[0] & 0x1f);
        match head[1] {
            200 => {
                told.last_report = word(body, 4).zip(word(body, 8)).map(|(high, low)| high << 16 | low >> 16);
                told.take(body.get(24..).unwrap_or_default(), blocks, ssrc);
            }
            XR => {
                told.extended = true;
                told.voip = VoipMetrics::find(body.get(4..).unwrap_or_default(), ssrc).or(told.voip);
            }
            201 => told.take(body.get(4..).unwrap_or_default(), blocks, ssrc),
            _ => {}
        }
        any = true;
        packet = &packet[length..];
    }
    any.then_some(told)
}

impl Told {
    /// Looks for the block about our stream.
    fn take(&mut self, blocks: &[u8], count: usize, ssrc: u32) {
        let Some(block) = blocks.chunks_exact(24).take(count).find(|block| word(block, 0) == Some(ssrc))
        else {
            return;
        };
        let field = |at: usize| word(block, at).unwrap_or_default();
        self.echo = Some((field(16), field(20))).filter(|(report, _)| *report != 0).or(self.echo);
        self.block = Some(ReportBlock {
            ssrc,
            fraction_lost: block[4],
            // Duplicates make it negative (RFC 3550 §6.4.1): nothing is lost then.
            lost: if field(4) & 0x80_0000 == 0 { field(4) & 0x7f_ffff } else { 0 },
            highest: field(8),
            jitter: field(12),
        });
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Round trip from an echo (RFC 3550 §6.4.1), None when the peer's figures make no sense.
pub fn round_trip(echo: (u32, u32), at: SystemTime) -> Option<Duration> {
    let now = (ntp(at) >> 16) as u32;
    let ticks = now.wrapping_sub(echo.0).wrapping_sub(echo.1);
    (ticks < 0x8000_0000).then(|| Duration::from_secs_f64(f64::from(ticks) / 65536.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::damaged;
    use proptest::prelude::*;

    const BLOCK: ReportBlock =
        ReportBlock { ssrc: 5, fraction_lost: 64, lost: 2, highest: 70_000, jitter: 80 };

    #[test]
    fn a_round_trip_is_measured_by_two_reports() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let sent = Some(Sent { timestamp: 1, packets: 10, bytes: 1600 });
        let ours = compose(7, sent, None, start);
        let theirs = read(&ours, 5).expect("RTCP");
        let report = theirs.last_report.expect("a sender report");
        let block = ReportBlock { ssrc: 7, ..BLOCK };
        let answer = compose(5, sent, Some((block, Some((report, Duration::from_millis(500))))), start);
        let told = read(&answer, 7).expect("RTCP");
        assert_eq!(told.block, Some(block));
        let echo = told.echo.expect("an echo");
        let rtt = round_trip(echo, start + Duration::from_millis(530)).expect("sense");
        assert!((rtt.as_secs_f64() - 0.030).abs() < 0.001, "{rtt:?}");
    }

    #[test]
    fn an_extended_report_is_read_behind_the_others() {
        let mut packet = compose(7, None, Some((BLOCK, None)), SystemTime::now());
        let metrics = VoipMetrics { loss: 0.5, ..VoipMetrics::default() };
        metrics.write(7, 5, &mut packet);
        let told = read(&packet, 5).expect("RTCP");
        assert_eq!((told.block, told.extended, told.voip), (Some(BLOCK), true, Some(metrics)));
    }

    #[test]
    fn one_who_only_listens_sends_a_receiver_report() {
        let packet = compose(7, None, Some((BLOCK, None)), SystemTime::now());
        assert_eq!(packet[1], 201);
        assert_eq!(packet.len() % 4, 0);
        let told = Told { block: Some(BLOCK), ..Told::default() };
        assert_eq!(read(&packet, 5), Some(told), "no echo without a report before");
    }

    fn compound() -> impl Strategy<Value = Vec<u8>> {
        let sent = proptest::option::of(any::<(u32, u32, u32)>());
        let heard = proptest::option::of((any::<u8>(), any::<[u32; 4]>()));
        let others = (any::<u8>(), 192u8..=223, proptest::collection::vec(any::<u32>(), 0..8));
        (sent, heard, any::<bool>(), proptest::collection::vec(others, 0..4)).prop_map(
            |(sent, heard, extended, others)| {
                let sent = sent.map(|(timestamp, packets, bytes)| Sent {
                    timestamp,
                    packets: packets.into(),
                    bytes: bytes.into(),
                });
                let heard = heard.map(|(fraction_lost, [lost, highest, jitter, report])| {
                    let block = ReportBlock { ssrc: 5, fraction_lost, lost, highest, jitter };
                    (block, Some((report, Duration::from_millis(9))))
                });
                let mut packet = compose(7, sent, heard, SystemTime::UNIX_EPOCH + Duration::from_secs(1));
                if extended {
                    VoipMetrics::default().write(7, 5, &mut packet);
                }
                for (count, kind, words) in others {
                    packet.extend([0x80 | count & 0x3f, kind]);
                    packet.extend((words.len() as u16).to_be_bytes());
                    packet.extend(words.iter().flat_map(|word| word.to_be_bytes()));
                }
                packet
            },
        )
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(packet in proptest::collection::vec(any::<u8>(), 0..200), ssrc: u32) {
            let _ = read(&packet, ssrc);
        }

        /// A report, a description of its source (SDES), an extended report, and what else may be in a compound packet:
        /// feedback (PLI, FIR, TWCC), a farewell, anything.
        #[test]
        fn damaged_reports_are_refused_or_read(packet in damaged(compound())) {
            let told = read(&packet, 5);
            if let Some(block) = told.and_then(|told| told.block) {
                prop_assert_eq!(block.ssrc, 5);
                prop_assert!(block.lost <= 0x7f_ffff);
            }
        }
    }
}
