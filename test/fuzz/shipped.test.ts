import { shipped } from './dialects.ts';
import { gate } from './gate.ts';

gate('dialects of firmware-profiles/base against the oracle', shipped());
