//! Suites by their names in SDP.

/// Algorithms and lengths (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14.2).
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
        self.master_length() + if self.is_gcm() { 12 } else { 14 }
    }

    /// Bytes of the key alone.
    pub fn master_length(self) -> usize {
        match self {
            Self::AesCm128Sha1Tag80 | Self::AesCm128Sha1Tag32 | Self::AesGcm128 => 16,
            Self::AesCm256Sha1Tag80 | Self::AesCm256Sha1Tag32 | Self::AesGcm256 => 32,
        }
    }

    /// Whether encryption authenticates, too.
    pub fn is_gcm(self) -> bool {
        matches!(self, Self::AesGcm128 | Self::AesGcm256)
    }

    /// Bytes of the tag of an RTP packet; that of a report is never the short one (RFC 4568 §6.2.2).
    pub fn tag_length(self) -> usize {
        match self {
            Self::AesCm128Sha1Tag80 | Self::AesCm256Sha1Tag80 => 10,
            Self::AesCm128Sha1Tag32 | Self::AesCm256Sha1Tag32 => 4,
            Self::AesGcm128 | Self::AesGcm256 => 16,
        }
    }
}
