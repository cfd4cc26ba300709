//! PLUGIN_NAME: reports when the picture becomes dark. Replace it by what you need.
mod abi;

use abi::*;
use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};
use std::ptr::null;

pub struct Stage {
    limit: f64,
    was_dark: bool,
}

impl Stage {
    fn new(config: &str) -> Self {
        Stage { limit: number(config, "limit").unwrap_or(0.2), was_dark: false }
    }

    /// The brightness, in 0...1, where it has just become dark.
    fn look(&mut self, picture: &Picture) -> Option<f64> {
        // The first plane of the formats below is brightness, one byte a pixel.
        let sum: u64 = (0..picture.rows[0]).flat_map(|row| picture.row(0, row)).map(|value| *value as u64).sum();
        let mean = sum as f64 / (picture.rows[0] as f64 * picture.row_bytes[0] as f64 * 255.0);
        let is_dark = mean < self.limit;
        let found = if is_dark && !self.was_dark { Some(mean) } else { None };
        self.was_dark = is_dark;
        found
    }
}

/// The value of a number in a flat JSON object: the program has checked it, and writes every default.
fn number(config: &str, key: &str) -> Option<f64> {
    let (_, rest) = config.split_once(&format!("\"{key}\":"))?;
    rest.split([',', '}']).next()?.trim().parse().ok()
}

unsafe fn text<'a>(pointer: *const c_char) -> &'a str {
    CStr::from_ptr(pointer).to_str().unwrap_or("")
}

unsafe extern "C" fn create(
    _: *const StageType, _: *const Context, config: *const c_char, instance: *mut *mut c_void,
) -> u32 {
    guarded(|| {
        *instance = Box::into_raw(Box::new(Stage::new(text(config)))) as *mut c_void;
        OK
    })
}

unsafe extern "C" fn process(instance: *mut c_void, frame: *const Frame, output: *mut Output) -> u32 {
    guarded(|| {
        let stage = &mut *(instance as *mut Stage);
        let Some(picture) = (*frame).picture.as_ref() else { return OK };
        let Some(brightness) = stage.look(picture) else { return OK };
        let fields = CString::new(format!("{{\"brightness\": {brightness:.3}}}")).unwrap();
        let event = Event {
            size: size::<Event>(), flags: 0, stage: null(), kind: c"PLUGIN_NAME.dark".as_ptr(), label: null(), track: 0,
            fields: fields.as_ptr(),
        };
        ((*output).add_event.unwrap())(output, &event)
    })
}

unsafe extern "C" fn configure(instance: *mut c_void, config: *const c_char) -> u32 {
    guarded(|| {
        (*(instance as *mut Stage)).limit = number(text(config), "limit").unwrap_or(0.2);
        OK
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Stage));
}

static FORMATS: Constant<[*const c_char; 5]> = Constant([
    c"gray".as_ptr(), c"yuv420p".as_ptr(), c"yuvj420p".as_ptr(), c"nv12".as_ptr(), null(),
]);

static TYPE: Constant<StageType> = Constant(StageType {
    size: size::<StageType>(),
    role: TRANSFORM,
    name: c"example.PLUGIN_NAME".as_ptr(),
    summary: c"Reports when the picture becomes dark.".as_ptr(),
    flags: NEEDS_PICTURE,
    max_workers: 1,
    time_limit_ms: 0,
    reserved: 0,
    formats: FORMATS.0.as_ptr(),
    labels: null(),
    config_schema: c"{\"type\": \"object\", \"properties\": {\"limit\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 0.2, \"x-changeable\": true, \"description\": \"The brightness below which it is dark.\"}}}".as_ptr(),
    create: Some(create),
    process: Some(process),
    next: null(),
    configure: Some(configure),
    health: null(),
    flush: None,
    destroy: Some(destroy),
    extension: null(),
});

static TYPES: Constant<[*const StageType; 1]> = Constant([&TYPE.0]);

static PLUGIN: Constant<Plugin> = Constant(Plugin {
    size: size::<Plugin>(),
    abi_version: ABI_VERSION,
    name: c"PLUGIN_NAME".as_ptr(),
    version: c"0.1.0".as_ptr(),
    type_count: 1,
    reserved: 0,
    types: TYPES.0.as_ptr(),
});

#[no_mangle]
pub extern "C" fn edgepipe_plugin_main(_: *const c_void) -> *const Plugin {
    &PLUGIN.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: &mut [u8]) -> Picture {
        let mut data = [std::ptr::null_mut(); 4];
        data[0] = pixels.as_mut_ptr();
        Picture {
            size: size::<Picture>(), width: 16, height: 8, plane_count: 1, format: c"gray".as_ptr(), data,
            stride: [16, 0, 0, 0], row_bytes: [16, 0, 0, 0], rows: [8, 0, 0, 0], range: 0, matrix: 2, primaries: 2,
            transfer: 2, rotation: 0, reserved: 0,
        }
    }

    #[test]
    fn a_dark_picture_is_reported_once() {
        let mut stage = Stage::new("{\"limit\":0.5}");
        assert!(stage.look(&picture(&mut [200; 128])).is_none());
        assert!(stage.look(&picture(&mut [20; 128])).is_some());
        assert!(stage.look(&picture(&mut [20; 128])).is_none());
    }
}
