// SPDX-License-Identifier: MIT
//
// From a request's target to a workload's name and arguments, as in routes.py:
// the tables are those of the C workloads, in routes.json beside the models.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const SCALES = {
  count: { '': 1, k: 1e3, M: 1e6, G: 1e9 },
  ns: { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 },
  bytes: { B: 1, kB: 1e3, KiB: 2 ** 10, MB: 1e6, MiB: 2 ** 20, GB: 1e9, GiB: 2 ** 30 },
};
const KINDS = {
  count: 'a whole number such as 5 or 100k',
  ns: 'a time such as 50ms (ns, us, ms, s, m, h)',
  bytes: 'a size such as 13B or 64KiB',
};
const QUERY_MAX = 2048;
const SEED_MAX = 2n ** 64n - 1n;

/** A request that gets `status` and one sentence. */
class Wrong extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

const known = new Map(); // quantities seen before, by unit and text

/** 50ms -> 50000000; null when it is no quantity of that unit. */
function quantity(unit, text) {
  const key = `${unit} ${text}`;
  let value = known.get(key);
  if (value === undefined) {
    value = parseQuantity(unit, text);
    if (known.size < 1024) known.set(key, value);
  }
  return value;
}

function parseQuantity(unit, text) {
  const match = /^(\d+)(?:\.(\d+))?([A-Za-z]*)$/.exec(text);
  const scale = match && Object.hasOwn(SCALES[unit], match[3]) ? SCALES[unit][match[3]] : null;
  if (scale === null) return null;
  const fraction = match[2] || '';
  const whole = BigInt(match[1] + fraction) * BigInt(scale);
  const divisor = 10n ** BigInt(fraction.length);
  return whole % divisor ? null : Number(whole / divisor);
}

const shown = (text) => text.slice(0, 40).replace(/[^ -~]/g, '?');

class Parameter {
  constructor(row) {
    Object.assign(this, row);
    this.limits = [quantity(this.unit, row.minimum), quantity(this.unit, row.maximum)];
    this.default = this.parse(row.default);
  }

  /** Its value, or an array of values where it takes several. */
  parse(text) {
    if (!this.list_max) return this.one(text);
    const pieces = text.split(',');
    if (pieces.length > this.list_max)
      throw new Wrong(400, `${this.name} has too many values; allowed are 1 to ${this.list_max}`);
    return pieces.map((piece) => this.one(piece));
  }

  one(text) {
    const value = quantity(this.unit, text);
    if (value !== null && value >= this.limits[0] && value <= this.limits[1]) return value;
    const fault = value === null ? `not ${KINDS[this.unit]}` : 'out of range';
    throw new Wrong(400, `${this.name}=${shown(text)} is ${fault}; allowed is ${this.minimum} ` +
                         `to ${this.maximum}`);
  }
}

function seedOf(text) {
  if (/^\d{1,200}$/.test(text) && BigInt(text) <= SEED_MAX) return BigInt(text);
  throw new Wrong(400, `seed=${shown(text)} is not a whole number; allowed is 0 to ${SEED_MAX}`);
}

function decoded(text) {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Wrong(400, 'the query is malformed: % is not followed by two hexadecimal digits');
  }
}

class Route {
  constructor(row) {
    this.parameters = new Map(row.parameters.map((p) => [p.name, new Parameter(p)]));
    this.defaults = { seed: 0n };
    for (const [name, parameter] of this.parameters) this.defaults[name] = parameter.default;
  }

  /** Every parameter and the seed, by name. */
  arguments(query) {
    if (query.length > QUERY_MAX)
      throw new Wrong(400, `the query is too long, ${QUERY_MAX} bytes at most`);
    const given = {};
    for (const piece of query ? query.split('&') : []) {
      const equals = piece.indexOf('=');
      let name = equals < 0 ? piece : piece.slice(0, equals);
      let text = piece.slice(name.length + 1);
      if (/[%+]/.test(piece)) [name, text] = [decoded(name), decoded(text)];
      const parameter = this.parameters.get(name);
      if (!parameter && name !== 'seed')
        throw new Wrong(400, `${shown(name)} is not a parameter here; there are: ` +
                             [...this.parameters.keys(), 'seed'].join(', '));
      if (equals < 0)
        throw new Wrong(400, 'the query is malformed; write name=value&name=value');
      if (Object.hasOwn(given, name))
        throw new Wrong(400, `${shown(name)} is given twice; give it once`);
      given[name] = parameter ? parameter.parse(text) : seedOf(text);
    }
    return { ...this.defaults, ...given };
  }
}

/** The routes of a model that has these workloads. */
class Routes {
  constructor(model, has) {
    const file = path.join(path.dirname(process.argv[1]), '..', 'routes.json');
    const rows = JSON.parse(fs.readFileSync(file)).workloads;
    this.model = model;
    this.known = new Set(rows.map((row) => row.name));
    this.routes = new Map();
    const listed = [];
    for (const { name, ...row } of rows.filter((one) => has.includes(one.name))) {
      this.routes.set(`/${name}`, [name, new Route(row)]);
      listed.push({ route: `/${name}`, ...row });
    }
    this.listing = JSON.stringify({ model, routes: listed }) + '\n';
  }

  /** The workload's name and its arguments, or Wrong. */
  find(url) {
    // http://HOST/PATH, the path may be missing.
    const target = url[0] === '/' ? url : url.replace(/^http:\/\/[^/?]*\/?/i, '/');
    const mark = target.indexOf('?');
    const where = mark < 0 ? target : target.slice(0, mark);
    const query = mark < 0 ? '' : target.slice(mark + 1);
    const found = this.routes.get(where);
    if (found) return [found[0], found[1].arguments(query)];
    if (where === '/' || where === '/stats') return [where, { reset: query === 'reset=1' }];
    if (this.known.has(where.slice(1)))
      throw new Wrong(404, `the model ${this.model} does not have ${where}`);
    throw new Wrong(404, `there is no route ${shown(where)}; GET / lists the routes`);
  }
}

module.exports = { Routes, Wrong };
