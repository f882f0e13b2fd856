import { expect, inject, it } from 'vitest';
import { connect, isUnreachable } from '../db/client.ts';
import { AppError } from '../errors.ts';
import { verifyAccessToken } from './access-token.ts';
import { SigningKeys } from './signing-keys.ts';

it('reports a busy database instead of an invalid token when no connection is free', async () => {
  const { db } = connect(inject('postgresUrl'), 1);
  const release = Promise.withResolvers<void>();
  const busy = db.connection().execute(() => release.promise);
  const keys = new SigningKeys(db, Buffer.alloc(32));
  const header = Buffer.from('{"alg":"EdDSA","kid":"made up"}').toString('base64url');
  const error = await verifyAccessToken(keys, `${header}.e30.AAAA`).catch((thrown) => thrown);
  expect(error).not.toBeInstanceOf(AppError);
  expect(isUnreachable(error)).toBe(true);
  release.resolve();
  await busy;
  await db.destroy();
});
