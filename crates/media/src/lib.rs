//! The media engine of stimme, as a library: the binary `stimme-media` is a thin shell around it.

pub mod audio;
pub mod control;
