import { Type } from 'typebox';
import { Body, Nullable, Timestamp } from '../http/schemas.ts';
import { Name } from '../http/text.ts';

const Encoded = Type.String({ minLength: 1, maxLength: 20_000, pattern: '^[\\w-]+$' });
const credential = {
  id: Encoded,
  rawId: Encoded,
  type: Type.Literal('public-key'),
  clientExtensionResults: Type.Object({}, { additionalProperties: true }),
  authenticatorAttachment: Type.Optional(Nullable(Type.String({ maxLength: 40 }))),
};
const open = { additionalProperties: true };

/** WebAuthn's RegistrationResponseJSON. Browsers may add members. */
const Registration = Type.Object(
  {
    ...credential,
    response: Type.Object(
      {
        clientDataJSON: Encoded,
        attestationObject: Encoded,
        transports: Type.Optional(Type.Array(Type.String({ maxLength: 40 }), { maxItems: 10 })),
      },
      open,
    ),
  },
  open,
);
/** WebAuthn's AuthenticationResponseJSON. */
const Assertion = Type.Object(
  {
    ...credential,
    response: Type.Object(
      {
        clientDataJSON: Encoded,
        authenticatorData: Encoded,
        signature: Encoded,
        userHandle: Type.Optional(Nullable(Encoded)),
      },
      open,
    ),
  },
  open,
);

/** WebAuthn's options in JSON, for `navigator.credentials`. */
export const Options = Type.Object({ options: Type.Object({}, open) });
export const NewPasskey = Body({ name: Name, credential: Registration });
export const PasskeySignIn = Body({ credential: Assertion });
export const Passkeys = Type.Array(
  Type.Object({
    id: Type.String(),
    name: Type.String(),
    created_at: Timestamp,
    last_used_at: Nullable(Timestamp),
  }),
);
export const PasskeyId = Type.Object({ id: Type.String({ format: 'uuid' }) });
