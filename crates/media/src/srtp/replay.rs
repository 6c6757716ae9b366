//! Which packets of a stream have been, and which number a short sequence number stands for (RFC 3711 §3.3).

/// How far behind the newest packet one may come.
const WIDTH: u64 = 128;

/// The newest number and what was seen before it.
#[derive(Clone, Debug, Default)]
pub struct Window {
    newest: Option<u64>,
    /// The lowest bit is the newest itself.
    seen: u128,
}

impl Window {
    /// The number of 48 bits that is nearest to the newest one (RFC 3711 appendix A); None before the first packet.
    pub fn index(&self, sequence: u16) -> Option<u64> {
        let Some(newest) = self.newest else {
            return Some(u64::from(sequence));
        };
        let (rollover, last) = (newest >> 16, newest as u16);
        let rollover = if last < 0x8000 && i32::from(sequence) - i32::from(last) > 0x8000 {
            rollover.checked_sub(1)?
        } else if last >= 0x8000 && last - 0x8000 > sequence {
            rollover + 1
        } else {
            rollover
        };
        (rollover <= u64::from(u32::MAX)).then_some(rollover << 16 | u64::from(sequence))
    }

    /// The number after the newest.
    pub fn next(&self) -> u64 {
        self.newest.map_or(0, |newest| newest + 1)
    }

    /// Whether this one has neither been nor is too old to tell.
    pub fn is_new(&self, index: u64) -> bool {
        match self.newest {
            Some(newest) if index <= newest => {
                let behind = newest - index;
                behind < WIDTH && self.seen >> behind & 1 == 0
            }
            _ => true,
        }
    }

    /// Notes one that is new.
    pub fn take(&mut self, index: u64) {
        match self.newest {
            Some(newest) if index <= newest => self.seen |= 1 << (newest - index).min(WIDTH - 1),
            newest => {
                let ahead = newest.map_or(WIDTH, |newest| index - newest);
                self.seen =
                    u32::try_from(ahead).ok().and_then(|ahead| self.seen.checked_shl(ahead)).unwrap_or(0) | 1;
                self.newest = Some(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(newest: u64) -> Window {
        let mut window = Window::default();
        window.take(newest);
        window
    }

    #[test]
    fn a_sequence_number_stands_for_the_nearest_packet() {
        assert_eq!(Window::default().index(65_535), Some(65_535));
        for (newest, sequence, index) in [
            (10, 11, Some(11)),
            (10, 9, Some(9)),
            (65_535, 0, Some(65_536)),
            (65_536, 65_535, Some(65_535)),
            (0, 65_535, None),
            (3 << 16 | 0x8001, 0, Some(4 << 16)),
            (3 << 16 | 0x8001, 1, Some(3 << 16 | 1)),
            ((1 << 48) - 1, 0, None),
        ] {
            assert_eq!(at(newest).index(sequence), index, "{sequence} after {newest}");
        }
    }

    #[test]
    fn a_packet_is_new_once_and_not_for_ever() {
        let mut window = at(1000);
        assert!(!window.is_new(1000) && window.is_new(999) && window.is_new(873) && !window.is_new(872));
        window.take(900);
        assert!(!window.is_new(900) && window.is_new(901));
        window.take(1001);
        assert!(!window.is_new(1000) && !window.is_new(900) && !window.is_new(873));
        window.take(5000);
        assert!(!window.is_new(5000) && window.is_new(4999) && !window.is_new(1001));
        assert_eq!(window.next(), 5001);
    }
}
