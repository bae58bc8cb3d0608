"""The live pages: what they say, who may see them, what can be asked for, and that nothing ends them but Ctrl-C."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from miniature import FINDING, Course, answer, course, keyboard, timed, verdict

from grader import bench, editor, plain, record
from grader.model import Verdict
from grader.pages import Site

pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install 'cuda-grader[report]'")

from test_report import BROWSER, HOSTILE, Reader

from grader import serve


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: Any

    @property
    def main(self) -> str:
        return self.text.split("<main>")[1].split("</main>")[0]


class Browser:
    """Asks a server that runs; every request is a connection of its own."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    def get(self, path: str, token: str | None = None, **headers: str) -> Answer:
        query = urlencode({"token": self.token if token is None else token})
        return self.ask("GET", f"{path}?{query}", "", headers)

    def post(self, headers: dict[str, str] | None = None, **form: object) -> Answer:
        return self.ask("POST", "/open", urlencode({"token": self.token} | form), headers or {})

    def ask(self, method: str, target: str, body: str, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body or None, names)
        reply = connection.getresponse()
        said = Answer(reply.status, reply.read().decode(), reply.headers)
        connection.close()
        return said


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    return keyboard(tmp_path, monkeypatch, capsys)


@pytest.fixture
def web(at: Course) -> Iterator[Browser]:
    site = Site(at.home, record.url(), "grader", bench.now)
    with serve.Server(0, site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Browser(server.server_port, site.token)
        server.shutdown()
        thread.join()


def keep(found: Verdict, text: str, **more: Any) -> None:
    record.ready(record.url())
    kept = replace(record.attempt(found, text, bench.now()), **more)
    record.add(record.url(), kept, text, plain.text(found))


# ---------------------------------------------------------------- what they say


def test_the_board(at: Course, web: Browser) -> None:
    assert "Not graded yet" not in web.get("/").text and "No attempts yet" in web.get("/").text
    at.edit()
    assert "EDITED" in web.get("/").text and "Not graded yet" in web.get("/").text
    at.answers["01_copy"] = "WRONG"
    at("run", "1")
    said = web.get("/").text
    assert "0 of 2 exercises passed in 1 attempt on 1 day." in said and "y is wrong in 33 of 33,000 elements" in said
    assert said.count("<svg") == 2 and f'href="/x/01_copy?token={web.token}"' in said


def test_an_exercise(at: Course, web: Browser) -> None:
    assert "Not graded yet" in web.get("/x/01_copy").main and "Write y." in web.get("/x/01_copy").main
    source = answer("copy") + "\n" * 40 + "the failing line\n"
    at.edit(text=source)
    keep(timed("PASS", 1.2), "old")
    keep(verdict("UNSAFE", findings=(replace(FINDING, where="copy.cu:45:3"),)), source)
    said = web.get("/x/01_copy")
    assert "<title>! UNSAFE: 01_copy</title>" in said.text and "The file has changed" not in said.text
    assert "race at copy.cu:45:3" in said.main and "one thread reads what another writes" in said.main
    assert '<code class="hit"><i>45</i>the failing line' in said.main and "open at line 45" in said.main
    assert said.main.count("<svg") == 1 and "1.20×" in said.main
    at.edit()
    assert "The file has changed since" in web.get("/x/01_copy").main


def test_the_lines_of_a_compiler(at: Course, web: Browser) -> None:
    log = "copy.cu:2:5: error: idx is undefined\n    2 | idx\ncopy.cu(1): note: here\ncopy.cu:2:9: error: and x\n"
    keep(verdict("COMPILE", log=log), "one\nidx\n")
    said = web.get("/x/01_copy").main
    assert re.findall(r"open at line (\d+)", said) == ["2", "1"] and "and x" in said


def test_a_replay_and_the_reference(at: Course, web: Browser) -> None:
    keep(verdict("WRONG"), "mine", partial=True)
    keep(verdict("PASS"), "theirs", solution=True)
    said = web.get("/x/01_copy").main
    assert "WRONG</span>" in said and "a replay, not the whole" in said and "reference" in said and "theirs" not in said


def test_only_hints_that_were_opened(at: Course, web: Browser) -> None:
    at("hint", "1")
    said = web.get("/x/01_copy").main
    assert "Which element is yours?" in said and "1 of 3 opened" in said
    assert "blockIdx.x * blockDim.x" not in said and "Compare it with n." not in said
    assert "the solution" not in said


def test_nothing_of_a_learners_becomes_html(at: Course, web: Browser) -> None:
    toml = at.home / "exercises" / "01_copy" / "exercise.toml"
    quoted = json.dumps(HOSTILE)
    text = toml.read_text().replace('title = "The copy"', f"title = {quoted}").replace('"foundations"', quoted)
    toml.write_text(text.replace('"Which element is yours?"', quoted))
    (toml.parent / "README.md").write_text(
        f"# x\n\n{HOSTILE}\n\n[a](javascript:a()) ![b](http://b/c.png) <b onclick=1>\n"
    )
    at.edit(text=HOSTILE)
    at("hint", "1")
    finding = replace(FINDING, where=f"{HOSTILE} copy.cu:1", text=HOSTILE, kind=HOSTILE)
    keep(verdict("UNSAFE", findings=(finding,), log=HOSTILE, detail=HOSTILE, next=HOSTILE), HOSTILE, device=HOSTILE)
    keep(verdict("PASS", exercise=HOSTILE), HOSTILE)
    for path in ("/", "/x/01_copy", "/x/" + "%3Cimg%20src=x%20onerror=a()%3E"):
        said = web.get(path).text
        read = Reader(said)
        assert said.count("<script") == 1 and '<script src="/page.js" defer></script>' in said
        assert not read.tags & {"iframe", "object", "foreignobject", "b"}, path
        assert not [name for name in read.attributes if name.startswith("on")], path
        assert all(re.match(r"/page.js$|data:,$|#|/\?|/x/|http://b/c.png$", link) for link in read.links), read.links
    assert "&lt;b onclick=1&gt;" in web.get("/x/01_copy").text and "{{ 7*7 }}" in web.get("/x/01_copy").text


def test_ids_are_unique(at: Course, web: Browser) -> None:
    keep(timed(), "x"), keep(verdict("UNSAFE", findings=(FINDING, replace(FINDING, kind="oob"))), "x")
    for path in ("/", "/x/01_copy"):
        ids = Reader(web.get(path).text).ids
        assert len(ids) == len(set(ids))


# ---------------------------------------------------------------- who may see it


@pytest.mark.parametrize("path", ["/", "/x/01_copy", "/x/nothing", "/nothing"])
@pytest.mark.parametrize("token", ["", "wrong", "ÿ"])
def test_nothing_is_shown_without_the_token(at: Course, web: Browser, path: str, token: str) -> None:
    said = web.get(path, token=token)
    assert said.status == 403 and "open the address that `grader serve` printed" in said.main
    assert web.token not in said.text and "01_copy" not in said.text


def test_the_headers(web: Browser) -> None:
    for said in (web.get("/"), web.get("/page.js", token=""), web.get("/nothing")):
        policy = said.headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert said.headers["X-Content-Type-Options"] == "nosniff" and said.headers["Cache-Control"] == "no-store"
        assert "Python" not in said.headers["Server"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost@evil", ""])
def test_a_foreign_name_for_us_is_refused(web: Browser, host: str) -> None:
    assert web.get("/", Host=host).status == 403
    assert web.ask("POST", "/open", urlencode({"token": web.token}), {"Host": host}).status == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:1", "[::1]:9000"])
def test_a_forwarded_port_is_welcome(web: Browser, host: str) -> None:
    assert web.get("/", Host=host).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/x/..",
        "/x/../page.js",
        "/x/..%2f..%2fetc%2fpasswd",
        "/serve.py",
        "/x/",
        "//x/01_copy/y",
    ],
)
def test_no_path_leads_elsewhere(web: Browser, path: str) -> None:
    assert web.get(path).status == 404


