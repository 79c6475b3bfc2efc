// An OpenID provider that is not ours, for the tests: oidc-provider, on a port of its own choice, with everything in memory and
// its own pages to sign in on. It prints its port, and ends when its input does. Whoever signs in as login is login@REALOIDC_DOMAIN,
// verified unless the login begins with "unverified"; any password will do. POST /test/clients registers a client.
import http from "node:http";
import { Provider } from "oidc-provider";

const domain = process.env.REALOIDC_DOMAIN;
const clients = [];

function provider(issuer) {
  return new Provider(issuer, {
    clients,
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    features: { devInteractions: { enabled: true } },
    cookies: { keys: ["a key of tests"] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    pkce: { required: () => true },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@${domain}`, email_verified: !id.startsWith("unverified") }),
    }),
  });
}

let handle;
const server = http.createServer((req, res) => {
  if (req.method !== "POST" || req.url !== "/test/clients") return handle(req, res);
  let body = "";
  req.on("data", (chunk) => { body += chunk; }).on("end", () => {
    clients.push(JSON.parse(body));
    handle = provider(issuer()).callback();
    res.end();
  });
});
const issuer = () => `http://127.0.0.1:${server.address().port}`;
server.listen(0, "127.0.0.1", () => {
  handle = provider(issuer()).callback();
  console.log(server.address().port);
});
process.stdin.on("end", () => process.exit()).resume();
