import { canonicalPath } from '../../src/model/path.ts'
import type { Snapshot } from '../../src/model/snapshot.ts'
import { HeaderList } from '../../src/proxy/http1/header-list.ts'
import { Router } from '../../src/proxy/runtime/router.ts'

/** A row of requests.yaml: `GET http://host/path?query`. */
export interface Row {
  readonly request: string
  readonly headers?: Readonly<Record<string, string>>
  readonly expect: Expectation
}

interface Expectation {
  readonly rule?: string
  /** What the gateway answers by itself. */
  readonly status?: number
  readonly allow?: readonly string[]
}

/** Where a request leads, by the router that serves. */
export function play(snapshot: Snapshot, { request, headers = {} }: Row): Expectation {
  const [method = '', target = ''] = request.split(' ')
  const [, hostname = '', rawPath = '/', query = ''] =
    /^http:\/\/([^/?]+)([^?]*)(\?.*)?$/.exec(target) ?? []
  const path = canonicalPath(rawPath)?.path
  if (path === undefined) return { status: 400 }
  const list = new HeaderList()
  for (const [name, value] of Object.entries(headers)) list.add(name, value)
  const found = new Router(snapshot.hosts).route(hostname, method, path, query, list)
  switch (found.kind) {
    case 'rule':
      return ruleOf(found.entry.rule)
    case 'method':
      return { status: 405, allow: found.allow }
    case 'held':
      return { status: 503 }
    case 'ambiguous':
      return { status: 400 }
    case 'none':
      return { status: 404 }
  }
}

const ruleOf = ({
  id,
  action,
}: Snapshot['hosts'][number]['entries'][number]['rule']): Expectation =>
  action.kind === 'invalid' ? { rule: id, status: 503 } : { rule: id }
