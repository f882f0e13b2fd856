import { Type } from 'typebox';
import { Body, Cursor, Id, Limit, Nullable, Timestamp } from '../http/schemas.ts';
import { Email, Name, Text } from '../http/text.ts';

export const Role = Type.Union([Type.Literal('user'), Type.Literal('admin')]);
export const Password = Type.String({ minLength: 1, maxLength: 1024 });

export const User = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  role: Role,
  is_active: Type.Boolean(),
  created_at: Timestamp,
});

/** A user as shown to administrators. */
export const Account = Type.Object({
  ...User.properties,
  invited: Type.Boolean({ description: 'The invitation has not been accepted yet, so there is no password' }),
  second_factor: Type.Boolean({ description: 'There is an authenticator app or a passkey' }),
  authenticator_app: Type.Boolean(),
  passkeys: Type.Integer({ description: 'how many' }),
  last_sign_in_at: Nullable(Timestamp),
});

export const AccountWithLock = Type.Object({
  ...Account.properties,
  locked: Nullable(
    Type.Object(
      {
        until: Timestamp,
        everywhere: Type.Boolean({ description: 'false: only from the networks where wrong passwords were entered' }),
      },
      { description: 'Too many wrong passwords or codes: signing in is refused for now' },
    ),
  ),
});

export const NewUser = Body({
  email: Email,
  name: Name,
  role: Type.Optional(Role),
  password: Type.Optional(Password),
});
export const UserChange = Body({
  name: Type.Optional(Name),
  role: Type.Optional(Role),
  is_active: Type.Optional(Type.Boolean()),
});
export const UserQuery = Type.Object({
  q: Type.Optional(Text({ maxLength: 255 })),
  limit: Limit,
  cursor: Cursor,
});
export const Invited = Type.Object({
  ...Account.properties,
  invitation_url: Type.Optional(Type.String({ description: 'One-time link; shown only in this reply' })),
  invitation_expires_at: Type.Optional(Timestamp),
});
