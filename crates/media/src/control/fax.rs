//! Requests about faxes, and what is told of them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Failure;
use crate::fax::udptl::Repair;
use crate::fax::{Job, Mode, T38Settings};
use crate::ffi::spandsp::T38;

/// Shortest datagram that can carry T.38 at all, and what is taken where the peer names none.
const DATAGRAM: (usize, usize) = (48, 400);
/// Packets that are sent again with each: three, as most do.
const REDUNDANCY: usize = 3;
/// Longest number and header that T.30 carries.
const TEXTS: (usize, usize) = (20, 50);

/// Fields of `start-fax`.
#[derive(Debug, Deserialize)]
pub struct StartFax {
    /// With whom.
    pub endpoint: u64,
    /// Which way.
    pub mode: FaxMode,
    /// A TIFF file.
    pub path: PathBuf,
    /// Whether we called; without it: who sends has called.
    #[serde(default)]
    pub calling: Option<bool>,
    /// Our number.
    #[serde(default)]
    pub ident: String,
    /// Text above each page that is sent.
    #[serde(default)]
    pub header: String,
    /// Zone of the time in it.
    #[serde(default)]
    pub zone: String,
    /// Whether error correction may be used.
    #[serde(default = "yes")]
    pub ecm: bool,
    /// Fastest modem.
    #[serde(default = "fastest")]
    pub max_bit_rate: u32,
}

fn yes() -> bool {
    true
}

fn fastest() -> u32 {
    14_400
}

/// Which way a document goes.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FaxMode {
    /// To the peer.
    Send,
    /// From the peer.
    Receive,
}

impl StartFax {
    /// What the terminal is to do.
    ///
    /// # Errors
    /// `bad-request` for a text that T.30 cannot carry.
    pub fn job(self) -> Result<Job, Failure> {
        for (name, text, most) in [("ident", &self.ident, TEXTS.0), ("header", &self.header, TEXTS.1)] {
            if text.len() > most || text.contains('\0') {
                return Err(bad(format!("{name}: at most {most} characters")));
            }
        }
        Ok(Job {
            mode: match self.mode {
                FaxMode::Send => Mode::Send,
                FaxMode::Receive => Mode::Receive,
            },
            calling: self.calling.unwrap_or(self.mode == FaxMode::Send),
            path: self.path,
            ident: self.ident,
            header: self.header,
            zone: self.zone,
            error_correction: self.ecm,
            bit_rate: self.max_bit_rate,
        })
    }
}

/// Fields of `stop-fax`.
#[derive(Debug, Deserialize)]
pub struct OnFax {
    /// Which.
    pub fax: u64,
}

/// T.38 as it was negotiated, in the words of SDP (T.38 annex D).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct T38Spec {
    /// `T38FaxVersion`.
    #[serde(default)]
    pub version: u8,
    /// `T38MaxBitRate`.
    #[serde(default = "fastest")]
    pub max_bit_rate: u32,
    /// `T38FaxRateManagement` is `localTCF`.
    #[serde(default)]
    pub local_training: bool,
    /// `T38FaxFillBitRemoval`.
    #[serde(default)]
    pub fill_bit_removal: bool,
    /// The peer's `T38FaxMaxDatagram`.
    #[serde(default)]
    pub max_datagram: Option<usize>,
    /// `T38FaxUdpEC`.
    #[serde(default = "redundancy")]
    pub error_correction: String,
}

fn redundancy() -> String {
    "t38UDPRedundancy".into()
}

impl T38Spec {
    /// As sessions take it.
    ///
    /// # Errors
    /// `bad-request` names the field.
    pub fn settings(&self) -> Result<T38Settings, Failure> {
        let repair = match self.error_correction.as_str() {
            "t38UDPRedundancy" => Repair::Redundancy,
            "t38UDPFEC" => Repair::Parity,
            "t38UDPNoEC" => Repair::None,
            other => return Err(bad(format!("t38.error_correction: {other} is not known"))),
        };
        if !(2_400..=33_600).contains(&self.max_bit_rate) {
            return Err(bad(format!("t38.max_bit_rate: {} bit/s", self.max_bit_rate)));
        }
        Ok(T38Settings {
            protocol: T38 {
                version: self.version.min(3),
                local_training: self.local_training,
                fill_bit_removal: self.fill_bit_removal,
                bit_rate: self.max_bit_rate,
            },
            repair,
            depth: REDUNDANCY,
            longest: self.max_datagram.unwrap_or(DATAGRAM.1).max(DATAGRAM.0),
        })
    }
}

/// A fax in a list; of a gateway `endpoint` is the side that speaks T.38, and `bridge` is set.
#[derive(Clone, Debug, Serialize)]
pub struct FaxListing {
    /// Number.
    pub id: u64,
    /// The endpoint's or the bridge's name.
    pub tag: String,
    /// With whom.
    pub endpoint: u64,
    /// Of a gateway.
    pub bridge: Option<u64>,
}

/// A page as it is told.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FaxPage {
    /// With whom.
    pub endpoint: u64,
    /// Its name.
    pub tag: String,
    /// Which fax.
    pub fax: u64,
    /// From 1.
    pub page: u32,
    /// Of image data.
    pub bit_rate: i32,
    /// With error correction.
    pub ecm: bool,
    /// That could not be read.
    pub bad_rows: i32,
    /// Frames that were repeated.
    pub retries: i32,
}

/// The end of a transfer as it is told.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FaxFinished {
    /// With whom.
    pub endpoint: u64,
    /// Its name.
    pub tag: String,
    /// Which fax.
    pub fax: u64,
    /// `ok`, `no-fax`, `cannot-train`, `incompatible`, `protocol`, `file`, `dropped`.
    pub result: &'static str,
    /// A sentence for people who know T.30.
    pub text: String,
    /// Confirmed.
    pub pages: u32,
    /// Number that the peer showed.
    pub ident: String,
    /// Of image data.
    pub bit_rate: i32,
    /// With error correction.
    pub ecm: bool,
    /// What was received, where a page came.
    pub path: Option<PathBuf>,
}

/// What a gateway has carried, told at its end.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct FaxRelayed {
    /// Which.
    pub bridge: u64,
    /// Its name.
    pub tag: String,
    /// Confirmed.
    pub pages: u32,
    /// Of image data.
    pub bit_rate: i32,
    /// With error correction.
    pub ecm: bool,
}

fn bad(text: String) -> Failure {
    Failure { code: "bad-request", text }
}
