// SPDX-License-Identifier: MIT
//
// From a request's target to a workload's name and arguments, as in routes.py.
// The tables of the C workloads are in routes.json beside the models.
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const QUERY_MAX = 2048;
const SEED_MAX = 2n ** 64n - 1n;

/** A request that gets `status` and one sentence. */
class Wrong extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** A kind of quantity, from a row of models/runtime/base/units.c. */
class Unit {
  constructor(row) {
    Object.assign(this, row);
    this.known = new Map(); // values of the texts parsed so far
  }

  /** 50ms -> 50000000; null if the text is no quantity of this unit. */
  value(text) {
    let value = this.known.get(text);
    if (value === undefined) {
      value = this.parse(text);
      if (this.known.size < 1024) this.known.set(text, value);
    }
    return value;
  }

  parse(text) {
    const match = /^(\d+)(?:\.(\d+))?(.*)$/.exec(text);
    if (!match || !Object.hasOwn(this.suffixes, match[3])) return null;
    const fraction = match[2] || '';
    const whole = BigInt(match[1] + fraction) * BigInt(this.suffixes[match[3]]);
    const divisor = 10n ** BigInt(fraction.length);
    return whole % divisor ? null : Number(whole / divisor);
  }
}

const shown = (text) => text.slice(0, 40).replace(/[^ -~]/g, '?');

class Parameter {
  constructor(row, units) {
    Object.assign(this, row, { unit: units.get(row.unit) });
    this.limits = [this.unit.value(row.minimum), this.unit.value(row.maximum)];
    this.default = this.parse(row.default);
  }

  /** The parameter's value, or an array of values if it takes several. */
  parse(text) {
    if (!this.list_max) return this.one(text);
    const pieces = text.split(',');
    if (pieces.length > this.list_max)
      throw new Wrong(400, `${this.name} has too many values; allowed are 1 to ${this.list_max}`);
    return pieces.map((piece) => this.one(piece));
  }

  one(text) {
    const value = this.unit.value(text);
    if (value !== null && value >= this.limits[0] && value <= this.limits[1]) return value;
    const fault = value === null ? `not ${this.unit.kind}` : 'out of range';
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
  constructor(row, units) {
    this.parameters = new Map(row.parameters.map((p) => [p.name, new Parameter(p, units)]));
    this.defaults = { seed: 0n };
    for (const [name, parameter] of this.parameters) this.defaults[name] = parameter.default;
  }

  /** The values of all parameters and the seed, by name. */
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
    const tables = JSON.parse(fs.readFileSync(file));
    const units = new Map(Object.entries(tables.units).map(([name, row]) => [name, new Unit(row)]));
    const rows = tables.workloads;
    this.model = model;
    this.known = new Set(rows.map((row) => row.name));
    this.routes = new Map();
    const listed = [];
    for (const { name, ...row } of rows.filter((one) => has.includes(one.name))) {
      this.routes.set(`/${name}`, [name, new Route(row, units)]);
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
