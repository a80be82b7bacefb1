/**
 * Second entry point, `@codemode/shared/internal`: rules that the client and the executor share and that are no part of
 * the wire protocol. Other programs do not import it; its exports change without notice.
 */
export { isErrorCode } from './errors/codes.ts'
export { toolCancelled, toolFailed, toolOutputTooLarge } from './failed-tool-answer.ts'
export { FairQueue } from './fair-queue.ts'
export { parseRetryAfter } from './http/retry-after.ts'
export { isObject } from './is-object.ts'
export { codeOfStatus, isGatewayStatus, isTemporaryStatus } from './http/status.ts'
export { isKeyword, type JsonSchema } from './json-schema/draft.ts'
export { maxIssues } from './json-schema/failure.ts'
export { jsonSchemaCheck, jsonSchemaParse } from './json-schema/json-schema.ts'
export { SchemaError } from './json-schema/schema-error.ts'
export { nearestName } from './nearest-name.ts'
export { fieldsOf, membersOf, namesAt } from './schema/fields.ts'
export { pathText, valueAt } from './schema/path.ts'
export { parseWith, problemsOf, type Problem } from './schema/problems.ts'
export { shortened, textHead, textTail } from './text-ends.ts'
export { variableOf } from './variable-name.ts'
export { consoleSessionSchema, type ConsoleSession } from './protocol/console.ts'
export { webhookHeaders, webhookSignature } from './webhook-signature.ts'
export { maxTraceStateLength, type TraceContext } from './protocol/trace.ts'
