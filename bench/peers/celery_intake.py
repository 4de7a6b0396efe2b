"""The HTTP side of peer 2: takes {"url"} on POST / and answers when the task is in Redis."""

import os

from aiohttp import web

from celery_app import fetch_and_post


async def submit(request):
    url = (await request.json())["url"]
    fetch_and_post.delay(url)  # blocks for one Redis command; quicker here than a hop to a thread
    return web.json_response({"status": "accepted"}, status=202)


app = web.Application()
app.router.add_post("/", submit)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, print=None)
