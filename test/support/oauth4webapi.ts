import * as oauth from 'oauth4webapi'

// The name is crossed out so that it stands out wherever an authorization server is far away. Here both ends are this machine.
// eslint-disable-next-line @typescript-eslint/no-deprecated
export const overHttp = { [oauth.allowInsecureRequests]: true }

/** Whoever has this needs to be told the issuer, and nothing more. */
export async function discover(issuer: string): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer)
  const response = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...overHttp })
  return oauth.processDiscoveryResponse(url, response)
}
