// The same as client.py. node client.js PORT REQUESTS CONNECTIONS MODE
'use strict';
const crypto = require('crypto');
const http = require('http');

const [port, requests, connections] = process.argv.slice(2, 5).map(Number);
const mode = process.argv[5];
const SIZES = [0, 0, 1, 100, 0, 1448, 4096, 0, 9000, 65536];
const BYTES = Buffer.from(Array.from({ length: 70000 }, (_, index) => (index * 7) % 256));
const outcome = { requests: 0, errors: 0, contexts: {} };
const kept = new http.Agent({ keepAlive: true, maxSockets: connections });

function ask(thread, number) {
  const size = SIZES[(thread * 3 + number) % SIZES.length];
  const body = BYTES.subarray(number % 100, (number % 100) + size);
  const method = size ? 'POST' : 'GET';
  const path = `/${thread}/${number}`;
  const headers = { 'X-Filler': 'x'.repeat(number % 900) };
  const chunked = size > 1 && number % 3 === 0;
  if (size && !chunked) headers['Content-Length'] = size;
  const agent = mode === 'new' || (mode === 'mixed' && number % 5 === 0) ? false : kept;
  return new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (part) => (text += part));
      response.on('error', () => resolve([false, -1]));
      response.on('end', () => {
        const [digest, contexts] = text.split(' ');
        const right = crypto.createHash('sha1').update(`${method} ${path} `).update(body).digest('hex');
        resolve([digest === right, Number(contexts)]);
      });
    });
    request.on('error', () => resolve([false, -1]));
    if (chunked) request.write(body.subarray(0, size / 2));
    request.end(chunked ? body.subarray(size / 2) : body);
  });
}

async function work(thread) {
  for (let number = 0; number < Math.floor(requests / connections); number++) {
    const [right, contexts] = await ask(thread, number);
    outcome.requests++;
    if (!right) outcome.errors++;
    if (contexts >= 0) outcome.contexts[contexts] = (outcome.contexts[contexts] || 0) + 1;
  }
}

process.stdin.once('data', async () => {
  await Promise.all(Array.from({ length: connections }, (_, index) => work(index)));
  console.log(JSON.stringify(outcome));
  process.exit(0);
});
