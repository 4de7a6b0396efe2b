"""What stands around a contender: the page, the target that serves it, the sink that counts, the loads."""

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time

from .procs import BenchError, await_port

PAGE_BYTES = 10_240
LARGE_BYTES = 102_400  # of what is processed
PAGE_BEGIN = "bench-page-begins-here"
PAGE_END = "bench-page-ends-here"
WORDS = ("the a of and to in is it for on with as at by from this that be are was or an not have has they you we our their "
         "market signal harbour review product window garden matter system letter number winter summer people morning report "
         "naïve café größer “quoted” price question answer travel machine engine history library science weather bridge").split()


def make_page(page_bytes=PAGE_BYTES):
    """A page of exactly so many bytes as the web serves them: head, navigation, articles with quotes, links and some
    text beyond ASCII, and a script. The same on every run."""
    rng = random.Random(20261122)
    text = [f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Daily review</title>\n'
            f'<meta name="description" content="{PAGE_BEGIN}">\n<link rel="stylesheet" href="/assets/site.css?v=12">\n</head>\n<body>\n<nav>\n']
    text += [f'<a class="nav-item" href="/section/{n}">Section {n}</a>\n' for n in range(12)]
    text.append("</nav>\n<main>\n")
    tail = f'</main>\n<script>window.page = {{"id": 4711, "kind": "article"}};</script>\n<footer>{PAGE_END}</footer>\n</body>\n</html>\n'
    size = sum(len(part.encode()) for part in text) + len(tail)
    while True:
        words = " ".join(rng.choice(WORDS) for _ in range(rng.randrange(30, 70)))
        article = (f'<article id="a{rng.randrange(10**6)}">\n\t<h2>{rng.choice(WORDS).title()} &amp; {rng.choice(WORDS)}</h2>\n'
                   f'\t<p class="lead">{words}.</p>\n\t<a href="https://example.com/read?id={rng.randrange(10**6)}&amp;ref=list">More</a>\n</article>\n')
        if size + len(article.encode()) > page_bytes - 10:
            break
        text.append(article)
        size += len(article.encode())
    text.append("<!--" + "x" * (page_bytes - size - 8) + "-->\n")
    page = "".join(text + [tail]).encode()
    assert len(page) == page_bytes
    return page


def nginx(workshop, name, server):
    port = workshop.free_port()
    folder = workshop.fresh_dir(name)
    conf = os.path.join(folder, "nginx.conf")
    temps = "\n".join(f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(conf, "w") as out:
        out.write(f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 16000; }}
