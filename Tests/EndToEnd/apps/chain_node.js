// A Node server that calls another one, in the way its path asks for:
// /plain  a connection each       /keep   connections kept, as many as it takes
// /queue  8 connections for all   /timer  3 ms later     /none  nobody
// /name  by host name, which a thread of the pool resolves
// node chain_node.js --port N [--host ADDRESS] --upstream PORT [--upstream-host ADDRESS] [--call PATH]
//   [--certificate FILE --key FILE] [--trust FILE]
// PATH is what it asks the other one for, before /r/ID. With a certificate it serves HTTPS; with one to trust it calls
// so.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');

const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const upstream = Number(option('upstream'));
const address = option('upstream-host', '127.0.0.1');
const path = option('call', '/up');
const file = (name) => option(name) && fs.readFileSync(option(name));
const ca = file('trust');
const client = ca ? https : http;
const agent = (how) => new client.Agent({ ca, ...how });
const agents = {
  plain: agent({ keepAlive: false }),
  keep: agent({ keepAlive: true, maxFreeSockets: 64 }),
  queue: agent({ keepAlive: true, maxSockets: 8 }),
  timer: agent({ keepAlive: true, maxFreeSockets: 64 }),
  name: agent({ keepAlive: false }),
};

const answer = (request, response) => {
  const [, way] = request.url.split('/');
  const identity = /\/r\/([^/?]+)/.exec(request.url)[1];
  const call = () => {
    const host = way === 'name' ? 'localhost' : address;
    const outgoing = client.get(
      { host, family: 4, port: upstream, path: `${path}/r/${identity}`, agent: agents[way] },
      (called) => {
        called.resume();
        called.on('end', () => response.end('ok\n'));
      });
    outgoing.on('error', (error) => {
      response.statusCode = 502;
      response.end(String(error));
    });
  };
  request.resume();
  if (way === 'timer') setTimeout(call, 3);
  else if (way === 'none') response.end('ok\n');
  else call();
};
const cert = file('certificate');
const server = cert ? https.createServer({ cert, key: file('key') }, answer) : http.createServer(answer);
server.keepAliveTimeout = 60000;
server.listen(Number(option('port')), option('host', '127.0.0.1'), 512);
