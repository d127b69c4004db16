/** Faults planted into the program's text while it is loaded, one each; the proof must find every one. */
export interface Sabotage {
  readonly name: string;
  /** Part of the proof that finds it. */
  readonly part: 'every-piece' | 'series' | 'strangers' | 'real-images';
  /** Below `src/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'digest not read back',
    part: 'strangers',
    file: 'flash/flasher.ts',
    from: 'if (otherDigest(loaded.value) !== wanted)',
    to: 'if (false)',
  },
  {
    name: 'confirm before test',
    part: 'strangers',
    file: 'flash/flasher.ts',
    from: "for (const test of ['echo', 'printer', 'panel'] as const) {",
    to: "yield* this.confirm(wanted);\n    for (const test of ['echo', 'printer', 'panel'] as const) {",
  },
  {
    name: 'signature ignored by the terminal',
    part: 'real-images',
    file: 'sim/terminal/image-check.ts',
    from: 'if (!isSigned(image, trusted)) return IMAGE_SIGNATURE;',
    to: '',
  },
  {
    name: 'state record not atomic',
    part: 'series',
    file: 'sim/terminal/slots.ts',
    from: 'RECORD_AT[this.record.sequence % 2]',
    to: 'RECORD_AT[0]',
  },
  {
    name: 'confirmation believed without reading back',
    part: 'every-piece',
    file: 'flash/flasher.ts',
    from: 'const confirmed = yield* wait<Result<void>>(resume => port.confirm(resume));',
    to: 'const confirmed = yield* wait<Result<void>>(resume => port.confirm(resume));\n      if (confirmed.ok) return undefined;',
  },
  {
    name: 'trial outlives a loss of power',
    part: 'series',
    file: 'sim/terminal/slots.ts',
    from: "} else if (state === 'T') {",
    to: '} else if (false) {',
  },
  {
    name: 'slot still counts while it is overwritten',
    part: 'series',
    file: 'sim/terminal/slots.ts',
    from: "for (const name of ['A', 'B'] as const)\n      record[name].verified &&=",
    to: "for (const name of ['A', 'B'] as const)\n      record[name].verified ||=",
  },
];
