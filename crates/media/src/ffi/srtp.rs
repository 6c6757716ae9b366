//! SRTP and SRTCP (RFC 3711, RFC 6188, RFC 7714) by libsrtp 2.

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::ptr;
use std::sync::OnceLock;

/// Room that protection needs behind a packet: the longest authentication tag, and the index of SRTCP.
pub const TRAILER: usize = 16 + 4;

/// Algorithms and lengths, named as in SDP (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// AES counter mode, 128 bit, tag of 80 bits.
    AesCm128Sha1Tag80,
    /// AES counter mode, 128 bit, tag of 32 bits.
    AesCm128Sha1Tag32,
    /// AES counter mode, 256 bit, tag of 80 bits.
    AesCm256Sha1Tag80,
    /// AES counter mode, 256 bit, tag of 32 bits.
    AesCm256Sha1Tag32,
    /// AES Galois counter mode, 128 bit.
    AesGcm128,
    /// AES Galois counter mode, 256 bit.
    AesGcm256,
}

impl Suite {
    /// By its name in SDP.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "AES_CM_128_HMAC_SHA1_80" => Self::AesCm128Sha1Tag80,
            "AES_CM_128_HMAC_SHA1_32" => Self::AesCm128Sha1Tag32,
            "AES_256_CM_HMAC_SHA1_80" => Self::AesCm256Sha1Tag80,
            "AES_256_CM_HMAC_SHA1_32" => Self::AesCm256Sha1Tag32,
            "AEAD_AES_128_GCM" => Self::AesGcm128,
            "AEAD_AES_256_GCM" => Self::AesGcm256,
            _ => return None,
        })
    }

    /// Bytes of key and salt together.
    pub fn key_length(self) -> usize {
        match self {
            Self::AesCm128Sha1Tag80 | Self::AesCm128Sha1Tag32 => 30,
            Self::AesCm256Sha1Tag80 | Self::AesCm256Sha1Tag32 => 46,
            Self::AesGcm128 => 28,
            Self::AesGcm256 => 44,
        }
    }

    fn policies(self) -> (SetPolicy, SetPolicy) {
        match self {
            Self::AesCm128Sha1Tag80 => {
                (srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_rtcp_default)
            }
            // The short tag is for RTP alone (RFC 4568 §6.2.2).
            Self::AesCm128Sha1Tag32 => {
                (srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32, srtp_crypto_policy_set_rtcp_default)
            }
            Self::AesCm256Sha1Tag80 => (
                srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
                srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
            ),
            Self::AesCm256Sha1Tag32 => (
                srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
                srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
            ),
            Self::AesGcm128 => {
                (srtp_crypto_policy_set_aes_gcm_128_16_auth, srtp_crypto_policy_set_aes_gcm_128_16_auth)
            }
            Self::AesGcm256 => {
                (srtp_crypto_policy_set_aes_gcm_256_16_auth, srtp_crypto_policy_set_aes_gcm_256_16_auth)
            }
        }
    }
}

/// Which way packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the peer.
    Inbound,
    /// To the peer.
    Outbound,
}

/// One direction of a leg: rollover counters and replay windows of its streams.
pub struct Session {
    context: *mut c_void,
}

// SAFETY: what the library shares between sessions is written once, by `srtp_init`; a session itself is plain memory
// that one thread at a time works on, since every call needs `&mut self`.
unsafe impl Send for Session {}

