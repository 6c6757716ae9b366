//! T.30: what a fax machine is told to do, and how far it has come.

use std::ffi::{CStr, CString, c_int, c_void};
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::library::*;

/// A page's format and what became of it, as far as the transfer has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Progress {
    /// Of image data, bit/s.
    pub bit_rate: c_int,
    /// Not 0: with error correction.
    pub error_correction: c_int,
    /// Sent and confirmed.
    pub pages_sent: c_int,
    /// Received and confirmed.
    pub pages_received: c_int,
    /// In the file that is sent; negative when not known.
    pub pages_in_file: c_int,
    /// Of the last page, in pixels a metre.
    pub x_resolution: c_int,
    /// Of the last page, in pixels a metre.
    pub y_resolution: c_int,
    /// Of the last page, in pixels.
    pub width: c_int,
    /// Of the last page, in pixels.
    pub length: c_int,
    /// Of the last page as it was transferred, in bytes.
    pub size: c_int,
    /// Of the last page: 1 T.4 in one dimension, 2 in two, 3 T.6.
    pub encoding: c_int,
    /// Rows of the last page that could not be read.
    pub bad_rows: c_int,
    /// Most of them in a row.
    pub longest_bad_run: c_int,
    /// Frames that were repeated by error correction.
    pub retries: c_int,
    /// How it stands or ended: 0 is well.
    pub status: c_int,
}

/// What a terminal is to do.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The TIFF file to send; None: to receive.
    pub send: Option<&'a Path>,
    /// The TIFF file to write.
    pub receive: Option<&'a Path>,
    /// Whether this side called.
    pub calling: bool,
    /// Number that the other side is shown, at most 20 characters.
    pub ident: &'a str,
    /// Text above every page that is sent, at most 50 characters; empty: none.
    pub header: &'a str,
    /// Zone of the time above every page, as in POSIX `TZ`; empty: the machine's.
    pub zone: &'a str,
    /// Whether error correction (T.30 annex A) may be used.
    pub error_correction: bool,
    /// Fastest modem, bit/s.
    pub bit_rate: u32,
}

/// What a completion code means, in English.
pub fn describe(status: c_int) -> String {
    // SAFETY: the library answers every number with a static string.
    let text = unsafe { t30_completion_code_to_str(status) };
    if text.is_null() {
        return format!("status {status}");
    }
    // SAFETY: as above, it ends with a zero and lives as long as the library.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// T.30 within a [`Machine`] or [`Terminal`].
pub struct Protocol<'a> {
    pub(super) state: *mut c_void,
    pub(super) owner: PhantomData<&'a ()>,
}

impl Protocol<'_> {
    /// Whether the transfer goes on.
    pub fn active(&self) -> bool {
        // SAFETY: the owner is alive, and the state with it.
        unsafe { t30_call_active(self.state) != 0 }
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        // SAFETY: as above; the library fills the structure, whose layout is `t30_stats_t`.
        unsafe { t30_get_transfer_statistics(self.state, &raw mut progress) };
        progress
    }

    /// The number that the other side shows; empty while not known.
    pub fn remote_ident(&self) -> String {
        // SAFETY: as above; null, or a string that ends with a zero and is copied before anything changes it.
        unsafe {
            let text = t30_get_rx_ident(self.state);
            if text.is_null() { String::new() } else { CStr::from_ptr(text).to_string_lossy().into_owned() }
        }
    }

    /// Hangs up.
    pub fn terminate(&self) {
        // SAFETY: as above.
        unsafe { t30_terminate(self.state) };
    }
}

pub(super) fn instruct(t30: Protocol<'_>, task: &Task<'_>) -> bool {
    let text = |text: &str| CString::new(text).ok();
    let path = |path: &Path| CString::new(path.as_os_str().as_bytes()).ok();
    let (Some(ident), Some(header), Some(zone)) = (text(task.ident), text(task.header), text(task.zone))
    else {
        return false;
    };
    // SAFETY: the protocol is alive; every string ends with a zero and is copied by the library; the handler needs no data.
    unsafe {
        t30_set_real_time_frame_handler(t30.state, give_width, std::ptr::null_mut());
        if t30_set_tx_ident(t30.state, ident.as_ptr()) != 0 {
            return false;
        }
        if !task.header.is_empty() && t30_set_tx_page_header_info(t30.state, header.as_ptr()) != 0 {
            return false;
        }
        if !task.zone.is_empty() && t30_set_tx_page_header_tz(t30.state, zone.as_ptr()) != 0 {
            return false;
        }
        t30_set_ecm_capability(t30.state, c_int::from(task.error_correction));
        t30_set_supported_modems(t30.state, modems(task.bit_rate));
        t30_set_supported_compressions(t30.state, COMPRESSIONS);
        t30_set_supported_resolutions(t30.state, RESOLUTIONS);
        t30_set_supported_image_sizes(t30.state, SIZES);
        t30_set_rx_encoding(t30.state, T6);
        match task.receive.map(path) {
            Some(Some(file)) => t30_set_rx_file(t30.state, file.as_ptr(), -1),
            Some(None) => return false,
            None => {}
        }
        match task.send.map(path) {
            Some(Some(file)) => t30_set_tx_file(t30.state, file.as_ptr(), -1, -1),
            Some(None) => return false,
            None => {}
        }
    }
    true
}

/// Gives a page a width whose sender claims one that does not exist: spandsp 0.0.6 would write through a null pointer then.
unsafe extern "C" fn give_width(
    _t30: *mut c_void,
    _user: *mut c_void,
    incoming: c_int,
    frame: *const u8,
    length: c_int,
) {
    if incoming == 0 || !usize::try_from(length).is_ok_and(|length| length > WIDTH_AT) {
        return;
    }
    // SAFETY: the library hands over a frame of that length, which is in a buffer of its own that is not constant; nobody
    // else looks at it during the call, and the library reads it after the call.
    unsafe {
        let width = frame.add(WIDTH_AT).cast_mut();
        if *frame.add(KIND_AT) & 0xfe == DCS && *width & WIDTH == WIDTH {
            *width &= !WIDTH;
        }
    }
}

/// Places in a frame (T.30 §5.3): address, control, kind, and then what it says.
const KIND_AT: usize = 2;
const WIDTH_AT: usize = 5;
/// The kind of frame that tells how a page will come, without the bit that tells who speaks.
const DCS: u8 = 0x82;
/// Bits 17 and 18 of it (T.30 table 2): both of them together mean nothing.
const WIDTH: u8 = 0b11;

/// Modems up to a speed (T.30 table 2, bits 11 to 14).
pub(super) fn modems(bit_rate: u32) -> c_int {
    match bit_rate {
        ..7_200 => V27TER,
        7_200..12_000 => V27TER | V29,
        12_000.. => V27TER | V29 | V17,
    }
}

const V27TER: c_int = 1;
const V29: c_int = 2;
const V17: c_int = 4;
/// T.4 in one and two dimensions, T.6.
const COMPRESSIONS: c_int = 0x02 | 0x04 | 0x08;
/// Standard, fine and superfine at 8 and 16 pixels a millimetre.
const RESOLUTIONS: c_int = 0x01 | 0x02 | 0x04 | 0x20000 | 0x40000;
/// A4 to A3 in width, any length.
const SIZES: c_int = 0x01 | 0x02 | 0x04 | 0x10000;
const T6: c_int = 3;
