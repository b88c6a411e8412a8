import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// An OpenID provider of the test's own, with a page that a person sees. It is at "localhost", which for a browser is
// another site than the 127.0.0.1 of the program.

export interface Provider {
  issuer: string;
  clientId: string;
  secret: string;
  /** What it says of whoever signs in. */
  claims: Record<string, unknown>;
  stop(): Promise<void>;
}

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

export async function startProvider(): Promise<Provider> {
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const asked = new Map<string, URLSearchParams>();
  const provider: Provider = { issuer: "", clientId: "dealpace", secret: "hush-hush", claims: {}, stop: () => Promise.resolve() };

  const token = (began: URLSearchParams, key: KeyObject) => {
    const now = Math.floor(Date.now() / 1000);
    // When it has asked is told to who wants to know.
    const asked = began.get("max_age") === "0" ? { auth_time: now } : {};
    const claims = { iss: provider.issuer, aud: provider.clientId, iat: now, exp: now + 300, nonce: began.get("nonce"), ...asked, ...provider.claims };
    const text = `${base64({ alg: "RS256", kid: "one" })}.${base64(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`;
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", provider.issuer);
    const json = (status: number, body: unknown) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    if (url.pathname === "/.well-known/openid-configuration") {
      return json(200, { issuer: provider.issuer, authorization_endpoint: `${provider.issuer}/authorize`, token_endpoint: `${provider.issuer}/token`, jwks_uri: `${provider.issuer}/keys` });
    }
    if (url.pathname === "/keys") return json(200, { keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }] });
    if (url.pathname === "/authorize") {
      const code = `code-${asked.size + 1}`;
      asked.set(code, url.searchParams);
      const back = new URL(url.searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("state", url.searchParams.get("state") ?? "");
      const allow = new URL(back);
      allow.searchParams.set("code", code);
      const deny = new URL(back);
      deny.searchParams.set("error", "access_denied");
      const link = (to: URL, text: string) => `<p><a href="${to.href.replaceAll("&", "&amp;")}">${text}</a></p>`;
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
      response.end(`<!doctype html><link rel="icon" href="data:,"><title>Provider</title><h1>Company sign-in</h1>${link(allow, "Allow")}${link(deny, "Deny")}`);
      return;
    }
    if (url.pathname === "/token" && request.method === "POST") {
      let body = "";
      request.on("data", (piece: Buffer) => (body += piece.toString()));
      request.on("end", () => {
        const form = new URLSearchParams(body);
        const began = asked.get(form.get("code") ?? "");
        asked.delete(form.get("code") ?? "");
        const login = Buffer.from((request.headers.authorization ?? "").replace("Basic ", ""), "base64").toString();
        const challenge = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
        const fits = began && login === `${provider.clientId}:${provider.secret}` && challenge === began.get("code_challenge") && form.get("redirect_uri") === began.get("redirect_uri");
        if (!fits) return json(400, { error: "invalid_grant" });
        return json(200, { access_token: "x", token_type: "Bearer", id_token: token(began, keys.privateKey) });
      });
      return;
    }
    response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  provider.issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  provider.stop = () =>
    new Promise((done) => {
      server.closeAllConnections();
      server.close(() => done());
    });
  return provider;
}
