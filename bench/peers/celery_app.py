"""Peer 2, Celery on Redis: one task fetches and posts on, acknowledged late so that a killed worker's task runs again."""

import os

import requests
from celery import Celery

SINK = os.environ["SINK_URL"]

app = Celery("celery_app", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=int(os.environ.get("PREFETCH", "64")),
    worker_send_task_events=False,
    broker_pool_limit=4,
    task_publish_retry=False,
    worker_disable_rate_limits=True,
    worker_enable_remote_control=False,
)

# One session a worker process, so that its connections to the page and the sink are kept alive.
session = requests.Session()


@app.task(max_retries=3, autoretry_for=(requests.RequestException,), retry_backoff=True)
def fetch_and_post(url):
    page = session.get(url, timeout=60)
    page.raise_for_status()
    session.post(SINK, data=page.text.encode(), headers={"x-fetched-url": url}, timeout=20).raise_for_status()
