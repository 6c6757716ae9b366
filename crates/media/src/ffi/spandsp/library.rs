//! What is used of spandsp's headers (`spandsp/fax.h`, `t38_terminal.h`, `t38_gateway.h`, `t38_core.h`, `t30_api.h`,
//! `plc.h`).

use std::ffi::{c_char, c_int, c_void};

use super::{Carried, Progress};

/// `t38_tx_packet_handler_t`.
pub type Collect = unsafe extern "C" fn(*mut c_void, *mut c_void, *const u8, c_int, c_int) -> c_int;

/// `t30_real_time_frame_handler_t`: sees a frame that comes (the third argument is not 0) or goes.
pub type Look = unsafe extern "C" fn(*mut c_void, *mut c_void, c_int, *const u8, c_int);

#[link(name = "spandsp")]
unsafe extern "C" {
    pub fn fax_init(state: *mut c_void, calling: c_int) -> *mut c_void;
    pub fn fax_free(state: *mut c_void) -> c_int;
    pub fn fax_set_transmit_on_idle(state: *mut c_void, on: c_int);
    pub fn fax_rx(state: *mut c_void, samples: *mut i16, length: c_int) -> c_int;
    pub fn fax_rx_fillin(state: *mut c_void, length: c_int) -> c_int;
    pub fn fax_tx(state: *mut c_void, samples: *mut i16, length: c_int) -> c_int;
    pub fn fax_get_t30_state(state: *mut c_void) -> *mut c_void;
    pub fn t38_terminal_init(
        state: *mut c_void,
        calling: c_int,
        handler: Collect,
        user: *mut c_void,
    ) -> *mut c_void;
    pub fn t38_terminal_free(state: *mut c_void) -> c_int;
    pub fn t38_terminal_send_timeout(state: *mut c_void, samples: c_int) -> c_int;
    pub fn t38_terminal_set_fill_bit_removal(state: *mut c_void, remove: c_int);
    pub fn t38_terminal_get_t30_state(state: *mut c_void) -> *mut c_void;
    pub fn t38_terminal_get_t38_core_state(state: *mut c_void) -> *mut c_void;
    pub fn t38_gateway_init(state: *mut c_void, handler: Collect, user: *mut c_void) -> *mut c_void;
    pub fn t38_gateway_free(state: *mut c_void) -> c_int;
    pub fn t38_gateway_rx(state: *mut c_void, samples: *mut i16, length: c_int) -> c_int;
    pub fn t38_gateway_rx_fillin(state: *mut c_void, length: c_int) -> c_int;
    pub fn t38_gateway_tx(state: *mut c_void, samples: *mut i16, length: c_int) -> c_int;
    pub fn t38_gateway_set_transmit_on_idle(state: *mut c_void, on: c_int);
    pub fn t38_gateway_set_ecm_capability(state: *mut c_void, on: c_int);
    pub fn t38_gateway_set_fill_bit_removal(state: *mut c_void, remove: c_int);
    pub fn t38_gateway_set_supported_modems(state: *mut c_void, modems: c_int);
    pub fn t38_gateway_get_t38_core_state(state: *mut c_void) -> *mut c_void;
    pub fn t38_gateway_get_transfer_statistics(state: *mut c_void, carried: *mut Carried);
    pub fn t38_core_rx_ifp_packet(
        core: *mut c_void,
        packet: *const u8,
        length: c_int,
        sequence: u16,
    ) -> c_int;
    pub fn t38_set_t38_version(core: *mut c_void, version: c_int);
    pub fn t38_set_data_rate_management_method(core: *mut c_void, method: c_int);
    pub fn t38_set_fastest_image_data_rate(core: *mut c_void, bit_rate: c_int);
    pub fn t38_set_sequence_number_handling(core: *mut c_void, check: c_int);
    pub fn t30_set_real_time_frame_handler(t30: *mut c_void, handler: Look, user: *mut c_void);
    pub fn t30_call_active(t30: *mut c_void) -> c_int;
    pub fn t30_terminate(t30: *mut c_void);
    pub fn t30_get_transfer_statistics(t30: *mut c_void, progress: *mut Progress);
    pub fn t30_get_rx_ident(t30: *mut c_void) -> *const c_char;
    pub fn t30_set_tx_ident(t30: *mut c_void, ident: *const c_char) -> c_int;
    pub fn t30_set_tx_page_header_info(t30: *mut c_void, text: *const c_char) -> c_int;
    pub fn t30_set_tx_page_header_tz(t30: *mut c_void, zone: *const c_char) -> c_int;
    pub fn t30_set_ecm_capability(t30: *mut c_void, on: c_int) -> c_int;
    pub fn t30_set_supported_modems(t30: *mut c_void, modems: c_int) -> c_int;
    pub fn t30_set_supported_compressions(t30: *mut c_void, compressions: c_int) -> c_int;
    pub fn t30_set_supported_resolutions(t30: *mut c_void, resolutions: c_int) -> c_int;
    pub fn t30_set_supported_image_sizes(t30: *mut c_void, sizes: c_int) -> c_int;
    pub fn t30_set_rx_encoding(t30: *mut c_void, encoding: c_int) -> c_int;
    pub fn t30_set_rx_file(t30: *mut c_void, file: *const c_char, stop: c_int);
    pub fn t30_set_tx_file(t30: *mut c_void, file: *const c_char, start: c_int, stop: c_int);
    pub fn t30_completion_code_to_str(status: c_int) -> *const c_char;
    pub fn plc_init(state: *mut c_void) -> *mut c_void;
    pub fn plc_rx(state: *mut c_void, samples: *mut i16, length: c_int) -> c_int;
    pub fn plc_fillin(state: *mut c_void, samples: *mut i16, length: c_int) -> c_int;
    pub fn plc_free(state: *mut c_void) -> c_int;
    pub fn modem_connect_tones_rx_init(
        state: *mut c_void,
        tone: c_int,
        callback: *const c_void,
        user: *mut c_void,
    ) -> *mut c_void;
    pub fn modem_connect_tones_rx_free(state: *mut c_void) -> c_int;
    pub fn modem_connect_tones_rx(state: *mut c_void, samples: *const i16, length: c_int) -> c_int;
    pub fn modem_connect_tones_rx_get(state: *mut c_void) -> c_int;
}
