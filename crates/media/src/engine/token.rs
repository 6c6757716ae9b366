//! Numbers by which the loop knows what is ready.

/// What a number of [`Watch`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// An endpoint's RTP, or all of a browser.
    Media(u64),
    /// An endpoint's RTCP.
    Report(u64),
    /// A client.
    Client(u64),
    /// The listening socket.
    Listener,
    /// Word of another thread, or a signal.
    Wake,
}

impl Token {
    /// As a number.
    pub fn number(self) -> u64 {
        match self {
            Self::Media(id) => id << 3,
            Self::Report(id) => id << 3 | 1,
            Self::Client(id) => id << 3 | 2,
            Self::Listener => 3,
            Self::Wake => 4,
        }
    }

    /// Of a number.
    pub fn of(number: u64) -> Self {
        match number & 7 {
            0 => Self::Media(number >> 3),
            1 => Self::Report(number >> 3),
            2 => Self::Client(number >> 3),
            3 => Self::Listener,
            _ => Self::Wake,
        }
    }
}
