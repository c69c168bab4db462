// SPDX-License-Identifier: MIT
// A JSON service in Node whose answers differ in a date and an id: PORT in the environment, 5 ms of waiting.
const crypto = require('crypto');
require('http').createServer((request, response) => setTimeout(() => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({at: new Date().toISOString(), id: crypto.randomUUID(), price: 12}));
}, 5)).listen(Number(process.env.PORT), '127.0.0.1');
