"""A server, a browser and a project of a test's own; nothing of them is left afterwards."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("PREVIEW_PROGRAM", str(ROOT / ".build/debug/preview"))
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
CONFIGURATION = "version: 1\nname: shop\nrepo: .\nprovider: local\n"

# How long the page may take until it shows what a test waits for, in milliseconds.
PATIENCE = 20_000


class Project:
    """A folder with a preview.yaml and what is to be previewed."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="pv-browser-"))
        self.folder = self.root / "project"
        self.folder.mkdir()
        (self.root / "home").mkdir()
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.root / "home"),
            "LC_ALL": "C.UTF-8", "TZ": "UTC", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@x.test", "GIT_COMMITTER_NAME": "T",
            "GIT_COMMITTER_EMAIL": "t@x.test", "SWIFT_BACKTRACE": "enable=no",
        }

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def make_site(self, more=""):
        """A static page: nothing to install, served by the program itself."""
        self.write("index.html", "<h1>Hello from the preview</h1>")
        self.write("preview.yaml", CONFIGURATION + more)

    def make_app(self, build, more=""):
        """An app in Python whose build is a shell line."""
        self.write("app.py", (
            "import functools, http.server, os\n"
            "page = functools.partial(http.server.SimpleHTTPRequestHandler, directory='.')\n"
            "http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), page)"
            ".serve_forever()\n"))
        self.write("index.html", "<h1>Hello from the app</h1>")
        self.write("preview.yaml", CONFIGURATION + (
            f"run:\n  start: exec /usr/bin/python3 app.py\n  build: {json.dumps(build)}\n") + more)

    def run(self, *words, check=True):
        """Runs the command line and gives what it says on standard output."""
        done = subprocess.run([PROGRAM, *words], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def close(self):
        """Ends whatever of it still runs, which is told by its path, and removes the folder."""
        for _ in range(100):
            left = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                    if pid != os.getpid() and self._is_mine(pid)]
            if not left:
                break
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        shutil.rmtree(self.root)

    def _is_mine(self, pid):
        try:
            process = pathlib.Path("/proc", str(pid))
            words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            return False
        return str(self.root).encode() in words


class Server:
    """`preview serve`, on a free port if none is named."""

    def __init__(self, project, *flags, port=0, **variables):
        self.log = open(project.root / "server.log", "w+")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(port), *flags], cwd=project.folder, text=True,
            env=project.environment | variables, stdout=subprocess.PIPE, stderr=self.log)
        line = self.process.stdout.readline().strip()
        if not line:
            raise AssertionError("the server does not start: " + self.said())
        self.address, _, self.token = line.partition("#token=")
        self.token = self.token or variables.get("PREVIEW_SERVE_TOKEN", "")
        self.origin = self.address.rstrip("/")

    def said(self):
        """What it wrote into its log."""
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()

    def call(self, method, path, body=None, token=None):
        """An answer of the API."""
        request = urllib.request.Request(
            self.origin + path, method=method, data=body and json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token or self.token}",
                     "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def session(self, token=None):
        """The session of the project."""
        return self.call("GET", "/api/machine-setup?projectId=shop&githubRepo=.",
                         token=token)["session"]

    @property
    def port(self):
        return int(self.origin.rsplit(":", 1)[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.process.stdout.close()
        self.log.close()


class Portal:
    """A site of another origin with one page."""

    def __init__(self, page, policy):
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.origin = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class BrowserTest(unittest.TestCase):
    """A test with a project, and a browser whose complaints are failures."""

    @classmethod
    def setUpClass(cls):
        cls._playwright = sync_playwright().start()
        cls._browser = cls._playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"])

    @classmethod
    def tearDownClass(cls):
        cls._browser.close()
        cls._playwright.stop()

    def setUp(self):
        self.project = Project()
        self.addCleanup(self.project.close)
        self.complaints = []
        # What the browser itself says of an answer that is no success is no complaint of the page.
        self.expected_statuses = set()

    def tearDown(self):
        texts = [text for text in self.complaints
                 if not any(f"status of {status}" in text for status in self.expected_statuses)]
        self.assertEqual(texts, [], "the browser complains")

    def serve(self, *flags, port=0, **variables):
        server = Server(self.project, *flags, port=port, **variables)
        self.addCleanup(server.stop)
        return server

    def portal(self, page, policy):
        portal = Portal(page, policy)
        self.addCleanup(portal.close)
        return portal

    def person(self, **options):
        """Somebody with a browser of their own."""
        context = self._browser.new_context(
            viewport={"width": 1280, "height": 900}, timezone_id="UTC", locale="en-GB", **options)
        context.set_default_timeout(PATIENCE)
        self.addCleanup(context.close)
        return context

    def tab(self, person, address):
        """A page in that browser, with its complaints noted."""
        page = person.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: message.type in ("error", "warning")
                and self.complaints.append(message.text))
        page.goto(address)
        return page

    def open(self, server, **options):
        """The server's page, opened as `preview serve --open` does."""
        return self.tab(self.person(**options), f"{server.address}#token={server.token}")

    # What a person does and sees

    def button(self, page, name):
        return page.get_by_role("button", name=name, exact=True)

    def step(self, page, number):
        return page.locator(f"#step-{number}")

    def await_status(self, page, number, status):
        self.step(page, number).locator(f".pill:text-is('{status}')").wait_for()

    def execute(self, page, number):
        """Runs a step by its button and waits until it is completed."""
        self.click(page, f"Execute Step {number}")
        self.await_status(page, number, "completed")

    def click(self, page, name):
        """Presses a button as soon as it can be pressed."""
        page.locator("button:not([aria-disabled]):not(:disabled):visible").and_(
            self.button(page, name)).click()

    def go_on(self, page):
        self.click(page, "Continue to Next Step")

    def set_up(self, page):
        """All four steps, one after another."""
        for number in (1, 2, 3, 4):
            if number > 1:
                self.go_on(page)
            self.execute(page, number)
        page.get_by_text("Setup Complete! 🎉").wait_for()

    def log_lines(self, page):
        return page.locator(".line").all_inner_texts()

    def assert_log(self, page, *messages):
        """These messages stand in the log in that order, each behind its time."""
        page.locator(".line", has_text=messages[-1]).first.wait_for()
        lines = self.log_lines(page)
        for line in lines:
            self.assertRegex(line, r"^\[\d\d:\d\d:\d\d\] ")
        said = iter(re.sub(r"^\[.{8}\] ", "", line) for line in lines)
        for message in messages:
            self.assertTrue(any(message == line for line in said), f"{message!r} in {lines}")
