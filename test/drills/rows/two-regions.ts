import type { RegionPlan } from '../backend.ts'
import type { Gateway, GatewayOptions } from '../gateway.ts'
import { backendIn, fileOf, route, servicesOf } from '../manifests.ts'
import type { Region } from '../region.ts'
import type { Stage } from '../stage.ts'

export interface Scene {
  readonly eu: Region
  readonly us: Region
  readonly gateway: Gateway
}

/** The scene of most drills: one rule over two regions of equal weight. @param rule what is not at its default */
export async function twoRegions(
  stage: Stage,
  rule: object = {},
  more: { readonly plan?: Partial<RegionPlan>; readonly gateway?: Partial<GatewayOptions> } = {},
): Promise<Scene> {
  const eu = await stage.region('eu', more.plan)
  const us = await stage.region('us', more.plan)
  const plans = [eu.plan, us.plan]
  const orders = route('orders', { backends: plans.map((plan) => backendIn(plan)), ...rule })
  const files = { 'shop.yaml': fileOf([...servicesOf(plans), orders]) }
  return { eu, us, gateway: await stage.gateway({ files, ...more.gateway }) }
}

/** How the drills write a share and a time. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
export const ms = (value: number): string => `${Math.round(value * 10) / 10} ms`
export const seconds = (valueMs: number): string => `${Math.round(valueMs / 100) / 10} s`
