//! Telephone events (RFC 4733): digits in, digits out.

/// Payload of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// 0–9, 10 `*`, 11 `#`, 12–15 A–D.
    pub code: u8,
    /// The key is up again.
    pub end: bool,
    /// Below 0 dBm0, 0–63.
    pub volume: u8,
    /// Since the event began, in ticks of its clock.
    pub duration: u16,
}

const DIGITS: &[u8; 16] = b"0123456789*#ABCD";

impl Event {
    /// Reads a payload (RFC 4733 §2.3); None when it is too short.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let payload = payload.get(..4)?;
        Some(Self {
            code: payload[0],
            end: payload[1] & 0x80 != 0,
            volume: payload[1] & 0x3f,
            duration: u16::from_be_bytes([payload[2], payload[3]]),
        })
    }

    /// The four bytes of a payload.
    pub fn bytes(&self) -> [u8; 4] {
        let duration = self.duration.to_be_bytes();
        [self.code, if self.end { 0x80 } else { 0 } | self.volume & 0x3f, duration[0], duration[1]]
    }

    /// The key, None for other events (flash, fax tones).
    pub fn digit(&self) -> Option<char> {
        DIGITS.get(usize::from(self.code)).map(|digit| char::from(*digit))
    }
}

/// The code of a key, None when there is no such key.
pub fn code_of(digit: char) -> Option<u8> {
    let digit = digit.to_ascii_uppercase();
    DIGITS.iter().position(|known| char::from(*known) == digit).map(|position| position as u8)
}

/// Makes one press of the many packets of an event, whose end comes three times (RFC 4733 §2.5.1.4).
#[derive(Debug, Default)]
pub struct Receiver {
    current: Option<(u32, Event, bool)>,
}

/// A key that was pressed and let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// Which.
    pub digit: char,
    /// How long, in milliseconds.
    pub duration_ms: u32,
}

impl Receiver {
    /// Takes a packet; returns a press once it is complete. An event whose end was lost is complete when the next begins.
    pub fn receive(&mut self, timestamp: u32, event: Event, clock: u32) -> Option<Press> {
        let before = match &mut self.current {
            Some((at, current, told)) if *at == timestamp => {
                if *told {
                    return None;
                }
                *current = event;
                *told = event.end;
                return if event.end { press(event, clock) } else { None };
            }
            Some((_, current, false)) => press(*current, clock),
            _ => None,
        };
        self.current = Some((timestamp, event, event.end));
        if event.end { press(event, clock) } else { before }
    }
}

fn press(event: Event, clock: u32) -> Option<Press> {
    let duration_ms = u32::from(event.duration) * 1000 / clock.max(1);
    event.digit().map(|digit| Press { digit, duration_ms })
}

/// Sends digits one after the other: an event, then a pause.
#[derive(Debug, Default)]
pub struct Sender {
    /// Codes and frames.
    digits: Vec<(u8, u32)>,
    position: usize,
    frame: u32,
    timestamp: u32,
}

/// A packet of a digit that is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// Payload.
    pub event: Event,
    /// First packet of the event.
    pub first: bool,
}

/// Frames of 20 ms between two digits; 40 ms is the least a receiver must tell apart (ITU-T Q.24).
const PAUSE: u32 = 4;
/// Times that the last packet is sent (RFC 4733 §2.5.1.4).
const ENDS: u32 = 3;

impl Sender {
    /// Adds a digit behind those that are still to be sent, a code of [`code_of`]; it lasts 40 ms at least.
    pub fn append(&mut self, code: u8, duration_ms: u32) {
        self.digits.push((code, (duration_ms / 20).clamp(2, 250)));
    }

    /// The timestamp of the event that is being sent; `now` where a new one begins.
    pub fn timestamp(&mut self, now: u32) -> u32 {
        if self.frame == 0 {
            self.timestamp = now;
        }
        self.timestamp
    }

    /// What goes out in this frame of 20 ms; None when all is sent. An empty list is the pause between digits.
    pub fn frame(&mut self, clock: u32) -> Option<Vec<Outbound>> {
        let (code, frames) = *self.digits.get(self.position)?;
        let ticks = clock / 50;
        let frame = self.frame;
        self.frame += 1;
        if frame >= frames {
            if self.frame >= frames + PAUSE {
                self.position += 1;
                self.frame = 0;
            }
            return Some(Vec::new());
        }
        let end = frame + 1 == frames;
        let duration = ((frame + 1) * ticks).min(u32::from(u16::MAX)) as u16;
        let event = Event { code, end, volume: 10, duration };
        let times = if end { ENDS } else { 1 };
        Some((0..times).map(|_| Outbound { event, first: frame == 0 }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(code: u8, end: bool, duration: u16) -> Event {
        Event { code, end, volume: 10, duration }
    }

    #[test]
    fn three_ends_are_one_press() {
        let mut receiver = Receiver::default();
        let mut presses = vec![];
        for (end, duration) in [(false, 160), (false, 320), (true, 480), (true, 480), (true, 480)] {
            presses.extend(receiver.receive(1000, event(5, end, duration), 8000));
        }
        assert_eq!(presses, [Press { digit: '5', duration_ms: 60 }]);
    }

    #[test]
    fn a_lost_end_is_told_by_the_next_digit() {
        let mut receiver = Receiver::default();
        assert_eq!(receiver.receive(0, event(1, false, 800), 8000), None);
        assert_eq!(
            receiver.receive(4000, event(2, false, 160), 8000),
            Some(Press { digit: '1', duration_ms: 100 })
        );
        assert_eq!(
            receiver.receive(4000, event(2, true, 320), 8000),
            Some(Press { digit: '2', duration_ms: 40 })
        );
    }

    #[test]
    fn what_is_sent_is_received() {
        let digits = "0123456789*#ABCD";
        let mut sender = Sender::default();
        for code in digits.chars().filter_map(code_of) {
            sender.append(code, 160);
        }
        let (mut receiver, mut heard, mut now) = (Receiver::default(), String::new(), 0);
        while let Some(packets) = {
            let timestamp = sender.timestamp(now);
            sender.frame(8000).map(|packets| (timestamp, packets))
        } {
            for packet in packets.1 {
                let parsed = Event::parse(&packet.event.bytes()).expect("four bytes");
                heard.extend(receiver.receive(packets.0, parsed, 8000).map(|press| {
                    assert_eq!(press.duration_ms, 160);
                    press.digit
                }));
            }
            now += 160;
        }
        assert_eq!(heard, digits);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_event_is_told_twice(
            packets in proptest::collection::vec((0u32..6, proptest::collection::vec(any::<u8>(), 0..8)), 0..80),
            clock in prop_oneof![Just(0u32), Just(8000), Just(48_000)],
        ) {
            let (mut receiver, mut told) = (Receiver::default(), 0);
            let mut begun = 0;
            let mut last = None;
            for (timestamp, payload) in packets {
                if let Some(event) = Event::parse(&payload) {
                    begun += usize::from(last != Some(timestamp));
                    last = Some(timestamp);
                    told += usize::from(receiver.receive(timestamp, event, clock).is_some());
                }
            }
            prop_assert!(told <= begun, "{} presses of {} events", told, begun);
        }

        #[test]
        fn what_is_written_is_read(code: u8, end: bool, volume in 0u8..64, duration: u16) {
            let event = Event { code, end, volume, duration };
            prop_assert_eq!(Event::parse(&event.bytes()), Some(event));
        }
    }
}
