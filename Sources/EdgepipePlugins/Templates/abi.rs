//! The C interface of edgepipe/plugin.h 1.0, as far as a transform needs it.
#![allow(dead_code)]
use std::os::raw::{c_char, c_void};

pub const ABI_VERSION: u32 = 1 << 16;
pub const OK: u32 = 0;
pub const RESTART_STAGE: u32 = 3;
pub const TRANSFORM: u32 = 2;
pub const NEEDS_PICTURE: u32 = 1;
pub const NEEDS_DETECTIONS: u32 = 2;
pub const EVENT_TRACKED: u32 = 1;
pub const DETECTION_TRACKED: u32 = 1;

#[repr(C)]
pub struct Picture {
    pub size: u32,
    pub width: u32,
    pub height: u32,
    pub plane_count: u32,
    pub format: *const c_char,
    pub data: [*mut u8; 4],
    pub stride: [i64; 4],
    pub row_bytes: [u32; 4],
    pub rows: [u32; 4],
    pub range: u32,
    pub matrix: u32,
    pub primaries: u32,
    pub transfer: u32,
    pub rotation: u32,
    pub reserved: u32,
}

impl Picture {
    /// The values of one row of a plane, counted from the top.
    pub fn row(&self, plane: usize, row: u32) -> &[u8] {
        assert!(plane < self.plane_count as usize && row < self.rows[plane]);
        // SAFETY: the program lends as many rows as it says, `stride` bytes apart, for the time of the call.
        unsafe {
            let start = self.data[plane].offset(row as isize * self.stride[plane] as isize);
            std::slice::from_raw_parts(start, self.row_bytes[plane] as usize)
        }
    }
}

#[repr(C)]
pub struct Detection {
    pub size: u32,
    pub flags: u32,
    pub stage: *const c_char,
    pub label: *const c_char,
    pub class_index: i32,
    pub score: f32,
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub track: i64,
    pub landmarks: *const f32,
    pub landmark_count: u32,
    pub reserved: u32,
}

#[repr(C)]
pub struct Event {
    pub size: u32,
    pub flags: u32,
    pub stage: *const c_char,
    pub kind: *const c_char,
    pub label: *const c_char,
    pub track: i64,
    pub fields: *const c_char,
}

#[repr(C)]
pub struct Frame {
    pub size: u32,
    pub flags: u32,
    pub stream: *const c_char,
    pub source_stage: *const c_char,
    pub source: *const c_char,
    pub sequence: i64,
    pub media_time_ns: i64,
    pub captured_ns: i64,
    pub captured_wall_ns: i64,
    pub deadline_ns: i64,
    pub now_ns: i64,
    pub discontinuity: i64,
    pub width: u32,
    pub height: u32,
    pub stream_state: u32,
    pub detection_count: u32,
    pub event_count: u32,
    pub attachment_count: u32,
    pub picture: *const Picture,
    pub detections: *const *const Detection,
    pub events: *const *const Event,
    pub attachments: *const *const c_void,
}

#[repr(C)]
pub struct Output {
    pub size: u32,
    pub reserved: u32,
    pub host: *mut c_void,
    pub begin_results: Option<unsafe extern "C" fn(*mut Output, *const c_char) -> u32>,
    pub add_detection: Option<unsafe extern "C" fn(*mut Output, *const Detection) -> u32>,
    pub add_event: Option<unsafe extern "C" fn(*mut Output, *const Event) -> u32>,
    pub attach: *const c_void,
    pub new_picture: *const c_void,
    pub set_picture: *const c_void,
    pub set_frame: *const c_void,
}

#[repr(C)]
pub struct Context {
    pub size: u32,
    pub worker: u32,
    pub host: *mut c_void,
    pub stage: *const c_char,
    pub pipeline: *const c_char,
    pub is_replay: u32,
    pub reserved: u32,
    pub log: Option<unsafe extern "C" fn(*const Context, u32, *const c_char)>,
    pub fail: Option<unsafe extern "C" fn(*const Context, *const c_char)>,
    pub now: Option<unsafe extern "C" fn(*const Context) -> i64>,
    pub random: Option<unsafe extern "C" fn(*const Context) -> u64>,
}

#[repr(C)]
pub struct StageType {
    pub size: u32,
    pub role: u32,
    pub name: *const c_char,
    pub summary: *const c_char,
    pub flags: u32,
    pub max_workers: u32,
    pub time_limit_ms: u32,
    pub reserved: u32,
    pub formats: *const *const c_char,
    pub labels: *const *const c_char,
    pub config_schema: *const c_char,
    pub create:
        Option<unsafe extern "C" fn(*const StageType, *const Context, *const c_char, *mut *mut c_void) -> u32>,
    pub process: Option<unsafe extern "C" fn(*mut c_void, *const Frame, *mut Output) -> u32>,
    pub next: *const c_void,
    pub configure: Option<unsafe extern "C" fn(*mut c_void, *const c_char) -> u32>,
    pub health: *const c_void,
    pub flush: Option<unsafe extern "C" fn(*mut c_void) -> u32>,
    pub destroy: Option<unsafe extern "C" fn(*mut c_void)>,
    pub extension: *const c_void,
}

#[repr(C)]
pub struct Plugin {
    pub size: u32,
    pub abi_version: u32,
    pub name: *const c_char,
    pub version: *const c_char,
    pub type_count: u32,
    pub reserved: u32,
    pub types: *const *const StageType,
}

/// Constants of a library may be shared by all threads.
#[repr(transparent)]
pub struct Constant<T>(pub T);
unsafe impl<T> Sync for Constant<T> {}

/// A structure's size: none of these ends in padding.
pub const fn size<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// No panic may leave a function of the interface.
pub fn guarded(body: impl FnOnce() -> u32) -> u32 {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(RESTART_STAGE)
}