http {{
{temps}
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  server_tokens off;
  open_file_cache max=16 inactive=1h;
  open_file_cache_valid 1h;
{server.replace("PORT", str(port)).replace("FOLDER", folder)}
}}
""")
    process = workshop.spawn(name, ["nginx", "-p", folder, "-e", "stderr", "-c", conf],
                             last_signal=signal.SIGTERM)  # its worker outlives a master that is killed
    await_port(port, process, 10)
    return port, folder, process


def address(n):
    """The n-th loopback address, as tools/http.h counts them."""
    return f"127.0.{n // 250}.{n % 250 + 1}"


class Target:
    """nginx with the page under every path, on as many loopback addresses as asked for."""

    def __init__(self, workshop, addresses):
        with open(workshop.path("page.html"), "wb") as out:
            out.write(make_page())
        with open(workshop.path("large.html"), "wb") as out:
            out.write(make_page(LARGE_BYTES))
        self.addresses = addresses
        listens = "\n".join(f"    listen {address(n)}:PORT backlog=4096;" for n in range(addresses))
        self.port, _, self.process = nginx(workshop, "target", f"""
  server {{
{listens}
    default_type text/html;
    charset utf-8;
    root {workshop.dir};
    location = /robots.txt {{ return 404; }}
    location /large/ {{ rewrite ^ /large.html break; types {{ text/html html; }} }}
    location / {{ rewrite ^ /page.html break; types {{ text/html html; }} }}
  }}""")
        self.url = f"http://127.0.0.1:{self.port}/news/2026/11/page.html"

    def spread_url(self, n):
        return f"http://{address(n % self.addresses)}:{self.port}/page/{n}"

    def large_url(self, n):
        return f"http://{address(n % self.addresses)}:{self.port}/large/{n}"


class SlowTarget:
    """Answers after a second, on many loopback addresses; see tools/slow.c."""

    def __init__(self, workshop, tools, delay_ms, addresses):
        self.port, self.addresses = workshop.free_port(), addresses
        self.process = workshop.spawn("slow", [tools["slow"], "--port", str(self.port), "--addresses", str(addresses), "--delay-ms",
                                               str(delay_ms), "--body", workshop.path("page.html")])
        await_port(self.port, self.process, 10)

    def spread_url(self, n):
        return f"http://{address(n % self.addresses)}:{self.port}/page/{n}"

    def stats(self):
        return get_json(self.port, "/stats")


class Sink:
    """nginx that answers 204 to everything, counts it, and logs the size of one request body in a hundred."""

    def __init__(self, workshop):
        self.port, folder, self.process = nginx(workshop, "sink", """
  split_clients "$connection-$connection_requests" $sampled { 1% 1; * 0; }
  log_format size '$status $content_length';
  server {
    listen 127.0.0.1:PORT backlog=4096;
    access_log FOLDER/sizes.log size buffer=64k flush=1s if=$sampled;
    location = /stub { access_log off; stub_status; }
    location / { return 204; }
  }""")
        self.sizes_log = folder + "/sizes.log"
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.asked = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def count(self):
        """Deliveries since the sink began, by nginx's own counter less our own questions."""
        self.asked += 1
        self.connection.request("GET", "/stub")
        return int(self.connection.getresponse().read().split()[9]) - self.asked

    def forget_sizes(self):
        time.sleep(1.2)  # nginx flushes its log every second
        os.truncate(self.sizes_log, 0)

    def sizes(self):
        """(how many were sampled, smallest, largest body); None for the sizes when nothing was, or bodies came chunked."""
        time.sleep(1.2)
        with open(self.sizes_log) as log:
            found = [int(size) for size in re.findall(r"^\d+ (\d+)$", log.read(), re.M)]
        return len(found), min(found, default=None), max(found, default=None)


def get_json(port, path, timeout=10):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise BenchError(f"GET {path} answered {answer.status}: {body[:300]}")
        return json.loads(body)
    finally:
        connection.close()


def post_file(port, path, file, timeout):
    """Streams a file as NDJSON with sendfile, so that the load costs next to nothing; (seconds, answer)."""
    size = os.path.getsize(file)
    begin = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout) as link, open(file, "rb") as source:
        link.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-ndjson\r\n"
                     f"Content-Length: {size}\r\n\r\n".encode())
        try:
            link.sendfile(source)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the answer says why
        answer = http.client.HTTPResponse(link, method="POST")
        answer.begin()
        body = answer.read()
    seconds = time.monotonic() - begin
    if answer.status not in (200, 202):
        raise BenchError(f"POST {path} answered {answer.status}: {body[:500].decode(errors='replace')}")
    return seconds, json.loads(body)


