import type { Command } from 'commander';
import { ok, type Result } from '../../fault.ts';
import { type Exchange, exchangeOf } from './exchange.ts';
import { type Finding, findingsOf } from './findings.ts';
import { columnsOf, fill, LineTeller, rowJson } from './lines.ts';
import { isOwnTrace, messageNumber, openReading, openRecords, type Reading, refuse, tellTroubles } from './reading.ts';
import { EXIT_NOT_DECODED, EXIT_OK, type Lang, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';

/** Adds `trace explain`: why a message was refused, and what to do. */
export function registerExplain(trace: Command, rim: TraceRim): void {
  readingFlags(
    trace
      .command('explain')
      .description('why was this refused, what followed, and what to do')
      .argument('<number>', 'number of the message as trace view tells it: the request or the answer')
      .argument('<file>', 'the capture; - is stdin'),
  )
    .addHelpText('after', '\nExit status: 0 explained, 2 usage, 3 no such message, or it is not decoded to its end.')
    .action(async (number: string, path: string, flags: TraceFlags) => {
      const done = await explain(number, path, flags, rim);
      if (!done.ok) refuse(rim, done.fault);
    });
}

async function explain(text: string, path: string, flags: TraceFlags, rim: TraceRim): Promise<Result<void>> {
  const number = messageNumber(text);
  if (!number.ok) return number;
  // With its records a trace also says what the terminal showed.
  const own = path === '-' ? ok(false) : isOwnTrace(path, rim);
  if (!own.ok) return own;
  const opened = await (own.value ? openRecords : openReading)(path, flags, rim);
  if (!opened.ok) return opened;
  const reading = opened.value;
  const exchange = exchangeOf(reading, number.value);
  reading.close();
  if (!exchange.ok) return exchange;
  const findings = findingsOf(exchange.value, reading.lexicon.profile);
  rim.print(
    flags.json
      ? jsonOf(exchange.value, findings, reading, flags.lang)
      : textOf(exchange.value, findings, reading, flags.lang),
  );
  tellTroubles(reading, flags.lang, rim);
  rim.setExit(exchange.value.target.trouble === undefined ? EXIT_OK : EXIT_NOT_DECODED);
  return ok(undefined);
}

function textOf({ target, rows }: Exchange, findings: readonly Finding[], { lexicon }: Reading, lang: Lang): string {
  const teller = new LineTeller(lexicon, lang);
  const lines = [`  ${teller.head()}`];
  for (const row of rows) {
    const day = teller.newDay(row.timeUs);
    if (day !== undefined) lines.push(`  ${day}`);
    lines.push(`${row.number === target.number ? '>' : ' '} ${teller.line(row)}`);
  }
  const { terminal, batch } = rows.find(row => row.batch !== '') ?? target;
  if (terminal !== '')
    lines.push(
      '',
      lang === 'zh'
        ? `终端${terminal}${batch && `，批次${batch}`}`
        : `terminal ${terminal}${batch && `, batch ${batch}`}`,
    );
  const width = Math.max(...findings.map(({ title }) => columnsOf(title[lang])));
  lines.push('');
  for (const { title, lines: told } of findings) {
    told.forEach((line, i) => lines.push(`${fill(i === 0 ? title[lang] : '', width)}  ${line[lang]}`));
  }
  return lines.join('\n');
}

function jsonOf({ target, rows }: Exchange, findings: readonly Finding[], { lexicon }: Reading, lang: Lang): string {
  const told = Object.fromEntries(findings.map(({ id, lines }) => [id, lines.map(line => line[lang])]));
  const exchange = rows.map(row => rowJson(row, lexicon.profile, lang));
  return JSON.stringify({ message: rowJson(target, lexicon.profile, lang), exchange, ...told }, null, 2);
}
