// Answers each request with the digest of what it got, for the client to compare: hexadecimal SHA-1 of method, target
// and body, a blank, and how many fields named traceparent came.
// node digest_server.js --port N --log FILE
'use strict';
const crypto = require('crypto');
const http = require('http');

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);

const server = http.createServer((request, response) => {
  const digest = crypto.createHash('sha1').update(`${request.method} ${request.url} `);
  const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
  request.on('data', (bytes) => digest.update(bytes));
  request.on('end', () => {
    const contexts = names.filter((name) => name.toLowerCase() === 'traceparent').length;
    response.end(`${digest.digest('hex')} ${contexts}`);
  });
});
server.keepAliveTimeout = 60000;
server.listen(port, '127.0.0.1', 512);
