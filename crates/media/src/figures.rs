//! What the engine counts of itself for operators; gathered by the loop, read by whoever asks.

use std::time::Duration;

use crate::endpoint::Endpoint;

/// Upper bounds of the classes of opinion scores (ITU-T G.107 annex B, table B.1), the last one without bound.
pub const OPINIONS: [f64; 5] = [2.58, 3.1, 3.6, 4.03, 4.34];

/// Sums over endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    /// Endpoints that were made.
    pub endpoints: u64,
    /// RTP packets.
    pub packets_received: u64,
    /// RTP packets.
    pub packets_sent: u64,
    /// Of payload.
    pub bytes_received: u64,
    /// Of payload.
    pub bytes_sent: u64,
    /// That should have come.
    pub packets_lost: u64,
    /// That came when their time was over.
    pub packets_late: u64,
    /// Frames that were made up.
    pub frames_concealed: u64,
    /// Of video.
    pub video_packets_received: u64,
    /// Of video.
    pub video_packets_sent: u64,
    /// Of payload.
    pub video_bytes_received: u64,
    /// Of payload.
    pub video_bytes_sent: u64,
    /// Key frames that browsers were asked for.
    pub keyframes_asked: u64,
}

impl Totals {
    /// Adds an endpoint's counters.
    pub fn add(&mut self, endpoint: &Endpoint) {
        let stats = endpoint.stats();
        self.packets_received += stats.packets_received;
        self.packets_sent += stats.packets_sent;
        self.bytes_received += stats.bytes_received;
        self.bytes_sent += stats.bytes_sent;
        self.packets_lost += stats.packets_lost;
        self.packets_late += stats.packets_late;
        self.frames_concealed += stats.frames_concealed;
        for line in &endpoint.video {
            let stats = line.stats();
            self.video_packets_received += stats.packets_received;
            self.video_packets_sent += stats.packets_sent;
            self.video_bytes_received += stats.bytes_received;
            self.video_bytes_sent += stats.bytes_sent;
            self.keyframes_asked += stats.keyframes_asked;
        }
    }
}

/// How good the speech of endpoints that are gone was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Opinions {
    /// Endpoints at or below each of [`OPINIONS`], not cumulated; the last class is above all.
    pub classes: [u64; OPINIONS.len() + 1],
    /// Sum of the scores.
    pub sum: f64,
}

impl Opinions {
    /// Adds one score.
    pub fn add(&mut self, score: f64) {
        let class = OPINIONS.iter().position(|bound| score <= *bound).unwrap_or(OPINIONS.len());
        self.classes[class] += 1;
        self.sum += score;
    }
}

/// What has gone wrong since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Troubles {
    /// Peers that fell silent.
    pub timeouts: u64,
    /// Browsers whose ICE or DTLS was lost.
    pub transports: u64,
    /// Requests for a port when none was left.
    pub ports: u64,
}

/// The loop's own condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoopTimes {
    /// Rounds.
    pub rounds: u64,
    /// Time in which it did something.
    pub busy: Duration,
    /// Longest round since the figures were gathered last.
    pub longest: Duration,
}

impl LoopTimes {
    /// Adds a round.
    pub fn add(&mut self, round: Duration) {
        self.rounds += 1;
        self.busy += round;
        self.longest = self.longest.max(round);
    }
}

/// Everything at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Endpoints of telephones and trunks.
    pub rtp_endpoints: u64,
    /// Endpoints of browsers.
    pub webrtc_endpoints: u64,
    /// Endpoints whose audio is transcoded for a bridge.
    pub transcoded: u64,
    /// Bridges.
    pub bridges: u64,
    /// Rooms.
    pub rooms: u64,
    /// Members of all rooms.
    pub members: u64,
    /// Players.
    pub players: u64,
    /// Shared sources.
    pub sources: u64,
    /// Recorders.
    pub recorders: u64,
    /// Taps.
    pub taps: u64,
    /// Faxes.
    pub faxes: u64,
    /// Pairs of ports there are.
    pub port_pairs: u64,
    /// Over endpoints that live and that are gone.
    pub totals: Totals,
    /// Of endpoints that are gone.
    pub opinions: Opinions,
    /// Since the start.
    pub troubles: Troubles,
    /// Clients that are connected.
    pub clients: u64,
    /// Requests that were done.
    pub requests: u64,
    /// Requests that were refused.
    pub refusals: u64,
    /// The loop.
    pub times: LoopTimes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_fall_into_classes() {
        let mut opinions = Opinions::default();
        for score in [1.0, 2.58, 3.0, 4.2, 4.4, 4.5] {
            opinions.add(score);
        }
        assert_eq!(opinions.classes, [2, 1, 0, 0, 1, 2]);
        assert!((opinions.sum - 19.68).abs() < 1e-9);
    }

    #[test]
    fn the_longest_round_is_kept() {
        let mut times = LoopTimes::default();
        for milliseconds in [1, 7, 2] {
            times.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(
            (times.rounds, times.busy, times.longest),
            (3, Duration::from_millis(10), Duration::from_millis(7))
        );
    }
}
