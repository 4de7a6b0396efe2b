"""One function a scenario; each prints its table and returns what goes to the JSON file."""

import math
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from .cluster import cluster
from .contenders import Running
from .measure import (FileFeed, burst, delayed_file, folder_bytes, follow, live_heap, warm_up, write_lines)
from .procs import BenchError, RssSampler
from .report import first_line, megabytes, output_of, spread, table
from .stage import H2load, Pressure, SlowTarget, post_file, probe

MILLION = 1_000_000


def say(text):
    print(f"  {text}", flush=True)


def fetchbacks(stage):
    """The contenders with Fetchback's whole API; without any, the scenario has nothing to measure."""
    found = [contender for contender in stage.contenders if contender.is_fetchback and contender.name != "relay"]
    if not found:
        raise BenchError("this scenario measures Fetchback only; name it with --contenders")
    return found


def check(stage):
    """Unique URLs through a recording receiver: what arrives must be pages, each exactly once."""
    results, rows = {}, []
    for contender in stage.contenders:
        sink_port = stage.workshop.free_port()
        with Running(stage.workshop, contender, f"http://127.0.0.1:{sink_port}/hook") as running:
            found = probe(stage.workshop, stage.tools, running.port, contender.path, stage.target.port, sink_port,
                          stage.args.check_tasks, 60, conns=8)
        found["ok"] = (found["accepted"] == found["delivered"] == stage.args.check_tasks
                       and not (found["not_pages"] or found["repeated"] or found["unknown"]))
        results[contender.name] = found
        rows.append([contender.name, *(found[key] for key in ("accepted", "delivered", "missing", "repeated", "not_pages",
                                                              "smallest_body", "largest_body")), "yes" if found["ok"] else "NO"])
    table("Check: unique URLs, receiver that records every body", ["contender", "accepted", "delivered", "missing", "repeated",
                                                                  "not pages", "smallest body", "largest body", "all pages, once"], rows)
    wrong = [name for name, found in results.items() if not found["ok"]]
    if wrong:
        raise BenchError(f"not every task of {', '.join(wrong)} arrived as a page exactly once; its rate would mean nothing")
    return results


def e2e(stage):
    """End to end: submitted one by one as fast as accepted, fetched, delivered and counted; rounds A B C A B C."""
    results = {contender.name: [] for contender in stage.contenders}
    checked = None if stage.args.no_check else check(stage)
    for number in range(stage.args.rounds):
        for contender in stage.contenders:
            with Running(stage.workshop, contender, stage.sink.url) as running, RssSampler(running.processes) as memory:
                rate = warm_up(stage, running, stage.args.warm_up)
                stage.sink.forget_sizes()
                result = burst(stage, running, max(100, int(rate * stage.args.seconds)))
                result["sampled"], result["smallest_body"], result["largest_body"] = stage.sink.sizes()
            result["rss_peak"] = memory.peak
            results[contender.name].append(result)
            say(f"round {number + 1}: {contender.name} {result['rate']:,.0f}/s"
                + ("" if result["exact"] else f"  ACCEPTED {result['accepted']} BUT DELIVERED {result['delivered']}"))
    first, rows = results[stage.contenders[0].name], []
    for name, rounds in results.items():
        low, middle, high = spread([result["rate"] for result in rounds])
        rows.append([name, low, middle, high, statistics.median(ours["rate"] / max(its["rate"], 0.01) for ours, its in zip(first, rounds)),
                     spread([result["submit_rate"] for result in rounds])[1],
                     spread([result["cpu_us_per_task"]["server"] for result in rounds])[1],
                     spread([100 * result["machine_idle"] for result in rounds])[1],
                     megabytes(max(result["rss_peak"] for result in rounds)),
                     min((result["smallest_body"] for result in rounds if result["smallest_body"]), default=None),
                     sum(result["delivered"] for result in rounds),
                     "yes" if all(result["exact"] and not result["refused"] and not result["errors"] for result in rounds) else "NO"])
    table("End to end, tasks/s", ["contender", "min", "median", "max", f"{stage.contenders[0].name} ÷ it", "submit/s", "CPU µs/task", "idle %",
                                  "peak RSS MB", "smallest body", "delivered", "exact"], rows)
    return {"check": checked, "rounds": results}


