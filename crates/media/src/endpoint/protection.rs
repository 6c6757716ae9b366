//! SRTP with keys from the SDP (SDES, RFC 4568): whoever reads the signalling could read them, so it must be TLS.

use crate::control::{Crypto, Failure};
use crate::srtp::{Session, Suite};

/// Keys and state of both directions.
pub struct Protection {
    crypto: Crypto,
    inbound: Session,
    outbound: Session,
    packet: Vec<u8>,
}

impl Protection {
    /// Takes what offer and answer agreed on.
    ///
    /// # Errors
    /// `unsupported` for a suite that is not known, `bad-request` for keys that are no base64 or of another length.
    pub fn new(crypto: &Crypto) -> Result<Self, Failure> {
        let suite = Suite::from_name(&crypto.suite).ok_or_else(|| Failure {
            code: "unsupported",
            text: format!("crypto.suite: {} is not known", crypto.suite),
        })?;
        let session = |field: &str, key: &str| {
            let key = base64(key).filter(|key| key.len() == suite.key_length());
            key.and_then(|key| Session::new(suite, &key)).ok_or_else(|| Failure {
                code: "bad-request",
                text: format!("crypto.{field}: expected {} bytes in base64", suite.key_length()),
            })
        };
        let mut inbound = session("receive_key", &crypto.receive_key)?;
        if crypto.late {
            inbound.join_late();
        }
        Ok(Self {
            crypto: crypto.clone(),
            inbound,
            outbound: session("send_key", &crypto.send_key)?,
            packet: Vec::new(),
        })
    }

    /// Goes on from what was in use before, in each direction whose key is still the same: counters that began anew would
    /// encrypt two packets alike, or refuse whoever has sent more than 65,536 (RFC 3711 §3.3.1, §9.1).
    pub fn follow(&mut self, before: Self) {
        if self.crypto.suite != before.crypto.suite {
            return;
        }
        if self.crypto.receive_key == before.crypto.receive_key {
            self.inbound = before.inbound;
        }
        if self.crypto.send_key == before.crypto.send_key {
            self.outbound = before.outbound;
        }
    }

    /// Decrypts RTP in place; returns its length.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.inbound.unprotect(packet)
    }

    /// Decrypts RTCP in place; returns its length.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.inbound.unprotect_rtcp(packet)
    }

    /// RTP as it goes out.
    pub fn protect(&mut self, packet: &[u8]) -> Option<&[u8]> {
        self.packet.clear();
        self.packet.extend_from_slice(packet);
        self.outbound.protect(&mut self.packet).then_some(&self.packet)
    }

    /// RTCP as it goes out.
    pub fn protect_rtcp(&mut self, packet: &[u8]) -> Option<&[u8]> {
        self.packet.clear();
        self.packet.extend_from_slice(packet);
        self.outbound.protect_rtcp(&mut self.packet).then_some(&self.packet)
    }
}

/// Base64 with its padding (RFC 4648 §4), which SDP may leave out.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = (bits << 6 | value as u32) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_is_read() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8", b"fo"),
            ("Zm9vYmE=", b"fooba"),
            ("Zm9vYmFy", b"foobar"),
            ("+/+/", &[0xfb, 0xff, 0xbf]),
        ] {
            assert_eq!(base64(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(base64("Zm9 v"), None);
    }

    proptest! {
        #[test]
        fn any_words_are_refused_or_keys(
            suite in "AES_CM_128_HMAC_SHA1_80|\\PC{0,20}",
            key in "[A-Za-z0-9+/=]{0,60}|\\PC{0,60}",
        ) {
            let crypto = Crypto { suite, send_key: key.clone(), receive_key: key, late: false };
            let _ = Protection::new(&crypto);
        }
    }

    #[test]
    fn keys_that_make_no_sense_are_refused_by_name() {
        let crypto = |suite: &str, key: &str| Crypto {
            suite: suite.into(),
            send_key: key.into(),
            receive_key: "A".repeat(40),
            late: false,
        };
        let code =
            |crypto: Crypto| Protection::new(&crypto).err().map(|failure| (failure.code, failure.text));
        assert_eq!(code(crypto("AES_CM_128_HMAC_SHA1_80", &"A".repeat(40))), None);
        assert_eq!(code(crypto("ROT13", "")).expect("no suite").0, "unsupported");
        let (code, text) = code(crypto("AES_CM_128_HMAC_SHA1_80", "AAAA")).expect("a short key");
        assert!(code == "bad-request" && text.contains("send_key"), "{text}");
    }

    fn packet(sequence: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4];
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet
    }

    fn sealed(protection: &mut Protection, sequence: u16) -> Vec<u8> {
        protection.protect(&packet(sequence)).expect("a new packet").to_vec()
    }

    #[test]
    fn a_direction_whose_key_stays_goes_on_counting() {
        const SUITE: &str = "AES_CM_128_HMAC_SHA1_80";
        let [ours, theirs, new] = ["BwcH", "CQkJ", "BBBB"].map(|three| three.repeat(10));
        let made = |send: &String, receive: &String, suite: &str| {
            let (send_key, receive_key) = (send.clone(), receive.clone());
            Protection::new(&Crypto { suite: suite.into(), send_key, receive_key, late: false })
                .expect("keys")
        };
        let (mut here, mut peer) = (made(&ours, &theirs, SUITE), made(&theirs, &ours, SUITE));
        // The peer's number begins anew after 65,535, so that only who has heard it before knows the next index.
        for sequence in [65_534, 65_535, 0, 1] {
            let mut heard = sealed(&mut peer, sequence);
            assert!(here.unprotect(&mut heard).is_some(), "{sequence}");
            sealed(&mut here, sequence);
        }
        let mut again = made(&new, &theirs, SUITE);
        again.follow(here);
        let mut heard = sealed(&mut peer, 2);
        assert!(again.unprotect(&mut heard.clone()).is_some());
        assert!(again.unprotect(&mut heard).is_none(), "played again");
        assert_eq!(
            sealed(&mut again, 1),
            sealed(&mut made(&new, &theirs, SUITE), 1),
            "a new key begins anew"
        );

        let mut same = made(&new, &ours, SUITE);
        same.follow(again);
        assert!(same.protect(&packet(1)).is_none(), "the same key never counts anew");
        let mut other = made(&new, &ours, "AES_CM_128_HMAC_SHA1_32");
        other.follow(same);
        assert!(other.protect(&packet(1)).is_some(), "another suite, other keys");
    }

    #[test]
    fn who_joins_late_finds_how_often_the_numbers_began_anew() {
        let (key, other) = ("BwcH".repeat(10), "CQkJ".repeat(10));
        let made = |send: &str, receive: &str, late| {
            let (send_key, receive_key) = (send.into(), receive.into());
            let suite = "AES_CM_128_HMAC_SHA1_80".into();
            Protection::new(&Crypto { suite, send_key, receive_key, late }).expect("keys")
        };
        let mut peer = made(&key, &other, false);
        let mut heard = Vec::new();
        for number in 0..3 * 65_536 + 7_u32 {
            heard = sealed(&mut peer, number as u16);
        }
        assert!(made(&other, &key, false).unprotect(&mut heard.clone()).is_none());
        let mut late = made(&other, &key, true);
        let mut garbage = vec![0x80; 60];
        assert!(late.unprotect(&mut garbage).is_none());
        let length = late.unprotect(&mut heard.clone()).expect("found");
        assert_eq!(heard.len() - 10, length);
        assert!(late.unprotect(&mut heard).is_none(), "played again");
        let mut next = sealed(&mut peer, 7);
        assert!(late.unprotect(&mut next).is_some(), "from here on as always");
    }
}
