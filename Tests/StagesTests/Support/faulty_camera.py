#!/usr/bin/python3
"""An RTSP camera with faults, for tests, on 127.0.0.1 only: sends one H.264 stream (Annex B, an access unit delimiter
before each picture) as RTP, over UDP or TCP, with seeded losses, repetitions and changes of order.

usage: faulty_camera.py FILE [FILE ...] [options]

Each connection is sent the next FILE, the last one again and again. Prints "ready URL" once clients can connect and ends
when standard input closes. Needs nothing beside Python.
"""
import argparse
import base64
import os
import random
import socket
import struct
import sys
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("files", nargs="+")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--fps", type=float, default=25, help="as the time stamps say")
parser.add_argument("--pace", type=float, default=25, help="pictures a second as they are sent")
parser.add_argument("--loops", type=int, default=1, help="how often a connection is sent its file; 0 for ever")
parser.add_argument("--transports", default="tcp,udp", help="what SETUP agrees to, of tcp, udp and multicast")
parser.add_argument("--group", default="239.255.77.7", help="where multicast goes")
parser.add_argument("--payload", type=int, default=1000, help="bytes of H.264 in an RTP packet")
parser.add_argument("--loss", type=float, default=0, help="part of the packets that are not sent")
parser.add_argument("--duplicate", type=float, default=0, help="part of the packets that are sent twice")
parser.add_argument("--reorder", type=float, default=0, help="part of the packets that change places with the next")
parser.add_argument("--drop-pictures", default="", help="pictures (counted from 0) that are left out, as 3,17")
parser.add_argument("--jump", default="", help="PICTURE:SECONDS, the time stamps jump there, as 20:-100")
parser.add_argument("--stamps", default="", help="twice:N, back:N:MILLISECONDS (each N-th picture) or frozen")
parser.add_argument("--lose", default="", help="the first RTP packet of these pictures (counted from 0) is not sent, as 3,17")
parser.add_argument("--refuse", default="", help="METHOD:STATUS, the answer to the first such request, as SETUP:453 Busy")
parser.add_argument("--digest", default="", help="algorithms that 401 offers in place of Basic, as MD5,SHA-256")
parser.add_argument("--silent-after", type=int, default=0, help="sends so many pictures and then nothing")
parser.add_argument("--password", default="", help="of the user 'viewer'")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
refusals = [options.refuse.split(":", 1)] if options.refuse else []


def pictures(path):
    """The NAL units of each picture, without start codes and without the delimiters."""
    found = []
    for unit in open(path, "rb").read().replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        if unit[0] & 31 == 9:
            found.append([])
        elif found:
            found[-1].append(unit)
    return found


def payloads(units):
    """RFC 6184: single NAL units and FU-A fragments; the last of a picture is marked."""
    result = []
    for unit in units:
        if len(unit) <= options.payload:
            result.append(unit)
            continue
        indicator, kind, rest = unit[0] & 0xE0 | 28, unit[0] & 31, unit[1:]
        parts = [rest[i : i + options.payload] for i in range(0, len(rest), options.payload)]
        for index, part in enumerate(parts):
            edge = (0x80 if index == 0 else 0) | (0x40 if index == len(parts) - 1 else 0)
            result.append(bytes([indicator, kind | edge]) + part)
    return [(payload, index == len(result) - 1) for index, payload in enumerate(result)]


tunnels, tunnels_changed = {}, threading.Condition()