impl Session {
    /// With a key and salt of [`Suite::key_length`] bytes. None when the length is another one, or the library refuses.
    pub fn new(suite: Suite, way: Way, key: &[u8]) -> Option<Self> {
        if key.len() != suite.key_length() || !initialised() {
            return None;
        }
        let mut key = key.to_vec();
        let (set_rtp, set_rtcp) = suite.policies();
        let mut policy = Policy {
            ssrc: Ssrc { kind: if way == Way::Inbound { ANY_INBOUND } else { ANY_OUTBOUND }, value: 0 },
            rtp: CryptoPolicy::default(),
            rtcp: CryptoPolicy::default(),
            key: key.as_mut_ptr(),
            keys: ptr::null_mut(),
            master_keys: 0,
            deprecated_ekt: ptr::null_mut(),
            window: 128,
            // The same packet is never sent twice with other contents: numbers are ours.
            allow_repeat: 0,
            encrypted_extensions: ptr::null_mut(),
            encrypted_extension_count: 0,
            next: ptr::null_mut(),
        };
        let mut context = ptr::null_mut();
        // SAFETY: both policies are written through valid pointers by functions that do nothing else; `policy` and the
        // key it points to live until `srtp_create` returns, which copies both and writes `context` on success.
        let status = unsafe {
            set_rtp(&raw mut policy.rtp);
            set_rtcp(&raw mut policy.rtcp);
            srtp_create(&raw mut context, &raw const policy)
        };
        (status == OK && !context.is_null()).then_some(Self { context })
    }

    /// Encrypts an RTP packet that fills `packet`; it grows by the tag. False when it cannot be.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> bool {
        self.grow(packet, srtp_protect)
    }

    /// Encrypts a compound RTCP packet.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> bool {
        self.grow(packet, srtp_protect_rtcp)
    }

    /// Decrypts an RTP packet in place; returns its length. None: it is not the peer's, or it was replayed.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.shrink(packet, srtp_unprotect)
    }

    /// Decrypts a compound RTCP packet in place.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        self.shrink(packet, srtp_unprotect_rtcp)
    }

    fn grow(&mut self, packet: &mut Vec<u8>, operation: Operation) -> bool {
        let length = packet.len();
        let Ok(mut after) = c_int::try_from(length) else {
            return false;
        };
        packet.resize(length + TRAILER, 0);
        // SAFETY: the context lives as long as `self`; the buffer is longer than the packet by the most that the
        // library appends, and the length says where the packet ends.
        let status = unsafe { operation(self.context, packet.as_mut_ptr().cast(), &raw mut after) };
        let grown = usize::try_from(after).unwrap_or(0).min(packet.len());
        packet.truncate(if status == OK { grown } else { length });
        status == OK
    }

    fn shrink(&mut self, packet: &mut [u8], operation: Operation) -> Option<usize> {
        let mut after = c_int::try_from(packet.len()).ok()?;
        // SAFETY: the context lives as long as `self`; the library reads and writes within the length that it is
        // told, which is that of the slice, and checks packets that are too short for a header.
        let status = unsafe { operation(self.context, packet.as_mut_ptr().cast(), &raw mut after) };
        usize::try_from(after).ok().filter(|length| status == OK && *length <= packet.len())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the context came from `srtp_create` and is freed once.
        let status = unsafe { srtp_dealloc(self.context) };
        if status != OK {
            log::error!("srtp_dealloc: {status}");
        }
    }
}

fn initialised() -> bool {
    static STATUS: OnceLock<c_int> = OnceLock::new();
    // SAFETY: called once in this process, before anything else of the library.
    *STATUS.get_or_init(|| unsafe { srtp_init() }) == OK
}

const OK: c_int = 0;
const ANY_INBOUND: c_int = 2;
const ANY_OUTBOUND: c_int = 3;

type SetPolicy = unsafe extern "C" fn(*mut CryptoPolicy);
type Operation = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_int) -> c_int;

/// `srtp_crypto_policy_t`.
#[repr(C)]
#[derive(Default)]
struct CryptoPolicy {
    cipher: u32,
    cipher_key_length: c_int,
    authentication: u32,
    authentication_key_length: c_int,
    tag_length: c_int,
    services: c_int,
}

/// `srtp_ssrc_t`.
#[repr(C)]
struct Ssrc {
    kind: c_int,
    value: c_uint,
}

/// `srtp_policy_t`.
#[repr(C)]
struct Policy {
    ssrc: Ssrc,
    rtp: CryptoPolicy,
    rtcp: CryptoPolicy,
    key: *mut u8,
    keys: *mut *mut c_void,
    master_keys: c_ulong,
    deprecated_ekt: *mut c_void,
    window: c_ulong,
    allow_repeat: c_int,
    encrypted_extensions: *mut c_int,
    encrypted_extension_count: c_int,
    next: *mut Policy,
}

