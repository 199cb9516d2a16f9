#!/usr/bin/env python3
"""A server of Terraform's HTTP state protocol for tests, written from its documentation.

Documents are at /state/NAME, locks at /state/NAME/lock. Prints `port N` when it listens.

--tags strong    documents have entity tags, and If-Match and If-None-Match are honoured
--tags weak      weak tags, conditions are ignored, as behind Rack
--tags ignored   strong tags, conditions are ignored
--tags none      no tags, conditions are ignored
--locks own      LOCK and UNLOCK, 423 when held
--locks 409      the same with 409
--locks silent   423 that does not say who
--locks plain    POST and DELETE at /lock, 409, and a conflict names only ID, Who and Created of the
                 holder, beside the other fields of whoever asks: as GitLab does it
--locks none     501
--ids ignored    a write need not name the lock that is held
--password P     user `ci` and this password are needed
--md5            answers have Content-MD5

POST /control/faults with a list of faults plans what goes wrong with the requests that follow, each once:
{"method": "POST", "kind": K} with K one of `lost` (done, no answer), `refused` (not done, no answer),
`slow` (done, answered after 30 s or when told), `md5` (a wrong Content-MD5), or a status to answer with
(not done). POST /control/down lets everything be answered with 503 until POST /control/up.
GET /control/log has a line per request: method, path, and the conditions it had.
GET /control/document/NAME and PUT to the same look at and change a document behind the protocol's back.
"""

import argparse
import base64
import hashlib
import http.server
import json
import threading
import urllib.parse


class State:
    def __init__(self):
        self.mutex = threading.RLock()
        self.documents = {}
        self.locks = {}
        self.faults = []
        self.log = []
        self.is_down = False


