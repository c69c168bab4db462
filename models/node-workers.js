#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// The model node with CPU work in a pool of worker_threads, one for each CPU or
// --workers: each is an interpreter of its own, so that they compute at once,
// for the price of a message there and back. Work goes to the worker that has
// least of it.
'use strict';
const os = require('node:os');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const answers = require('./foreign/answers.js');
const { main } = require('./foreign/server.js');

class Pooled {
  constructor() {
    this.waiting = []; // resolves of what was sent, in order
    this.worker = new Worker(__filename);
    this.worker.on('message', (result) => this.waiting.shift()(result));
    this.worker.on('error', (error) => { throw error; });
  }

  run(message) {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.worker.postMessage(message);
    });
  }
}

function offload(workers) {
  const pool = Array.from({ length: workers }, () => new Pooled());
  return (...message) => pool.reduce((least, one) =>
    (one.waiting.length < least.waiting.length ? one : least)).run(message);
}

if (isMainThread) {
  main({ summary: 'one Node.js loop, CPU work in W worker_threads',
         flags: ['shared-memory', 'parallel', 'offloads'],
         workers: os.availableParallelism?.() ?? os.cpus().length, offload });
} else {
  parentPort.on('message', ([what, ...given]) => parentPort.postMessage(answers[what](...given)));
}
