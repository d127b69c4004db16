import { invented } from './dialects.ts';
import { gate } from './gate.ts';

gate('dialects that together use every feature against the oracle', invented);
