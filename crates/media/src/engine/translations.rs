//! Bridges between two codecs: what one side says is due to the other every 20 ms.

use std::cmp::Reverse;
use std::time::Instant;

use super::{Engine, Timer};
use crate::rtp::outgoing::Feed;
use crate::translation::Said;

impl Engine {
    pub(super) fn translated_frame(&mut self, id: u64, at: Instant, now: Instant) {
        let Some((_, partner)) = self.endpoints.get(&id).and_then(|endpoint| endpoint.bridge) else {
            return;
        };
        let [Some(source), Some(target)] = self.endpoints.get_disjoint_mut([&id, &partner]) else {
            return;
        };
        let Some(translation) = source.translation.as_mut().filter(|translation| translation.due == at)
        else {
            return;
        };
        let (codec, payload_type) = (translation.format.codec, translation.format.payload_type);
        match translation.frame(now) {
            Said::Packet(packet, resumed) => {
                if target.open_for_bridge() && target.payload_type(codec) == Some(payload_type) {
                    if resumed {
                        // The pause counts as long as it was, and hearers adjust at a marker.
                        target.outgoing.part();
                    }
                    let feed = Feed::Made { id, clock: codec.rtp_clock() };
                    target.transmit_made(feed, codec.rtp_ticks_per_frame(), payload_type, packet, now);
                }
            }
            Said::Nothing => {}
            Said::Asleep => return,
        }
        self.timers.push(Reverse((translation.due, id, Timer::Translation)));
    }
}
