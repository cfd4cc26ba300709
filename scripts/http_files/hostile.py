"""Clients that mean harm, as raw sockets, while a camera's frames are counted."""
import contextlib
import selectors
import time

from service import RATE, read_all, status

SLOW_HEADS = 500
HUGE = 1 << 30


def slow_head_problems(service):
    """Heads that come in a byte at a time: each is refused in time, and others are answered meanwhile."""
    selector, open_ones, statuses, waits = selectors.DefaultSelector(), {}, [], []
    begin = time.monotonic()
    for number in range(SLOW_HEADS):
        with contextlib.suppress(OSError):
            one = service.connect(f"127.0.1.{number % 200 + 1}")
            one.settimeout(2)
            selector.register(one, selectors.EVENT_READ)
            open_ones[one] = 0
    text, last = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200, 0.0
    while open_ones and time.monotonic() - begin < 40:
        for key, _ in selector.select(0.1):
            selector.unregister(key.fileobj)
            statuses.append(status(read_all(key.fileobj)))
            key.fileobj.close()
            del open_ones[key.fileobj]
        if time.monotonic() - last > 0.5:
            last = time.monotonic()
            for one, sent in open_ones.items():
                with contextlib.suppress(OSError):
                    one.sendall(text[sent:sent + 1])
                open_ones[one] = sent + 1
            asked = time.monotonic()
            if service.get("/healthz")[0] != 200:
                yield "slow heads: another client was not answered"
            waits.append(time.monotonic() - asked)
    for one in open_ones:
        one.close()
    if open_ones:
        yield f"slow heads: {len(open_ones)} of {SLOW_HEADS} connections were still open after 40 s"
    # One that makes room for another can be reset while its client still sends.
    if statuses.count(408) < 0.9 * SLOW_HEADS or set(statuses) - {408, 0}:
        counts = {value: statuses.count(value) for value in sorted(set(statuses))}
        yield f"slow heads: answers by status (0: none): {counts}, expected 408"
    if max(waits, default=0) > 3:
        yield f"slow heads: another client waited for {max(waits):.1f} s"


def silent_problems(service):
    """Connections that say nothing, not even hello of TLS."""
    ones = [service.connect("127.0.0.3", handshake=False) for _ in range(20)]
    end = time.monotonic() + 10
    for one in ones:
        one.settimeout(max(0.1, end - time.monotonic()))
        try:
            while one.recv(4096):
                pass
        except TimeoutError:
            yield "a connection that said nothing was still open after 10 s"
            break
        except OSError:
            pass
    for one in ones:
        one.close()


def huge_body_problems(service):
    memory = service.memory_mb()
    for name, head, chunk in [
        ("a length of 1 GB", b"Content-Length: %d" % HUGE, b"x" * 65536),
        ("chunks without end", b"Transfer-Encoding: chunked", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ]:
        with contextlib.closing(service.connect("127.0.0.4")) as one:
            one.settimeout(2)
            one.sendall(b"POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + head + b"\r\n\r\n")
            sent = 0
            with contextlib.suppress(OSError):
                while sent < 64 << 20:
                    one.sendall(chunk)
                    sent += len(chunk)
            if (found := status(read_all(one))) != 413:
                yield f"{name}: {found} (0: no answer), expected 413"
            if sent >= 64 << 20:
                yield f"{name}: the service took 64 MB of it"
    if service.memory_mb() > memory + 32:
        yield f"huge bodies: memory grew from {memory:.0f} to {service.memory_mb():.0f} MB"


def refusal_problems(service):
    def request(line, *fields, token=service.admin, body=b""):
        lines = [f"{line} HTTP/1.1", *fields]
        if not any(field.startswith("Host:") for field in fields):
            lines.append("Host: localhost")
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    session = b'{"token": "ep_wrong"}'
    rows = [
        (404, request("GET /..%2f..%2f..%2fetc/passwd")), (404, request("GET /v1/pipelines/..%2f..%2fstate/log")),
        (404, request("GET /v1/pipelines/%2e%2e/report")), (404, request("GET /v1/../../etc/passwd")),
        (400, request("POST /v1/models/..%2f..%2fx/pull")),
        (400, request("POST /v1/pipelines", body=b'{"name": "../x", "template": "zones"}')),
        (403, request("GET /v1/pipelines", "Host: evil.example")),
        (403, request("GET /healthz", "Host: evil.example", token=None)),
        (403, request("GET /v1/pipelines", "Host: localhost", "Host: evil.example")),
        (403, request("GET /v1/pipelines", "Origin: https://evil.example")),
        (403, request("POST /v1/pipelines/kept/stop", "Origin: null")),
        (403, request("POST /v1/pipelines/kept/stop", token=service.viewer)),
        (401, request("GET /v1/pipelines", token=None)), (401, request("POST /v1/pipelines/kept/stop", token=None)),
        (401, request("GET /v1/pipelines", token="ep_wrong")), (401, request("POST /v1/session", token=None, body=session)),
        (405, request("TRACE /v1/pipelines")), (415, request("POST /v1/session", "Content-Length: 2") + b"{}"),
        (400, b"nonsense\r\n\r\n"), (400, request("GET /healthz", "X: " + "x" * 9000)),
        (400, request("GET /healthz", *[f"X{number}: x" for number in range(200)])),
    ]
    for expected, text in rows:
        found = service.ask(text)
        # The client can still be sending when what is no HTTP is refused.
        if found != expected:
            yield f"{text[:60]!r}: {found} (0: no answer), expected {expected}"
    guesses = [service.ask(request("GET /v1/session", token=f"ep_{number}"), "127.0.0.5") for number in range(40)]
    if 429 not in guesses or set(guesses) - {401, 429}:
        yield f"guessing tokens: {sorted(set(guesses))}, expected 401 and then 429"
    many = [service.ask(request("GET /healthz", token=None), "127.0.0.6") for _ in range(20)]
    if set(many) != {200}:
        yield f"another client was refused with those who guess: {sorted(set(many))}"
    with contextlib.closing(service.connect("127.0.0.7")) as one:
        one.sendall(400 * request("GET /healthz", token=None))
        one.settimeout(10)
        data = b""
        with contextlib.suppress(OSError):
            while data.count(b"HTTP/1.1 ") < 400 and (chunk := one.recv(65536)):
                data += chunk
        if b"HTTP/1.1 429 " not in data:
            yield f"400 requests at once: {data.count(b'HTTP/1.1 200 ')} were answered, expected 429 for some"


def problems(service):
    run, begin, frames = service.pipeline("kept"), time.monotonic(), service.delivered("kept")
    for part in (slow_head_problems, silent_problems, huge_body_problems, refusal_problems):
        yield from part(service)
    seconds, frames = time.monotonic() - begin, service.delivered("kept") - frames
    if frames < 0.95 * RATE * seconds - 1:
        yield f"the camera lost frames: {frames} in {seconds:.1f} s, expected {RATE * seconds:.0f}"
    if (now := service.pipeline("kept"))["pid"] != run["pid"]:
        yield f"the run was lost: {now}"
    for code in (400, 401, 403, 404, 405, 408, 413, 415, 429):
        if not service.refused(code):
            yield f"/metrics counts no refusal with {code}"
