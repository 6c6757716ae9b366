//! Fax: terminals that send and receive documents (ITU-T T.30) over G.711 or T.38, and gateways between the two.
//!
//! [`session`] is the machine without a clock or a socket; [`worker`] gives each its own thread, since modems, and
//! files above all, must never delay a packet of others.

pub mod line;
pub mod session;
pub mod udptl;
pub mod worker;

pub use session::{Job, Mode, Outcome, Page, Session, T38Settings};
pub use worker::{Inbox, Input, Report, Word};
