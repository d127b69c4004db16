/** One press of a key: a name for those that move, `quit` for q, Escape and Ctrl-C, `other` for the rest. */
export type KeyPress = 'up' | 'down' | 'pageUp' | 'pageDown' | 'home' | 'end' | 'quit' | 'other';

/** Of a terminal that does not say how many it has. */
const ROWS = 24;
const PRESSES: Readonly<Record<string, KeyPress>> = {
  '\x1b[A': 'up',
  '\x1bOA': 'up',
  k: 'up',
  '\x1b[B': 'down',
  '\x1bOB': 'down',
  j: 'down',
  '\x1b[5~': 'pageUp',
  '\x1b[6~': 'pageDown',
  ' ': 'pageDown',
  '\x1b[H': 'home',
  '\x1b[1~': 'home',
  '\x1b[F': 'end',
  '\x1b[4~': 'end',
  q: 'quit',
  Q: 'quit',
  '\x1b': 'quit',
  '\x03': 'quit',
  '\x04': 'quit',
};

/** The presses in what a keyboard sent. */
export function pressesIn(input: string): KeyPress[] {
  const found = input.match(/\x1b\[\d*(?:;\d+)*[A-Za-z~]|\x1bO[A-Za-z]|[\s\S]/g) ?? [];
  return found.map(press => (Object.hasOwn(PRESSES, press) ? PRESSES[press] : 'other'));
}

/**
 * Takes single presses of the keyboard, each with the rows of the screen; the first call comes at once with `other`, and one
 * more each time when the screen changes its size. Returns what gives the keyboard back. Standard input must be a terminal.
 */
export function takePresses(press: (key: KeyPress, rows: number) => void): () => void {
  const { stdin, stdout } = process;
  let over = false;
  const give = (key: KeyPress): void => {
    if (!over) press(key, stdout.rows || ROWS);
  };
  const take = (chunk: string | Buffer): void => pressesIn(String(chunk)).forEach(give);
  const resized = (): void => give('other');
  const stop = (): void => {
    over = true;
    stdout.off('resize', resized);
    stdin.off('data', take);
    stdin.off('end', ended);
    stdin.setRawMode(false);
    stdin.pause();
  };
  const ended = (): void => give('quit');
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.on('data', take);
  stdin.on('end', ended);
  stdin.resume();
  stdout.on('resize', resized);
  // Not before the caller has what stops it.
  queueMicrotask(resized);
  return stop;
}
