//! The control protocol (docs/media-protocol.md): MessagePack in frames over a Unix socket.

pub mod fax;
pub mod frame;
pub mod message;
pub mod near;
pub mod reply;
pub mod room;
pub mod server;
pub mod source;
pub mod tap;
pub mod video;

pub use message::{
    CodecSpec, Configure, Crypto, Direction, DtmfMethod, Kind, Operation, Remote, Request, What,
};
pub use near::Near;
pub use reply::{
    BridgeListing, EndpointListing, Event, Failure, Local, RemoteStats, Reply, SourceListing, Stats,
};
pub use room::{Role, RoomListing, RoomMember};
pub use server::{ClientId, Refusal, Server};
pub use source::SourceSpec;

/// Version of the protocol; a client that speaks another one is refused.
pub const PROTOCOL: u32 = 1;
