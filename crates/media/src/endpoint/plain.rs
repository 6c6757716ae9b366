//! Plain RTP: a pair of UDP sockets, or one when the peer multiplexes.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use super::latch::Latch;

/// Sockets of one endpoint and whom they talk to.
#[derive(Debug)]
pub struct Plain {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    signalled: Option<SocketAddr>,
    signalled_rtcp: Option<SocketAddr>,
    multiplexed: bool,
    latch: Latch,
    connected: bool,
}

impl Plain {
    /// Takes a bound pair.
    pub fn new(rtp: UdpSocket, rtcp: UdpSocket) -> Self {
        Self {
            rtp,
            rtcp,
            signalled: None,
            signalled_rtcp: None,
            multiplexed: false,
            latch: Latch::Open,
            connected: false,
        }
    }

    /// The socket of RTP.
    pub fn rtp(&self) -> &UdpSocket {
        &self.rtp
    }

    /// The socket of RTCP.
    pub fn rtcp(&self) -> &UdpSocket {
        &self.rtcp
    }

    /// Says where the peer is; a peer that moved is learnt anew.
    ///
    /// # Errors
    /// When the system cannot release the old peer.
    pub fn configure(
        &mut self,
        rtp: Option<SocketAddr>,
        rtcp: Option<SocketAddr>,
        multiplexed: bool,
    ) -> io::Result<()> {
        if self.signalled != rtp {
            self.latch = Latch::Open;
            if self.connected {
                rustix::net::connect_unspec(&self.rtp)?;
                self.connected = false;
            }
        }
        self.signalled = rtp;
        self.signalled_rtcp = rtcp;
        self.multiplexed = multiplexed;
        Ok(())
    }

    /// Reads one datagram of RTP (or multiplexed RTCP); None when there is none or it came from a stranger.
    ///
    /// # Errors
    /// What the system says, `WouldBlock` included.
    pub fn receive(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<Option<usize>> {
        if self.connected {
            return self.rtp.recv(buffer).map(Some);
        }
        let (length, source) = self.rtp.recv_from(buffer)?;
        if !self.latch.admits(source, self.signalled, now) {
            return Ok(None);
        }
        // From here on the kernel keeps strangers away, and sending needs no route lookup.
        if let Latch::Pinned(peer) = self.latch {
            self.connected = self.rtp.connect(peer).is_ok();
        }
        Ok(Some(length))
    }

    /// Reads one datagram of RTCP; None when it came from another host than the peer's.
    ///
    /// # Errors
    /// What the system says, `WouldBlock` included.
    pub fn receive_rtcp(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let (length, source) = self.rtcp.recv_from(buffer)?;
        let known =
            [self.remote(), self.signalled_rtcp].into_iter().flatten().any(|peer| peer.ip() == source.ip());
        if known && self.signalled_rtcp.is_none_or(|peer| peer.ip() != source.ip()) {
            self.signalled_rtcp = Some(source);
        }
        Ok(known.then_some(length))
    }

    /// Sends to the peer; a packet that the system does not take is lost, as on any network.
    pub fn send(&self, packet: &[u8]) -> bool {
        if self.connected {
            return self.rtp.send(packet).is_ok();
        }
        self.remote().is_some_and(|peer| self.rtp.send_to(packet, peer).is_ok())
    }

    /// Sends a report to the peer.
    pub fn send_rtcp(&self, packet: &[u8]) {
        if self.multiplexed {
            self.send(packet);
        } else if let Some(peer) = self.signalled_rtcp {
            // A report that is lost is followed by the next.
            let _ = self.rtcp.send_to(packet, peer);
        }
    }

    /// Where packets go.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latch.source().or(self.signalled)
    }
}
