#!/usr/bin/python3
"""A real RTSP server for tests, on 127.0.0.1 only: serves one H.264 MP4 file to each client, from its start, paced in
real time, and ends the stream after it.

usage: /usr/bin/python3 rtsp_server.py FILE [--port PORT] [--user NAME --password WORD]

Prints "ready URL" once clients can connect; without --port the system chooses a free one. Ends with SIGTERM, or when
standard input closes, so that it never outlives the test that started it.
needs (scripts/setup --tests): gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-good gstreamer1.0-plugins-bad
"""
import argparse
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("file")
parser.add_argument("--port", default="0")
parser.add_argument("--user")
parser.add_argument("--password", default="")
options = parser.parse_args()
path = os.path.abspath(options.file)
if not os.path.isfile(path) or '"' in path:
    sys.exit(f"rtsp_server.py: no such file, or a name that cannot be quoted: {path}")

Gst.init(None)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    f'( filesrc location="{path}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )'
)
factory.set_shared(False)

server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(options.port)
if options.user:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/cam", factory)
if not server.attach(None):
    sys.exit(f"rtsp_server.py: cannot listen on port {options.port}")

loop = GLib.MainLoop()


def input_closed(*_):
    if os.read(0, 4096):
        return True
    loop.quit()
    return False


GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, input_closed)
print(f"ready rtsp://127.0.0.1:{server.get_bound_port()}/cam", flush=True)
loop.run()
