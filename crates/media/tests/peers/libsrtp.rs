//! SRTP by libsrtp 2: the other side of ours, in tests and of the load generator.

#![expect(unsafe_code, reason = "calls of a C library")]
#![allow(dead_code, reason = "who includes it needs a part")]

use std::ffi::{c_int, c_uint, c_ulong, c_void};
use std::ptr;
use std::sync::OnceLock;

pub use stimme_media::srtp::Suite;

/// Room that protection needs behind a packet: the longest authentication tag, and the index of SRTCP.
pub const TRAILER: usize = 16 + 4;

/// What sets the policies of RTP and RTCP.
fn policies(suite: Suite) -> (SetPolicy, SetPolicy) {
    match suite {
        Suite::AesCm128Sha1Tag80 => (srtp_crypto_policy_set_rtp_default, srtp_crypto_policy_set_rtcp_default),
        // The short tag is for RTP alone (RFC 4568 §6.2.2).
        Suite::AesCm128Sha1Tag32 => {
            (srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32, srtp_crypto_policy_set_rtcp_default)
        }
        Suite::AesCm256Sha1Tag80 => {
            (srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80)
        }
        Suite::AesCm256Sha1Tag32 => {
            (srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80)
        }
        Suite::AesGcm128 => {
            (srtp_crypto_policy_set_aes_gcm_128_16_auth, srtp_crypto_policy_set_aes_gcm_128_16_auth)
        }
        Suite::AesGcm256 => {
            (srtp_crypto_policy_set_aes_gcm_256_16_auth, srtp_crypto_policy_set_aes_gcm_256_16_auth)
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
        let (set_rtp, set_rtcp) = policies(suite);
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
