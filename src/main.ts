import { keepCompiled } from './node/compile-cache.ts';

// In the folder of the program and not in one that every user of this host may write: what lies there is run.
keepCompiled(new URL('../node_modules/.cache/pos8583-compiled', import.meta.url));
// Loaded after that, so that it comes from what is kept.
const [, , first = ''] = process.argv;
if (first === '--version' || first === '-V') {
  // Asked by scripts and at each look at a till: it waits for no command.
  const [{ openConsole }, { softwareVersion }] = await Promise.all([
    import('./node/console.ts'),
    import('./node/version.ts'),
  ]);
  openConsole().print(softwareVersion());
} else {
  const { main } = await import('./cli/program.ts');
  await main();
}
