#!/usr/bin/python3
"""A real RTSP server (GStreamer's) on 127.0.0.1 for tests: a camera that can be told to misbehave while it serves.

usage: /usr/bin/python3 rtsp_server.py [NAME=]FILE... [--port PORT] [--fps 30] [--user NAME --password WORD]
           [--udp-ports FROM-TO] [--mtu BYTES] [--tls CERTIFICATE KEY] [--log FILE]

Each FILE is served as rtsp://127.0.0.1:PORT/NAME, over TCP and UDP, to each client from its start.
- .h264 and .h265: raw Annex B without B-frames, with access unit delimiters; played in real time again and again without a
  gap, each frame on an absolute schedule, so that the rate does not drift. A client's PLAY is answered with a key frame.
- .mp4: played once, paced by its own times; the stream ends after it.

--log writes a line for every frame that is sent: mount, client, place in the file, wall-clock nanoseconds.

Prints "ready URL" (one URL a mount) once clients can connect; without --port the system chooses a free one. Ends with
SIGTERM, or when standard input closes, so that it never outlives the test that started it.

Commands on standard input, one a line; each is answered with one line, "ok ..." or "error ...":
  password WORD     the password accepted from now on; connected clients stay
  swap NAME FILE    serves FILE: clients of the same codec get it mid-stream, from its key frame on; new ones always
  drop              ends all connections
  pause | resume    holds every frame back, connections stay | goes on from the key frame, as after a stall
  close | open      stops listening and ends all connections | listens on the same port again
  clients           how many clients are connected, and how many have ever connected

needs (scripts/setup --tests): gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-bad;
for --tls also glib-networking
"""
import argparse
import os
import signal
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402

CODECS = {
    # Extension: caps, parser and payloader, the start of an access unit delimiter.
    ".h264": ("video/x-h264", "h264parse ! rtph264pay", b"\0\0\0\1\x09"),
    ".h265": ("video/x-h265", "h265parse ! rtph265pay", b"\0\0\0\1\x46"),
}


def access_units(path):
    """The file cut at its access unit delimiters."""
    delimiter = CODECS[os.path.splitext(path)[1]][2]
    with open(path, "rb") as file:
        data = file.read()
    starts, at = [], data.find(delimiter)
    while at >= 0:
        starts.append(at)
        at = data.find(delimiter, at + len(delimiter))
    if not starts:
        raise ValueError(f"{path} contains no access unit delimiters: encode it with scripts/faults/clips.py")
    return [data[a:b] for a, b in zip(starts, starts[1:] + [len(data)])]


class Mount:
    """One address and the file behind it."""

    def __init__(self, name, path, options):
        self.name, self.options, self.feeders = name, options, {}
        self.factory = GstRtspServer.RTSPMediaFactory()
        self.factory.set_shared(False)
        self.factory.connect("media-configure", self.configure)
        self.units = []
        self.serve(path)

    def serve(self, path):
        path = os.path.abspath(path)
        if not os.path.isfile(path) or '"' in path:
            raise ValueError(f"no such file, or a name that cannot be quoted: {path}")
        self.extension = os.path.splitext(path)[1]
        if self.extension == ".mp4":
            launch = f'filesrc location="{path}" ! qtdemux ! h264parse ! rtph264pay'
        elif self.extension in CODECS:
            caps, elements, _ = CODECS[self.extension]
            self.units = access_units(path)
            launch = ("appsrc name=frames format=time is-live=true block=false max-bytes=0 "
                      f"caps={caps},stream-format=byte-stream,alignment=au ! {elements}")
        else:
            raise ValueError(f"not .h264, .h265 or .mp4: {path}")
        # Once a second, not -1: that puts the parameter sets before each slice of a key frame, which FFmpeg takes for the
        # start of another picture.
        self.factory.set_launch(f"( {launch} name=pay0 pt=96 mtu={self.options.mtu} config-interval=1 )")
        for feeder in list(self.feeders.values()):
            if feeder.extension == self.extension:
                feeder.swap(self.units)

    def configure(self, _, media):
        if self.extension == ".mp4":
            return
        feeder = Feeder(media, self.units, self.extension, self.options.fps, self.name)
        self.feeders[hash(media)] = feeder

        def unprepared(media):
            feeder.stop()
            self.feeders.pop(hash(media), None)

        media.connect("unprepared", unprepared)


class Feeder(threading.Thread):
    """Pushes one access unit a frame time to one client's appsrc, indefinitely."""

    running = threading.Event()  # cleared: every feeder pauses
    log = None  # a file that takes a line for each frame
    count = 0

    def __init__(self, media, units, extension, fps, name):
        super().__init__(daemon=True)
        Feeder.count += 1
        self.label = f"{name} {Feeder.count}"
        self.appsrc = media.get_element().get_by_name_recurse_up("frames")
        self.units, self.extension, self.period = units, extension, Gst.SECOND / fps
        self.index, self.ended = 0, False
        self.lock = threading.Lock()
        self.start()

    def swap(self, units):
        with self.lock:
            self.units, self.index = units, 0

    def restart(self):
        """Goes on with the file's first frame, a key frame."""
        with self.lock:
            self.index = 0

    def stop(self):
        self.ended = True

    def run(self):
        start, n = time.monotonic(), 0
        while not self.ended:
            due = start + n * self.period / Gst.SECOND
            delay = due - time.monotonic()
            if delay > 0:
                time.sleep(delay)
            if not Feeder.running.is_set():
                Feeder.running.wait()
                n = int((time.monotonic() - start) * Gst.SECOND / self.period) + 1
                self.restart()
                continue
            with self.lock:
                place = self.index % len(self.units)
                unit = self.units[place]
                self.index += 1
            if Feeder.log:
                Feeder.log.write(f"{self.label} {place} {time.time_ns()}\n")
            buffer = Gst.Buffer.new_wrapped(unit)
            buffer.pts = buffer.dts = int(n * self.period)
            buffer.duration = int(self.period)
            n += 1
            if self.appsrc.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return


