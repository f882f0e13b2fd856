import { Type } from 'typebox';
import { Body, Nullable, Timestamp } from '../http/schemas.ts';
import { Email, Name } from '../http/text.ts';
import { Password, User } from './user-schemas.ts';

export const Login = Body({ email: Email, password: Password });
export const SignedIn = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'seconds' }),
  user: User,
});
export const ProfileChange = Body({ name: Type.Optional(Name) });
export const PasswordChange = Body({ current_password: Password, new_password: Password });
const Secret = Type.String({ minLength: 1, maxLength: 200 });
export const Setup = Body({ token: Secret, email: Email, name: Name, password: Password });
export const InvitationToken = Body({ token: Secret });
export const Invitation = Type.Object({ email: Type.String(), name: Type.String() });
export const Acceptance = Body({ token: Secret, password: Password, name: Type.Optional(Name) });
export const SessionParams = Type.Object({ id: Type.String({ format: 'uuid' }) });
export const Sessions = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Type.String(),
      created_at: Timestamp,
      last_used_at: Timestamp,
      expires_at: Timestamp,
      address: Nullable(Type.String()),
      user_agent: Nullable(Type.String()),
      current: Type.Boolean(),
    }),
  ),
});