def tag_of(document):
    return '"' + hashlib.sha256(document).hexdigest()[:16] + '"'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one segment: else each answer waits for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)
        self.wfile.flush()

    def handle_any(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        self.query = dict(urllib.parse.parse_qsl(query))
        if parts[0] == "control":
            return self.control(parts)
        fault = self.take_fault()
        if fault == "refused":
            self.close_connection = True
            return None
        if isinstance(fault, int):
            return self.answer(fault, b"out of order")
        if fault == "lost":
            self.answer = lambda *_, **__: setattr(self, "close_connection", True)
        if fault == "slow":
            self.server.released.wait(30)
        try:
            self.wrong_md5 = fault == "md5"
            return self.work(parts)
        finally:
            self.__dict__.pop("answer", None)

    def take_fault(self):
        state = self.server.state
        with state.mutex:
            conditions = [
                f"{name}: {self.headers[name]}" for name in ("If-Match", "If-None-Match")
                if self.headers[name]]
            state.log.append(" ".join([self.command, self.path] + conditions))
            for fault in state.faults:
                if fault["method"] == self.command:
                    state.faults.remove(fault)
                    return fault["kind"]
            return 503 if state.is_down else None

    def control(self, parts):
        state = self.server.state
        with state.mutex:
            if parts[1] == "faults":
                state.faults = json.loads(self.body)
                return self.answer(200)
            if parts[1] in ("down", "up"):
                state.is_down = parts[1] == "down"
                return self.answer(200)
            if parts[1] == "release":
                self.server.released.set()
                return self.answer(200)
            if parts[1] == "log":
                return self.answer(200, "\n".join(state.log).encode())
            if self.command == "PUT":
                state.documents[parts[2]] = self.body
                return self.answer(200)
            return self.answer(200, state.documents.get(parts[2], b""))

    def work(self, parts):
        options = self.server.options
        if options.password:
            wanted = "Basic " + base64.b64encode(("ci:" + options.password).encode()).decode()
            if self.headers["Authorization"] is None:
                return self.answer(401, WWW_Authenticate='Basic realm="state"')
            if self.headers["Authorization"] != wanted:
                return self.answer(403, b"you sent " + self.headers["Authorization"].encode())
        if parts[0] == "moved":
            return self.answer(307, Location="http://localhost:1/state/" + parts[1])
        if parts[0] != "state" or len(parts) not in (2, 3):
            return self.answer(404)
        with self.server.state.mutex:
            name, is_lock = parts[1], len(parts) == 3
            method = {"POST": "LOCK", "DELETE": "UNLOCK"}.get(self.command, self.command)
            if options.locks == "plain":
                if not is_lock and self.command in ("LOCK", "UNLOCK"):
                    return self.answer(405)
                if is_lock and self.command in ("POST", "DELETE"):
                    return getattr(self, "do_" + method.lower())(name)
                if is_lock:
                    return self.answer(404)
            elif self.command in ("LOCK", "UNLOCK"):
                if options.locks == "none":
                    return self.answer(501)
                return getattr(self, "do_" + self.command.lower())(name)
            if is_lock:
                return self.answer(405)
            return getattr(self, "document_" + self.command.lower())(name)

    def document_get(self, name):
        document = self.server.state.documents.get(name)
        if document is None:
            return self.answer(204 if self.server.options.locks == "plain" else 404)
        headers = {}
        tags = self.server.options.tags
        if tags != "none":
            headers["ETag"] = ("W/" if tags == "weak" else "") + tag_of(document)
        if self.server.options.md5 or self.wrong_md5:
            digest = hashlib.md5(b"x" if self.wrong_md5 else document).digest()
            headers["Content_MD5"] = base64.b64encode(digest).decode()
        return self.answer(200, document, Content_Type="application/json", **headers)

    def document_post(self, name):
        state, options = self.server.state, self.server.options
        told = self.headers["Content-MD5"]
        if told and told != base64.b64encode(hashlib.md5(self.body).digest()).decode():
            return self.answer(400, b"Content-MD5")
        lock, lock_id = state.locks.get(name), self.query.get("ID")
        is_named = lock_id == lock["ID"] if lock else not lock_id or options.locks != "plain"
        if options.ids == "checked" and not is_named:
            if lock and options.locks != "plain":
                return self.locked(lock)
            return self.answer(409, b'{"message":"409 Conflict"}')
        document = state.documents.get(name)
        if options.tags == "strong":
            match, none_match = self.headers["If-Match"], self.headers["If-None-Match"]
            if match and (document is None or match != tag_of(document)):
                return self.answer(412)
            if none_match == "*" and document is not None:
                return self.answer(412)
        state.documents[name] = self.body
        return self.answer(200 if document else 201)

    def document_delete(self, name):
        existed = self.server.state.documents.pop(name, None) is not None
        return self.answer(200 if existed else 404)

    def do_lock(self, name):
        lock = self.server.state.locks.get(name)
        if lock:
            return self.locked(lock)
        self.server.state.locks[name] = json.loads(self.body)
        return self.answer(200)

    def do_unlock(self, name):
        lock = self.server.state.locks.get(name)
        told = json.loads(self.body).get("ID") if self.body else None
        if lock is None:
            return self.answer(404)
        # `terraform force-unlock` of this age tells no ID.
        if told is not None and told != lock["ID"]:
            return self.locked(lock)
        del self.server.state.locks[name]
        return self.answer(200)

    def locked(self, lock):
        kind = self.server.options.locks
        if kind == "silent":
            return self.answer(423)
        if kind == "plain":
            asked = json.loads(self.body) if self.body else {}
            mixed = {name: asked.get(name, "") for name in ("Operation", "Info", "Version", "Path")}
            mixed.update({name: lock[name] for name in ("ID", "Created")})
            lock = dict(mixed, Who=lock["Who"].partition("@")[0])
        return self.answer(423 if kind == "own" else 409, json.dumps(lock).encode())

    do_GET = do_POST = do_PUT = do_DELETE = do_LOCK = do_UNLOCK = handle_any


class Server(http.server.ThreadingHTTPServer):
    # Fifty writers may come at once.
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tags", default="none", choices=["strong", "weak", "ignored", "none"])
    parser.add_argument(
        "--locks", default="own", choices=["own", "409", "silent", "plain", "none"])
    parser.add_argument("--ids", default="checked", choices=["checked", "ignored"])
    parser.add_argument("--password")
    parser.add_argument("--md5", action="store_true")
    server = Server(("127.0.0.1", 0), Handler)
    server.options = parser.parse_args()
    server.state = State()
    server.released = threading.Event()
    print("port", server.server_address[1], flush=True)
    server.serve_forever()


main()