def duel(stage):
    """End to end in short turns: all contenders run and are warm, and bursts go round, so that what disturbs the machine disturbs all."""
    results = {contender.name: [] for contender in stage.contenders}
    with ExitStack() as stack:
        running = [stack.enter_context(Running(stage.workshop, contender, stage.sink.url)) for contender in stage.contenders]
        rates = [warm_up(stage, each, stage.args.warm_up) for each in running]
        for number in range(stage.args.rounds):
            for each, rate in zip(running, rates):
                results[each.contender.name].append(burst(stage, each, max(100, int(rate * stage.args.seconds))))
            say(f"round {number + 1}: " + ", ".join(f"{name} {found[-1]['rate']:,.0f}/s" for name, found in results.items()))
    first, rows = results[stage.contenders[0].name], []
    for name, rounds in results.items():
        ratios = [ours["rate"] / max(its["rate"], 0.01) for ours, its in zip(first, rounds)]
        cpu = [its["cpu_us_per_task"]["server"] for its in rounds]
        rows.append([name, *spread([found["rate"] for found in rounds]), *spread(ratios), *spread(cpu)[:2],
                     "yes" if all(found["exact"] for found in rounds) else "NO"])
    table("Duel, tasks/s", ["contender", "min", "median", "max", f"{stage.contenders[0].name} ÷ it: min", "median", "max",
                            "CPU µs/task: min", "median", "exact"], rows)
    return {"rounds": results}


def submits(stage):
    """Single submits. Fetchback's tasks are due tomorrow, so that taking them is all that is measured; peers work meanwhile."""
    results, rows = {contender.name: [] for contender in stage.contenders}, []
    for _ in range(stage.args.rounds):
        for contender in stage.contenders:
            body = contender.body(stage.target.url, "24h" if contender.is_fetchback else None)
            with Running(stage.workshop, contender, stage.sink.url) as running:
                for seconds in (stage.args.warm_up, stage.args.seconds):
                    found = H2load(stage.workshop, running.port, contender.path, body, stage.args.conns,
                                   seconds=max(1, round(seconds))).result(seconds + 60)
                found["data_bytes"] = folder_bytes(running.data)
            results[contender.name].append(found)
    for name, rounds in results.items():
        rows.append([name, *spread([found["rate"] for found in rounds]), sum(found["accepted"] for found in rounds),
                     sum(found["refused"] for found in rounds), sum(found["errors"] for found in rounds)])
    table(f"Single submits/s over {stage.args.conns} connections", ["contender", "min", "median", "max", "accepted", "refused", "errors"], rows)
    return results


def ndjson(stage):
    """NDJSON intake: tasks due tomorrow (intake alone), then tasks that are worked on while they come in."""
    file = delayed_file(stage, stage.args.tasks or MILLION)
    small = delayed_file(stage, 100_000, "warm.ndjson")
    count, results, rows = stage.args.tasks or MILLION, {}, []
    for contender in fetchbacks(stage):
        rounds = []
        for _ in range(stage.args.rounds):
            with Running(stage.workshop, contender, stage.sink.url) as running, RssSampler(running.processes) as memory:
                warm_until = time.monotonic() + stage.args.warm_up
                while time.monotonic() < warm_until:
                    post_file(running.port, "/v1/batches", small, 120)
                begin = time.monotonic()
                with ThreadPoolExecutor(stage.args.streams) as pool:
                    answers = list(pool.map(lambda _: post_file(running.port, "/v1/batches", file, 600), range(stage.args.streams)))
                seconds = time.monotonic() - begin
                accepted = sum(answer["accepted"] for _, answer in answers)
                bytes_a_task = folder_bytes(running.data) / accepted
            rounds.append({"accepted": accepted, "exact": accepted == count * stage.args.streams, "seconds": seconds,
                           "rate": accepted / seconds, "rss_peak": memory.peak, "data_bytes_per_task": bytes_a_task})
        now_file = write_lines(stage.workshop.path("now.ndjson"), int(stage.args.seconds * 10_000),
                               lambda n: f'{{"url":"{stage.target.spread_url(n)}"}}\n')
        with Running(stage.workshop, contender, stage.sink.url) as running:
            warm_up(stage, running, stage.args.warm_up)
            working = follow(stage, running, lambda: FileFeed(running.port, now_file, 600), 600)
        results[contender.name] = {"delayed": rounds, "working": working}
        rows.append([contender.name, *spread([found["rate"] for found in rounds]), working["submit_rate"], working["rate"],
                     megabytes(max(found["rss_peak"] for found in rounds)),
                     "yes" if working["exact"] and all(found["exact"] for found in rounds) else "NO"])
    table(f"NDJSON intake, tasks/s, {stage.args.streams} stream(s) of {count:,}",
          ["contender", "min", "median", "max", "while working", f"end to end, {stage.args.addresses} hosts", "peak RSS MB", "exact"], rows)
    return results


