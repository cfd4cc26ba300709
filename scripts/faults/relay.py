#!/usr/bin/env python3
"""A bad network between an RTSP client and its server, on 127.0.0.1: a seeded relay in user space, for TCP and UDP.

usage: relay.py SERVER-PORT [--port PORT] [--seed N] [SETTING=VALUE...]

Prints "ready PORT seed N" once clients can connect. It understands as much of RTSP as it needs: over TCP it handles
whole messages and whole interleaved packets; for UDP it puts ports of its own into SETUP and its answer. Ends with
SIGTERM, or when standard input closes.

Commands on standard input, one a line, each answered with one line:
  set SETTING=VALUE...   changes what follows; `set` without anything restores a good network
  cut                    ends all connections
  stats                  counts as one JSON object; `opened` holds the instant of each connection, on the monotonic clock

setting   default  meaning
delay     0        milliseconds that everything from the server is late
jitter    0        +- milliseconds, evenly distributed; the order stays: to change it is a setting of its own
reorder   0        % of media packets that one to three later ones overtake
duplicate 0        % of media packets sent twice
loss      0        % of media packets that are lost
corrupt   0        % of media packets of whose payload one byte is wrong
hole      0        1: everything both ways vanishes, connections stay open and are accepted without an answer
ts        0        added to the time stamps of the media packets, in units of 1/90000 s, modulo 2^32
wrap      0        when set, time stamps of new connections wrap around after so many seconds
"""
import argparse
import asyncio
import collections
import json
import random
import re
import signal
import socket
import sys
import time

DEFAULTS = dict.fromkeys(["delay", "jitter", "reorder", "duplicate", "loss", "corrupt", "hole", "ts", "wrap"], 0.0)
COUNTERS = ["packets", "lost", "duplicated", "reordered", "corrupted", "swallowed"]


class Network:
    """The settings, the dice and the counts that all connections share."""

    def __init__(self, seed, settings):
        self.random = random.Random(seed)
        self.settings = dict(DEFAULTS)
        self.counts = dict.fromkeys(COUNTERS, 0)
        self.opened = []
        self.set(settings)

    def set(self, words):
        if not words:
            self.settings = dict(DEFAULTS)
        for word in words:
            name, _, value = word.partition("=")
            if name not in DEFAULTS:
                raise ValueError(f"unknown setting: {name}")
            self.settings[name] = float(value)

    def happens(self, name, counter):
        happens = self.random.random() * 100 < self.settings[name]
        self.counts[counter] += happens
        return happens

    @property
    def is_hole(self):
        return self.settings["hole"] > 0

    def delay(self):
        """Seconds."""
        spread = self.settings["jitter"]
        return max(0.0, self.settings["delay"] + self.random.uniform(-spread, spread)) / 1000

    def altered(self, packet, offset):
        """An RTP packet as it arrives: time stamp and payload may be others."""
        offset += int(self.settings["ts"])
        if len(packet) < 13 or not (offset or self.settings["corrupt"]):
            return packet
        packet = bytearray(packet)
        if offset:
            stamp = (int.from_bytes(packet[4:8], "big") + offset) % (1 << 32)
            packet[4:8] = stamp.to_bytes(4, "big")
        if self.happens("corrupt", "corrupted"):
            packet[self.random.randrange(12, len(packet))] ^= self.random.randrange(1, 256)
        return bytes(packet)


class Lane:
    """One direction of one flow of packets: `send` is called with each at its time."""

    def __init__(self, network, send):
        self.network, self.send = network, send
        self.loop = asyncio.get_running_loop()
        self.travelling = collections.deque()  # (due, packet)
        self.held = []  # [packets that must still pass, packet]
        self.wrap_offset = None

    def media(self, packet, rewrap=lambda packet: packet):
        network = self.network
        network.counts["packets"] += 1
        if network.is_hole:
            network.counts["swallowed"] += 1
            return
        if network.happens("loss", "lost"):
            return
        if self.wrap_offset is None:
            before = int(network.settings["wrap"] * 90000)
            self.wrap_offset = -int.from_bytes(packet[4:8], "big") - before if before else 0
        packet = rewrap(network.altered(packet, self.wrap_offset))
        copies = 2 if network.happens("duplicate", "duplicated") else 1
        if network.happens("reorder", "reordered"):
            self.held.append([network.random.randint(1, 3), packet])
            copies -= 1
        for _ in range(copies):
            self.late(packet)
        passed, self.held = self.held, []
        for item in passed:
            item[0] -= 1
            if item[0] < 0:
                self.late(item[1])
            else:
                self.held.append(item)

    def late(self, packet):
        """Puts a packet on its way. What was sent before it arrives before it."""
        due = self.loop.time() + self.network.delay()
        if self.travelling:
            self.travelling.append((max(due, self.travelling[-1][0]), packet))
        elif due <= self.loop.time():
            self.send(packet)
        else:
            self.travelling.append((due, packet))
            self.loop.call_at(due, self.arrive)

    def arrive(self):
        while self.travelling and self.travelling[0][0] <= self.loop.time():
            self.send(self.travelling.popleft()[1])
        if self.travelling:
            self.loop.call_at(self.travelling[0][0], self.arrive)

    def control(self, message):
        if self.network.is_hole:
            self.network.counts["swallowed"] += 1
        else:
            self.late(message)


