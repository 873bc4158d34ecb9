import type { z } from 'zod'
import { isRecord } from '../../model/decode.ts'
import type { Problem } from '../../model/problem.ts'
import { authorizerSpec } from './api-authorizer.ts'
import { routeSpec, rule } from './api-route.ts'
import { configMap, endpointSlice, metadata, referenceGrant, secret, service } from './core.ts'
import { objectName } from './fields.ts'
import type {
  ApiAuthorizerObject,
  ApiRouteObject,
  ConfigMap,
  EndpointSlice,
  Meta,
  Namespace,
  ReferenceGrant,
  Secret,
  Service,
} from './objects.ts'
import { problemsOf } from './problems.ts'
import { match } from './route-matches.ts'
import { bounded } from './route-size.ts'
import { hostnamesIn, pathsIn } from './salvage.ts'
import type { AuthorizerSpec, MatchSpec, RouteSpec, RuleSpec } from './specs.ts'

/** What a manifest turned out to be. */
export type Decoded =
  | { readonly kind: 'ApiRoute'; readonly object: ApiRouteObject }
  | { readonly kind: 'ApiAuthorizer'; readonly object: ApiAuthorizerObject }
  | { readonly kind: 'Service'; readonly object: Service }
  | { readonly kind: 'EndpointSlice'; readonly object: EndpointSlice }
  | { readonly kind: 'Secret'; readonly object: Secret }
  | { readonly kind: 'ConfigMap'; readonly object: ConfigMap }
  | { readonly kind: 'Namespace'; readonly object: Namespace }
  | { readonly kind: 'ReferenceGrant'; readonly object: ReferenceGrant }

export type DecodeResult =
  | Decoded
  | { readonly kind: 'none'; readonly problems: readonly Problem[] }

const group = 'fairlead.dev'
const ours = `${group}/v1alpha1`

/** `apiVersion` of each kind that is read; a kind that is not here is none of ours. */
const apiVersions: Readonly<Record<string, readonly string[]>> = {
  ApiRoute: [ours],
  ApiAuthorizer: [ours],
  Service: ['v1'],
  EndpointSlice: ['discovery.k8s.io/v1'],
  Secret: ['v1'],
  ConfigMap: ['v1'],
  Namespace: ['v1'],
  ReferenceGrant: ['gateway.networking.k8s.io/v1beta1', 'gateway.networking.k8s.io/v1'],
}

const fault = (path: string, message: string): DecodeResult => ({
  kind: 'none',
  problems: [{ reason: 'Invalid', path, message }],
})

const not = (value: unknown): string =>
  typeof value === 'string' ? `, not ${JSON.stringify(value.slice(0, 80))}` : ''

/**
 * Decodes one manifest: total, no throw on any input. An object of our kinds is decoded as far as
 * possible and carries its problems, so that it can hold its place; any other is whole or a problem.
 */
export function decode(manifest: unknown): DecodeResult {
  if (!isRecord(manifest)) return fault('', 'must be an object with apiVersion, kind and metadata')
  const { apiVersion, kind } = manifest
  if (typeof kind !== 'string' || !Object.hasOwn(apiVersions, kind)) {
    return fault(
      'kind',
      `${typeof kind === 'string' ? `"${kind.slice(0, 80)}"` : 'absent'}; it must be one of ${Object.keys(apiVersions).join(', ')}`,
    )
  }
  const versions = apiVersions[kind] ?? []
  if (typeof apiVersion !== 'string' || !versions.includes(apiVersion))
    return fault('apiVersion', `of kind ${kind} must be ${versions.join(' or ')}${not(apiVersion)}`)
  const meta = metadata.safeParse(manifest['metadata'])
  if (!meta.success)
    return {
      kind: 'none',
      problems: problemsOf(meta.error, metadata, manifest['metadata'], 'metadata'),
    }
  return decodeKind(kind as Decoded['kind'], manifest, meta.data)
}

