// SPDX-License-Identifier: MIT
//
// The rules of docs/contract.md that node:http does not enforce itself: checks of a
// parsed request, and reasons for the errors of its parser.
'use strict';

const HEAD_MAX = 8192;
const BODY_MAX = 65536;

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]";
const NAME = "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"; // RFC 3986, 3.2.2
const FUTURE = "[Vv][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+";
const ADDRESS = `\\[(?:${ipv6()}|${FUTURE})\\]`;
const HOST = new RegExp(`^(?:${ADDRESS}|${NAME}*)(?::[0-9]*)?$`);
const PATH = /^\/[!-"$-~]*$/;
const ABSOLUTE = new RegExp(`^http://(?:${ADDRESS}|${NAME}+)(?::[0-9]*)?(?:[/?][!-"$-~]*)?$`, 'i');
const USUAL = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']);

// IPv6address of RFC 3986, 3.2.2: nine forms, by the place of the omitted zeros.
function ipv6() {
  const four = '[0-9A-Fa-f]{1,4}', octet = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
  const last = `(?:${four}:${four}|(?:${octet}\\.){3}${octet})`;
  const tails = [5, 4, 3, 2, 1, 0].map((count) => `(?:${four}:){${count}}${last}`);
  const forms = [...tails, four, ''].map((tail, before) => // `before` groups may precede ::
    `${before ? `(?:(?:${four}:){0,${before - 1}}${four})?` : ''}::${tail}`);
  return `(?:(?:${four}:){6}${last}|${forms.join('|')})`;
}

const WORDS = {
  line: 'the request line is not METHOD TARGET VERSION with one blank between',
  version: 'the version is neither HTTP/1.0 nor HTTP/1.1, which this server speaks',
  target: 'the target is neither a path that begins with / nor http://HOST/PATH, of printable ' +
          'ASCII without #',
  asterisk: 'the target * is for OPTIONS alone',
  method: 'only GET and HEAD are allowed',
  end: 'a line does not end in CRLF: a bare CR or a bare LF',
  field: 'a header line is not NAME: VALUE, or has a control character',
  name: 'a header name is empty',
  noHost: 'Host is missing, which HTTP/1.1 demands',
  hosts: 'Host is given twice',
  host: 'the value of Host is not HOST or HOST:PORT',
  length: 'the value of Content-Length is not one decimal number of 64 bits',
  both: 'Content-Length is given twice, or with Transfer-Encoding',
  coding: 'Transfer-Encoding is not chunked alone, once: no other coding is read',
  oldCoding: 'Transfer-Encoding is given, which HTTP/1.0 does not have',
  chunk: "a chunk's line is not a hexadecimal size, extensions and CRLF",
  extension: "a chunk's extensions are over 16 KiB; send shorter ones",
  head: "the request's head is over 8 KiB; send a shorter one",
  trailer: "the request's trailer is over 8 KiB; send a shorter one",
  body: "the request's body is over 64 KiB; send a smaller one",
};

/** The facts in a head; `wrong` is null, or a status and words. */
class Head {
  constructor(request) {
    this.old = request.httpVersionMinor === 0;
    this.hosts = this.lengths = this.codings = 0;
    this.host = this.coding = '';
    this.length = 0;
    this.close = this.kept = this.continues = this.nameless = false;
    this.asks = this.upgrade = false;
    this.size = request.method.length + request.url.length + 14;
    const raw = request.rawHeaders;
    for (let i = 0; i < raw.length; i += 2) this.take(raw[i], raw[i + 1]);
    // node:http drops bytes that come with an upgrade for which there is no listener.
    this.keep = !this.close && (!this.old || this.kept) && !(this.asks && this.upgrade);
    this.hasBody = this.codings > 0 || this.length > 0;
    this.expects = this.continues && this.hasBody && !this.old;
    this.wrong = this.fault(request);
    if (this.wrong || !USUAL.has(request.method)) this.keep = false;
  }

  take(name, value) {
    this.size += name.length + value.length + 4;
    switch (name.length) {
      case 0: this.nameless = true; break;
      case 4:
        if (name.toLowerCase() === 'host') [this.host, this.hosts] = [value, this.hosts + 1];
        break;
      case 6:
        if (name.toLowerCase() === 'expect') this.continues ||= has(value, '100-continue');
        break;
      case 7: this.upgrade ||= name.toLowerCase() === 'upgrade'; break;
      case 10:
        if (name.toLowerCase() === 'connection') {
          this.close ||= has(value, 'close');
          this.kept ||= has(value, 'keep-alive');
          this.asks ||= has(value, 'upgrade');
        }
        break;
      case 14:
        if (name.toLowerCase() === 'content-length')
          [this.length, this.lengths] = [Number(value), this.lengths + 1];
        break;
      case 16: // node:http's parser treats it as Connection, and reads nothing after a close
        if (name.toLowerCase() === 'proxy-connection') this.close ||= has(value, 'close');
        break;
      case 17:
        if (name.toLowerCase() === 'transfer-encoding')
          [this.coding, this.codings] = [value, this.codings + 1];
        break;
      default:
    }
  }

  fault({ httpVersionMajor, httpVersionMinor, method, url }) {
    if (httpVersionMajor !== 1 || httpVersionMinor > 1) return [400, WORDS.version];
    if (!USUAL.has(method)) return [405, WORDS.method];
    if (url === '*' && method !== 'OPTIONS') return [400, WORDS.asterisk];
    if (url !== '*' && !PATH.test(url) && !ABSOLUTE.test(url)) return [400, WORDS.target];
    if (this.size > HEAD_MAX) return [431, WORDS.head];
    if (this.nameless) return [400, WORDS.name];
    if (this.hosts === 0 && !this.old) return [400, WORDS.noHost];
    if (this.hosts > 1) return [400, WORDS.hosts];
    if (!HOST.test(this.host)) return [400, WORDS.host];
    if (this.lengths + this.codings > 1) return [400, WORDS.both];
    if (this.codings && this.coding.toLowerCase() !== 'chunked') return [400, WORDS.coding];
    if (this.codings && this.old) return [400, WORDS.oldCoding];
    return this.length > BODY_MAX ? [413, WORDS.body] : null;
  }
}

/** Whether a comma-separated list has the word. */
function has(list, word) {
  return list.toLowerCase().split(',').some((one) => one.replace(/^[ \t]+|[ \t]+$/g, '') === word);
}

/** A trailer's size in bytes, and whether it closes the connection: node:http's parser
 *  obeys a Connection field there. */
function trailerOf({ rawTrailers }) {
  let size = 2;
  let closes = false;
  for (let i = 0; i < rawTrailers.length; i += 2) {
    size += rawTrailers[i].length + rawTrailers[i + 1].length + 4;
    closes ||= rawTrailers[i].toLowerCase() === 'connection' && has(rawTrailers[i + 1], 'close');
  }
  return { size, closes };
}

const FAULTS = {
  HPE_INVALID_VERSION: [400, WORDS.version],
  HPE_INVALID_CONSTANT: [400, WORDS.version],
  HPE_PAUSED_H2_UPGRADE: [400, WORDS.version],
  HPE_INVALID_URL: [400, WORDS.target],
  HPE_INVALID_HEADER_TOKEN: [400, WORDS.field],
  HPE_CR_EXPECTED: [400, WORDS.end],
  HPE_LF_EXPECTED: [400, WORDS.end],
  HPE_STRICT: [400, WORDS.end],
  HPE_INVALID_CONTENT_LENGTH: [400, WORDS.length],
  HPE_UNEXPECTED_CONTENT_LENGTH: [400, WORDS.both],
  HPE_INVALID_TRANSFER_ENCODING: [400, WORDS.coding],
  HPE_INVALID_CHUNK_SIZE: [400, WORDS.chunk],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, WORDS.extension],
};

