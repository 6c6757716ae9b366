//! What is asked and told of rooms.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Failure, SourceSpec};

/// What a member of a room may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Speaks and hears.
    Talk,
    /// Hears, and nobody knows: an observer.
    Listen,
    /// Hears; has been silenced or has silenced itself.
    Muted,
    /// Hears all and is heard by one.
    Whisper(u64),
}

/// Fields of `create-room`.
#[derive(Debug, Deserialize)]
pub struct CreateRoom {
    /// The client's own name for it.
    pub tag: String,
    /// Samples a second.
    pub rate: u32,
}

/// Fields of `join-room`.
#[derive(Debug, Deserialize)]
pub struct JoinRoom {
    /// Which.
    pub room: u64,
    /// Who.
    pub endpoint: u64,
    /// `talk`, `listen`, `muted` or `whisper`.
    pub role: String,
    /// To whom.
    #[serde(default)]
    pub whisper_to: Option<u64>,
    /// The hearer is known to live, though in another thread.
    #[serde(skip)]
    pub hearer_elsewhere: bool,
}

impl JoinRoom {
    /// The role as a value.
    ///
    /// # Errors
    /// `bad-request` for a role that does not exist, or a whisperer without a hearer.
    pub fn role(&self) -> Result<Role, Failure> {
        match (self.role.as_str(), self.whisper_to) {
            ("talk", _) => Ok(Role::Talk),
            ("listen", _) => Ok(Role::Listen),
            ("muted", _) => Ok(Role::Muted),
            ("whisper", Some(hearer)) if hearer != self.endpoint => Ok(Role::Whisper(hearer)),
            ("whisper", _) => {
                Err(Failure { code: "bad-request", text: "whisper_to: a whisperer needs a hearer".into() })
            }
            (role, _) => Err(Failure { code: "bad-request", text: format!("role: {role} is not known") }),
        }
    }
}

/// Fields of `play-room`.
#[derive(Debug, Deserialize)]
pub struct RoomPlay {
    /// To whom.
    pub room: u64,
    /// What.
    pub source: SourceSpec,
    /// From the beginning again at its end.
    #[serde(rename = "loop")]
    pub looped: bool,
}

/// Fields of `record-room`.
#[derive(Debug, Deserialize)]
pub struct RoomRecord {
    /// Of whom.
    pub room: u64,
    /// Where to.
    pub path: PathBuf,
}

/// Fields of a request about a room.
#[derive(Debug, Deserialize)]
pub struct OnRoom {
    /// Which.
    pub room: u64,
}

/// A member in a list.
#[derive(Clone, Debug, Serialize)]
pub struct RoomMember {
    /// Who.
    pub endpoint: u64,
    /// `talk`, `listen`, `muted` or `whisper`.
    pub role: &'static str,
    /// To whom.
    pub whisper_to: Option<u64>,
}

impl RoomMember {
    /// As a list shows it.
    pub fn new(endpoint: u64, role: Role) -> Self {
        let (role, whisper_to) = match role {
            Role::Talk => ("talk", None),
            Role::Listen => ("listen", None),
            Role::Muted => ("muted", None),
            Role::Whisper(hearer) => ("whisper", Some(hearer)),
        };
        Self { endpoint, role, whisper_to }
    }
}

/// A room in a list.
#[derive(Clone, Debug, Serialize)]
pub struct RoomListing {
    /// Number.
    pub id: u64,
    /// The client's name for it.
    pub tag: String,
    /// Samples a second.
    pub rate: u32,
    /// Who is in it.
    pub members: Vec<RoomMember>,
}
