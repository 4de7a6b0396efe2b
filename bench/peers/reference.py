"""Peer 1, the reference: aiohttp takes {"url"} on POST /, requests fetches in a thread pool, the text waits in a deque
and one background task posts it on. Nothing is stored: what is in memory is lost with the process."""

import asyncio
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import requests
from aiohttp import ClientSession, web

SINK = os.environ["SINK_URL"]
PORT = int(os.environ["PORT"])
THREADS = int(os.environ.get("THREADS", "32"))

pool = ThreadPoolExecutor(max_workers=THREADS)
fetched = deque()
ready = asyncio.Event()


def fetch(url):
    """Blocking, on a pool thread."""
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    return url, answer.text


async def fetch_later(url):
    try:
        fetched.append(await asyncio.get_running_loop().run_in_executor(pool, fetch, url))
        ready.set()
    except Exception as problem:  # a lost task is what this design does; the bench sees it in the counts
        print(f"fetch of {url} failed: {problem}", flush=True)


async def submit(request):
    url = (await request.json())["url"]
    task = asyncio.create_task(fetch_later(url))
    running.add(task)
    task.add_done_callback(running.discard)
    return web.json_response({"status": "accepted"}, status=202)


async def post_on():
    async with ClientSession() as session:
        while True:
            while fetched:
                url, text = fetched.popleft()
                async with session.post(SINK, data=text.encode(), headers={"x-fetched-url": url}) as answer:
                    await answer.read()
            ready.clear()
            await ready.wait()


async def on_startup(app):
    app["poster"] = asyncio.create_task(post_on())


running = set()
app = web.Application()
app.router.add_post("/", submit)
app.on_startup.append(on_startup)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=PORT, access_log=None, print=None)
