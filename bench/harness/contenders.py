"""Who is measured and how each is started. Every command line can be replaced from outside; see README.md."""

import http.client
import json
import os
import shlex
import time
from dataclasses import dataclass, field, replace

from .procs import BenchError, await_port

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEERS = os.path.join(REPO, "bench", "peers")
SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's, the one that sees Debian's python3-* packages
SIGNING_SECRET = "whsec_" + "YmVuY2ggc2VjcmV0IG9mIHRoaXJ0eS10d28gYnl0ZXM="

# {port}, {data}, {sink} and {inflight} are filled in for each start.
FETCHBACK = ("./fetchback serve --host 127.0.0.1 --port {port} --data-dir {data} --deliver-to {sink} "
             "--fetch-allow-networks 127.0.0.0/8 --deliver-allow-networks 127.0.0.0/8 --fetch-concurrency {inflight} --fetch-per-host-concurrency {inflight} "
             "--fetch-per-address-concurrency {inflight} --fetch-per-host-gap 0s --fetch-robots ignore")


@dataclass(frozen=True)
class Contender:
    name: str
    kind: str  # fetchback, reference, celery, bullmq
    command: str = ""
    path: str = "/"
    ready_path: str = ""  # empty: it is ready when it listens
    env: dict = field(default_factory=dict)
    start_timeout: float = 60

    @property
    def is_fetchback(self):
        return self.kind == "fetchback"

    def body(self, url, delay=None):
        return json.dumps({"url": url, **({"delay": delay} if delay else {})}, separators=(",", ":"))


def known(variants=(), commands=()):
    """All contenders by name; `variants` are NAME=ARGS added to Fetchback's command, `commands` NAME=COMMAND with its API."""
    base = Contender("fetchback", "fetchback", os.environ.get("FETCHBACK_CMD") or FETCHBACK, "/v1/tasks", "/health/ready",
                     {"FETCHBACK_DELIVER_SECRET": SIGNING_SECRET})
    found = [base,
             Contender("reference", "reference"),
             Contender("celery", "celery"),
             Contender("bullmq", "bullmq")]
    found.append(replace(base, name="relay", command=os.environ.get("RELAY_CMD") or FETCHBACK.replace("./fetchback serve", "bench/relay")))
    for text in variants:
        name, _, arguments = text.partition("=")
        found.append(replace(base, name=name, command=base.command + " " + arguments))
    for text in commands:
        name, _, command = text.partition("=")
        found.append(replace(base, name=name, command=command))
    return {contender.name: contender for contender in found}


class Running:
    """A started contender; a context manager that stops it."""

    def __init__(self, workshop, contender, sink_url, data=None, inflight=256):
        self.workshop, self.contender = workshop, contender
        self.port = workshop.free_port()
        self.processes = []
        self.data = data or workshop.fresh_dir(contender.name)
        self.sink_url, self.inflight = sink_url, inflight
        self.listening_after = self.ready_after = None

    def __enter__(self):
        self.begun = time.monotonic()
        try:
            getattr(self, "start_" + self.contender.kind)()
            await_port(self.port, self.processes[-1], self.contender.start_timeout)
            self.listening_after = time.monotonic() - self.begun
            if self.contender.ready_path:
                self.await_ready()
            self.ready_after = time.monotonic() - self.begun
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.workshop.stop(process)
        self.processes.clear()

    @property
    def main(self):
        return self.processes[-1]

    def check(self):
        for process in self.processes:
            process.check()

    def cpu_seconds(self):
        return sum(process.cpu_seconds() for process in self.processes)

    def spawn(self, name, command, env=None, cwd=None):
        self.processes.append(self.workshop.spawn(name, command, {**self.contender.env, **(env or {})}, cwd))

    def start_fetchback(self):
        command = self.contender.command.format(port=self.port, data=self.data, sink=self.sink_url, inflight=self.inflight)
        self.spawn(self.contender.name, shlex.split(command), cwd=REPO)

    def start_reference(self):
        self.spawn("reference", [SYSTEM_PYTHON, os.path.join(PEERS, "reference.py")], {"PORT": str(self.port), "SINK_URL": self.sink_url})

    def start_celery(self):
        redis_port = self.redis()
        env = {"PORT": str(self.port), "SINK_URL": self.sink_url, "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0", "PYTHONPATH": PEERS}
        workers = os.environ.get("CELERY_WORKERS", "2")
        self.spawn("celery-worker", [SYSTEM_PYTHON, "-m", "celery", "-A", "celery_app", "worker", "--concurrency", workers, "--without-gossip",
                                     "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"], {**env, "C_FORCE_ROOT": "1"})
        self.spawn("celery-intake", [SYSTEM_PYTHON, os.path.join(PEERS, "celery_intake.py")], env)

    def start_bullmq(self):
        folder = os.path.join(PEERS, "bullmq")
        if not os.path.isdir(os.path.join(folder, "node_modules")):
            raise BenchError("BullMQ is not installed; run: npm --prefix bench/peers/bullmq install")
        redis_port = self.redis()
        env = {"PORT": str(self.port), "SINK_URL": self.sink_url, "REDIS_PORT": str(redis_port)}
        for _ in range(int(os.environ.get("BULLMQ_WORKERS", "1"))):
            self.spawn("bullmq-worker", ["node", os.path.join(folder, "worker.mjs")], env)
        self.spawn("bullmq-intake", ["node", os.path.join(folder, "intake.mjs")], env)

    def redis(self):
        """A Redis that keeps what it acknowledged, as a durable 202 asks for."""
        port = self.workshop.free_port()
        self.spawn("redis", ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", self.data, "--save", "",
                             "--appendonly", "yes", "--appendfsync", os.environ.get("REDIS_FSYNC", "always"), "--maxmemory-policy", "noeviction"])
        await_port(port, self.processes[-1], 10)
        return port

    def await_ready(self):
        deadline = self.begun + self.contender.start_timeout
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", self.contender.ready_path)
                if connection.getresponse().status == 200:
                    return
            except (OSError, http.client.HTTPException):
                self.main.check()
            finally:
                connection.close()
            time.sleep(0.005)
        raise BenchError(f"{self.contender.name} was not ready within {self.contender.start_timeout} s; its log:\n{self.main.log_tail()}")
