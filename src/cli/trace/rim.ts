import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Result } from '../../fault.ts';
import type { LocalTime } from '../../hal/hal.ts';
import type { Profile } from '../../profile/schema.ts';
import type { ByteSource } from '../../trace/kinds.ts';
import { type Format, FORMATS } from '../../trace/open.ts';

export type Lang = 'zh' | 'en';

/** Everything was done; `diff`: nothing differs; `grep`: something was found. */
export const EXIT_OK = 0;
/** `diff`: something differs. `grep`: nothing was found. */
export const EXIT_DIFFERENT = 1;
/** Flags, an unreadable file, a bad expression. */
export const EXIT_USAGE = 2;
/** There is no message with this number, or it could not be decoded to its end. */
export const EXIT_NOT_DECODED = 3;

/** A capture that is open. */
export type OpenSource = ByteSource & { close(): void };

/** One press of a key: a character, or a name for what has none. */
export type Press = 'up' | 'down' | 'pageUp' | 'pageDown' | 'home' | 'end' | 'quit' | 'other';

/** What the views of a trace need from outside. */
export interface TraceRim {
  loadProfile(id: string): Result<Profile> | Promise<Result<Profile>>;
  /** Names of the shipped dialects, for those who named another one. */
  dialectNames(): readonly string[];
  /** Opens a capture to be read from its start; `-` is standard input. */
  openSource(path: string): Result<OpenSource>;
  /** Local calendar time of this computer. */
  local(ms: number): LocalTime;
  /** Calls `go` after so many milliseconds. */
  after(ms: number, go: () => void): void;
  /** Columns of the output. */
  columns(): number;
  isTerminal(stream: 'input' | 'output' | 'error'): boolean;
  /**
   * Takes single presses of keys until the returned function is called. `rows`: how many the screen has. The first call comes
   * at once, with `other`, and one more each time when the size of the screen changes.
   */
  onPress(press: (key: Press, rows: number) => void): () => void;
  print(text: string): void;
  /** Writes `text` without a line end. */
  write(text: string): void;
  printError(text: string): void;
  setExit(code: number): void;
}

/** The flags that all views have. */
export interface TraceFlags {
  readonly profile?: string;
  readonly dialect?: string;
  readonly option: readonly string[];
  readonly format?: Format;
  /** Of a capture of a network: the port of the acquirer. */
  readonly acquirerPort?: number;
  readonly clear: boolean;
  readonly json: boolean;
  readonly lang: Lang;
}

/** Adds the flags that say how a capture is read and told. */
export function readingFlags(command: Command): Command {
  return command
    .option('-p, --profile <id>', 'profile whose dialect and texts are used; without it that of the trace itself')
    .addOption(
      new Option('-d, --dialect <name|file>', 'a dialect instead of a profile; a path of it ends in .json').conflicts(
        'profile',
      ),
    )
    .option(
      '-o, --option <name=choice>',
      'read the messages with this choice of a dialect option; may be given again for others',
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .addOption(new Option('--format <format>', 'how the capture is written; found out without it').choices(FORMATS))
    .option('--acquirer-port <number>', 'of a capture of a network: port of the acquirer in it', portNumber)
    .option('--clear', 'show card data as it is in the capture (test data only)', false)
    .option('--json', 'JSON instead of text', false)
    .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('A port is 1 to 65535.');
  return port;
}