#[link(name = "srtp2")]
unsafe extern "C" {
    fn srtp_init() -> c_int;
    fn srtp_create(session: *mut *mut c_void, policy: *const Policy) -> c_int;
    fn srtp_dealloc(session: *mut c_void) -> c_int;
    fn srtp_protect(context: *mut c_void, packet: *mut c_void, length: *mut c_int) -> c_int;
    fn srtp_unprotect(context: *mut c_void, packet: *mut c_void, length: *mut c_int) -> c_int;
    fn srtp_protect_rtcp(context: *mut c_void, packet: *mut c_void, length: *mut c_int) -> c_int;
    fn srtp_unprotect_rtcp(context: *mut c_void, packet: *mut c_void, length: *mut c_int) -> c_int;
    fn srtp_crypto_policy_set_rtp_default(policy: *mut CryptoPolicy);
    fn srtp_crypto_policy_set_rtcp_default(policy: *mut CryptoPolicy);
    fn srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(policy: *mut CryptoPolicy);
    fn srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(policy: *mut CryptoPolicy);
    fn srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(policy: *mut CryptoPolicy);
    fn srtp_crypto_policy_set_aes_gcm_128_16_auth(policy: *mut CryptoPolicy);
    fn srtp_crypto_policy_set_aes_gcm_256_16_auth(policy: *mut CryptoPolicy);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 6] = [
        "AES_CM_128_HMAC_SHA1_80",
        "AES_CM_128_HMAC_SHA1_32",
        "AES_256_CM_HMAC_SHA1_80",
        "AES_256_CM_HMAC_SHA1_32",
        "AEAD_AES_128_GCM",
        "AEAD_AES_256_GCM",
    ];

    fn packet(sequence: u16) -> Vec<u8> {
        let mut packet = vec![0x80, 8, 0, 0, 0, 0, 0, 160, 1, 2, 3, 4];
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet.extend([0xd5; 160]);
        packet
    }

    #[test]
    fn what_is_protected_is_read_once_by_whoever_has_the_key() {
        for name in NAMES {
            let suite = Suite::from_name(name).expect("a suite");
            let key: Vec<u8> = (0..suite.key_length() as u8).collect();
            let mut out = Session::new(suite, Way::Outbound, &key).expect(name);
            let mut inward = Session::new(suite, Way::Inbound, &key).expect(name);
            let mut stranger = Session::new(suite, Way::Inbound, &vec![9; key.len()]).expect(name);
            for sequence in [65_534, 65_535, 0, 1] {
                let mut wire = packet(sequence);
                assert!(out.protect(&mut wire));
                assert_ne!(wire[12..40], packet(sequence)[12..40], "{name}: in the clear");
                assert_eq!(stranger.unprotect(&mut wire.clone()), None);
                let mut again = wire.clone();
                let length = inward.unprotect(&mut wire).expect(name);
                assert_eq!(wire[..length], packet(sequence));
                assert_eq!(inward.unprotect(&mut again), None, "{name}: replayed");
            }
            let report = vec![0x80, 201, 0, 1, 1, 2, 3, 4];
            let mut wire = report.clone();
            assert!(out.protect_rtcp(&mut wire));
            let length = inward.unprotect_rtcp(&mut wire).expect(name);
            assert_eq!(wire[..length], report);
        }
    }

    #[test]
    fn keys_of_another_length_are_refused() {
        for name in NAMES {
            let suite = Suite::from_name(name).expect("a suite");
            assert!(Session::new(suite, Way::Inbound, &vec![0; suite.key_length() - 1]).is_none());
        }
        assert_eq!(Suite::from_name("NULL"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(mut packet in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut session = Session::new(Suite::AesCm128Sha1Tag80, Way::Inbound, &[7; 30]).expect("a session");
            prop_assert_eq!(session.unprotect(&mut packet.clone()), None);
            prop_assert_eq!(session.unprotect_rtcp(&mut packet.clone()), None);
            let mut session = Session::new(Suite::AesGcm256, Way::Outbound, &[7; 44]).expect("a session");
            let _ = session.protect(&mut packet);
        }
    }
}
