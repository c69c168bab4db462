// SPDX-License-Identifier: MIT
//
// docs/contract.md for Node: flags, --describe, the ready line, node:http's
// answers, the stop. node:http as it is: its own parser, its own heads.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { parseArgs } = require('node:util');
const answers = require('./answers.js');
const { Backend, handlers } = require('./handlers.js');
const { Routes, Wrong } = require('./routes.js');

const HEAD_MAX = 8192;
const BODY_MAX = 65536;
const LINGER_MS = 1000;
const DRAIN_MS = 4000;
const WORKERS_MAX = 4096;

const name = path.basename(process.argv[1]);
const workloads = Object.keys(handlers(null, null, null)).sort();

function fail(status, words) {
  process.stderr.write(`${name}: ${words}\n`);
  process.exit(status);
}

function number(flag, text, low, high) {
  if (/^\d+$/.test(text) && Number(text) >= low && Number(text) <= high) return Number(text);
  return fail(2, `--${flag} ${text}: not a number from ${low} to ${high}`);
}

function host(flag, text) {
  const address = text === 'localhost' ? '127.0.0.1' : text;
  return net.isIPv4(address) ? address : fail(2, `--${flag} ${text}: not an IPv4 address`);
}

/** Prints words; whoever asked for them waits for them, so that failing is the end. */
function say(words) {
  let rest = Buffer.from(words);
  try {
    while (rest.length) rest = rest.subarray(fs.writeSync(1, rest));
  } catch (error) {
    fail(1, `standard output cannot be written: ${error.code}; send it elsewhere or free space`);
  }
}

function describe(model) {
  return JSON.stringify({
    model: name, summary: model.summary, task: 'coroutine', flags: model.flags,
    yardstick: false, workers_default: model.workers ?? null, only: workloads, parameters: [],
    runtime: { name: 'Node.js', version: process.versions.node },
  }) + '\n';
}

function flagsOf(model) {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const options = { address: text, port: text, backend: text, backlog: text, stats: flag,
                    describe: flag, version: flag, help: flag,
                    ...(model.workers ? { workers: text } : {}) };
  let given;
  try {
    given = parseArgs({ options }).values;
  } catch (error) {
    return fail(2, error.message);
  }
  const words = given.describe ? describe(model)
    : given.version ? `${name} on Node.js ${process.version}\n`
      : given.help ? `usage: ${name} ${Object.keys(options).map((o) => `[--${o}]`).join(' ')}\n` +
                     `${model.summary}\n`
        : '';
  if (words) {
    say(words);
    process.exit(0);
  }
  const [, where, port] = /^(.*):(\d+)$/.exec(given.backend ?? '') ?? [];
  if (given.backend !== undefined && !port) fail(2, `--backend ${given.backend}: not HOST:PORT`);
  return {
    address: host('address', given.address ?? '127.0.0.1'),
    port: number('port', given.port ?? '8080', 0, 65535),
    backend: port && { host: host('backend', where), port: number('backend', port, 1, 65535) },
    backlog: number('backlog', given.backlog ?? '4096', 1, 1 << 20),
    workers: model.workers && number('workers', given.workers ?? `${model.workers}`, 1,
                                     WORKERS_MAX),
    stats: given.stats,
  };
}

/** What GET /stats tells. Sleeps are not timed: null, not zero. */
class Stats {
  constructor() {
    this.requests = this.made = this.kept = 0;
  }

  countUpdates(made, kept) {
    this.made += made;
    this.kept += kept;
  }

  take(reset) {
    const { requests, made, kept } = this;
    if (reset) this.requests = this.made = this.kept = 0;
    return { requests, sleeps: null, updates: { made, kept }, stacks: null };
  }
}

class Server {
  constructor(flags, offload) {
    this.flags = flags;
    this.stats = flags.stats ? new Stats() : null;
    this.routes = new Routes(name, workloads);
    this.handlers = handlers(new Backend(flags.backend), this.stats, offload);
    this.busy = new Map(); // socket: requests of it that are not answered yet
    this.stopping = false;
    this.http = http.createServer({ maxHeaderSize: HEAD_MAX, keepAliveTimeout: 0,
                                    requireHostHeader: true, noDelay: true });
    this.http.httpAllowHalfOpen = true;
    this.http.on('connection', (socket) => {
      this.busy.set(socket, 0);
      socket.on('close', () => this.busy.delete(socket));
    });
    this.http.on('request', (request, response) => this.take(request, response));
    this.http.on('checkContinue', (request, response) => {
      // The body may or may not follow: the answer, and the end.
      response.shouldKeepAlive = false;
      this.take(request, response, true);
    });
    this.http.on('clientError', refuse);
  }

