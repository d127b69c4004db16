import type { Command } from 'commander';
import type { Console } from '../node/console.ts';
import { type PortEntry, type ProbeResult, listPorts, probeTerminal } from '../node/serial.ts';

interface Flags {
  readonly probe?: boolean;
  readonly baud: string;
  readonly json?: boolean;
}

/** Adds `ports`: the serial devices of this host and, with --probe, which of them answers like a payment terminal. */
export function register(program: Command, rim: { readonly console: Console }): void {
  program
    .command('ports')
    .description('list serial devices; with --probe ask each whether it is an ABECS terminal')
    .option('--probe', 'send CAN to each device that may be opened and wait for EOT')
    .option('--baud <n>', 'line speed for --probe', '19200')
    .option('--json', 'print one JSON array')
    .action((flags: Flags) => list(flags, rim.console));
}

async function list(flags: Flags, console: Console): Promise<void> {
  const baud = Number(flags.baud);
  if (!Number.isInteger(baud) || baud < 300 || baud > 4_000_000) {
    console.printError(`pos8583: --baud ${flags.baud} is no line speed; give for example 19200`);
    console.setExitStatus(2);
    return;
  }
  const ports = await listPorts();
  const rows: (PortEntry & { readonly terminal?: string })[] = [];
  for (const port of ports) {
    if (!flags.probe || !port.accessible) rows.push(port);
    else
      rows.push({
        ...port,
        terminal: words(await new Promise<ProbeResult>(resolve => probeTerminal(port.path, baud, resolve))),
      });
  }
  if (flags.json) return console.print(JSON.stringify(rows, undefined, 2));
  if (rows.length === 0) return console.print('no serial devices found (pos8583 sim terminal makes a virtual one)');
  for (const row of rows) {
    const device = [row.manufacturer, row.product, row.serialNumber].filter(Boolean).join(' ');
    const id = row.vendorId ? ` [${row.vendorId}:${row.productId ?? '????'}]` : '';
    const access = row.accessible ? '' : '  no permission: add this user to the group that owns the device';
    console.print(
      `${row.path.padEnd(20)} ${row.kind.padEnd(9)} ${device}${id}${row.terminal ? `  ${row.terminal}` : ''}${access}`,
    );
  }
}

function words(result: ProbeResult): string {
  switch (result.kind) {
    case 'terminal':
      return 'ABECS terminal';
    case 'silent':
      return result.bytesReceived > 0 ? 'something else answers' : 'no answer';
    case 'closed':
      return `cannot be opened: ${result.reason.kind}`;
  }
}