@pytest.mark.parametrize(
    ("name", "near"), [("cpoy", "01_copy"), ("copy", "01_copy"), ("2", "02_scale"), ("%00", "01_copy")]
)
def test_an_unknown_exercise(web: Browser, name: str, near: str) -> None:
    said = web.get(f"/x/{name}")
    assert said.status == 404 and "did you mean" in said.main and f'href="/x/{near}?token={web.token}"' in said.main


# ---------------------------------------------------------------- what can be asked for

EDITOR = '#!/bin/sh\nprintf "%s\\n" "$@" > "{log}"\nexit {code}\n'


def program(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> Path:
    """An editor that writes down what it is told."""
    path, log = folder / name, folder / "told"
    path.write_text(EDITOR.format(log=log, code=code))
    path.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(path))
    return log


def test_the_button_opens_the_line(at: Course, web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = program(tmp_path, "code", monkeypatch)
    host = {"Origin": f"http://127.0.0.1:{web.port}"}
    assert web.post(host, exercise="01_copy", line=45).status == 204
    assert log.read_text().splitlines() == ["--goto", f"{at.home}/exercises/01_copy/copy.cu:45"]
    log.unlink()
    assert web.post(exercise="01_copy", line=0).status == 204 and log.read_text().endswith("copy.cu:1\n")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"token": ""}, 403),
        ({"token": "wrong"}, 403),
        ({"exercise": "../../../etc/passwd"}, 404),
        ({"exercise": "/etc/passwd"}, 404),
        ({"exercise": "copy"}, 404),
        ({"exercise": ""}, 404),
        ({"line": "-1"}, 400),
        ({"line": "1; rm"}, 400),
        ({"line": "٣"}, 400),
        ({"line": "9" * 5000}, 413),
        ({"path": "/etc/passwd", "source": "/etc/passwd"}, 204),  # asked for, and not heard
    ],
)
def test_nothing_else_is_opened(
    at: Course, web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: dict[str, str], status: int
) -> None:
    log = program(tmp_path, "code", monkeypatch)
    assert web.post(**{"exercise": "01_copy", "line": "1"} | form).status == status
    assert log.exists() == (status == 204) and (not log.exists() or "passwd" not in log.read_text())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"])
