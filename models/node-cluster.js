#!/usr/bin/env node
// SPDX-License-Identifier: MIT
//
// One Node.js loop in each of W processes (node:cluster): one process for each CPU, or
// --workers. CPU work runs on the loop that has the connection. The primary accepts,
// and hands connections to the workers in turn, as Node does by default. A worker that
// dies takes its own connections and counts with it, and is replaced. In the wild: pm2,
// any Node service that uses more than one CPU.
//
// Workers end with the primary, however that ends. A worker that is computing notices
// only afterwards, because its loop must run to notice.
'use strict';
const cluster = require('node:cluster');
const os = require('node:os');
const { DRAIN_MS, flagsOf, here, ready, serve, watchParent } = require('./foreign/server.js');

const MODEL = { summary: 'a Node.js loop in each of W processes (node:cluster)',
                flags: ['parallel'], workers: os.availableParallelism?.() ?? os.cpus().length };
const PAUSE_MS = 50, PAUSE_MAX_MS = 2000;
const KILL_MS = DRAIN_MS + 500; // for a worker whose loop is too busy to see the signal

/** Adds up the counts of several workers. */
const sum = ([first, ...others]) => others.reduce((total, one) => ({
  ...total,
  requests: total.requests + one.requests,
  updates: { made: total.updates.made + one.updates.made,
             kept: total.updates.kept + one.updates.kept },
}), first);

class Primary {
  constructor(flags) {
    this.flags = flags;
    this.waiting = new Map(); // by worker: the resolve functions of questions to it, in order
    this.listening = new Set();
    this.port = 0;
    this.stopping = false;
    this.pause = 0; // before the worker after one that never listened
    cluster.on('listening', (worker, address) => this.listens(worker, address));
    cluster.on('message', (worker, message) => this.hear(worker, message));
    cluster.on('exit', (worker, code) => this.miss(worker, code));
    this.fork();
  }

  fork() {
    const worker = cluster.fork(this.port ? { TROIKA_CLUSTER_PORT: this.port } : {});
    worker.on('error', () => {}); // the worker is gone; 'exit' follows
    this.waiting.set(worker, []);
  }

  /** The first worker's port becomes the port of all; then the other workers are started. */
  listens(worker, { port }) {
    this.listening.add(worker);
    if (this.stopping) return;
    if (!this.port) {
      this.port = port;
      while (this.waiting.size < this.flags.workers) this.fork();
    }
    if (this.listening.size === this.flags.workers && !this.said) {
      this.said = true;
      ready(this.flags, this.port);
    }
  }

  /** A worker's message: its counts, or a request for the counts of all workers. */
  async hear(worker, { told, reset }) {
    if (told) {
      this.waiting.get(worker)?.shift()(told);
      return;
    }
    const asked = [...this.waiting].map(([one, resolves]) => new Promise((resolve) => {
      resolves.push(resolve);
      one.send({ tell: true, reset });
    }));
    const all = sum((await Promise.all(asked)).filter((one) => one));
    if (worker.isConnected()) worker.send({ all });
  }

  miss(worker, code) {
    for (const resolve of this.waiting.get(worker)) resolve(null);
    this.waiting.delete(worker);
    const served = this.listening.delete(worker);
    if (this.stopping && this.waiting.size === 0) process.exit(0);
    if (this.stopping) return;
    if (code && !served) process.exit(code); // the worker has printed why it cannot serve
    if (served) this.pause = 0;
    setTimeout(() => this.stopping || this.fork(), this.pause);
    if (!served) this.pause = Math.min(PAUSE_MAX_MS, Math.max(PAUSE_MS, 2 * this.pause));
  }

  stop() {
    if (this.stopping) return;
    this.stopping = true;
    if (this.waiting.size === 0) process.exit(0);
    this.kill('SIGTERM');
    setTimeout(() => this.kill('SIGKILL'), KILL_MS);
  }

  kill(signal) {
    for (const worker of this.waiting.keys()) worker.process.kill(signal);
  }
}

function lead() {
  const flags = flagsOf(MODEL);
  watchParent();
  const primary = new Primary(flags);
  process.on('SIGTERM', () => primary.stop());
  process.on('SIGINT', () => primary.stop());
}

function work() {
  const port = Number(process.env.TROIKA_CLUSTER_PORT);
  const asked = []; // the resolve functions of questions to the primary, in order
  const server = serve(flagsOf(MODEL), here, () => {
    // Port 0 means any port, but a replacement must use the port that the first worker
    // got.
    if (port && server.http.address().port !== port) {
      server.http.close();
      server.listen(port);
    }
  });
  server.counted = (reset) => new Promise((resolve) => {
    asked.push(resolve);
    process.send({ reset });
  });
  process.on('message', ({ tell, reset, all }) => {
    if (tell) process.send({ told: server.stats.take(reset) });
    else asked.shift()(all);
  });
}

if (cluster.isPrimary) lead();
else work();
