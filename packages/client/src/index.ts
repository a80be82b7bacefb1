import './require-node.ts'

export type {
  AcceptedExecution,
  Approval,
  ApprovalList,
  ApprovalStatus,
  Callback,
  DecisionRequest,
  ErrorCode,
  ExecutionEvent,
  ExecutionList,
  ExecutionRecord,
  ExecutionRequest,
  ExecutionStatus,
  ExecutionSummary,
  ForkRequest,
  Json,
  JsonObject,
  LogEntry,
  Notify,
  SessionList,
  SessionRecord,
  SessionRequest,
  SessionStep,
  SessionSummary,
  SessionVariable,
  StepResult,
  TimeoutLayer,
  ToolAnswer,
  ToolCallMessage,
  ToolCallSummary,
  ToolResponse,
  ToolResultsRequest,
  Usage,
  Warning,
} from '@codemode/shared'
export type { DeferredToolAnswer } from './approvals/answer-tool-call.ts'
export type { OnApproval } from './approvals/ask-client.ts'
export type { ApprovalToDecide } from './approvals/decide.ts'
export type { ApprovalDecision } from './approvals/decision.ts'
export type { ListApprovalsOptions } from './approvals/list-approvals.ts'
export type { CloseOptions } from './run/close-parts.ts'
export { Codemode } from './codemode.ts'
export type { ClientConfig, ComposedConfig, ExecutorClientConfig } from './config/schema.ts'
export { ApprovalPendingError } from './errors/approval-pending-error.ts'
export { CancelledError } from './errors/cancelled-error.ts'
export { ConfigurationError } from './errors/configuration-error.ts'
export { ExecutionError } from './errors/execution-error.ts'
export { ExecutorClientError } from './errors/executor-client-error.ts'
export { ExecutorConnectionError } from './errors/executor-connection-error.ts'
export { ExecutorTimeoutError } from './errors/executor-timeout-error.ts'
export { ToolError } from './errors/tool-error.ts'
export type { BatchProgress, Codes, ExecuteAllOptions } from './run/execute-all.ts'
export type { ExecuteOptions } from './run/execute-options.ts'
export type { EventsOptions, Execution } from './run/execution.ts'
export type { ExecutionProgress, ExecutionTimes } from './run/execution-state.ts'
export type { ListOptions } from './run/list-executions.ts'
export type { ExecutionResumeOptions } from './run/resume.ts'
export type { SubmitOptions } from './run/submit-options.ts'
export type {
  EndedExecution,
  ExecutionResult,
  FailedExecution,
  PausedExecution,
  ResultSource,
  SucceededExecution,
} from './run/execution-result.ts'
export type { MockApproval } from './executors/mock-approvals.ts'
export { type MockAnswer, type MockResponse, type MockResult, type MockToolCaller } from './executors/mock-answer.ts'
export { MockExecutor, type MockCall, type MockExecutorOptions } from './executors/mock-executor.ts'
export { withCache, type CacheOptions, type CachingExecutor } from './executors/with-cache.ts'
export { withDegradation, type DegradationOptions } from './executors/with-degradation.ts'
export { withFailover, type FailoverOptions } from './executors/with-failover.ts'
export { withFallback, type FallbackOptions } from './executors/with-fallback.ts'
export type { CrewaiTool } from './frameworks/crewai-run-code.ts'
export { formatError } from './prompt/format-error.ts'
export { formatResult, type FormatResultOptions } from './prompt/format-result.ts'
export type { DeclarationsOptions, PromptOptions } from './prompt/prompt.ts'
export type { RunCodeCall, RunCodeInput, RunCodeTool, RunCodeToolOptions } from './prompt/run-code-tool.ts'
export { ExecutorClient } from './protocol/executor-client.ts'
export type {
  ApprovalListQuery,
  ControlOptions,
  DetachedExecutor,
  Executor,
  ListQuery,
  ResumeOptions,
  Retry,
  RetryOptions,
  RunOptions,
  SessionListQuery,
  SessionOfRun,
  SessionsExecutor,
  SetCallbackOptions,
  SubmissionOptions,
} from './executor.ts'
export type {
  ApprovalEvent,
  ClientEvents,
  ClientListener,
  LogEvent,
  SettleEvent,
  StartEvent,
  ToolEvent,
} from './insight/client-events.ts'
export type { ListSessionsOptions } from './sessions/client-sessions.ts'
export type { QueueStats } from './sessions/queue-stats.ts'
export type { SessionOptions, StepOptions } from './sessions/session-options.ts'
export type { FinalizedSession, ForkOptions, Session } from './sessions/session.ts'
export type { TaskStatus } from './sessions/task-status.ts'
export type { Logger, LogLevel } from './insight/logger.ts'
export type { Stats } from './insight/stats.ts'
export type { DeferredAnswer } from './tools/deferral.ts'
export {
  tool,
  type ApprovalCall,
  type ApprovalRule,
  type Context,
  type Tool,
  type ToolAnnotations,
  type ToolCall,
  type ToolHandler,
  type ToolLike,
  type ToolProperties,
  type ToolSchema,
} from './tools/define.ts'
