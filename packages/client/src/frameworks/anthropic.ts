/** Entry point `@codemode/client/anthropic`. */
export { toAnthropicTool, type AnthropicRunCode } from './anthropic-run-code.ts'
export { fromAnthropicTools, type AnthropicTool } from './anthropic-tools.ts'
export type { ForeignFunction } from './convert-tools.ts'
