#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// One Node.js loop with node:http. CPU work runs on the loop, as it does in any service
// that does not move it elsewhere. In the wild: Express, Fastify. Out of descriptors,
// Node closes new connections without an answer.
'use strict';
const { main } = require('./foreign/server.js');

main({ summary: 'one Node.js loop, CPU work on the loop', flags: ['shared-memory'] });
