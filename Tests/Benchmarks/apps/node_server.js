// The smallest Node server. node node_server.js PORT [CERTIFICATE KEY]
'use strict';
const { readFileSync } = require('fs');
const [port, cert, key] = process.argv.slice(2);
const answer = (request, response) => response.end('hello');
const server = cert
  ? require('https').createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer)
  : require('http').createServer(answer);
server.keepAliveTimeout = 60000;
server.listen(Number(port), '127.0.0.1', 512);
