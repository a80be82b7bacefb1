import { createErrorData } from './error-data.ts'
import { describeRefusal } from './not-json.ts'
import type { LoadRare } from './rare-parts.ts'

const parts: Partial<{ [Name in Parameters<LoadRare>[0]]: unknown }> = { createErrorData, describeRefusal }

/** Returns the rare parts that serialising uses, without bundling them. */
export const rare: LoadRare = (name) => parts[name] as never