def test_another_page_opens_nothing(web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    log = program(tmp_path, "code", monkeypatch)
    assert web.post({"Origin": origin}, exercise="01_copy", line=1).status == 403 and not log.exists()


def test_a_get_opens_nothing_and_other_methods_are_not_there(
    web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = program(tmp_path, "code", monkeypatch)
    form = urlencode({"token": web.token, "exercise": "01_copy", "line": 1})
    assert web.ask("GET", f"/open?{form}", "", {}).status == 404 and not log.exists()
    assert web.ask("PUT", f"/open?{form}", form, {}).status == 501 and not log.exists()
    assert web.ask("HEAD", f"/?{form}", "", {}).text == ""


def test_what_an_editor_needs(at: Course, web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = program(tmp_path, "vim", monkeypatch)
    said = web.post(exercise="01_copy", line=3)
    assert said.status == 503 and "needs a terminal" in said.main and "exercises/01_copy/copy.cu:3" in said.main
    assert not log.exists() and f'href="/?token={web.token}"' in said.text
    program(tmp_path, "code", monkeypatch, code=3)
    assert "ended with exit code 3" in web.post(exercise="01_copy", line=3).main
    monkeypatch.setenv("VISUAL", "/nowhere/code")
    assert "cannot be started" in web.post(exercise="01_copy", line=3).main
    with monkeypatch.context() as patch:
        patch.setattr(editor, "chosen", list)
        assert "no editor is found" in web.post(exercise="01_copy", line=3).main
    program(tmp_path, "code", monkeypatch)
    (at.home / "exercises" / "01_copy" / "copy.cu").unlink()
    assert "copy.cu is gone; `grader reset 1`" in web.post(exercise="01_copy", line=3).main


def test_an_editor_in_our_terminal_has_it_alone(
    at: Course, web: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_foreground", lambda: True)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    (tmp_path / "vim").write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/told"\nread line < "{gate}"\n')
    (tmp_path / "vim").chmod(0o755)
    monkeypatch.setenv("VISUAL", str(tmp_path / "vim"))
    assert web.post(exercise="01_copy", line=3).status == 204
    assert web.post(exercise="01_copy", line=4).status == 409
    gate.write_text("done\n")
    until(lambda: web.post(exercise="01_copy", line=5).status == 204)
    gate.write_text("done\n")
    until(lambda: (tmp_path / "told").read_text().count("copy.cu") == 2)
    assert "+3 " in (tmp_path / "told").read_text() and "+4 " not in (tmp_path / "told").read_text()


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def tree(*folders: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}


def test_reading_writes_nothing(at: Course, web: Browser, tmp_path: Path) -> None:
    before = tree(tmp_path)
    for path in ("/", "/x/01_copy", "/x/02_scale", "/x/nothing", "/page.js"):
        web.get(path)
    assert tree(tmp_path) == before  # no database is made either


# ---------------------------------------------------------------- while you work


def test_a_browser_asks_again_and_gets_what_is_new(at: Course, web: Browser) -> None:
    for path in ("/", "/x/01_copy"):
        tag = web.get(path).headers["ETag"]
        same = web.get(path, If_None_Match=tag)
        assert same.status == 304 and same.text == "" and web.get(path).text == web.get(path).text
        at.edit(text=answer("copy") + path)
        tag = (saved := web.get(path, If_None_Match=tag)).headers["ETag"]
        assert saved.status == 200
        at("run", "1")
        judged = web.get(path, If_None_Match=tag)
        assert judged.status == 200 and "PASS" in judged.main and judged.text != saved.text
        at("hint", "2"), at("hint", "1", "--tier", "1")
    tag = web.get("/x/02_scale").headers["ETag"]
    at.edit(text="// other")
    assert web.get("/x/02_scale", If_None_Match=tag).status == 304


def test_a_damaged_database_is_told_and_outlived(at: Course, web: Browser) -> None:
    at.edit(), at("run", "1")
    path = record.file(record.url())
    assert path and "PASS" in web.get("/").main
    whole = path.read_bytes()
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    path.write_bytes(b"not a database, not a database, not a database, not a database" * 99)
    said = web.get("/")
    assert said.status == 503 and f"{path} is damaged" in said.main and "move it away" in said.main
    assert "/page.js" in said.text and "Traceback" not in said.text  # so the page comes back by itself
    path.write_bytes(whole)
    assert web.get("/").status == 200


def test_a_broken_exercise_is_told_and_outlived(at: Course, web: Browser) -> None:
    path = at.home / "exercises" / "01_copy" / "exercise.toml"
    whole = path.read_text()
    path.write_text("title = ")
    assert web.get("/").status == 503 and "exercise.toml" in web.get("/").main and web.get("/x/02_scale").status == 200
    path.write_text(whole)
    assert web.get("/").status == 200


def test_a_defect_is_told_and_outlived(
    at: Course, web: Browser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("x")

    with monkeypatch.context() as patch:
        patch.setattr("grader.report.page", broken)
        said = web.get("/")
    assert said.status == 500 and "ZeroDivisionError" in said.main and "ZeroDivisionError" in capsys.readouterr().err
    assert web.get("/").status == 200


def test_rude_clients_are_outlived(web: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    post = b"POST /open HTTP/1.1\r\nHost: localhost\r\n"
    said = (b"GET / HTTP/1.1\r\nHost:", b"\x16\x03\x01", b"\r\n", post, post + b"\r\n",
            post + b"Content-Length: 9\r\n\r\nx", b"GET /?" + b"a=1&" * 99 + b" HTTP/1.1\r\n\r\n")  # fmt: skip
    for text in said:
        with socket.create_connection(("127.0.0.1", web.port)) as connection:
            connection.sendall(text)
    assert web.ask("GET", f"/?{'a=1&' * 99}", "", {}).status == 400
    assert web.get("/").status == 200 and capsys.readouterr().err == ""


# ---------------------------------------------------------------- the verb


def test_a_port_that_is_taken(at: Course) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = at("serve", "--port", str(other.getsockname()[1]))
    assert found.code == 3 and "cannot be had" in found.err and "--port" in found.err and found.out == ""


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "9" * 5000])
def test_a_port_that_is_none(at: Course, port: str) -> None:
    assert at("serve", f"--port={port}").code == 2


def test_no_exercises(at: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GRADER_ROOT", str(tmp_path))
    assert at("serve").code == 5


@pytest.fixture
def process(tmp_path: Path, root: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    home, running = course(tmp_path / "course"), list[subprocess.Popen[str]]()
    own = {"GRADER_ROOT": str(home), "PYTHONPATH": str(root), "GRADER_DB": f"sqlite:///{tmp_path}/attempts.db"}
    code = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where CI is in the background
from grader import cli
sys.exit(cli.main(["serve", *sys.argv[1:]]))
"""

    def start(*words: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *words], env={**os.environ, **own}, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            )
        )  # fmt: skip
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it(process: Callable[..., subprocess.Popen[str]], number: signal.Signals) -> None:
    it = process("--json")
    assert it.stdout
    told = json.loads(it.stdout.readline())
    assert told["schema_version"] == 1 and told["url"].startswith(f"http://127.0.0.1:{told['port']}/?token=")
    browser = Browser(told["port"], told["url"].split("token=")[1])
    assert browser.get("/").status == 200
    idle = http.client.HTTPConnection("127.0.0.1", told["port"])  # keeps its connection, and nobody waiting
    idle.request("GET", "/page.js")
    idle.getresponse().read()
    it.send_signal(number)
    out, err = it.communicate(timeout=20)
    idle.close()
    assert it.returncode == 130 and out == "" and "interrupted" in err and "Traceback" not in err
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", told["port"]))


def test_it_listens_on_this_machine_alone(process: Callable[..., subprocess.Popen[str]]) -> None:
    it = process()
    assert it.stdout
    first = it.stdout.readline()
    port = int(re.search(r"open  http://127\.0\.0\.1:(\d+)/\?token=[\w-]{32}$", first)[1])  # type: ignore[index]
    assert "Ctrl-C ends it" in it.stdout.readline()
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    assert [a[1] for a in lines if a[1].endswith(f":{port:04X}") and a[3] == "0A"] == [f"0100007F:{port:04X}"]


def test_a_browser_is_opened_when_asked_for(
    process: Callable[..., subprocess.Popen[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n')
    script.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(script))
    it = process("--open")
    assert it.stdout
    address = it.stdout.readline().split()[1]
    until(lambda: (tmp_path / "opened").exists() and (tmp_path / "opened").read_text() == f"{address}\n")


# ---------------------------------------------------------------- a real browser


class Chromium:
    """Headless, spoken to through its debugging pipe: JSON ended by NUL, on descriptors 3 and 4."""

    def __init__(self, folder: Path) -> None:
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        command = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        words = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
        self.process = subprocess.Popen(
            ["bash", "-c", command, str(BROWSER), *words, "about:blank"], pass_fds=(theirs_in, theirs_out),
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(theirs_in), os.close(theirs_out)
        self.said, self.count, self.session, self.errors = b"", 0, "", list[str]()
        pages = [t for t in self("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        self.session = self("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **words: Any) -> Any:
        self.count += 1
        asked = {"id": self.count, "method": method, "params": words} | (
            {"sessionId": self.session} if self.session else {}
        )
        os.write(self.out, json.dumps(asked).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.errors.append(json.dumps(message["params"]))
            if message.get("id") == self.count:
                assert "error" not in message, message
                return message["result"]

    def _message(self) -> Any:
        while b"\0" not in self.said:
            more = os.read(self.into, 65536)
            assert more, "the browser has ended"
            self.said += more
        one, self.said = self.said.split(b"\0", 1)
        return json.loads(one)

    def value(self, script: str) -> Any:
        return self("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.out), os.close(self.into)


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    made = Chromium(tmp_path / "profile")
    yield made
    made.end()


@pytest.mark.skipif(not BROWSER or not shutil.which("bash"), reason="no Chromium here: apt install chromium")
def test_a_browser_follows_and_keeps_its_place(
    at: Course, web: Browser, chromium: Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (at.home / "exercises" / "01_copy" / "README.md").write_text("# x\n\n" + "Write y.\n\n" * 200)
    log = program(tmp_path, "code", monkeypatch)
    at.edit(text=answer("copy"))
    keep(verdict("UNSAFE", findings=(replace(FINDING, where="copy.cu:3"),)), answer("copy"))
    chromium("Page.navigate", url=f"http://127.0.0.1:{web.port}/x/01_copy?token={web.token}")
    until(lambda: chromium.value("(document.getElementById('state') || {}).textContent") == "live")
    chromium.value("document.getElementById('judged').open = true; window.mine = document.getElementById('task');"
                   "scrollTo(0, 3000)")  # fmt: skip
    keep(verdict("WRONG"), "another source\n" * 30)
    until(lambda: str(chromium.value("document.getElementById('state').textContent")).startswith("updated"))
    assert chromium.value("document.title") == "✗ WRONG: 01_copy"
    assert chromium.value("document.getElementById('judged').open") is True
    assert chromium.value("document.getElementById('task') === window.mine")  # what is the same is not replaced
    top = chromium.value("document.getElementById('task').getBoundingClientRect().top")
    assert -3000 < top < 0  # still in the middle of the task, though the verdict above it has grown
    keep(verdict("UNSAFE", findings=(replace(FINDING, where="copy.cu:3"),)), answer("copy"))
    until(lambda: chromium.value("!!document.getElementById('open-3')"))
    chromium.value("document.getElementById('open-3').click()")
    until(log.exists)
    until(lambda: chromium.value("document.getElementById('state').textContent") == "line 3 is opened")
    assert chromium.errors == []


@pytest.mark.skipif(not BROWSER or not shutil.which("bash"), reason="no Chromium here: apt install chromium")
def test_a_browser_says_that_we_have_ended(process: Callable[..., subprocess.Popen[str]], chromium: Chromium) -> None:
    it = process("--json")
    assert it.stdout
    told = json.loads(it.stdout.readline())
    chromium("Page.navigate", url=told["url"])
    until(lambda: chromium.value("(document.getElementById('state') || {}).textContent") == "live")
    it.send_signal(signal.SIGINT)
    until(lambda: "has ended" in str(chromium.value("document.getElementById('state').textContent")))
    assert "01_copy" in chromium.value("document.querySelector('main').textContent")  # what was there can be read on
    again = process("--port", str(told["port"]))
    assert again.stdout and again.stdout.readline()
    until(lambda: "the token" in chromium.value("document.querySelector('main').textContent"))
