import type { Stack } from '../../tools/real/stack.ts';
import type { Client } from './client.ts';

/** The stack that all tests here share. */
export interface Running {
  stack: Stack;
  client: Client;
  /** A folder for files. */
  dir: string;
}

export const wait = { timeout: 90_000, interval: 500 };

/** What is used here of `docker inspect`. */
export interface Container {
  Name: string;
  Image: string;
  Config: { Env: string[]; User: string; Labels: Record<string, string> };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapDrop: string[] | null;
    CapAdd: string[] | null;
    SecurityOpt: string[] | null;
    Memory: number;
    NanoCpus: number;
    PidsLimit: number;
    RestartPolicy: { Name: string };
    LogConfig: { Type: string; Config: Record<string, string> };
    PortBindings: Record<string, unknown> | null;
  };
  State: { Status: string; ExitCode: number; Pid: number };
}

/** Every container of the stack, ended ones included. */
export async function containers(stack: Stack): Promise<Container[]> {
  const ids = (await stack.docker(['ps', '--all', '--quiet'])).split('\n');
  return JSON.parse(await stack.docker(['inspect', ...ids]));
}

export const service = ({ Config }: Container) => Config.Labels['com.docker.compose.service'] as string;
