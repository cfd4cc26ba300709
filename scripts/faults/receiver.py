"""A receiver of results by HTTP that goes away and comes back at the same port."""
import datetime
import http.server
import json
import socket
import threading


class Receiver:
    def __init__(self):
        self.captured = []
        self._server = None
        # Bound and not listening, it refuses who connects; and nobody else gets the port.
        self._place = self._bound(0)
        self.port = self._place.getsockname()[1]
        self.start()

    @staticmethod
    def _bound(port):
        place = socket.socket()
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind(("127.0.0.1", port))
        return place

    @property
    def count(self):
        """Results so far."""
        return len(self.captured)

    def has_between(self, begin, end):
        """Whether a result of a frame has come that was captured then, in seconds of the clock on the wall."""
        return any(begin <= at <= end for at in list(self.captured))

    def start(self):
        captured = self.captured

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 - the library's name
                for row in json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0)))):
                    captured.append(datetime.datetime.fromisoformat(row["captured_at"].replace("Z", "+00:00")).timestamp())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler, bind_and_activate=False)
        server.socket.close()
        server.socket, server.server_address = self._place, self._place.getsockname()
        server.server_activate()
        self._server = server
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self):
        server, self._server = self._server, None
        if server:
            server.shutdown()
            # A socket that has listened cannot be had to stop.
            server.server_close()
            self._place = self._bound(self.port)

    def close(self):
        self.stop()
        self._place.close()
