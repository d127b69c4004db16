/** Longest answer taken. */
const ANSWER_LENGTH_MAX = 64;

/**
 * Asks a person on standard error and reads one line from standard input; undefined when the input ends without one.
 * Returns a function that gives the question up: `done` is not called any more then.
 */
export function askLine(question: string, done: (answer: string | undefined) => void): () => void {
  const { stdin, stderr } = process;
  let typed = '';
  const stop = (): void => {
    stdin.off('data', take);
    stdin.off('end', end);
    stdin.pause();
  };
  const end = (): void => {
    stop();
    done(undefined);
  };
  const take = (chunk: Buffer): void => {
    typed = (typed + chunk.toString('latin1')).slice(0, ANSWER_LENGTH_MAX);
    const newline = typed.search(/[\r\n]/);
    if (newline < 0 && typed.length < ANSWER_LENGTH_MAX) return;
    stop();
    done((newline < 0 ? typed : typed.slice(0, newline)).trim());
  };
  stderr.write(question);
  stdin.on('data', take);
  stdin.on('end', end);
  stdin.resume();
  return stop;
}
