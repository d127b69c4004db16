/** How a history is told: one line for each thing that happens, time in seconds of virtual time. */
export function teller(out: (line: string) => void): (atMs: number, what: string, text: string) => void {
  let shown = '';
  return (atMs, what, text) => {
    // The same screen again (a countdown that lost a second) says nothing new.
    const plain = what === 'screen' ? text.replace(/\d+s\b/, '') : '';
    if (plain !== '' && plain === shown) return;
    if (what === 'screen') shown = plain;
    const mark = MARKS[what] ?? '  ';
    out(`${(atMs / 1000).toFixed(3).padStart(10)} ${mark} ${what.padEnd(8)} ${text}`);
  };
}

const MARKS: Readonly<Record<string, string>> = {
  intent: '==',
  fault: '!!',
  process: '**',
  phase: '##',
  sent: '->',
  received: '<-',
  record: '§ ',
};
