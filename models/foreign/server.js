// SPDX-License-Identifier: MIT
//
// docs/contract.md for Node: flags, --describe, the ready line, answers, the stop.
// node:http is used as it comes, with its own parser and its own heads.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { parseArgs } = require('node:util');
const answers = require('./answers.js');
const { Backend, handlers } = require('./handlers.js');
const { BODY_MAX, HEAD_MAX, Head, WORDS, explain, judgeLine,
        trailerOf } = require('./requests.js');
const { Routes, Wrong } = require('./routes.js');

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

/** Prints words. The caller of this program waits for them, so the program ends if they
 *  cannot be printed. */
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
    model: name, summary: model.summary, task: 'coroutine', discipline: 'loop', flags: model.flags,
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

/** The figures of GET /stats. Sleeps are not timed, so they are null, not zero. */
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
    this.connections = new Map(); // socket: its Connection
    this.stopping = false;
    this.http = http.createServer({ maxHeaderSize: HEAD_MAX, keepAliveTimeout: 0,
                                    requireHostHeader: false, noDelay: true });
    this.http.httpAllowHalfOpen = true;
    this.http.maxHeadersCount = 0; // only the head's size is limited
    this.http.on('connection', (socket) => {
      this.connections.set(socket, new Connection(socket));
      socket.on('close', () => this.connections.delete(socket));
    });
    const take = (request, response) => this.take(request, response);
    for (const event of ['request', 'checkContinue', 'checkExpectation']) this.http.on(event, take);
    this.http.on('connect', (request, socket) =>
      this.connections.get(socket)?.refuse([405, WORDS.method]));
    this.http.on('clientError', (error, socket) => {
      const connection = this.connections.get(socket);
      if (connection) connection.fail(error);
      else socket.destroy();
    });
  }

  take(request, response) {
    const connection = this.connections.get(request.socket);
    if (!connection || connection.last) return undefined; // after the last answer
    connection.requests++;
    response.on('close', () => {
      connection.requests--;
      connection.answered();
      if (this.stopping && !connection.requests) request.socket.end();
    });
    const head = new Head(request);
    response.shouldKeepAlive = head.keep;
    if (head.wrong || head.expects) connection.end();
    else if (!head.keep) connection.last = true;
    if (head.wrong) return this.send(response, head.wrong[0], `${head.wrong[1]}\n`);
    if (!head.hasBody || head.expects) return this.answer(request, response);
    return this.read(request, response, connection);
  }

  /** Reads and drops the body, then answers. */
  read(request, response, connection) {
    let size = 0;
    connection.request = request;
    request.on('data', (piece) => {
      size += piece.length;
      if (size <= BODY_MAX || size - piece.length > BODY_MAX) return;
      connection.request = null;
      connection.end();
      response.shouldKeepAlive = false;
      this.send(response, 413, `${WORDS.body}\n`);
    });
    request.on('end', () => {
      if (size > BODY_MAX) return;
      connection.request = null;
      const trailer = trailerOf(request);
      if (trailer.closes || trailer.size > HEAD_MAX) {
        response.shouldKeepAlive = false;
        connection.end();
      }
      if (trailer.size > HEAD_MAX) this.send(response, 431, `${WORDS.trailer}\n`);
      else this.answer(request, response);
    });
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

  /** The body for a route that is not a workload. */
  async other(where, { reset }) {
    if (where === '/') return this.routes.listing;
    if (!this.stats)
      throw new Wrong(404, 'no statistics are kept; start the server with --stats');
    return `${JSON.stringify(await this.counted(reset))}\n`;
  }

  /** The counts of the whole server; a model with more than one process overrides this. */
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

  /** Finishes the requests in flight, within the drain's limit. */
  stop() {
    if (this.stopping) return;
    this.stopping = true;
    setTimeout(() => process.exit(0), DRAIN_MS);
    this.http.close(() => process.exit(0));
    for (const [socket, { requests }] of this.connections) if (!requests) socket.destroy();
  }
}

/** A connection: its requests, and its end. */
class Connection {
  constructor(socket) {
    this.socket = socket;
    this.requests = 0;    // requests not answered yet
    this.request = null;  // the latest request with a body
    this.last = false;    // the last request has come: nothing after it counts
    this.refusal = null;  // a refusal to send after the pending answers
  }

  /** Whether the parser is still reading the body of the latest request. (The events for
   *  the end of a body come later than the parser's.) */
  get reading() {
    return this.request !== null && !this.request.complete;
  }

  /** Makes the connection end after the pending answer, with bytes unread. Closing at
   *  once would reset the connection, and the client could lose the answer. */
  end() {
    this.last = true;
    this.socket.destroySoon = () => {
      this.socket.end();
      linger(this.socket);
    };
  }

  /** Called when the parser cannot go on. */
  fail(error) {
    const { socket } = this;
    if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE') {
      if (!this.last) socket.destroy();
    } else if (!this.last || this.reading) {
      this.last = true;
      if (error.code === 'HPE_CLOSED_CONNECTION') return; // after the pending answer
      if (error.code === 'HPE_INVALID_METHOD') this.judgeLine(error);
      else this.refuse(explain(error, this.reading));
    }
  }

  /** Answers a request with an unknown method; the rest of its line decides how. */
  judgeLine({ rawPacket, bytesParsed }) {
    let rest = rawPacket.toString('latin1', bytesParsed);
    const judge = () => {
      const judged = judgeLine(rest);
      if (judged) {
        this.socket.off('data', more);
        this.refuse(judged);
      }
      return judged;
    };
    const more = (piece) => {
      rest += piece.toString('latin1');
      judge();
    };
    if (!judge()) this.socket.on('data', more);
  }

  /** Refuses, after the pending answers, with a status and words, and ends the connection. */
  refuse(refusal) {
    this.last = true;
    this.refusal = refusal;
    this.answered();
  }

  answered() {
    if (!this.refusal || this.requests > (this.reading ? 1 : 0)) return;
    const [status, words] = this.refusal;
    this.refusal = null;
    this.socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n` +
                    `Content-Type: text/plain\r\n${status === 405 ? 'Allow: GET, HEAD\r\n' : ''}` +
                    `Connection: close\r\nContent-Length: ${words.length + 1}\r\n\r\n${words}\n`);
    linger(this.socket);
  }
}

/** Drops the bytes that still come, for a while. Closing with unread bytes would reset
 *  the connection, and the client could lose the answer. */
function linger(socket) {
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

/** Ends this process with its parent, if the harness asked for that. */
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

/** Prints the ready line. */
function ready(flags, port) {
  say(JSON.stringify({ ready: true, port, model: name,
                       workers: flags.workers ?? null, pid: process.pid }) + '\n');
}

/** Serves until told to stop; calls `listening` once the server listens. */
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

/** Runs CPU work on the loop itself. */
const here = (what, ...given) => answers[what](...given);

/** Runs a model with one loop. `model.offload(workers)` makes the function that runs CPU
 *  work elsewhere. */
function main(model) {
  const flags = flagsOf(model);
  watchParent();
  const server = serve(flags, model.offload ? model.offload(flags.workers) : here,
                       () => ready(flags, server.http.address().port));
}

module.exports = { DRAIN_MS, flagsOf, here, main, ready, serve, watchParent };
