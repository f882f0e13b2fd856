import type { Robot } from '../api/types';

type Inventory = Robot['inventory'];

/** What an agent has said about its computer, to search in. */
export const deviceTexts = (inventory: Inventory): string[] =>
  inventory
    ? [inventory.model, inventory.os, inventory.kernel, inventory.agent, inventory.serial].filter(
        (text) => text !== null,
      )
    : [];
