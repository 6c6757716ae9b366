//! Frames on a byte stream: a length of four bytes, big endian, then that many bytes.

/// Longest frame that is read; no request comes near it.
pub const LIMIT: usize = 1 << 20;

/// A frame that claims to be longer than [`LIMIT`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a frame of {0} bytes; {LIMIT} are allowed")]
pub struct TooLong(usize);

/// Cuts a byte stream into frames.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
    start: usize,
}

impl FrameReader {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// The stream is unusable after a frame that is too long.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let waiting = &self.buffer[self.start..];
        let Some(head) = waiting.get(..4) else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if length > LIMIT {
            return Err(TooLong(length));
        }
        let Some(body) = waiting.get(4..4 + length) else {
            return Ok(None);
        };
        let body = body.to_vec();
        self.start += 4 + length;
        Ok(Some(body))
    }
}

/// Appends a frame that `body` writes.
pub fn write_frame(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend([0; 4]);
    body(out);
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_survive_being_cut_anywhere() {
        let mut stream = Vec::new();
        for body in [&b"one"[..], b"", b"three"] {
            write_frame(&mut stream, |out| out.extend_from_slice(body));
        }
        for size in 1..stream.len() {
            let (mut reader, mut frames) = (FrameReader::default(), Vec::new());
            for piece in stream.chunks(size) {
                reader.push(piece);
                while let Some(frame) = reader.next_frame().expect("short frames") {
                    frames.push(frame);
                }
            }
            assert_eq!(frames, [b"one".to_vec(), vec![], b"three".to_vec()]);
        }
    }

    #[test]
    fn a_giant_is_refused_before_it_arrives() {
        let mut reader = FrameReader::default();
        reader.push(&[0xff; 4]);
        assert_eq!(reader.next_frame(), Err(TooLong(0xffff_ffff)));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..400), size in 1usize..50) {
            let mut reader = FrameReader::default();
            let mut total = 0;
            'stream: for piece in bytes.chunks(size) {
                reader.push(piece);
                loop {
                    match reader.next_frame() {
                        Ok(Some(frame)) => total += 4 + frame.len(),
                        Ok(None) => break,
                        Err(_) => break 'stream,
                    }
                }
            }
            prop_assert!(total <= bytes.len());
        }
    }
}
