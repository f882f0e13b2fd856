import Provider, { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { touchSession } from '../accounts/index.ts';
import { audit } from '../audit/index.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { sha256 } from '../secrets/secret-box.ts';
import { deleteArtifact, findArtifact, saveArtifact, useArtifact } from './artifact-store.ts';
import { actorOf, type BrowserSession, sessionOf } from './browser.ts';
import { deleteGrant, findGrant, saveGrant } from './grant-store.ts';

type Life = Pick<Config['auth'], 'sessionTtl' | 'sessionMaxAge'>;

/**
 * Keeps in PostgreSQL what the library stores (its interface: oidc-provider, example/my_adapter.js). Ids are the tokens
 * themselves, so only their hashes are stored. The library's session is valid only together with the browser's own.
 */
export function makeAdapter(db: Database, life: Life): new (model: string) => Adapter {
  return class extends ArtifactAdapter {
    constructor(model: string) {
      super(db, life, model);
      // biome-ignore lint/correctness/noConstructorReturn: grants have a table of their own
      if (model === 'Grant') return new GrantAdapter(db) as never;
    }
  };
}

/** The request that the library is working on. */
const current = () => Provider.ctx;
const ownSession = (): BrowserSession | undefined => sessionOf(current()?.req);

class ArtifactAdapter implements Adapter {
  #db: Database;
  #life: Life;
  #model: string;

  constructor(db: Database, life: Life, model: string) {
    this.#db = db;
    this.#life = life;
    this.#model = model;
  }

  async upsert(id: string, payload: AdapterPayload, ttl: number): Promise<void> {
    const { uid, grantId } = payload;
    const ofSession = this.#model === 'Session';
    const artifact = {
      model: this.#model,
      id: sha256(id),
      ...(ofSession && { uid: uid as string, sessionId: this.#sessionFor(payload) }),
      ...(grantId && this.#model !== 'Interaction' && { grantId }),
      payload: withoutSecrets(payload),
      ttl,
    };
    if (this.#model !== 'AuthorizationCode') await saveArtifact(this.#db, artifact);
    else
      await this.#db.transaction().execute(async (tx) => {
        await saveArtifact(tx, artifact);
        await auditSignIn(tx, payload);
      });
    if (this.#model === 'AccessToken' && grantId) await this.#touch(grantId);
  }

  /** The library's session of a user belongs to that user's session in this browser, or to none. */
  #sessionFor({ accountId }: AdapterPayload): string | undefined {
    if (accountId === undefined) return undefined;
    const own = ownSession();
    if (String(own?.userId) !== accountId) throw new errors.AccessDenied('the session has ended');
    return own?.id;
  }

  async #touch(grantId: string): Promise<void> {
    const grant = await findGrant(this.#db, grantId);
    if (grant) await touchSession(this.#db, grant.session_id, this.#life);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const found = await findArtifact(this.#db, this.#model, { id: sha256(id) });
    if (!found || (found.session_id && found.session_id !== ownSession()?.id)) return undefined;
    return restored(found, { jti: id });
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const found = await findArtifact(this.#db, this.#model, { uid });
    return found && restored(found, {});
  }

  async findByUserCode(): Promise<undefined> {}

  /** Of several uses at the same time one succeeds, and the others end all that came of it (RFC 6749, 4.1.2). */
  async consume(id: string): Promise<void> {
    const { used, grantId } = await useArtifact(this.#db, this.#model, sha256(id));
    if (!used) return;
    if (grantId) await deleteGrant(this.#db, grantId);
    throw new errors.InvalidGrant('already used');
  }

  async destroy(id: string): Promise<void> {
    await deleteArtifact(this.#db, this.#model, sha256(id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await deleteGrant(this.#db, grantId);
  }
}

class GrantAdapter implements Adapter {
  #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async upsert(id: string, payload: AdapterPayload, ttl: number): Promise<void> {
    const own = ownSession();
    if (!own || String(own.userId) !== payload.accountId) throw new errors.AccessDenied('the session has ended');
    await saveGrant(this.#db, { id, sessionId: own.id, clientId: payload.clientId as string, payload, ttl });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return (await findGrant(this.#db, id))?.payload;
  }

  async destroy(id: string): Promise<void> {
    await deleteGrant(this.#db, id);
  }

  async revokeByGrantId(id: string): Promise<void> {
    await deleteGrant(this.#db, id);
  }

  async findByUid(): Promise<undefined> {}
  async findByUserCode(): Promise<undefined> {}
  async consume(): Promise<void> {}
}

/** `jti` is the token, `session.cookie` that of the library's session. */
function withoutSecrets({ jti: _token, session, ...payload }: AdapterPayload): object {
  if (!session) return payload;
  const { cookie: _cookie, ...rest } = session;
  return { ...payload, session: rest };
}

function restored(
  { payload, consumed_at }: { payload: object; consumed_at: Date | null },
  secrets: Pick<AdapterPayload, 'jti'>,
): AdapterPayload {
  return { ...payload, ...secrets, ...(consumed_at && { consumed: Math.floor(consumed_at.getTime() / 1000) }) };
}

async function auditSignIn(tx: Parameters<typeof audit>[0], { clientId, accountId }: AdapterPayload): Promise<void> {
  const request = current()?.req;
  const own = ownSession();
  if (!request) return;
  await audit(
    tx,
    { ...actorOf(request), id: Number(accountId), name: own?.email ?? null },
    { action: 'auth.app_login', details: { app: clientId } },
  );
}
