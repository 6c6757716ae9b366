//! Plain RTP: a pair of UDP sockets, or one when the peer multiplexes.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use super::latch::Latch;
use super::protection::Protection;
use crate::rtp::packet::is_rtcp;

/// Sockets of one endpoint and whom they talk to; what every packet needs comes first.
#[repr(C)]
pub struct Plain {
    rtp: UdpSocket,
    connected: bool,
    /// The stream is T.38 now, which SRTP does not protect; the keys wait for the speech that follows.
    clear: bool,
    multiplexed: bool,
    protection: Option<Box<Protection>>,
    rtcp: UdpSocket,
    latch: Latch,
    signalled: Option<SocketAddr>,
    signalled_rtcp: Option<SocketAddr>,
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
            protection: None,
            clear: false,
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

    /// Takes keys of SRTP, or none; those that were in use already go on.
    pub fn protect(&mut self, protection: Option<Protection>) {
        self.clear = false;
        let before = self.protection.take();
        self.protection = protection.map(|mut new| {
            if let Some(before) = before {
                new.follow(*before);
            }
            Box::new(new)
        });
    }

    /// Carries T.38 until keys are told again, or that there are none.
    pub fn speak_clear(&mut self) {
        self.clear = true;
    }

    /// Reads one datagram of RTP (or multiplexed RTCP), decrypted; None when it came from a stranger.
    ///
    /// # Errors
    /// What the system says, `WouldBlock` included.
    pub fn receive(&mut self, buffer: &mut [u8], now: Instant) -> io::Result<Option<usize>> {
        if self.connected {
            let length = self.rtp.recv(buffer)?;
            return Ok(self.open(&mut buffer[..length]));
        }
        let (length, source) = self.rtp.recv_from(buffer)?;
        // Nobody is learnt who does not have the keys.
        let Some(length) = self.open(&mut buffer[..length]) else {
            return Ok(None);
        };
        if !self.latch.admits(source, self.signalled, now) {
            return Ok(None);
        }
        // From here on the kernel keeps strangers away, and sending needs no route lookup.
        if let Latch::Pinned(peer) = self.latch {
            self.connected = self.rtp.connect(peer).is_ok();
        }
        Ok(Some(length))
    }

    fn open(&mut self, packet: &mut [u8]) -> Option<usize> {
        match in_use(&mut self.protection, self.clear) {
            Some(protection) if is_rtcp(packet) => protection.unprotect_rtcp(packet),
            Some(protection) => protection.unprotect(packet),
            None => Some(packet.len()),
        }
    }

    /// Reads one datagram of RTCP; None when it came from another host than the peer's.
    ///
    /// # Errors
    /// What the system says, `WouldBlock` included.
    pub fn receive_rtcp(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let (length, source) = self.rtcp.recv_from(buffer)?;
        let known =
            [self.remote(), self.signalled_rtcp].into_iter().flatten().any(|peer| peer.ip() == source.ip());
        if !known {
            return Ok(None);
        }
        if self.signalled_rtcp.is_none_or(|peer| peer.ip() != source.ip()) {
            self.signalled_rtcp = Some(source);
        }
        Ok(self.open(&mut buffer[..length]))
    }

    /// Sends to the peer; a packet that the system does not take is lost, as on any network.
    pub fn send(&mut self, packet: &[u8]) -> bool {
        match in_use(&mut self.protection, self.clear) {
            Some(protection) => match protection.protect(packet) {
                Some(packet) => {
                    emit(&self.rtp, self.connected, self.latch.source().or(self.signalled), packet)
                }
                None => false,
            },
            None if self.connected => self.rtp.send(packet).is_ok(),
            None => emit(&self.rtp, false, self.remote(), packet),
        }
    }

    /// Sends a report to the peer.
    pub fn send_rtcp(&mut self, packet: &[u8]) {
        let protected = match in_use(&mut self.protection, self.clear) {
            Some(protection) => protection.protect_rtcp(packet),
            None => Some(packet),
        };
        let Some(packet) = protected else {
            return;
        };
        if self.multiplexed {
            emit(&self.rtp, self.connected, self.latch.source().or(self.signalled), packet);
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

fn in_use(protection: &mut Option<Box<Protection>>, clear: bool) -> Option<&mut Protection> {
    protection.as_deref_mut().filter(|_| !clear)
}

fn emit(socket: &UdpSocket, connected: bool, peer: Option<SocketAddr>, packet: &[u8]) -> bool {
    if connected {
        return socket.send(packet).is_ok();
    }
    peer.is_some_and(|peer| socket.send_to(packet, peer).is_ok())
}
