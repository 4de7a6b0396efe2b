"""Nodes on one PostgreSQL beside one node on SQLite, or beside nodes on an easier database: rate, CPU, WAL and commits a task."""

import os
import re
import statistics
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from .contenders import REPO, Running
from .measure import follow
from .postgres import Postgres, Session
from .procs import BenchError
from .report import spread, table

HOSTS_WAITING = 100_000  # of the tasks that wait
COPY_SECONDS_MAX = 3600
LEASE_SHARE = 8  # seconds in which nodes share out their shards, two beats and something


class Load:
    """wrk for each node, for many hosts in turn; the same shape as H2load."""

    def __init__(self, stage, running, seconds):
        nodes, self.stage = running.nodes, stage
        conns = max(1, stage.args.conns // len(nodes))
        self.uncertain = conns * len(nodes)  # in flight when it ends: accepted perhaps, counted never
        self.processes = [stage.workshop.spawn("wrk", [
            "wrk", "-t1", f"-c{conns}", f"-d{max(1, round(seconds))}s", "-s", os.path.join(REPO, "bench", "tools", "submit.lua"), f"http://127.0.0.1:{node.port}/v1/tasks", "--",
            str(stage.target.port), str(stage.target.addresses), str(n * stage.target.addresses // len(nodes))]) for n, node in enumerate(nodes)]

    def ended(self):
        return all(process.popen.poll() is not None for process in self.processes)

    def result(self, timeout):
        found = []
        for process in self.processes:
            process.popen.wait(timeout)
            text = process.log_tail(10_000)
            self.stage.workshop.stop(process)
            numbers = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+)$", text, re.M)
            if not numbers:
                raise BenchError(f"cannot read what wrk printed:\n{text}")
            found.append([int(number) for number in numbers.groups()])
        requests, refused, errors, micros = (sum(column) for column in zip(*found))
        return {"seconds": micros / len(found) / 1e6, "accepted": requests - refused, "refused": refused, "errors": errors,
                "uncertain": self.uncertain, "rate": (requests - refused) * len(found) * 1e6 / max(1, micros)}


class Cluster:
    """Nodes that are measured as one; `postgres` is None for SQLite."""

    def __init__(self, name, nodes, postgres=None):
        self.name, self.nodes, self.postgres = name, nodes, postgres

    @property
    def contender(self):
        return self.nodes[0].contender

    @property
    def main(self):
        return self.nodes[0].main

    @property
    def parts(self):
        return {"postgres": self.postgres.process} if self.postgres else {}

    def check(self):
        for node in self.nodes:
            node.check()
        if self.postgres:
            self.postgres.check()

    def cpu_seconds(self):
        return sum(node.cpu_seconds() for node in self.nodes)

    def commits(self):
        """(commits, changes in them), of all nodes."""
        texts = [metrics(node.port) for node in self.nodes]
        return [sum(float(re.search(rf"^fetchback_commit_changes_{part} (\S+)$", text, re.M)[1]) for text in texts) for part in ("count", "sum")]


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


@contextmanager
def started(stage, name, nodes, postgres):
    """A cluster of so many nodes on a database of its own; without PostgreSQL one node on SQLite."""
    base = stage.contenders[0]
    with ExitStack() as stack:
        if postgres is None:
            yield Cluster(name, [stack.enter_context(Running(stage.workshop, replace(base, name=name), stage.sink.url))])
            return
        url = postgres.database(name.replace("-", "_"))
        running = [stack.enter_context(Running(stage.workshop, replace(
            base, name=f"{name}-{n}", command=f"{base.command} --store '{url}' --node-name n{n}"), stage.sink.url)) for n in range(nodes)]
        if nodes > 1:
            time.sleep(LEASE_SHARE)
        yield Cluster(name, running, postgres)


def burst(stage, cluster, seconds):
    """Load for so long, until all of it was delivered; with what it cost the database."""
    before, commits = cluster.postgres.counts() if cluster.postgres else {}, cluster.commits()
    result = follow(stage, cluster, lambda: Load(stage, cluster, seconds), 600)
    after, commits = cluster.postgres.counts() if cluster.postgres else {}, [now - then for now, then in zip(cluster.commits(), commits)]
    tasks = max(1, result["delivered"])
    result["per_task"] = {name: (after[name] - before[name]) / tasks for name in before}
    result["batch"] = commits[1] / max(1, commits[0])
    result["commits_per_task"] = commits[0] / tasks
    return result


def cluster(stage):
    """One node on SQLite, one and two on PostgreSQL; or so many on two databases, of which one has a burden. All run and are warm, and bursts go round."""
    args = stage.args
    settings = [text.split("=", 1) for text in args.postgres] + [("shared_preload_libraries", "pg_stat_statements")] * args.statements
    counts = [int(count) for count in args.nodes.split(",")]
    names = [("fresh", counts[0]), ("burdened", counts[0])] if args.burden else [("sqlite", 0), *((f"postgres-{count}", count) for count in counts)]
    with Postgres(stage.workshop, settings) as postgres, ExitStack() as stack:
        clusters = [stack.enter_context(started(stage, name, nodes, postgres if nodes else None)) for name, nodes in names]
        for each in clusters:
            burst(stage, each, args.warm_up * len(each.nodes))  # each node compiles its code, on the same cores
        if args.burden:
            stack.enter_context(burden(clusters[1], args.burden))
        begun = time.monotonic()
        results = {each.name: [] for each in clusters}
        with statements(postgres, clusters[-1].name, args.statements and clusters[-1].postgres):
            for number in range(args.rounds):
                for each in clusters:
                    results[each.name].append(burst(stage, each, args.seconds))
                print(f"  round {number + 1}, {time.monotonic() - begun:.0f} s: "
                      + ", ".join(f"{name} {found[-1]['rate']:,.0f}/s" for name, found in results.items()), flush=True)
    if args.burden:
        show({name: rounds[-max(1, args.rounds // 3):] for name, rounds in results.items()}, "fresh", "of the last third of the rounds")
    else:
        show(results, "sqlite")
    return {"rounds": results, "postgres": postgres.settings}


@contextmanager
def burden(cluster, what):
    """Holds a snapshot for as long as the rounds take, or has so many copies of a task wait till tomorrow."""
    session = Session(cluster.postgres.port, cluster.name)
    try:
        if what == "held":
            session.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
        else:
            wait_till_tomorrow(cluster, session, int(what))
        yield
    finally:
        session.close()


def wait_till_tomorrow(cluster, session, copies):
    body = b'{"url":"https://waits.example/","delay":"1d"}'
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{cluster.nodes[0].port}/v1/tasks", body, {"Content-Type": "application/json"}), timeout=10):
        pass
    session.link.settimeout(COPY_SECONDS_MAX)
    session.ask("INSERT INTO waiting(id, attempt, epoch, phase, shard, priority, ready_at, queue, facts) SELECT gen_random_uuid(), attempt, epoch,"
                f" phase, n % 64, priority, ready_at, 'copy' || n % {HOSTS_WAITING}, facts FROM waiting, generate_series(1, {copies}) n")
    session.ask("INSERT INTO queue(due_at, priorities, phase, shard, name) SELECT min(ready_at), bit_or(1 << priority), phase, shard, queue"
                " FROM waiting GROUP BY phase, shard, queue ON CONFLICT DO NOTHING")
    session.ask("ANALYZE waiting; ANALYZE queue; CHECKPOINT")


def show(results, first, which=""):
    rows = []
    for name, rounds in results.items():
        middle = lambda read: statistics.median([read(found) for found in rounds])
        on_postgres = "postgres" in rounds[0]["cpu_us_per_task"]
        rows.append([name, *spread([found["rate"] for found in rounds]),
                     statistics.median(its["rate"] / its_first["rate"] for its, its_first in zip(rounds, results[first])),
                     middle(lambda found: found["cpu_us_per_task"]["server"]),
                     middle(lambda found: found["cpu_us_per_task"]["postgres"]) if on_postgres else None,
                     middle(lambda found: found["per_task"]["wal_bytes"]) if on_postgres else None,
                     middle(lambda found: found["batch"]), middle(lambda found: found["commits_per_task"]),
                     middle(lambda found: 100 * found["machine_idle"]),
                     "yes" if all(found["exact"] and not found["refused"] and not found["errors"] for found in rounds) else "NO"])
    table(f"Nodes on PostgreSQL, end to end, tasks/s {which}".rstrip(), ["store-nodes", "min", "median", "max", f"÷ {first}", "CPU µs/task nodes", "postgres", "WAL B/task",
                                                      "changes/commit", "commits/task", "idle %", "exact"], rows)


@contextmanager
def statements(postgres, name, wanted):
    """Prints what took the server's time meanwhile, if it was started for that."""
    if not wanted:
        yield
        return
    session = Session(postgres.port, name.replace("-", "_"))
    try:
        session.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()")
        yield
        rows = session.ask("SELECT calls, rows, round(total_exec_time::numeric) ms, round(wal_bytes / 1024) kb, shared_blks_hit,"
                           " left(regexp_replace(query, '\\s+', ' ', 'g'), 110) FROM pg_stat_statements JOIN pg_database d ON d.oid=dbid"
                           " WHERE datname=current_database() ORDER BY total_exec_time DESC LIMIT 25")
        table(f"Statements of {name}", ["calls", "rows", "ms", "WAL kB", "blocks", "statement"], rows)
        rows = session.ask("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del, n_live_tup, n_dead_tup, pg_size_pretty(pg_total_relation_size(relid))"
                           " FROM pg_stat_user_tables WHERE n_tup_ins + n_tup_upd > 100 ORDER BY n_tup_ins DESC")
        table(f"Tables of {name}", ["table", "inserted", "updated", "deleted", "live", "dead", "size"], rows)
    finally:
        session.close()
