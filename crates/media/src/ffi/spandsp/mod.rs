//! Fax by spandsp 0.0.6: T.30 with the modems V.21, V.27ter, V.29 and V.17, T.38, and what lies between the two; and its
//! concealment of lost packets.
//!
//! spandsp's objects belong to one thread: they are `!Send`, and all their callbacks run within a call from here.

mod library;
mod plc;
mod t30;

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr;

use library::*;
use t30::{instruct, modems};

pub use plc::Concealer;
pub use t30::{Progress, Protocol, Task, describe};

/// What a gateway has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Carried {
    /// Of image data, bit/s.
    pub bit_rate: c_int,
    /// Not 0: with error correction.
    pub error_correction: c_int,
    /// Confirmed.
    pub pages: c_int,
}

/// How T.38 was negotiated (T.38 annex D).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct T38 {
    /// `T38FaxVersion`.
    pub version: u8,
    /// `T38FaxRateManagement`: whether training is checked here (`localTCF`) instead of at the other side.
    pub local_training: bool,
    /// `T38FaxFillBitRemoval`.
    pub fill_bit_removal: bool,
    /// `T38MaxBitRate`.
    pub bit_rate: u32,
}

/// A packet of T.38 (IFP) to be sent, and how often at once.
pub type Outbound = (Vec<u8>, u32);

/// A fax machine at a telephone line: 16 bit samples, 8000 a second.
pub struct Machine {
    state: *mut c_void,
}

impl Machine {
    /// Picks up. None: the library has no memory, or a text of the task is too long.
    pub fn new(task: &Task<'_>) -> Option<Self> {
        // SAFETY: a null pointer lets the library allocate; the result is checked below.
        let state = unsafe { fax_init(ptr::null_mut(), c_int::from(task.calling)) };
        if state.is_null() {
            return None;
        }
        let machine = Self { state };
        // SAFETY: the state is alive.
        unsafe { fax_set_transmit_on_idle(state, 1) };
        instruct(machine.t30(), task).then_some(machine)
    }

    /// Takes what the other side says.
    pub fn hear(&mut self, samples: &mut [i16]) {
        // SAFETY: the state is alive, the length is that of the slice.
        unsafe { fax_rx(self.state, samples.as_mut_ptr(), length(samples)) };
    }

    /// Lets time pass for samples that are missing.
    pub fn miss(&mut self, samples: usize) {
        // SAFETY: the state is alive.
        unsafe { fax_rx_fillin(self.state, samples as c_int) };
    }

    /// Fills what is said next.
    pub fn speak(&mut self, samples: &mut [i16]) {
        // SAFETY: as for `hear`; the library writes as many samples as it returns, and no more than the length.
        let filled = unsafe { fax_tx(self.state, samples.as_mut_ptr(), length(samples)) };
        silence_behind(samples, filled);
    }

    /// The protocol within.
    pub fn t30(&self) -> Protocol<'_> {
        // SAFETY: the state is alive; what is returned lives within it.
        Protocol { state: unsafe { fax_get_t30_state(self.state) }, owner: PhantomData }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: the state came from `fax_init` and is freed once; this closes its files.
        unsafe { fax_free(self.state) };
    }
}

/// A fax machine that speaks T.38.
pub struct Terminal {
    state: *mut c_void,
    outbox: Outbox,
}

impl Terminal {
    /// Picks up. None as for [`Machine::new`].
    pub fn new(task: &Task<'_>, t38: T38) -> Option<Self> {
        let outbox = Outbox::new();
        // SAFETY: the handler's user data is the outbox, which outlives the state.
        let state = unsafe {
            t38_terminal_init(ptr::null_mut(), c_int::from(task.calling), collect, outbox.pointer().cast())
        };
        if state.is_null() {
            return None;
        }
        let terminal = Self { state, outbox };
        // SAFETY: the state is alive; the core lives within it.
        unsafe {
            t38_terminal_set_fill_bit_removal(state, c_int::from(t38.fill_bit_removal));
            negotiate(t38_terminal_get_t38_core_state(state), t38);
        }
        let slower = Task { bit_rate: task.bit_rate.min(t38.bit_rate), ..task.clone() };
        instruct(terminal.t30(), &slower).then_some(terminal)
    }

