"""The measurements that scenarios are made of."""

import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass

from .procs import BenchError, Process
from .stage import H2load, post_file

STALL_SECONDS = 30  # nothing new at the sink for so long means that the rest is lost
POLL_SECONDS = 0.02
HOSTS = 100_000


@dataclass
class Stage:
    """What a scenario works with."""
    workshop: object
    tools: dict
    target: object
    sink: object
    contenders: list
    args: object


class FileFeed:
    """Posts an NDJSON file from a thread; the same shape as H2load."""

    def __init__(self, port, file, timeout):
        self.answer = self.problem = None
        self.thread = threading.Thread(target=self.post, args=(port, file, timeout), daemon=True)
        self.thread.start()

    def post(self, port, file, timeout):
        try:
            self.answer = post_file(port, "/v1/batches", file, timeout)
        except Exception as problem:  # kept for whoever waits for the result
            self.problem = problem

    def ended(self):
        return not self.thread.is_alive()

    def result(self, timeout):
        self.thread.join(timeout)
        if self.problem:
            raise self.problem
        if not self.answer:
            raise BenchError(f"the batch was not answered within {timeout} s")
        seconds, answer = self.answer
        return {"seconds": seconds, "accepted": answer["accepted"], "refused": answer["rejected"], "errors": 0, "uncertain": 0,
                "rate": answer["accepted"] / seconds}


def busy_ticks():
    """(busy, all) ticks of the whole machine."""
    with open("/proc/stat") as stat:
        ticks = list(map(int, stat.readline().split()[1:9]))
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def follow(stage, running, feed, timeout):
    """Watches the sink until everything that the feed got accepted has arrived, or nothing more does; counts and times."""
    sink = stage.sink
    parts = {"server": running, "target": stage.target.process, "sink": stage.sink.process, **getattr(running, "parts", {})}
    cpu = {name: part.cpu_seconds() for name, part in parts.items()}
    busy, total = busy_ticks()
    base, begin = sink.count(), time.monotonic()
    series, arrived, last_change, loaded = [(0.0, 0)], 0, begin, None
    load = feed()
    while True:
        time.sleep(POLL_SECONDS)
        count, now = sink.count() - base, time.monotonic()
        if count != arrived:
            arrived, last_change = count, now
            if now - begin - series[-1][0] >= 0.1:
                series.append((round(now - begin, 3), arrived))
        if not loaded and load.ended():
            loaded = load.result(1)
        if loaded and arrived >= loaded["accepted"]:
            break
        if now > last_change + STALL_SECONDS or now > begin + timeout:
            break
        running.check()
    seconds = last_change - begin
    series.append((round(seconds, 3), arrived))
    loaded = loaded or load.result(timeout)
    busy, total = busy_ticks()[0] - busy, busy_ticks()[1] - total
    cpu = {name: part.cpu_seconds() - cpu[name] for name, part in parts.items()}
    time.sleep(0.5)  # for what would come twice
    arrived = sink.count() - base
    return {"accepted": loaded["accepted"], "refused": loaded["refused"], "errors": loaded["errors"], "delivered": arrived,
            "exact": 0 <= arrived - loaded["accepted"] <= loaded["uncertain"], "seconds": seconds, "rate": arrived / seconds if seconds else 0.0,
            "plateau_rate": plateau(series), "submit_rate": loaded["rate"],
            "cpu_us_per_task": {name: used * 1e6 / max(1, arrived) for name, used in cpu.items()},
            "machine_idle": 1 - busy / max(1, total), "series": series}


def plateau(series):
    """Deliveries a second between the tenth and the ninetieth of a hundred deliveries."""
    end = series[-1][1]
    inside = [(at, count) for at, count in series if 0.1 * end <= count <= 0.9 * end]
    if len(inside) < 2 or inside[-1][0] <= inside[0][0]:
        return None
    return (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


def burst(stage, running, count, timeout=600):
    """Submits `count` tasks one by one as fast as they are accepted, and waits until all were delivered."""
    body = running.contender.body(stage.target.url)
    return follow(stage, running, lambda: H2load(stage.workshop, running.port, running.contender.path, body,
                                                 stage.args.conns, requests=count), timeout)


def warm_up(stage, running, seconds):
    """Bursts for about so long; the best rate of them, so that one disturbed burst does not make the window short."""
    begin, count, best = time.monotonic(), 200, 0.0
    while True:
        result = burst(stage, running, count)
        if result["delivered"] < result["accepted"] or not result["accepted"]:
            raise BenchError(f"{running.contender.name} took {result['accepted']} tasks and delivered {result['delivered']} of them; "
                             f"{result['refused']} were refused. Its log:\n{running.main.log_tail()}")
        best = max(best, result["rate"])
        left = seconds - (time.monotonic() - begin)
        if left <= 0:
            return best
        count = max(200, int(result["rate"] * min(left, 4)))


def write_lines(path, count, line):
    with open(path, "w") as out:
        for begin in range(0, count, 10_000):
            out.write("".join(line(n) for n in range(begin, min(count, begin + 10_000))))
    return path


def delayed_file(stage, count, name="delayed.ndjson"):
    """Tasks of many hosts that are due tomorrow, so that taking them is all the work there is."""
    return write_lines(stage.workshop.path(name), count,
                       lambda n: f'{{"url":"http://host-{n % HOSTS}.example/page/{n}","delay":"24h"}}\n')


def live_heap(process: Process):
    """Bytes of the Java heap in use after a full collection; None when it is not Java or has no jcmd."""
    try:
        jcmd = os.path.join(os.path.dirname(os.readlink(f"/proc/{process.popen.pid}/exe")), "jcmd")
        for command in ("GC.run", "GC.heap_info"):
            answer = subprocess.run([jcmd, str(process.popen.pid), command], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    heap = answer.stdout.partition("Metaspace")[0]
    found = re.findall(r"total (?:reserved )?\d+K.*?used (\d+)K", heap)
    return sum(map(int, found)) * 1024 if found else None


def folder_bytes(path):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)
