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

/** The object at a path, undefined when there is none. */
export async function readObject<T>(client: ApiClient, path: string): Promise<T | undefined> {
  try {
    return await client.request<T>({ method: 'GET', path })
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

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
