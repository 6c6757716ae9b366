//! UDPTL (ITU-T T.38 §9.1 and annex A): IFP packets in datagrams, each with what repairs the loss of earlier ones.
//!
//! The encoding is aligned PER (ITU-T X.691): a sequence number, the packet as an open type, and the choice between
//! earlier packets once more (redundancy) and their parity (forward error correction).

use std::collections::VecDeque;

/// Longest IFP packet that is kept for repair.
const LONGEST: usize = 1_024;
/// Packets whose parity can be used: as far back as they are remembered.
const MEMORY: usize = 32;
/// A number that is further ahead than this is no successor but a stray datagram.
const AHEAD: u16 = 1_000;

/// What is sent with a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repair {
    /// Nothing (`t38UDPNoEC`).
    None,
    /// The last packets again (`t38UDPRedundancy`).
    #[default]
    Redundancy,
    /// The parity of the last packets (`t38UDPFEC`).
    Parity,
}

/// A datagram's contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Number of the packet.
    pub sequence: u16,
    /// The packet.
    pub primary: Vec<u8>,
    /// What else is in it.
    pub extra: Extra,
}

/// What repairs losses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Earlier packets, the latest first.
    Earlier(Vec<Vec<u8>>),
    /// Parities, each over `span` packets: where there are n of them, the first is over the packets n, 2n, … before
    /// this one, the second over n - 1, 2n - 1, …, the last over 1, 1 + n, ….
    Parity {
        /// Packets under each parity.
        span: usize,
        /// One for each offset.
        parities: Vec<Vec<u8>>,
    },
}

impl Datagram {
    /// Reads a datagram. None for anything that is not exactly one.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let head = take(&mut rest, 2)?;
        let sequence = u16::from_be_bytes([head[0], head[1]]);
        let primary = open_type(&mut rest)?;
        let extra = match take(&mut rest, 1)?[0] & 0x80 {
            0 => {
                let count = length(&mut rest)?;
                Extra::Earlier(list(&mut rest, count)?)
            }
            _ => {
                let size = length(&mut rest)?;
                let span = take(&mut rest, size)?;
                let [span] = span else {
                    return None;
                };
                let count = length(&mut rest)?;
                Extra::Parity { span: usize::from(*span), parities: list(&mut rest, count)? }
            }
        };
        rest.is_empty().then_some(Self { sequence, primary, extra })
    }

    /// As bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.sequence.to_be_bytes().to_vec();
        put_open_type(&mut out, &self.primary);
        let items = match &self.extra {
            Extra::Earlier(packets) => {
                out.push(0);
                packets
            }
            Extra::Parity { span, parities } => {
                out.extend([0x80, 1, u8::try_from(*span).unwrap_or(u8::MAX)]);
                parities
            }
        };
        put_length(&mut out, items.len());
        for item in items {
            put_open_type(&mut out, item);
        }
        out
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(head)
}

/// X.691 §11.9: one byte below 128, two below 16384; longer things do not fit into a datagram.
fn length(rest: &mut &[u8]) -> Option<usize> {
    let first = usize::from(take(rest, 1)?[0]);
    match first >> 6 {
        0 | 1 => Some(first),
        2 => Some((first & 0x3f) << 8 | usize::from(take(rest, 1)?[0])),
        _ => None,
    }
}

fn open_type(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let count = length(rest)?;
    take(rest, count).map(<[u8]>::to_vec)
}

fn list(rest: &mut &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    // Every item has one byte at least: a count that claims more than there is ends here.
    if count > rest.len() {
        return None;
    }
    (0..count).map(|_| open_type(rest)).collect()
}

fn put_length(out: &mut Vec<u8>, count: usize) {
    if count < 0x80 {
        out.push(count as u8);
    } else {
        out.extend([0x80 | (count >> 8 & 0x3f) as u8, count as u8]);
    }
}

