"""Serves a folder as a website on HOST and PORT, as the program itself does where it is at hand:
index files, `/about` for `about.html`, `404.html`, nothing hidden, nothing outside, no listings."""
import http.server
import os
import sys
import urllib.parse

ROOT = os.path.realpath(sys.argv[1])
NOTHING = os.path.join(ROOT, "\N{REPLACEMENT CHARACTER}")


class Site(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Seconds; an open connection keeps the machine awake.
    timeout = 30

    def translate_path(self, target):
        """The file or folder that is asked for, or a name that is not there."""
        path = urllib.parse.unquote(target.split("?", 1)[0].split("#", 1)[0])
        parts = [part for part in path.split("/") if part]
        # `.well-known` is made to be fetched (RFC 8615); everything else with a dot is private.
        if "\0" in path or any(p.startswith(".") and p != ".well-known" for p in parts):
            return NOTHING
        found = os.path.join(ROOT, *parts)
        if path.endswith("/") and os.path.isdir(found):
            found = os.path.join(found, "index.html")
        elif not os.path.exists(found) and not path.endswith("/"):
            found += ".html"
        elif not os.path.isdir(found) and path.endswith("/"):
            return NOTHING
        real = os.path.realpath(found)
        return real if os.path.commonpath([real, ROOT]) == ROOT else NOTHING

    def send_head(self):
        # A folder is redirected to its name with a slash; two in front would name another host.
        self.path = "/" + self.path.lstrip("/")
        return super().send_head()

    def list_directory(self, path):
        self.send_error(404)

    def send_error(self, code, message=None, explain=None):
        page = os.path.join(ROOT, "404.html")
        if code != 404 or not os.path.isfile(page):
            return super().send_error(code, message, explain)
        with open(page, "rb") as file:
            body = file.read()
        self.send_response(404)
        self.send_header("Content-Type", self.guess_type(page))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def guess_type(self, path):
        kind = super().guess_type(path)
        return kind + "; charset=utf-8" if kind.startswith("text/") else kind


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server((os.environ["HOST"], int(os.environ["PORT"])), Site).serve_forever()
