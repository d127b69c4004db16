/** Control sequences of a terminal window (ECMA-48, xterm), for what is drawn over and over in one place. */
export const ALTERNATE_SCREEN = '\x1b[?1049h\x1b[?25l';
export const NORMAL_SCREEN = '\x1b[?25h\x1b[?1049l';
export const HOME = '\x1b[H';
export const CLEAR_LINE = '\x1b[K';
export const CLEAR_BELOW = '\x1b[J';
export const REVERSE = '\x1b[7m';
export const DIM = '\x1b[2m';
export const PLAIN = '\x1b[0m';
