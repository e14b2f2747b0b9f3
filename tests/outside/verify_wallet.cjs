#!/usr/bin/env node
// Verifies a presentation of a Zerotrip certificate as a wallet's counterpart does: trusting the authority's root alone, by the
// certificate in the header (`x5c`), with the npm package `@sd-jwt/sd-jwt-vc` for the seal, the disclosures, the status and the holder's
// proof. It reads no key set and no directory. Prints the claims as JSON.
//
//   node verify_wallet.cjs PRESENTATION LIST ROOT AUDIENCE NONCE METADATA
//
// Ends with 0 where the package took the untouched presentation and refused each altered one; else with 5.

const { createHash, createPublicKey, verify, X509Certificate } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { SDJwtVcInstance } = require("@sd-jwt/sd-jwt-vc");

const [presentation, list, rootText, metadata] = [2, 3, 4, 7].map((at) => readFileSync(process.argv[at], "utf8").trim());
const [audience, nonce] = process.argv.slice(5, 7);
const root = new X509Certificate(rootText);
const part = (jwt, at) => JSON.parse(Buffer.from(jwt.split(".")[at], "base64url"));

function es256(key, data, signature) {
  return verify("sha256", Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
}

/** By the leaf in the header, which the root signed, names the issuer, holds, and is not the root. */
const verifier = async (data, signature) => {
  const [header, claims] = [part(data, 0), part(data, 1)];
  if (!Array.isArray(header.x5c)) throw new Error("no x5c");
  const chain = header.x5c.map((der) => new X509Certificate(Buffer.from(der, "base64")));
  if (chain.length !== 1 || chain[0].fingerprint256 === root.fingerprint256) throw new Error("the anchor is in the chain");
  const [leaf] = chain;
  if (leaf.ca || !leaf.checkIssued(root) || !leaf.verify(root.publicKey)) throw new Error("not the root's");
  if (claims.iss && leaf.subjectAltName !== `URI:${claims.iss}`) throw new Error("another issuer's certificate");
  if (!(new Date(leaf.validFrom) <= new Date() && new Date() <= new Date(leaf.validTo))) throw new Error("not valid now");
  return es256(leaf.publicKey, data, signature);
};

const kbVerifier = async (data, signature, payload) => es256(createPublicKey({ key: payload.cnf.jwk, format: "jwk" }), data, signature);

const hasher = async (data, algorithm) => {
  if (algorithm.toLowerCase().replace("-", "") !== "sha256") throw new Error(`not ${algorithm}`);
  return createHash("sha256").update(typeof data === "string" ? data : Buffer.from(data)).digest();
};

async function judge(token, { statusList = list, word = nonce } = {}) {
  const instance = new SDJwtVcInstance({
    verifier,
    kbVerifier,
    hasher,
    hashAlg: "sha-256",
    statusListFetcher: async () => statusList,
    loadTypeMetadataFormat: true,
    vctFetcher: async () => JSON.parse(metadata),
  });
  const result = await instance.verify(token, { keyBindingNonce: word });
  if (result.kb.payload.aud !== audience) throw new Error("another verifier's");
  return result;
}

async function main() {
  const { payload, typeMetadata } = await judge(presentation);
  const [jwt, ...rest] = presentation.split("~");
  const [head, body, seal] = jwt.split(".");
  const claims = { ...part(jwt, 1), variant: "applicant" };
  const header = { ...part(jwt, 0) };
  delete header.x5c;
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const attempts = {
    "a sealed claim": [[`${head}.${encoded(claims)}.${seal}`, ...rest].join("~")],
    "no certificate along": [[`${encoded(header)}.${body}.${seal}`, ...rest].join("~")],
    "another nonce": [presentation, { word: "another" }],
    "a disclosure left out under the proof": [[jwt, ...rest.slice(1)].join("~")],
    "another list": [presentation, { statusList: jwt }],
  };
  const refused = {};
  for (const [what, arguments_] of Object.entries(attempts)) {
    try {
      await judge(...arguments_);
    } catch (error) {
      refused[what] = String(error.message ?? error);
      continue;
    }
    console.error(`accepted, although it was changed: ${what}`);
    return 5;
  }
  console.log(JSON.stringify({ claims: payload, refused, metadata: typeMetadata?.mergedTypeMetadata ?? typeMetadata }));
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error);
    process.exitCode = 5;
  },
);
