/** Entry point `@codemode/client/openai-agents`. */
export type { ForeignFunction } from './convert-tools.ts'
export { toOpenAITool, type OpenAIRunCode, type OpenAIRunCodeOptions } from './openai-run-code.ts'
export { fromOpenAITools, type FromOpenAIOptions, type OpenAITool } from './openai-tools.ts'
