import { AppError } from '../errors.ts';

/** A query that is not allowed. It is audited, unlike a mistake. */
export const refuse = (why: string) => new AppError('forbidden', why);
export const mistaken = (why: string) => new AppError('validation_failed', why);
