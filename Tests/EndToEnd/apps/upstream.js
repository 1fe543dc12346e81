// What proxies and callers call: answers after 0 to 6 ms, by the request's id, and logs what came.
// node upstream.js --port N --log FILE [--host ADDRESS]
'use strict';
const fs = require('fs');
const http = require('http');

const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const log = fs.createWriteStream(option('log'), { flags: 'a' });
const hash = (text) => [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);

const server = http.createServer((request, response) => {
  const match = /\/r\/([^/?]+)/.exec(request.url);
  const identity = match ? match[1] : '-';
  request.resume();
  request.on('end', () => {
    setTimeout(() => {
      log.write(`${identity} ${request.method} 200 ${request.headers.traceparent || '-'}\n`);
      response.end('hello from upstream\n');
    }, hash(identity) % 7);
  });
});
server.keepAliveTimeout = 60000;
server.listen(Number(option('port')), option('host', '127.0.0.1'), 512);
