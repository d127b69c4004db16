import type { Command } from 'commander';
import { ok, type Result } from '../../fault.ts';
import { compileExpression, NAMES } from './expression.ts';
import { LineTeller, rowJson } from './lines.ts';
import { openReading, refuse, tellTroubles } from './reading.ts';
import { EXIT_DIFFERENT, EXIT_NOT_DECODED, EXIT_OK, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';
import { MessageValues } from './values.ts';

interface GrepFlags extends TraceFlags {
  readonly count: boolean;
}

const HELP = `
Expressions:
    39!=00 and 4>=10000        refused, of at least 100.00
    mti=0200 or type=refund    sales and other requests of 0200, or refunds in both directions
    3~^20 and not (39=00)      processing code begins with 20
    55.9F26                    the message has this chip tag
    way=in and latency>5000    answers that took more than five seconds

    path        a field (39), a part (60.2), a chip tag (55.9F26), or ${NAMES.join(', ')}
    = !=        the text; for a field of digits the number, so 4=10000 finds 000000010000
    < <= > >=   the number; amounts are in minor units
    ~ !~        a regular expression; quote values with spaces: 43~'SHOP 1'
A comparison with a value that is not there is false: 39!=00 finds no request. Hidden values are compared as they
are shown: 2=622848*********0018.

Exit status: 0 something was found, 1 nothing, 2 usage or a bad expression, 3 found in what can be read; the rest cannot.`;

/** Adds `trace grep`: messages for which an expression is true. */
export function registerGrep(trace: Command, rim: TraceRim): void {
  readingFlags(
    trace
      .command('grep')
      .description('list the messages for which an expression over their fields is true')
      .argument('<expression>', "for instance '39!=00 and 4>=10000'")
      .argument('<file>', 'the capture; - is stdin')
      .option('-c, --count', 'print only how many there are', false),
  )
    .addHelpText('after', HELP)
    .action(async (expression: string, path: string, flags: GrepFlags) => {
      const found = await grep(expression, path, flags, rim);
      if (!found.ok) refuse(rim, found.fault);
    });
}

async function grep(expression: string, path: string, flags: GrepFlags, rim: TraceRim): Promise<Result<void>> {
  const wanted = compileExpression(expression);
  if (!wanted.ok) return wanted;
  const opened = await openReading(path, flags, rim);
  if (!opened.ok) return opened;
  const reading = opened.value;
  const { profile } = reading.lexicon;
  const teller = new LineTeller(reading.lexicon, flags.lang);
  const values = new MessageValues(flags.clear);
  let count = 0;
  while (reading.next()) {
    const { row } = reading;
    values.of(row, reading.view);
    if (!wanted.value(values)) continue;
    if (++count === 1 && !flags.count && !flags.json) rim.print(teller.head());
    if (flags.count) continue;
    if (flags.json) {
      rim.print(JSON.stringify(rowJson(row, profile, flags.lang)));
      continue;
    }
    const day = teller.newDay(row.timeUs);
    if (day !== undefined) rim.print(day);
    rim.print(teller.line(row));
  }
  reading.close();
  if (flags.count) rim.print(flags.json ? JSON.stringify({ count }) : String(count));
  tellTroubles(reading, flags.lang, rim);
  if (reading.messages.troubleCount > 0) rim.setExit(EXIT_NOT_DECODED);
  else rim.setExit(count > 0 ? EXIT_OK : EXIT_DIFFERENT);
  return ok(undefined);
}
