"""Processes, ports and temporary folders of one bench run; all of them end with it."""

import ctypes
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class BenchError(Exception):
    """What went wrong, in words for whoever runs the bench."""


def die_with_parent(last_signal):
    """Runs in the child: even a killed bench leaves no process behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, last_signal)


def inherited():
    """Fetchback refuses variables that are named like its own and are not; FETCHBACK_CMD is the bench's."""
    return {name: value for name, value in os.environ.items() if name != "FETCHBACK_CMD"}


class Process:
    """A started program, in a session of its own so that its children are counted with it; those that leave it, as PostgreSQL's do, too."""

    def __init__(self, name, popen, log):
        self.name, self.popen, self.log = name, popen, log

    def members(self):
        """(pid, fields of /proc/pid/stat after the name) of every live process of the session, and of its first one's children."""
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    fields = stat.read().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if self.popen.pid in (int(fields[3]), int(fields[1])):
                yield int(entry), fields

    def cpu_seconds(self):
        return sum(sum(map(int, fields[11:15])) for _, fields in self.members()) / TICKS

    def rss(self):
        """Bytes, summed over the session; pages shared by forks count once for each."""
        return sum(int(fields[21]) * PAGE for _, fields in self.members())

    def check(self):
        code = self.popen.poll()
        if code is not None:
            raise BenchError(f"{self.name} ended with code {code}; the end of its log:\n{self.log_tail()}")

    def log_tail(self, size=3000):
        with open(self.log, "rb") as log:
            log.seek(max(0, os.path.getsize(self.log) - size))
            return log.read().decode(errors="replace")

    def stop(self, patience=20):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(patience)
            except subprocess.TimeoutExpired:
                print(f"  {self.name} did not end within {patience} s of SIGTERM and is killed", flush=True)
        for pid, _ in list(self.members()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.popen.wait(10)


class Workshop:
    """Owns the temporary folder and every process; a context manager."""

    def __init__(self, parent=None):
        self.dir = tempfile.mkdtemp(prefix="fetchback-bench-", dir=parent)
        self.started = []
        self.given = set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.stop(patience=5)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def fresh_dir(self, name):
        return tempfile.mkdtemp(prefix=name + "-", dir=self.dir)

    def free_port(self):
        """Below the ephemeral range, so that no outgoing connection takes it in the meantime."""
        for _ in range(1000):
            port = random.randrange(18000, 32000)
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in self.given:
                self.given.add(port)
                return port
        raise BenchError("no free port between 18000 and 32000")

    def spawn(self, name, command, env=None, cwd=None, last_signal=signal.SIGKILL):
        """Starts a program; `last_signal` is what it gets should the bench itself be killed."""
        log = self.path(f"{name}-{len(self.started)}.log")
        try:
            with open(log, "wb") as out:
                popen = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=cwd or self.dir,
                                         env={**inherited(), **(env or {})}, start_new_session=True,
                                         preexec_fn=functools.partial(die_with_parent, last_signal))
        except OSError as problem:
            raise BenchError(f"{name} cannot be started: {command[0]}: {problem.strerror}; see bench/README.md") from None
        process = Process(name, popen, log)
        self.started.append(process)
        with open(self.path(name + ".pid"), "w") as pid_file:
            pid_file.write(str(popen.pid))
        return process

    def stop(self, process):
        process.stop()
        self.started.remove(process)


def await_port(port, process, timeout):
    """Seconds until something listens there, to about a millisecond."""
    begin = time.monotonic()
    while time.monotonic() < begin + timeout:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return time.monotonic() - begin
        except OSError:
            process.check()
            time.sleep(0.001)
    raise BenchError(f"{process.name} did not listen on port {port} within {timeout} s; its log:\n{process.log_tail()}")


class RssSampler:
    """Follows the memory of some processes from a thread of its own."""

    def __init__(self, processes, period=0.25):
        self.processes, self.period = processes, period
        self.peak = self.last = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.follow, daemon=True)

    def follow(self):
        while not self.done.wait(self.period):
            self.last = sum(process.rss() for process in self.processes)
            self.peak = max(self.peak, self.last)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
