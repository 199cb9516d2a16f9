"""A git server whose traffic is counted, and a repository that is worth cloning."""

import contextlib
import random
import socket
import subprocess
import threading

IDENTITY = "bench <bench@example.com>"
MILLION = 1_000_000


def make_repository(folder, environment):
    """A web project of 2,000 files with 300 commits, of which some replace large files: 40 MB of what
    cannot be compressed, 8 MB of it in the last commit. Written by one `git fast-import`."""
    numbers = random.Random(1)
    files = {
        "package.json": b'{"scripts":{"dev":"vite","build":"vite build"},'
                        b'"devDependencies":{"vite":"^6"}}\n',
        "package-lock.json": b'{"lockfileVersion":3,"packages":{"":{"devDependencies":{"vite":"^6"}}}}',
        "vite.config.js": b"export default {}\n", "index.html": b"<h1>hello</h1>\n",
    }
    for number in range(2_000):
        lines = (f"export const value{line} = {numbers.random()}" for line in range(40))
        files[f"src/part-{number // 50}/module-{number}.ts"] = "\n".join(lines).encode()
    stream = [commit(0, files)]
    for number in range(1, 300):
        changed = {f"src/part-0/module-{number % 50}.ts": f"export default {number}\n".encode()}
        if number % 30 == 0:
            changed[f"assets/video-{number // 30 % 2}.mp4"] = numbers.randbytes(4 * MILLION)
        stream.append(commit(number, changed))
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True,
                   env=environment)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=b"".join(stream),
                   check=True, env=environment)
    # As the public hosts have it.
    for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", setting, "true"], cwd=folder, check=True, env=environment)


def commit(number, files):
    """One commit on main in the words of `git fast-import`."""
    lines = [b"commit refs/heads/main\ncommitter %s %d +0000\ndata 6\nCommit\n"
             % (IDENTITY.encode(), 1_700_000_000 + number)]
    for path, content in files.items():
        lines.append(b"M 644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    return b"".join(lines)


class CountedServer:
    """`git daemon` behind a port that counts what goes through it, in both directions."""

    def __init__(self, folder, environment):
        self.bytes = 0
        self.lock = threading.Lock()
        self.daemon_command = [
            "git", "daemon", "--inetd", "--export-all", f"--base-path={folder}", str(folder)]
        self.environment = environment
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"git://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """One connection: its own daemon at the other end of a pair of sockets."""
        near, far = socket.socketpair()
        process = subprocess.Popen(self.daemon_command, stdin=far, stdout=far,
                                   stderr=subprocess.DEVNULL, env=self.environment)
        far.close()
        back = threading.Thread(target=self.forward, args=(near, client), daemon=True)
        back.start()
        self.forward(client, near)
        back.join()
        process.wait()
        near.close()
        client.close()

    def forward(self, source, target):
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 16):
                target.sendall(chunk)
                with self.lock:
                    self.bytes += len(chunk)
            target.shutdown(socket.SHUT_WR)

    def count(self, run):
        """The bytes that a function causes."""
        with self.lock:
            self.bytes = 0
        run()
        with self.lock:
            return self.bytes

    def close(self):
        self.listener.close()
