#!/usr/bin/env node
import { main } from './main.js';

// whoever reads us may have read enough: `dpg-database partitions | head`
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await main(process.argv.slice(2));
