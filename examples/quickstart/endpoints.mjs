/**
 * What Kubernetes would say about where the pods of Services are.
 * @param {readonly { readonly service: string, readonly port: number }[]} targets
 */
export const endpoints = (targets) => ({
  apiVersion: 'v1',
  kind: 'List',
  items: targets.map(({ service, port }) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-${port}`,
      namespace: 'quickstart',
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready: true } }],
  })),
})
