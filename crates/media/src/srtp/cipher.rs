//! Session keys and what is done with them (RFC 3711 §4, RFC 7714 §8 and §9).

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128, Aes256};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use ctr::{Ctr128BE, CtrCore, flavors};

use super::{REPORT_HEADER, Suite, WORD};

const SALT: usize = 14;
const AUTHENTICATION_KEY: usize = 20;
/// The tag of a report in counter mode.
const REPORT_TAG: usize = 10;
const GCM_TAG: usize = 16;
const LONGEST_KEY: usize = 32;

/// AES in counter mode with one key.
enum Counter {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

impl Counter {
    fn new(key: &[u8]) -> Self {
        match key.try_into() {
            Ok(key) => Self::Short(Box::new(Aes128::new(key))),
            Err(_) => Self::Long(Box::new(Aes256::new(key.try_into().expect("a key of 128 or 256 bits")))),
        }
    }

    /// Adds the key stream of a starting block.
    fn apply(&self, block: [u8; 16], data: &mut [u8]) {
        match self {
            Self::Short(cipher) => {
                add_stream(Aes128::clone(cipher), block, data);
            }
            Self::Long(cipher) => {
                add_stream(Aes256::clone(cipher), block, data);
            }
        }
    }
}

fn add_stream(cipher: impl BlockCipherEncrypt<BlockSize = U16>, block: [u8; 16], data: &mut [u8]) {
    let core = CtrCore::<_, flavors::Ctr128BE>::inner_iv_init(cipher, &block.into());
    Ctr128BE::from_core(core).apply_keystream(data);
}

enum Method {
    /// Encrypted by a counter, and a tag of so many bytes by HMAC-SHA1.
    Counter(Counter, Box<hmac::Key>, usize),
    Galois(Box<LessSafeKey>),
}

/// The keys of RTP or of RTCP.
pub struct Keys {
    method: Method,
    salt: [u8; SALT],
}

impl Keys {
    /// Those of RTP.
    pub fn of_rtp(suite: Suite, master: &[u8], salt: &[u8]) -> Self {
        Self::derive(suite, master, salt, 0, suite.tag_length())
    }

    /// Those of RTCP.
    pub fn of_rtcp(suite: Suite, master: &[u8], salt: &[u8]) -> Self {
        Self::derive(suite, master, salt, 3, REPORT_TAG)
    }

    /// Three keys from labels in a row: encryption, authentication, salt (RFC 3711 §4.3.2).
    fn derive(suite: Suite, master: &[u8], master_salt: &[u8], label: u8, tag: usize) -> Self {
        let prf = Counter::new(master);
        let draw = |label: u8, key: &mut [u8]| {
            let mut block = [0; 16];
            block[..master_salt.len()].copy_from_slice(master_salt);
            block[7] ^= label;
            prf.apply(block, key);
        };
        let mut room = [0; LONGEST_KEY];
        let key = &mut room[..master.len()];
        draw(label, key);
        let mut salt = [0; SALT];
        draw(label + 2, &mut salt[..master_salt.len()]);
        let method = if suite.is_gcm() {
            let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
            let key = UnboundKey::new(algorithm, key).expect("a key of the algorithm's length");
            Method::Galois(Box::new(LessSafeKey::new(key)))
        } else {
            let mut authentication = [0; AUTHENTICATION_KEY];
            draw(label + 1, &mut authentication);
            let authentication = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication);
            Method::Counter(Counter::new(key), Box::new(authentication), tag)
        };
        Self { method, salt }
    }

    /// How many bytes follow the word of a report.
    pub fn behind_word(&self) -> usize {
        match &self.method {
            Method::Counter(_, _, tag) => *tag,
            Method::Galois(_) => 0,
        }
    }

