//! Where a key frame begins, by the first bytes of a payload.

use super::VideoCodec;

/// Whether this payload is the beginning of a frame that needs no other one.
///
/// Anything else, and what is no such payload at all, is not.
pub fn begins_keyframe(codec: VideoCodec, payload: &[u8]) -> bool {
    match codec {
        VideoCodec::Vp8 => vp8(payload),
        VideoCodec::Vp9 => vp9(payload),
        VideoCodec::H264 => h264(payload),
    }
    .unwrap_or(false)
}

/// The descriptor of RFC 7741 §4.2, and behind it the first byte of the frame (RFC 6386 §9.1).
fn vp8(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    let (start, partition) = (first & 0x10 != 0, first & 0x0f & 0x07);
    let mut at = 1;
    if first & 0x80 != 0 {
        let extension = *payload.get(at)?;
        at += 1;
        if extension & 0x80 != 0 {
            at += if *payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0);
        at += usize::from(extension & 0x30 != 0);
    }
    let inter = *payload.get(at)? & 1 != 0;
    Some(start && partition == 0 && !inter)
}

/// The descriptor of RFC 9628 §4.2: not predicted from other pictures, the beginning of a frame, the lowest layer.
fn vp9(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    let (picture, predicted, layered) = (first & 0x80 != 0, first & 0x40 != 0, first & 0x20 != 0);
    let start = first & 0x08 != 0;
    let mut at = 1;
    if picture {
        at += if *payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    let lowest = !layered || payload.get(at)? >> 1 & 0x07 == 0;
    Some(start && lowest && !predicted)
}

/// A sequence parameter set or a slice of an IDR picture, alone, the first of an aggregate or the first fragment
/// (RFC 6184 §5.6 to §5.8).
fn h264(payload: &[u8]) -> Option<bool> {
    const IDR: u8 = 5;
    const PARAMETERS: u8 = 7;
    const AGGREGATE: u8 = 24;
    const FRAGMENT: u8 = 28;
    let independent = |unit: u8| matches!(unit & 0x1f, IDR | PARAMETERS);
    let first = *payload.first()?;
    match first & 0x1f {
        AGGREGATE => {
            let mut at = 1;
            while let Some([high, low]) = payload.get(at..at + 2) {
                if independent(*payload.get(at + 2)?) {
                    return Some(true);
                }
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
            }
            Some(false)
        }
        FRAGMENT => {
            let head = *payload.get(1)?;
            Some(head & 0x80 != 0 && independent(head))
        }
        _ => Some(independent(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VideoCodec::{H264, Vp8, Vp9};
    use proptest::prelude::*;

    #[test]
    fn key_frames_are_known_by_their_first_bytes() {
        for (codec, payload, expected) in [
            (Vp8, vec![0x10, 0x00], true),
            (Vp8, vec![0x10, 0x01], false), // an inter frame
            (Vp8, vec![0x00, 0x00], false), // the middle of a partition
            (Vp8, vec![0x11, 0x00], false), // the second partition
            (Vp8, vec![0x90, 0xf0, 0x92, 0x34, 0x55, 0xa7, 0x00], true), // all that a descriptor may have
            (Vp8, vec![0x90, 0x80, 0x42, 0x01], false), // a short picture id
            (Vp8, vec![0x90, 0x80], false), // cut off
            (Vp9, vec![0x88, 0x01], true),
            (Vp9, vec![0xc8, 0x01], false),             // predicted
            (Vp9, vec![0x80, 0x01], false),             // not its beginning
            (Vp9, vec![0xa8, 0x81, 0x02, 0x00], true),  // layer 0, long picture id
            (Vp9, vec![0xa8, 0x81, 0x02, 0x02], false), // layer 1
            (H264, vec![0x67, 1, 2], true),
            (H264, vec![0x65, 1, 2], true),
            (H264, vec![0x41, 1, 2], false),
            (H264, vec![0x78, 0, 1, 0x09, 0, 2, 0x67, 1], true), // delimiter, then parameters
            (H264, vec![0x78, 0, 1, 0x09, 0, 2, 0x41, 1], false),
            (H264, vec![0x78, 0xff, 0xff, 0x09], false), // longer than there is
            (H264, vec![0x7c, 0x85], true),
            (H264, vec![0x7c, 0x05], false), // a later fragment
            (H264, vec![0x7c, 0x81], false),
        ] {
            assert_eq!(begins_keyframe(codec, &payload), expected, "{codec:?} {payload:02x?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(payload in proptest::collection::vec(any::<u8>(), 0..40)) {
            for codec in [Vp8, Vp9, H264] {
                begins_keyframe(codec, &payload);
            }
        }

        /// However long an aggregate's other units are, the one that matters is found.
        #[test]
        fn parameters_are_found_behind_others(lengths in proptest::collection::vec(1usize..300, 0..5)) {
            let mut payload = vec![0x78];
            for length in lengths {
                payload.extend((length as u16).to_be_bytes());
                payload.extend(std::iter::repeat_n(0x06, length));
            }
            payload.extend([0, 1]);
            prop_assert!(!begins_keyframe(H264, &payload));
            payload.push(0x67);
            prop_assert!(begins_keyframe(H264, &payload));
        }
    }
}
