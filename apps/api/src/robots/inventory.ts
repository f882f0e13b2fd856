/** What a robot's agent says about its computer; null what it does not tell. Text of the robot's own: trusted by nobody. */
export interface Inventory {
  model: string | null;
  os: string | null;
  kernel: string | null;
  /** The version of Telegraf. */
  agent: string | null;
  /** Of the disk that holds the root. */
  serial: string | null;
}

export const INVENTORY_FIELDS = ['model', 'os', 'kernel', 'agent', 'serial'] as const satisfies (keyof Inventory)[];
