#!/usr/bin/env node
// A wallet made of npm packages, for the door: `@openid4vc/openid4vci` claims an offer, `@openid4vc/openid4vp` and `dcql` answer a
// bank's request with the certificate, `@sd-jwt/sd-jwt-vc` shows of it what the query names, `jose` encrypts the answer.
//
//   node wallet.cjs OFFER TX_CODE REQUEST ROOT [ATTESTER_KEY ATTESTER_CERTIFICATE]
//
// It asks for as many copies as the metadata allows, each for a key of its own. With an attester (PKCS #8 and certificate, PEM) it brings
// attestations of itself and of its keys. Prints which version of the protocol the packages found, how many copies came, what was shown,
// and how the door refused the code and the token a second time. Ends with 0 where all went as it should.

const { createHash, randomBytes, webcrypto, X509Certificate } = require("node:crypto");
const { readFileSync } = require("node:fs");
const jose = require("jose");
const { DcqlQuery } = require("dcql");
const {
  clientAuthenticationClientAttestationJwt,
  clientAuthenticationNone,
  createClientAttestationJwt,
  setGlobalConfig,
} = require("@openid4vc/oauth2");
const { Openid4vciClient } = require("@openid4vc/openid4vci");
const { Openid4vpClient } = require("@openid4vc/openid4vp");
const { SDJwtVcInstance } = require("@sd-jwt/sd-jwt-vc");

const [offerText, txCode, requestText, rootFile, attesterKeyFile, attesterFile] = process.argv.slice(2);
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

/** Who vouches for this wallet and its keys. */
async function attester() {
  const pem = (file) => readFileSync(file, "utf8");
  const x5c = [new X509Certificate(pem(attesterFile)).raw.toString("base64")];
  const privateKey = await jose.importPKCS8(pem(attesterKeyFile), "ES256");
  const signer = { method: "x5c", alg: "ES256", x5c };
  const keys = (attested_keys, nonce) =>
    new jose.SignJWT({ attested_keys, nonce, key_storage: ["iso_18045_high"] })
      .setProtectedHeader({ alg: "ES256", typ: "key-attestation+jwt", x5c })
      .setIssuedAt()
      .setExpirationTime("10m")
      .sign(privateKey);
  return { privateKey, signer, keys };
}

/** The identifier of the key that signed a certificate (RFC 5280, 4.2.1.1): the 20 bytes behind its tag. */
function authorityKeyOf(certificate) {
  const begin = certificate.raw.indexOf(Buffer.from("0603551d23", "hex"));
  const tag = certificate.raw.indexOf(Buffer.from("8014", "hex"), begin);
  if (begin < 0 || tag < 0) throw new Error("no authority key identifier");
  return certificate.raw.subarray(tag + 2, tag + 22).toString("base64url");
}

async function main() {
  const calls = await newKey();
  const keys = [calls];
  const vouching = attesterKeyFile && (await attester());
  const keyOf = (jwk) => keys.find((key) => key.jwk.x === jwk.x && key.jwk.y === jwk.y);
  const callbacks = {
    fetch,
    hash: (data, algorithm) => hash(data, algorithm),
    generateRandom: (length) => randomBytes(length),
    clientAuthentication: clientAuthenticationNone({ clientId: "wallet" }),
    signJwt: async (signer, { header, payload }) => {
      const key = signer.method === "x5c" ? vouching : keyOf(signer.publicJwk);
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

  if (vouching) {
    const clientAttestationJwt = await createClientAttestationJwt({
      callbacks,
      clientId: "https://wallet.example/app",
      issuer: "https://provider.example",
      confirmation: { jwk: calls.jwk },
      expiresAt: new Date(Date.now() + 600_000),
      signer: vouching.signer,
    });
    callbacks.clientAuthentication = clientAuthenticationClientAttestationJwt({ callbacks, clientAttestationJwt });
  }

  // Into the wallet.
  const issuance = new Openid4vciClient({ callbacks });
  const credentialOffer = await issuance.resolveCredentialOffer(offerText);
  const issuerMetadata = await issuance.resolveIssuerMetadata(credentialOffer.credential_issuer);
  const dpop = { signer: { method: "jwk", publicJwk: calls.jwk, alg: "ES256" } };
  const redeem = () => issuance.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode, dpop });
  const { accessTokenResponse } = await redeem();
  const accessToken = accessTokenResponse.access_token;
  const [credentialConfigurationId] = credentialOffer.credential_configuration_ids;
  const size = issuerMetadata.credentialIssuer.batch_credential_issuance?.batch_size ?? 1;
  const holders = await Promise.all(Array.from({ length: size }, newKey));
  keys.push(...holders);
  const retrieve = async () => {
    const { c_nonce: nonce } = await issuance.requestNonce({ issuerMetadata });
    const keyAttestationJwt = vouching && (await vouching.keys(holders.map(({ jwk }) => jwk), nonce));
    // One attestation is for all keys; without one, each key proves itself.
    const proving = vouching ? holders.slice(0, 1) : holders;
    const proofs = { jwt: [] };
    for (const { jwk } of proving) {
      const signer = { method: "jwk", publicJwk: jwk, alg: "ES256" };
      const options = { issuerMetadata, credentialConfigurationId, nonce, signer, keyAttestationJwt };
      proofs.jwt.push((await issuance.createCredentialRequestJwtProof(options)).jwt);
    }
    return issuance.retrieveCredentials({ issuerMetadata, credentialConfigurationId, proofs, accessToken, dpop });
  };
  const { credentialResponse } = await retrieve();
  const copies = credentialResponse.credentials.map(({ credential }) => credential);
  const boundTo = (copy) => keyOf(JSON.parse(Buffer.from(copy.split(".")[1], "base64url")).cnf.jwk);
  if (new Set(copies.map(boundTo)).size !== size || copies.length !== size) throw new Error("not a copy for each key");
  // The last one is shown.
  const credential = copies[size - 1];
  const holder = boundTo(credential);
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
  const { x5c } = jose.decodeProtectedHeader(credential.split("~")[0]);
  const authority = { type: "aki", values: [authorityKeyOf(leafOf(x5c))] };
  const held = { authority, credential_format: "dc+sd-jwt", vct: claims.vct, claims, cryptographic_holder_binding: true };
  const matched = DcqlQuery.query(query, [held]);
  if (!matched.can_be_satisfied) throw new Error(JSON.stringify(matched));
  // Where the bank says whose certificates it takes, another authority's will not do.
  const isNamed = query.credentials[0].trusted_authorities !== undefined;
  const other = { ...held, authority: { type: "aki", values: [Buffer.alloc(20, 7).toString("base64url")] } };
  if (DcqlQuery.query(query, [other]).can_be_satisfied === isNamed) throw new Error("another authority's certificate");
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
  console.log(JSON.stringify({ version: issuerMetadata.originalDraftVersion, refused, shown, copies: copies.length, isNamed }));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 5;
});
