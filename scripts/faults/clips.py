#!/usr/bin/env python3
"""Makes the films that the fault tests serve, with ffmpeg; each is made once.

usage: clips.py FOLDER [--size 320x240] [--fps 30] [--seconds 4] [NAME...]
NAME: any of the functions below (mosaic, mosaic5, face, ...); all without one.

The mosaic film: 16 x 12 cells of five grey levels; in every frame about a quarter of the cells changes, pseudo-randomly. What a
decoder shows can so be compared with what was sent, cell by cell, and a picture with a damaged part, or one decoded
from a wrong reference, is told from a good one (see `Mosaic`).
"""
import argparse
import os
import pathlib
import random
import subprocess

COLUMNS, ROWS = 16, 12
LEVELS = (40, 84, 128, 172, 216)
LIVE = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-bf", "0", "-sc_threshold", "0", "-threads", "1"]


def ffmpeg(target, *arguments, stdin=None):
    """The target is whole or absent."""
    target = pathlib.Path(target)
    part = target.with_name(f"part-{os.getpid()}-{target.name}")
    subprocess.run(["ffmpeg", *(["-nostdin"] if stdin is None else []), "-v", "error", "-y", *map(str, arguments), str(part)],
                   check=True, input=stdin)
    part.rename(target)
    return target


def h264(fps, crf=23, gop=None, slices=1):
    """Zero latency: no B-frames, nothing held back; a key frame a second and an access unit delimiter a frame."""
    gop = gop or fps
    return [*LIVE, "-crf", crf, "-g", gop, "-keyint_min", gop, "-aud", "1", "-slices", slices, "-f", "h264"]


class Mosaic:
    """The film's truth, and the comparison with what was shown."""

    def __init__(self, frames, seed=1):
        draw = random.Random(seed)
        cells = [draw.choice(LEVELS) for _ in range(COLUMNS * ROWS)]
        self.frames = []
        for _ in range(frames):
            cells = [draw.choice(LEVELS) if draw.random() < 0.25 else cell for cell in cells]
            self.frames.append(bytes(cells))
        # No two frames are alike, so that each can be told from all others.
        assert len(set(self.frames)) == frames

    def match(self, shown):
        """The index of the frame that `shown` (one mean grey level a cell) is, and how far the worst cell is off."""
        best = min(range(len(self.frames)), key=lambda i: sum(abs(a - b) for a, b in zip(self.frames[i], shown)))
        return best, max(abs(a - b) for a, b in zip(self.frames[best], shown))

    def read(self, film):
        """(index, worst cell's error) of every picture of a film."""
        # The middle of each cell: its edges are blurred by the encoder.
        raw = subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-i", str(film), "-vsync", "passthrough", "-vf",
             f"scale={COLUMNS * 4}:{ROWS * 4}:flags=area,format=gray", "-f", "rawvideo", "-"],
            check=True, capture_output=True).stdout
        width, size = COLUMNS * 4, COLUMNS * ROWS * 16
        pictures = []
        for at in range(0, len(raw) - size + 1, size):
            shown = []
            for row in range(ROWS):
                for column in range(COLUMNS):
                    first = at + (row * 4 + 1) * width + column * 4 + 1
                    shown.append((raw[first] + raw[first + 1] + raw[first + width] + raw[first + width + 1]) / 4)
            pictures.append(self.match(shown))
        return pictures


class Clips:
    def __init__(self, folder, size="320x240", fps=30, seconds=4):
        self.folder, self.size, self.fps, self.seconds = pathlib.Path(folder), size, fps, seconds
        self.folder.mkdir(parents=True, exist_ok=True)

    def path(self, name):
        return self.folder / f"{self.size}-{self.fps}-{self.seconds}s-{name}"

    def truth(self):
        return Mosaic(self.fps * self.seconds)

    def mosaic(self, name="mosaic.h264", *encoding):
        path = self.path(name)
        if not path.exists():
            raw = b"".join(self.truth().frames)
            # Full range grey in, limited range out: the levels stay as they are within a step or two.
            ffmpeg(path, "-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{COLUMNS}x{ROWS}", "-r", self.fps, "-i", "-", "-vf",
                   f"scale={self.size.replace('x', ':')}:flags=neighbor,format=yuv420p", *(encoding or h264(self.fps)), stdin=raw)
        return path

    def mosaic5(self):
        """The same film in H.265."""
        return self.mosaic("mosaic.h265", "-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params",
                           f"keyint={self.fps}:min-keyint={self.fps}:bframes=0:aud=1:repeat-headers=1:log-level=none:pools=1",
                           "-f", "hevc")

    def noisy(self, amount=4000):
        """One byte in about `amount` is wrong."""
        return self._filtered(f"noise{amount}.h264", f"noise=amount={amount}")

    def gappy(self):
        """Every 11th packet is missing, and every second key frame."""
        return self._filtered(
            "gaps.h264", f"noise=drop='eq(mod(n\\,11)\\,10)+eq(mod(n\\,{2 * self.fps})\\,{self.fps})'")

    def _filtered(self, name, bitstream_filter):
        path = self.path(name)
        if not path.exists():
            # Through a container and back the units keep their delimiters.
            ffmpeg(path, "-r", self.fps, "-i", self.mosaic(), "-c", "copy", "-bsf:v", bitstream_filter, "-f", "h264")
        return path

    def still(self, picture, name="still"):
        """A picture that does not move, in the middle of a grey frame."""
        path = self.path(f"{name}.h264")
        if not path.exists():
            width, height = map(int, self.size.split("x"))
            ffmpeg(path, "-loop", "1", "-framerate", self.fps, "-i", picture, "-t", self.seconds, "-vf",
                   f"scale={width}:{height}:force_original_aspect_ratio=decrease,"
                   f"pad={width}:{height}:-1:-1:gray,format=yuv420p", *h264(self.fps))
        return path

    def still5(self, picture, name="still"):
        path = self.path(f"{name}.h265")
        if not path.exists():
            ffmpeg(path, "-r", self.fps, "-i", self.still(picture, name), "-c:v", "libx265", "-preset", "ultrafast", "-tune",
                   "zerolatency", "-x265-params",
                   f"keyint={self.fps}:min-keyint={self.fps}:bframes=0:aud=1:repeat-headers=1:log-level=none:pools=1", "-f", "hevc")
        return path

    def moving(self):
        """FFmpeg's test picture, for load and benchmarks."""
        path = self.path("moving.h264")
        if not path.exists():
            ffmpeg(path, "-f", "lavfi", "-i", f"testsrc2=size={self.size}:rate={self.fps}:duration={self.seconds}", "-pix_fmt",
                   "yuv420p", *h264(self.fps))
        return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*", default=["mosaic", "mosaic5", "noisy", "gappy", "moving"])
    parser.add_argument("--size", default="320x240")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    clips = Clips(options.folder, options.size, options.fps, options.seconds)
    for name in options.names:
        print(getattr(clips, name)())


if __name__ == "__main__":
    main()
