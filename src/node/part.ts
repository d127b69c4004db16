/** What a process of this program does that another one started. Every start comes by here: it brings in nothing else. */

/** Marks such a process in its environment. */
export const PART = 'POS8583_PART';
/** How long a part may go on after the program that started it is gone, or after it was asked to end, milliseconds. */
export const PART_END_MS = 3000;

/**
 * In a part: ends this process when the program that started it is gone, even by `kill -9`. It ends as SIGTERM ends it,
 * so that links are removed and the screen is given back; what takes too long is cut off.
 */
export function endWithStarter(): void {
  if (process.env[PART] === undefined || process.channel === undefined) return;
  delete process.env[PART];
  process.on('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), PART_END_MS).unref();
  });
  // Only the part's own work keeps it alive.
  process.channel?.unref();
}
