import { isAddress, isForbiddenAddress } from '../../model/address.ts'
import type { UrlTarget } from '../../model/cluster.ts'
import type { CompileOptions } from './compile.ts'
import { draftCanonical } from './draft-match.ts'
import type { Drafting } from './drafting.ts'

/** A `url` backend in parts. */
export interface BackendUrl {
  readonly target: UrlTarget
  /** Canonical, without a slash at the end; '' for none. */
  readonly basePath: string
}

/**
 * Checks what can be told of a `url` without resolving its name (hostile-inputs C6, C7): the URL parser
 * brings decimal, octal and mapped addresses into the usual notation, so that no spelling hides one.
 */
export function draftUrl(text: string, where: string, drafting: Drafting): BackendUrl | undefined {
  const { checks, options } = drafting
  const url = URL.canParse(text) && !/[\s\\]/.test(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return checks.refuse(
      where,
      `"${text}" is not a URL; write https://host[:port][/base/path]${insteadOf(url)}`,
    )
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return checks.refuse(
      where,
      'a url holds scheme, host, port and base path; no user, query or fragment',
    )
  }
  const basePath = draftBasePath(url.pathname, where, drafting)
  const hostname = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const refusal = hostRefusal(hostname, options)
  if (refusal !== undefined)
    return checks.refuse(where, `host "${hostname}" is refused: ${refusal}`, 'UnsupportedBackend')
  if (!isAllowed(hostname, options.settings.guardrails.urlBackends)) {
    const allowed = options.settings.guardrails.urlBackends.join(', ')
    return checks.refuse(
      where,
      `host "${hostname}" is not allowed by the platform; it allows ${allowed}`,
      'NotPermitted',
    )
  }
  if (basePath === undefined) return undefined
  const scheme = url.protocol === 'http:' ? 'http' : 'https'
  const port = url.port === '' ? (scheme === 'http' ? 80 : 443) : Number(url.port)
  return { target: { kind: 'url', scheme, hostname, port }, basePath }
}

/** What says in other places what people say by a scheme. */
const insteadOf = (url: URL | undefined): string => hints[url?.protocol ?? ''] ?? ''

const hints: Readonly<Record<string, string>> = {
  'grpc:': ' and protocol: H2C (without TLS) or HTTP2 beside it',
  'grpcs:': ' and protocol: HTTP2 beside it',
  'h2c:': ' and protocol: H2C beside it, with http',
  'ws:': ' with http, and upgrade: { webSocket: true } in the rule',
  'wss:': ' and upgrade: { webSocket: true } in the rule',
}

function draftBasePath(pathname: string, where: string, { checks }: Drafting): string | undefined {
  return draftCanonical(pathname, where, checks)?.replace(/\/$/, '')
}

/** Names that always mean this machine or a cloud's metadata service. */
const localNames = /^(.*\.)?localhost$/
const metadataNames = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
])

/** Why a host may not be called, or undefined. Names are resolved by the proxy, which checks each address again. */
export function hostRefusal(
  hostname: string,
  { allowLoopback, inCluster }: CompileOptions,
): string | undefined {
  if (metadataNames.has(hostname)) return 'it is a metadata service'
  if (isLoopback(hostname)) {
    if (allowLoopback) return undefined
    return inCluster === true
      ? 'it is the gateway itself; name a Service'
      : 'it is this machine; --allow-loopback allows it for development'
  }
  // What the cluster's own names lead to belongs to a namespace, which may be another one (C5).
  if (inCluster === true && isOfCluster(hostname))
    return 'it is a name of the cluster; write service: { name, namespace, port }, which another namespace has to grant'
  if (!isAddress(hostname) || !isForbiddenAddress(hostname, allowLoopback)) return undefined
  return 'loopback, link-local, metadata and special addresses may not be called'
}

const isOfCluster = (hostname: string): boolean =>
  !isAddress(hostname) &&
  (!hostname.includes('.') || /\.svc(\.|$)|\.cluster\.local$/.test(hostname))

/** `localhost`, 127.0.0.0/8 or ::1. */
export const isLoopback = (hostname: string): boolean =>
  localNames.test(hostname) ||
  (isForbiddenAddress(hostname, false) && !isForbiddenAddress(hostname, true))

/** Patterns of the guardrail: a name, `*.shop.example` for all names under it, or `*`. None: any host. */
const isAllowed = (hostname: string, patterns: readonly string[]): boolean =>
  patterns.length === 0 ||
  patterns.some((pattern) =>
    pattern.startsWith('*')
      ? hostname.endsWith(pattern.slice(1).toLowerCase())
      : hostname === pattern.toLowerCase(),
  )
