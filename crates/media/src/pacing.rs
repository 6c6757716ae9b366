//! When packets are so many that waking up for each costs more than the packet itself, several are let gather.
//!
//! The price is a delay of at most [`LONGEST`], which only a busy engine pays: where less than one packet would come
//! meanwhile, nothing is gained and nothing is waited for.

use std::time::{Duration, Instant};

/// Packets that are worth one waking up.
const WORTH: f64 = 3.0;
/// A packet waits for no longer than this.
const LONGEST: Duration = Duration::from_micros(100);
/// Below this rate, in packets a second, none waits.
const BUSY: f64 = 8_000.0;
/// How long a rate is measured.
const WINDOW: Duration = Duration::from_millis(20);

/// Measures the rate of packets and says how long to let them gather.
#[derive(Debug)]
pub struct Pacing {
    since: Instant,
    packets: u64,
    pause: Option<Duration>,
}

impl Pacing {
    /// Nothing has come yet.
    pub fn new(now: Instant) -> Self {
        Self { since: now, packets: 0, pause: None }
    }

    /// Counts packets that were read at once.
    pub fn count(&mut self, packets: usize, now: Instant) {
        self.packets += packets as u64;
        let elapsed = now.duration_since(self.since);
        if elapsed >= WINDOW {
            let rate = self.packets as f64 / elapsed.as_secs_f64();
            self.pause = (rate >= BUSY).then(|| LONGEST.min(Duration::from_secs_f64(WORTH / rate)));
            (self.since, self.packets) = (now, 0);
        }
    }

    /// How long to sleep before looking for packets again; None: wait for the next one.
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause_at(rate: u64) -> Option<Duration> {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        for packet in 0..rate / 10 {
            pacing.count(1, start + Duration::from_micros(packet * 1_000_000 / rate));
        }
        pacing.pause()
    }

    #[test]
    fn only_a_busy_engine_waits_and_never_for_long() {
        assert_eq!(pause_at(100), None);
        assert_eq!(pause_at(5_000), None);
        assert_eq!(pause_at(10_000), Some(LONGEST));
        let busy = pause_at(40_000).expect("a pause");
        assert!((70..80).contains(&busy.as_micros()), "{busy:?}");
    }

    #[test]
    fn an_engine_that_is_idle_again_waits_no_more() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        pacing.count(1000, start + WINDOW);
        assert!(pacing.pause().is_some());
        pacing.count(1, start + 2 * WINDOW);
        assert_eq!(pacing.pause(), None);
    }
}
