import { api, dataOf } from '../api/client';

/** The robot that shows this code. @throws ApiProblem not_found if none does */
export const findPairing = (code: string) => dataOf(api.GET('/api/pair/{code}', { params: { path: { code } } }));

/** @returns the id of the robot, which is now the person's own */
export async function confirmPairing(code: string, name: string): Promise<number> {
  const params = { path: { code } };
  return (await dataOf(api.POST('/api/pair/{code}/confirm', { params, body: { name } }))).robot_id;
}
