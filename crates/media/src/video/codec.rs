//! Video codecs as negotiated, and which formats of two sides are the same.

use crate::control::{CodecSpec, Failure};

/// What is forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodec {
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
}

impl VideoCodec {
    /// By the name in the SDP.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Vp8, Self::Vp9, Self::H264].into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// As the SDP names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H264",
        }
    }
}

/// A format of a video stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFormat {
    /// Which codec.
    pub codec: VideoCodec,
    /// Its number here.
    pub payload_type: u8,
    /// The number of its retransmissions (RFC 4588), if they were negotiated.
    pub resend: Option<u8>,
    /// What a decoder must be able to: the profile, and with H.264 the packetization mode.
    variant: (u32, u32),
}

impl VideoFormat {
    /// The formats among what a client says was negotiated, and retransmissions with those that they repair.
    ///
    /// # Errors
    /// `bad-request` for a payload type that cannot be, `unsupported` for a codec that is not known.
    pub fn read(codecs: &[CodecSpec]) -> Result<Vec<Self>, Failure> {
        let mut formats = Vec::new();
        for spec in codecs {
            if spec.payload_type > 127 {
                let text = format!("video: there is no payload type {}", spec.payload_type);
                return Err(Failure { code: "bad-request", text });
            }
            if is_repair(spec) {
                continue;
            }
            let codec = VideoCodec::from_name(&spec.name).ok_or_else(|| Failure {
                code: "unsupported",
                text: format!("video: {} is not known", spec.name),
            })?;
            let resend = codecs
                .iter()
                .find(|other| {
                    is_repair(other) && number(&other.fmtp, "apt", 10) == Some(spec.payload_type.into())
                })
                .map(|other| other.payload_type);
            let variant = variant(codec, &spec.fmtp);
            formats.push(Self { codec, payload_type: spec.payload_type, resend, variant });
        }
        Ok(formats)
    }

    /// Whether a decoder of one understands the other.
    pub fn fits(&self, other: &Self) -> bool {
        (self.codec, self.variant) == (other.codec, other.variant)
    }
}

fn is_repair(spec: &CodecSpec) -> bool {
    spec.name.eq_ignore_ascii_case("rtx")
}

/// Profile of VP9 (RFC 9628 §7), profile and packetization mode of H.264 (RFC 6184 §8.1); VP8 has one only.
fn variant(codec: VideoCodec, fmtp: &str) -> (u32, u32) {
    match codec {
        VideoCodec::Vp8 => (0, 0),
        VideoCodec::Vp9 => (number(fmtp, "profile-id", 10).unwrap_or(0), 0),
        VideoCodec::H264 => {
            // The third byte is the level, which the sender keeps to; the second are constraints of the profile.
            let profile = number(fmtp, "profile-level-id", 16).unwrap_or(0x42_0010) >> 16;
            (profile, number(fmtp, "packetization-mode", 10).unwrap_or(0))
        }
    }
}

fn number(fmtp: &str, name: &str, radix: u32) -> Option<u32> {
    let of = |part: &str| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| u32::from_str_radix(value.trim(), radix).ok())?
    };
    fmtp.split(';').find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spec(name: &str, payload_type: u8, fmtp: &str) -> CodecSpec {
        CodecSpec { name: name.into(), payload_type, clock_rate: 90_000, channels: 1, fmtp: fmtp.into() }
    }

    #[test]
    fn formats_and_their_retransmissions() {
        let read = VideoFormat::read(&[
            spec("VP8", 96, ""),
            spec("rtx", 97, "apt=96"),
            spec("vp9", 98, "profile-id=2"),
            spec("H264", 102, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"),
            spec("rtx", 103, "apt=102"),
        ])
        .expect("known");
        let found: Vec<_> =
            read.iter().map(|format| (format.codec.name(), format.resend, format.variant)).collect();
        assert_eq!(found, [("VP8", Some(97), (0, 0)), ("VP9", None, (2, 0)), ("H264", Some(103), (0x42, 1))]);
    }

    #[test]
    fn the_same_codec_under_another_number_fits_and_another_profile_does_not() {
        let one = |name: &str, payload_type, fmtp: &str| {
            VideoFormat::read(&[spec(name, payload_type, fmtp)]).expect("known")[0]
        };
        assert!(one("VP8", 96, "").fits(&one("vp8", 120, "max-fs=12288")));
        let baseline = one("H264", 102, "packetization-mode=1;profile-level-id=42e01f");
        assert!(baseline.fits(&one("H264", 99, "packetization-mode=1;profile-level-id=42001f")));
        assert!(!baseline.fits(&one("H264", 99, "profile-level-id=42001f")));
        assert!(!baseline.fits(&one("H264", 99, "packetization-mode=1;profile-level-id=64001f")));
        assert!(!one("VP9", 98, "profile-id=0").fits(&one("VP9", 98, "profile-id=2")));
    }

    proptest! {
        #[test]
        fn any_words_are_refused_or_read(
            name in "VP8|VP9|H264|rtx|\\PC{0,9}",
            payload_type: u8,
            fmtp in "\\PC{0,60}|(apt|profile-id|profile-level-id|packetization-mode)=[-0-9a-f]{0,12}",
        ) {
            let _ = VideoFormat::read(&[spec(&name, payload_type, &fmtp), spec("VP8", 96, "")]);
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(VideoFormat::read(&[spec("AV1", 45, "")]).expect_err("unknown").code, "unsupported");
        assert_eq!(VideoFormat::read(&[spec("VP8", 128, "")]).expect_err("no number").code, "bad-request");
    }
}
