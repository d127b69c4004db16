import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { failed, fault, ok, type Result } from '../fault.ts';

/** Memory of a virtual terminal in a file: what was written outlives the process, also one that is killed. */
export interface SlotFile {
  read(at: number, length: number): Uint8Array;
  write(at: number, bytes: Uint8Array): void;
  close(): void;
}

/**
 * Opens or makes the file, `length` bytes long, for this user only. A write that a kill cuts off leaves a part of its bytes;
 * what is kept in the file says itself which of it counts. Faults: `slot-file`, `slot-file-length`. A write that the disk
 * refuses throws, because a terminal whose memory is broken is at its end.
 */
export function openSlotFile(path: string, length: number): Result<SlotFile> {
  let fd: number;
  try {
    fd = openSync(path, 'a', 0o600);
    closeSync(fd);
    fd = openSync(path, 'r+');
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === undefined) throw error;
    return failed(fault('E_ILLEGAL', 'slot-file', `cannot open ${path}: ${code}`, 'Check the path and who owns it'));
  }
  const { size } = fstatSync(fd);
  if (size !== 0 && size !== length) {
    closeSync(fd);
    const cause = `${path} has ${size} bytes; the memory of a terminal has ${length}`;
    return failed(fault('E_ILLEGAL', 'slot-file-length', cause, 'Name the file of a virtual terminal, or a new one'));
  }
  if (size === 0) ftruncateSync(fd, length);
  return ok({
    read(at, count) {
      const bytes = new Uint8Array(count);
      for (let got = 0; got < count;) {
        const more = readSync(fd, bytes, got, count - got, at + got);
        if (more === 0) break;
        got += more;
      }
      return bytes;
    },
    write(at, bytes) {
      for (let put = 0; put < bytes.length;) put += writeSync(fd, bytes, put, bytes.length - put, at + put);
    },
    close: () => closeSync(fd),
  });
}
