//! Whether something stands between two points.
use std::collections::HashMap;

/// A line from one point to another, in shares of the picture.
#[derive(Clone, Copy)]
pub struct Line {
    pub x1: f32,
    pub y1: f32,
    pub x2: f32,
    pub y2: f32,
}

impl Line {
    /// Whether the line meets a box, both in the same units (Liang and Barsky, 1984: clipping a line to a rectangle).
    pub fn meets(&self, x: f32, y: f32, width: f32, height: f32) -> bool {
        let (dx, dy) = (self.x2 - self.x1, self.y2 - self.y1);
        let (mut begin, mut end) = (0f32, 1f32);
        for (p, q) in [
            (-dx, self.x1 - x),
            (dx, x + width - self.x1),
            (-dy, self.y1 - y),
            (dy, y + height - self.y1),
        ] {
            if p == 0.0 {
                if q < 0.0 {
                    return false;
                }
            } else if p < 0.0 {
                begin = begin.max(q / p);
            } else {
                end = end.min(q / p);
            }
        }
        begin <= end
    }
}

#[derive(Default)]
struct Stream {
    is_blocked: bool,
    /// Frames in a row that say otherwise.
    others: u32,
}

/// Turns what is seen frame by frame into changes that last.
pub struct Alarm {
    pub hold: u32,
    streams: HashMap<String, Stream>,
}

impl Alarm {
    pub fn new(hold: u32) -> Self {
        Alarm { hold: hold.max(1), streams: HashMap::new() }
    }

    /// The new state where it has just changed: after `hold` frames in a row.
    pub fn note(&mut self, stream: &str, is_blocked: bool) -> Option<bool> {
        if !self.streams.contains_key(stream) {
            self.streams.insert(stream.to_string(), Stream::default());
        }
        let state = self.streams.get_mut(stream)?;
        if is_blocked == state.is_blocked {
            state.others = 0;
            return None;
        }
        state.others += 1;
        if state.others < self.hold {
            return None;
        }
        state.is_blocked = is_blocked;
        state.others = 0;
        Some(is_blocked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_on_the_line_meets_it_and_one_beside_does_not() {
        let line = Line { x1: 0.0, y1: 0.0, x2: 100.0, y2: 100.0 };
        assert!(line.meets(40.0, 40.0, 10.0, 10.0));
        assert!(line.meets(-5.0, -5.0, 10.0, 10.0));
        assert!(!line.meets(60.0, 10.0, 20.0, 20.0));
        assert!(!line.meets(101.0, 101.0, 5.0, 5.0));
        let upright = Line { x1: 50.0, y1: 0.0, x2: 50.0, y2: 20.0 };
        assert!(upright.meets(45.0, 10.0, 10.0, 50.0));
        assert!(!upright.meets(51.0, 10.0, 10.0, 50.0));
    }

    #[test]
    fn a_change_is_told_once_it_has_lasted() {
        let mut alarm = Alarm::new(2);
        assert_eq!(alarm.note("a", true), None);
        assert_eq!(alarm.note("a", false), None);
        assert_eq!(alarm.note("a", true), None);
        assert_eq!(alarm.note("b", true), None);
        assert_eq!(alarm.note("a", true), Some(true));
        assert_eq!(alarm.note("a", true), None);
        assert_eq!(alarm.note("a", false), None);
        assert_eq!(alarm.note("a", false), Some(false));
    }
}
