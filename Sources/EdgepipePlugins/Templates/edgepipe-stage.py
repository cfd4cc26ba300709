"""Stages in Python. Not imported: edgepipe starts the interpreter with this file and the path of a plugin.

A plugin is a file with a class for each stage type:

    class Motion:
        type = "example.motion"                # as in the manifest

        def __init__(self, config, context):   # config: a dictionary that fits the schema, defaults filled in
            ...
        def process(self, frame):              # of transforms and sinks
            frame.add_detection("thing", 0.9, (x, y, width, height))
        def next(self, output):                # of sources: True for a frame, None for none yet, False at the end
            output.set_frame(seconds, "gray", [plane])
        def configure(self, config): ...       # may be left out, as may all that follow
        def health(self, change): ...
        def flush(self): ...
        def close(self): ...

An exception loses the frame at hand. `from edgepipe import Drop, RestartStage, StopPipeline`: raise one of these to let the
frame end here without an error, to be made again, or to end the pipeline. Printed lines go to the log.
"""
import hashlib
import importlib.util
import json
import mmap
import os
import random
import socket
import struct
import sys
import traceback
import types

try:
    import numpy
except ImportError:
    numpy = None

ORDER, MAKE, MEMORY, FRAME, NEXT, CONFIGURE, HEALTH, FLUSH, CLOSE = range(1, 10)
DONE, FAILED, ANSWER = 33, 34, 35
DONE_VERDICT, DROP_VERDICT, AGAIN_VERDICT, ENDED_VERDICT = 0, 1, 5, 6
PICTURES, ANSWERS = 1, 2
SLOTS, ALIGNMENT = 2, 64


class Drop(Exception):
    """The frame ends here; not an error."""


class RestartStage(Exception):
    """The frame is lost, and the stage is made again."""


class StopPipeline(Exception):
    """The whole pipeline ends."""


class Writer:
    def __init__(self):
        self.parts = []

    def pack(self, form, *values):
        self.parts.append(struct.pack("<" + form, *values))

    def data(self, value):
        self.pack("I", len(value))
        self.parts.append(bytes(value))

    def text(self, value):
        self.data(str(value).encode("utf-8", "replace"))

    def optional(self, value, body):
        self.pack("B", value is not None)
        if value is not None:
            body(value)

    def list(self, values, body):
        self.pack("I", len(values))
        for value in values:
            body(value)

    def detection(self, value):
        self.text(value.label)
        self.pack("qf4f", value.class_index, value.score, *value.box)
        self.pack("B", bool(value.is_predicted))
        self.optional(value.track, lambda track: self.pack("q", track))
        self.list(value.landmarks, lambda point: self.pack("2f", *point))

    def event(self, value):
        self.text("")
        self.text(value.kind)
        self.optional(value.label, self.text)
        self.optional(value.track, lambda track: self.pack("q", track))
        self.optional(None if value.fields is None else json.dumps(value.fields), self.text)

    def picture(self, value):
        self.text(value["format"])
        self.pack("qqI4I", value["width"], value["height"], value["range"], value["matrix"], 2, 2, 0)
        self.list(value["planes"], lambda plane: self.pack("4q", *plane))


class Reader:
    def __init__(self, data):
        self.bytes, self.offset = data, 0

    def unpack(self, form):
        values = struct.unpack_from("<" + form, self.bytes, self.offset)
        self.offset += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def data(self):
        count = self.unpack("I")
        self.offset += count
        return bytes(self.bytes[self.offset - count:self.offset])

    def text(self):
        return self.data().decode("utf-8", "replace")

    def optional(self, body):
        return body() if self.unpack("B") else None

    def list(self, body):
        return [body() for _ in range(self.unpack("I"))]

    def detection(self):
        label = self.text()
        class_index, score, x, y, width, height, predicted = self.unpack("qf4fB")
        track = self.optional(lambda: self.unpack("q"))
        landmarks = self.list(lambda: self.unpack("2f"))
        return Detection(label, score, (x, y, width, height), class_index, track, landmarks, bool(predicted))

    def event(self):
        stage, kind = self.text(), self.text()
        label, track = self.optional(self.text), self.optional(lambda: self.unpack("q"))
        fields = self.optional(self.text)
        return Event(kind, label, track, json.loads(fields) if fields else None, stage)


