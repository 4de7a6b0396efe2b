"""Command line of the bench."""

import argparse
import os
import resource
import signal
import subprocess
import sys
import time

from . import report, scenarios
from .contenders import REPO, known
from .measure import Stage
from .procs import BenchError, Workshop
from .stage import Sink, Target

PEERS_BY_DEFAULT = "fetchback,relay,reference,celery,bullmq"


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures Fetchback and its peers side by side on this machine. See bench/README.md.")
    parser.add_argument("scenario", nargs="+", choices=[*scenarios.ALL, "all"])
    parser.add_argument("--contenders", help=f"comma-separated; default {PEERS_BY_DEFAULT} for check and e2e, fetchback elsewhere")
    parser.add_argument("--variant", action="append", default=[], metavar="NAME=ARGS", help="a contender more: Fetchback with these arguments added")
    parser.add_argument("--command", action="append", default=[], metavar="NAME=COMMAND", help="a contender more: this command, with Fetchback's API")
    parser.add_argument("--seconds", type=float, default=20, help="length of each measured window (20)")
    parser.add_argument("--warm-up", type=float, default=15, help="seconds of load before each window (15)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender is measured, interleaved (3)")
    parser.add_argument("--conns", type=int, default=64, help="connections that submit (64)")
    parser.add_argument("--tasks", type=int, help="tasks of ndjson (1,000,000 a stream), slow and flat (10,000,000 waiting)")
    parser.add_argument("--streams", type=int, default=1, help="NDJSON uploads at a time (1)")
    parser.add_argument("--inflight", type=int, default=10_000, help="fetches in flight in slow (10,000)")
    parser.add_argument("--delay-ms", type=int, default=1000, help="after which the slow target answers (1000)")
    parser.add_argument("--addresses", type=int, default=100, help="loopback addresses of the targets, each a host (100)")
    parser.add_argument("--rate", type=float, default=1000, help="tasks/s of latency (1000)")
    parser.add_argument("--outstanding", type=int, default=16, help="tasks whose pages are processed beside in processing (16)")
    parser.add_argument("--nodes", default="1,2", help="how many nodes cluster starts on PostgreSQL, each beside the others (1,2)")
    parser.add_argument("--burden", metavar="held|TASKS", help="cluster compares nodes on a database with an old snapshot, or so many waiting tasks, with nodes on one without")
    parser.add_argument("--postgres", action="append", default=[], metavar="NAME=VALUE", help="a setting of the PostgreSQL that cluster starts")
    parser.add_argument("--statements", action="store_true", help="cluster prints what took PostgreSQL's time, which costs some")
    parser.add_argument("--idle-seconds", type=float, default=10, help="idle time before memory is read in startup (10)")
    parser.add_argument("--check-tasks", type=int, default=2000, help="tasks of the check (2000)")
    parser.add_argument("--no-check", action="store_true", help="e2e without the check before it")
    parser.add_argument("--work-dir", help="where stores and logs live while it runs; a real disk (default: the system's temporary folder)")
    return parser.parse_args()


def compile_tools(workshop):
    tools = {}
    for name in ("slow", "probe"):
        tools[name] = workshop.path(name)
        subprocess.run(["gcc", "-O2", "-Wall", "-o", tools[name], os.path.join(REPO, "bench", "tools", name + ".c")], check=True, timeout=60)
    return tools


def chosen(args, scenario):
    everyone = known(args.variant, args.command)
    added = [text.partition("=")[0] for text in args.variant + args.command]
    if args.contenders:
        names = args.contenders.split(",")
        unknown = [name for name in names if name not in everyone]
        if unknown:
            raise BenchError(f"unknown contender {', '.join(unknown)}; known are {', '.join(everyone)}")
    else:
        names = PEERS_BY_DEFAULT.split(",") if scenario in ("check", "e2e") else ["fetchback"]
        names = [name for name in names if name in everyone]
    return [everyone[name] for name in dict.fromkeys(names + added)]


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    missing = report.missing_programs("nginx", "h2load", "wrk", "gcc")
    if missing:
        sys.exit(f"bench/run: not found: {', '.join(missing)}; see bench/README.md for what to install")
    names = list(scenarios.ALL) if "all" in args.scenario else args.scenario
    failed = 0
    with Workshop(args.work_dir) as workshop:
        facts = report.machine(workshop.dir)
        print(f"{facts['cpu']}, {facts['cores']} cores, {facts['memory_mb']:,.0f} MB, {facts['disk']}, commit {facts['commit']}, "
              f"load before {facts['load_before']:.2f}", flush=True)
        if facts["disk"] in ("tmpfs", "ramfs"):
            print("WARNING: the stores are in memory, where fsync costs nothing; give --work-dir on a disk", flush=True)
        tools = compile_tools(workshop)
        target, sink = Target(workshop, args.addresses), Sink(workshop)
        for name in names:
            begun = time.monotonic()
            print(f"\n== {name}", flush=True)
            try:
                stage = Stage(workshop, tools, target, sink, chosen(args, name), args)
                results = scenarios.ALL[name](stage)
                settings = {**vars(args), "contenders": {each.name: each.command or each.kind for each in stage.contenders}}
                report.write_results(name, facts, settings, results)
            except BenchError as problem:
                failed += 1
                print(f"bench/run {name}: {problem}", file=sys.stderr, flush=True)
            print(f"({time.monotonic() - begun:.0f} s)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("bench/run: interrupted; everything it started was ended")
