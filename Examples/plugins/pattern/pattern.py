"""A test pattern: a bright square that goes round on a gray ramp. The pixels depend on the frame's number alone."""
import numpy


class Pattern:
    type = "pattern.square"

    def __init__(self, config, context):
        self.width, self.height = config["width"], config["height"]
        self.fps, self.frames, self.side = config["fps"], config["frames"], config["side"]
        self.number = 0
        ramp = numpy.linspace(16, 96, self.width).astype(numpy.uint8)
        self.ground = numpy.tile(ramp, (self.height, 1))

    def place(self, number):
        """Left and top of the square."""
        return (number * 4 % max(1, self.width - self.side), number * 2 % max(1, self.height - self.side))

    def next(self, output):
        if self.number >= self.frames:
            return False
        picture = self.ground.copy()
        left, top = self.place(self.number)
        picture[top:top + self.side, left:left + self.side] = 235
        output.set_frame(self.number / self.fps, "gray", [picture])
        self.number += 1
        return True
