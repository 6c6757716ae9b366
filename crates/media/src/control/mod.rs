//! The control protocol (docs/media-protocol.md): MessagePack in frames over a Unix socket.

pub mod frame;
pub mod message;
pub mod reply;
pub mod server;

pub use message::{CodecSpec, Configure, Direction, Kind, Operation, Remote, Request, SourceSpec, What};
pub use reply::{BridgeListing, EndpointListing, Event, Failure, Local, Reply, SourceListing, Stats};
pub use server::{ClientId, Server};

/// Version of the protocol; a client that speaks another one is refused.
pub const PROTOCOL: u32 = 1;
