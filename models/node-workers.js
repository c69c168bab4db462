#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// The model node with CPU work in a pool of worker_threads, one for each CPU or
// --workers. Each is an interpreter of its own, so they compute in parallel; the price
// is a message in both directions. Work goes to the worker with the shortest queue.
'use strict';
const os = require('node:os');
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const answers = require('./foreign/answers.js');
const { Wrong } = require('./foreign/routes.js');
const { main } = require('./foreign/server.js');

const PAUSE_MS = 50;        // before a worker that follows one of no use;
const PAUSE_MAX_MS = 2000;  // doubled up to this

class Pooled {
  constructor() {
    this.waiting = []; // messages without a result yet, in order
    this.pause = 0;
    this.start();
  }

  start() {
    this.late = null;
    this.worker = new Worker(__filename);
    this.worker.on('message', (result) => {
      this.pause = 0;
      this.waiting.shift().resolve(result);
    });
    this.worker.on('error', (error) => { this.reason = error.message; });
    this.worker.on('exit', () => this.replace());
  }

  /** A worker that has ended (out of memory) loses the message that it was computing; its
   *  successor gets the messages that waited behind that one. */
  replace() {
    this.waiting.shift()?.reject(
      new Wrong(503, `the workload failed: ${this.reason ?? 'its worker thread has ended'}`));
    this.late = setTimeout(() => {
      this.start();
      for (const { message } of this.waiting) this.worker.postMessage(message);
    }, this.pause);
    this.pause = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MS, 2 * this.pause));
  }

  run(message) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ message, resolve, reject });
      if (!this.late) this.worker.postMessage(message);
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
