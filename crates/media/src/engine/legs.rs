//! Endpoints: opened, configured, closed.

use std::io;
use std::time::Instant;

use super::Engine;
use super::moving::observe;
use crate::control::message::{Configure, CreateEndpoint};
use crate::control::{Failure, Kind, Local, Reply};
use crate::endpoint::{Birth, Endpoint, Plain, Transport, Webrtc};
use crate::rtp::Outgoing;
use crate::watch::Watch;

impl Engine {
    pub(super) fn create_endpoint(
        &mut self,
        owner: &str,
        request: CreateEndpoint,
        watch: &Watch,
        now: Instant,
    ) -> Result<Reply, Failure> {
        let ssrc = rand::random();
        let (transport, local) = self.open(request.kind, ssrc).map_err(refused)?;
        let id = self.number();
        let outgoing = Outgoing::new(ssrc, rand::random(), rand::random());
        let birth =
            Birth { id, tag: request.tag, owner: owner.to_owned(), kind: request.kind, local: local.clone() };
        let endpoint = Endpoint::new(birth, transport, outgoing, now);
        observe(&endpoint, watch).map_err(refused)?;
        self.endpoints.insert(id, Box::new(endpoint));
        self.endpoints_made += 1;
        Ok(Reply::Endpoint { endpoint: id, local })
    }

    fn open(&mut self, kind: Kind, ssrc: u32) -> io::Result<(Transport, Local)> {
        let address = self.ports.address().to_string();
        match kind {
            Kind::Rtp => {
                let (rtp, rtcp) = self.ports.pair()?;
                let port = rtp.local_addr()?.port();
                let local = Local {
                    address,
                    port,
                    rtcp_port: Some(port + 1),
                    ice_ufrag: None,
                    ice_pwd: None,
                    fingerprint: None,
                };
                Ok((Transport::Plain(Plain::new(rtp, rtcp)), local))
            }
            Kind::Webrtc => {
                let socket = self.ports.single()?;
                let port = socket.local_addr()?.port();
                let webrtc = Webrtc::new(socket, self.common.identity.clone(), ssrc)?;
                let (ufrag, password, fingerprint) = webrtc.credentials();
                let local = Local {
                    address,
                    port,
                    rtcp_port: None,
                    ice_ufrag: Some(ufrag.into()),
                    ice_pwd: Some(password.into()),
                    fingerprint: Some(fingerprint.into()),
                };
                Ok((Transport::Webrtc(Box::new(webrtc)), local))
            }
        }
    }

    pub(super) fn configure(&mut self, request: &Configure, now: Instant) -> Result<Reply, Failure> {
        let endpoint = self.endpoint(request.endpoint)?;
        endpoint.configure(request, now)?;
        if let Transport::Webrtc(webrtc) = &mut endpoint.transport {
            let outcome = webrtc.catch_up(now);
            self.follow(request.endpoint, outcome, now);
        }
        self.negotiated(request.endpoint);
        self.renew_views(request.endpoint, now);
        Ok(Reply::Done {})
    }

    pub(super) fn delete_endpoint(&mut self, id: u64, now: Instant) -> Reply {
        self.silence(id);
        self.leave_room(id, now);
        if let Some((bridge, _)) = self.endpoints.get(&id).and_then(|endpoint| endpoint.bridge) {
            self.delete_bridge(bridge, now);
        }
        if let Some(endpoint) = self.endpoints.remove(&id) {
            self.remember(&endpoint);
            for tap in &endpoint.taps {
                self.taps.remove(&tap.id);
            }
            if let Some((fax, _)) = endpoint.fax {
                self.stop_fax(fax);
            }
            if let Some(recording) = endpoint.recording {
                recording.finish();
            }
        }
        Reply::Done {}
    }
}

fn refused(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure { code: "no-ports", text: error.to_string() },
        _ => Failure { code: "failed", text: format!("no socket could be opened: {error}") },
    }
}
