// A file of lines that is only appended to. A line that a crash cut off is removed when the file is opened again: what it said was not
// acknowledged, and comes again.
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const PIECE_BYTES = 64 * 1024;

export class LineFile {
  #file;

  constructor(path) {
    this.#file = openSync(path, 'a+');
    ftruncateSync(this.#file, this.#endOfLines());
  }

  // Returns when they are on the disk.
  append(lines) {
    if (lines.length === 0) return;
    const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    fdatasyncSync(this.#file);
  }

  close() {
    closeSync(this.#file);
  }

  #endOfLines() {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let end = fstatSync(this.#file).size; end > 0;) {
      const begin = Math.max(0, end - PIECE_BYTES);
      const last = piece.subarray(0, readSync(this.#file, piece, 0, end - begin, begin)).lastIndexOf('\n');
      if (last >= 0) return begin + last + 1;
      end = begin;
    }
    return 0;
  }
}