    /// Takes an IFP packet of the other side.
    pub fn receive(&mut self, packet: &[u8], sequence: u16) {
        // SAFETY: the state is alive.
        unsafe { deliver(t38_terminal_get_t38_core_state(self.state), packet, sequence) };
    }

    /// Lets time pass; what is to be sent is in [`Self::outbound`] then.
    pub fn advance(&mut self, samples: usize) {
        // SAFETY: the state and the outbox are alive.
        unsafe { t38_terminal_send_timeout(self.state, samples as c_int) };
    }

    /// What is to be sent.
    pub fn outbound(&mut self) -> Vec<Outbound> {
        self.outbox.take()
    }

    /// The protocol within.
    pub fn t30(&self) -> Protocol<'_> {
        // SAFETY: the state is alive; what is returned lives within it.
        Protocol { state: unsafe { t38_terminal_get_t30_state(self.state) }, owner: PhantomData }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // SAFETY: the state came from `t38_terminal_init` and is freed once, before the outbox.
        unsafe { t38_terminal_free(self.state) };
    }
}

/// What makes a fax machine at a telephone line talk to one that speaks T.38.
pub struct Gateway {
    state: *mut c_void,
    outbox: Outbox,
}

impl Gateway {
    /// Begins to listen to both sides. None: no memory.
    pub fn new(t38: T38, error_correction: bool) -> Option<Self> {
        let outbox = Outbox::new();
        // SAFETY: the handler's user data is the outbox, which outlives the state.
        let state = unsafe { t38_gateway_init(ptr::null_mut(), collect, outbox.pointer().cast()) };
        if state.is_null() {
            return None;
        }
        // SAFETY: the state is alive; the core lives within it.
        unsafe {
            t38_gateway_set_transmit_on_idle(state, 1);
            t38_gateway_set_ecm_capability(state, c_int::from(error_correction));
            t38_gateway_set_fill_bit_removal(state, c_int::from(t38.fill_bit_removal));
            t38_gateway_set_supported_modems(state, modems(t38.bit_rate));
            negotiate(t38_gateway_get_t38_core_state(state), t38);
        }
        Some(Self { state, outbox })
    }

    /// Takes what the line says.
    pub fn hear(&mut self, samples: &mut [i16]) {
        // SAFETY: the state is alive, the length is that of the slice.
        unsafe { t38_gateway_rx(self.state, samples.as_mut_ptr(), length(samples)) };
    }

    /// Lets time pass for samples that are missing.
    pub fn miss(&mut self, samples: usize) {
        // SAFETY: the state is alive.
        unsafe { t38_gateway_rx_fillin(self.state, samples as c_int) };
    }

    /// Fills what the line hears next.
    pub fn speak(&mut self, samples: &mut [i16]) {
        // SAFETY: as for `hear`; the library writes as many samples as it returns.
        let filled = unsafe { t38_gateway_tx(self.state, samples.as_mut_ptr(), length(samples)) };
        silence_behind(samples, filled);
    }

    /// Takes an IFP packet.
    pub fn receive(&mut self, packet: &[u8], sequence: u16) {
        // SAFETY: the state is alive.
        unsafe { deliver(t38_gateway_get_t38_core_state(self.state), packet, sequence) };
    }

    /// What is to be sent.
    pub fn outbound(&mut self) -> Vec<Outbound> {
        self.outbox.take()
    }

    /// What it has carried so far.
    pub fn carried(&self) -> Carried {
        let mut carried = Carried::default();
        // SAFETY: the state is alive; the library fills the structure.
        unsafe { t38_gateway_get_transfer_statistics(self.state, &raw mut carried) };
        carried
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // SAFETY: the state came from `t38_gateway_init` and is freed once, before the outbox.
        unsafe { t38_gateway_free(self.state) };
    }
}

