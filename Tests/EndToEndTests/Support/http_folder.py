#!/usr/bin/python3
"""A web server on 127.0.0.1 for the files of a folder, for pages that a test shows in a browser.

usage: http_folder.py FOLDER

Prints "ready URL" once clients can connect, and "result TEXT" for each POST, which is how a page tells what became of it.
Ends when standard input closes, so that it never outlives the test that started it.
"""
import functools
import http.server
import os
import signal
import sys
import threading


class Folder(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".m3u8": "application/vnd.apple.mpegurl",
                      ".m4s": "video/iso.segment", ".mp4": "video/mp4"}

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        os.write(1, f"result {text}\n".encode())

    def log_message(self, *_):
        pass


# The parent process may have blocked the signals that end it.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
# A test that waits for a line learns that it will not come.
signal.alarm(300)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Folder, directory=sys.argv[1]))
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
os.write(1, f"ready http://127.0.0.1:{server.server_address[1]}\n".encode())
while os.read(0, 4096):
    pass
