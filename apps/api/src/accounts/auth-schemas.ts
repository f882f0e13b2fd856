import { Type } from 'typebox';
import { Body, Nullable, Timestamp } from '../http/schemas.ts';
import { Email, Name } from '../http/text.ts';
import { Passkeys } from './passkey-schemas.ts';
import { Password, User } from './user-schemas.ts';

export const Login = Body({ email: Email, password: Password });
export const SignedIn = Type.Object({
  access_token: Type.String(),
  token_type: Type.Literal('Bearer'),
  expires_in: Type.Integer({ description: 'seconds' }),
  user: User,
  enrolment_required: Type.Optional(
    Type.Literal(true, { description: 'Only when set: nothing else works before a second factor is set up' }),
  ),
});
const Code = Type.String({ pattern: '^[0-9 ]{6,10}$', description: 'six digits of the authenticator app' });
const RecoveryCode = Type.String({ minLength: 1, maxLength: 40 });
export const SecondStep = Body({
  challenge: Type.String({ minLength: 1, maxLength: 200, description: 'from the problem `second_factor_required`' }),
  code: Type.Optional(Code),
  recovery_code: Type.Optional(RecoveryCode),
});
export const Factors = Type.Object({
  required: Type.Boolean({ description: 'this account must have a second factor' }),
  totp: Nullable(Type.Object({ confirmed_at: Timestamp })),
  recovery_codes_left: Type.Integer(),
  passkeys: Passkeys,
});
export const PasswordAgain = Body({ current_password: Password });
export const NewTotp = Type.Object({
  secret: Type.String({ description: 'base32, for apps that cannot read a QR code' }),
  uri: Type.String({ description: 'otpauth: address, for a QR code' }),
});
export const TotpCode = Body({ code: Code });
export const TotpRemoval = Body({
  current_password: Password,
  code: Type.Optional(Code),
  recovery_code: Type.Optional(RecoveryCode),
});
export const PasswordAndCode = Body({ current_password: Password, code: Code });
export const RecoveryCodes = Type.Object({
  recovery_codes: Type.Array(Type.String(), {
    description: 'Each works once, in place of a code; shown only in this reply',
  }),
});
export const SignedOut = Type.Object({
  end_session_url: Type.String({
    description: 'Only for sessions begun through an outside identity provider: where the browser signs out there too',
  }),
});
export const ProfileChange = Body({ name: Type.Optional(Name) });
export const PasswordChange = Body({ current_password: Password, new_password: Password });
const Secret = Type.String({ minLength: 1, maxLength: 200 });
export const Setup = Body({ token: Secret, email: Email, name: Name, password: Password });
export const InvitationToken = Body({ token: Secret });
export const Invitation = Type.Object({
  email: Type.String(),
  name: Type.String(),
  invited: Type.Boolean({ description: 'false: the link is for a new password of somebody who has joined already' }),
});
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
      method: Nullable(
        Type.Union(
          [
            Type.Literal('password'),
            Type.Literal('totp'),
            Type.Literal('recovery_code'),
            Type.Literal('passkey'),
            Type.Literal('identity_provider'),
            Type.Literal('link'),
          ],
          {
            description:
              'how its owner signed in, the last step; `link`: with an invitation or a link for a new password; null when it is older than this member',
          },
        ),
      ),
      apps: Type.Array(Type.String(), { description: 'names of the applications opened through it, such as grafana' }),
    }),
  ),
});
