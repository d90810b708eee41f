// jose, asked line by line: {client, jwks, token, issuer, audience} gives {claims} or {refused}.
// The clients live as long as this process, as they would in a service.
import { createInterface } from 'node:readline'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const clients = new Map()

async function verify({ client, jwks, token, issuer, audience }) {
  if (!clients.has(client)) clients.set(client, createRemoteJWKSet(new URL(jwks)))
  try {
    const options = { algorithms: ['ES256', 'EdDSA'], typ: 'at+jwt', issuer, audience, requiredClaims: ['exp'] }
    const { payload } = await jwtVerify(token, clients.get(client), options)
    return { claims: payload }
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) return { broken: String(error.stack) }
    return { refused: [error.code, error.claim].filter(Boolean).join(' ') }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await verify(JSON.parse(line))))
}
