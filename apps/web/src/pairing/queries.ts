import { api, dataOf } from '../api/client';

/** The robot that shows this code. @throws ApiProblem not_found if none does */
export const findPairing = (code: string) => dataOf(api.GET('/api/pair/{code}', { params: { path: { code } } }));

/** What the device is to be: a robot of that name, or the robot that it replaces. */
export type Becomes = { name: string } | { replaces: number };

/** @returns the id of the robot, which is now the person's own */
export async function confirmPairing(code: string, body: Becomes): Promise<number> {
  const params = { path: { code } };
  return (await dataOf(api.POST('/api/pair/{code}/confirm', { params, body }))).robot_id;
}
