import type { Command } from 'commander';
import type { Console } from '../node/console.ts';
export function register(program: Command, rim: { readonly console: Console }): void { program.command('demo'); void rim; }
