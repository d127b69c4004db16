import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

/** Root folder of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Folders that hold nothing of ours. */
const FOREIGN = new Set(['node_modules', 'dist', '.git', 'var']);

/** A file as the gates see it: path from the root with `/`, and its text. Planted faults are made of these. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every file of the project that is a text, without looking at git. */
export function projectFiles(folder = ROOT): Source[] {
  const out: Source[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!FOREIGN.has(entry.name)) out.push(...projectFiles(path));
    } else if (entry.isFile()) {
      const bytes = readFileSync(path);
      if (!bytes.includes(0))
        out.push({ path: relative(ROOT, path).split(sep).join('/'), text: bytes.toString('utf8') });
    }
  }
  return out;
}

export function typescriptOf(folder: 'src' | 'test', files: readonly Source[]): Source[] {
  return files.filter(file => file.path.startsWith(`${folder}/`) && file.path.endsWith('.ts'));
}

/** A node of the syntax tree (ESTree with TypeScript). */
export interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Calls `visit` for every node of the source, parents first. */
export function walk(source: Source, visit: (node: Syntax, parent: Syntax | undefined) => void): void {
  const step = (value: unknown, parent: Syntax | undefined): void => {
    if (Array.isArray(value)) {
      for (const item of value) step(item, parent);
    } else if (isSyntax(value)) {
      visit(value, parent);
      for (const key of Object.keys(value)) step(value[key], value);
    }
  };
  step(parseAst(source.text, { lang: 'ts' }), undefined);
}

export function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

/** Name of an identifier node, else undefined. */
export function nameOf(value: unknown): string | undefined {
  return isSyntax(value) && value.type === 'Identifier' ? (value.name as string) : undefined;
}

/** `path:line` of an offset, as editors understand it. */
export function place(source: Source, offset: number): string {
  return `${source.path}:${source.text.slice(0, offset).split('\n').length}`;
}
