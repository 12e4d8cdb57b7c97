// auth.ts
import { betterAuth } from 'better-auth';
import { Pool } from 'pg';
import { createDpg } from '../../sdk/index.js';

const url = process.env.DATABASE_URL ?? '';
export const dpg = createDpg(url);
export const auth = betterAuth({
  database: new Pool({ connectionString: url }),
  emailAndPassword: { enabled: true },
});

/** The data layer on behalf of the user who is signed in. */
export async function actorOf(request: Request) {
  const session = await auth.api.getSession({ headers: request.headers });
  if (!session) throw new Error('nobody is signed in');
  return dpg.as(session.user.id);
}