    /// Encrypts an RTP packet whose payload begins at `start`, and appends its tag.
    pub fn seal(&self, packet: &mut Vec<u8>, start: usize, ssrc: u32, index: u64) {
        match &self.method {
            Method::Counter(counter, authentication, tag) => {
                counter.apply(self.block(ssrc, index), &mut packet[start..]);
                let sum = sign(authentication, packet, &rollover(index));
                packet.extend_from_slice(&sum.as_ref()[..*tag]);
            }
            Method::Galois(key) => {
                let (header, payload) = packet.split_at_mut(start);
                let sum = key
                    .seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(&*header), payload)
                    .expect("a packet is not too long for GCM");
                packet.extend_from_slice(sum.as_ref());
            }
        }
    }

    /// Decrypts what [`Self::seal`] has made; returns the length without the tag. None when it was not made with this key.
    pub fn open(&self, packet: &mut [u8], start: usize, ssrc: u32, index: u64) -> Option<usize> {
        match &self.method {
            Method::Counter(counter, authentication, tag) => {
                let end = packet.len().checked_sub(*tag).filter(|end| *end >= start)?;
                let (content, sum) = packet.split_at_mut(end);
                let expected = sign(authentication, content, &rollover(index));
                verify_slices_are_equal(&expected.as_ref()[..*tag], sum).ok()?;
                counter.apply(self.block(ssrc, index), &mut content[start..]);
                Some(end)
            }
            Method::Galois(key) => {
                let (header, payload) = packet.split_at_mut(start);
                let payload =
                    key.open_in_place(self.nonce(ssrc, index), Aad::from(&*header), payload).ok()?;
                Some(start + payload.len())
            }
        }
    }

    /// Encrypts a report and appends its word and tag, in the order of the method.
    pub fn seal_report(&self, packet: &mut Vec<u8>, ssrc: u32, word: u32) {
        match &self.method {
            Method::Counter(counter, authentication, tag) => {
                counter.apply(self.block(ssrc, number(word)), &mut packet[REPORT_HEADER..]);
                packet.extend_from_slice(&word.to_be_bytes());
                let sum = sign(authentication, packet, &[]);
                packet.extend_from_slice(&sum.as_ref()[..*tag]);
            }
            Method::Galois(key) => {
                let (header, content) = packet.split_at_mut(REPORT_HEADER);
                let known = Aad::from(known(header, word));
                let sum = key
                    .seal_in_place_separate_tag(self.nonce(ssrc, number(word)), known, content)
                    .expect("a report is not too long for GCM");
                packet.extend_from_slice(sum.as_ref());
                packet.extend_from_slice(&word.to_be_bytes());
            }
        }
    }

    /// Decrypts what [`Self::seal_report`] has made; returns the length of the report. None as for [`Self::open`].
    pub fn open_report(&self, packet: &mut [u8], ssrc: u32, word: u32) -> Option<usize> {
        match &self.method {
            Method::Counter(counter, authentication, tag) => {
                let end = packet.len().checked_sub(*tag)?;
                let (content, sum) = packet.split_at_mut(end);
                let expected = sign(authentication, content, &[]);
                verify_slices_are_equal(&expected.as_ref()[..*tag], sum).ok()?;
                let end = end.checked_sub(WORD).filter(|end| *end >= REPORT_HEADER)?;
                counter.apply(self.block(ssrc, number(word)), &mut content[REPORT_HEADER..end]);
                Some(end)
            }
            Method::Galois(key) => {
                let end = packet.len().checked_sub(WORD).filter(|end| *end >= REPORT_HEADER + GCM_TAG)?;
                let (header, content) = packet[..end].split_at_mut(REPORT_HEADER);
                let known = Aad::from(known(header, word));
                let content = key.open_in_place(self.nonce(ssrc, number(word)), known, content).ok()?;
                Some(REPORT_HEADER + content.len())
            }
        }
    }

    /// The first block of the counter (RFC 3711 §4.1.1).
    fn block(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut block = [0; 16];
        block[..SALT].copy_from_slice(&self.salt);
        mix(&mut block[4..8], &ssrc.to_be_bytes());
        mix(&mut block[8..14], &index.to_be_bytes()[2..]);
        block
    }

    /// The nonce of GCM (RFC 7714 §8.1, §9.1).
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&self.salt[..12]);
        mix(&mut nonce[2..6], &ssrc.to_be_bytes());
        mix(&mut nonce[6..12], &index.to_be_bytes()[2..]);
        Nonce::assume_unique_for_key(nonce)
    }
}

fn mix(bytes: &mut [u8], other: &[u8]) {
    bytes.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
}

/// The number of a report without the mark that it is encrypted.
fn number(word: u32) -> u64 {
    u64::from(word & !super::ENCRYPTED)
}

/// What GCM authenticates of a report beside what it encrypts.
fn known(header: &[u8], word: u32) -> [u8; REPORT_HEADER + WORD] {
    let mut known = [0; REPORT_HEADER + WORD];
    known[..REPORT_HEADER].copy_from_slice(header);
    known[REPORT_HEADER..].copy_from_slice(&word.to_be_bytes());
    known
}

/// The rollover counter, which is authenticated and not sent.
fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

fn sign(key: &hmac::Key, content: &[u8], behind: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(content);
    context.update(behind);
    context.sign()
}
