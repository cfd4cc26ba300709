"""A webhook's receiver for tests: takes requests on a port of 127.0.0.1, writes every result's id to a file, and fails in
ways that its command says.

usage: webhook_receiver.py OUT [--port N] [--cert PEM --key PEM [--client-ca PEM]] [--secret TEXT] [--fail RULE ...]

Prints the port when it listens. Rules apply to requests counted from 1: `3:503` answers the third with that status,
`3:503:7` with Retry-After 7, `3:close` breaks the connection off, `3:lost` takes the results and breaks the connection off
before it answers, `odd:WORD` answers 422 to every request that has the WORD in its body.
"""
import argparse, base64, hashlib, hmac, json, os, socket, ssl, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("out")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--cert")
parser.add_argument("--key")
parser.add_argument("--client-ca")
parser.add_argument("--secret")
parser.add_argument("--fail", nargs="*", default=[])
options = parser.parse_args()

lock = threading.Lock()
count = 0
rules = {}
odd = [rule[4:] for rule in options.fail if rule.startswith("odd:")]
for rule in options.fail:
    if not rule.startswith("odd:"):
        number, _, what = rule.partition(":")
        rules[int(number)] = what


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        global count
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        with lock:
            count += 1
            rule = rules.get(count, "")
        if rule == "close":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if rule and rule != "lost":
            status, _, wait = rule.partition(":")
            return self.answer(int(status), {"Retry-After": wait} if wait else {}, b"as the test says")
        if any(word.encode() in body for word in odd):
            return self.answer(422, {}, b"odd")
        if options.secret:
            signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
            key = options.secret.encode()
            if options.secret.startswith("whsec_"):
                key = base64.b64decode(options.secret[6:])
            expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            if not hmac.compare_digest(expected, self.headers.get("webhook-signature", "")):
                return self.answer(401, {}, b"wrong signature")
        with lock, open(options.out, "a") as out:
            kind = self.headers["content-type"]
            try:
                if kind == "application/x-ndjson":
                    results = [json.loads(line) for line in body.splitlines()]
                else:
                    results = json.loads(body)
                for result in results if isinstance(results, list) else [results]:
                    out.write(json.dumps(result) + "\n")
            except ValueError:
                out.write(json.dumps({"text": body.decode()}) + "\n")
        if rule == "lost":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.answer(204, {}, b"")

    do_PUT = do_POST

    def answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", options.port), Handler)
if options.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.cert, options.key)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    # The handshake belongs to the connection's own thread.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
