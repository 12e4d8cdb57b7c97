// The network of yellow_dot.json, written in TypeScript.

import { z } from 'zod';
import { defineNetwork } from '../../sdk/network/index.js';

const subject = z.enum(['math', 'physics', 'english']);

export const yellowDot = defineNetwork({
  name: 'yellow_dot',
  domains: [
    {
      name: 'student',
      item_schemas: {
        'profile_1.0': z.object({
          name: z.string().min(1),
          goal: z.enum(['board_exam', 'entrance_exam', 'language']).optional(),
          grade: z.int().min(1).max(12).optional(),
        }),
      },
    },
    {
      name: 'tutor',
      item_schemas: {
        'profile_1.0': z.object({ name: z.string().min(1), subjects: z.array(subject).min(1) }),
        'offer_1.0': z.strictObject({ subject, rupees_per_hour: z.number().min(0) }),
      },
    },
  ],
  instances: [
    { domain_name: 'student', instance_url: 'https://student.yellowdot.example.com' },
    { domain_name: 'tutor', instance_url: 'https://tutor.yellowdot.example.com' },
  ],
  actions: {
    connect: {
      interactions: [
        {
          from_domain: 'student',
          to_domain: 'tutor',
          requirement_schema: z.object({ subject, hours_per_week: z.number().gt(0).optional() }),
          event_schema: z.object({
            status: z.enum(['created', 'accepted', 'rejected', 'withdrawn']),
            first_lesson: z.iso.date().optional(),
          }),
        },
      ],
    },
    refer: {
      interactions: [
        {
          from_network: 'green_dot',
          from_domain: 'school',
          to_domain: 'student',
          requirement_schema: z.object({ reason: z.string().optional() }),
        },
        {
          from_domain: 'tutor',
          from_items: ['profile_1.0'],
          to_domain: 'tutor',
          to_items: ['offer_1.0'],
          requirement_schema: z.object({}),
        },
        {
          from_domain: 'student',
          to_network: 'green_dot',
          to_domain: 'library',
          requirement_schema: z.object({}),
        },
      ],
    },
  },
});
