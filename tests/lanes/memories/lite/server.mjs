// npm's @supabase/lite before a PostgreSQL: node server.mjs SOCKET_FOLDER KEY; prints its port.
import { serve } from "@hono/node-server";
import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";

const [folder, key] = process.argv.slice(2);
const postgresOptions = { path: `${folder}/.s.PGSQL.5432` };
const app = new App({
  connection: createPostgresConnection({ url: "postgres://postgres@localhost/postgres", postgresOptions }),
  api: { max_rows: 1000 },
  auth: { enabled: true, jwt_secret: "a-test-of-our-own", secret_key: key },
});
serve({ fetch: (request) => app.fetch(request), port: 0, hostname: "127.0.0.1" }, (info) => console.log(info.port));
