import { registerHooks } from 'node:module';
import { SABOTAGES } from './sabotage.ts';

/** `node proof-main.ts <part> [--from n --to n] [--sabotage name]`: prints the figures of one part of the proof as JSON. */
const SOURCES = new URL('../../src/', import.meta.url).href;
const [part, ...rest] = process.argv.slice(2);
const flag = (name: string): string | undefined => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? undefined : rest[at + 1];
};
const sabotage = flag('sabotage');
if (sabotage !== undefined) {
  const planted = SABOTAGES.find(one => one.name === sabotage);
  if (!planted) throw new Error(`no sabotage is called ${sabotage}`);
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context);
      if (url !== SOURCES + planted.file) return loaded;
      const parts = String(loaded.source).split(planted.from);
      if (parts.length !== 2) throw new Error(`${planted.file} holds the text ${parts.length - 1} times`);
      return { ...loaded, source: parts.join(planted.to) };
    },
  });
}
const proof = await import('./proof.ts');
const parts: Readonly<Record<string, () => ReturnType<typeof proof.everyPiece>>> = {
  'every-piece': proof.everyPiece,
  'every-byte': proof.everyByte,
  series: () => proof.series(Number(flag('from') ?? 0), Number(flag('to') ?? 100)),
  strangers: proof.strangers,
  'real-images': proof.realImages,
};
if (!Object.hasOwn(parts, part)) throw new Error(`no part is called ${part}`);
const figures = parts[part]();
console.log(JSON.stringify({ ...figures, bad: figures.bad.slice(0, 20), count: figures.bad.length }));
