#!/usr/bin/env node
// A wallet made of npm packages, for the door: `@openid4vc/openid4vci` claims an offer, `@openid4vc/openid4vp` and `dcql` answer a
// bank's request with the certificate, `@sd-jwt/sd-jwt-vc` shows of it what the query names, `jose` encrypts the answer.
//
//   node wallet.cjs OFFER TX_CODE REQUEST ROOT
//
// Prints which version of the protocol the packages found, what was shown, and how the door refused the code and the token a second
// time. Ends with 0 where all went as it should.

const { createHash, randomBytes, webcrypto, X509Certificate } = require("node:crypto");
const { readFileSync } = require("node:fs");
const jose = require("jose");
const { DcqlQuery } = require("dcql");
const { clientAuthenticationNone, setGlobalConfig } = require("@openid4vc/oauth2");
const { Openid4vciClient } = require("@openid4vc/openid4vci");
const { Openid4vpClient } = require("@openid4vc/openid4vp");
const { SDJwtVcInstance } = require("@sd-jwt/sd-jwt-vc");

const [offerText, txCode, requestText, rootFile] = process.argv.slice(2);
const root = new X509Certificate(readFileSync(rootFile));
// The door is on this machine.
setGlobalConfig({ allowInsecureUrls: true });

const hash = (data, algorithm) => createHash(algorithm.toLowerCase().replace("-", "")).update(data).digest();

/** A key that never leaves this process, with its public half. */
async function newKey() {
  const pair = await jose.generateKeyPair("ES256");
  const { kty, crv, x, y } = await jose.exportJWK(pair.publicKey);
  return { ...pair, jwk: { kty, crv, x, y } };
}

/** The leaf of a signed request, which the root signed. */
function leafOf(x5c) {
  const chain = x5c.map((der) => new X509Certificate(Buffer.from(der, "base64")));
  if (chain.length !== 1 || !chain[0].checkIssued(root) || !chain[0].verify(root.publicKey)) throw new Error("not the root's");
  return chain[0];
}

