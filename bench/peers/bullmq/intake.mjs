// Peer 3, HTTP side: takes {"url"} on POST / and answers when the job is in Redis (fsynced: appendfsync always).
import http from 'node:http';
import { Queue } from 'bullmq';

const queue = new Queue('fetch', {
  connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), enableAutoPipelining: true },
  streams: { events: { maxLen: 100 } },
  defaultJobOptions: { removeOnComplete: true, removeOnFail: false, attempts: 3, backoff: { type: 'exponential', delay: 1000 } },
});
await queue.waitUntilReady();

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    try {
      const { url } = JSON.parse(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
      await queue.add('fetch', { url });
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"accepted"}');
    } catch (problem) {
      response.writeHead(503, { 'content-type': 'text/plain' }).end(String(problem));
    }
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT), '127.0.0.1');
