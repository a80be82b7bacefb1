import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

interface Attribute {
  readonly key: string
  readonly value: { readonly stringValue?: string }
}

/** Body of a request to export spans, as OTLP over HTTP has it in JSON. */
interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
  }[]
}

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly links?: readonly { readonly spanId: string }[]
  readonly attributes: readonly Attribute[]
}

/** Span that a process has sent. */
interface CollectedSpan extends OtlpSpan {
  readonly service: string
}

/** Collector of spans on a free port, in place of one that you operate: it receives OTLP over HTTP and prints trees. */
export class Collector implements AsyncDisposable {
  readonly #spans: CollectedSpan[] = []
  readonly #server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as ExportRequest
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = attributeOf(resource.attributes, 'service.name') ?? ''
      for (const { spans } of scopeSpans) this.#spans.push(...spans.map((span) => ({ ...span, service })))
    }
    response.setHeader('content-type', 'application/json').end('{}')
  })

  /** Listens, and resolves with the URL for `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  async listen(): Promise<string> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Returns the trees of a trace, a line for each span, indented below its parent. */
  treesOf(traceId: string): string[] {
    const spans = this.#spans
      .filter((span) => span.traceId === traceId)
      .toSorted((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
    const below = (parent: CollectedSpan | undefined, indent: string): string[] =>
      spans
        .filter((span) => this.#parentOf(span) === parent)
        .flatMap((span) => [indent + textOf(span), ...below(span, `${indent}  `)])
    return below(undefined, '')
  }

  /** Returns the span of a trace with the given name, and its ancestors, outermost first. */
  pathTo(name: string, traceId: string): string[] {
    const path: string[] = []
    let span = this.#spans.find((each) => each.traceId === traceId && each.name === name)
    while (span !== undefined) {
      path.unshift(textOf(span))
      span = this.#parentOf(span)
    }
    return path
  }

  /** Returns the parent of a span. If the process of the parent was killed before it sent it, a link takes its place. */
  #parentOf({ parentSpanId, links = [] }: OtlpSpan): CollectedSpan | undefined {
    const ids = [parentSpanId, ...links.map(({ spanId }) => spanId)]
    return ids.map((id) => this.#spans.find(({ spanId }) => spanId === id)).find((span) => span !== undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function textOf({ name, service, attributes }: CollectedSpan): string {
  const tool = attributeOf(attributes, 'codemode.tool')
  return `${name}${tool === undefined ? '' : ` ${tool}`} (${service})`
}

function attributeOf(attributes: readonly Attribute[], key: string): string | undefined {
  return attributes.find((attribute) => attribute.key === key)?.value.stringValue
}
