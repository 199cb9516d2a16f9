"""A TLS server for the tests of the HTTP client: HTTP/2 or HTTP/1.1, whichever ALPN agrees on.

    server.py CERTIFICATE KEY OFFERED ON_POST

OFFERED is what ALPN offers, joined by commas, or "none". GET is answered with 200; over HTTP/1.1 a
target "/to?URL" redirects there. ON_POST says what becomes of POST over HTTP/2: "answer", or a way to
lose it. "hold-N" keeps back all answers over HTTP/2 until the Nth request. Every event is a line on
standard output, the first of which is the port. Frames are written by hand (RFC 9113): a library
would not let a server misbehave.
"""

import socket
import ssl
import struct
import sys
import threading

CERTIFICATE, KEY, OFFERED, ON_POST = sys.argv[1:5]
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 0x20
ERRORS = {"refuse": 7, "cancel": 8, "http11": 13}
# The first entries of HPACK's static table that matter here (RFC 7541, appendix A).
METHODS = {0x82: "GET", 0x83: "POST"}
STATUS_200 = b"\x88"


def say(*words):
    print(*words, flush=True)


class Lost(Exception):
    """The connection ends here."""


class HTTP2:
    """One connection."""

    def __init__(self, connection, number):
        self.connection = connection
        self.number = number
        self.open = {}
        self.held = []

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.connection.recv(count - len(data))
            if not part:
                raise Lost
            data += part
        return data

    def frame(self, kind, flags, stream, payload=b""):
        head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
        self.connection.sendall(head + struct.pack(">I", stream) + payload)

    def answer(self, stream, body=b"over two"):
        self.frame(HEADERS, END_HEADERS, stream, STATUS_200)
        self.frame(DATA, END_STREAM, stream, body)

    def request(self, stream):
        method, size = self.open.pop(stream)
        say("request", self.number, method, size)
        if ON_POST.startswith("hold-"):
            self.held.append(stream)
            if len(self.held) == int(ON_POST[5:]):
                for held in self.held:
                    self.answer(held)
        elif method == "GET" or ON_POST == "answer":
            self.answer(stream)
        elif ON_POST in ERRORS:
            self.frame(RST_STREAM, 0, stream, struct.pack(">I", ERRORS[ON_POST]))
        elif ON_POST == "goaway":
            self.frame(GOAWAY, 0, 0, struct.pack(">II", max(stream - 2, 0), 0))
        elif ON_POST == "close":
            raise Lost

    def serve(self):
        self.read(24)
        self.frame(SETTINGS, 0, 0)
        while True:
            head = self.read(9)
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
            payload = self.read(length)
            if kind == SETTINGS and not flags & ACK:
                self.frame(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                self.frame(PING, ACK, 0, payload)
            elif kind == HEADERS:
                start = (1 if flags & PADDED else 0) + (5 if flags & PRIORITY else 0)
                self.open[stream] = [METHODS.get(payload[start], "other"), 0]
            elif kind == DATA:
                self.open[stream][1] += length
            elif kind == RST_STREAM:
                say("reset", self.number, stream)
            if kind in (HEADERS, DATA) and flags & END_STREAM:
                self.request(stream)


def serve_http1(connection, number):
    head = b""
    while True:
        while b"\r\n\r\n" not in head:
            part = connection.recv(65536)
            if not part:
                return
            head += part
        first, head = head.split(b"\r\n\r\n", 1)
        method, target = first.decode().split()[:2]
        say("request", number, method, target)
        for line in first.decode().splitlines()[1:]:
            say("header", number, line)
        if target.startswith("/to?"):
            answer = "302 Found\r\nLocation: " + target[4:]
        else:
            answer = "200 OK"
        connection.sendall(f"HTTP/1.1 {answer}\r\nContent-Length: 8\r\n\r\nover one".encode())


def serve(raw, number, context):
    try:
        with context.wrap_socket(raw, server_side=True) as connection:
            protocol = connection.selected_alpn_protocol()
            say("connection", number, protocol)
            if protocol == "h2":
                HTTP2(connection, number).serve()
            else:
                serve_http1(connection, number)
    except (Lost, OSError):
        say("end", number)


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    if OFFERED != "none":
        context.set_alpn_protocols(OFFERED.split(","))
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    # Nobody needs it for longer, should its test have died.
    listener.settimeout(120)
    say(listener.getsockname()[1])
    number = 0
    while True:
        raw, _ = listener.accept()
        number += 1
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(raw, number, context), daemon=True).start()


main()
