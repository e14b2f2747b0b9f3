#!/usr/bin/env node
// Verifies a Zerotrip certificate and its issuer's status list with the npm packages `@sd-jwt/sd-jwt-vc` and `@sd-jwt/jwt-status-list`,
// which know nothing of Zerotrip, and prints as JSON what they say. Shows that they refuse both once they are altered.
//
//   node verify_status.cjs CERTIFICATE LIST JWKS
//
// Ends with 0 where the packages took the untouched files and refused each altered one, whatever the status is; else with 5.

const { createHash, createPublicKey, verify } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { SDJwtVcInstance } = require("@sd-jwt/sd-jwt-vc");
const { getListFromStatusListJWT } = require("@sd-jwt/jwt-status-list");

const [certificate, list, jwks] = process.argv.slice(2).map((path) => readFileSync(path, "utf8").trim());
const keys = JSON.parse(jwks).keys;
const part = (jwt, at) => JSON.parse(Buffer.from(jwt.split(".")[at], "base64url"));

/** Verifies ES256 with the key of the token's header. The packages hand over what is signed, header included. */
const verifier = async (data, signature) => {
  const { kid } = part(data, 0);
  const held = keys.find((key) => key.kid === kid && key.kty === "EC");
  if (!held) return false;
  const key = createPublicKey({ key: { kty: held.kty, crv: held.crv, x: held.x, y: held.y }, format: "jwk" });
  return verify("sha256", Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
};

const hasher = async (data, algorithm) => {
  if (algorithm.toLowerCase().replace("-", "") !== "sha256") throw new Error(`not ${algorithm}`);
  return createHash("sha256").update(typeof data === "string" ? data : Buffer.from(data)).digest();
};

/** What the packages say: the claims and the status, or why they refuse. */
async function judge(token, statusList) {
  let status = null;
  const instance = new SDJwtVcInstance({
    verifier,
    hasher,
    hashAlg: "sha-256",
    statusListFetcher: async (uri) => {
      if (uri !== part(statusList, 1).sub) throw new Error("another list than the certificate names");
      return statusList;
    },
    statusVerifier: verifier,
    statusValidator: async (value) => {
      status = value;
    },
  });
  const { payload } = await instance.verify(token);
  return { claims: payload, status };
}

/** The token with its payload changed, its seal left as it is. */
function altered(token, change) {
  const [jwt, ...rest] = token.split("~");
  const [head, , seal] = jwt.split(".");
  const claims = part(jwt, 1);
  change(claims);
  const body = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return [[head, body, seal].join("."), ...rest].join("~");
}

async function main() {
  const { claims, status } = await judge(certificate, list);
  const { idx } = claims.status.status_list;
  const direct = getListFromStatusListJWT(list);
  const attempts = {
    "a sealed claim": [altered(certificate, (it) => (it.variant = "applicant")), list],
    "another place in the list": [altered(certificate, (it) => (it.status.status_list.idx += 1)), list],
    "the list's end": [certificate, altered(list, (it) => (it.exp += 86400))],
    "the list's content": [certificate, altered(list, (it) => (it.status_list.bits = it.status_list.bits === 1 ? 2 : 1))],
    "a certificate as the list": [certificate, certificate.split("~")[0]],
  };
  const refused = {};
  for (const [what, [token, statusList]] of Object.entries(attempts)) {
    try {
      await judge(token, statusList);
    } catch (error) {
      refused[what] = String(error.message ?? error);
      continue;
    }
    console.error(`accepted, although it was changed: ${what}`);
    return 5;
  }
  const places = direct.statusList.length;
  console.log(JSON.stringify({ status, direct: direct.getStatus(idx), places, bits: direct.getBitsPerStatus(), claims, refused }));
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    console.error(error);
    process.exitCode = 5;
  },
);
