//! The only place with `unsafe`: libraries that are written in C, behind faces that cannot be misused.
//!
//! Each file declares what it needs of one library by hand, states why every call is sound, and exposes owned values
//! that free what they hold. Nothing here keeps a pointer of a caller's beyond a call.

#![expect(unsafe_code, reason = "calls of C libraries")]

pub mod spandsp;
