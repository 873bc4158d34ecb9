import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { decode } from '../../src/controller/api/decode.ts'
import { decodeSettings } from '../../src/controller/api/settings.ts'
import type { World } from '../../src/controller/api/world.ts'
import type { CompileOptions } from '../../src/controller/compile/compile.ts'

const root = new URL('./cases/', import.meta.url)

/** One document of an in.yaml: a manifest, or `CompileOptions`, or `LastGood`. */
export type Manifest = Readonly<Record<string, unknown>>

export const caseNames = (): string[] => readdirSync(root).sort()

export const filesOf = (name: string): string[] => readdirSync(new URL(`${name}/`, root)).sort()

export function readCase(name: string): readonly Manifest[] {
  const documents = parseAllDocuments(readFileSync(new URL(`${name}/in.yaml`, root), 'utf8'))
  return deepFreeze(documents.map((document) => document.toJS() as Manifest))
}

export function readYaml(name: string, file: string): unknown {
  const url = new URL(`${name}/${file}`, root)
  return existsSync(url) ? parseAllDocuments(readFileSync(url, 'utf8'))[0]?.toJS() : undefined
}

/** Compares with the golden file; `UPDATE_GOLDEN=1` writes it instead, for review. */
export function expectFile(name: string, file: string, got: string): void {
  const url = new URL(`${name}/${file}`, root)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(url, got)
  expect(
    existsSync(url),
    `${url.pathname} is missing; run UPDATE_GOLDEN=1 npx vitest run test/golden and review it`,
  ).toBe(true)
  expect(got).toBe(readFileSync(url, 'utf8'))
}

/** `kind: CompileOptions`: `className`, `allowLoopback` and `settings` as in a settings file. */
export function optionsOf(manifests: readonly Manifest[]): CompileOptions {
  const document = manifests.find(({ kind }) => kind === 'CompileOptions') ?? {}
  const decoded = decodeSettings(document['settings'])
  if ('problems' in decoded) throw new Error(JSON.stringify(decoded.problems))
  return {
    className: (document['className'] as string | undefined) ?? 'fairlead',
    allowLoopback: document['allowLoopback'] === true,
    settings: decoded.settings,
  }
}

/** `kind: LastGood` holds the manifest of an object as it was when it was last good, in `object`. */
export function worldOf(manifests: readonly Manifest[]): World {
  const world = emptyWorld()
  for (const manifest of manifests) {
    if (manifest['kind'] === 'CompileOptions') continue
    if (manifest['kind'] === 'LastGood') addLastGood(world, manifest['object'])
    else add(world, manifest)
  }
  return deepFreeze(world)
}

type Building = { -readonly [Kind in keyof World]: World[Kind][number][] }

const emptyWorld = (): Building => ({
  routes: [],
  authorizers: [],
  services: [],
  endpointSlices: [],
  secrets: [],
  configMaps: [],
  namespaces: [],
  referenceGrants: [],
  lastGoodRoutes: [],
  lastGoodAuthorizers: [],
  lastGoodSecrets: [],
  formerSecrets: [],
})

const listOf = {
  ApiRoute: 'routes',
  ApiAuthorizer: 'authorizers',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Secret: 'secrets',
  ConfigMap: 'configMaps',
  Namespace: 'namespaces',
  ReferenceGrant: 'referenceGrants',
} as const

function add(world: Building, manifest: unknown): void {
  const decoded = decode(manifest)
  if (decoded.kind === 'none') throw new Error(JSON.stringify(decoded.problems))
  ;(world[listOf[decoded.kind]] as unknown[]).push(decoded.object)
}

function addLastGood(world: Building, manifest: unknown): void {
  const decoded = decode(manifest)
  if (decoded.kind === 'ApiRoute') world.lastGoodRoutes.push(decoded.object)
  else if (decoded.kind === 'ApiAuthorizer') world.lastGoodAuthorizers.push(decoded.object)
  else if (decoded.kind === 'Secret') world.lastGoodSecrets.push(decoded.object)
  else throw new Error('LastGood holds an ApiRoute, an ApiAuthorizer or a Secret')
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
  return value
}