def slow(stage):
    """Thousands in flight to hosts that take their time."""
    inflight, delay = stage.args.inflight, stage.args.delay_ms
    target = SlowTarget(stage.workshop, stage.tools, delay, stage.args.addresses)
    count = stage.args.tasks or int(stage.args.seconds * inflight * 1000 / max(delay, 1))
    results, rows = {}, []
    files = {name: write_lines(stage.workshop.path(name + ".ndjson"), size, lambda n: f'{{"url":"{target.spread_url(n)}"}}\n')
             for name, size in (("warm", 2 * inflight), ("slow", count))}
    slow_stage = replace(stage, target=target)
    for contender in fetchbacks(stage):
        with Running(stage.workshop, contender, stage.sink.url, inflight=inflight) as running, RssSampler(running.processes) as memory:
            warm_until = time.monotonic() + stage.args.warm_up
            while True:
                follow(slow_stage, running, lambda: FileFeed(running.port, files["warm"], 120), 120)
                if time.monotonic() > warm_until:
                    break
            result = follow(slow_stage, running, lambda: FileFeed(running.port, files["slow"], 300), 300)
            result["rss_peak"], result["live_heap"] = memory.peak, live_heap(running.main)
        result["in_flight_peak"] = target.stats()["waiting_peak"]
        results[contender.name] = result
        rows.append([contender.name, result["rate"], result["plateau_rate"], result["in_flight_peak"], megabytes(result["rss_peak"]),
                     megabytes(result["live_heap"]), result["delivered"], "yes" if result["exact"] else "NO"])
    table(f"Slow web: {inflight:,} fetches in flight to {stage.args.addresses} hosts that answer after {delay} ms",
          ["contender", "tasks/s", "plateau/s", "in flight, peak", "peak RSS MB", "live heap MB", "delivered", "exact"], rows)
    stage.workshop.stop(target.process)
    return results


def flat(stage):
    """The same rate with millions waiting as with none, and how long a restart takes with them."""
    waiting = stage.args.tasks or 10 * MILLION
    contender = fetchbacks(stage)[0]
    chunk = min(waiting, MILLION)
    file, full = delayed_file(stage, chunk), stage.workshop.fresh_dir("full")
    say(f"preloading {waiting:,} delayed tasks of 100,000 hosts")
    with Running(stage.workshop, contender, stage.sink.url, full) as running:
        answers = [post_file(running.port, "/v1/batches", file, 900) for _ in range(math.ceil(waiting / chunk))]
    preloaded = sum(answer["accepted"] for _, answer in answers)
    seconds = sum(seconds for seconds, _ in answers)
    say(f"{preloaded:,} in {seconds:.1f} s ({preloaded / seconds:,.0f}/s; first million {answers[0][0]:.1f} s, last {answers[-1][0]:.1f} s), "
        f"{folder_bytes(full) / preloaded:.0f} bytes each on disk")
    results = {"empty": [], "full": []}
    for number in range(stage.args.rounds):
        for name in results:
            with Running(stage.workshop, contender, stage.sink.url, full if name == "full" else None) as running, \
                    RssSampler(running.processes) as memory:
                rate = warm_up(stage, running, stage.args.warm_up)
                result = burst(stage, running, max(100, int(rate * stage.args.seconds)))
                result.update(ready_after=running.ready_after, rss_peak=memory.peak, live_heap=live_heap(running.main))
            results[name].append(result)
            say(f"round {number + 1}: {name} {result['rate']:,.0f}/s, ready after {result['ready_after']:.2f} s")
    rows = [[name, *spread([result["rate"] for result in rounds]), max(result["ready_after"] for result in rounds),
             megabytes(max(result["rss_peak"] for result in rounds)),
             megabytes(max((result["live_heap"] for result in rounds if result["live_heap"]), default=None)),
             "yes" if all(result["exact"] for result in rounds) else "NO"] for name, rounds in results.items()]
    rows.append(["full ÷ empty", None, rows[1][2] / rows[0][2], None, None, None, None, ""])
    table(f"Flat: end to end with {preloaded:,} tasks waiting, tasks/s",
          ["store", "min", "median", "max", "ready after s", "peak RSS MB", "live heap MB", "exact"], rows)
    return {"preloaded": preloaded, "preload_seconds": [seconds for seconds, _ in answers], "bytes_on_disk": folder_bytes(full), **results}


