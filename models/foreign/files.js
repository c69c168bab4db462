// SPDX-License-Identifier: MIT
//
// The files of the workload `file`, as in models/runtime/clients/files.c: 32 files of 1
// MiB, in a folder to which nobody else may write. A reader that misses a file writes
// it. A file gets its name when it is complete and on the disk.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const { mix } = require('./answers.js');
const { Wrong } = require('./routes.js');

const COUNT = 32n;
const WORDS = 1 << 17;
const WORD = 8;
const words = (size) => Math.ceil(size / WORD);

/** The file's number, and the offset in the file. */
function place(size, seed) {
  const drawn = mix(seed);
  return [Number(drawn % COUNT), Number((drawn >> 32n) % BigInt(WORDS - words(size) + 1)) * WORD];
}

const path = () => process.env.TROIKA_FILES || `/var/tmp/troika-${process.geteuid()}`;

let kept; // the folder's descriptor, for the life of the process

function folder() {
  if (kept !== undefined) return kept;
  try {
    fs.mkdirSync(path(), 0o700);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  const opened = fs.openSync(path(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const about = fs.fstatSync(opened);
  if (about.uid !== process.geteuid() || about.mode & 0o022) {
    fs.closeSync(opened);
    throw new Error('others may write to it; set TROIKA_FILES to a folder of your own');
  }
  kept = opened;
  return kept;
}

const inside = (name) => `/proc/self/fd/${folder()}/${name}`;

/** Several processes may write at once: each writes a file of its own and renames it, so
 *  the last one stays. */
function make(number, name) {
  const own = inside(`new-${crypto.randomBytes(8).toString('hex')}`);
  const bytes = Buffer.alloc(WORDS * WORD);
  const first = BigInt(number) << 32n;
  for (let i = 0; i < WORDS; i++) bytes.writeBigUInt64LE(mix(first + BigInt(i)), i * WORD);
  const file = fs.openSync(own, 'wx', 0o600);
  try {
    fs.writeFileSync(file, bytes);
    fs.fdatasyncSync(file);
    fs.renameSync(own, name);
  } catch (error) {
    fs.unlinkSync(own);
    throw error;
  } finally {
    fs.closeSync(file);
  }
}

const there = new Set(); // the numbers of the files that exist

function ensured(number) {
  const name = inside(String(number).padStart(2, '0'));
  if (!there.has(number) && !fs.existsSync(name)) make(number, name);
  there.add(number);
  return name;
}

/** The sum of words times their positions, in halves of 32 bits; a position has 17 bits. */
function proof(bytes) {
  let high = 0;
  let low = 0;
  for (let i = 0, at = 0; at < bytes.length; at += WORD) {
    i++;
    low += bytes.readUInt32LE(at) * i;
    high = high + bytes.readUInt32LE(at + 4) * i + Math.floor(low / 2 ** 32) >>> 0;
    low >>>= 0;
  }
  return (BigInt(high) << 32n | BigInt(low)) >> 1n;
}

function whole(got) {
  if (got === 0) throw new Error('a file is shorter than 1 MiB; delete it');
  return got;
}

/** Opens, reads and closes on the loop; returns the proof. */
function readHere(number, offset, size) {
  const bytes = Buffer.alloc(words(size) * WORD);
  const file = fs.openSync(ensured(number));
  try {
    for (let done = 0; done < size;)
      done += whole(fs.readSync(file, bytes, done, size - done, offset + done));
  } finally {
    fs.closeSync(file);
  }
  return proof(bytes);
}

/** Opens, reads and closes in libuv's threads for files; returns the proof. */
async function readAway(number, offset, size) {
  const bytes = Buffer.alloc(words(size) * WORD);
  const file = await fs.promises.open(ensured(number));
  try {
    for (let done = 0; done < size;)
      done += whole((await file.read(bytes, done, size - done, offset + done)).bytesRead);
  } finally {
    await file.close();
  }
  return proof(bytes);
}

const explained = (error) => new Wrong(503, `cannot read files in ${path()}: ${error.message}`);

module.exports = { explained, place, readAway, readHere };
