// Peer 3, worker side: fetches the page and posts it on, over kept connections.
import { Worker } from 'bullmq';
import { Agent, request, setGlobalDispatcher } from 'undici';

const sink = process.env.SINK_URL;
const concurrency = Number(process.env.CONCURRENCY ?? 50);
setGlobalDispatcher(new Agent({ connections: concurrency, keepAliveTimeout: 60_000, pipelining: 1 }));

async function fetchAndPost(job) {
  const page = await request(job.data.url);
  const text = await page.body.text();
  if (page.statusCode !== 200) throw new Error(`${job.data.url} answered ${page.statusCode}`);
  const posted = await request(sink, { method: 'POST', body: text, headers: { 'x-fetched-url': job.data.url } });
  await posted.body.dump();
  if (posted.statusCode >= 300) throw new Error(`the sink answered ${posted.statusCode}`);
}

const worker = new Worker('fetch', fetchAndPost, {
  connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), enableAutoPipelining: true },
  concurrency,
});
worker.on('error', (problem) => console.error(problem));
worker.on('failed', (job, problem) => console.error(job?.id, problem));
await worker.waitUntilReady();
