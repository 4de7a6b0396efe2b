"""Text and links of a page in a pool of Python processes: BeautifulSoup on lxml. Prints pages a second.

usage: process_pool.py PAGE PROCESSES SECONDS
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from urllib.parse import urljoin

from bs4 import BeautifulSoup

BASE = "https://news.example/today"


def extract(page):
    soup = BeautifulSoup(page, "lxml")
    for hidden in soup(["script", "style", "noscript", "template"]):
        hidden.decompose()
    links = [{"url": urljoin(BASE, a["href"]), "text": a.get_text(" ", strip=True), "rel": a.get("rel")} for a in soup.find_all("a", href=True)]
    return {"text": soup.get_text("\n", strip=True), "links": links}


def main():
    path, processes, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    with open(path, "rb") as file:
        page = file.read()
    with ProcessPoolExecutor(processes) as pool:
        ahead = 2 * processes  # as many as Fetchback's callers
        for done in [pool.submit(extract, page) for _ in range(2 * ahead)]:
            assert len(done.result()["text"]) > 1000
        began = time.monotonic()
        pages = 0
        waiting = [pool.submit(extract, page) for _ in range(ahead)]
        while time.monotonic() - began < seconds:
            waiting.pop(0).result()
            pages += 1
            waiting.append(pool.submit(extract, page))
        print(pages / (time.monotonic() - began))
        for one in waiting:
            one.cancel()


if __name__ == "__main__":
    main()