type Metadata = z.infer<typeof metadata>

function metaOf(data: Metadata, isClusterScoped: boolean): Meta {
  return Object.freeze({
    namespace: isClusterScoped ? '' : (data.namespace ?? 'default'),
    name: data.name,
    uid: data.uid ?? '',
    generation: data.generation ?? 1,
    created: data.creationTimestamp ?? '',
  })
}

function decodeKind(
  kind: Decoded['kind'],
  manifest: Record<string, unknown>,
  data: Metadata,
): DecodeResult {
  const meta = metaOf(data, kind === 'Namespace')
  switch (kind) {
    case 'ApiRoute':
      return { kind, object: decodeRoute(meta, manifest['spec']) }
    case 'ApiAuthorizer':
      return { kind, object: decodeAuthorizer(meta, manifest['spec']) }
    case 'Namespace':
      return { kind, object: { meta, annotations: data.annotations ?? {} } }
    default:
      return decodeCore(kind, manifest, data, meta)
  }
}

function decodeRoute(meta: Meta, spec: unknown): ApiRouteObject {
  const whole = routeSpec.safeParse(spec)
  return bounded({
    kind: 'ApiRoute',
    meta,
    spec: whole.success ? (whole.data as RouteSpec) : partsOf(spec),
    problems: whole.success ? [] : problemsOf(whole.error, routeSpec, spec, 'spec'),
  })
}

/** What can be understood of a broken route: hostnames and rules one by one (invariant 3). */
function partsOf(spec: unknown): RouteSpec {
  const record = isRecord(spec) ? spec : {}
  const className = objectName.safeParse(record['className'])
  const rules = Array.isArray(record['rules']) ? record['rules'] : []
  const paths = routeSpec.pick({ paths: true }).safeParse({ paths: record['paths'] })
  const defaults = routeSpec.pick({ defaults: true }).safeParse({ defaults: record['defaults'] })
  return {
    ...(className.success && { className: className.data }),
    hostnames: hostnamesIn(record),
    ...(paths.success && (paths.data as object)),
    ...(defaults.success && (defaults.data as object)),
    rules: rules.slice(0, 256).map((item, i) => decodeRule(item, i)),
  }
}

function decodeRule(value: unknown, index: number): RouteSpec['rules'][number] {
  const whole = rule.safeParse(value)
  if (whole.success) return whole.data as RuleSpec
  // Nothing is known of it: not that it was for every path either.
  if (!isRecord(value)) return { broken: true, name: `rule-${index}`, matches: undefined }
  const name =
    typeof value['name'] === 'string' && /^[\w.-]{1,63}$/.test(value['name'])
      ? value['name']
      : `rule-${index}`
  return { broken: true, name, matches: matchesOf(value['matches']) }
}

/** Undefined: nothing is known of it. */
function matchesOf(value: unknown): readonly (MatchSpec | undefined)[] | undefined {
  if (value === undefined) return [{}]
  if (!Array.isArray(value)) return undefined
  return value.slice(0, 64).flatMap((item): (MatchSpec | undefined)[] => {
    const whole = match.safeParse(item)
    return whole.success ? [whole.data as MatchSpec] : pathsIn(item)
  })
}

function decodeAuthorizer(meta: Meta, spec: unknown): ApiAuthorizerObject {
  const result = authorizerSpec.safeParse(spec)
  const injects = injectedBy(spec)
  if (result.success)
    return {
      kind: 'ApiAuthorizer',
      meta,
      spec: result.data as AuthorizerSpec,
      problems: [],
      injects,
    }
  return {
    kind: 'ApiAuthorizer',
    meta,
    spec: undefined,
    problems: problemsOf(result.error, authorizerSpec, spec, 'spec'),
    injects,
  }
}

