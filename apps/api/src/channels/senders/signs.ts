import type { Letter } from '../messages/write-letter.ts';

const MARKS = { critical: '🔴', warning: '🟠', info: '🔵' } as const;

/** A sign that is seen before anything is read. */
export const markOf = ({ severity }: Letter) => (severity ? MARKS[severity] : '✅');