/** Status and words for an error of the parser; `inBody`: the error came after the head. */
function explain({ code, reason }, inBody) {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, inBody ? WORDS.trailer : WORDS.head];
  if (/^Invalid method for/.test(reason)) return [405, WORDS.method];
  const [status, words] = FAULTS[code] ?? [400, 'the request is malformed'];
  return [status, reason ? `${words} (${reason})` : words];
}

/** Matches a beginning of the text, or the text and the rest. */
const begun = (text, rest) => [...text].reverse().reduce(
  (tail, letter) => `(?:${/\w| /.test(letter) ? letter : `\\${letter}`}${tail})?`, rest);
const LINE = new RegExp(`^${TOKEN}* [!-"$-~]+ HTTP/1\\.[01]\\r\\n`);
const LINE_BEGUN = new RegExp(
  `^${TOKEN}*(?: (?:[!-"$-~]+${begun(' HTTP/1.', '(?:[01]\\r?)?')})?)?$`);

/** Judges the rest of a line, from where the parser stopped in an unknown method: 405 if
 *  it is a valid request line, 400 if not, null if that is not known yet. */
function judgeLine(rest) {
  if (rest.length >= HEAD_MAX && !rest.slice(0, HEAD_MAX).includes('\n')) return [431, WORDS.head];
  if (LINE.test(rest)) return [405, WORDS.method];
  if (!LINE_BEGUN.test(rest)) {
    const version = new RegExp(`^${TOKEN}* [!-"$-~]+ `).test(rest);
    return [400, version ? WORDS.version : WORDS.line];
  }
  return null;
}

module.exports = { BODY_MAX, HEAD_MAX, Head, WORDS, explain, judgeLine, trailerOf };
