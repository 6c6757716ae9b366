//! When packets are so many that waking up for each costs more than the packet itself, several are let gather.
//!
//! The price is a delay of at most [`LONGEST`], which only a busy engine pays: where less than one packet would come
//! meanwhile, nothing is gained and nothing is waited for. Nor is it where the system wakes us up late: on some virtual
//! machines setting a timer costs as much as several packets, and it comes much later than it was set to. At high rates
//! some of the packets wake us up for all there ([`crate::watch::Watch::gather`]), which needs no timer.

use std::time::{Duration, Instant};

/// Packets that are worth one waking up.
const WORTH: f64 = 3.0;
/// A packet waits for no longer than this in a pause, what the system adds included.
pub const LONGEST: Duration = Duration::from_micros(85);
/// Below this rate, in packets a second, none waits.
const BUSY: f64 = 8_000.0;
/// From this rate on so many come that those which ring the bell are never long apart.
const MANY: f64 = 26_000.0;
/// When one of so many waits is in vain, too few ring: their callers are silent.
const VAIN: u32 = 4;
/// No packet waits longer than this for one that rings, where lately nobody has.
pub const PATIENCE: Duration = Duration::from_millis(1);
/// When so many packets have come and none has rung, it was waited in vain. Fewer are no proof: after a standstill of the
/// machine, the end of a wait may just fall between the first of them.
pub const KEPT: usize = 8;
/// How long a rate is measured.
const WINDOW: Duration = Duration::from_millis(20);
/// A system that wakes us up later than this, on average, leaves too little of a pause.
const LATE: Duration = Duration::from_micros(50);
/// Every so many windows it is looked at again whether that still is so.
const TRIAL: u32 = 50;

/// How long to wait for the bell at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// [`PATIENCE`].
    Short,
    /// Until the next beat of [`crate::watch::Watch`]: those who ring have not failed lately. A timer for each wait
    /// would have to be set and taken back, which on a virtual machine costs as much as a fifth of all that is done.
    Beat,
}

/// Measures the rate of packets and says how long to let them gather.
#[derive(Debug)]
pub struct Pacing {
    since: Instant,
    packets: u64,
    windows: u32,
    late: Duration,
    pause: Option<Duration>,
    gathering: bool,
    rings: u32,
    vain: u32,
    /// Windows for which too few ring.
    sparse: u32,
    /// Windows for which those who ring are not relied on.
    doubt: u32,
}

impl Pacing {
    /// Nothing has come yet.
    pub fn new(now: Instant) -> Self {
        Self {
            since: now,
            packets: 0,
            windows: 0,
            late: Duration::ZERO,
            pause: None,
            gathering: false,
            rings: 0,
            vain: 0,
            sparse: 0,
            doubt: 0,
        }
    }

    /// Counts packets that were read at once.
    pub fn count(&mut self, packets: usize, now: Instant) {
        self.packets += packets as u64;
        let elapsed = now.duration_since(self.since);
        if elapsed >= WINDOW {
            let rate = self.packets as f64 / elapsed.as_secs_f64();
            self.windows = (self.windows + 1) % TRIAL;
            self.sparse = self.sparse.saturating_sub(1);
            if self.vain * VAIN > self.rings {
                self.sparse = TRIAL;
            }
            self.doubt = self.doubt.saturating_sub(1);
            self.gathering = rate >= MANY && self.sparse == 0;
            let worth = rate >= BUSY && (self.late <= LATE || self.windows == 0) && !self.gathering;
            let gathered = || LONGEST.min(Duration::from_secs_f64(WORTH / rate));
            self.pause = worth.then(|| gathered().saturating_sub(self.late.min(LATE)));
            (self.since, self.packets, self.rings, self.vain) = (now, 0, 0, 0);
        }
    }

    /// How long to wait for the bell at most before looking for packets; None: look for them at once.
    pub fn patience(&self) -> Option<Patience> {
        self.gathering.then_some(if self.doubt == 0 { Patience::Beat } else { Patience::Short })
    }

    /// Notes that the bell was waited for, and whether in vain although packets came ([`KEPT`]).
    pub fn waited(&mut self, in_vain: bool) {
        self.rings += 1;
        if in_vain {
            self.vain += 1;
            self.doubt = TRIAL;
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
        assert_eq!(pause_at(25_000), Some(LONGEST));
        assert_eq!(pause_at(40_000), None, "some ring for all");
    }

    /// Busy windows of which every pause takes so much longer; says in how many was paused.
    fn paused_in(pacing: &mut Pacing, windows: u32, late: Duration) -> usize {
        let from = pacing.since;
        (1..=windows)
            .filter(|window| {
                pacing.count(500, from + WINDOW * *window);
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
        assert!((60..70).contains(&pause.as_micros()), "85 less 20: {pause:?}");
    }

    /// Windows of so many packets with ten waits each, of which some are in vain; says in how many was gathered.
    fn gathered_in(pacing: &mut Pacing, windows: u32, packets: usize, vain: usize) -> usize {
        let from = pacing.since;
        (1..=windows)
            .filter(|window| {
                (0..10).for_each(|wait| pacing.waited(wait < vain));
                pacing.count(packets, from + WINDOW * *window);
                assert!(pacing.patience().is_none() || pacing.pause().is_none());
                pacing.patience().is_some()
            })
            .count()
    }

    #[test]
    fn when_there_are_many_some_ring_for_all_unless_too_few_do() {
        let mut pacing = Pacing::new(Instant::now());
        assert_eq!(gathered_in(&mut pacing, 100, 400, 0), 0, "20,000 a second are too far apart");
        assert_eq!(gathered_in(&mut pacing, 100, 600, 2), 100);
        assert_eq!(gathered_in(&mut pacing, 100, 600, 3), 0);
        assert_eq!(gathered_in(&mut pacing, 100, 600, 0), 100 + 1 - TRIAL as usize);
        assert_eq!(gathered_in(&mut pacing, 1, 10, 0), 0);
    }

    #[test]
    fn those_who_have_rung_are_relied_on_until_they_do_not() {
        let mut pacing = Pacing::new(Instant::now());
        gathered_in(&mut pacing, 1, 600, 0);
        assert_eq!(pacing.patience(), Some(Patience::Beat));
        pacing.waited(true);
        assert_eq!(pacing.patience(), Some(Patience::Short), "at once");
        gathered_in(&mut pacing, TRIAL - 1, 600, 0);
        assert_eq!(pacing.patience(), Some(Patience::Short));
        gathered_in(&mut pacing, 1, 600, 0);
        assert_eq!(pacing.patience(), Some(Patience::Beat));
    }

    #[test]
    fn an_engine_that_is_idle_again_waits_no_more() {
        let start = Instant::now();
        let mut pacing = Pacing::new(start);
        pacing.count(500, start + WINDOW);
        assert!(pacing.pause().is_some());
        pacing.count(1, start + 2 * WINDOW);
        assert_eq!(pacing.pause(), None);
    }
}
