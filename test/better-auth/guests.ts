// guests.ts
import { betterAuth } from 'better-auth';
import { anonymous } from 'better-auth/plugins';
import postgres from 'postgres';
import { auth } from './auth.js';

const administrator = postgres(process.env.ADMINISTRATOR_DATABASE_URL ?? ''); // a login with the role dpg_admin

export const authWithGuests = betterAuth({
  ...auth.options,
  plugins: [
    anonymous({
      async onLinkAccount({ anonymousUser, newUser }) {
        const [from, to] = [anonymousUser.user.id, newUser.user.id];
        await administrator`
          select dpg.move_items(actor => ${to}, from_user => ${from}, to_user => ${to}, reason => 'signed up')`;
      },
    }),
  ],
});
