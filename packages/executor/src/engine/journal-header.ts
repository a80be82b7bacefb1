import { randomBytes } from 'node:crypto'

import { journalVersion, RequestError, type JournalHeader, type RetryRequest } from '@codemode/shared'

import type { SandboxVersions } from '../sandbox/sandbox.ts'
import type { Submission } from './engine.ts'
import type { ExecutionLimits } from './limits.ts'
import { checkNesting } from './nesting.ts'

/**
 * Returns the header of the journal of a new execution. Throws `RequestError` for a value of the request that is too large
 * or nested too deeply.
 */
export function journalHeaderOf(
  { request, correlationId }: Submission,
  executionId: string,
  limits: ExecutionLimits,
  versions: SandboxVersions,
): JournalHeader {
  return {
    version: journalVersion,
    executionId,
    correlationId,
    createdAt: new Date().toISOString(),
    code: checkSize('code', request.code, limits.sourceBytes),
    input: textOf('input', request.input ?? null, limits.inputBytes),
    context: textOf('context', request.context ?? {}, limits.inputBytes),
    config: textOf('config', request.config ?? {}, limits.inputBytes),
    tools: checkDeclarations(request.tools ?? []),
    ...(request.approvals !== undefined && { approvals: request.approvals }),
    limits,
    seed: newSeed(),
    runtime: runtimeOf(versions),
  }
}

/**
 * Returns the header with other code or input, where they are given. Throws `RequestError` for a value that is too large or
 * nested too deeply.
 */
export function editedHeader<Header extends Pick<JournalHeader, 'code' | 'input' | 'limits'>>(
  header: Header,
  { code, input }: Pick<RetryRequest, 'code' | 'input'>,
): Header {
  const { sourceBytes, inputBytes } = header.limits
  return {
    ...header,
    ...(code !== undefined && { code: checkSize('code', code, sourceBytes) }),
    ...(input !== undefined && { input: textOf('input', input, inputBytes) }),
  }
}

/** Returns whether a retry has other code or input than the execution. */
export function isEdited({ code, input }: Pick<RetryRequest, 'code' | 'input'>): boolean {
  return code !== undefined || input !== undefined
}

/** Returns a random seed for a guest. */
export function newSeed(): string {
  return randomBytes(32).toString('hex')
}

/** Returns the versions that a journal names. */
export function runtimeOf({ guestRuntime, v8, icu, arch }: SandboxVersions): JournalHeader['runtime'] {
  return { guestRuntime, v8, icu, arch }
}

function checkSize(path: string, text: string, limitBytes: number): string {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes <= limitBytes) return text
  const [option, advice] =
    path === 'code' ? ['sourceBytes', 'Pass data as input.'] : ['inputBytes', 'Send less, or pass a reference.']
  const message = `The ${path} is ${sizeBytes} bytes; the limit is ${limitBytes} bytes (${option}). ${advice}`
  throw new RequestError('PAYLOAD_TOO_LARGE', message, {
    details: { path, sizeBytes, limitBytes },
  })
}

/** Returns a value of the request as the journal keeps it: JSON text within the given size and nesting. */
function textOf(path: string, value: unknown, limitBytes: number): string {
  // The nesting is checked first, because `JSON.stringify` takes time that grows with the square of the depth.
  checkNesting(path, value)
  return checkSize(path, JSON.stringify(value), limitBytes)
}

/** Maximum nesting of tool declarations. Deeper schemas have no use, and could not be serialised with the journal. */
const maxDeclarationNesting = 200

function checkDeclarations<Tools>(tools: Tools): Tools {
  checkNesting('tools', tools, maxDeclarationNesting)
  return tools
}
