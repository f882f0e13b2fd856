import { Type } from 'typebox';
import { Body, Cursor, Id, Limit, Timestamp } from '../http/schemas.ts';
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
});
