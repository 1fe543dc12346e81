// A Node server that calls another one, in the way its path asks for:
// /plain  a connection each       /keep   connections kept, as many as it takes
// /queue  8 connections for all   /timer  3 ms later     /name  by host name, which a thread of the pool resolves
// node chain_node.js --port N [--host ADDRESS] --upstream PORT [--upstream-host ADDRESS] [--call PATH]
// PATH is what it asks the other one for, before /r/ID.
'use strict';
const http = require('http');

const option = (name, otherwise) => {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const upstream = Number(option('upstream'));
const address = option('upstream-host', '127.0.0.1');
const path = option('call', '/up');
const agents = {
  plain: new http.Agent({ keepAlive: false }),
  keep: new http.Agent({ keepAlive: true, maxFreeSockets: 64 }),
  queue: new http.Agent({ keepAlive: true, maxSockets: 8 }),
  timer: new http.Agent({ keepAlive: true, maxFreeSockets: 64 }),
  name: new http.Agent({ keepAlive: false }),
};

const server = http.createServer((request, response) => {
  const [, way] = request.url.split('/');
  const identity = /\/r\/([^/?]+)/.exec(request.url)[1];
  const call = () => {
    const host = way === 'name' ? 'localhost' : address;
    const outgoing = http.get(
      { host, family: 4, port: upstream, path: `${path}/r/${identity}`, agent: agents[way] },
      (answer) => {
        answer.resume();
        answer.on('end', () => response.end('ok\n'));
      });
    outgoing.on('error', (error) => {
      response.statusCode = 502;
      response.end(String(error));
    });
  };
  request.resume();
  if (way === 'timer') setTimeout(call, 3);
  else call();
});
server.keepAliveTimeout = 60000;
server.listen(Number(option('port')), option('host', '127.0.0.1'), 512);
