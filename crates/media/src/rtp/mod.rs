//! RTP and RTCP as values: nothing here knows a socket or a clock of its own.

pub mod bursts;
pub mod dtmf;
pub mod outgoing;
pub mod packet;
pub mod quality;
pub mod reception;
pub mod rtcp;
pub mod xr;

pub use outgoing::Outgoing;
pub use packet::{HEADER, Header};
pub use reception::Reception;
