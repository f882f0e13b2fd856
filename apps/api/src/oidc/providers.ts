import type Provider from 'oidc-provider';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/schema.ts';
import { deriveKey } from '../secrets/derive-key.ts';
import { keysVersion } from './key-store.ts';
import { loadKeys } from './keys.ts';
import { makeProvider } from './make-provider.ts';

interface Deps {
  db: Database;
  config: Config;
}

/**
 * The provider with the keys of this moment: the library takes its keys once, so there is a new provider after a rotation.
 * @param prepare called once with each
 */
export class Providers {
  #deps: Deps;
  #prepare: (provider: Provider) => void;
  #version: string | undefined;
  #provider: Promise<Provider> | undefined;

  constructor(deps: Deps, prepare: (provider: Provider) => void) {
    this.#deps = deps;
    this.#prepare = prepare;
  }

  async current(): Promise<Provider> {
    const version = await keysVersion(this.#deps.db);
    if (!this.#provider || version !== this.#version) {
      this.#version = version;
      this.#provider = this.#make();
      // Not kept, so that the next request tries again.
      this.#provider.catch(() => {
        this.#provider = undefined;
      });
    }
    return this.#provider;
  }

  async #make(): Promise<Provider> {
    const { db, config } = this.#deps;
    const provider = makeProvider(db, config, await loadKeys(db, deriveKey(config.secretKey, 'OpenID keys')));
    this.#prepare(provider);
    return provider;
  }
}