fn put_open_type(out: &mut Vec<u8>, bytes: &[u8]) {
    // An open type is never empty (X.691 §11.2.1).
    let bytes = if bytes.is_empty() { &[0] } else { bytes };
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Numbers packets and adds what repairs losses.
#[derive(Debug)]
pub struct Sender {
    repair: Repair,
    /// Packets that are sent again with each.
    depth: usize,
    /// Longest datagram that the peer takes.
    longest: usize,
    sequence: u16,
    past: VecDeque<Vec<u8>>,
}

impl Sender {
    /// Nothing was sent yet. `longest` is the peer's `T38FaxMaxDatagram`.
    pub fn new(repair: Repair, depth: usize, longest: usize) -> Self {
        Self { repair, depth: depth.min(MEMORY / 2), longest, sequence: 0, past: VecDeque::new() }
    }

    /// The datagram that carries the next packet.
    pub fn pack(&mut self, primary: Vec<u8>) -> Vec<u8> {
        let extra = match self.repair {
            Repair::None => Extra::Earlier(vec![]),
            Repair::Redundancy => self.earlier(),
            Repair::Parity => self.parities(),
        };
        let mut datagram = Datagram { sequence: self.sequence, primary, extra };
        let mut bytes = datagram.bytes();
        while bytes.len() > self.longest && datagram.extra.shorten() {
            bytes = datagram.bytes();
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.past.push_front(datagram.primary);
        self.past.truncate(MEMORY);
        bytes
    }

    fn earlier(&self) -> Extra {
        Extra::Earlier(self.past.iter().take(self.depth).cloned().collect())
    }

    /// Three packets under each parity; before there are so many, they are sent again. There are as many
    /// parities as packets are repeated otherwise.
    fn parities(&self) -> Extra {
        const SPAN: usize = 3;
        if self.past.len() < SPAN * self.depth {
            return self.earlier();
        }
        let under = |offset: usize| (0..SPAN).map(move |step| offset + step * self.depth);
        let parities = (0..self.depth).rev().map(|offset| {
            let mut parity = Vec::new();
            for packet in under(offset).filter_map(|index| self.past.get(index)) {
                mix(&mut parity, packet);
            }
            parity
        });
        Extra::Parity { span: SPAN, parities: parities.collect() }
    }
}

impl Extra {
    /// Leaves something out; false when there is nothing left.
    fn shorten(&mut self) -> bool {
        match self {
            Self::Earlier(packets) => packets.pop().is_some(),
            Self::Parity { .. } => {
                *self = Self::Earlier(vec![]);
                true
            }
        }
    }
}

fn mix(parity: &mut Vec<u8>, packet: &[u8]) {
    if parity.len() < packet.len() {
        parity.resize(packet.len(), 0);
    }
    for (sum, byte) in parity.iter_mut().zip(packet) {
        *sum ^= byte;
    }
}

/// Puts packets in order and repairs what it can.
#[derive(Debug, Default)]
pub struct Receiver {
    /// The number after the last packet that was handed on.
    next: Option<u16>,
    /// What came lately, for parities.
    past: VecDeque<(u16, Vec<u8>)>,
    /// Packets that were lost for good.
    pub lost: u64,
    /// Packets that were lost and repaired.
    pub repaired: u64,
}

impl Receiver {
    /// Takes a datagram; returns packets with their numbers, in order. Strangers and repetitions bring none.
    pub fn unpack(&mut self, bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let Some(datagram) = Datagram::parse(bytes) else {
            return vec![];
        };
        let sequence = datagram.sequence;
        let missing = match self.next {
            // Numbers begin at 0: what is repeated of the very first packets is not lost either.
            None if usize::from(sequence) < MEMORY => sequence,
            None => 0,
            Some(next) => match sequence.wrapping_sub(next) {
                ahead if ahead < AHEAD => ahead,
                _ => return vec![],
            },
        };
        let mut packets: Vec<(u16, Vec<u8>)> = match datagram.extra {
            Extra::Earlier(earlier) => (1..=missing)
                .rev()
                .filter_map(|back| {
                    let packet = earlier.get(usize::from(back) - 1)?;
                    Some((sequence.wrapping_sub(back), packet.clone()))
                })
                .collect(),
            Extra::Parity { span, parities } => self.restore(sequence, missing, span, &parities),
        };
        self.repaired += packets.len() as u64;
        self.lost += u64::from(missing) - packets.len() as u64;
        packets.push((sequence, datagram.primary));
        for (number, packet) in &packets {
            if packet.len() <= LONGEST {
                self.past.push_front((*number, packet.clone()));
            }
        }
        self.past.truncate(MEMORY);
        self.next = Some(sequence.wrapping_add(1));
        packets
    }

    /// A parity gives back a packet when it is the only one missing of those it covers.
    fn restore(&self, sequence: u16, missing: u16, span: usize, parities: &[Vec<u8>]) -> Vec<(u16, Vec<u8>)> {
        let known = |number: u16| self.past.iter().find(|(other, _)| *other == number);
        let mut restored = Vec::new();
        for (place, parity) in parities.iter().enumerate().take(MEMORY) {
            let first = parities.len() - place;
            let covered = (0..span.min(MEMORY))
                .map(|step| sequence.wrapping_sub((first + step * parities.len()) as u16));
            let (present, absent): (Vec<u16>, Vec<u16>) =
                covered.partition(|number| known(*number).is_some());
            let [absent] = absent[..] else {
                continue;
            };
            if sequence.wrapping_sub(absent) > missing {
                continue;
            }
            let mut packet = parity.clone();
            for (_, other) in present.into_iter().filter_map(known) {
                mix(&mut packet, other);
            }
            restored.push((absent, packet));
        }
        restored.sort_by_key(|(number, _)| std::cmp::Reverse(sequence.wrapping_sub(*number)));
        restored
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(number: u16) -> Vec<u8> {
        vec![0xc0, 1, 0x80, (number >> 8) as u8, number as u8]
    }

    /// Sends `count` packets and drops those that `lost` names; returns the numbers that arrived, and checks contents.
    fn carry(repair: Repair, depth: usize, count: u16, lost: impl Fn(u16) -> bool) -> Vec<u16> {
        let (mut sender, mut receiver) = (Sender::new(repair, depth, 1400), Receiver::default());
        let mut arrived = Vec::new();
        for number in 0..count {
            let bytes = sender.pack(packet(number));
            if lost(number) {
                continue;
            }
            for (sequence, contents) in receiver.unpack(&bytes) {
                assert_eq!(contents, packet(sequence), "{repair:?}");
                arrived.push(sequence);
            }
            assert!(receiver.unpack(&bytes).is_empty(), "the same again");
        }
        arrived
    }

    #[test]
    fn redundancy_repairs_as_many_as_are_repeated() {
        let all: Vec<u16> = (0..60).collect();
        assert_eq!(carry(Repair::Redundancy, 3, 60, |number| number % 4 != 3), all);
        let arrived = carry(Repair::Redundancy, 3, 60, |number| (20..24).contains(&number));
        assert_eq!(arrived, (0..60).filter(|number| *number != 20).collect::<Vec<u16>>());
        assert_eq!(carry(Repair::None, 3, 60, |number| number == 5).len(), 59);
    }

    #[test]
    fn parities_repair_bursts_as_long_as_there_are_parities() {
        let all: Vec<u16> = (0..80).collect();
        assert_eq!(carry(Repair::Parity, 3, 80, |number| (30..33).contains(&number)), all);
        assert_eq!(carry(Repair::Parity, 3, 80, |number| number % 10 == 5 && number > 10), all);
    }

    #[test]
    fn numbers_begin_anew_after_the_last() {
        let (mut sender, mut receiver) = (Sender::new(Repair::Redundancy, 3, 1400), Receiver::default());
        sender.sequence = 65_534;
        let mut arrived = Vec::new();
        for number in 0..6u16 {
            let bytes = sender.pack(packet(number));
            if number != 2 {
                arrived.extend(receiver.unpack(&bytes).into_iter().map(|(sequence, _)| sequence));
            }
        }
        assert_eq!(arrived, [65_534, 65_535, 0, 1, 2, 3]);
    }

    #[test]
    fn a_datagram_is_no_longer_than_the_peer_takes() {
        let mut sender = Sender::new(Repair::Redundancy, 5, 200);
        for _ in 0..10 {
            assert!(sender.pack(vec![7; 90]).len() <= 200);
        }
        assert_eq!(
            Datagram::parse(&sender.pack(vec![7; 90])).map(|datagram| datagram.extra),
            Some(Extra::Earlier(vec![vec![7; 90]]))
        );
    }

    #[test]
    fn a_datagram_of_the_standard_s_form_is_read() {
        // Number 1, an indicator (CNG), one earlier packet (no signal), by hand after X.691.
        let bytes = [0, 1, 1, 0x02, 0, 1, 1, 0x00];
        let datagram = Datagram::parse(&bytes).expect("a datagram");
        assert_eq!((datagram.sequence, datagram.primary.as_slice()), (1, &[0x02][..]));
        assert_eq!(datagram.extra, Extra::Earlier(vec![vec![0]]));
        assert_eq!(datagram.bytes(), bytes);
    }

    #[test]
    fn speech_is_no_fax() {
        let mut speech = vec![0x80, 0x08, 0x12, 0x34, 0, 0, 0, 160, 1, 2, 3, 4];
        speech.extend([0xd5; 160]);
        assert_eq!(Datagram::parse(&speech), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut receiver = Receiver::default();
            for start in 0..4.min(bytes.len()) {
                receiver.unpack(&bytes[start..]);
            }
        }

        #[test]
        fn what_is_written_is_read(
            sequence: u16,
            primary in proptest::collection::vec(any::<u8>(), 1..300),
            items in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 0..8),
            span in proptest::option::of(0usize..8),
        ) {
            let extra = match span {
                Some(span) => Extra::Parity { span, parities: items },
                None => Extra::Earlier(items),
            };
            let datagram = Datagram { sequence, primary, extra };
            prop_assert_eq!(Datagram::parse(&datagram.bytes()), Some(datagram));
        }

        /// Whatever is lost, repeated or late: packets come in order, once, and as they were sent.
        #[test]
        fn packets_keep_their_order(fate in proptest::collection::vec(0u8..4, 1..200), parity: bool) {
            let repair = if parity { Repair::Parity } else { Repair::Redundancy };
            let (mut sender, mut receiver) = (Sender::new(repair, 3, 1400), Receiver::default());
            let (mut late, mut last) = (None, None);
            for (number, fate) in fate.into_iter().enumerate() {
                let bytes = sender.pack(packet(number as u16));
                let mut arriving = Vec::new();
                match fate {
                    0 => {}
                    1 => late = Some(bytes),
                    2 => arriving.extend([bytes.clone(), bytes]),
                    _ => arriving.extend([Some(bytes), late.take()].into_iter().flatten()),
                }
                for bytes in arriving {
                    for (sequence, contents) in receiver.unpack(&bytes) {
                        prop_assert_eq!(&contents, &packet(sequence));
                        prop_assert!(last.is_none_or(|last| sequence > last));
                        last = Some(sequence);
                    }
                }
            }
        }
    }
}
