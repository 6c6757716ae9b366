//! Codecs and what is done with decoded audio.
