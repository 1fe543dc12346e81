// Node's http server, measuring itself. node node_server.js --port N --log FILE
'use strict';
const fs = require('fs');
const http = require('http');

const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const log = fs.openSync(option('log'), 'a');
let lines = [];
const flush = () => {
  if (lines.length) fs.writeSync(log, lines.join(''));
  lines = [];
};
const now = () => process.hrtime.bigint();

const asked = (path) => {
  const result = { status: 200, delay: 0, body: 12, identity: '-' };
  const parts = path.split('?')[0].split('/');
  for (let i = 0; i < parts.length; i++) {
    const match = /^([sdb])([0-9]+)$/.exec(parts[i]);
    if (match) result[{ s: 'status', d: 'delay', b: 'body' }[match[1]]] = Number(match[2]);
    else if (parts[i] === 'r') {
      result.identity = parts[i + 1];
      break;
    }
  }
  return result;
};

const server = http.createServer((request, response) => {
  const first = now();
  const ask = asked(request.url);
  const answer = () => {
    response.statusCode = ask.status;
    response.on('finish', () => {
      lines.push(`${ask.identity} ${request.method} ${ask.status} ${first} ${now()}\n`);
      if (lines.length === 1) setImmediate(flush);
    });
    response.end(ask.status === 204 || ask.status === 304 ? undefined : 'x'.repeat(ask.body));
  };
  request.resume();
  request.on('end', () => (ask.delay ? setTimeout(answer, ask.delay) : answer()));
});
server.keepAliveTimeout = 60000;
server.listen(Number(option('port')), option('host', '127.0.0.1'), 512);
