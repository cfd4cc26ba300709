"""The row about hostile clients of /metrics: 28 of docs/faults.md."""
import errno
import re
import socket
import threading
import time

from measure import begin, conclude, rate
from rig import free_port, wait_for
from rows_connection import two_cameras, two_sources

CONNECTIONS = 500
BODY = 1 << 30


def ask(port, path="/metrics", method="GET", headers=(), seconds=10):
    """One request as it is written; returns the status code and how long the answer took."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), seconds) as client:
        lines = [f"{method} {path} HTTP/1.1", *(headers or ["Host: 127.0.0.1"]), "Connection: close", "", ""]
        client.sendall("\r\n".join(lines).encode())
        answer = b""
        while b"\r\n" not in answer and (more := client.recv(65536)):
            answer += more
    match = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return (int(match[1]) if match else None), time.monotonic() - start


class SlowHeads:
    """Connections that begin a head and then send one byte at a time; each is made anew when it is ended."""

    BEGIN = b"GET /metrics HTTP/1.1\r\nX-Slow: "

    def __init__(self, port, count):
        self.port, self.count, self.ended, self.over = port, count, 0, threading.Event()
        self.statuses = {}
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _connect(self):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", self.port))
        return client

    def _run(self):
        clients, begun = [self._connect() for _ in range(self.count)], set()
        while not self.over.wait(0.2):
            for index, client in enumerate(clients):
                if self._is_over(client, begun):
                    self.ended += 1
                    begun.discard(client)
                    client.close()
                    clients[index] = self._connect()
        for client in clients:
            client.close()

    def _is_over(self, client, begun):
        try:
            client.send(b"x" if client in begun else self.BEGIN)
            begun.add(client)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ENOTCONN, errno.EINPROGRESS):
                return False  # not connected yet
        try:
            answer = client.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if answer:
            status = answer.split()[1].decode()
            self.statuses[status] = self.statuses.get(status, 0) + 1
        return True

    def end(self):
        self.over.set()
        self.thread.join()


def send_body(port):
    """A gigabyte for a server that wants none; returns the status and the bytes that it took."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(f"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY}\r\n\r\n".encode())
        sent, chunk = 0, bytes(1 << 20)
        try:
            while sent < BODY:
                sent += client.send(chunk)
        except OSError:
            pass
        answer = b""
        try:
            while more := client.recv(4096):
                answer += more
        except OSError:
            pass
    return (int(answer.split()[1]) if answer else None), sent


class Flood(threading.Thread):
    """One client that asks for the page again and again on one connection, as fast as it is answered."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over, self.answers = port, threading.Event(), 0
        self.start()

    def run(self):
        request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        while not self.over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 10) as client:
                    while not self.over.is_set():
                        client.sendall(request)
                        answer = client.recv(65536)
                        head, _, body = answer.partition(b"\r\n\r\n")
                        missing = int(re.search(rb"Content-Length: (\d+)", head)[1]) - len(body)
                        while missing > 0:
                            missing -= len(client.recv(65536))
                        self.answers += 1
            except (OSError, TypeError):
                continue

    def end(self):
        self.over.set()
        self.join()


def hostile_http(rig, clips, result):
    """Row 28: slow heads, a body of a gigabyte, foreign hosts, paths that climb, and a flood of good requests."""
    policy, quick = rig.settings.policy, rig.settings.quick
    camera = two_cameras(rig, clips)
    port = free_port()
    run = rig.run(two_sources(rig, camera), arguments=("--metrics", str(port)))
    warm = begin(run, ["cam", "ok"], policy)
    before = (warm, time.monotonic())
    since = time.monotonic()
    slow = SlowHeads(port, CONNECTIONS)
    wait_for("slow connections", 20, lambda: slow.ended > 0)
    descriptors, answers = [], []
    until = since + (6 if quick else 120)
    while time.monotonic() < until:
        answers.append(ask(port))
        descriptors.append(run.samples[-1][2])
        time.sleep(0.5)
    result.equal("statuses of slow heads", sorted(slow.statuses), ["408"])
    result.figure("slow connections ended", slow.ended)
    result.equal("statuses of scrapes meanwhile", sorted({status for status, _ in answers}, key=str), [200])
    result.at_most("longest of them, s", max(seconds for _, seconds in answers), 4)
    # 32 connections, and what is being closed or accepted at that moment.
    result.at_most("most descriptors more than before", max(descriptors) - run.level(*before)[1], 48)
    slow.end()
    status, taken = send_body(port)
    result.equal("status of a body of 1 GB", status, 413)
    result.at_most("megabytes taken of it, buffers included", taken / 1e6, 64)
    for name, arguments, expected in [
        ("..%2f", {"path": "/..%2fmetrics"}, 404), ("../..", {"path": "/../../etc/passwd"}, 404),
        ("a foreign host", {"headers": ["Host: evil.example"]}, 403),
        ("a foreign origin", {"headers": ["Host: localhost", "Origin: http://evil.example"]}, 403),
        ("DELETE", {"method": "DELETE"}, 405), ("healthz", {"path": "/healthz"}, 200),
    ]:
        result.equal(f"status of {name}", ask(port, **arguments)[0], expected)
    flood = Flood(port)
    start = time.monotonic()
    time.sleep(3 if quick else 30)
    flood.end()
    now = time.monotonic()
    result.figure("pages a second in a flood", flood.answers / (now - start))
    result.at_least("share of the camera's frames in all of it", rate(run, "cam", since, now), 0.95)
    # Lingering connections end by themselves.
    time.sleep(2)
    after = (time.monotonic(), time.monotonic() + policy.settle_s)
    time.sleep(policy.settle_s)
    conclude(rig, run, result, {"cam": 0}, before, after)