class Detection:
    """A thing found in one frame; `box` is (x, y, width, height) in pixels."""

    def __init__(self, label, score, box, class_index=0, track=None, landmarks=(), is_predicted=False, stage=None):
        self.label, self.score, self.box, self.class_index = label, score, box, class_index
        self.track, self.landmarks, self.is_predicted, self.stage = track, landmarks, is_predicted, stage


class Event:
    """Something that a rule saw; `fields` is a dictionary or None."""

    def __init__(self, kind, label=None, track=None, fields=None, stage=""):
        self.kind, self.label, self.track, self.fields, self.stage = kind, label, track, fields, stage


class Picture:
    """`planes`: a read-only array of rows by bytes for each plane, over the memory of the program. They are valid until
    the call returns: copy what is kept."""

    def __init__(self, reader, memory):
        self.format = reader.text()
        self.width, self.height, self.range, self.matrix, self.primaries, self.transfer, self.rotation = (
            reader.unpack("qqI4I"))
        self.planes = [plane(memory, *reader.unpack("4q")) for _ in range(reader.unpack("I"))]

    def gray(self):
        """The luma of a YUV picture, or a gray one: rows by columns."""
        if not self.format.startswith(("yuv", "nv", "gray")):
            raise ValueError("no luma in %s" % self.format)
        return self.planes[0]


def plane(memory, offset, stride, row_bytes, rows):
    if numpy is None:
        return [memoryview(memory)[offset + row * stride:][:row_bytes] for row in range(rows)]
    # The last row may end before its stride does.
    return numpy.ndarray((rows, row_bytes), numpy.uint8, memory, offset, (stride, 1))


class Output:
    """What a stage says of the frame at hand."""

    def __init__(self, service, call):
        self._service, self._call = service, call
        self._results, self._events, self._attachments, self._picture = [], [], [], None
        self._source = None

    def begin_results(self, stage=None):
        """The frame counts as looked at, also where nothing is found. A stage before: its detections are replaced."""
        for name, found in self._results:
            if name == stage:
                return found
        self._results.append((stage, []))
        return self._results[-1][1]

    def add_detection(self, label, score, box, class_index=0, track=None, landmarks=(), stage=None):
        self.begin_results(stage).append(Detection(label, score, box, class_index, track, landmarks))

    def add_event(self, kind, label=None, track=None, fields=None):
        self._events.append(Event(kind, label, track, fields))

    def attach(self, name, data):
        self._attachments = [(other, kept) for other, kept in self._attachments if other != name] + [(name, data)]

    def set_picture(self, format, planes, width=None, height=None, range=0, matrix=2):
        """Puts a picture in the place of the frame's; `planes` are arrays of rows by bytes."""
        self._picture = self._service.place(self._call, format, planes, width, height, range, matrix)

    def set_frame(self, seconds, format, planes, width=None, height=None, captured_ns=None, discontinuous=False,
                  range=0, matrix=2):
        """Of a source: `seconds` since its first frame, and the picture."""
        self.set_picture(format, planes, width, height, range, matrix)
        self._source = (round(seconds * 1e9), captured_ns, discontinuous)

    def _write(self, verdict):
        writer = Writer()
        writer.pack("I", verdict)

        def results(value):
            writer.optional(value[0], writer.text)
            writer.list(value[1], writer.detection)

        def attachment(value):
            writer.text(value[0])
            writer.data(value[1])

        def source(value):
            writer.pack("q", value[0])
            writer.optional(value[1], lambda captured: writer.pack("q", captured))
            writer.pack("B", bool(value[2]))

        writer.list(self._results, results)
        writer.list(self._events, writer.event)
        writer.list(self._attachments, attachment)
        writer.optional(self._picture, writer.picture)
        writer.optional(self._source, source)
        return writer


