import Ajv, { type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';
import { PATTERNS_IN_WORDS } from './text.ts';

/** Queries and paths are text, so their values are coerced (a single value to a list of one); bodies are not. */
const ajv = {
  query: addFormats.default(new Ajv.default({ coerceTypes: 'array', useDefaults: true })),
  body: addFormats.default(new Ajv.default({ useDefaults: true, discriminator: true })),
};

export const compileSchema: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  ajv[httpPart === 'body' ? 'body' : 'query'].compile(schema);

/** Explains to the client why a request is invalid. @param message Fastify's own explanation */
export function explainValidation(
  errors: Pick<ErrorObject, 'keyword' | 'params' | 'instancePath'>[],
  message: string,
): string {
  const unknown = errors.find(({ keyword }) => keyword === 'additionalProperties');
  if (unknown) return `The body has an unknown member: "${unknown.params.additionalProperty}".`;
  for (const { keyword, params, instancePath } of errors) {
    const words = keyword === 'pattern' && PATTERNS_IN_WORDS.get(params.pattern);
    if (words) return `${instancePath.slice(1).replaceAll('/', '.')} ${words}.`;
  }
  return `${message}.`;
}
