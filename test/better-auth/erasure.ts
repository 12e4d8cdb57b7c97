// erasure.ts
import { betterAuth } from 'better-auth';
import postgres from 'postgres';
import { auth } from './auth.js';

const administrator = postgres(process.env.ADMINISTRATOR_DATABASE_URL ?? ''); // a login with the role dpg_admin

export const authWithErasure = betterAuth({
  ...auth.options,
  user: {
    deleteUser: {
      enabled: true,
      async beforeDelete({ id }) {
        await administrator`select dpg.erase_user(actor => ${id}, user_id => ${id}, reason => 'closed the account')`;
      },
    },
  },
});
