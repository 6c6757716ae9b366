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
    /// The counters of one endpoint.
    pub fn of(endpoint: &Endpoint) -> Self {
        let mut totals = Self::default();
        totals.add(endpoint);
        totals
    }

    fn each(&mut self, other: &Self, change: fn(u64, u64) -> u64) {
        for (own, other) in [
            (&mut self.endpoints, other.endpoints),
            (&mut self.packets_received, other.packets_received),
            (&mut self.packets_sent, other.packets_sent),
            (&mut self.bytes_received, other.bytes_received),
            (&mut self.bytes_sent, other.bytes_sent),
            (&mut self.packets_lost, other.packets_lost),
            (&mut self.packets_late, other.packets_late),
            (&mut self.frames_concealed, other.frames_concealed),
            (&mut self.video_packets_received, other.video_packets_received),
            (&mut self.video_packets_sent, other.video_packets_sent),
            (&mut self.video_bytes_received, other.video_bytes_received),
            (&mut self.video_bytes_sent, other.video_bytes_sent),
            (&mut self.keyframes_asked, other.keyframes_asked),
        ] {
            *own = change(*own, other);
        }
    }

    /// Adds other sums.
    pub fn merge(&mut self, other: &Self) {
        self.each(other, |own, other| own + other);
    }

    /// Takes sums away that are in these.
    pub fn subtract(&mut self, other: &Self) {
        // Of packets that came late after all there are fewer lost ones than there were.
        self.each(other, u64::saturating_sub);
    }

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
    /// Adds other scores.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.classes.iter_mut().zip(other.classes) {
            *own += other;
        }
        self.sum += other.sum;
    }

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
    /// Requests for a port when none was left; counted where requests are answered.
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
    /// Adds another loop's.
    pub fn merge(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.busy += other.busy;
        self.longest = self.longest.max(other.longest);
    }

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
    /// The loop; of several the sum, and of the longest rounds the longest.
    pub times: LoopTimes,
    /// Endpoints and the loop of each thread.
    pub shards: Vec<(u64, LoopTimes)>,
}

impl Figures {
    /// Those of all threads as those of one process.
    pub fn sum(parts: &[Self]) -> Self {
        let mut all = Self::default();
        for part in parts {
            for (own, other) in [
                (&mut all.rtp_endpoints, part.rtp_endpoints),
                (&mut all.webrtc_endpoints, part.webrtc_endpoints),
                (&mut all.transcoded, part.transcoded),
                (&mut all.bridges, part.bridges),
                (&mut all.rooms, part.rooms),
                (&mut all.members, part.members),
                (&mut all.players, part.players),
                (&mut all.recorders, part.recorders),
                (&mut all.taps, part.taps),
                (&mut all.faxes, part.faxes),
                (&mut all.port_pairs, part.port_pairs),
                (&mut all.troubles.timeouts, part.troubles.timeouts),
                (&mut all.troubles.transports, part.troubles.transports),
            ] {
                *own += other;
            }
            // Each thread has every source.
            all.sources = all.sources.max(part.sources);
            all.totals.merge(&part.totals);
            all.opinions.merge(&part.opinions);
            all.times.merge(&part.times);
            all.shards.push((part.rtp_endpoints + part.webrtc_endpoints, part.times));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_summed_up() {
        let part = |endpoints, milliseconds| {
            let mut part = Figures { rtp_endpoints: endpoints, sources: 2, ..Figures::default() };
            part.times.add(Duration::from_millis(milliseconds));
            part.totals.packets_sent = 10 * endpoints;
            part
        };
        let all = Figures::sum(&[part(3, 5), part(4, 7)]);
        assert_eq!((all.rtp_endpoints, all.sources, all.totals.packets_sent), (7, 2, 70));
        assert_eq!((all.times.rounds, all.times.longest), (2, Duration::from_millis(7)));
        assert_eq!(all.shards.iter().map(|(endpoints, _)| *endpoints).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn what_an_endpoint_brings_counts_once() {
        let brought = Totals { packets_sent: 50, packets_lost: 2, ..Totals::default() };
        let mut totals = Totals { packets_sent: 80, packets_lost: 1, ..Totals::default() };
        totals.subtract(&brought);
        assert_eq!((totals.packets_sent, totals.packets_lost), (30, 0));
    }

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
