/** Entry point `@codemode/client/ai-sdk`: tools of the AI SDK for code, and the tool that runs code for the AI SDK. */
export type { AiSdkApprovalStatus, AiSdkToolApproval } from './ai-sdk-approval.ts'
export {
  toAiSdkTool,
  toAiSdkToolCaller,
  type AiSdkRunCode,
  type AiSdkToolCaller,
  type AiSdkToolCallerOptions,
} from './ai-sdk-run-code.ts'
export { fromAiSdkTools, type AiSdkTool, type FromAiSdkOptions } from './ai-sdk-tools.ts'
export type { ForeignFunction } from './convert-tools.ts'