  take(request, response, expects) {
    const { socket } = request;
    this.busy.set(socket, this.busy.get(socket) + 1);
    response.on('close', () => {
      if (!this.busy.has(socket)) return;
      this.busy.set(socket, this.busy.get(socket) - 1);
      if (this.stopping && !this.busy.get(socket)) socket.end();
    });
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (length === undefined && coding === undefined) return this.answer(request, response);
    if (Number(length) > BODY_MAX) return this.tooLarge(response);
    if (expects) return this.answer(request, response);
    let size = 0;
    request.on('data', (piece) => {
      size += piece.length;
      if (size - piece.length <= BODY_MAX && size > BODY_MAX) this.tooLarge(response);
    });
    request.on('end', () => size <= BODY_MAX && this.answer(request, response));
    return undefined;
  }

  tooLarge(response) {
    response.shouldKeepAlive = false;
    const { socket } = response;
    this.send(response, 413, "the request's body is over 64 KiB; send a smaller one\n");
    linger(socket);
  }

  async answer(request, response) {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        throw new Wrong(405, 'only GET and HEAD are allowed');
      const [workload, given] = this.routes.find(request.url);
      const handler = this.handlers[workload];
      if (!handler)
        return this.send(response, 200, await this.other(workload, given), 'application/json');
      if (this.stats) this.stats.requests++;
      const body = handler(given);
      return this.send(response, 200, typeof body === 'string' ? body : await body);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      return this.send(response, error.status, `${error.message}\n`);
    }
  }

  /** The body of what is no workload. */
  async other(where, { reset }) {
    if (where === '/') return this.routes.listing;
    if (!this.stats)
      throw new Wrong(404, 'no statistics are kept; start the server with --stats');
    return `${JSON.stringify(await this.counted(reset))}\n`;
  }

  /** Of the whole server, which may be more than this process. */
  counted(reset) {
    return this.stats.take(reset);
  }

  send(response, status, body, type = 'text/plain') {
    if (this.stopping) response.shouldKeepAlive = false;
    response.writeHead(status, { 'Content-Type': type, ...(status === 405 && { Allow: 'GET, HEAD' }),
                                 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
  }

  listen(port) {
    const { address, backlog } = this.flags;
    this.http.listen({ host: address, port, backlog });
  }

  /** Finishes what is in flight, at most for the drain's limit. */
  stop() {
    if (this.stopping) return;
    this.stopping = true;
    setTimeout(() => process.exit(0), DRAIN_MS);
    this.http.close(() => process.exit(0));
    for (const [socket, requests] of this.busy) if (!requests) socket.destroy();
  }
}

/** Node's words for a request that it cannot read; the connection ends. */
function refuse(error, socket) {
  if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') {
    socket.destroy();
    return;
  }
  const [status, words] = error.code === 'HPE_HEADER_OVERFLOW'
    ? ['431 Request Header Fields Too Large', "the request's head is over 8 KiB; send a shorter one\n"]
    : ['400 Bad Request', 'the request is not HTTP/1.0 or HTTP/1.1\n'];
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nConnection: close\r\n` +
             `Content-Length: ${words.length}\r\n\r\n${words}`);
  linger(socket);
}

/** Closing with bytes unread would reset the connection, and the answer with
 *  it: what still comes is dropped, for a while. */
function linger(socket) {
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Where the harness asked for it, the parent's end is ours. */
function watchParent() {
  const named = Number(process.env.TROIKA_DIE_WITH_PARENT);
  const parent = process.ppid;
  if (!named) return;
  try {
    process.kill(named, 0);
  } catch (error) {
    if (error.code === 'ESRCH') process.exit(1);
  }
  setInterval(() => { if (process.ppid !== parent) process.exit(1); }, 1000).unref();
}

/** Says that connections are accepted. */
function ready(flags, port) {
  say(JSON.stringify({ ready: true, port, model: name,
                       workers: flags.workers ?? null, pid: process.pid }) + '\n');
}

/** Serves until told to stop; calls `listening` once it does. */
function serve(flags, offload, listening) {
  const server = new Server(flags, offload);
  server.http.on('error', (error) => fail(1, `cannot listen on ${flags.address}:${flags.port}: ` +
                                             `${error.message}; take another --address or --port`));
  server.http.on('listening', listening);
  process.on('SIGTERM', () => server.stop());
  process.on('SIGINT', () => server.stop());
  server.listen(flags.port);
  return server;
}

/** Where CPU work runs when nobody takes it elsewhere. */
const here = (what, ...given) => answers[what](...given);

/** A model of one loop. `model.offload(workers)` makes the function that runs
 *  CPU work elsewhere. */
function main(model) {
  const flags = flagsOf(model);
  watchParent();
  const server = serve(flags, model.offload ? model.offload(flags.workers) : here,
                       () => ready(flags, server.http.address().port));
}

module.exports = { DRAIN_MS, flagsOf, here, main, ready, serve, watchParent };
