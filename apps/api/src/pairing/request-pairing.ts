import { type Actor, audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database, Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { siteOf } from '../http/address.ts';
import { insertPendingRobot } from '../robots/index.ts';
import { newSecret, sha256 } from '../secrets/secret-box.ts';
import { countLiveCodes, endFoundCode, endGreediest, insertPairCode, lockPairCodes } from './pair-code-store.ts';
import type { PairRequest } from './schemas.ts';

/**
 * Registers a robot under a code it generated. The reply's `poll_token` is the device code of RFC 8628: guessing the 8
 * digits is not enough to fetch the robot's token. @throws AppError code_in_use, rate_limited
 */
export async function requestPairing(db: Database, config: Config, actor: Actor, input: PairRequest) {
  const { codeTtl, pollInterval } = config.pairing;
  const poll_token = newSecret();
  const { hostname, code, architecture } = input;
  const address = actor.address ?? '';
  const network = siteOf(address);
  const robot_id = await db
    .transaction()
    .execute(async (tx) => {
      await lockPairCodes(tx);
      await makeRoom(tx, config, network);
      const robot_id = await insertPendingRobot(tx, {
        hostname,
        name: input.name ?? hostname,
        architecture: architecture ?? null,
        ip_address: address,
        agent_version: input.agent_version || null,
      });
      const row = { code, robot_id, network, poll_token_hash: sha256(poll_token) };
      if (!(await insertPairCode(tx, row, codeTtl))) throw inUse();
      await audit(
        tx,
        { ...actor, id: robot_id },
        { action: 'pairing.requested', target: { kind: 'robot', id: robot_id, name: hostname } },
      );
      return robot_id;
    })
    .catch(async (error) => {
      if (error instanceof AppError && error.code === 'code_in_use') await endFoundCode(db, code, network);
      throw error;
    });
  return { robot_id, status: 'pending' as const, poll_token, interval: pollInterval, expires_in: codeTtl };
}

const inUse = () => new AppError('code_in_use', 'This code is already in use. Generate another one.');

/** Each network has a limit. When the total is reached, the network with the most codes loses its oldest. */
async function makeRoom(db: Db, { pairing }: Config, network: string): Promise<void> {
  const live = await countLiveCodes(db, network);
  if (live.here >= pairing.maxLiveCodesPerNetwork)
    throw new AppError(
      'rate_limited',
      'Too many robots on this network are waiting to be confirmed. Try again when some of their codes have expired.',
      {
        retryAfter: 60,
      },
    );
  if (live.all >= pairing.maxLiveCodes) await endGreediest(db);
}
