import type { Tool } from '@codemode/client'
import type { z } from 'zod'

/** Tool of the suite, of which each adapter's framework makes its own. Its output is a text, which all frameworks have. */
export interface Definition {
  readonly name: string
  readonly schema: z.ZodObject
  // The tools of the suite know the type of their own schema.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly run: (input: any, signal: AbortSignal) => string | Promise<string>
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly needsApproval?: (input: any) => boolean
}

/** Way from tools of a framework to tools for code. */
export interface Adapter {
  readonly adapter: string
  /** Returns tools for code, which the framework has made of the definitions. */
  toTools(definitions: readonly Definition[]): Record<string, Tool> | Promise<Record<string, Tool>>
  /** Whether the framework keeps the message of an error. */
  readonly hidesErrors?: boolean
  /** Whether the framework declares properties with a default as required, without the default. */
  readonly hidesDefaults?: boolean
  /** Whether the framework's tools say themselves which calls need an approval. */
  readonly hasApprovals?: boolean
  /** Whether the framework can declare the input of a schema that transforms. */
  readonly takesTransforms?: boolean
}