/// Hears the tones by which fax machines are known: CNG of one that calls, CED or flags of one that was called.
pub struct ToneEar {
    state: *mut c_void,
}

// SAFETY: the detector has no callback and no thread of its own; moving it to another thread moves plain memory.
unsafe impl Send for ToneEar {}

impl ToneEar {
    /// Listens for CNG (`calling`), or for the answer. None: no memory.
    pub fn new(calling: bool) -> Option<Self> {
        let tone = if calling { FAX_CNG } else { FAX_CED_OR_PREAMBLE };
        // SAFETY: null pointers let the library allocate and call nobody back.
        let state =
            unsafe { modem_connect_tones_rx_init(ptr::null_mut(), tone, ptr::null(), ptr::null_mut()) };
        (!state.is_null()).then_some(Self { state })
    }

    /// Takes samples; true when the tone was heard.
    pub fn hear(&mut self, samples: &[i16]) -> bool {
        // SAFETY: the state is alive, the length is that of the slice.
        unsafe {
            modem_connect_tones_rx(self.state, samples.as_ptr(), length(samples));
            modem_connect_tones_rx_get(self.state) != 0
        }
    }
}

impl Drop for ToneEar {
    fn drop(&mut self) {
        // SAFETY: the state came from `modem_connect_tones_rx_init` and is freed once.
        unsafe { modem_connect_tones_rx_free(self.state) };
    }
}

/// Where callbacks leave packets: a place that does not move, reached through a raw pointer alone.
struct Outbox(*mut Vec<Outbound>);

impl Outbox {
    fn new() -> Self {
        Self(Box::into_raw(Box::default()))
    }

    fn pointer(&self) -> *mut Vec<Outbound> {
        self.0
    }

    fn take(&mut self) -> Vec<Outbound> {
        // SAFETY: the pointer came from a box and is freed by `drop` alone; callbacks run only within calls of the
        // library, so that nobody else looks at it now.
        std::mem::take(unsafe { &mut *self.0 })
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        // SAFETY: as above; the field behind the state is dropped after the state was freed.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

unsafe extern "C" fn collect(
    _core: *mut c_void,
    outbox: *mut c_void,
    bytes: *const u8,
    length: c_int,
    times: c_int,
) -> c_int {
    // SAFETY: the library hands back the outbox that it was given, and a packet that is alive for the call.
    unsafe {
        let packet = std::slice::from_raw_parts(bytes, usize::try_from(length).unwrap_or(0));
        (*outbox.cast::<Vec<Outbound>>()).push((packet.to_vec(), u32::try_from(times).unwrap_or(1)));
    }
    0
}

/// Hands an IFP packet to a core. The core must be alive.
unsafe fn deliver(core: *mut c_void, packet: &[u8], sequence: u16) {
    // An IFP packet has two bytes at least when it carries data, one when it is an indicator.
    if !packet.is_empty() {
        // SAFETY: the caller vouches for the core; the length is that of the slice.
        unsafe { t38_core_rx_ifp_packet(core, packet.as_ptr(), packet.len() as c_int, sequence) };
    }
}

/// Sets what was negotiated. The core must be alive.
unsafe fn negotiate(core: *mut c_void, t38: T38) {
    // SAFETY: the caller vouches for the core.
    unsafe {
        t38_set_t38_version(core, c_int::from(t38.version));
        t38_set_data_rate_management_method(core, if t38.local_training { 1 } else { 2 });
        t38_set_fastest_image_data_rate(core, t38.bit_rate as c_int);
        t38_set_sequence_number_handling(core, 1);
    }
}

fn silence_behind(samples: &mut [i16], filled: c_int) {
    let filled = usize::try_from(filled).unwrap_or(0).min(samples.len());
    samples[filled..].fill(0);
}

fn length(samples: &[i16]) -> c_int {
    c_int::try_from(samples.len()).unwrap_or(c_int::MAX)
}

const FAX_CNG: c_int = 1;
const FAX_CED_OR_PREAMBLE: c_int = 7;
