"""`serve`: the report, and a page for each exercise, live for browsers on this machine. HTTP in, pages out.

Other people may work on this machine, and every page of the internet may ask it something through the learner's own
browser. So all that shows the learner's work needs the token of the address that was printed; a request must call us by
a local name (or a foreign domain that resolves to 127.0.0.1 could read us), and what writes must come from our own
page. The only thing that can be asked for is the learner's editor, at a line of an exercise.
"""

from __future__ import annotations

import contextlib
import os
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from grader import choose, editor, report, screen, watch
from grader.errors import GraderError, MachineError
from grader.model import Exercise
from grader.pages import Asked, Refusal, Reply, Site

HOST = "127.0.0.1"
LOCAL = {"127.0.0.1", "localhost", "[::1]"}  # whatever the port: ssh -L may have another one at its other end
BODY = 4096  # bytes of a question
IDLE_SECONDS = 60  # a connection that says nothing is closed
START_SECONDS = 1.0  # an editor that fails within them has failed to start

# No script but ours, nothing from elsewhere; styles are inline because matplotlib's drawings have them so.
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # the token is in the address; `no-referrer` would hide a form's origin from us
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


# ---------------------------------------------------------------- the one thing that can be asked for


@dataclass
class Editors:
    """Starts the learner's editor; one that needs our terminal only when nobody else has it."""

    taken: threading.Lock = field(default_factory=threading.Lock)

    def open(self, exercise: Exercise, line: int) -> None:
        words, place = editor.chosen(), f"{choose.shown(exercise.source)}:{line}"
        if not words:
            raise MachineError(f"no editor is found; set EDITOR, or open {place}")
        if not exercise.source.is_file():
            back = f"`grader reset {exercise.number}` puts the skeleton back"
            raise MachineError(f"{choose.shown(exercise.source)} is gone; {back}")
        command = editor.command(words, exercise.source, line)
        if editor.windowed(words):
            self._beside(command)
        elif not _foreground():
            remedy = f"set VISUAL to an editor with a window, such as code, or open {place}"
            raise MachineError(f"{words[0]} needs a terminal, and `grader serve` has none; {remedy}")
        elif not self.taken.acquire(blocking=False):
            raise Refusal(409, "an editor is open in the terminal of `grader serve`; close it first")
        else:
            self._inside(command)

    def _beside(self, command: list[str]) -> None:
        """In a session of its own: Ctrl-C ends us, and not an editor with unsaved work."""
        process = editor.start(command, stdin=subprocess.DEVNULL, start_new_session=True)
        with contextlib.suppress(subprocess.TimeoutExpired):  # `code --wait` stays: all is well
            editor.ended(command, process.wait(START_SECONDS))
            return
        threading.Thread(target=process.wait, name="editor", daemon=True).start()

    def _inside(self, command: list[str]) -> None:
        try:
            process = editor.start(command)
        except MachineError:
            self.taken.release()
            raise
        threading.Thread(target=self._wait, args=(process,), name="editor", daemon=True).start()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self.taken.release()


def _foreground() -> bool:
    """Whether a person at our terminal could type: not in the background, nor with a pipe for stdin."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()


# ---------------------------------------------------------------- the door


class Server(ThreadingHTTPServer):
    daemon_threads = True  # a browser that keeps its connection keeps nobody from ending us

    def __init__(self, port: int, site: Site) -> None:
        self.site, self.editors = site, Editors()
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            remedy = "name another with --port, or leave it out for any free one"
            raise MachineError(f"port {port} cannot be had ({error.strerror}); {remedy}") from error

    def server_bind(self) -> None:
        """Without the base class's question for our host's name: a name server may take its time."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_port}/?token={self.site.token}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that has gone away is its own business."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, (ConnectionError, TimeoutError)):
            screen.note(f"grader: a defect of the grader: {screen.defect(error)}")


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"  # one connection for a question each second
    server_version, sys_version = "grader", ""
    timeout = IDLE_SECONDS
    given: dict[str, str]  # what this request says, wherever it says it

    def do_GET(self) -> None:
        self._answer(self._get)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        self._answer(self._post)

    def _get(self) -> Reply:
        path, _, query = self.path.partition("?")
        self.given = _fields(query)
        return self.server.site.get(Asked(path, self.given, self.headers.get("If-None-Match", "")))

    def _post(self) -> Reply:
        self.given = _fields(self._body())
        self._same_origin()
        self.server.site.admit(self.given)
        if self.path != "/open":
            raise Refusal(404, "only /open can be asked for")
        if not re.fullmatch(r"[0-9]{1,6}", line := self.given.get("line", "")):
            raise Refusal(400, "`line` is no line number")
        self.server.editors.open(self.server.site.exercise(self.given.get("exercise", "")), max(1, int(line)))
        return Reply(204)  # a browser without scripts stays where it is

    def _body(self) -> str:
        """Read before anything is refused, or the next request on this connection would begin with it."""
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"\d{1,9}", length) or int(length) > BODY:
            self.close_connection = True
            raise Refusal(413, f"at most {BODY} bytes, and their number, are expected")
        return self.rfile.read(int(length)).decode("utf-8", "replace")

    def _local(self) -> None:
        host = self.headers.get("Host", "")
        if re.sub(r":\d+$", "", host) not in LOCAL:
            self.close_connection = True
            raise Refusal(403, "this address is not the one that `grader serve` printed; open that one")

    def _same_origin(self) -> None:
        """Browsers say whose page a form was on; what is no browser needs only the token."""
        origin = self.headers.get("Origin")
        if origin is not None and origin != f"http://{self.headers.get('Host', '')}":
            raise Refusal(403, "only a page of `grader serve` may ask for this")

    # ------------------------------------------------------------ how it is said

    def _answer(self, work: Callable[[], Reply]) -> None:
        self.given = {}
        try:
            self._local()
            reply = work()
        except ConnectionError:
            raise
        except Refusal as error:
            reply = self._refused(error.status, error)
        except GraderError as error:
            reply = self._refused(503, error)
        except Exception as error:
            said = f"a defect of the grader, not of your code: {screen.defect(error)}"
            screen.note(f"grader: {said}")
            reply = self._refused(500, GraderError(said))
        self._send(reply)

    def _refused(self, status: int, error: GraderError) -> Reply:
        """Only who has the token is told where to go on."""
        site = self.server.site
        said = str(error).replace("`grader ", f"`{site.command} ")
        live = report.Live(site.token, site.command) if site.knows(self.given) else None
        return Reply(status, report.refusal(said, site.near(said) if live else [], live))

    def _send(self, reply: Reply) -> None:
        body = reply.text.encode("utf-8", "replace")
        self.send_response(reply.status)
        if reply.status not in (204, 304):
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and reply.status not in (204, 304):
            self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """A line each second would hide the address."""


def _fields(text: str) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(text, max_num_fields=16).items()}
    except ValueError as error:
        raise Refusal(400, "more is asked for than there is") from error


def run(site: Site, port: int, ready: Callable[[str, int], None]) -> int:
    """Until Ctrl-C. Raises MachineError when the port cannot be had."""
    with Server(port, site) as server, watch.ending():
        ready(server.address, server.server_port)
        threading.Thread(target=_warm, args=(site,), name="warm", daemon=True).start()
        server.serve_forever()
    return 0


def _warm(site: Site) -> None:
    """What the first page would wait for: the charts' library."""
    with contextlib.suppress(Exception):  # the page itself says what is wrong
        site.get(Asked("/", {"token": site.token}))
