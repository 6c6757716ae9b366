//! How long packets have to be kept so that nearly all of them are there in time.

use std::time::Instant;

/// Width of a class of delay, in milliseconds.
const CLASS_MS: f64 = 5.0;
/// Classes; a packet that is later than half a second is late anyway.
const CLASSES: usize = 100;
/// What a new packet weighs against all before it: some 10 s of speech are remembered.
const WEIGHT: f32 = 1.0 / 500.0;
/// Of the packets, these parts come in time.
const IN_TIME: f32 = 0.97;
/// Packets after which the shortest delay is looked for anew, as clocks drift.
const EPOCH: u32 = 200;

/// Learns the spread of the delays of one stream.
#[derive(Debug)]
pub struct DelayEstimator {
    classes: [f32; CLASSES],
    origin: Option<(Instant, i64)>,
    shortest: f64,
    shortest_lately: f64,
    counted: u32,
}

impl Default for DelayEstimator {
    fn default() -> Self {
        let mut classes = [0.0; CLASSES];
        // Before anything is known: 20 ms, as on a good network.
        classes[3] = 1.0;
        Self { classes, origin: None, shortest: f64::INFINITY, shortest_lately: f64::INFINITY, counted: 0 }
    }
}

impl DelayEstimator {
    /// Takes the arrival of a packet; `timestamp` in ticks of `clock`.
    pub fn arrived(&mut self, timestamp: i64, clock: u32, now: Instant) {
        let (start, first) = *self.origin.get_or_insert((now, timestamp));
        let elapsed = now.duration_since(start).as_secs_f64() * 1000.0;
        let delay = elapsed - (timestamp - first) as f64 * 1000.0 / f64::from(clock.max(1));
        self.shortest_lately = self.shortest_lately.min(delay);
        self.shortest = self.shortest.min(delay);
        self.counted += 1;
        if self.counted == EPOCH {
            self.shortest = self.shortest_lately;
            self.shortest_lately = f64::INFINITY;
            self.counted = 0;
        }
        let class = (((delay - self.shortest) / CLASS_MS) as usize).min(CLASSES - 1);
        for part in &mut self.classes {
            *part *= 1.0 - WEIGHT;
        }
        self.classes[class] += WEIGHT;
    }

    /// Forgets where the timestamps began, as after a change of the stream; the spread is remembered.
    pub fn restart(&mut self) {
        self.origin = None;
        self.shortest = f64::INFINITY;
        self.shortest_lately = f64::INFINITY;
        self.counted = 0;
    }

    /// What a buffer of the right length holds on average when a frame has just been played, in milliseconds.
    pub fn cushion_ms(&self) -> f64 {
        let total: f32 = self.classes.iter().sum();
        let weighted: f32 = self.classes.iter().enumerate().map(|(class, part)| class as f32 * part).sum();
        self.spread_ms() - f64::from(weighted / total.max(f32::MIN_POSITIVE)) * CLASS_MS
    }

    /// How late packets may be and still count as in time, in milliseconds behind the fastest.
    pub fn spread_ms(&self) -> f64 {
        let total: f32 = self.classes.iter().sum();
        let mut sum = 0.0;
        for (class, part) in self.classes.iter().enumerate() {
            sum += part;
            if sum >= IN_TIME * total {
                return (class + 1) as f64 * CLASS_MS;
            }
        }
        CLASSES as f64 * CLASS_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn learn(delays: impl Iterator<Item = u64>) -> f64 {
        let (mut estimator, start) = (DelayEstimator::default(), Instant::now());
        for (number, delay) in delays.enumerate() {
            let at = start + Duration::from_millis(20 * number as u64 + delay);
            estimator.arrived(160 * number as i64, 8000, at);
        }
        estimator.spread_ms()
    }

    #[test]
    fn an_even_stream_needs_little_and_an_uneven_one_more() {
        assert!(learn((0..2000).map(|_| 30)) <= 5.0);
        let shaken = learn((0..2000u64).map(|n| n.wrapping_mul(2_654_435_761) % 61));
        assert!((50.0..=70.0).contains(&shaken), "{shaken}");
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        let drifting = learn((0..10_000).map(|n| n / 40));
        assert!(drifting <= 20.0, "a quarter of a second in 200 s: {drifting}");
    }
}