def latency(stage):
    """Open loop at a fixed rate, submitter and receiver in one process with one clock."""
    results, rows = {}, []
    rate, seconds = stage.args.rate, stage.args.seconds
    for contender in stage.contenders:
        sink_port = stage.workshop.free_port()
        run = lambda count, timeout, **options: probe(stage.workshop, stage.tools, running.port, contender.path, stage.target.port,
                                                      sink_port, count, timeout, **options)
        with Running(stage.workshop, contender, f"http://127.0.0.1:{sink_port}/hook") as running:
            first = run(1000, 60, conns=16)
            if stage.args.warm_up:
                run(max(100, int(stage.args.warm_up * first["delivered"] / max(first["seconds"], 0.1))), stage.args.warm_up * 4 + 30, conns=16)
            skip = int(rate * min(5, seconds / 3))
            found = run(int(rate * seconds) + skip, seconds * 2 + 60, rate=rate, skip=skip, conns=64)
        results[contender.name] = found
        accept, after, whole = (found[key] or {} for key in ("accept_ms", "accept_to_delivered_ms", "due_to_delivered_ms"))
        rows.append([contender.name, accept.get("p50"), accept.get("p99"), after.get("p50"), after.get("p99"), whole.get("p99"), whole.get("max"),
                     found["accepted"], found["missing"], found["repeated"], found["not_pages"]])
    table(f"Latency at {rate:,.0f} tasks/s, ms", ["contender", "accept p50", "accept p99", "accept→delivered p50", "p99", "due→delivered p99", "max",
                                                 "accepted", "missing", "repeated", "not pages"], rows)
    return results


def processing(stage):
    """Plain tasks at a fixed rate, with no pages to process and with more of them than the workers can take."""
    results, rows = {}, []
    rate, seconds = stage.args.rate, stage.args.seconds
    for contender in fetchbacks(stage):
        sink_port = stage.workshop.free_port()
        run = lambda count, timeout, **options: probe(stage.workshop, stage.tools, running.port, contender.path, stage.target.port,
                                                      sink_port, count, timeout, **options)
        with Running(stage.workshop, contender, f"http://127.0.0.1:{sink_port}/hook") as running:
            measure = lambda: run(int(rate * seconds), seconds * 2 + 60, rate=rate, skip=int(rate * min(5, seconds / 3)), conns=64)
            run(int(max(1, stage.args.warm_up) * rate), stage.args.warm_up * 4 + 30, conns=16)
            with Pressure(running.port, stage.target.large_url, stage.sink, stage.args.outstanding):
                time.sleep(max(5, stage.args.warm_up))
            found = {"rounds": []}
            for _ in range(stage.args.rounds):
                idle = measure()
                with Pressure(running.port, stage.target.large_url, stage.sink, stage.args.outstanding) as pressure:
                    time.sleep(2)
                    before, begun = pressure.done, time.monotonic()
                    busy = measure()
                    pages = (pressure.done - before) / (time.monotonic() - begun)
                found["rounds"].append({"idle": idle, "busy": busy, "pages_per_second": pages})
                say(f"{contender.name}: {pages:,.0f} pages/s processed beside")
        results[contender.name] = found
        for name, key in (("accept", "accept_ms"), ("accept→delivered", "accept_to_delivered_ms")):
            middle = lambda which, part: statistics.median((each[which][key] or {}).get(part) or math.inf for each in found["rounds"])
            rows.append([contender.name, name, middle("idle", "p50"), middle("busy", "p50"), middle("idle", "p99"), middle("busy", "p99"),
                         middle("busy", "p99") / middle("idle", "p99"),
                         sum(each[which][count] for each in found["rounds"] for which in ("idle", "busy")
                             for count in ("missing", "repeated", "not_pages"))])
    table(f"Plain tasks at {rate:,.0f}/s, ms, while no worker and while all workers are busy",
          ["contender", "what", "p50 idle", "p50 busy", "p99 idle", "p99 busy", "busy ÷ idle", "missing, repeated, not pages"], rows)
    return results


