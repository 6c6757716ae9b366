//! Our SRTP against libsrtp, both ways, in every suite; and what strangers may send.

use proptest::prelude::*;
use stimme_media::srtp::Session;

#[path = "peers/libsrtp.rs"]
mod libsrtp;
use libsrtp::{Suite, Way};

const NAMES: [&str; 6] = [
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AES_256_CM_HMAC_SHA1_80",
    "AES_256_CM_HMAC_SHA1_32",
    "AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM",
];
const REPORT: [u8; 8] = [0x80, 201, 0, 1, 1, 2, 3, 4];

struct Pair {
    ours: Session,
    out: libsrtp::Session,
    inward: libsrtp::Session,
}

fn pairs() -> impl Iterator<Item = (&'static str, Suite, Pair)> {
    NAMES.iter().map(|name| {
        let suite = Suite::from_name(name).expect("a suite");
        let key: Vec<u8> = (0..suite.key_length() as u8).map(|byte| byte.wrapping_mul(37)).collect();
        let theirs = |way| libsrtp::Session::new(suite, way, &key).expect(name);
        let pair = Pair {
            ours: Session::new(suite, &key).expect(name),
            out: theirs(Way::Outbound),
            inward: theirs(Way::Inbound),
        };
        (*name, suite, pair)
    })
}

fn packet(ssrc: u8, sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 160, 1, 2, 3, ssrc];
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet.extend((0..160u8).map(|byte| byte ^ ssrc));
    packet
}

/// With two contributing sources and an extension of two words.
fn long_packet(sequence: u16) -> Vec<u8> {
    let plain = packet(9, sequence);
    let mut packet = plain[..12].to_vec();
    packet[0] = 0x92;
    packet.extend([1; 8]);
    packet.extend([0xbe, 0xde, 0, 2]);
    packet.extend([2; 8]);
    packet.extend(&plain[12..]);
    packet
}

/// More than one rollover, losses, and packets that overtake each other.
fn packets() -> Vec<Vec<u8>> {
    let mut packets: Vec<_> =
        [65_530, 65_535, 65_533, 0, 65_534, 2, 1, 20_000, 50_000, 10, 9, 12].map(|n| packet(4, n)).into();
    packets.extend([7, 6, 8].map(|n| packet(5, n)));
    packets.extend([65_535, 0].map(long_packet));
    packets
}

#[test]
fn libsrtp_reads_what_we_protect() {
    for (name, _, mut pair) in pairs() {
        for plain in packets() {
            let mut wire = plain.clone();
            assert!(pair.ours.protect(&mut wire), "{name}");
            assert!(!pair.ours.protect(&mut plain.clone()), "{name}: a number is used once");
            let length = pair.inward.unprotect(&mut wire).expect(name);
            assert_eq!(wire[..length], plain, "{name}");
        }
        for _ in 0..3 {
            let mut wire = REPORT.to_vec();
            assert!(pair.ours.protect_rtcp(&mut wire), "{name}");
            let length = pair.inward.unprotect_rtcp(&mut wire).expect(name);
            assert_eq!(wire[..length], REPORT, "{name}");
        }
    }
}

#[test]
fn we_read_once_what_libsrtp_protects_and_nothing_that_was_changed() {
    for (name, suite, mut pair) in pairs() {
        let mut stranger = Session::new(suite, &vec![9; suite.key_length()]).expect(name);
        for plain in packets() {
            let mut wire = plain.clone();
            assert!(pair.out.protect(&mut wire), "{name}");
            for at in (0..wire.len()).filter(|at| *at != 0) {
                let mut changed = wire.clone();
                changed[at] ^= 1;
                assert_eq!(pair.ours.unprotect(&mut changed), None, "{name}: byte {at}");
            }
            assert_eq!(stranger.unprotect(&mut wire.clone()), None, "{name}");
            let mut again = wire.clone();
            let length = pair.ours.unprotect(&mut wire).expect(name);
            assert_eq!(wire[..length], plain, "{name}");
            assert_eq!(pair.ours.unprotect(&mut again), None, "{name}: replayed");
        }
        for _ in 0..3 {
            let mut wire = REPORT.to_vec();
            assert!(pair.out.protect_rtcp(&mut wire), "{name}");
            for at in 0..wire.len() {
                let mut changed = wire.clone();
                changed[at] ^= 1;
                assert_eq!(pair.ours.unprotect_rtcp(&mut changed), None, "{name}: byte {at}");
            }
            let mut again = wire.clone();
            let length = pair.ours.unprotect_rtcp(&mut wire).expect(name);
            assert_eq!(wire[..length], REPORT, "{name}");
            assert_eq!(pair.ours.unprotect_rtcp(&mut again), None, "{name}: replayed");
        }
    }
}

#[test]
fn keys_of_another_length_are_refused() {
    for name in NAMES {
        let suite = Suite::from_name(name).expect("a suite");
        for length in [0, 1, suite.key_length() - 1, suite.key_length() + 1] {
            assert!(Session::new(suite, &vec![0; length]).is_none(), "{name}: {length}");
        }
    }
    assert_eq!(Suite::from_name("NULL"), None);
}

#[test]
fn streams_without_end_are_not_kept() {
    let mut session = Session::new(Suite::AesCm128Sha1Tag80, &[7; 30]).expect("a session");
    let of_stream = |ssrc: u16| {
        let mut packet = packet(0, 1);
        packet[8..10].copy_from_slice(&ssrc.to_be_bytes());
        packet
    };
    let taken = (0..1500).filter(|ssrc| session.protect(&mut of_stream(*ssrc))).count();
    assert_eq!(taken, 1000);
}

proptest! {
    #[test]
    fn strangers_are_not_understood(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), first: bool) {
        if let (true, Some(start)) = (first, bytes.first_mut()) {
            *start = 0x80 | (*start & 0x1f);
        }
        for (_, _, mut pair) in pairs() {
            prop_assert_eq!(pair.ours.unprotect(&mut bytes.clone()), None);
            prop_assert_eq!(pair.ours.unprotect_rtcp(&mut bytes.clone()), None);
        }
    }

    #[test]
    fn what_can_be_protected_at_all_is_read_as_it_was(plain in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (name, suite, mut pair) in pairs() {
            let key: Vec<u8> = (0..suite.key_length() as u8).map(|byte| byte.wrapping_mul(37)).collect();
            let mut other = Session::new(suite, &key).expect(name);
            let mut wire = plain.clone();
            if pair.ours.protect(&mut wire) {
                let length = other.unprotect(&mut wire);
                prop_assert_eq!(length.map(|length| wire[..length].to_vec()), Some(plain.clone()));
            }
            let mut wire = plain.clone();
            if pair.ours.protect_rtcp(&mut wire) {
                let length = other.unprotect_rtcp(&mut wire);
                prop_assert_eq!(length.map(|length| wire[..length].to_vec()), Some(plain.clone()));
            }
        }
    }
}