class Frame(Output):
    """A frame: what is known of it, what stages before have found, and what this one says of it. Times are in seconds,
    `now_ns` and `captured_ns` on the run's monotonic clock: use `now_ns` in place of a clock of your own."""

    def __init__(self, service, call, reader, memory):
        Output.__init__(self, service, call)
        self.stream, self.source_stage, self.source = reader.text(), reader.text(), reader.text()
        live, self.sequence, media, self.captured_ns, self.captured_wall_ns = reader.unpack("B4q")
        self.is_live, self.seconds = bool(live), media / 1e9
        self.deadline_ns = reader.optional(lambda: reader.unpack("q"))
        self.now_ns, self.discontinuity, self.width, self.height, self.stream_state = reader.unpack("4qI")
        self.picture = reader.optional(lambda: Picture(reader, memory))

        def detection():
            stage = reader.text()
            found = reader.detection()
            found.stage = stage
            return found

        self.detections = reader.list(detection)
        self.events = reader.list(reader.event)
        self.attachments = dict(reader.list(lambda: (reader.text(), reader.data())))


class Context:
    """What a stage can ask of the program. `random` begins anew with each frame, so that a replay gets the same."""

    def __init__(self, stage, pipeline, worker, is_replay):
        self.stage, self.pipeline, self.worker, self.is_replay = stage, pipeline, worker, is_replay
        self.random = random.Random(0)

    def log(self, message, level="info"):
        number = ["debug", "info", "notice", "warning", "error"].index(level)
        say(number, message)

    def _begin(self, frame):
        text = "%s\0%s\0%d" % (self.stage, frame.stream, frame.sequence)
        self.random.seed(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))


def say(level, message):
    text = " ".join(str(message).split("\n"))[:3900]
    os.write(2, ("<%d>%s\n" % (level, text)).encode("utf-8", "replace"))


