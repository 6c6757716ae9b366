//! The fixed header of RTP (RFC 3550 §5.1).

/// Length of a header without contributing sources and extension, in bytes.
pub const HEADER: usize = 12;

/// A header and where its payload lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Payload type, 0–127.
    pub payload_type: u8,
    /// First packet of a talk spurt, or the event's first packet.
    pub marker: bool,
    /// Low 16 bits of the sequence number.
    pub sequence: u16,
    /// In ticks of the payload's clock.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

impl Header {
    /// Reads a header; the second value is where the payload begins, the third where it ends (padding is cut).
    ///
    /// None for anything that is not RTP version 2 or whose lengths contradict each other.
    pub fn parse(packet: &[u8]) -> Option<(Self, usize, usize)> {
        let fixed = packet.get(..HEADER)?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut start = HEADER + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(start + 2..start + 4)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let mut end = packet.len();
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*packet.last()?);
            end = end.checked_sub(padding)?;
        }
        if start > end {
            return None;
        }
        let header = Self {
            payload_type: fixed[1] & 0x7f,
            marker: fixed[1] & 0x80 != 0,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        };
        Some((header, start, end))
    }

    /// Writes the twelve bytes; `to` must hold at least [`HEADER`] bytes, else nothing is written.
    pub fn write(&self, to: &mut [u8]) {
        let Some(to) = to.get_mut(..HEADER) else {
            return;
        };
        to[0] = 0x80;
        to[1] = self.payload_type & 0x7f | if self.marker { 0x80 } else { 0 };
        to[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        to[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        to[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
    }
}

/// Whether a datagram on a port shared by RTP and RTCP is RTCP (RFC 5761 §4).
pub fn is_rtcp(packet: &[u8]) -> bool {
    matches!(packet.get(1), Some(192..=223))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_with_everything_optional() {
        // One contributing source, an extension of one word, four bytes of padding.
        let mut packet = vec![0xb1, 0x80 | 8, 0x12, 0x34, 0, 0, 0, 160, 1, 2, 3, 4];
        packet.extend([9; 4]);
        packet.extend([0xbe, 0xde, 0, 1, 5, 5, 5, 5]);
        packet.extend([0xd5; 160]);
        packet.extend([0, 0, 0, 4]);
        let (header, start, end) = Header::parse(&packet).expect("valid");
        assert_eq!((header.payload_type, header.marker), (8, true));
        assert_eq!((header.sequence, header.timestamp, header.ssrc), (0x1234, 160, 0x0102_0304));
        assert_eq!((start, end), (24, 184));
    }

    #[test]
    fn broken_lengths_are_refused() {
        for packet in [
            vec![],
            vec![0x80; 11],
            vec![0x40; 12],                                // version 1
            vec![0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],   // 15 sources that are not there
            vec![0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],   // no extension
            vec![0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200], // more padding than packet
        ] {
            assert_eq!(Header::parse(&packet), None, "{packet:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(packet in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some((_, start, end)) = Header::parse(&packet) {
                prop_assert!(packet.get(start..end).is_some());
            }
        }

        #[test]
        fn what_is_written_is_read(payload_type in 0u8..128, marker: bool, sequence: u16, timestamp: u32, ssrc: u32) {
            let header = Header { payload_type, marker, sequence, timestamp, ssrc };
            let mut packet = [0; HEADER];
            header.write(&mut packet);
            prop_assert_eq!(Header::parse(&packet), Some((header, HEADER, HEADER)));
        }
    }
}
