// A SCIM server that is not ours, for the tests: scimmy with its routers, on a port of its own choice, with everything in memory.
// It prints its port, and ends when its input does. Below /test are what tests look at and prepare.
import crypto from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const TOKEN = process.env.SCIM_TOKEN;
const users = new Map(), groups = new Map(), passwords = new Map(), rejected = new Map();
const missing = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);

function handlers(store, unique) {
  return {
    egress: async (resource) => {
      if (resource.id) {
        if (!store.has(resource.id)) throw missing(resource.id);
        return store.get(resource.id);
      }
      const all = [...store.values()];
      return resource.filter ? resource.filter.match(all) : all;
    },
    ingress: async (resource, data) => {
      const id = resource.id ?? crypto.randomUUID();
      if (resource.id && !store.has(resource.id)) throw missing(resource.id);
      for (const other of store.values()) {
        if (other.id !== id && String(other[unique]).toLowerCase() === String(data[unique]).toLowerCase()) throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} in use`);
      }
      if (data.password !== undefined && rejected.has(data.externalId)) throw new SCIMMY.Types.Error(400, "invalidValue", rejected.get(data.externalId));
      const now = new Date().toISOString(), old = store.get(id);
      const record = { ...JSON.parse(JSON.stringify(data)), id, meta: { created: old?.meta.created ?? now, lastModified: now } };
      // It is not in the JSON: scimmy never shows a password.
      if (data.password !== undefined) passwords.set(id, data.password);
      record.version = `W/"${crypto.createHash("sha1").update(JSON.stringify(record) + crypto.randomUUID()).digest("hex").slice(0, 12)}"`;
      store.set(id, record);
      return record;
    },
    degress: async (resource) => {
      if (!store.delete(resource.id)) throw missing(resource.id);
    },
  };
}

SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Resources.declare(SCIMMY.Resources.User, handlers(users, "userName"));
SCIMMY.Resources.declare(SCIMMY.Resources.Group, handlers(groups, "displayName"));
SCIMMY.Config.set({ etag: true, changePassword: true, bulk: true });

const app = express();
app.get("/test/state", (_, res) => res.json({ users: [...users.values()].map((user) => ({ ...user, password: passwords.get(user.id) })), groups: [...groups.values()] }));
app.post("/test/reject", express.json(), (req, res) => { rejected.set(req.body.externalId, req.body.words); res.end(); });

// If-Match for single resources, which scimmy leaves to others.
app.use("/scim/v2/:type(Users|Groups)/:id", (req, res, next) => {
  const store = req.params.type === "Users" ? users : groups, id = req.params.id; // req.params changes in what comes next
  const wanted = req.header("If-Match"), there = store.get(id);
  if (there && wanted && wanted !== "*" && wanted !== there.version) {
    return res.status(412).type("application/scim+json").send({ schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "412", detail: "version mismatch" });
  }
  const json = res.json.bind(res);
  res.json = (body) => {
    const record = store.get(id);
    if (record && body?.meta) {
      res.set("ETag", record.version);
      body.meta.version = record.version;
    }
    return json(body);
  };
  next();
});
app.use("/scim/v2", new SCIMMYRouters({
  type: "bearer",
  handler: (req) => {
    if (req.header("Authorization") !== `Bearer ${TOKEN}`) throw new Error("bad token");
    return "1";
  },
  baseUri: (req) => `http://${req.header("Host")}`,
}));
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.on("end", () => process.exit()).resume();
