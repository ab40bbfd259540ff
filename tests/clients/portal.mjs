// A portal by openid-client, started by test_openid_client.py with its registration as JSON: whoever has been sent back
// here reads what the library made of it.
import { createServer } from 'node:http'
import { webcrypto } from 'node:crypto'

// Debian 12's Node.js 18 has the Web Cryptography API, but not yet as a global.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey
const oidc = await import('openid-client')

const { issuer, port, client_id, client_secret, jwk, scope } = JSON.parse(process.argv[2])
const url = `http://localhost:${port}`
const isCareful = jwk !== undefined

const configuration = await oidc.discovery(
  new URL(issuer),
  client_id,
  undefined,
  isCareful ? oidc.PrivateKeyJwt({ key: await importKey(jwk), kid: jwk.kid }) : oidc.ClientSecretBasic(client_secret),
  { execute: [oidc.allowInsecureRequests] },
)
const DPoP = isCareful ? oidc.getDPoPHandle(configuration, await oidc.randomDPoPKeyPair('ES256')) : undefined
let checks, tokens

const pages = {
  async '/login'() {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    checks = { pkceCodeVerifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() }
    const request = {
      redirect_uri: `${url}/callback`,
      scope,
      acr_values: 'two-factor',
      state: checks.expectedState,
      nonce: checks.expectedNonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    }
    const push = () => oidc.buildAuthorizationUrlWithPAR(configuration, request, { DPoP })
    return isCareful ? push() : oidc.buildAuthorizationUrl(configuration, request)
  },
  async '/callback'(address) {
    tokens = await oidc.authorizationCodeGrant(configuration, address, checks, undefined, { DPoP })
    const claims = tokens.claims()
    const userinfo = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub, { DPoP })
    return { claims, userinfo, tokens }
  },
  async '/refresh'() {
    const before = tokens
    tokens = await oidc.refreshTokenGrant(configuration, before.refresh_token, undefined, { DPoP })
    tokens.refresh_token ??= before.refresh_token
    const claims = tokens.claims()
    const userinfo = await oidc.fetchUserInfo(configuration, tokens.access_token, claims.sub, { DPoP })
    return { claims, userinfo, tokens }
  },
  async '/logout'() {
    return oidc.buildEndSessionUrl(configuration, {
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: `${url}/`,
    })
  },
  async '/'() {
    return {}
  },
}

function importKey(jwk) {
  return crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

const server = createServer(async (request, response) => {
  const address = new URL(request.url, url)
  try {
    const answer = await pages[address.pathname](address)
    if (answer instanceof URL) {
      response.writeHead(303, { location: answer.href }).end()
    } else {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }
  } catch (error) {
    const { name, code, message, cause } = error
    const described = { name, code, message, error: error.error ?? null, cause: String(cause) }
    response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify(described))
  }
})
server.listen(port, '127.0.0.1', () => console.log('listening'))
