"""Runs the rest of a model on features that edgepipe sends, in Triton's Python backend.

Beside this file lie `model.onnx`, the last part of the model, and `features.json`, the table that both sides share. The
input `features` is one message, bytes of the format that edgepipe's docs/split.md describes; the outputs are the model's
own. Needs numpy and onnxruntime.
"""
import json
import os
import struct
import zlib

import numpy as np

MAGIC, VERSION, HEADER = b"EPFT", 1, 16
MAXIMUM_VALUES = 1 << 26


class Malformed(ValueError):
    """What came is no message of features, or one that another table made."""


def read_table(path):
    """The table of `features.json`, its numbers as float32."""
    with open(path, encoding="utf-8") as file:
        table = json.load(file)
    for tensor in table["tensors"]:
        for key in ("low", "step"):
            tensor[key] = np.array(tensor[key], np.float32)
    return table


def per_byte(bits):
    return {2: 4, 4: 2}.get(bits, 1)


def decode(message, table):
    """The tensors of a message by name, float32. Nothing in the message is believed."""
    if len(message) <= HEADER or message[:4] != MAGIC:
        raise Malformed("the message does not begin as one")
    version, compression, bits, count = message[4:8]
    if version != VERSION or compression not in (0, 1):
        raise Malformed(f"version {version} with compression {compression} is not known")
    if message[8:16] != bytes.fromhex(table["id"]) or bits != table["bits"] or count != len(table["tensors"]):
        raise Malformed("the message was made with another table")
    at, shapes = HEADER, []
    try:
        for tensor in table["tensors"]:
            rank = message[at]
            if not 2 <= rank <= 6:
                raise Malformed(f"a tensor has rank {rank}")
            shape = struct.unpack_from(f"<{rank}I", message, at + 1)
            at += 1 + 4 * rank
            values = 1
            for size in shape:
                values *= size
            if not 0 < values <= MAXIMUM_VALUES or shape[1] != len(tensor["low"]):
                raise Malformed(f"a tensor has the shape {shape}")
            shapes.append((shape, values))
        (length,) = struct.unpack_from("<I", message, at)
    except (struct.error, IndexError) as error:
        raise Malformed("the message is cut short") from error
    each = per_byte(bits)
    lengths = [(values + each - 1) // each for _, values in shapes]
    if length != sum(lengths):
        raise Malformed("the message says another length than its shapes")
    packed = message[at + 4:]
    if compression == 1:
        expander = zlib.decompressobj()
        try:
            packed = expander.decompress(packed, length + 1)
        except zlib.error as error:
            raise Malformed(str(error)) from error
        # A stream of just this length may have its checksum still to come.
        if len(packed) == length and not expander.eof:
            packed += expander.decompress(expander.unconsumed_tail, 1)
        if not expander.eof or expander.unused_data:
            raise Malformed("the values do not end where they should")
    if len(packed) != length:
        raise Malformed(f"{len(packed)} bytes of values, not {length}")
    result, start = {}, 0
    for tensor, (shape, values), size in zip(table["tensors"], shapes, lengths):
        part = np.frombuffer(packed, np.uint8, size, start)
        start += size
        if each > 1:
            shifts = np.arange(each, dtype=np.uint8) * bits
            part = (part[:, None] >> shifts & ((1 << bits) - 1)).reshape(-1)[:values]
        elif part.max(initial=0) >> bits:
            raise Malformed(f"a value has more than {bits} bits")
        form = [1, -1] + [1] * (len(shape) - 2)
        scaled = part.reshape(shape).astype(np.float32) * tensor["step"].reshape(form)
        result[tensor["name"]] = scaled + tensor["low"].reshape(form)
    return result


class TritonPythonModel:
    """What Triton's Python backend makes one of for each instance."""

    def initialize(self, args):
        import onnxruntime
        import triton_python_backend_utils

        self.triton = triton_python_backend_utils
        folder = os.path.join(args["model_repository"], args["model_version"])
        self.table = read_table(os.path.join(folder, "features.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ.get("EDGEPIPE_THREADS", "1"))
        self.session = onnxruntime.InferenceSession(
            os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"])
        self.outputs = [output.name for output in self.session.get_outputs()]

    def execute(self, requests):
        return [self.respond(request) for request in requests]

    def respond(self, request):
        try:
            message = self.triton.get_input_tensor_by_name(request, "features").as_numpy()
            found = self.session.run(self.outputs, decode(message.tobytes(), self.table))
        except Exception as error:  # one bad request must not end the others
            return self.triton.InferenceResponse(error=self.triton.TritonError(f"{type(error).__name__}: {error}"[:300]))
        return self.triton.InferenceResponse(
            [self.triton.Tensor(name, value) for name, value in zip(self.outputs, found)])
