// Two OAuth clients of npm, as they come, against a running `avow dev`: they find the endpoints, get tokens by client_credentials and password, refresh, look into and
// revoke them. npm install, then:
//
//   avow dev --json > ready.json &
//   node check.mjs < ready.json
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'
import { ClientCredentials, ResourceOwnerPassword } from 'simple-oauth2'

const { url, demo } = JSON.parse(readFileSync(0, 'utf8').split('\n')[0])
const username = `${demo.org}^${demo.account_email}`
const password = demo.account_password
const scope = '/external/me/r /external/me/w'
const mine = '/external/api/v1/me/pending_verification_request'

const status = async (token, path = mine) => (await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })).status

async function oauth4webapi (authenticate) {
  const http = { [oauth.allowInsecureRequests]: true } // the server listens on loopback
  const issuer = new URL(url)
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' }))
  const client = { client_id: demo.client_id }

  const own = await oauth.processClientCredentialsResponse(server, client,
    await oauth.clientCredentialsGrantRequest(server, client, authenticate, { scope: '/external/account/r' }, http))
  assert.equal(own.token_type, 'bearer')
  assert.equal(await status(own.access_token, `/external/api/v1/accounts/status?id=${demo.account_id}`), 200)

  const first = await oauth.processGenericTokenEndpointResponse(server, client,
    await oauth.genericTokenEndpointRequest(server, client, authenticate, 'password', { username, password, scope }, http))
  assert.equal(await status(first.access_token), 200)

  const second = await oauth.processRefreshTokenResponse(server, client,
    await oauth.refreshTokenGrantRequest(server, client, authenticate, first.refresh_token, http))
  const look = async token => oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, authenticate, token, http))
  assert.deepEqual([(await look(second.access_token)).sub, (await look(first.refresh_token)).active], [demo.account_id, false])

  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authenticate, second.refresh_token, http))
  assert.deepEqual([(await look(second.access_token)).active, await status(second.access_token)], [false, 401])
  await assert.rejects(async () => oauth.processRefreshTokenResponse(server, client,
    await oauth.refreshTokenGrantRequest(server, client, authenticate, second.refresh_token, http)), { error: 'invalid_grant' })
}

async function simpleOAuth2 (authorizationMethod) {
  const config = {
    client: { id: demo.client_id, secret: demo.client_secret },
    auth: { tokenHost: url, tokenPath: '/api/authorization/access_token', revokePath: '/oauth2/revoke' },
    options: { authorizationMethod }
  }
  const own = await new ClientCredentials(config).getToken({ scope: '/external/account/r' })
  assert.equal(await status(own.token.access_token, `/external/api/v1/accounts/status?id=${demo.account_id}`), 200)

  const first = await new ResourceOwnerPassword(config).getToken({ username, password, scope })
  assert.equal(await status(first.token.access_token), 200)
  const second = await first.refresh()
  assert.equal(await status(second.token.access_token), 200)

  await second.revoke('access_token')
  assert.equal(await status(second.token.access_token), 401)
  await second.revoke('refresh_token')
  await assert.rejects(async () => second.refresh())
}

const checks = {
  'oauth4webapi, Basic': () => oauth4webapi(oauth.ClientSecretBasic(demo.client_secret)),
  'oauth4webapi, form': () => oauth4webapi(oauth.ClientSecretPost(demo.client_secret)),
  'simple-oauth2, Basic': () => simpleOAuth2('header'),
  'simple-oauth2, form': () => simpleOAuth2('body')
}
for (const [name, check] of Object.entries(checks)) {
  await check()
  console.log(`${name}: client_credentials, password, refresh, revoke work`)
}
