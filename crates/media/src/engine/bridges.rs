//! Bridges: two endpoints that hear each other.

use std::time::Instant;

use super::Engine;
use crate::control::message::CreateBridge;
use crate::control::{BridgeListing, Failure, Reply};

/// Two endpoints and the client's name for their connection.
pub(super) struct Bridge {
    tag: String,
    a: u64,
    b: u64,
}

impl Engine {
    pub(super) fn create_bridge(&mut self, request: CreateBridge, now: Instant) -> Result<Reply, Failure> {
        if request.a == request.b {
            return Err(Failure {
                code: "bad-request",
                text: "b: an endpoint cannot be bridged with itself".into(),
            });
        }
        for side in [request.a, request.b] {
            self.endpoint(side)?;
        }
        for side in [request.a, request.b] {
            self.leave_room(side, now);
            if let Some((before, _)) = self.endpoint(side)?.bridge {
                self.delete_bridge(before, now);
            }
        }
        let id = self.number();
        for (side, other) in [(request.a, request.b), (request.b, request.a)] {
            self.endpoint(side)?.bridge = Some((id, other));
        }
        self.bridges.insert(id, Bridge { tag: request.tag, a: request.a, b: request.b });
        self.settle_gateway(id);
        self.join_views(request.a, request.b, now);
        self.drive(now);
        Ok(Reply::Bridge { bridge: id })
    }

    pub(super) fn delete_bridge(&mut self, id: u64, now: Instant) -> Reply {
        self.end_gateway(id);
        if let Some(bridge) = self.bridges.remove(&id) {
            for side in [bridge.a, bridge.b] {
                self.part_views(side, now);
                if let Some(endpoint) = self.endpoints.get_mut(&side) {
                    endpoint.bridge = None;
                    endpoint.translate_by(None);
                }
            }
        }
        Reply::Done {}
    }

    /// The endpoints of a bridge.
    pub(super) fn sides(&self, id: u64) -> Option<(u64, u64)> {
        self.bridges.get(&id).map(|bridge| (bridge.a, bridge.b))
    }

    /// The client's name for it.
    pub(super) fn bridge_tag(&self, id: u64) -> String {
        self.bridges.get(&id).map(|bridge| bridge.tag.clone()).unwrap_or_default()
    }

    pub(super) fn list_bridges(&self) -> Vec<BridgeListing> {
        let listing = |(id, bridge): (&u64, &Bridge)| BridgeListing {
            id: *id,
            tag: bridge.tag.clone(),
            a: bridge.a,
            b: bridge.b,
        };
        self.bridges.iter().map(listing).collect()
    }
}
