#!/usr/bin/python3
"""A real RTSP server (GStreamer's) on 127.0.0.1 that takes streams (RECORD), for tests.

usage: rtsp_receiver.py FOLDER [--port PORT] [--user NAME --password WORD] [--tls CERTIFICATE KEY]

A stream that is pushed to rtsp://127.0.0.1:PORT/live is decoded. Its pictures are kept in FOLDER as NUMBER.ppm, and a line
is printed for each: "picture NUMBER". Each connection is told as "announced".

Prints "ready URL" once clients can connect; without --port the system chooses a free one. Ends when standard input
closes, so that it never outlives the test that started it.

needs (scripts/setup --tests): gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-libav or gstreamer1.0-plugins-bad;
for --tls also glib-networking
"""
import argparse
import os
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstApp, GstRtsp, GstRtspServer  # noqa: E402, F401

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("folder")
parser.add_argument("--port", default="0")
parser.add_argument("--user")
parser.add_argument("--password", default="")
parser.add_argument("--tls", nargs=2, metavar=("CERTIFICATE", "KEY"))
options = parser.parse_args()
# The parent process may have blocked the signals that end it.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
# A test that waits for a line learns that it will not come.
signal.alarm(300)
Gst.init(None)
count = 0


def say(*words):
    # In one piece, also where the output is not buffered.
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def take(sink):
    global count
    sample = sink.emit("pull-sample")
    caps, buffer = sample.get_caps().get_structure(0), sample.get_buffer()
    width, height = caps.get_value("width"), caps.get_value("height")
    _, content = buffer.map(Gst.MapFlags.READ)
    stride = (3 * width + 3) // 4 * 4
    rows = b"".join(bytes(content.data[y * stride : y * stride + 3 * width]) for y in range(height))
    buffer.unmap(content)
    path = os.path.join(options.folder, f"{count}.ppm")
    with open(path + ".part", "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + rows)
    os.rename(path + ".part", path)
    say("picture", count)
    count += 1
    return Gst.FlowReturn.OK


def configure(_, media):
    say("announced")
    media.get_element().get_by_name_recurse_up("pictures").connect("new-sample", take)


factory = GstRtspServer.RTSPMediaFactory()
factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
factory.set_launch(
    "( rtph264depay name=depay0 ! decodebin ! videoconvert ! video/x-raw,format=RGB "
    "! appsink name=pictures emit-signals=true sync=false )")
factory.connect("media-configure", configure)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(options.port)
if options.user or options.tls:
    auth, role = GstRtspServer.RTSPAuth(), "publisher" if options.user else "anonymous"
    if options.tls:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(*options.tls))
    if options.user:
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", role)
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(role, "media.factory.access", True)
    permissions.add_permission_for_role(role, "media.factory.construct", True)
    factory.set_permissions(permissions)
    server.set_auth(auth)
server.get_mount_points().add_factory("/live", factory)
if not server.attach(None):
    sys.exit(f"rtsp_receiver.py: cannot listen on port {options.port}")
loop = GLib.MainLoop()


def closed(*_):
    if not os.read(0, 4096):
        loop.quit()
        return False
    return True


GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, closed)
say("ready", f"rtsp{'s' if options.tls else ''}://127.0.0.1:{server.get_bound_port()}/live")
loop.run()
# Threads at work in GStreamer need not be waited for: nothing here has anything to save.
os._exit(0)