/** Headers that an authorizer asks to inject, read as leniently as can be: they are stripped also when it is broken. */
function injectedBy(spec: unknown): string[] {
  const kinds = isRecord(spec) ? Object.values(spec) : []
  const names = kinds.flatMap((kind) => {
    const forward = isRecord(kind) && isRecord(kind['forward']) ? kind['forward'] : {}
    const listed = Array.isArray(forward['headers'])
      ? forward['headers'].map((item) => (isRecord(item) ? item['header'] : undefined))
      : []
    return [...listed, forward['claimsHeader']]
  })
  const texts = names.filter(
    (name): name is string => typeof name === 'string' && name.length <= 128,
  )
  return [...new Set(texts.map((name) => name.toLowerCase()))].slice(0, 64)
}

/** Messages are logged and shown; what a Secret holds must not be. */
const withoutValue = (problem: Problem): Problem => ({
  ...problem,
  message: problem.message.replace(/, not .*$/s, ''),
})

function decodeCore(
  kind: Exclude<Decoded['kind'], 'ApiRoute' | 'ApiAuthorizer' | 'Namespace'>,
  manifest: Record<string, unknown>,
  data: Metadata,
  meta: Meta,
): DecodeResult {
  const whole = <T>(schema: z.ZodType<T>, make: (value: T) => Decoded): DecodeResult => {
    const result = schema.safeParse(manifest)
    if (result.success) return make(result.data)
    const problems = problemsOf(result.error, schema, manifest, '')
    return { kind: 'none', problems: kind === 'Secret' ? problems.map(withoutValue) : problems }
  }
  switch (kind) {
    case 'Service':
      return whole(service, (value) => ({ kind, object: serviceOf(value, meta) }))
    case 'EndpointSlice':
      return whole(endpointSlice, (value) => ({ kind, object: sliceOf(value, data, meta) }))
    case 'Secret':
      return whole(secret, (value) => ({
        kind,
        object: {
          meta,
          type: value.type ?? 'Opaque',
          data: { ...decodedData(value.data ?? {}), ...value.stringData },
        },
      }))
    case 'ConfigMap':
      return whole(configMap, (value) => ({ kind, object: { meta, data: value.data ?? {} } }))
    case 'ReferenceGrant':
      return whole(referenceGrant, (value) => ({
        kind,
        object: {
          meta,
          from: value.spec.from,
          to: value.spec.to.map(({ group: to, kind: target, name }) => ({
            group: to,
            kind: target,
            ...(name && { name }),
          })),
        },
      }))
  }
}

const decodedData = (values: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  )

function serviceOf({ spec }: z.infer<typeof service>, meta: Meta): Service {
  const ports = (spec.ports ?? []).map(({ name, port, protocol, targetPort, appProtocol }) => ({
    name: name ?? '',
    port,
    protocol: protocol ?? 'TCP',
    ...(targetPort != null && { targetPort }),
    ...(appProtocol != null && { appProtocol }),
  }))
  return {
    meta,
    type: spec.type ?? 'ClusterIP',
    hasSelector: Object.keys(spec.selector ?? {}).length > 0,
    ports,
  }
}

function sliceOf(value: z.infer<typeof endpointSlice>, data: Metadata, meta: Meta): EndpointSlice {
  return {
    meta,
    service: data.labels?.['kubernetes.io/service-name'] ?? '',
    owners: data.ownerReferences ?? [],
    addressType: value.addressType,
    ports: (value.ports ?? []).map(({ name, port, protocol }) => ({
      name: name ?? '',
      protocol: protocol ?? 'TCP',
      ...(port != null && { port }),
    })),
    endpoints: (value.endpoints ?? []).map(({ addresses, conditions, hints }) => ({
      addresses,
      ...(conditions?.ready != null && { ready: conditions.ready }),
      ...(conditions?.serving != null && { serving: conditions.serving }),
      ...(conditions?.terminating != null && { terminating: conditions.terminating }),
      ...(hints?.forZones != null && { zones: hints.forZones.map(({ name }) => name) }),
    })),
  }
}
