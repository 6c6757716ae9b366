//! UDP sockets out of the configured range.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use rustix::net::sockopt;

/// Expedited forwarding (RFC 3246) in the upper six bits of the traffic class.
const EXPEDITED_FORWARDING: u8 = 46 << 2;

/// Hands out ports in turn, so that a port rests for as long as possible before it is used again.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    first: u16,
    pairs: u16,
    next: u16,
}

impl Ports {
    /// Ports `first` to `last`, both included, on one address. None when not even one pair fits.
    pub fn new(address: IpAddr, first: u16, last: u16) -> Option<Self> {
        let even = first.checked_add(first % 2)?;
        let pairs = (last.checked_sub(even)?.checked_add(1)?) / 2;
        (pairs > 0 && even > 0).then_some(Self { address, first: even, pairs, next: 0 })
    }

    /// As many ranges beside each other, each with a part of the pairs; fewer where there are fewer pairs than that.
    pub fn split(&self, parts: usize) -> Vec<Self> {
        let parts = parts.clamp(1, self.capacity());
        let edge = |part: usize| (self.capacity() * part / parts) as u16;
        let range = |part: usize| {
            let (first, pairs) = (self.first + 2 * edge(part), edge(part + 1) - edge(part));
            Self { address: self.address, first, pairs, next: 0 }
        };
        (0..parts).map(range).collect()
    }

    /// The address that all sockets are bound to.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many pairs there are in all.
    pub fn capacity(&self) -> usize {
        usize::from(self.pairs)
    }

    /// An even port for RTP and the odd one above it for RTCP (RFC 3550 §11).
    ///
    /// # Errors
    /// `AddrInUse` when the whole range is taken; whatever else the system says.
    pub fn pair(&mut self) -> io::Result<(UdpSocket, UdpSocket)> {
        self.search(|address, port| Ok((bind(address, port)?, bind(address, port + 1)?)))
    }

    /// One port for everything, as browsers multiplex (RFC 5761).
    ///
    /// # Errors
    /// As [`Self::pair`].
    pub fn single(&mut self) -> io::Result<UdpSocket> {
        self.search(bind)
    }

    fn search<T>(&mut self, attempt: impl Fn(IpAddr, u16) -> io::Result<T>) -> io::Result<T> {
        for _ in 0..self.pairs {
            let port = self.first + 2 * self.next;
            self.next = (self.next + 1) % self.pairs;
            match attempt(self.address, port) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                result => return result,
            }
        }
        Err(io::Error::new(io::ErrorKind::AddrInUse, "every port of the range is taken"))
    }
}

fn bind(address: IpAddr, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(address, port))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv4() {
        sockopt::set_ip_tos(&socket, EXPEDITED_FORWARDING)?;
    } else {
        sockopt::set_ipv6_tclass(&socket, u32::from(EXPEDITED_FORWARDING))?;
    }
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn pairs_are_even_and_odd_and_run_out() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut ports = Ports::new(local, 29_101, 29_109).expect("a range");
        assert_eq!(ports.capacity(), 4);
        let pairs: Vec<_> = (0..4).map(|_| ports.pair().expect("free")).collect();
        for (rtp, rtcp) in &pairs {
            let port = rtp.local_addr().expect("bound").port();
            assert_eq!(port % 2, 0);
            assert_eq!(rtcp.local_addr().expect("bound").port(), port + 1);
            assert_eq!(sockopt::ip_tos(rtp).expect("option"), EXPEDITED_FORWARDING);
        }
        assert_eq!(ports.pair().expect_err("none left").kind(), io::ErrorKind::AddrInUse);
        drop(pairs);
        assert!(ports.pair().is_ok());
    }

    #[test]
    fn a_range_is_divided_without_a_rest() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let whole = Ports::new(local, 29_101, 29_117).expect("a range");
        let parts = |count| -> Vec<(u16, u16)> {
            whole.split(count).iter().map(|part| (part.first, part.pairs)).collect()
        };
        assert_eq!(parts(1), [(29_102, 8)]);
        assert_eq!(parts(3), [(29_102, 2), (29_106, 3), (29_112, 3)]);
        assert_eq!(parts(100).len(), 8, "a part without a pair would be of no use");
    }

    #[test]
    fn ranges_without_a_pair_are_refused() {
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        for (first, last) in [(0, 0), (9, 9), (10, 9), (65535, 65535)] {
            assert!(Ports::new(local, first, last).is_none(), "{first}-{last}");
        }
        assert!(Ports::new(local, 65534, 65535).is_some());
    }
}
