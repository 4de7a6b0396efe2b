"""Tables for people and JSON for machines."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import time

from .contenders import REPO
from .procs import BenchError


def table(title, columns, rows):
    """A Markdown table, numbers to the right."""
    cells = [[show(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    print(f"\n{title}\n")
    print("| " + " | ".join(name.ljust(width) for name, width in zip(columns, widths)) + " |")
    print("|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|")
    for line in cells:
        print("| " + " | ".join(cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(line, widths))) + " |")
    print(flush=True)


def show(cell):
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.2f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def spread(values):
    """min, median, max."""
    return (min(values), statistics.median(values), max(values)) if values else (None, None, None)


def megabytes(count):
    return None if count is None else round(count / 1e6, 1)


def output_of(*command):
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=REPO)
        return (answer.stdout + answer.stderr).strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def first_line(*command):
    return (output_of(*command).splitlines() or ["not found"])[0]


def machine(work_dir):
    with open("/proc/cpuinfo") as cpus:
        model = next((line.split(":")[1].strip() for line in cpus if line.startswith("model name")), "unknown")
    with open("/proc/meminfo") as memory:
        total = int(memory.readline().split()[1]) * 1024
    return {
        "cpu": model, "cores": len(os.sched_getaffinity(0)), "memory_mb": megabytes(total), "kernel": platform.release(),
        "disk": output_of("stat", "-f", "-c", "%T", work_dir), "load_before": os.getloadavg()[0],
        "commit": first_line("git", "describe", "--always", "--dirty"),
        "nginx": first_line("nginx", "-v"), "h2load": first_line("h2load", "--version"), "redis": first_line("redis-server", "--version"),
        "node": first_line("node", "--version"),
        "python": first_line("/usr/bin/python3", "-c",
                             "import platform, aiohttp, requests, celery; print(platform.python_version(), 'aiohttp', aiohttp.__version__, "
                             "'requests', requests.__version__, 'celery', celery.__version__)"),
    }


def write_results(scenario, machine_facts, settings, results):
    folder = os.path.join(REPO, "bench", "results")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as problem:
        raise BenchError(f"the raw results cannot be written: {folder}: {problem.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise BenchError(f"the raw results cannot be written: {folder} is not writable by this user")
    name = os.path.join(folder, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + f"-{scenario}.json")
    with open(name, "w") as out:
        json.dump({"scenario": scenario, "machine": machine_facts, "settings": settings, "results": results}, out, indent=1)
    print(f"raw results: {os.path.relpath(name, REPO)}", flush=True)


def missing_programs(*names):
    return [name for name in names if not shutil.which(name)]
