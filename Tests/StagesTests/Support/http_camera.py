#!/usr/bin/python3
"""An HTTP camera for tests, on 127.0.0.1 only: Motion JPEG in parts, single snapshots, and plain TCP for raw video.

usage: http_camera.py FILE [FILE ...] [options]

Sends the FILEs in turn, again and again: pictures over /mjpeg, one a request over any other path; with --raw the access
units of one H.264 film to whoever connects. Prints "ready URL" (of /mjpeg, or tcp://) once clients can connect and ends
when standard input closes. Needs nothing beside Python.
"""
import argparse
import os
import socket
import threading
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("files", nargs="+")
parser.add_argument("--pace", type=float, default=25, help="pictures a second")
parser.add_argument("--count", type=int, default=0, help="pictures a connection; 0 for ever")
parser.add_argument("--style", default="plain", help="plain, late (no boundary before the first part), bare (no lengths), quoted, dashes (the boundary is announced with its dashes), blank (an empty line first), odd-type (image/jpg)")
parser.add_argument("--fail", default="", help="STATUS of every third snapshot, as 503 Service Unavailable")
parser.add_argument("--cut", type=int, default=0, help="each so-many-th snapshot lacks its second half")
parser.add_argument("--raw", action="store_true")
options = parser.parse_args()
contents = [open(path, "rb").read() for path in options.files]
asked = 0


def units(data):
    """The access units of a film in Annex B form with delimiters."""
    mark = b"\0\0\0\1\x09"
    return [mark + part for part in data.split(mark)[1:]]


def paced(send, pieces):
    begin, number = time.monotonic(), 0
    while options.count == 0 or number < options.count:
        time.sleep(max(0, begin + number / options.pace - time.monotonic()))
        send(pieces[number % len(pieces)], number)
        number += 1


def parts(connection):
    announced = {"quoted": '"frame"', "dashes": "--frame"}.get(options.style, "frame")
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary={announced}\r\nConnection: close\r\n\r\n".encode())

    def send(picture, number):
        kind = "image/jpg" if options.style == "odd-type" else "image/jpeg"
        head = f"Content-Type: {kind}\r\n" + ("" if options.style == "bare" else f"Content-Length: {len(picture)}\r\n")
        boundary = "" if options.style == "late" and number == 0 else "--frame\r\n"
        blank = "\r\n" if options.style == "blank" and number == 0 else ""
        connection.sendall((blank + boundary + head + "\r\n").encode() + picture + b"\r\n")

    paced(send, contents)


def snapshot(connection):
    global asked
    asked += 1
    if options.fail and asked % 3 == 0:
        return connection.sendall(f"HTTP/1.1 {options.fail}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    picture = contents[asked % len(contents)]
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\nConnection: close\r\n\r\n"
    if options.cut and asked % options.cut == 0:
        picture = picture[: len(picture) // 2]
    connection.sendall(head.encode() + picture)


def serve(connection):
    try:
        if options.raw:
            paced(lambda unit, _: connection.sendall(unit), units(contents[0]))
        else:
            request = connection.recv(65536)
            parts(connection) if request.split()[1].startswith(b"/mjpeg") else snapshot(connection)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    except (OSError, IndexError):
        pass
    connection.close()


def accept():
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=[connection], daemon=True).start()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, daemon=True).start()
scheme, path = ("tcp", "") if options.raw else ("http", "/mjpeg")
print(f"ready {scheme}://127.0.0.1:{listener.getsockname()[1]}{path}", flush=True)
while os.read(0, 4096):
    pass
