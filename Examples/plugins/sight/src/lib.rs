//! Reports when something detected comes between two points of the picture, and when the line is free again: a guard's view
//! of a door, a light barrier without hardware.
mod abi;
mod line;

use abi::*;
use line::{Alarm, Line};
use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::ptr::null;

struct Stage {
    line: Line,
    alarm: Alarm,
}

impl Stage {
    fn new(config: &str) -> Self {
        let hold = number(config, "hold").unwrap_or(3.0) as u32;
        Stage { line: line(config), alarm: Alarm::new(hold) }
    }
}

fn line(config: &str) -> Line {
    let share = |key, usual| number(config, key).unwrap_or(usual) as f32;
    Line { x1: share("x1", 0.0), y1: share("y1", 0.5), x2: share("x2", 1.0), y2: share("y2", 0.5) }
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
        let (stage, frame) = (&mut *(instance as *mut Stage), &*frame);
        let (width, height) = (frame.width as f32, frame.height as f32);
        let line = Line {
            x1: stage.line.x1 * width,
            y1: stage.line.y1 * height,
            x2: stage.line.x2 * width,
            y2: stage.line.y2 * height,
        };
        let first = (0..frame.detection_count as usize)
            .map(|index| &**frame.detections.add(index))
            .find(|found| line.meets(found.x, found.y, found.width, found.height));
        let Some(is_blocked) = stage.alarm.note(text(frame.stream), first.is_some()) else { return OK };
        let event = Event {
            size: size::<Event>(),
            flags: first.map_or(0, |found| found.flags & DETECTION_TRACKED),
            stage: null(),
            kind: if is_blocked { c"sight.blocked" } else { c"sight.free" }.as_ptr(),
            label: first.map_or(null(), |found| found.label),
            track: first.map_or(0, |found| found.track),
            fields: null(),
        };
        match (*output).add_event {
            Some(add) => add(output, &event),
            None => RESTART_STAGE,
        }
    })
}

unsafe extern "C" fn configure(instance: *mut c_void, config: *const c_char) -> u32 {
    guarded(|| {
        let (stage, config) = (&mut *(instance as *mut Stage), text(config));
        stage.line = line(config);
        stage.alarm.hold = number(config, "hold").unwrap_or(3.0).max(1.0) as u32;
        OK
    })
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Stage));
}

const SCHEMA: &CStr = c"{\"type\": \"object\", \"properties\": {
\"x1\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 0, \"x-changeable\": true, \"description\": \"Where the line begins, from the left, in shares of the picture.\"},
\"y1\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 0.5, \"x-changeable\": true, \"description\": \"Where it begins, from the top.\"},
\"x2\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 1, \"x-changeable\": true, \"description\": \"Where it ends, from the left.\"},
\"y2\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1, \"default\": 0.5, \"x-changeable\": true, \"description\": \"Where it ends, from the top.\"},
\"hold\": {\"type\": \"integer\", \"minimum\": 1, \"maximum\": 1000, \"default\": 3, \"x-changeable\": true, \"description\": \"Frames in a row that make a change.\"}}}";

static TYPE: Constant<StageType> = Constant(StageType {
    size: size::<StageType>(),
    role: TRANSFORM,
    name: c"sight.line".as_ptr(),
    summary: c"Reports when something comes between two points of the picture.".as_ptr(),
    flags: NEEDS_DETECTIONS,
    max_workers: 1,
    time_limit_ms: 0,
    reserved: 0,
    formats: null(),
    labels: null(),
    config_schema: SCHEMA.as_ptr(),
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
    name: c"sight".as_ptr(),
    version: c"1.0.0".as_ptr(),
    type_count: 1,
    reserved: 0,
    types: TYPES.0.as_ptr(),
});

#[no_mangle]
pub extern "C" fn edgepipe_plugin_main(_: *const c_void) -> *const Plugin {
    &PLUGIN.0
}