def startup(stage):
    """Start to listening, idle memory, and the rate of the first seconds against the warm one."""
    results, rows = {}, []
    for contender in fetchbacks(stage):
        rounds = []
        for _ in range(stage.args.rounds):
            with Running(stage.workshop, contender, stage.sink.url) as running:
                time.sleep(stage.args.idle_seconds)
                found = {"listening_after": running.listening_after, "ready_after": running.ready_after, "idle_rss": running.main.rss()}
                before = running.cpu_seconds()
                time.sleep(5)
                found["idle_cpu"] = (running.cpu_seconds() - before) / 5
            load_seconds = max(15, round(stage.args.seconds))
            with Running(stage.workshop, contender, stage.sink.url) as running:
                body = contender.body(stage.target.url)
                work = follow(stage, running, lambda: H2load(stage.workshop, running.port, contender.path, body, stage.args.conns,
                                                             seconds=load_seconds), load_seconds * 5)
            found["first_five"] = rate_between(work["series"], 0, 5)
            found["fifth_second"] = rate_between(work["series"], 4, 5)
            found["warm"] = rate_between(work["series"], load_seconds * 2 / 3, load_seconds)
            found["half_warm_after"] = next((at for at in range(1, load_seconds)
                                             if rate_between(work["series"], at - 1, at) >= found["warm"] / 2), None)
            rounds.append({**found, "work": work})
        results[contender.name] = rounds
        median = lambda key: statistics.median(found[key] for found in rounds)
        rows.append([contender.name, median("listening_after"), median("ready_after"), megabytes(int(median("idle_rss"))), 100 * median("idle_cpu"),
                     median("first_five"), median("fifth_second"), median("warm"), median("first_five") / median("warm"),
                     max(found["half_warm_after"] or math.inf for found in rounds), "yes" if all(found["work"]["exact"] for found in rounds) else "NO"])
    table("Start", ["contender", "listening s", "ready s", "idle RSS MB", "idle CPU %", "first 5 s, tasks/s", "5th second", "warm", "first 5 s ÷ warm",
                    "half warm by s", "exact"], rows)
    return results


def rate_between(series, begin, end):
    """Deliveries a second in a span of a series, by straight lines between its points."""
    def count_at(moment):
        before = max((point for point in series if point[0] <= moment), default=series[0])
        after = min((point for point in series if point[0] > moment), default=before)
        share = (moment - before[0]) / (after[0] - before[0]) if after[0] > before[0] else 0
        return before[1] + share * (after[1] - before[1])
    return (count_at(end) - count_at(begin)) / (end - begin)


def ceiling(stage):
    """How much the target and the sink can do alone, by wrk and h2load: a contender near these is limited by the bench."""
    seconds = str(max(2, round(stage.args.seconds)))
    page = output_of("wrk", "-t1", "-c32", f"-d{min(int(seconds), 15)}s", stage.target.url)
    page_rate = next((float(line.split(":")[1]) for line in page.splitlines() if line.startswith("Requests/sec")), None)
    with open(stage.workshop.path("page.html"), encoding="utf-8") as file:
        body = file.read()
    posts = H2load(stage.workshop, stage.sink.port, "/hook", body, 32, seconds=int(seconds)).result(int(seconds) + 30)
    table("Ceiling of the stage, each alone", ["part", "requests/s"], [["target, 10 KB pages", page_rate], ["sink, 10 KB posts", posts["rate"]]])
    return {"target": page_rate, "sink": posts["rate"], "wrk": first_line("wrk", "--version")}


ALL = {"ceiling": ceiling, "check": check, "e2e": e2e, "duel": duel, "submits": submits, "ndjson": ndjson, "slow": slow, "flat": flat, "latency": latency,
       "processing": processing, "startup": startup, "cluster": cluster}
