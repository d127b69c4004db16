import { type Command, Option } from 'commander';
import { fault } from '../../fault.ts';
import { Follower } from './follow.ts';
import { LineTeller, rowJson } from './lines.ts';
import { openReading, openRecords, type Reading, refuse, tellTroubles } from './reading.ts';
import { RecordTeller } from './record-text.ts';
import { EXIT_NOT_DECODED, EXIT_OK, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';
import { type TimeRange, timeRange } from './time-range.ts';

interface ViewFlags extends TraceFlags {
  readonly follow: boolean;
  readonly from?: string;
  readonly until?: string;
  readonly records: boolean;
}

/** Adds `trace view`: one line a message. */
export function registerView(trace: Command, rim: TraceRim): void {
  readingFlags(
    trace
      .command('view')
      .description('list the messages of a capture: time, direction, what it is, trace number, amount, answer, latency')
      .argument('<file>', 'the capture: a trace of pos8583 run --trace, pcap, pcapng, hex dump, JSON lines; - is stdin')
      .option('-f, --follow', 'wait for more, also in the file that comes after this one', false)
      .option('--from <time>', 'begin at this local time: 14:03, 14:03:22, 2026-11-22T14:03:22')
      .option('--until <time>', 'stop before this local time')
      .addOption(new Option('--records', 'tell every record of a trace: keys, screens, serial line, journal')),
  )
    .addHelpText('after', '\nExit status: 0 listed, 2 usage or the file cannot be read, 3 a part of it cannot be read.')
    .action(async (path: string, flags: ViewFlags) => {
      await view(path, flags, rim);
    });
}

async function view(path: string, flags: ViewFlags, rim: TraceRim): Promise<void> {
  if (flags.follow && path === '-') {
    const remedy = 'Leave --follow out: standard input is followed to its end by itself';
    return refuse(rim, fault('E_ILLEGAL', 'follow-input', 'standard input cannot be followed', remedy));
  }
  const opened = await (flags.records ? openRecords : openReading)(path, flags, rim);
  if (!opened.ok) return refuse(rim, opened.fault);
  const reading = opened.value;
  const range = timeRange(flags.from, flags.until, reading.lexicon.zone);
  if (!range.ok) return refuse(rim, range.fault);
  const listing = new Listing(flags, range.value, rim, reading);
  if (flags.follow) {
    reading.close();
    return new Follower(path, flags, rim, each => listing.tell(each)).go(reading.lexicon);
  }
  while (reading.next()) listing.tell(reading);
  reading.close();
  tellTroubles(reading, flags.lang, rim);
  rim.setExit(reading.messages.troubleCount > 0 ? EXIT_NOT_DECODED : EXIT_OK);
}

/** Prints what a reading gives, inside of the range. */
class Listing {
  private readonly flags: ViewFlags;
  private readonly range: TimeRange;
  private readonly rim: TraceRim;
  private readonly teller: LineTeller;
  private readonly records: RecordTeller;

  constructor(flags: ViewFlags, range: TimeRange, rim: TraceRim, { lexicon }: Reading) {
    this.flags = flags;
    this.range = range;
    this.rim = rim;
    this.teller = new LineTeller(lexicon, flags.lang);
    this.records = new RecordTeller(flags.lang);
    if (!flags.json) rim.print(this.teller.head());
  }

  /** Prints the message, or the record, at which the reading stands. */
  tell(reading: Reading): void {
    const { flags, rim, teller } = this;
    const { timeUs } = reading.messages;
    if (!this.range(timeUs)) return;
    if (reading.atMessage || reading.records === undefined) {
      if (flags.json) return rim.print(JSON.stringify(rowJson(reading.row, reading.lexicon.profile, flags.lang)));
      this.day(timeUs);
      return rim.print(teller.line(reading.row));
    }
    const told = this.records.tell(reading.records);
    if (told === undefined) return;
    if (flags.json) return rim.print(JSON.stringify({ time: new Date(timeUs / 1000).toISOString(), ...told }));
    this.day(timeUs);
    rim.print(teller.other(timeUs, told.what, told.lines.map(line => line.trim()).join(' | ')));
  }

  private day(timeUs: number): void {
    const day = this.teller.newDay(timeUs);
    if (day !== undefined) this.rim.print(day);
  }
}
