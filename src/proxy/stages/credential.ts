import type { CredentialSource } from '../../model/authorization.ts'
import type { HeaderList } from '../http1/header-list.ts'
import { queryParameters } from '../runtime/query-parameters.ts'

/** A credential and where it was, or that the same source had two (J15). */
export type FoundCredential = { readonly token: string } | 'twice' | undefined

/** The first configured source that is present. */
export function findCredential(
  sources: readonly CredentialSource[],
  headers: HeaderList,
  query: string,
): FoundCredential {
  for (let i = 0; i < sources.length; i++) {
    const found = inSource(sources[i] as CredentialSource, headers, query)
    if (found !== undefined) return found
  }
  return undefined
}

function inSource(source: CredentialSource, headers: HeaderList, query: string): FoundCredential {
  if (source.kind === 'header') return inHeader(source, headers)
  const values =
    source.kind === 'cookie'
      ? cookieValues(headers, source.name)
      : (queryParameters(query).get(source.name) ?? [])
  if (values.length > 1) return 'twice'
  return values[0] === undefined ? undefined : { token: values[0] }
}

function inHeader(
  { name, scheme }: Extract<CredentialSource, { kind: 'header' }>,
  headers: HeaderList,
): FoundCredential {
  const at = headers.names.indexOf(name)
  if (at < 0) return undefined
  if (headers.names.indexOf(name, at + 1) >= 0) return 'twice'
  const value = headers.valueAt(at)
  if (scheme === '') return { token: value }
  return hasScheme(value, scheme) ? { token: value.slice(scheme.length + 1) } : undefined
}

/** Schemes are compared without case (RFC 9110 §11.1). */
function hasScheme(value: string, scheme: string): boolean {
  return (
    value.charCodeAt(scheme.length) === 32 &&
    (value.startsWith(scheme) ||
      value.slice(0, scheme.length).toLowerCase() === scheme.toLowerCase())
  )
}

/** Whether a credential is two: fields of one name may arrive as one, with a comma between (RFC 9110 §5.3). */
export const isFolded = (sources: readonly CredentialSource[], token: string): boolean =>
  token.includes(',') &&
  sources.some(
    (source) =>
      source.kind === 'header' &&
      source.scheme !== '' &&
      token.split(',').some((part) => hasScheme(part.trim(), source.scheme)),
  )

function cookieValues(headers: HeaderList, name: string): string[] {
  return headers.all('cookie').flatMap((field) =>
    field.split(';').flatMap((part) => {
      const pair = part.trim()
      return pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []
    }),
  )
}

/** Cuts the credential out of every configured source; nothing else moves by a byte. Answers the new query. */
export function cutCredential(
  sources: readonly CredentialSource[],
  headers: HeaderList,
  query: string,
): string {
  let rest = query
  for (const source of sources) {
    if (source.kind === 'header') cutHeader(source, headers)
    else if (source.kind === 'cookie') cutCookie(source.name, headers)
    else rest = cutParameter(rest, source.name)
  }
  return rest
}

function cutHeader(
  { name, scheme }: Extract<CredentialSource, { kind: 'header' }>,
  headers: HeaderList,
): void {
  const value = headers.get(name)
  if (value !== undefined && (scheme === '' || hasScheme(value, scheme))) headers.remove(name)
}

function cutCookie(name: string, headers: HeaderList): void {
  for (let at = headers.names.length - 1; at >= 0; at--) {
    if (headers.names[at] !== 'cookie') continue
    const field = headers.valueAt(at)
    const pairs = field.split(';')
    const kept = pairs.filter((pair) => !pair.trim().startsWith(`${name}=`))
    if (kept.length === pairs.length) continue
    if (kept.length === 0) headers.removeAt(at)
    else headers.replaceAt(at, kept.join(';').replace(/^ /, ''))
  }
}

function cutParameter(query: string, name: string): string {
  if (query === '') return query
  const parts = query.slice(1).split('&')
  const kept = parts.filter((part) => !queryParameters(`?${part}`).has(name))
  return kept.length === parts.length ? query : kept.length === 0 ? '' : `?${kept.join('&')}`
}
