//! When packets are so many that waking up for each costs more than the packet itself, several are let gather.
//!
//! The price is a delay of at most [`LONGEST`], which only a busy engine pays: where less than one packet would come
//! meanwhile, nothing is gained and nothing is waited for. Nor is it where the system wakes us up late: on some virtual
//! machines setting a timer costs as much as several packets, and it comes much later than it was set to.

use std::time::{Duration, Instant};

/// Packets that are worth one waking up.
const WORTH: f64 = 3.0;
/// A packet waits for no longer than this, what the system adds included.
const LONGEST: Duration = Duration::from_micros(85);
/// Below this rate, in packets a second, none waits.
const BUSY: f64 = 8_000.0;
/// How long a rate is measured.
const WINDOW: Duration = Duration::from_millis(20);
/// A system that wakes us up later than this, on average, leaves too little of a pause.
const LATE: Duration = Duration::from_micros(50);
/// Every so many windows it is looked at again whether it still is.
const TRIAL: u32 = 50;

/// Measures the rate of packets and says how long to let them gather.
#[derive(Debug)]
pub struct Pacing {
    since: Instant,
    packets: u64,
    windows: u32,
    late: Duration,
    pause: Option<Duration>,
}

impl Pacing {
    /// Nothing has come yet.
    pub fn new(now: Instant) -> Self {
        Self { since: now, packets: 0, windows: 0, late: Duration::ZERO, pause: None }
    }

    /// Counts packets that were read at once.
    pub fn count(&mut self, packets: usize, now: Instant) {
        self.packets += packets as u64;
        let elapsed = now.duration_since(self.since);
        if elapsed >= WINDOW {
            let rate = self.packets as f64 / elapsed.as_secs_f64();
            self.windows = (self.windows + 1) % TRIAL;
            let worth = rate >= BUSY && (self.late <= LATE || self.windows == 0);
            let gathered = || LONGEST.min(Duration::from_secs_f64(WORTH / rate));
            self.pause = worth.then(|| gathered().saturating_sub(self.late.min(LATE)));
            (self.since, self.packets) = (now, 0);
        }
    }

    /// How long to sleep before looking for packets again; None: wait for the next one.
    pub fn pause(&self) -> Option<Duration> {
        self.pause
    }

    /// Notes how long a pause has been.
    pub fn paused(&mut self, asked: Duration, took: Duration) {
        // One that was very late, because somebody else was on, says little about the next.
        let late = took.saturating_sub(asked).min(4 * LATE);
        self.late = (self.late * 31 + late) / 32;
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
        pacing.count(0, start + Duration::from_millis(100));
        pacing.pause()
    }

    #[test]
    fn only_a_busy_engine_waits_and_never_for_long() {
        assert_eq!(pause_at(0), None);
        assert_eq!(pause_at(100), None);
        assert_eq!(pause_at(5_000), None);
        assert_eq!(pause_at(10_000), Some(LONGEST));
        let busy = pause_at(40_000).expect("a pause");
        assert!((70..80).contains(&busy.as_micros()), "{busy:?}");
    }

    /// Busy windows of which every pause takes so much longer; says in how many was paused.
    fn paused_in(pacing: &mut Pacing, windows: u32, late: Duration) -> usize {
        let from = pacing.since;
        (1..=windows)
            .filter(|window| {
                pacing.count(1000, from + WINDOW * *window);
                let pause = pacing.pause();
                if let Some(pause) = pause {
                    (0..100).for_each(|_| pacing.paused(pause, pause + late));
                }
                pause.is_some()
            })
            .count()
    }

    #[test]
    fn where_the_system_wakes_late_nothing_waits_but_for_a_trial_now_and_then() {
        let mut pacing = Pacing::new(Instant::now());
        assert_eq!(paused_in(&mut pacing, 2 * TRIAL, Duration::from_micros(70)), 3);
        assert_eq!(paused_in(&mut pacing, TRIAL, Duration::from_micros(20)), 1);
        assert_eq!(paused_in(&mut pacing, 100, Duration::from_micros(20)), 100);
        let pause = pacing.pause().expect("a pause");
        assert!((35..45).contains(&pause.as_micros()), "60 for three packets less 20: {pause:?}");
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
