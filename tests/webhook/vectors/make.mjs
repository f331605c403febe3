// Computes signatures.json with the vendors' own libraries and openssl; none of our code takes part.
//
//   npm install standardwebhooks@1.1.1 svix@1.99.1 @sanity/webhook@4.0.4 \
//       @contentful/node-apps-toolkit@3.16.1 @octokit/webhooks-methods@6.0.0 @shopify/shopify-api@13.1.0
//   NODE_PATH=node_modules node make.mjs > signatures.json
//
// openssl was 3.0.19. Run again it gives other keys for ed25519, and else the same bytes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_PATH, "x"));
const { Webhook } = require("standardwebhooks");
const { Webhook: Svix } = require("svix");
const { encodeSignatureHeader } = require("@sanity/webhook");
const { signRequest } = require("@contentful/node-apps-toolkit");
const { sign: github } = await import(
  join(process.env.NODE_PATH, "@octokit/webhooks-methods/dist-node/index.js")
);
require("@shopify/shopify-api/adapters/node");
const { createSHA256HMAC } = require(
  join(process.env.NODE_PATH, "@shopify/shopify-api/dist/cjs/runtime/crypto/utils.js"),
);

const folder = mkdtempSync(join(tmpdir(), "vectors-"));
const openssl = (args, input) => execFileSync("openssl", args, { input });
const hmac = (hash, secret, data) =>
  openssl(["dgst", `-${hash}`, "-hmac", secret, "-binary"], data);

const SECONDS = 1767225600; // 2026-01-01
const MS = SECONDS * 1000 + 123;
const plain = '{"id": 7, "title": "Morning cup", "price": "12.50"}';
const chinese = '{"title": "早安咖啡 ☕\u2028", "price": "¥ 88", "note": "naïve \\"quoted\\""}';
const texts = { plain, chinese };
const bodies = {
  ...Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)])),
  "not utf-8": Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0x0a, 0x7d]),
};

const vectors = [];
const add = (scheme, name, source, body, more) =>
  vectors.push({
    scheme,
    name: `${scheme}: ${name}`,
    source,
    body: Buffer.from(body).toString("base64"),
    now: SECONDS + 5,
    delivery_id: null,
    time: null,
    ...more,
  });

const WHSEC = "whsec_" + Buffer.from("a key of 32 bytes for the tests!").toString("base64");
const SECRET = "a secret of the tests, not of a site";
for (const [name, text] of Object.entries(texts)) {
  const id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W";
  const time = { delivery_id: id, time: SECONDS };
  for (const [scheme, prefix, Library, source] of [
    ["standard-webhooks", "webhook", Webhook, "npm standardwebhooks 1.1.1"],
    ["svix", "svix", Svix, "npm svix 1.99.1"],
  ]) {
    const signature = new Library(WHSEC).sign(id, new Date(SECONDS * 1000), text);
    add(scheme, name, source, text, {
      secrets: [WHSEC],
      headers: {
        [`${prefix}-id`]: id,
        [`${prefix}-timestamp`]: String(SECONDS),
        [`${prefix}-signature`]: signature,
      },
      ...time,
    });
  }
  add("sanity", name, "npm @sanity/webhook 4.0.4", text, {
    secrets: [SECRET],
    headers: {
      "sanity-webhook-signature": await encodeSignatureHeader(text, MS, SECRET),
      "idempotency-key": "sanity-1",
    },
    delivery_id: "sanity-1",
    time: MS / 1000,
  });
  const path = "/hooks/contentful";
  const secret = "0123456789abcdef".repeat(4);
  const extra = {
    "Content-Type": "application/vnd.contentful.management.v1+json",
    "X-Contentful-Topic": "ContentManagement.Entry.publish",
  };
  const signed = signRequest(secret, { method: "POST", path, headers: extra, body: text }, MS);
  add("contentful", name, "npm @contentful/node-apps-toolkit 3.16.1", text, {
    secrets: [secret],
    headers: { ...extra, ...signed, "X-Contentful-Idempotency-Key": "contentful-1" },
    path,
    delivery_id: "contentful-1",
    time: MS / 1000,
  });
  add("github", name, "npm @octokit/webhooks-methods 6.0.0", text, {
    secrets: [SECRET],
    headers: { "X-Hub-Signature-256": await github(SECRET, text), "X-GitHub-Delivery": "gh-1" },
    delivery_id: "gh-1",
  });
  add("shopify", name, "npm @shopify/shopify-api 13.1.0", text, {
    secrets: [SECRET],
    headers: {
      "X-Shopify-Hmac-Sha256": await createSHA256HMAC(SECRET, text),
      "X-Shopify-Webhook-Id": "shop-1",
    },
    delivery_id: "shop-1",
  });
  add("prismic", name, "nothing is computed", JSON.stringify({ ...JSON.parse(text), secret: SECRET, masterRef: "ref-1" }), {
    secrets: [SECRET],
    headers: {},
    delivery_id: "ref-1",
  });
}

const key = join(folder, "key.pem");
openssl(["genpkey", "-algorithm", "ed25519", "-out", key]);
const spki = openssl(["pkey", "-in", key, "-pubout", "-outform", "DER"]);
const publicKey = "whpk_" + spki.subarray(spki.length - 32).toString("base64");
for (const [name, body] of Object.entries(bodies)) {
  const signed = Buffer.concat([Buffer.from(`msg_1.${SECONDS}.`), body]);
  const file = join(folder, "signed");
  writeFileSync(file, signed);
  const signature = openssl(["pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", file]);
  add("standard-webhooks-ed25519", name, "openssl pkeyutl", body, {
    secrets: [publicKey],
    headers: {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(SECONDS),
      "webhook-signature": "v1a," + signature.toString("base64"),
    },
    delivery_id: "msg_1",
    time: SECONDS,
  });
  add("woocommerce", name, "openssl dgst", body, {
    secrets: [SECRET],
    headers: {
      "X-WC-Webhook-Signature": hmac("sha256", SECRET, body).toString("base64"),
      "X-WC-Webhook-Delivery-ID": "wc-1",
    },
    delivery_id: "wc-1",
  });
  const withTime = Buffer.concat([body, Buffer.from(String(MS))]);
  add("ghost", name, "openssl dgst", body, {
    secrets: [SECRET],
    headers: {
      "X-Ghost-Signature": `sha256=${hmac("sha256", SECRET, withTime).toString("hex")}, t=${MS}`,
    },
    time: MS / 1000,
  });
  add("storyblok", name, "openssl dgst", body, {
    secrets: [SECRET],
    headers: { "webhook-signature": hmac("sha1", SECRET, body).toString("hex") },
  });
  add("bearer", name, "nothing is computed", body, {
    secrets: ["a-long-random-token"],
    headers: { Authorization: "Bearer a-long-random-token" },
  });
  add("basic", name, "openssl base64", body, {
    secrets: ["cms:a password"],
    headers: { Authorization: "Basic " + openssl(["base64", "-A"], "cms:a password").toString() },
  });
}
console.log(JSON.stringify(vectors, null, 1));