class Server:
    def __init__(self, options):
        self.options, self.connected, self.seen, self.clients = options, 0, 0, set()
        self.server = GstRtspServer.RTSPServer()
        self.server.set_address("127.0.0.1")
        self.server.set_service(options.port)
        self.server.connect("client-connected", self.client_connected)
        self.auth, self.basic = None, None
        if options.user or options.tls:
            self.auth = GstRtspServer.RTSPAuth()
            self.server.set_auth(self.auth)
        if options.tls:
            self.auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*options.tls))
        self.mounts = {}
        for place in options.files:
            name, _, path = place.rpartition("=")
            self.add(name or "cam", path)
        if options.user:
            self.password(options.password)
        self.open()

    def add(self, name, path):
        mount = Mount(name, path, self.options)
        if self.options.user or self.options.tls:
            permissions = GstRtspServer.RTSPPermissions()
            for role in ["viewer"] if self.options.user else ["viewer", "anonymous"]:
                permissions.add_permission_for_role(role, "media.factory.access", True)
                permissions.add_permission_for_role(role, "media.factory.construct", True)
            mount.factory.set_permissions(permissions)
        if self.options.udp_ports:
            first, last = map(int, self.options.udp_ports.split("-"))
            pool = GstRtspServer.RTSPAddressPool()
            pool.add_range("0.0.0.0", "0.0.0.0", first, last, 0)
            mount.factory.set_address_pool(pool)
        self.server.get_mount_points().add_factory("/" + name, mount.factory)
        self.mounts[name] = mount

    def password(self, word):
        if self.basic:
            self.auth.remove_basic(self.basic)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        self.basic = GstRtspServer.RTSPAuth.make_basic(self.options.user, word)
        self.auth.add_basic(self.basic, token)

    def client_connected(self, _, client):
        self.seen += 1
        self.clients.add(client)
        client.connect("closed", self.clients.discard)
        client.connect("play-request", self.played)

    def played(self, _, context):
        for mount in self.mounts.values():
            feeder = mount.feeders.get(hash(context.media)) if context.media else None
            if feeder:
                feeder.restart()

    def open(self):
        self.source = self.server.attach(None)
        if not self.source:
            sys.exit(f"rtsp_server.py: cannot listen on port {self.options.port}")
        # The next time it opens, it opens here.
        self.server.set_service(str(self.port))

    @property
    def port(self):
        return self.server.get_bound_port() if self.source else int(self.server.get_service())

    @property
    def urls(self):
        scheme = "rtsps" if self.options.tls else "rtsp"
        return [f"{scheme}://127.0.0.1:{self.server.get_bound_port()}/{name}" for name in self.mounts]

    def drop(self):
        for client in list(self.clients):
            client.close()

    def obey(self, words):
        match words:
            case ["password", word] if self.options.user: self.password(word)
            case ["swap", name, path]: self.mounts[name].serve(path)
            case ["drop"]: self.drop()
            case ["pause"]: Feeder.running.clear()
            case ["resume"]: Feeder.running.set()
            case ["close"]:
                GLib.source_remove(self.source)
                self.drop()
            case ["open"]: self.open()
            case ["clients"]: return f"{len(self.clients)} {self.seen}"
            case _: raise ValueError(f"unknown command: {' '.join(words)}")
        return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="[NAME=]FILE")
    parser.add_argument("--port", default="0")
    parser.add_argument("--fps", type=float, default=30)
    parser.add_argument("--mtu", type=int, default=1400, help="maximum bytes of an RTP packet")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--udp-ports", metavar="FROM-TO")
    parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
    parser.add_argument("--log", metavar="FILE", type=argparse.FileType("w", 1),
                        help="write a line for each frame to this file")
    options = parser.parse_args()
    # The parent process may have blocked the signals that end it.
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    Gst.init(None)
    Feeder.running.set()
    Feeder.log = options.log
    try:
        server = Server(options)
    except (ValueError, OSError, GLib.Error) as error:
        sys.exit(f"rtsp_server.py: {error}")
    loop, pending = GLib.MainLoop(), bytearray()

    def readable(*_):
        data = os.read(0, 4096)
        if not data:
            loop.quit()
            return False
        pending.extend(data)
        while b"\n" in pending:
            line, _, rest = bytes(pending).partition(b"\n")
            pending[:] = rest
            try:
                print("ok", server.obey(line.decode().split()), flush=True)
            except Exception as error:  # noqa: BLE001 - whatever it is, the one who asked must hear it
                print("error", str(error).replace("\n", " "), flush=True)
        return True

    GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, readable)
    # In one piece, also where the output is not buffered.
    print("ready " + " ".join(server.urls), flush=True)
    loop.run()
    # Threads at work in GStreamer need not be waited for: nothing here has anything to save.
    os._exit(0)


main()
