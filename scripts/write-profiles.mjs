// Writes beside the compiled program what the build knows of profiles, so that a start need not find it out again: their
// shape as data (checking without the library that explains what is wrong), and the shipped ones that are right.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { namedProfile, shippedProfileIds } from '../dist/node/profiles.js';
import { builtFrom } from '../dist/profile/built.js';
import { profileJsonSchema } from '../dist/profile/profile.js';

const folder = new URL('../dist/profile/', import.meta.url);
const write = (name, value) => writeFileSync(new URL(`${name}.json`, folder), JSON.stringify(value));

const shape = profileJsonSchema();
write('shape', shape);
rmSync(new URL('built', folder), { recursive: true, force: true });
mkdirSync(new URL('built', folder));
for (const id of shippedProfileIds()) {
  const { read } = namedProfile(id);
  const built = builtFrom(shape, id, read);
  if (built) write(`built/${id}`, built);
}
