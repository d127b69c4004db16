import { keepCompiled } from './node/compile-cache.ts';

keepCompiled();
// Loaded after that, so that it comes from what is kept.
const { main } = await import('./cli/program.ts');

await main();
