"""`python -m benchmarks.mailserver`: takes every mail and keeps none, in a process of its own. Prints its port; VRFY says how many it took."""

from __future__ import annotations

import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.databases import ROOT


class Dialogue(socketserver.StreamRequestHandler):
    taken = 0

    def handle(self) -> None:
        self.say("220 benchmark")
        while command := self.rfile.readline():
            word = command[:4].upper()
            if word == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                Dialogue.taken += 1
            if word == b"QUIT":
                self.say("221 bye")
                return
            self.say(f"250 {Dialogue.taken}")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def running() -> Iterator[tuple[int, int]]:
    """Its port and its process."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.mailserver"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Dialogue) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
