#!/usr/bin/env python3
"""A server of the open inference protocol that does wrong, each of its models in another way. Plain sockets.

usage: bad_server.py

Its models take `x`, FP32 of [1, 3] (`good`: [1, n]), and give `y`, FP32 of [1, 4]; a model's name says what it does. Prints `ready` and its port, and ends
with its standard input.
"""
import gzip
import json
import re
import socketserver
import struct
import sys
import threading
import time

SILENCE_S = 60
VALUES = [1.0, 2.0, 3.0, 4.0]
RAW = struct.pack("<4f", *VALUES)


def head(status, headers):
    return (f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n").encode()


def answer(status, body, **more):
    return head(status, {"Content-Length": len(body), **{k.replace("_", "-"): v for k, v in more.items()}}) + body


def outputs(name, number, *, shape=(1, 4), data=None, size=None, raw=b"", **more):
    output = {"name": "y", "datatype": "FP32", "shape": list(shape)}
    if data is not None:
        output["data"] = data
    if size is not None:
        output["parameters"] = {"binary_data_size": size}
    text = json.dumps({"model_name": name, "id": number, "outputs": [output], **more}).encode()
    extra = {"Inference_Header_Content_Length": len(text)} if size is not None else {}
    return answer("200 OK", text + raw, **extra)


def wrong(handler, model, number):
    """What a model answers; None ends the connection."""
    send = handler.request.sendall
    if model == "good":
        return outputs(model, number, size=16, raw=RAW)
    if model == "wrong-shape":
        return outputs(model, number, shape=(1, 5), data=VALUES)
    if model == "huge-shape":
        return outputs(model, number, shape=(1 << 62, 4), data=VALUES)
    if model == "negative-shape":
        return outputs(model, number, shape=(-1, -4), data=VALUES)
    if model == "few-bytes":
        return outputs(model, number, size=12, raw=RAW[:12])
    if model == "more-bytes":
        return outputs(model, number, size=16, raw=RAW + b"1234")
    if model == "nan":
        return outputs(model, number, size=16, raw=struct.pack("<4f", 1, float("nan"), float("inf"), 4))
    if model == "wrong-id":
        return outputs(model, "another", data=VALUES)
    if model == "wrong-model":
        return outputs("another", number, data=VALUES)
    if model == "bad-count":
        return answer("200 OK", b"{}", Inference_Header_Content_Length="-5")
    if model == "far-count":
        return answer("200 OK", b"{}", Inference_Header_Content_Length="99999999999999")
    if model == "long-error":
        return answer("500 Oops", b"\x1b[31mno\x00way " + b"x" * (10 << 20))
    if model == "redirect":
        return answer("302 Found", b"", Location="http://127.0.0.1:1/elsewhere")
    if model == "busy":
        return answer("503 Busy", b'{"error":"too much to do"}', Retry_After="7")
    if model == "hurry":
        return answer("429 Too Many", b"", Retry_After="soon")
    if model == "refused":
        return answer("404 Not Found", b'{"error":"unknown model"}')
    if model == "half":
        send(head("200 OK", {"Content-Length": 1000}) + b'{"model_name":')
        time.sleep(SILENCE_S)
    if model == "torn":
        send(head("200 OK", {"Content-Length": 1000}) + b'{"model_name":')
    if model == "silent":
        time.sleep(SILENCE_S)
    if model == "garbage":
        send(bytes(range(256)) * 16)
    if model == "header-bomb":
        send(b"HTTP/1.1 200 OK\r\n")
        for index in range(200_000):
            send(b"X-%d: %s\r\n" % (index, b"y" * 40))
    if model == "long-answer":
        send(head("200 OK", {"Content-Length": 1 << 40}))
        time.sleep(SILENCE_S)
    if model == "endless":
        send(head("200 OK", {"Transfer-Encoding": "chunked"}))
        for _ in range(4096):
            send(b"10000\r\n" + b" " * 65536 + b"\r\n")
    if model == "zip-bomb":
        return answer("200 OK", gzip.compress(b" " * (200 << 20), 9), Content_Encoding="gzip")
    if model == "deep":
        return answer("200 OK", b'{"outputs":' + b"[" * 200_000)
    return None


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while self.answer():
                pass
        except OSError:
            pass

    def answer(self):
        line = self.rfile.readline().decode()
        if not line:
            return False
        count, is_packed = 0, False
        while (header := self.rfile.readline().decode().strip()):
            if header.lower().startswith("content-length:"):
                count = int(header.split(":")[1])
            is_packed = is_packed or header.lower() == "content-encoding: gzip"
        body = self.rfile.read(count)
        if is_packed:
            body = gzip.decompress(body)
        path = line.split(" ")[1]
        # gRPC's preface, for one.
        if not path.startswith("/v2"):
            return False
        if path == "/v2":
            about = {"name": "bad", "version": "1", "extensions": ["binary_tensor_data"]}
            self.request.sendall(answer("200 OK", json.dumps(about).encode()))
        elif path.startswith("/v2/health/") or path.endswith("/ready"):
            self.request.sendall(answer("200 OK", b""))
        elif path.endswith("/infer"):
            number = re.search(rb'"id":"([^"]*)"', body)[1].decode()
            reply = wrong(self, path.split("/")[3], number)
            if reply is None:
                return False
            self.request.sendall(reply)
        else:
            name = path.split("/")[3]
            about = {"name": name, "versions": ["1"], "platform": "none",
                     "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, -1 if name == "good" else 3]}],
                     "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, -1]}]}
            self.request.sendall(answer("200 OK", json.dumps(about).encode()))
        return True


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


with Server(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()
