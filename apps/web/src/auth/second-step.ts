import { ApiProblem } from '../api/problem';
import type { SignedIn } from '../api/types';

/** `methods`: what it can be done with. */
export interface Second {
  challenge: string;
  methods: string[];
}

/** The reply of a sign-in, or what its second step needs, if the password is not enough for this account. */
export async function asksForSecondStep(signIn: () => Promise<SignedIn>): Promise<SignedIn | Second> {
  try {
    return await signIn();
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.code !== 'second_factor_required') throw error;
    const { challenge, methods } = error.members as { challenge: string; methods: string[] };
    return { challenge, methods };
  }
}