async function main() {
  const [calls, holder] = [await newKey(), await newKey()];
  const keyOf = (jwk) => [calls, holder].find((key) => key.jwk.x === jwk.x && key.jwk.y === jwk.y);
  const callbacks = {
    fetch,
    hash: (data, algorithm) => hash(data, algorithm),
    generateRandom: (length) => randomBytes(length),
    clientAuthentication: clientAuthenticationNone({ clientId: "wallet" }),
    signJwt: async (signer, { header, payload }) => {
      const key = keyOf(signer.publicJwk);
      const jwt = await new jose.SignJWT(payload).setProtectedHeader({ ...header, alg: signer.alg }).sign(key.privateKey);
      return { jwt, signerJwk: signer.publicJwk };
    },
    verifyJwt: async (signer, { compact }) => {
      if (signer.method !== "x5c") return { verified: false };
      const leaf = leafOf(signer.x5c);
      await jose.jwtVerify(compact, leaf.publicKey);
      return { verified: true, signerJwk: await jose.exportJWK(leaf.publicKey) };
    },
    getX509CertificateMetadata: () => ({ sanDnsNames: [], sanUriNames: [] }),
    encryptJwe: async ({ publicJwk, alg, enc, apu, apv }, payload) => {
      const parties = { ...(apu && { apu: Buffer.from(apu, "base64url") }), ...(apv && { apv: Buffer.from(apv, "base64url") }) };
      const jwe = await new jose.CompactEncrypt(Buffer.from(payload))
        .setProtectedHeader({ alg, enc, kid: publicJwk.kid })
        .setKeyManagementParameters(parties)
        .encrypt(await jose.importJWK(publicJwk, alg));
      return { jwe, encryptionJwk: publicJwk };
    },
    decryptJwe: async () => ({ decrypted: false }),
  };
  const refused = {};
  const attempt = async (what, call) => {
    try {
      await call();
    } catch (error) {
      const response = error.response ?? error.errorResponse ?? error;
      refused[what] = error.errorResponse?.error ?? response.credentialErrorResponseResult?.data?.error ?? error.error ?? String(error);
      return;
    }
    throw new Error(`accepted: ${what}`);
  };

  // Into the wallet.
  const issuance = new Openid4vciClient({ callbacks });
  const credentialOffer = await issuance.resolveCredentialOffer(offerText);
  const issuerMetadata = await issuance.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const dpop = { signer: { method: "jwk", publicJwk: calls.jwk, alg: "ES256" } };
  const redeem = () => issuance.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode, dpop });
  const { accessTokenResponse } = await redeem();
  const accessToken = accessTokenResponse.access_token;
  const [credentialConfigurationId] = credentialOffer.credential_configuration_ids;
  const signer = { method: "jwk", publicJwk: holder.jwk, alg: "ES256" };
  const retrieve = async () => {
    const { c_nonce: nonce } = await issuance.requestNonce({ issuerMetadata });
    const proof = await issuance.createCredentialRequestJwtProof({ issuerMetadata, credentialConfigurationId, nonce, signer });
    const proofs = { jwt: [proof.jwt] };
    return issuance.retrieveCredentials({ issuerMetadata, credentialConfigurationId, proofs, accessToken, dpop });
  };
  const { credentialResponse } = await retrieve();
  const [{ credential }] = credentialResponse.credentials;
  await attempt("token again", retrieve);
  if (!String(refused["token again"]).includes("invalid_token")) console.error(refused);
  await attempt("code again", redeem);

  // And out of it.
  const sdjwt = new SDJwtVcInstance({
    hasher: async (data, algorithm) => hash(data, algorithm),
    hashAlg: "sha-256",
    kbSigner: async (data) => Buffer.from(await webcrypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, holder.privateKey, Buffer.from(data))).toString("base64url"),
    kbSignAlg: "ES256",
  });
  const claims = await sdjwt.getClaims(credential);
  const presentation = new Openid4vpClient({ callbacks });
  const { params } = presentation.parseOpenid4vpAuthorizationRequest({ authorizationRequest: requestText });
  const resolved = await presentation.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params });
  const authorizationRequestPayload = resolved.authorizationRequestPayload;
  const query = DcqlQuery.parse(authorizationRequestPayload.dcql_query);
  DcqlQuery.validate(query);
  const held = { credential_format: "dc+sd-jwt", vct: claims.vct, claims, cryptographic_holder_binding: true };
  const matched = DcqlQuery.query(query, [held]);
  if (!matched.can_be_satisfied) throw new Error(JSON.stringify(matched));
  const [{ id, claims: asked }] = query.credentials;
  const hidden = await sdjwt.presentableKeys(credential);
  const shown = asked.map(({ path }) => path[0]).filter((name) => hidden.includes(name));
  const { client_id: aud, nonce } = authorizationRequestPayload;
  const token = await sdjwt.present(credential, Object.fromEntries(shown.map((name) => [name, true])), {
    kb: { payload: { iat: Math.floor(Date.now() / 1000), aud, nonce } },
  });
  const answer = await presentation.createOpenid4vpAuthorizationResponse({
    authorizationRequestPayload,
    authorizationResponsePayload: { vp_token: { [id]: [token] } },
    jarm: {
      encryption: { nonce: randomBytes(16).toString("base64url") },
      serverMetadata: { authorization_encryption_alg_values_supported: ["ECDH-ES"], authorization_encryption_enc_values_supported: ["A256GCM", "A128GCM"] },
    },
  });
  const sent = await presentation.submitOpenid4vpAuthorizationResponse({ ...answer, authorizationRequestPayload });
  const came = await sent.response.json();
  if (sent.response.status !== 200 || !came.redirect_uri) throw new Error(`${sent.response.status} ${JSON.stringify(came)}`);
  const page = await fetch(came.redirect_uri);
  if (page.status !== 200) throw new Error(`${page.status} at the redirect`);
  console.log(JSON.stringify({ version: issuerMetadata.originalDraftVersion, refused, shown }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 5;
});