class UDPPair(asyncio.DatagramProtocol):
    """Two neighbouring ports (RTP, RTCP) that stand between the client's two and the server's two."""

    def __init__(self, network, client_ports):
        self.network, self.client_ports = network, client_ports
        self.server_ports = None
        self.transports, self.lanes = [None, None], []

    async def open(self):
        loop = asyncio.get_running_loop()
        for _ in range(50):
            pair = []
            try:
                for port in (0, 0):
                    number = pair[0].getsockname()[1] + 1 if pair else port
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    pair.append(one)
                    one.bind(("127.0.0.1", number))
                if pair[0].getsockname()[1] % 2:
                    raise OSError("RTP needs an even port")
            except OSError:
                for one in pair:
                    one.close()
                continue
            for index, one in enumerate(pair):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
                self.transports[index], _ = await loop.create_datagram_endpoint(lambda index=index: _UDPEnd(self, index), sock=one)
                self.lanes.append(Lane(self.network, lambda data, index=index: self.to_client(index, data)))
            self.port = pair[0].getsockname()[1]
            return self
        raise OSError("no free pair of UDP ports")

    def to_client(self, index, data):
        if not self.transports[index].is_closing():
            self.transports[index].sendto(data, ("127.0.0.1", self.client_ports[index]))

    def received(self, index, data, port):
        if self.server_ports and port == self.server_ports[index]:
            if index == 0:
                self.lanes[0].media(data)
            else:
                self.lanes[1].control(data)
        elif self.server_ports and port == self.client_ports[index] and not self.network.is_hole:
            self.transports[index].sendto(data, ("127.0.0.1", self.server_ports[index]))

    def close(self):
        for transport in self.transports:
            if transport:
                transport.close()


class _UDPEnd(asyncio.DatagramProtocol):
    def __init__(self, pair, index):
        self.pair, self.index = pair, index

    def datagram_received(self, data, address):
        self.pair.received(self.index, data, address[1])


class Connection:
    """One client's TCP connection and what belongs to it."""

    def __init__(self, network, server_port):
        self.network, self.server_port = network, server_port
        self.pairs = []  # UDP, in the order of the SETUPs
        self.waiting = []  # pairs whose SETUP is not answered yet

    async def run(self, reader, writer):
        self.network.opened.append(time.monotonic())
        writers = [writer]
        try:
            while self.network.is_hole:  # accepted by the kernel, and no more
                await asyncio.sleep(0.05)
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
            writers.append(server_writer)
            down = Lane(self.network, lambda data: self.write(writer, data))
            up = Lane(self.network, lambda data: self.write(server_writer, data))
            pumps = [asyncio.create_task(self.pump(server_reader, down, True)),
                     asyncio.create_task(self.pump(reader, up, False))]
            _, rest = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in rest:
                pump.cancel()
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            for one in writers:
                one.transport.abort() if self.network.is_hole else one.close()
            for pair in self.pairs:
                pair.close()

    @staticmethod
    def write(writer, data):
        if not writer.is_closing():
            writer.write(data)

    async def pump(self, reader, lane, from_server):
        """Whole RTSP messages and whole interleaved packets, until the sender ends."""
        try:
            while first := await reader.read(1):
                if first == b"$":
                    head = await reader.readexactly(3)
                    packet = await reader.readexactly(int.from_bytes(head[1:], "big"))
                    # Even channels carry RTP, odd ones RTCP.
                    if from_server and head[0] % 2 == 0:
                        lane.media(packet, lambda packet, head=head: b"$" + head + packet)
                    elif not self.network.is_hole:
                        lane.late(b"$" + head + packet)
                else:
                    message = first + await reader.readuntil(b"\r\n\r\n")
                    length = re.search(rb"(?im)^content-length:\s*(\d+)", message)
                    body = await reader.readexactly(int(length[1])) if length else b""
                    head = await (self.answer(message) if from_server else self.request(message))
                    if from_server:
                        lane.control(head + body)
                    elif not self.network.is_hole:
                        lane.send(head + body)
        except (OSError, asyncio.IncompleteReadError):
            pass
        # An end inside a hole is as invisible as everything else.
        while self.network.is_hole:
            await asyncio.sleep(0.05)

    async def request(self, message):
        """The client's message with our ports in its SETUP."""
        ports = re.search(rb"client_port=(\d+)-(\d+)", message)
        if not message.startswith(b"SETUP") or not ports:
            return message
        pair = await UDPPair(self.network, (int(ports[1]), int(ports[2]))).open()
        self.pairs.append(pair)
        self.waiting.append(pair)
        return message.replace(ports[0], b"client_port=%d-%d" % (pair.port, pair.port + 1))

    async def answer(self, message):
        ports = re.search(rb"server_port=(\d+)-(\d+)", message)
        if not ports or not self.waiting:
            return message
        pair = self.waiting.pop(0)
        pair.server_ports = (int(ports[1]), int(ports[2]))
        message = re.sub(rb"client_port=\d+-\d+", b"client_port=%d-%d" % pair.client_ports, message)
        return message.replace(ports[0], b"server_port=%d-%d" % (pair.port, pair.port + 1))


async def serve(options):
    network = Network(options.seed, options.settings)
    tasks = set()

    async def accept(reader, writer):
        task = asyncio.current_task()
        tasks.add(task)
        try:
            await Connection(network, options.server_port).run(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", options.port, limit=1 << 20)
    port = server.sockets[0].getsockname()[1]
    print(f"ready {port} seed {options.seed}", flush=True)
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        try:
            match line:
                case ["set", *settings]:
                    network.set(settings)
                    answer = ""
                case ["cut"]:
                    for task in list(tasks):
                        task.cancel()
                    answer = ""
                case ["stats"]: answer = json.dumps({**network.counts, "opened": network.opened, "open": len(tasks)})
                case _: raise ValueError(f"unknown command: {' '.join(line)}")
            print("ok", answer, flush=True)
        except ValueError as error:
            print("error", error, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server_port", type=int)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("settings", nargs="*", metavar="SETTING=VALUE")
    options = parser.parse_intermixed_args()
    # The parent process may have blocked the signals that end it.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    asyncio.run(serve(options))


main()
