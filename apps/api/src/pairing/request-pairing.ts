import { type Actor, audit } from '../audit/audit-store.ts';
import { newSecret, sha256 } from '../auth/secret-box.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { insertPendingRobot } from '../robots/robot-store.ts';
import { countLiveCodes, insertPairCode } from './pair-code-store.ts';
import type { PairRequest } from './schemas.ts';

/**
 * A robot asks to be paired under a code it made up. The reply's `poll_token` is RFC 8628's device code: whoever guesses
 * the 8 digits still cannot fetch the robot's token. @throws AppError code_in_use, overloaded
 */
export async function requestPairing(db: Database, config: Config, actor: Actor, input: PairRequest) {
  const { codeTtl, pollInterval, maxLiveCodes } = config.pairing;
  if ((await countLiveCodes(db)) >= maxLiveCodes) {
    throw new AppError('overloaded', 'Too many robots wait to be confirmed. Try again in a minute.', {
      retryAfter: 60,
    });
  }
  const poll_token = newSecret();
  const { hostname, code, architecture } = input;
  return db.transaction().execute(async (tx) => {
    const robot_id = await insertPendingRobot(tx, {
      hostname,
      name: input.name ?? hostname,
      architecture: architecture ?? null,
      ip_address: actor.address ?? '',
      agent_version: input.agent_version || null,
    });
    if (!(await insertPairCode(tx, { code, robot_id, poll_token_hash: sha256(poll_token) }, codeTtl))) {
      throw new AppError('code_in_use', 'This code is in use. Make up another one.');
    }
    await audit(
      tx,
      { ...actor, id: robot_id },
      { action: 'pairing.requested', target: { kind: 'robot', id: robot_id, name: hostname } },
    );
    return { robot_id, status: 'pending' as const, poll_token, interval: pollInterval, expires_in: codeTtl };
  });
}
