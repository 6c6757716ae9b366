//! A telephone line that was cut into packets: a modem needs every sample once, in order, and as many as were sent.
//!
//! Nothing is delayed for evenness as for ears: a modem hears as soon as it can, waits for what is late while three
//! later packets come, and is told how much is missing then.

use std::collections::BTreeMap;

/// Later packets that may come before one is given up.
const PATIENCE: usize = 3;
/// More lost packets in a row than this are no loss but a pause of the sender.
const PAUSE: u64 = 50;

/// Further behind than this, a packet is not late but the first of another stream.
const FAR: u64 = 1_000;

/// What the line brings next.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// What was said.
    Heard(Vec<i16>),
    /// So many samples are lost.
    Lost(usize),
}

/// Packets on their way to a modem.
#[derive(Debug, Default)]
pub struct Line {
    next: Option<u64>,
    waiting: BTreeMap<u64, Vec<i16>>,
}

impl Line {
    /// Takes a packet; returns what is to be heard now.
    pub fn push(&mut self, sequence: u64, samples: Vec<i16>) -> Vec<Piece> {
        let next = *self.next.get_or_insert(sequence);
        if sequence + FAR < next {
            // The sender began anew.
            self.next = Some(sequence);
            self.waiting.clear();
        }
        if sequence + FAR < next || sequence >= next {
            self.waiting.insert(sequence, samples);
        }
        let mut pieces = Vec::new();
        while let Some(piece) = self.pop() {
            pieces.push(piece);
        }
        pieces
    }

    fn pop(&mut self) -> Option<Piece> {
        let next = self.next?;
        let (first, length) = self.waiting.first_key_value().map(|(first, heard)| (*first, heard.len()))?;
        if first > next && self.waiting.len() <= PATIENCE {
            return None;
        }
        let missing = first - next;
        if missing > 0 {
            self.next = Some(first);
            let missing = if missing > PAUSE { 0 } else { missing as usize };
            return Some(Piece::Lost(missing * length));
        }
        self.next = Some(first + 1);
        self.waiting.remove(&first).map(Piece::Heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bring(order: &[u64]) -> Vec<Piece> {
        let mut line = Line::default();
        order.iter().flat_map(|number| line.push(*number, vec![*number as i16; 160])).collect()
    }

    fn heard(number: i16) -> Piece {
        Piece::Heard(vec![number; 160])
    }

    #[test]
    fn order_is_restored_and_repetitions_are_left_out() {
        assert_eq!(bring(&[5, 7, 6, 6, 5, 8]), [heard(5), heard(6), heard(7), heard(8)]);
    }

    #[test]
    fn what_is_lost_is_told_with_its_length() {
        let expected = [heard(1), Piece::Lost(320), heard(4), heard(5), heard(6), heard(7)];
        assert_eq!(bring(&[1, 4, 5, 6, 7, 2]), expected);
    }

    #[test]
    fn a_pause_is_no_loss() {
        assert_eq!(bring(&[1, 901, 902, 903, 904])[1], Piece::Lost(0));
    }
}
