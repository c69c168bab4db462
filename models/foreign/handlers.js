// SPDX-License-Identifier: MIT
//
// The workloads on Node's loop: arguments in, the body or a promise of it out. CPU work
// and blocking calls go through `offload(name, ...arguments)`, which runs a function of
// answers.js where the model runs such work.
'use strict';
const http = require('node:http');
const answers = require('./answers.js');
const files = require('./files.js');
const { Wrong } = require('./routes.js');

const GRACE_MS = 10000; // beyond the requested delay

/** Sleeps at least `ns`. Node's timers count whole milliseconds, and may fire a fraction
 *  of one too early. */
function sleep(ns) {
  const due = performance.now() + ns / 1e6;
  return new Promise((resolve) => {
    (function look() {
      const left = due - performance.now();
      if (left <= 0) resolve();
      else setTimeout(look, Math.ceil(left));
    })();
  });
}

/** Backend calls over kept connections. */
class Backend {
  constructor(address) {
    this.address = address;
    this.agent = new http.Agent({ keepAlive: true, scheduling: 'lifo' });
  }

  /** Asks the backend to wait; resolves to its proof. */
  async call(delay, seed) {
    if (!this.address)
      throw new Wrong(503, 'this needs a backend; start the server with --backend HOST:PORT');
    let body;
    try {
      body = await this.ask(delay, seed, true);
    } catch (error) {
      throw this.explained(error.message);
    }
    if (body !== answers.waitBody(delay, seed))
      throw this.explained("its answer was not that of /wait: is it one of Troika's servers?");
    return answers.check(delay, seed);
  }

  ask(delay, seed, again) {
    return new Promise((resolve, reject) => {
      const request = http.get({ ...this.address, agent: this.agent,
                                 path: `/wait?delay=${delay}ns&seed=${seed}` }, (response) => {
        let body = '';
        response.setEncoding('latin1');
        response.on('data', (piece) => { body += piece; });
        response.on('end', () => resolve(body));
        response.on('error', reject);
      });
      request.setTimeout(delay / 1e6 + GRACE_MS, () => request.destroy(new Error('timed out')));
      request.on('error', (error) => {
        // A kept connection may have been closed before the request came.
        if (again && request.reusedSocket && ['ECONNRESET', 'EPIPE'].includes(error.code))
          resolve(this.ask(delay, seed, false));
        else
          reject(error);
      });
    });
  }

  explained(words) {
    return new Wrong(503, `the call to the backend at ${this.address.host}:${this.address.port} ` +
                          `failed: ${words}`);
  }
}

function handlers(backend, stats, offload) {
  const spin = async (seed, steps) => answers.hex(await offload('spin', seed, steps));
  const calls = async (delays, seed) => {
    const done = await Promise.allSettled(
      delays.map((delay, i) => backend.call(delay, answers.u64(seed + BigInt(i)))));
    for (const one of done) if (one.status === 'rejected') throw one.reason;
    return answers.hex(answers.combine(done.map((one) => one.value)));
  };
  return {
    hello: ({ size, seed }) => answers.helloBody(size, seed),
    async wait({ delay, seed }) {
      await sleep(delay);
      return answers.waitBody(delay, seed);
    },
    async fetch({ delay, calls: count, seed }) {
      const checks = [];
      for (let i = 0; i < count; i++)
        checks.push(await backend.call(delay, answers.u64(seed + BigInt(i))));
      return `fetch delay_ns=${delay} calls=${count} seed=${seed} ` +
             `check=${answers.hex(answers.combine(checks))}\n`;
    },
    gather: async ({ delays, seed }) =>
      `gather calls=${delays.length} seed=${seed} check=${await calls(delays, seed)}\n`,
    async sleepers({ tasks, delay, seed }) {
      const asleep = Array.from({ length: tasks }, async (_, i) => {
        await sleep(delay);
        return answers.check(delay, answers.u64(seed + BigInt(i)));
      });
      const checks = []; // Promise.all takes at most two million
      for (const one of asleep) checks.push(await one);
      return `sleepers tasks=${tasks} seed=${seed} check=${answers.hex(answers.combine(checks))}\n`;
    },
    /** Between two awaits no other task runs. */
    async counter({ tasks, rounds, delay, seed }) {
      let kept = 0;
      const count = async () => {
        for (let i = 0; i < rounds; i++) {
          const seen = kept;
          if (delay) await sleep(delay);
          kept = seen + 1;
        }
      };
      await Promise.all(Array.from({ length: tasks }, count));
      stats?.countUpdates(tasks * rounds, kept);
      return `counter tasks=${tasks} updates=${tasks * rounds} seed=${seed}\n`;
    },
    spin: async ({ steps, seed }) =>
      `spin steps=${steps} seed=${seed} state=${await spin(seed, steps)}\n`,
    hash: async ({ rounds, seed }) =>
      `hash rounds=${rounds} seed=${seed} digest=${await offload('chain', seed, rounds)}\n`,
    async mixed({ delay, steps, seed }) {
      const state = await spin(await backend.call(delay, seed), steps);
      return `mixed delay_ns=${delay} steps=${steps} seed=${seed} state=${state}\n`;
    },
    async service(given) {
      const { size, seed } = given;
      const [delay, parts] = answers.serviceParts(given);
      let state = seed;
      for (const [i, part] of parts.entries()) {
        if (i) {
          const proof = await backend.call(delay, answers.u64(seed + BigInt(i - 1)));
          state = answers.u64(state * 31n + proof);
        }
        state = part ? await offload('spin', state, part) : answers.spin(state, 0);
      }
      return answers.serviceBody(size, seed, state);
    },
    image: async ({ size, passes, seed }) =>
      `image size=${size} passes=${passes} seed=${seed} ` +
      `sum=${answers.hex(await offload('image', seed, size, passes))}\n`,
    /** With `offload`, every Node model reads in libuv's pool, which is there for files. */
    async file({ size, cold, offload: away, seed }) {
      if (cold)
        throw new Wrong(503, 'cold=1: Node.js has no call that drops the pages of a file; ask ' +
                             'with cold=0');
      const [number, offset] = files.place(size, seed);
      try {
        const sum = await (away ? files.readAway : files.readHere)(number, offset, size);
        return `file size=${size} file=${number} offset=${offset} seed=${seed} ` +
               `sum=${answers.hex(sum)}\n`;
      } catch (error) {
        throw files.explained(error);
      }
    },
    async hog({ light, heavy, share, seed }) {
      const steps = answers.heavy(share, seed) ? heavy : light;
      return `hog steps=${steps} seed=${seed} state=${await spin(seed, steps)}\n`;
    },
    async block({ delay, share, offload: away, seed }) {
      const blocked = answers.heavy(share, seed) ? delay : 0;
      if (blocked && away) await offload('block', blocked / 1e9);
      else if (blocked) answers.block(blocked / 1e9);
      return answers.blockBody(blocked, seed);
    },
  };
}

module.exports = { Backend, handlers };
