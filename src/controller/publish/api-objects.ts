import { type ApiClient, ApiError } from '../../base/api-client.ts'

/** An object that the controller itself keeps in its namespace. */
export interface OwnObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly resourceVersion?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly ownerReferences?: readonly OwnerReference[]
  }
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

/** Who goes, takes what it owns with it. */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** The group and version of our own kinds. */
export const ourVersion = 'fairlead.dev/v1alpha1'

/** RFC 3339 without fractions (`metav1.Time`). */
export const apiTime = (wallMs: number): string =>
  new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z')

/** What the controller makes goes with its owners, and says who made it. */
export const ownMetadata = (
  namespace: string,
  name: string,
  ownerReferences: readonly OwnerReference[],
  before?: OwnObject,
): OwnObject['metadata'] => ({
  namespace,
  name,
  labels: { 'app.kubernetes.io/managed-by': 'fairlead' },
  ownerReferences,
  ...(before?.metadata.resourceVersion !== undefined && {
    resourceVersion: before.metadata.resourceVersion,
  }),
})

/** The answer, undefined when it was refused with this status. */
export async function unless<T>(status: number, request: Promise<T>): Promise<T | undefined> {
  try {
    return await request
  } catch (error) {
    if (error instanceof ApiError && error.status === status) return undefined
    throw error
  }
}

/** The object at a path, undefined when there is none. */
export const readObject = <T>(client: ApiClient, path: string): Promise<T | undefined> =>
  unless(404, client.request<T>({ method: 'GET', path }))

/** Makes the object so, whether it is there or not. A write that comes between fails, and the caller looks again. */
export async function writeObject(
  client: ApiClient,
  collection: string,
  object: OwnObject,
): Promise<OwnObject> {
  const path = `${collection}/${object.metadata.name}`
  if (object.metadata.resourceVersion !== undefined)
    return client.request<OwnObject>({ method: 'PUT', path, body: object })
  return client.request<OwnObject>({ method: 'POST', path: collection, body: object })
}

export const decodeData = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  )

export const encodeData = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  )