class Service:
    def __init__(self, descriptor):
        self.socket = socket.socket(fileno=descriptor)
        self.buffer = bytearray()
        self.descriptors = []
        self.memory = {}
        self.stage = self.context = None

    def receive(self):
        while len(self.buffer) < 16 or len(self.buffer) < 16 + int.from_bytes(self.buffer[:4], "little"):
            data, ancillary, _, _ = self.socket.recvmsg(1 << 16, socket.CMSG_SPACE(4))
            if not data:
                sys.exit(0)
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    self.descriptors.append(int.from_bytes(value[:4], sys.byteorder))
            self.buffer += data
        count, kind, call = struct.unpack_from("<IIQ", self.buffer)
        content = bytes(self.buffer[16:16 + count])
        del self.buffer[:16 + count]
        return kind, call, Reader(content)

    def send(self, kind, call, writer):
        content = b"".join(writer.parts)
        self.socket.sendall(struct.pack("<IIQ", len(content), kind, call) + content)

    def fail(self, call, consequence, error):
        writer = Writer()
        writer.pack("I", consequence)
        writer.text(str(error) or type(error).__name__)
        writer.pack("B", 0)
        self.send(FAILED, call, writer)

    def map(self, reader):
        use, count = reader.unpack("Iq")
        descriptor = self.descriptors.pop()
        access = mmap.PROT_READ if use == PICTURES else mmap.PROT_READ | mmap.PROT_WRITE
        self.memory[use] = mmap.mmap(descriptor, count, mmap.MAP_SHARED, access)
        os.close(descriptor)

    def place(self, call, format, planes, width, height, range, matrix):
        memory = self.memory.get(ANSWERS)
        if memory is None:
            raise ValueError("the manifest does not say that this stage makes pictures")
        slot = len(memory) // SLOTS // ALIGNMENT * ALIGNMENT
        start, placed = call % SLOTS * slot, []
        end = start + slot
        for values in planes:
            rows, row_bytes = len(values), len(memoryview(values[0]).cast("B"))
            stride = (row_bytes + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
            if rows == 0 or start + stride * rows > end:
                raise ValueError("a picture of %d rows of %d bytes is too large" % (rows, row_bytes))
            for row, value in enumerate(plane(memory, start, stride, row_bytes, rows)):
                value[:] = memoryview(values[row]).cast("B")
            placed.append((start, stride, row_bytes, rows))
            start += stride * rows
        return {
            "format": format, "width": width or placed[0][2], "height": height or placed[0][3], "range": range,
            "matrix": matrix, "planes": placed,
        }

    def make(self, reader):
        path, wanted, stage, pipeline, worker, replay = (
            reader.text(), reader.text(), reader.text(), reader.text(), reader.unpack("q"), reader.unpack("B"))
        config = json.loads(reader.data() or b"{}")
        sys.path.insert(0, os.path.dirname(path))
        spec = importlib.util.spec_from_file_location("edgepipe_plugin", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules["edgepipe_plugin"] = module
        spec.loader.exec_module(module)
        found = [value for value in vars(module).values() if isinstance(value, type)
                 and getattr(value, "type", None) == wanted]
        if not found:
            raise ValueError("no class in %s says type = \"%s\"" % (os.path.basename(path), wanted))
        self.context = Context(stage, pipeline, worker, bool(replay))
        self.stage = found[0](config, self.context)

    def ask(self, name, *arguments):
        method = getattr(self.stage, name, None)
        if method is not None:
            method(*arguments)

    def process(self, call, reader):
        frame = Frame(self, call, reader, self.memory.get(PICTURES))
        self.context._begin(frame)
        try:
            self.stage.process(frame)
        except Drop:
            return frame._write(DROP_VERDICT)
        return frame._write(DONE_VERDICT)

    def next(self, call, reader):
        output = Output(self, call)
        output.now_ns = reader.unpack("q")
        given = self.stage.next(output)
        if given and output._source is None:
            raise ValueError("next() said that there is a frame and gave none")
        return output._write(DONE_VERDICT if given else AGAIN_VERDICT if given is None else ENDED_VERDICT)

    def health(self, reader):
        stream, state, since, wall, attempt = (
            reader.text(), reader.unpack("I"), reader.unpack("q"), reader.unpack("q"), reader.unpack("q"))
        change = types.SimpleNamespace(
            stream=stream, state=state, since_ns=since, since_wall_ns=wall, attempt=attempt,
            error=reader.optional(reader.text))
        self.ask("health", change)

    def serve(self, kind, call, reader):
        if kind == FRAME:
            return self.send(ANSWER, call, self.process(call, reader))
        if kind == NEXT:
            return self.send(ANSWER, call, self.next(call, reader))
        if kind == MAKE:
            self.make(reader)
        elif kind == CONFIGURE:
            self.ask("configure", json.loads(reader.data()))
        elif kind == HEALTH:
            self.health(reader)
        elif kind == FLUSH:
            self.ask("flush")
        elif kind == CLOSE:
            self.ask("close")
        self.send(DONE, call, Writer())

    def run(self):
        while True:
            kind, call, reader = self.receive()
            if kind == MEMORY:
                self.map(reader)
                continue
            try:
                self.serve(kind, call, reader)
            except RestartStage as error:
                self.fail(call, 3, error)
            except StopPipeline as error:
                self.fail(call, 4, error)
            except Exception as error:
                say(4, "".join(traceback.format_exception(type(error), error, error.__traceback__)))
                self.fail(call, 4 if kind == MAKE else 2, error)
            if kind == CLOSE:
                return


module = types.ModuleType("edgepipe")
for item in (Drop, RestartStage, StopPipeline, Detection, Event, Frame, Picture, Context):
    setattr(module, item.__name__, item)
sys.modules["edgepipe"] = module
sys.stdout.reconfigure(line_buffering=True)
Service(3).run()
