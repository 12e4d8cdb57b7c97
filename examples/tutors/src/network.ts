// The document of the network. Once it is registered, the database takes nothing that it does not declare.

import { defineNetwork, privateField } from 'dpg-database/network';
import { z } from 'zod';

/** What people choose by: the schema, the counts, the filters and the form are made of this list. */
export const FIELDS = {
  subject: ['mathematics', 'languages', 'physics', 'music', 'programming'],
  lessons: ['at home', 'online', 'in a group'],
} as const;
export const fieldNames = Object.keys(FIELDS) as (keyof typeof FIELDS)[];

export const profile = z.object({
  name: z.string().regex(/\S/, 'It is empty.').max(80),
  subject: z.enum(FIELDS.subject),
  lessons: z.enum(FIELDS.lessons),
  about: z.string().max(500).optional(),
  contact: privateField(z.string().max(120).optional()), // nobody can search or count by it
});
export type Profile = z.infer<typeof profile>;

export const domains = ['tutor', 'student'] as const;
export const network = defineNetwork({
  name: 'yellow_dot',
  domains: domains.map((name) => ({ name, item_schemas: { 'profile_1.0': profile } })),
  actions: { connect: { interactions: [{ from_domain: 'student', to_domain: 'tutor' }] } },
});

/** Who may change a request from which status to which. The database holds to it, whoever asks. */
export const TRANSITIONS = [
  { from: 'created', to: 'accepted', by: 'target', button: 'Accept' },
  { from: 'created', to: 'declined', by: 'target', button: 'Decline' },
  { from: 'created', to: 'withdrawn', by: 'source', button: 'Withdraw' },
] as const;

/** What every item of this application has in common. */
export const key = { item_network: 'yellow_dot', item_type: 'profile_1.0' } as const;
const item_schema_url = 'https://schemas.example.com/profile_1.0.json';
export const urls = { item_instance_url: 'https://tutors.example.com', item_schema_url };