class H2load:
    """h2load in the background, HTTP/1.1, one body for all requests; either a number of requests or a duration."""

    def __init__(self, workshop, port, path, body, conns, requests=None, seconds=None, warm_up=0):
        body_file = workshop.path("submit.json")
        with open(body_file, "w") as out:
            out.write(body)
        amount = ["-n", str(requests)] if requests else ["-D", str(seconds), f"--warm-up-time={warm_up}"]
        conns = min(conns, requests or conns)
        self.workshop = workshop
        self.uncertain = 0 if requests else conns  # in flight when a duration ends: accepted perhaps, counted never
        self.process = workshop.spawn("h2load", ["h2load", "--h1", "-t", "1", "-c", str(conns), *amount, "-d", body_file, "-H",
                                                 "content-type: application/json", f"http://127.0.0.1:{port}{path}"])

    def ended(self):
        return self.process.popen.poll() is not None

    def result(self, timeout):
        try:
            self.process.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise BenchError(f"h2load did not end within {timeout} s") from None
        text = self.process.log_tail(10_000)
        self.workshop.stop(self.process)
        numbers = re.search(r"finished in ([\d.]+)(us|ms|s|m), ([\d.]+) req/s", text)
        codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", text)
        requests = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", text)
        if not (numbers and codes and requests):
            raise BenchError(f"cannot read what h2load printed:\n{text}")
        unit = {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[numbers[2]]
        return {"seconds": float(numbers[1]) * unit, "rate": float(numbers[3]), "accepted": int(codes[1]),
                "refused": int(codes[2]) + int(codes[3]) + int(codes[4]), "errors": int(requests[3]),
                "uncertain": self.uncertain}


class Pressure:
    """Keeps so many tasks under way whose large pages are processed, and nothing kept of them; a context manager."""

    EVERY = 0.01  # seconds between looks at what was delivered
    SMALLEST = 60_000  # bytes of what comes of a page; a failure's envelope is far smaller

    def __init__(self, port, url, sink, outstanding):
        self.port, self.url, self.sink, self.outstanding = port, url, sink, outstanding
        self.over, self.fault = threading.Event(), None
        self.first = self.done = 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.sink.forget_sizes()
        self.first = self.sink.count()
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        self.thread.join(40)
        sampled, smallest, _ = self.sink.sizes()
        if kind is None and (self.fault or (smallest or 0) < self.SMALLEST):
            raise BenchError(f"pages were not processed: {self.done} deliveries, {sampled} of them looked at, the smallest of {smallest} "
                             f"bytes where {self.SMALLEST} are due; {self.fault or 'no submit failed'}")

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=35)
        try:
            submitted = 0
            while True:
                self.done = self.sink.count() - self.first
                if self.over.is_set():
                    break
                for number in range(submitted, self.done + self.outstanding):
                    task = {"url": self.url(number), "process": [{"use": "text"}, {"use": "links"}],
                            "deliver": {"to": self.sink.url, "mode": "processed"}}
                    connection.request("POST", "/v1/tasks", json.dumps(task), {"content-type": "application/json"})
                    response = connection.getresponse()
                    answer = response.read()
                    if response.status != 202:
                        raise BenchError(f"a submit was answered {response.status}: {answer[:300]}")
                    submitted = number + 1
                time.sleep(self.EVERY)
        except (OSError, BenchError, http.client.HTTPException) as e:
            self.fault = e
        finally:
            connection.close()


def probe(workshop, tools, server_port, path, target_port, sink_port, count, timeout, **options):
    """Runs tools/probe.c, which is submitter and receiver in one; its JSON."""
    command = [tools["probe"], "--server", str(server_port), "--path", path, "--target", str(target_port), "--sink", str(sink_port),
               "--count", str(count), "--timeout", str(timeout), "--begin", PAGE_BEGIN, "--end", PAGE_END, "--page-bytes", str(PAGE_BYTES)]
    for name, value in options.items():
        command += ["--" + name, str(value)]
    process = workshop.spawn("probe", command)
    try:
        process.popen.wait(timeout + 20)
    except subprocess.TimeoutExpired:
        raise BenchError("the probe did not end in time") from None
    text = process.log_tail()
    workshop.stop(process)
    found = re.search(r"^\{.*\}$", text, re.M)
    if not found:
        raise BenchError(f"the probe failed:\n{text}")
    if "not a page" in text:
        print("  " + text.splitlines()[-1] if text.splitlines() else text)
    return json.loads(found[0])
