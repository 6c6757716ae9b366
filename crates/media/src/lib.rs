//! The media engine of stimme, as a library: the binary `stimme-media` is a thin shell around it.

pub mod audio;
pub mod clients;
pub mod console;
pub mod control;
#[cfg(test)]
mod damage;
pub mod endpoint;
pub mod engine;
pub mod fax;
pub mod ffi;
pub mod figures;
pub mod heartbeat;
pub mod ids;
pub mod metrics;
pub mod options;
pub mod pacing;
pub mod player;
pub mod ports;
pub mod priority;
pub mod reactor;
pub mod recording;
pub mod relay;
pub mod room;
pub mod rtp;
pub mod sandbox;
pub mod service;
pub mod shards;
pub mod shared;
pub mod srtp;
pub mod tap;
pub mod tracks;
pub mod translation;
pub mod video;
pub mod watch;