class Client(threading.Thread):
    def __init__(self, connection, film, dice):
        super().__init__(daemon=True)
        self.connection, self.film, self.dice = connection, film, dice
        self.udp = None
        self.playing = False
        self.incoming, self.encoded = None, b""

    def run(self):
        try:
            self.serve()
        except OSError:
            pass
        self.playing = False
        self.connection.close()

    def serve(self):
        buffer = self.tunnel()
        while True:
            while b"\r\n\r\n" not in buffer:
                if buffer[:1] == b"$" and len(buffer) >= 4:
                    size = 4 + struct.unpack(">H", buffer[2:4])[0]
                    if len(buffer) >= size:
                        buffer = buffer[size:]
                        continue
                more = self.requests()
                if not more:
                    return
                buffer += more
            head, buffer = buffer.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            fields = {k.strip().lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:] if ":" in line)}
            self.answer(lines[0].split()[0], fields)

    def tunnel(self):
        """RTSP through HTTP: answers go out on the connection of a GET, requests come in Base64 on that of a POST."""
        first = self.connection.recv(65536)
        if not first.startswith((b"GET ", b"POST ")):
            return first
        cookie = first.lower().split(b"x-sessioncookie:")[1].split(b"\r\n")[0].strip()
        with tunnels_changed:
            if first.startswith(b"POST "):
                tunnels[cookie] = self.connection, first.split(b"\r\n\r\n", 1)[1]
                tunnels_changed.notify_all()
                self.connection = self.connection.dup()
                raise OSError("the other half reads on")
            self.connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n")
            while cookie not in tunnels:
                tunnels_changed.wait()
            self.incoming, begun = tunnels.pop(cookie)
        self.encoded = begun
        return self.decoded()

    def decoded(self):
        whole = len(self.encoded) // 4 * 4
        text, self.encoded = self.encoded[:whole], self.encoded[whole:]
        # Each request ends with padding of its own.
        return b"".join(base64.b64decode(text[i : i + 4]) for i in range(0, whole, 4))

    def requests(self):
        if self.incoming is None:
            return self.connection.recv(65536)
        while True:
            more = self.incoming.recv(65536)
            if not more:
                return b""
            self.encoded += more
            request = self.decoded()
            if request:
                return request

    def reply(self, fields, status="200 OK", extra=(), body=""):
        lines = [f"RTSP/1.0 {status}", f"CSeq: {fields.get('cseq', '0')}", "Session: 1;timeout=60", *extra]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def answer(self, method, fields):
        if refusals and refusals[0][0] == method:
            return self.reply(fields, refusals.pop()[1])
        word = "Basic " + base64.b64encode(f"viewer:{options.password}".encode()).decode()
        if options.password and method != "OPTIONS" and fields.get("authorization") != word:
            print("refused" if "authorization" in fields else "asked", flush=True)
            digests = [f'WWW-Authenticate: Digest realm="camera", nonce="1", algorithm="{a}"' for a in options.digest.split(",") if a]
            return self.reply(fields, "401 Unauthorized", digests or ['WWW-Authenticate: Basic realm="camera"'])
        if method == "DESCRIBE":
            media = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
            media += "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
            sets = [u for p in self.film[:1] for u in p if u[0] & 31 in (7, 8)]
            words = ",".join(base64.b64encode(u).decode() for u in sets)
            media += f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={words}\r\n"
            return self.reply(fields, extra=["Content-Type: application/sdp"], body=media)
        if method == "SETUP":
            transport = fields.get("transport", "")
            is_tcp = "TCP" in transport
            kind = "tcp" if is_tcp else "multicast" if "multicast" in transport else "udp"
            if kind not in options.transports.split(","):
                return self.reply(fields, "461 Unsupported Transport")
            if kind == "multicast":
                self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self.udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
                port = 20000 + 2 * (os.getpid() % 20000)
                self.udp.connect((options.group, port))
                line = f"Transport: RTP/AVP;multicast;destination={options.group};port={port}-{port + 1};ttl=1"
                return self.reply(fields, extra=[line])
            if is_tcp:
                return self.reply(fields, extra=["Transport: RTP/AVP/TCP;unicast;interleaved=0-1"])
            ports = transport.split("client_port=")[1].split(";")[0]
            self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.udp.bind(("127.0.0.1", 0))
            self.udp.connect(("127.0.0.1", int(ports.split("-")[0])))
            own = self.udp.getsockname()[1]
            line = f"Transport: RTP/AVP;unicast;client_port={ports};server_port={own}-{own + 1}"
            return self.reply(fields, extra=[line])
        if method == "PLAY":
            self.reply(fields, extra=["Range: npt=0-"])
            self.playing = True
            return threading.Thread(target=self.play, daemon=True).start()
        self.reply(fields, extra=["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"])

    def send(self, packet):
        if self.udp:
            try:
                self.udp.send(packet)
            except ConnectionRefusedError:
                pass
        else:
            self.connection.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)

    def play(self):
        try:
            self.send_pictures()
        except OSError:
            pass
        if self.playing and not options.silent_after:
            self.connection.shutdown(socket.SHUT_RDWR)

    def send_pictures(self):
        number, count, offset, held, begin = 1000, 0, 0, None, time.monotonic()
        left_out = {int(n) for n in options.drop_pictures.split(",") if n}
        lost = {int(n) for n in options.lose.split(",") if n}
        jump = options.jump.split(":") if options.jump else None
        loop = 0
        while options.loops == 0 or loop < options.loops:
            loop += 1
            for units in self.film:
                if jump and count == int(jump[0]):
                    offset = float(jump[1])
                moment = count / options.fps + offset
                kind = options.stamps.split(":")
                if kind[0] == "frozen":
                    moment = 7
                elif kind[0] == "twice" and count % int(kind[1]) == int(kind[1]) - 1:
                    moment -= 1 / options.fps
                elif kind[0] == "back" and count % int(kind[1]) == int(kind[1]) - 1:
                    moment -= 1 / options.fps + float(kind[2]) / 1000
                stamp = int(moment * 90000) % 2**32
                for index, (payload, marked) in enumerate(payloads(units)):
                    packet = struct.pack(">BBHII", 0x80, 96 | (0x80 if marked else 0), number % 65536, stamp, 7) + payload
                    if count in left_out:
                        # Left out before it was numbered, as a server does that cannot keep up.
                        continue
                    number += 1
                    if self.dice.random() < options.loss or index == 0 and count in lost:
                        continue
                    if held is None and self.dice.random() < options.reorder:
                        held = packet
                        continue
                    self.send(packet)
                    if self.dice.random() < options.duplicate:
                        self.send(packet)
                    if held is not None:
                        self.send(held)
                        held = None
                count += 1
                if options.silent_after and count >= options.silent_after:
                    return
                time.sleep(max(0, begin + count / options.pace - time.monotonic()))
                if not self.playing:
                    return


films = [pictures(path) for path in options.files]
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", options.port))
listener.listen(8)


def accept():
    count = 0
    while True:
        connection, _ = listener.accept()
        Client(connection, films[min(count, len(films) - 1)], random.Random(options.seed + count)).start()
        count += 1


threading.Thread(target=accept, daemon=True).start()
print(f"ready rtsp://127.0.0.1:{listener.getsockname()[1]}/cam", flush=True)
while os.read(0, 4096):
    pass
