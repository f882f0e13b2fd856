import Ajv, { type ErrorObject } from 'ajv';
import addFormats from 'ajv-formats';
import type { FastifySchemaCompiler } from 'fastify';
import { PATTERNS_IN_WORDS } from './text.ts';

/** Queries and paths are text and get coerced, a name given once to a list of one; a body is taken as it is. */
const ajv = {
  query: addFormats.default(new Ajv.default({ coerceTypes: 'array', useDefaults: true })),
  body: addFormats.default(new Ajv.default({ useDefaults: true })),
};

export const compileSchema: FastifySchemaCompiler<object> = ({ schema, httpPart }) =>
  ajv[httpPart === 'body' ? 'body' : 'query'].compile(schema);

/** What is wrong with a request, for its sender. @param message what Fastify says of it */
export function explainValidation(
  errors: Pick<ErrorObject, 'keyword' | 'params' | 'instancePath'>[],
  message: string,
): string {
  const unknown = errors.find(({ keyword }) => keyword === 'additionalProperties');
  if (unknown) return `The body has a member that is not known here: "${unknown.params.additionalProperty}".`;
  for (const { keyword, params, instancePath } of errors) {
    const words = keyword === 'pattern' && PATTERNS_IN_WORDS.get(params.pattern);
    if (words) return `${instancePath.slice(1).replaceAll('/', '.')} ${words}.`;
  }
  return `${message}.`;
}
