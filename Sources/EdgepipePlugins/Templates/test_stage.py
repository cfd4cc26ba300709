import unittest

import numpy

from PLUGIN_IDENTIFIER import Stage


class Picture:
    def __init__(self, value):
        self.planes = [numpy.full((8, 16), value, dtype=numpy.uint8)]


class Frame:
    """What the stage uses of a frame."""

    def __init__(self, value):
        self.picture = Picture(value)
        self.events = []

    def add_event(self, kind, label=None, track=None, fields=None):
        self.events.append(kind)


class StageTest(unittest.TestCase):
    def test_a_dark_picture_is_reported_once(self):
        stage = Stage({"limit": 0.5}, None)
        events = []
        for value in (200, 20, 20):
            frame = Frame(value)
            stage.process(frame)
            events.append(frame.events)
        self.assertEqual(events, [[], ["PLUGIN_NAME.dark"], []])


if __name__ == "__main__":
    unittest.main()
