// The smallest Node server. node node_server.js PORT
'use strict';
const server = require('http').createServer((request, response) => response.end('hello'));
server.keepAliveTimeout = 60000;
server.listen(Number(process.argv[2]), '127.0.0.1', 512);
