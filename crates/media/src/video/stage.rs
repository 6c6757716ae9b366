//! Who is shown: whoever spoke last comes first.

use std::time::{Duration, Instant};

/// Somebody who has just come to the front stays there for so long.
const HOLD: Duration = Duration::from_millis(1500);

/// Everybody who may be shown in a room, in the order in which they spoke last.
#[derive(Debug, Default)]
pub struct Stage {
    order: Vec<u64>,
    changed: Option<Instant>,
}

impl Stage {
    /// Brings the loudest speaker to the front, and lets go of those who are not there any more.
    ///
    /// `members` may be shown; new ones come last. `speakers` speak now, the loudest first.
    pub fn follow(&mut self, members: &[u64], speakers: &[u64], now: Instant) {
        self.order.retain(|member| members.contains(member));
        for member in members {
            if !self.order.contains(member) {
                self.order.push(*member);
            }
        }
        let Some(loudest) = speakers.iter().find(|speaker| self.order.contains(speaker)) else {
            return;
        };
        let held = self.changed.is_some_and(|changed| now.duration_since(changed) < HOLD);
        let in_front = self.order.first();
        // Whoever is in front and still speaks is not pushed away by somebody louder.
        if in_front == Some(loudest) || held || in_front.is_some_and(|first| speakers.contains(first)) {
            return;
        }
        self.order.retain(|member| member != loudest);
        self.order.insert(0, *loudest);
        self.changed = Some(now);
    }

    /// Whom a viewer sees: the first who is not itself.
    pub fn seen_by(&self, viewer: u64) -> Option<u64> {
        self.order.iter().copied().find(|member| *member != viewer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speaker_is_seen_and_sees_who_spoke_before() {
        let (mut stage, start) = (Stage::default(), Instant::now());
        stage.follow(&[1, 2, 3], &[], start);
        assert_eq!((stage.seen_by(1), stage.seen_by(2)), (Some(2), Some(1)));
        stage.follow(&[1, 2, 3], &[3], start);
        assert_eq!((stage.seen_by(1), stage.seen_by(3)), (Some(3), Some(1)));
        stage.follow(&[1, 2, 3], &[2], start + HOLD / 2);
        assert_eq!(stage.seen_by(1), Some(3), "not so soon");
        stage.follow(&[1, 2, 3], &[2, 3], start + HOLD);
        assert_eq!(stage.seen_by(1), Some(3), "who speaks on stays");
        stage.follow(&[1, 2, 3], &[2], start + HOLD);
        assert_eq!((stage.seen_by(1), stage.seen_by(2)), (Some(2), Some(3)));
        stage.follow(&[1, 3], &[9], start + 2 * HOLD);
        assert_eq!((stage.seen_by(1), stage.seen_by(3)), (Some(3), Some(1)));
        stage.follow(&[1], &[1], start + 4 * HOLD);
        assert_eq!(stage.seen_by(1), None);
    }
}
