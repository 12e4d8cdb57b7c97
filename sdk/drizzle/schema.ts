import { pgSchema } from 'drizzle-orm/pg-core';

export const dpg = pgSchema('dpg');
