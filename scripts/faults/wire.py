#!/usr/bin/env python3
"""A network between a client and a server, on 127.0.0.1: a seeded relay in user space for any protocol over TCP.

usage: wire.py SERVER-PORT [--port PORT] [--seed N] [SETTING=VALUE...]

Prints "ready PORT seed N" once clients can connect. Ends with SIGTERM, or when standard input closes.

Commands on standard input, one a line, each answered with one line:
  set SETTING=VALUE...   changes what follows; `set` without anything restores a good network
  cut                    ends all connections
  stats                  counts as one JSON object

setting   default  meaning
delay     0        milliseconds that everything is late, each way
jitter    0        +- milliseconds, evenly distributed; the order stays
rate      0        kilobits a second, each way, all connections together; 0: no limit
loss      0        % of segments of 1448 bytes that are lost: TCP sends them again after `again` ms, and what follows waits
again     200      milliseconds until a lost segment is there: the least time-out of Linux
hole      0        1: everything both ways vanishes, connections stay open and are accepted without an answer
half      0        1: what the server says vanishes, what the client says arrives
"""
import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
import time

DEFAULTS = dict.fromkeys(["delay", "jitter", "rate", "loss", "again", "hole", "half"], 0.0) | {"again": 200.0}
SEGMENT = 1448
CHUNK = 64 * 1024


class Wire:
    """The settings, the dice, the counts, and when each way is free again."""

    def __init__(self, seed, words):
        self.random = random.Random(seed)
        self.counts = {"connections": 0, "bytes_up": 0, "bytes_down": 0, "lost": 0, "swallowed": 0}
        self.free = {"up": 0.0, "down": 0.0}
        self.writers = set()
        self.set(words)

    def set(self, words):
        settings = dict(DEFAULTS)
        for word in words:
            name, _, value = word.partition("=")
            if name not in DEFAULTS:
                raise ValueError(f"unknown setting: {name}")
            settings[name] = float(value)
        self.settings = settings

    def arrival(self, way, count):
        """When `count` bytes that are sent now have arrived."""
        now, settings = time.monotonic(), self.settings
        begin = max(now, self.free[way])
        if settings["rate"] > 0:
            begin += count * 8 / (settings["rate"] * 1000)
        self.free[way] = begin if settings["rate"] > 0 else now
        late = settings["delay"] + self.random.uniform(-1, 1) * settings["jitter"]
        if settings["loss"] > 0:
            for _ in range(-(-count // SEGMENT)):
                if self.random.random() * 100 < settings["loss"]:
                    self.counts["lost"] += 1
                    late += settings["again"]
        return begin + max(0, late) / 1000

    def swallows(self, way):
        return self.settings["hole"] > 0 or (way == "down" and self.settings["half"] > 0)


async def carry(wire, way, reader, writer):
    """Reads without waiting for what is on its way, as a network does; what it holds is bounded by the queue."""
    queue = asyncio.Queue(maxsize=64)

    async def deliver():
        last = 0.0
        while (item := await queue.get()) is not None:
            due, data = item
            # The order stays.
            last = max(last, due)
            if (wait := last - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            if wire.swallows(way):
                wire.counts["swallowed"] += len(data)
                continue
            writer.write(data)
            await writer.drain()

    task = asyncio.create_task(deliver())
    size = CHUNK
    try:
        while data := await reader.read(size):
            wire.counts[f"bytes_{way}"] += len(data)
            # A slow line gives what it has piece by piece.
            size = max(SEGMENT, min(CHUNK, int(wire.settings["rate"] * 125 * 0.02))) if wire.settings["rate"] else CHUNK
            await queue.put((wire.arrival(way, len(data)), data))
        await queue.put(None)
        await task
        if writer.can_write_eof():
            writer.write_eof()
    except (OSError, asyncio.CancelledError):
        task.cancel()
        writer.close()


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", type=int)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("settings", nargs="*")
    options = parser.parse_args()
    wire = Wire(options.seed, options.settings)
    tasks = set()

    async def accept(reader, writer):
        wire.counts["connections"] += 1
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", options.server)
        except OSError:
            writer.close()
            return
        pair = {writer, up_writer}
        wire.writers |= pair
        ways = [carry(wire, "up", reader, up_writer), carry(wire, "down", up_reader, writer)]
        running = [asyncio.create_task(way) for way in ways]
        tasks.update(running)
        # At the end all of them are cancelled, and this with them.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*running, return_exceptions=True)
        tasks.difference_update(running)
        wire.writers -= pair
        for each in pair:
            each.close()

    server = await asyncio.start_server(accept, "127.0.0.1", options.port)
    print(f"ready {server.sockets[0].getsockname()[1]} seed {options.seed}", flush=True)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)

    async def obey():
        while line := (await commands.readline()).decode().split():
            try:
                if line[0] == "set":
                    wire.set(line[1:])
                    answer = "ok"
                elif line[0] == "cut":
                    for writer in list(wire.writers):
                        writer.transport.abort()
                    answer = "ok"
                elif line[0] == "stats":
                    answer = json.dumps(wire.counts)
                else:
                    answer = f"unknown command: {line[0]}"
            except ValueError as error:
                answer = str(error)
            print(answer, flush=True)
        over.set()

    tasks.add(asyncio.create_task(obey()))
    await over.wait()
    for task in tasks:
        task.cancel()
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
