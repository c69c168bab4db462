// SPDX-License-Identifier: MIT
//
// The workloads' answers: the bodies, and the computations behind them. The arithmetic
// is that of workloads/*.c; nothing here waits. Seeds and proofs are BigInt, which is
// slow, so the tight loop of `spin` works on two 32-bit halves.
'use strict';
const crypto = require('node:crypto');

const GOLDEN = 0x9E3779B97F4A7C15n;
const u64 = (x) => BigInt.asUintN(64, x);
const hex = (x) => x.toString(16).padStart(16, '0');

function mix(x) {
  x = u64(x + GOLDEN);
  x = u64((x ^ x >> 30n) * 0xBF58476D1CE4E5B9n);
  x = u64((x ^ x >> 27n) * 0x94D049BB133111EBn);
  return x ^ x >> 31n;
}

/** The proof that a backend call was made. */
const check = (delay, seed) => mix(u64(mix(seed) + BigInt(delay))) >> 1n;

/** Combines the proofs of several calls, in order. */
const combine = (checks) => checks.reduce((value, one) => u64(value * 31n + one), 0n);

/** xorshift64*: a loop that the JavaScript engine itself runs. */
function spin(seed, steps) {
  const x = u64(seed + GOLDEN) || 1n;
  let high = Number(x >> 32n) | 0;
  let low = Number(x & 0xffffffffn) | 0;
  for (let i = 0; i < steps; i++) {
    low ^= low >>> 12 | high << 20;
    high ^= high >>> 12;
    high ^= high << 25 | low >>> 7;
    low ^= low << 25;
    low ^= low >>> 27 | high << 5;
    high ^= high >>> 27;
  }
  const state = BigInt(high >>> 0) << 32n | BigInt(low >>> 0);
  return u64(state * 0x2545F4914F6CDD1Dn);
}

/** The consecutive states of that loop, least significant byte first. */
function noise(seed, count) {
  const x = u64(seed + GOLDEN) || 1n;
  let high = Number(x >> 32n) | 0;
  let low = Number(x & 0xffffffffn) | 0;
  const bytes = new DataView(new ArrayBuffer(count * 8));
  for (let at = 0; at < count * 8; at += 8) {
    low ^= low >>> 12 | high << 20;
    high ^= high >>> 12;
    high ^= high << 25 | low >>> 7;
    low ^= low << 25;
    low ^= low >>> 27 | high << 5;
    high ^= high >>> 27;
    bytes.setInt32(at, low, true);
    bytes.setInt32(at + 4, high, true);
  }
  return new Uint8Array(bytes.buffer);
}

/** Replaces each pixel by the mean of itself and the eight around it. Pixels beyond the
 *  edge repeat the edge. */
function blur(from, to, size) {
  const sums = new Uint16Array(size + 2); // sums of three pixels in a column
  for (let y = 0; y < size; y++) {
    const here = y * size;
    const above = y > 0 ? here - size : here;
    const below = y + 1 < size ? here + size : here;
    for (let x = 0; x < size; x++) sums[x + 1] = from[above + x] + from[here + x] + from[below + x];
    sums[0] = sums[1];
    sums[size + 1] = sums[size];
    for (let x = 0; x < size; x++) to[here + x] = (sums[x] + sums[x + 1] + sums[x + 2]) / 9;
  }
}

/** Blurs an image. Returns the sum of its pixels times their positions, added up row by
 *  row because only a row's sum is sure to be below 2^53. */
function image(seed, size, passes) {
  let from = noise(seed, Math.ceil(size * size / 8));
  let to = new Uint8Array(size * size);
  for (let pass = 0; pass < passes; pass++) {
    blur(from, to, size);
    [from, to] = [to, from];
  }
  let sum = 0n;
  for (let row = 0; row < size * size; row += size) {
    let part = 0;
    for (let i = row; i < row + size; i++) part += from[i] * (i + 1);
    sum += BigInt(part);
  }
  return sum;
}

/** crypto.hash, which newer versions of Node have, takes half as long as a hash object. */
const sha256 = crypto.hash ? (data) => crypto.hash('sha256', data, 'buffer')
  : (data) => crypto.createHash('sha256').update(data).digest();

/** A chain of SHA-256: JavaScript calls the library's native code. */
function chain(seed, rounds) {
  let digest = String(seed);
  for (let i = 0; i < rounds; i++) digest = sha256(digest);
  return digest.toString('hex', 0, 8);
}

/** Blocks the calling thread. */
function block(seconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1e3);
}

/** Whether the seed is heavy: `share` of any thousand consecutive seeds are, spread evenly. */
const heavy = (share, seed) => Number(seed % 1000n) * 617 % 1000 < share;

const FACTOR_ONE = 1024; // factors are whole numbers of its inverse
const WAIT = 0n, WORK = 1n;
const WAIT_MAX_NS = 3600e9, STEPS_MAX = 1e10;

/** In (0, 1): 52 bits, in the middle of their step. */
const uniform = (bits) => (Number(bits >> 12n) + 0.5) * 2 ** -52;

/** How much this request has of the mean, in 1,024ths: lognormal of mean 1. Rounded, so
 *  that all languages agree (workloads/factor.h). */
function factor(which, seed, cvPercent) {
  if (cvPercent === 0) return FACTOR_ONE;
  const state = mix(seed) + 2n * which;
  const radius = Math.sqrt(-2 * Math.log(uniform(mix(state))));
  const z = radius * Math.cos(2 * Math.PI * uniform(mix(state + 1n)));
  const cv = cvPercent / 100;
  const variance = Math.log1p(cv * cv);
  return Math.floor(FACTOR_ONE * Math.exp(Math.sqrt(variance) * z - variance / 2) + 0.5);
}

/** The amount times the factor, rounded down. Below 2^53, which `most` is, all is exact. */
const times = (amount, by, most) => Math.min(most,
  Math.floor(amount / FACTOR_ONE) * by + Math.floor(amount % FACTOR_ONE * by / FACTOR_ONE));

/** The delay of each call, and the steps before each call and after the last. */
function serviceParts({ delay, calls, steps, cv_wait: cvWait, cv_cpu: cvCpu, seed }) {
  const all = times(steps, factor(WORK, seed, cvCpu), STEPS_MAX);
  const part = Math.floor(all / (calls + 1));
  const parts = new Array(calls).fill(part).concat(part + all % (calls + 1));
  if (calls === 0) return [0, parts];
  return [Math.floor(times(delay, factor(WAIT, seed, cvWait), WAIT_MAX_NS) / calls), parts];
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

/** The alphabet over and over, from letter `at` (a BigInt). */
function letters(at, size) {
  const first = Number(at % 26n);
  return ALPHABET.repeat(Math.ceil((first + size) / 26)).slice(first, first + size);
}

const helloBody = (size, seed) => letters(seed, size);

/** Exactly `size` bytes. */
function serviceBody(size, seed, state) {
  const line = `service seed=${seed} state=${hex(state)} `;
  return `${line}${letters(seed + BigInt(line.length), size - line.length - 1)}\n`;
}

const waitBody = (delay, seed) =>
  `wait delay_ns=${delay} seed=${seed} check=${hex(check(delay, seed))}\n`;

const blockBody = (delay, seed) =>
  `block blocked_ns=${delay} seed=${seed} check=${hex(check(delay, seed))}\n`;

module.exports = { block, blockBody, chain, check, combine, heavy, helloBody, hex, image, mix,
                   serviceBody, serviceParts, spin, u64, waitBody };
